//! The ClientHello from its bytes to its fingerprints: what the documents say, the naive second implementation over
//! made-up and recorded hellos, and the laws that hold for any input.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail; clippy.toml allows this inside test functions, these are their helpers"
)]

#[path = "../../fuzz/invariants/client_hello.rs"]
mod client_hello;
mod extensions;
mod fingerprints;
mod made;
mod naive;
#[path = "../../fuzz/invariants/random.rs"]
mod random;
mod recorded;
mod records;
