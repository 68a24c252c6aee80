//! An HTTP/2 connection in cleartext that stays open, and brings the same request again and again.

use std::io;
use std::net::Ipv4Addr;

use super::connection::Connection;
use super::frames::{self, Ended, kind};

/// The connection.
#[derive(Debug)]
pub struct Kept {
    connection: Connection,
    /// The stream of the next request.
    next: u32,
    block: Vec<u8>,
}

/// The header block of `GET path` with these fields behind the pseudo-headers.
pub fn request(path: &str, fields: &[(&str, &str)]) -> Vec<u8> {
    let own = [
        (":method", "GET"),
        (":path", path),
        (":scheme", "http"),
        (":authority", "localhost"),
    ];
    let all = own.iter().chain(fields);
    frames::literals(all.map(|(name, value)| (name.as_bytes(), value.as_bytes())))
}

impl Kept {
    /// From `source` to this port of 127.0.0.1, for `GET path` with these fields.
    ///
    /// # Errors
    ///
    /// Nobody listens.
    pub fn open(source: Ipv4Addr, port: u16, path: &str, fields: &[(&str, &str)]) -> io::Result<Self> {
        let mut connection = Connection::open(source, port)?;
        let mut opening = frames::PREFACE.to_vec();
        frames::put(&mut opening, kind::SETTINGS, 0, 0, &[]);
        frames::put(
            &mut opening,
            kind::WINDOW_UPDATE,
            0,
            0,
            &frames::MORE_ROOM.to_be_bytes(),
        );
        connection.send(&opening)?;
        Ok(Self {
            connection,
            next: 1,
            block: request(path, fields),
        })
    }

    /// Asks so many times in one write, and waits for all answers.
    ///
    /// # Errors
    ///
    /// Nothing comes.
    pub fn ask(&mut self, times: u32, look: impl FnMut(u8, &[u8])) -> io::Result<Ended> {
        let mut requests = Vec::new();
        for _ in 0..times {
            put(&mut requests, &mut self.next, &self.block);
        }
        self.connection.send(&requests)?;
        frames::read_streams(&mut self.connection, times, self.next.saturating_sub(2), look)
    }

    /// Asks with these header blocks in one write, and waits for all answers.
    ///
    /// # Errors
    ///
    /// Nothing comes.
    pub fn ask_each(&mut self, blocks: impl IntoIterator<Item = Vec<u8>>) -> io::Result<Ended> {
        let mut requests = Vec::new();
        let first = self.next;
        for block in blocks {
            put(&mut requests, &mut self.next, &block);
        }
        self.connection.send(&requests)?;
        let count = self.next.saturating_sub(first) / 2;
        frames::read_streams(&mut self.connection, count, self.next.saturating_sub(2), |_, _| {})
    }
}

fn put(requests: &mut Vec<u8>, next: &mut u32, block: &[u8]) {
    const ENDS: u8 = frames::END_STREAM | frames::END_HEADERS;
    frames::put(requests, kind::HEADERS, ENDS, *next, block);
    *next = next.saturating_add(2);
}
