//! `X-Forwarded-For` headers, and who is trusted.
#![no_main]

#[path = "../invariants/forwarded.rs"]
mod forwarded;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| forwarded::holds(bytes));
