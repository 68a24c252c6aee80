//! A User-Agent, and Client Hints, of any bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|headers: &[u8]| layerprint::evidence::claims::invariants::hold(headers));
