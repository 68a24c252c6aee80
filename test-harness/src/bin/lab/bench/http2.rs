//! The client of the benches of requests: one HTTP/2 connection in cleartext that stays open, and on it a few requests at a time,
//! sent in one write. Envoy then reads them together, round after round alike, where clients of their own would wake it now and then.

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use layerprint::wire::{Reader, Short};
use layerprint_harness::traffic::frames::kind::{DATA, GOAWAY, HEADERS, PING, RST_STREAM, SETTINGS, WINDOW_UPDATE};
use layerprint_harness::traffic::frames::{ACK, END_HEADERS, END_STREAM, MORE_ROOM, PREFACE};
use loona_hpack::Decoder;

use super::http1::PATIENCE;
use super::measure::Load;

/// How many requests are under way at a time. A round has a multiple of it.
pub(super) const AT_A_TIME: u32 = 10;

/// The host that the load asks for.
pub(super) const AUTHORITY: &str = "localhost";

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) method: &'static str,
    /// `http`, or `https` under TLS.
    pub(super) scheme: &'static str,
    pub(super) path: String,
    pub(super) authority: String,
    /// Its headers, but for `user-agent`.
    pub(super) fields: Vec<(&'static str, String)>,
    /// What its answer has to be.
    pub(super) status: u16,
}

impl Request {
    /// `GET path`, as a program sends it, to be answered with 200.
    pub(super) fn get(path: &str) -> Self {
        Self {
            method: "GET",
            scheme: "http",
            path: path.to_owned(),
            authority: AUTHORITY.to_owned(),
            fields: vec![("accept", "*/*".to_owned())],
            status: 200,
        }
    }
}

/// An answer.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) fields: Vec<(Vec<u8>, Vec<u8>)>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// The value of the first header of this name.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let (_, value) = self.fields.iter().find(|(found, _)| found == name.as_bytes())?;
        str::from_utf8(value).ok()
    }
}

/// A connection.
pub(super) struct Client {
    stream: TcpStream,
    /// The stream of the next request.
    next: u32,
    /// What was read and is no whole frame yet.
    unread: Vec<u8>,
    /// It knows the fields that Envoy names by a number.
    decoder: Decoder<'static>,
}

/// A connection that brings the same request all the time.
pub(super) struct Steady {
    client: Client,
    /// The header block of each request.
    block: Vec<u8>,
    status: u16,
}

/// What Envoy sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) kind: u8,
    flags: u8,
    pub(super) stream: u32,
    pub(super) payload: Vec<u8>,
}

impl Frame {
    /// Whether nothing comes after it on its stream.
    pub(super) const fn ends_stream(&self) -> bool {
        matches!(self.kind, HEADERS | DATA) && self.flags & END_STREAM != 0
    }

    /// What it is to be answered with at once: nothing, or an acknowledgement.
    ///
    /// An end that Envoy sends is an error.
    pub(super) fn reply(&self) -> io::Result<Vec<u8>> {
        let mut reply = Vec::new();
        match self.kind {
            SETTINGS | PING if self.flags & ACK == 0 => {
                let payload = if self.kind == PING { &*self.payload } else { &[] };
                put_frame(&mut reply, self.kind, ACK, 0, payload)?;
            }
            RST_STREAM | GOAWAY => return Err(io::Error::other(format!("Envoy sent the end: {self:?}"))),
            _ => {}
        }
        Ok(reply)
    }
}

impl Client {
    /// Connects, and says what a client says first.
    pub(super) fn connect(to: SocketAddr) -> io::Result<Self> {
        let mut stream = TcpStream::connect(to)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        stream.write_all(&opening()?)?;
        Ok(Self {
            stream,
            next: 1,
            unread: Vec::new(),
            decoder: Decoder::new(),
        })
    }

    /// Sends `request` once, and reads its answer, which has to have its status.
    pub(super) fn ask(&mut self, request: &Request) -> io::Result<Answer> {
        let mut answer = Answer::default();
        self.send(&request.block()?, 1)?;
        self.read(request.status, 1, |part| match part {
            Part::Fields(fields) => answer.fields.extend(fields),
            Part::Body(bytes) => answer.body.extend(bytes),
        })?;
        Ok(answer)
    }

    /// Sends so many requests with this header block in one write.
    fn send(&mut self, block: &[u8], count: u32) -> io::Result<()> {
        let mut requests = Vec::new();
        for _ in 0..count {
            put_request(&mut requests, self.next, block)?;
            self.next += 2;
        }
        self.stream.write_all(&requests)
    }

