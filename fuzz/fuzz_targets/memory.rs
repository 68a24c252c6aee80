//! Who comes when, and whatever stands in shared data.
#![no_main]

#[path = "../invariants/memory.rs"]
mod memory;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| memory::holds(bytes));
