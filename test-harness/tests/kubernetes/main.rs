//! The manifests for Kubernetes: held against the definitions of their kinds, and what Istio and Envoy Gateway make of them run in a real
//! Envoy with a real client. No cluster is needed; what the control planes do is done here, as their sources have it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do: by panicking"
)]

mod gateway;
mod istio;
mod manifests;
mod plain;
