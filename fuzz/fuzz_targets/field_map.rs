//! A map of header fields, as the proxy hands it out.
#![no_main]

#[path = "../invariants/field_map.rs"]
mod field_map;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| field_map::holds(bytes));
