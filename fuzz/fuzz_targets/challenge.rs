//! What a client sends of challenges.
#![no_main]

#[path = "../invariants/challenge.rs"]
mod challenge;
#[path = "../invariants/random.rs"]
mod random;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| challenge::holds(bytes));
