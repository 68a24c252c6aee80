//! TLS records with a ClientHello.
#![no_main]

#[path = "../invariants/client_hello.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod client_hello;
#[path = "../../tests/tls/naive.rs"]
mod naive;
#[path = "../invariants/random.rs"]
mod random;

libfuzzer_sys::fuzz_target!(|wire: &[u8]| client_hello::holds(wire));
