//! layerprint: fingerprints each client at Layer 4 and Layer 7, compares the layers, and annotates the request.

pub mod evidence;
pub mod fingerprint;
#[cfg(target_arch = "wasm32")]
mod proxy;
pub mod wire;
