//! A file that may be a capture.
#![no_main]

#[path = "../invariants/pcap.rs"]
mod pcap;

libfuzzer_sys::fuzz_target!(|file: &[u8]| pcap::holds(file));
