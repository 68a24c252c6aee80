//! An HTTP/2 connection in cleartext that stays open, and brings the same request again and again.

use std::io;
use std::net::Ipv4Addr;

use super::connection::Connection;
use super::frames::{self, Ended, kind};

/// Room for all answers there will ever be (RFC 9113, 6.9.1: 2^31 - 1 at most, 65,535 are there).
const MORE_ROOM: u32 = 0x7fff_ffff - 0xffff;

/// The connection.
#[derive(Debug)]
pub struct Kept {
    connection: Connection,
    /// The stream of the next request.
    next: u32,
    block: Vec<u8>,
}

impl Kept {
    /// From `source` to this port of 127.0.0.1, for `GET path` with these fields behind the pseudo-headers.
    ///
    /// # Errors
    ///
    /// Nobody listens.
    pub fn open(source: Ipv4Addr, port: u16, path: &str, fields: &[(&str, &str)]) -> io::Result<Self> {
        let own = [
            (":method", "GET"),
            (":path", path),
            (":scheme", "http"),
            (":authority", "localhost"),
        ];
        let all = own.iter().chain(fields);
        let block = frames::literals(all.map(|(name, value)| (name.as_bytes(), value.as_bytes())));
        let mut connection = Connection::open(source, port)?;
        let mut opening = frames::PREFACE.to_vec();
        frames::put(&mut opening, kind::SETTINGS, 0, 0, &[]);
        frames::put(&mut opening, kind::WINDOW_UPDATE, 0, 0, &MORE_ROOM.to_be_bytes());
        connection.send(&opening)?;
        Ok(Self {
            connection,
            next: 1,
            block,
        })
    }

    /// Asks so many times in one write, and waits for all answers.
    ///
    /// # Errors
    ///
    /// Nothing comes.
    pub fn ask(&mut self, times: u32, look: impl FnMut(u8, &[u8])) -> io::Result<Ended> {
        const ENDS: u8 = frames::END_STREAM | frames::END_HEADERS;
        let mut requests = Vec::new();
        for _ in 0..times {
            frames::put(&mut requests, kind::HEADERS, ENDS, self.next, &self.block);
            self.next = self.next.saturating_add(2);
        }
        self.connection.send(&requests)?;
        frames::read_streams(&mut self.connection, times, self.next.saturating_sub(2), look)
    }
}
