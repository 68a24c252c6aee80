//! `Signature-Input` and `Signature` as a client sends them.
#![no_main]

#[path = "../invariants/signatures.rs"]
mod signatures;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| signatures::holds(bytes));
