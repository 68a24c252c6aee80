//! HTTP/2 as bytes: frames as nobody should send them too, and as much reading as it takes to know how a stream ended.

use std::io;

use loona_hpack::Encoder;

use super::connection::Connection;

/// What a client says first (RFC 9113, 3.4).
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Types of frames (RFC 9113, 6).
pub mod kind {
    #![allow(missing_docs, reason = "they are named as in the RFC")]
    pub const DATA: u8 = 0;
    pub const HEADERS: u8 = 1;
    pub const PRIORITY: u8 = 2;
    pub const RST_STREAM: u8 = 3;
    pub const SETTINGS: u8 = 4;
    pub const PING: u8 = 6;
    pub const GOAWAY: u8 = 7;
    pub const WINDOW_UPDATE: u8 = 8;
    pub const CONTINUATION: u8 = 9;
}

/// The flag of SETTINGS and PING that answers one.
pub const ACK: u8 = 1;
/// The flag of a frame after which its side sends no more on the stream.
pub const END_STREAM: u8 = 1;
/// The flag of a frame that ends a header block.
pub const END_HEADERS: u8 = 4;
/// The flag of a HEADERS frame with a priority.
pub const PRIORITIZED: u8 = 0x20;

/// Adds a frame. Its payload is cut at what its length can say.
pub fn put(bytes: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    const MOST: usize = 0x00ff_ffff;
    let payload = payload.get(..MOST).unwrap_or(payload);
    let length = u32::try_from(payload.len()).unwrap_or_default().to_be_bytes();
    bytes.extend(length.get(1..).unwrap_or_default());
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
}

/// The payload of a SETTINGS frame.
pub fn settings(pairs: &[(u16, u32)]) -> Vec<u8> {
    let one = |(id, value): &(u16, u32)| [&id.to_be_bytes()[..], &value.to_be_bytes()].concat();
    pairs.iter().flat_map(one).collect()
}

/// A header block.
pub fn block<'a>(fields: impl IntoIterator<Item = (&'a [u8], &'a [u8])>) -> Vec<u8> {
    Encoder::new().encode(fields)
}

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With an answer.
    Answered,
    /// The proxy reset it, or gave the connection up.
    Refused,
    /// The connection ended.
    Closed,
}

/// Reads until this stream has ended; `look` is shown the payload of each frame of an answer, with its kind.
///
/// # Errors
///
/// Nothing comes.
pub fn read_stream(connection: &mut Connection, stream: u32, mut look: impl FnMut(u8, &[u8])) -> io::Result<Ending> {
    loop {
        let head = match connection.exactly(9) {
            Ok(head) => head,
            Err(error) if is_end(&error) => return Ok(Ending::Closed),
            Err(error) => return Err(error),
        };
        let &[a, b, c, kind, flags, d, e, f, g] = head.as_slice() else {
            return Ok(Ending::Closed);
        };
        let length = usize::try_from(u32::from_be_bytes([0, a, b, c])).map_err(io::Error::other)?;
        let payload = match connection.exactly(length) {
            Ok(payload) => payload,
            Err(error) if is_end(&error) => return Ok(Ending::Closed),
            Err(error) => return Err(error),
        };
        let is_ours = u32::from_be_bytes([d, e, f, g]) == stream;
        match kind {
            kind::DATA | kind::HEADERS if is_ours => {
                look(kind, &payload);
                if flags & END_STREAM != 0 {
                    return Ok(Ending::Answered);
                }
            }
            kind::RST_STREAM if is_ours => return Ok(Ending::Refused),
            kind::GOAWAY => return Ok(Ending::Refused),
            _ => {}
        }
    }
}

fn is_end(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_nine_bytes_and_its_payload() {
        let mut bytes = Vec::new();
        put(&mut bytes, kind::SETTINGS, ACK, 1, &settings(&[(0x4, 0x1_0000)]));
        assert_eq!(bytes, [0, 0, 6, 4, 1, 0, 0, 0, 1, 0, 4, 0, 1, 0, 0]);
    }
}
