//! HTTP/2 as bytes: frames as nobody should send them too, and as much reading as it takes to know how a stream ended.

use std::io;

use loona_hpack::Encoder;
use loona_hpack::encoder::encode_integer;

pub use layerprint::wire::http2::PREFACE;

use super::connection::Connection;

/// Room for all answers there will ever be, so that none is asked for later (RFC 9113, 6.9.1: 2^31 - 1 at most, 65,535 are there).
pub const MORE_ROOM: u32 = 0x7fff_ffff - 0xffff;

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

/// A header block whose fields go into no table (RFC 7541, 6.2.3), so that it says the same however often it is sent.
pub fn literals<'a>(fields: impl IntoIterator<Item = (&'a [u8], &'a [u8])>) -> Vec<u8> {
    let text = |text: &[u8]| [encode_integer(text.len(), 7), text.to_vec()].concat();
    let one = |(name, value)| [vec![0x10], text(name), text(value)].concat();
    fields.into_iter().flat_map(one).collect()
}

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With an answer.
    Answered,
    /// The proxy reset it, or will not look at it.
    Refused,
    /// The connection ended.
    Closed,
}

/// What became of a stream, and of its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// How the stream ended.
    pub ending: Ending,
    /// The proxy has said that it takes no more streams here.
    pub is_last: bool,
}

/// Reads until so many streams have ended, the last of which is `last`; `look` is shown the payload of each frame of an answer, with its
/// kind. One that is not answered ends them all.
///
/// # Errors
///
/// Nothing comes.
pub fn read_streams(
    connection: &mut Connection,
    count: u32,
    last: u32,
    mut look: impl FnMut(u8, &[u8]),
) -> io::Result<Ended> {
    let mut is_last = false;
    let mut answered = 0;
    let ending = loop {
        let Some((kind, flags, stream, payload)) = next(connection)? else {
            break Ending::Closed;
        };
        match kind {
            kind::DATA | kind::HEADERS => {
                look(kind, &payload);
                answered += u32::from(flags & END_STREAM != 0);
                if answered == count {
                    break Ending::Answered;
                }
            }
            kind::RST_STREAM => break Ending::Refused,
            kind::GOAWAY => {
                is_last = true;
                let processed = payload.first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes));
                if processed < last {
                    break Ending::Refused;
                }
            }
            kind::SETTINGS | kind::PING if flags & ACK == 0 && stream == 0 => {
                let mut answer = Vec::new();
                let payload = if kind == kind::PING { payload.as_slice() } else { &[] };
                put(&mut answer, kind, ACK, 0, payload);
                // One that has closed says so when it is read from.
                let _ = connection.send(&answer);
            }
            _ => {}
        }
    };
    Ok(Ended { ending, is_last })
}

type Frame = (u8, u8, u32, Vec<u8>);

/// The next frame; none where the connection has ended.
fn next(connection: &mut Connection) -> io::Result<Option<Frame>> {
    let read = |connection: &mut Connection| {
        let head = connection.exactly(9)?;
        let &[a, b, c, kind, flags, d, e, f, g] = head.as_slice() else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        let length = usize::try_from(u32::from_be_bytes([0, a, b, c])).map_err(io::Error::other)?;
        Ok((
            kind,
            flags,
            u32::from_be_bytes([d, e, f, g]),
            connection.exactly(length)?,
        ))
    };
    match read(connection) {
        Ok(frame) => Ok(Some(frame)),
        Err(error) if is_end(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether the connection has ended, in order or not.
pub(super) fn is_end(error: &io::Error) -> bool {
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

    #[test]
    fn literals_are_read_as_they_were_written() {
        let long = [b'v'; 300];
        let block = literals([(&b"x-a"[..], &b"1"[..]), (b"x-long", &long)]);
        let read = loona_hpack::Decoder::new().decode(&block).unwrap();
        assert_eq!(
            read,
            [(b"x-a".to_vec(), b"1".to_vec()), (b"x-long".to_vec(), long.to_vec())]
        );
    }
}
