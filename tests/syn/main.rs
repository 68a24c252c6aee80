//! The SYN from its bytes to its signature: real ones and made ones, what the RFCs refuse, the naive second implementation over
//! generated ones, and the laws that hold for any input.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail; clippy.toml allows this inside test functions, these are their helpers"
)]

mod fixtures;
mod generated;
#[path = "../../fuzz/invariants/syn.rs"]
mod laws;
mod naive;
mod recorded;
mod refused;
