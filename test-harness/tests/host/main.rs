//! Proofs that the test host tells a guest what Envoy would.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy.toml allows both in tests, but not in what tests call"
)]

mod guests;
mod linking;
mod sharing;
mod streams;
