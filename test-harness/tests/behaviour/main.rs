//! What requests show together, in the real Envoy with two workers and browsers' real TLS and HTTP/2: runs of stolen passwords,
//! scrapers; and the people who are not to be taken for them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub
)]

mod people;
mod site;
mod takeover;
mod trails;
