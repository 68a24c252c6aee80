//! The address that a connection comes from, as the proxy writes it.
#![no_main]

#[path = "../invariants/source_address.rs"]
mod source_address;

libfuzzer_sys::fuzz_target!(|text: &[u8]| source_address::holds(text));
