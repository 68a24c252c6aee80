//! The ways in under `envoy/layer4/`, as shipped, in the real Envoy: what is handed over reaches the line and the upstream, what
//! is forged does not, and what nobody knows is missing with its reason.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "helpers of tests fail as tests do: by panicking"
)]

mod agent;
mod balancer;
mod front;
mod haproxy;
mod header;
mod lab;
mod page;
mod proxy_protocol;
mod refused;
mod timing;
