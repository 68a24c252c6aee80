//! The first bytes of a connection, of whichever protocol.
#![no_main]

#[path = "../invariants/opening.rs"]
mod opening;
#[path = "../invariants/random.rs"]
mod random;
#[path = "../invariants/stream.rs"]
mod stream;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| opening::holds(bytes));
