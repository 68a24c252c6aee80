//! A line that may be an opening, as the connection role hands it over.
#![no_main]

#[path = "../invariants/handover.rs"]
mod handover;
#[path = "../invariants/http2_opening.rs"]
#[allow(dead_code, reason = "the target `http2_opening` uses more of it")]
mod http2_opening;
#[path = "../invariants/random.rs"]
mod random;
#[path = "../invariants/stream.rs"]
mod stream;

libfuzzer_sys::fuzz_target!(|line: &[u8]| handover::holds(line));
