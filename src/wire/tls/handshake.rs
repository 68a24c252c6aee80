//! Puts the ClientHello message together from handshake fragments. Refuses any other message type at its first byte and
//! an oversized one at its header, before a byte of it is stored.

use super::client_hello::{ClientHello, HelloError};

/// The largest ClientHello body that is read, in bytes.
///
/// Browsers with two post-quantum key shares and a padded ECH stay below 4 KiB and Envoy's own inspector gives up at 16
/// KiB; whatever is larger than this is no client but a test of our memory.
pub const MAX_CLIENT_HELLO: usize = 64 * 1024;

/// How much is allocated on the strength of the announced length alone: enough for every known client in one
/// allocation. A peer that announces more has to send it first.
const TRUSTED_LENGTH: usize = 4 * 1024;

const CLIENT_HELLO: u8 = 1;

/// Where in the message (RFC 8446 §4 `Handshake`) the next byte belongs.
#[derive(Clone, Copy, Debug)]
enum Next {
    /// `msg_type`.
    Type,
    /// `length`, first byte.
    LengthHigh,
    /// `length`, second byte.
    LengthMiddle(u8),
    /// `length`, third byte.
    LengthLow(u8, u8),
    /// The body, of which this many bytes are missing.
    Body(usize),
}

/// A handshake message that is still arriving.
#[derive(Clone, Debug)]
pub(super) struct Message {
    next: Next,
    body: Vec<u8>,
}

impl Message {
    pub(super) const fn new() -> Self {
        Self {
            next: Next::Type,
            body: Vec::new(),
        }
    }

    /// Whether no byte has come yet.
    pub(super) const fn is_untouched(&self) -> bool {
        matches!(self.next, Next::Type)
    }

    /// How many bytes are missing, once the header has come.
    pub(super) const fn missing(&self) -> Option<usize> {
        match self.next {
            Next::Body(missing) => Some(missing),
            _ => None,
        }
    }

    /// Takes one header byte, or as much of the body as there is.
    pub(super) fn push(&mut self, bytes: &mut &[u8]) -> Result<(), HelloError> {
        if let Next::Body(missing) = self.next {
            let (head, tail) = bytes.split_at_checked(missing).unwrap_or((bytes, &[]));
            self.body.extend_from_slice(head);
            self.next = Next::Body(missing - head.len());
            *bytes = tail;
        } else if let Some((byte, tail)) = bytes.split_first() {
            self.next = self.header(*byte)?;
            *bytes = tail;
        }
        Ok(())
    }

    /// Reads the body; meant for when nothing is missing.
    pub(super) fn finish(self) -> Result<ClientHello, HelloError> {
        ClientHello::from_body(self.body)
    }

    fn header(&mut self, byte: u8) -> Result<Next, HelloError> {
        Ok(match self.next {
            Next::Type if byte == CLIENT_HELLO => Next::LengthHigh,
            Next::Type => return Err(HelloError::NotClientHello),
            Next::LengthHigh => Next::LengthMiddle(byte),
            Next::LengthMiddle(high) => Next::LengthLow(high, byte),
            Next::LengthLow(high, middle) => Next::Body(self.reserve([0, high, middle, byte])?),
            body @ Next::Body(_) => body,
        })
    }

    fn reserve(&mut self, length: [u8; 4]) -> Result<usize, HelloError> {
        match usize::try_from(u32::from_be_bytes(length)) {
            Ok(length) if length <= MAX_CLIENT_HELLO => {
                self.body.reserve_exact(length.min(TRUSTED_LENGTH));
                Ok(length)
            }
            _ => Err(HelloError::TooLarge),
        }
    }
}
