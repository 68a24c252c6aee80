//! The probe in the real Envoy, both versions that it is made for: what reaches filter state is what was on the wire, and no
//! client waits for it longer than it takes to know better.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "helpers of tests fail as tests do: by panicking"
)]

mod capture;
mod config;
mod hello;
mod lab;
mod library;
mod panics;
mod relayed;
mod tcp;
