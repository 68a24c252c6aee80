//! The client of `bench-limits`: one HTTP/2 connection in cleartext that stays open, and on it a few requests at a time, sent in
//! one write. Envoy then reads them together, round after round alike, where clients of their own would wake it now and then.

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use layerprint::wire::{Reader, Short};

use super::super::http1::PATIENCE;
use super::super::measure::Load;

/// How many requests are under way at a time. A round has a multiple of it.
pub(super) const AT_A_TIME: u32 = 10;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Room for all answers there will ever be, so that none is asked for later (RFC 9113, 6.9.1: 2^31 − 1 at most, 65,535 are there).
const MORE_ROOM: u32 = 0x7fff_ffff - 0xffff;

/// Types of frames and their flags (RFC 9113, 6).
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// `:status: 200` in HPACK's static table (RFC 7541, appendix A: 8).
const STATUS_200: u8 = 0x88;

/// A connection.
pub(super) struct Client {
    stream: TcpStream,
    /// The header block of each request.
    block: Vec<u8>,
    /// The stream of the next request.
    next: u32,
    /// What was read and is no whole frame yet.
    unread: Vec<u8>,
}

/// What Envoy sent.
#[derive(Debug, PartialEq, Eq)]
struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

impl Client {
    /// Connects, and says what a client says first.
    pub(super) fn connect(to: SocketAddr, path: &str) -> io::Result<Self> {
        let mut stream = TcpStream::connect(to)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let mut opening = PREFACE.to_vec();
        put_frame(&mut opening, SETTINGS, 0, 0, &[])?;
        put_frame(&mut opening, WINDOW_UPDATE, 0, 0, &MORE_ROOM.to_be_bytes())?;
        stream.write_all(&opening)?;
        let fields = [
            (":method", "GET"),
            (":path", path),
            (":scheme", "http"),
            (":authority", "localhost"),
            // A tool that says what it is, so that nothing is found: findings cost too.
            ("user-agent", "curl/8.5.0"),
            ("accept", "*/*"),
        ];
        Ok(Self {
            stream,
            block: block(&fields)?,
            next: 1,
            unread: Vec::new(),
        })
    }

    /// Sends [`AT_A_TIME`] requests, and waits until all are answered with 200.
    fn ask(&mut self) -> io::Result<()> {
        let mut requests = Vec::new();
        for _ in 0..AT_A_TIME {
            put_frame(&mut requests, HEADERS, END_STREAM | END_HEADERS, self.next, &self.block)?;
            self.next += 2;
        }
        self.stream.write_all(&requests)?;
        let mut answered = 0;
        while answered < AT_A_TIME {
            let frame = self.frame()?;
            match frame.kind {
                HEADERS if !is_200(&frame.payload) => return Err(unexpected("an answer that is no 200", &frame)),
                HEADERS | DATA if frame.flags & END_STREAM != 0 => answered += 1,
                SETTINGS | PING if frame.flags & ACK == 0 => {
                    let mut answer = Vec::new();
                    let payload = if frame.kind == PING { &*frame.payload } else { &[] };
                    put_frame(&mut answer, frame.kind, ACK, 0, payload)?;
                    self.stream.write_all(&answer)?;
                }
                RST_STREAM | GOAWAY => return Err(unexpected("the end", &frame)),
                _ => {}
            }
        }
        Ok(())
    }

    /// The next whole frame.
    fn frame(&mut self) -> io::Result<Frame> {
        let mut piece = [0; 16_384];
        loop {
            let mut reader = Reader::new(&self.unread);
            if let Ok(frame) = take_frame(&mut reader) {
                let used = self.unread.len() - reader.rest().len();
                self.unread.drain(..used);
                return Ok(frame);
            }
            let length = self.stream.read(&mut piece)?;
            if length == 0 {
                return Err(io::Error::other("Envoy closed the connection"));
            }
            self.unread.extend_from_slice(piece.get(..length).unwrap_or_default());
        }
    }
}

impl Load for Client {
    fn run(&mut self, each: u32) -> Result<(), Box<dyn Error>> {
        for _ in 0..each / AT_A_TIME {
            self.ask()?;
        }
        Ok(())
    }

    fn settle(&self) -> Duration {
        // The last few requests are logged and freed. A connection does not end.
        Duration::from_millis(2)
    }
}

/// RFC 9113, 4.1.
fn put_frame(bytes: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> io::Result<()> {
    let length = u16::try_from(payload.len()).map_err(io::Error::other)?;
    bytes.push(0);
    bytes.extend(length.to_be_bytes());
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    Ok(())
}

fn take_frame(reader: &mut Reader<'_>) -> Result<Frame, Short> {
    let length = reader.u24()?;
    let kind = reader.u8()?;
    let flags = reader.u8()?;
    let stream = reader.u32()?;
    let payload = reader.take(usize::try_from(length).map_err(|_| Short)?)?.to_vec();
    Ok(Frame {
        kind,
        flags,
        stream,
        payload,
    })
}

/// A header block (RFC 7541, 6.2.2): each field literal, not indexed, without Huffman coding, so that all requests are alike.
fn block(fields: &[(&str, &str)]) -> io::Result<Vec<u8>> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            // Up to 126 bytes the length is one byte (5.1).
            let length = u8::try_from(text.len()).ok().filter(|length| *length < 127);
            block.push(length.ok_or_else(|| io::Error::other(format!("too long a field: {text}")))?);
            block.extend(text.as_bytes());
        }
    }
    Ok(block)
}

/// Whether a header block begins with this status, behind changes of the table's size (RFC 7541, 6.3), which stand first.
fn is_200(block: &[u8]) -> bool {
    let first = block.iter().find(|byte| **byte & 0xe0 != 0x20);
    first == Some(&STATUS_200)
}

fn unexpected(what: &str, frame: &Frame) -> io::Error {
    io::Error::other(format!("Envoy sent {what}: {frame:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_as_it_was_written_and_no_earlier() {
        let mut bytes = Vec::new();
        put_frame(&mut bytes, PING, ACK, 7, b"12345678").unwrap();
        for end in 0..bytes.len() {
            assert_eq!(take_frame(&mut Reader::new(&bytes[..end])), Err(Short));
        }
        let frame = take_frame(&mut Reader::new(&bytes)).unwrap();
        let payload = b"12345678".to_vec();
        assert_eq!(
            frame,
            Frame {
                kind: PING,
                flags: ACK,
                stream: 7,
                payload
            }
        );
    }

    #[test]
    fn another_status_is_told_from_200() {
        assert!(is_200(&[0x88, 0x76]));
        assert!(is_200(&[0x20, 0x88]));
        // `:status: 404`, and 429, which is in no table.
        assert!(!is_200(&[0x8d]));
        assert!(!is_200(b"\x48\x03429"));
        assert!(!is_200(&[]));
    }

    #[test]
    fn a_field_is_written_with_its_lengths() {
        assert_eq!(block(&[("a", "bc")]).unwrap(), b"\x00\x01a\x02bc");
        assert!(block(&[("a", &"b".repeat(127))]).is_err());
    }
}
