//! Captures, recorded and made up, through the library and through the command: what is shown, what is counted as unread, and
//! that nothing makes it fail otherwise.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

mod bounds;
mod command;
mod formats;
mod laws;
mod links;
mod made;
#[path = "../../../fuzz/invariants/pcap.rs"]
mod pcap;
mod recorded;
mod skipped;
mod streams;
