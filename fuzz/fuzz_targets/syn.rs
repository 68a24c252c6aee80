//! A saved SYN, beginning with its IP header.
#![no_main]

#[path = "../../tests/syn/naive.rs"]
mod naive;
#[path = "../invariants/syn.rs"]
mod syn;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| syn::holds(bytes));
