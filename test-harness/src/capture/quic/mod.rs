//! The ClientHello of a QUIC connection, out of its Initial packets (RFC 9000, RFC 9001, and version 2, RFC 9369).
//!
//! Initial packets are encrypted with keys that follow from the connection ID in the first of them, so that anyone on the path
//! can read the handshake's first messages; the authentication tag tells whether a datagram is one. Read: the client's side of
//! versions 1 and 2, over several datagrams in any order, behind a Retry too. Not read: other versions, and anything later.

mod frames;
mod keys;
mod packet;

use super::client::{Client, Portrait};
use super::pieces::Pieces;
use super::summary::Gap;
use frames::CryptoFrames;
use keys::Keys;
use layerprint::fingerprint::ja4::Transport;
use layerprint::wire::tls::{ClientHello, HelloError, MAX_CLIENT_HELLO};
use layerprint::wire::{Progress, Reader};
use std::net::SocketAddr;

pub(super) use keys::Keys as InitialKeys;
pub(super) use packet::{Initial, initials};

/// The way of a client's datagrams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Path {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
}

/// What is known of a connection's ClientHello.
#[derive(Debug)]
enum State {
    Reading,
    Done(ClientHello),
    Broken(String),
}

/// A connection whose first Initial has been opened.
#[derive(Debug)]
pub(super) struct Connection {
    path: Path,
    keys: Keys,
    /// The largest packet number so far: the next one is near it.
    largest: u64,
    pieces: Pieces,
    message: Vec<u8>,
    state: State,
}

impl Connection {
    /// The connection that `initial` begins; none when it was not encrypted by a client that begins one.
    pub(super) fn begin(path: Path, initial: &Initial<'_>) -> Option<Self> {
        let mut connection = Self {
            path,
            keys: Keys::of_client(initial.version, initial.destination)?,
            largest: 0,
            pieces: Pieces::default(),
            message: Vec::new(),
            state: State::Reading,
        };
        connection.take(initial).then_some(connection)
    }

    /// Takes another Initial; false when it is none of this connection's client.
    pub(super) fn take(&mut self, initial: &Initial<'_>) -> bool {
        let Some((number, payload)) = self.keys.open(initial, self.largest) else {
            return false;
        };
        self.largest = self.largest.max(number);
        for frame in CryptoFrames::new(&payload) {
            match frame {
                Ok(frame) => self.pieces.put(frame.offset, frame.data),
                Err(error) => {
                    self.state = State::Broken(format!("QUIC Initial: {error}"));
                    return true;
                }
            }
        }
        self.read_on();
        true
    }

    /// The server answered with a Retry: the client says the same again, under the keys of `initial`. False when it does not.
    pub(super) fn take_retried(&mut self, initial: &Initial<'_>) -> bool {
        let before = self.keys;
        let Some(keys) = Keys::of_client(initial.version, initial.destination) else {
            return false;
        };
        self.keys = keys;
        let is_retried = self.take(initial);
        if !is_retried {
            self.keys = before;
        }
        is_retried
    }

    fn read_on(&mut self) {
        let before = self.message.len();
        while let (State::Reading, Some(bytes)) = (&self.state, self.pieces.take()) {
            self.message.extend_from_slice(&bytes);
            if self.message.len() > MAX_CLIENT_HELLO + 4 {
                break;
            }
        }
        if self.message.len() == before || announces_more(&self.message) {
            return;
        }
        match ClientHello::read_handshake(&self.message) {
            Progress::NeedMore => {}
            Progress::Done(hello) => self.state = State::Done(hello),
            Progress::Malformed(error) => self.state = State::Broken(format!("ClientHello: {error:?}")),
            Progress::NotThis => self.state = State::Broken(format!("ClientHello: {:?}", HelloError::NotClientHello)),
        }
    }

    /// Whether there is nothing more to learn.
    pub(super) const fn is_finished(&self) -> bool {
        !matches!(self.state, State::Reading)
    }

    /// The keys that open its later Initials.
    pub(super) const fn keys(&self) -> Keys {
        self.keys
    }

    /// How much memory it holds, about.
    pub(super) fn held(&self) -> usize {
        size_of::<Self>() + self.pieces.held() + 2 * self.message.len()
    }

    /// Its client, and what is missing of it.
    pub(super) fn finish(self) -> (Client, Vec<Gap>) {
        let mut portrait = Portrait::of(self.path.from, self.path.to);
        match &self.state {
            State::Reading => portrait.note(Gap::OpeningNotWhole),
            State::Done(hello) => portrait.add_hello(hello, Transport::Quic),
            State::Broken(why) => portrait.note(Gap::Broken(why.clone())),
        }
        portrait.finish()
    }
}

/// Whether the message says that it goes on behind `message`: then there is no need to read it yet.
fn announces_more(message: &[u8]) -> bool {
    let mut reader = Reader::new(message);
    let length = reader.u8().and_then(|_type| reader.u24()).map(usize::try_from);
    matches!(length, Ok(Ok(length)) if length <= MAX_CLIENT_HELLO && reader.len() < length)
}

#[cfg(test)]
mod tests;
