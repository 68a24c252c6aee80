//! Runs layerprint: in a wasmtime host, in a real Envoy, and as the command-line tool.

pub mod availability;
pub mod capture;
pub mod clients;
#[cfg(feature = "host")]
pub mod cost;
pub mod echo;
pub mod guard;
#[cfg(feature = "host")]
pub mod host;
pub mod hosts;
pub mod numbers;
pub mod process;
pub mod replay;
pub mod repo;
pub mod signals;
pub mod solver;
pub mod stack;
pub mod table;
pub mod traffic;
