//! Runs layerprint: in a wasmtime host, in a real Envoy, and as the command-line tool.

#[cfg(feature = "host")]
pub mod host;
