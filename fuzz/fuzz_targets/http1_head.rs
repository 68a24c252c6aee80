//! The head of an HTTP/1 request.
#![no_main]

#[path = "../invariants/handover.rs"]
#[allow(dead_code, reason = "the target `handover` uses more of it")]
mod handover;
#[path = "../invariants/http1_head.rs"]
mod http1_head;
#[path = "../invariants/http2_opening.rs"]
#[allow(dead_code, reason = "the target `http2_opening` uses more of it")]
mod http2_opening;
#[path = "../invariants/random.rs"]
mod random;
#[path = "../invariants/stream.rs"]
mod stream;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| http1_head::holds(bytes));
