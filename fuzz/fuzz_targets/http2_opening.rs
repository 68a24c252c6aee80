//! The first bytes of an HTTP/2 connection.
#![no_main]

#[path = "../invariants/handover.rs"]
#[allow(dead_code, reason = "the target `handover` uses more of it")]
mod handover;
#[path = "../invariants/http2_opening.rs"]
mod http2_opening;
#[path = "../invariants/random.rs"]
mod random;
#[path = "../invariants/stream.rs"]
mod stream;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| http2_opening::holds(bytes));
