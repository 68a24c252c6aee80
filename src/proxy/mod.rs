//! Everything that touches Envoy. The two roles of the module live here: the connection role, a network filter that reads a
//! connection's first bytes, and the request role, an HTTP filter that annotates requests. They speak to Envoy through
//! [`crate::host::Host`], so they run natively too; `sdk` alone names `proxy_wasm`, and exists only inside Envoy, as does `abi`.

#[cfg(target_arch = "wasm32")]
mod abi;
mod answers;
mod challenge;
pub mod connection;
pub mod connections;
mod early;
mod facts;
pub mod held;
pub mod metrics;
pub mod plugin;
mod pressure;
mod profile;
mod recurring;
pub mod remember;
pub mod request;
#[cfg(target_arch = "wasm32")]
mod sdk;
mod signing;
mod transport;
#[cfg(all(target_arch = "wasm32", feature = "traps"))]
mod traps;
mod visit;
