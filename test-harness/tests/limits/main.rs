//! Limits in the real Envoy: what gets through under a flood, from one address and from many, with one worker and with several; what a
//! limit says to a client; and what it keeps when Envoy is given another configuration or makes new VMs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub
)]

mod flood;
mod http1;
mod kept;
mod told;
