//! Reads captures: which clients opened connections in a pcap or pcapng file, and what their fingerprints are.
//!
//! Data goes one way: `file` → `link` → `packet` → `tracker`, which hands segments to a `connection` and QUIC Initials to
//! `quic` → `client`. Everything is bounded, nothing panics, and what cannot be read is counted by reason in a [`Summary`].
//! What the bytes of a client mean is not decided here but by the filter's own parsers and fingerprints.

mod client;
mod connection;
mod error;
mod file;
mod headers;
mod link;
mod opening;
mod packet;
mod pieces;
mod queue;
mod quic;
mod stream;
mod summary;
mod tracker;

pub use client::Client;
pub use error::{End, Error};
pub use file::MAX_RECORD;
pub use link::LinkType;
pub use packet::Checksums;
pub use summary::{Gap, Skip, Summary};
pub use tracker::{MAX_CONNECTIONS, MAX_FINISHED, MAX_HELD};

use std::io::Read;
use tracker::Tracker;

/// What a capture held beside its clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What was read and what was not.
    pub summary: Summary,
    /// How the file ended.
    pub end: End,
}

/// Reads the capture in `input` and hands each client connection to `on_client`, in the order in which they began.
///
/// # Errors
/// [`Error`] when `input` is no capture or cannot be read at all. How it ends is part of the report.
pub fn read<R: Read + Send>(
    input: R,
    checksums: Checksums,
    mut on_client: impl FnMut(&Client),
) -> Result<Report, Error> {
    let mut tracker = Tracker::default();
    let end = file::each_packet(input, |frame| {
        tracker.summary.packets += 1;
        let taken = frame.and_then(|frame| {
            let bytes = link::ip_packet(&frame)?;
            let packet = packet::read(bytes, frame.cut, checksums)?;
            tracker.take(&packet);
            Ok(())
        });
        if let Err(skip) = taken {
            tracker.summary.skip(skip);
        }
        while let Some(client) = tracker.pop() {
            on_client(&client);
        }
    })?;
    tracker.finish_all();
    while let Some(client) = tracker.pop() {
        on_client(&client);
    }
    Ok(Report {
        summary: tracker.summary,
        end,
    })
}
