//! Takes TLS records apart as their bytes arrive. Refuses bytes that are not TLS at the first that shows it, records
//! that RFC 8446 §5.1 forbids before a ClientHello is whole, and bytes of other messages in its last record.

use super::client_hello::{ClientHello, HelloError};
use super::handshake::Message;
use crate::wire::Progress;

/// The largest record content before encryption, in bytes (RFC 8446 §5.1: 2^14).
pub const MAX_FRAGMENT: u16 = 1 << 14;

const HANDSHAKE: u8 = 22;
const VERSION_MAJOR: u8 = 3;

/// Reads the start of a connection, in pieces of any size, until the ClientHello is whole or certain not to come.
///
/// The cost is linear in the bytes, in whatever pieces they come. At most [`MAX_CLIENT_HELLO`](super::MAX_CLIENT_HELLO)
/// bytes are kept, in one allocation for a hello up to 4 KiB. Once an answer other than [`Progress::NeedMore`] is
/// given, it stays.
#[derive(Clone, Debug)]
pub struct ClientHelloParser(State);

#[derive(Clone, Debug)]
enum State {
    Reading(Records),
    Done(ClientHello),
    NotThis,
    Malformed(HelloError),
}

impl Default for ClientHelloParser {
    fn default() -> Self {
        Self::new()
    }
}

impl ClientHelloParser {
    /// At the start of a connection.
    pub const fn new() -> Self {
        Self(State::Reading(Records {
            next: Next::Type,
            message: Message::new(),
        }))
    }

    /// Takes the bytes that came next and answers for all bytes so far. Bytes behind the ClientHello's last record are
    /// not looked at.
    pub fn push(&mut self, bytes: &[u8]) -> Progress<&ClientHello, HelloError> {
        if let State::Reading(records) = &mut self.0 {
            match records.push(bytes) {
                Ok(None) => {}
                Ok(Some(hello)) => self.0 = State::Done(hello),
                Err(Refused::NotTls) => self.0 = State::NotThis,
                Err(Refused::Because(error)) => self.0 = State::Malformed(error),
            }
        }
        match &self.0 {
            State::Reading(_) => Progress::NeedMore,
            State::Done(hello) => Progress::Done(hello),
            State::NotThis => Progress::NotThis,
            State::Malformed(error) => Progress::Malformed(*error),
        }
    }

    /// The answer for all bytes so far, with the hello itself.
    pub fn finish(self) -> Progress<ClientHello, HelloError> {
        match self.0 {
            State::Reading(_) => Progress::NeedMore,
            State::Done(hello) => Progress::Done(hello),
            State::NotThis => Progress::NotThis,
            State::Malformed(error) => Progress::Malformed(error),
        }
    }
}

/// Where in a record (RFC 8446 §5.1 `TLSPlaintext`) the next byte belongs.
#[derive(Clone, Copy, Debug)]
enum Next {
    /// `type`.
    Type,
    /// `legacy_record_version`, first byte: 3 ever since SSL 3.
    VersionMajor,
    /// `legacy_record_version`, second byte: "MUST be ignored for all purposes".
    VersionMinor,
    /// `length`, first byte.
    LengthHigh,
    /// `length`, second byte.
    LengthLow(u8),
    /// `fragment`, of which this many bytes are missing.
    Fragment(usize),
}

#[derive(Clone, Debug)]
struct Records {
    next: Next,
    message: Message,
}

enum Refused {
    NotTls,
    Because(HelloError),
}

impl From<HelloError> for Refused {
    fn from(error: HelloError) -> Self {
        Self::Because(error)
    }
}

impl Records {
    fn push(&mut self, mut bytes: &[u8]) -> Result<Option<ClientHello>, Refused> {
        while let Some((byte, tail)) = bytes.split_first() {
            match self.next {
                Next::Fragment(missing) => {
                    let fragment = bytes.get(..missing).unwrap_or(bytes);
                    let mut left = fragment;
                    self.message.push(&mut left)?;
                    let taken = fragment.len() - left.len();
                    self.next = after_fragment(missing - taken);
                    bytes = bytes.get(taken..).unwrap_or_default();
                }
                _ => {
                    self.next = self.header(*byte)?;
                    bytes = tail;
                }
            }
            self.check_end()?;
            if self.message.missing() == Some(0) {
                let message = core::mem::replace(&mut self.message, Message::new());
                return Ok(Some(message.finish()?));
            }
        }
        Ok(None)
    }

    fn header(&self, byte: u8) -> Result<Next, Refused> {
        // A record has at least one byte: as long as none has come, this is the first record.
        let first = self.message.is_untouched();
        Ok(match self.next {
            Next::Type if byte == HANDSHAKE => Next::VersionMajor,
            Next::Type if first => return Err(Refused::NotTls),
            Next::Type => return Err(HelloError::Interleaved.into()),
            Next::VersionMajor if byte == VERSION_MAJOR => Next::VersionMinor,
            Next::VersionMajor if first => return Err(Refused::NotTls),
            Next::VersionMajor => return Err(HelloError::RecordVersion.into()),
            Next::VersionMinor => Next::LengthHigh,
            Next::LengthHigh => Next::LengthLow(byte),
            Next::LengthLow(high) => fragment(u16::from_be_bytes([high, byte]))?,
            fragment @ Next::Fragment(_) => fragment,
        })
    }

    /// The record that ends the message ends with it.
    fn check_end(&self) -> Result<(), HelloError> {
        match (self.next, self.message.missing()) {
            (Next::Fragment(record), Some(message)) if record > message => Err(HelloError::MessageAfter),
            _ => Ok(()),
        }
    }
}

fn fragment(length: u16) -> Result<Next, HelloError> {
    match length {
        0 => Err(HelloError::EmptyFragment),
        1..=MAX_FRAGMENT => Ok(Next::Fragment(usize::from(length))),
        _ => Err(HelloError::RecordTooLong),
    }
}

const fn after_fragment(missing: usize) -> Next {
    match missing {
        0 => Next::Type,
        _ => Next::Fragment(missing),
    }
}