    /// Reads so many answers to their ends, each of this status.
    fn read(&mut self, status: u16, count: u32, mut look: impl FnMut(Part)) -> io::Result<()> {
        let mut answered = 0;
        while answered < count {
            let frame = self.frame()?;
            answered += u32::from(frame.ends_stream());
            match frame.kind {
                HEADERS => {
                    let fields = self.decoder.decode(&frame.payload);
                    let fields = fields.map_err(|error| io::Error::other(format!("{error:?}")))?;
                    let found = fields.first().map(|(_, value)| value.as_slice());
                    if found != Some(status.to_string().as_bytes()) {
                        let fields: Vec<_> = fields.iter().map(|(_, value)| String::from_utf8_lossy(value)).collect();
                        return Err(io::Error::other(format!("Envoy answered {fields:?}, not {status}")));
                    }
                    look(Part::Fields(fields));
                }
                DATA => look(Part::Body(frame.payload)),
                _ => self.stream.write_all(&frame.reply()?)?,
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

/// What an answer comes in.
enum Part {
    Fields(Vec<(Vec<u8>, Vec<u8>)>),
    Body(Vec<u8>),
}

impl Steady {
    /// Brings `request` to `to`.
    pub(super) fn connect(to: SocketAddr, request: &Request) -> io::Result<Self> {
        Ok(Self {
            client: Client::connect(to)?,
            block: request.block()?,
            status: request.status,
        })
    }
}

impl Load for Steady {
    fn run(&mut self, each: u32) -> Result<(), Box<dyn Error>> {
        for _ in 0..each / AT_A_TIME {
            self.client.send(&self.block, AT_A_TIME)?;
            self.client.read(self.status, AT_A_TIME, |_| {})?;
        }
        Ok(())
    }

    fn settle(&self) -> Duration {
        // The last few requests are logged and freed. A connection does not end.
        Duration::from_millis(2)
    }
}

impl Request {
    /// Its header block (RFC 7541, 6.2.2): each field literal, not indexed, without Huffman coding, so that all requests are alike.
    pub(super) fn block(&self) -> io::Result<Vec<u8>> {
        let own = [
            (":method", self.method),
            (":path", &self.path),
            (":scheme", self.scheme),
            (":authority", &self.authority),
            // A tool that says what it is, so that nothing is found: findings cost too.
            ("user-agent", "curl/8.5.0"),
        ];
        let more = self.fields.iter().map(|(name, value)| (*name, value.as_str()));
        let mut block = Vec::new();
        for (name, value) in own.into_iter().chain(more) {
            block.push(0);
            put_text(&mut block, name)?;
            put_text(&mut block, value)?;
        }
        Ok(block)
    }
}

/// What a client says first.
pub(super) fn opening() -> io::Result<Vec<u8>> {
    let mut opening = PREFACE.to_vec();
    put_frame(&mut opening, SETTINGS, 0, 0, &[])?;
    put_frame(&mut opening, WINDOW_UPDATE, 0, 0, &MORE_ROOM.to_be_bytes())?;
    Ok(opening)
}

/// The request of this header block, on this stream.
pub(super) fn put_request(bytes: &mut Vec<u8>, stream: u32, block: &[u8]) -> io::Result<()> {
    put_frame(bytes, HEADERS, END_STREAM | END_HEADERS, stream, block)
}

/// RFC 7541, 5.1 and 5.2.
fn put_text(block: &mut Vec<u8>, text: &str) -> io::Result<()> {
    const IN_ONE: usize = 127;
    let too_long = || io::Error::other(format!("too long a field: {text}"));
    match text.len().checked_sub(IN_ONE) {
        None => block.push(u8::try_from(text.len()).map_err(io::Error::other)?),
        // What is left in one more byte: up to 254 bytes in all.
        Some(rest) => {
            let rest = u8::try_from(rest).ok().filter(|rest| *rest < 128);
            block.extend([0x7f, rest.ok_or_else(too_long)?]);
        }
    }
    block.extend(text.as_bytes());
    Ok(())
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

/// The next whole frame.
pub(super) fn take_frame(reader: &mut Reader<'_>) -> Result<Frame, Short> {
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
    fn a_request_is_read_as_it_was_written() {
        let long = "b".repeat(254);
        let mut request = Request::get("/x");
        request.fields.push(("cookie", long.clone()));
        let fields = Decoder::new().decode(&request.block().unwrap()).unwrap();
        let field = |name: &str, value: &str| (name.as_bytes().to_vec(), value.as_bytes().to_vec());
        let expected = [
            field(":method", "GET"),
            field(":path", "/x"),
            field(":scheme", "http"),
            field(":authority", "localhost"),
            field("user-agent", "curl/8.5.0"),
            field("accept", "*/*"),
            field("cookie", &long),
        ];
        assert_eq!(fields, expected);
        request.fields.push(("cookie", "b".repeat(255)));
        assert!(request.block().is_err());
    }
}
