//! Runs layerprint: in a wasmtime host, in a real Envoy, and as the command-line tool.

pub mod capture;
#[cfg(feature = "host")]
pub mod host;
