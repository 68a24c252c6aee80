//! The headers that choose the form of an answer.
#![no_main]

#[path = "../invariants/answer.rs"]
mod answer;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| answer::holds(bytes));
