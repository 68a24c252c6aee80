//! What is said on a connection, in HTTP/2 or HTTP/1.1: requests that are all alike, each with the moment from which its answer is
//! waited for.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use layerprint::wire::Reader;
use layerprint_harness::traffic::frames::kind::HEADERS;
use rustls::ClientConfig;

use super::super::http1::BODY;
use super::super::http2::{AUTHORITY, Request, opening, put_request, take_frame};
use super::wire::{self, Wire};

/// How a header block begins whose `:status` is 200 (RFC 7541, appendix A).
const STATUS_200: u8 = 0x88;
/// The lines of a request that [`http2::Request`] has, too.
const FIELDS: &str = "user-agent: curl/8.5.0\r\naccept: */*\r\n";

/// A protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

/// What all connections of a load have in common.
pub(super) struct Manner {
    to: SocketAddr,
    protocol: Protocol,
    tls: Arc<ClientConfig>,
    /// A request: its header block, or its head.
    request: Vec<u8>,
}

impl Manner {
    /// Asks `to` for `/` all the time.
    pub(super) fn new(to: SocketAddr, protocol: Protocol) -> io::Result<Self> {
        Self::with(to, protocol, &[])
    }

    /// The same, with one more header.
    pub(super) fn with(to: SocketAddr, protocol: Protocol, more: &[(&'static str, &str)]) -> io::Result<Self> {
        let (offer, request) = match protocol {
            Protocol::Http1 => {
                let more: String = more
                    .iter()
                    .map(|(name, value)| format!("{name}: {value}\r\n"))
                    .collect();
                let head = format!("GET / HTTP/1.1\r\nhost: {AUTHORITY}\r\n{FIELDS}{more}\r\n");
                (&b"http/1.1"[..], head.into_bytes())
            }
            Protocol::Http2 => {
                let mut request = Request {
                    scheme: "https",
                    ..Request::get("/")
                };
                request
                    .fields
                    .extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
                (&b"h2"[..], request.block()?)
            }
        };
        let tls = wire::tls(offer).map_err(io::Error::other)?;
        Ok(Self {
            to,
            protocol,
            tls,
            request,
        })
    }
}

/// One connection.
pub(super) struct Talk {
    wire: Wire,
    protocol: Protocol,
    /// The stream of the next request.
    next: u32,
    /// The requests without an answer.
    waiting: VecDeque<(u32, Instant)>,
    inbox: Vec<u8>,
}

impl Talk {
    /// Opens one.
    pub(super) fn open(manner: &Manner) -> io::Result<Self> {
        let mut wire = Wire::connect(manner.to, &manner.tls)?;
        if manner.protocol == Protocol::Http2 {
            wire.send(&opening()?)?;
        }
        Ok(Self {
            wire,
            protocol: manner.protocol,
            next: 1,
            waiting: VecDeque::new(),
            inbox: Vec::new(),
        })
    }

    /// How many requests have no answer.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Sends requests in one write, which are due at these moments.
    pub(super) fn ask(&mut self, manner: &Manner, due: &[Instant]) -> io::Result<()> {
        let mut bytes = Vec::new();
        for due in due {
            match self.protocol {
                Protocol::Http1 => bytes.extend_from_slice(&manner.request),
                Protocol::Http2 => put_request(&mut bytes, self.next, &manner.request)?,
            }
            self.waiting.push_back((self.next, *due));
            self.next += 2;
        }
        self.wire.send(&bytes)
    }

    /// Reads what has come, and tells of each request that is answered when it was due.
    pub(super) fn take(&mut self, answered: &mut impl FnMut(Instant)) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        self.wire.receive(&mut self.inbox)?;
        match self.protocol {
            Protocol::Http1 => self.take_http1(answered),
            Protocol::Http2 => self.take_http2(answered),
        }
    }

    /// The whole answer to one request, as text. HTTP/1.1 alone: what HTTP/2 packs is not unpacked here.
    pub(super) fn look(&mut self, manner: &Manner) -> io::Result<String> {
        let begun = Instant::now();
        self.ask(manner, &[begun])?;
        let mut text = Vec::new();
        while !self.waiting.is_empty() && begun.elapsed() < super::super::http1::PATIENCE {
            self.wire.receive(&mut self.inbox)?;
            text.clone_from(&self.inbox);
            self.take_http1(&mut |_| {})?;
        }
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    fn take_http1(&mut self, answered: &mut impl FnMut(Instant)) -> io::Result<()> {
        // One request at a time: what has come is its answer.
        let is_whole = self.inbox.ends_with(BODY.as_bytes()) && self.inbox.windows(4).any(|four| four == b"\r\n\r\n");
        if !is_whole {
            return Ok(());
        }
        if !self.inbox.starts_with(b"HTTP/1.1 200 ") {
            let text = String::from_utf8_lossy(&self.inbox);
            return Err(io::Error::other(format!("Envoy answered {text:?}")));
        }
        self.inbox.clear();
        if let Some((_, due)) = self.waiting.pop_front() {
            answered(due);
        }
        Ok(())
    }

    fn take_http2(&mut self, answered: &mut impl FnMut(Instant)) -> io::Result<()> {
        let mut reader = Reader::new(&self.inbox);
        let mut replies = Vec::new();
        let mut rest = self.inbox.len();
        while let Ok(frame) = take_frame(&mut reader) {
            rest = reader.rest().len();
            if frame.kind == HEADERS && frame.payload.first() != Some(&STATUS_200) {
                return Err(io::Error::other(format!("Envoy's answer is no 200: {frame:?}")));
            }
            if frame.ends_stream() {
                let place = self.waiting.iter().position(|(stream, _)| *stream == frame.stream);
                if let Some((_, due)) = place.and_then(|place| self.waiting.remove(place)) {
                    answered(due);
                }
            }
            replies.extend(frame.reply()?);
        }
        let used = self.inbox.len() - rest;
        self.inbox.drain(..used);
        if !replies.is_empty() {
            self.wire.send(&replies)?;
        }
        Ok(())
    }
}
