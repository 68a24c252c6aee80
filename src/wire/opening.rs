//! The first bytes of a connection, whatever protocol they turn out to be.
//!
//! Feeds each protocol's parser in turn until one takes the bytes, under one bound for all that a connection may make us read.

use super::tls::{ClientHello, ClientHelloParser, HelloError};
use super::{Progress, http1, http2};

/// The most bytes of a connection that are looked at before its first request is whole. Frames that carry nothing count too.
pub const MAX_OPENING: usize = 64 * 1024;

/// What the first bytes were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opening {
    /// An HTTP/2 connection up to its first HEADERS.
    Http2(http2::Opening),
    /// The first HTTP/1 request's head.
    Http1(http1::Head),
    /// A TLS connection that the proxy passes through unopened: its ClientHello.
    Tls(ClientHello),
}

/// Why there is no opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// It began as HTTP/2 and broke its rules.
    Http2(http2::Error),
    /// It began as HTTP/1 and broke its rules.
    Http1(http1::Error),
    /// It began as TLS and broke its rules.
    Tls(HelloError),
    /// No first request within [`MAX_OPENING`], or the limit that the configuration sets.
    TooLarge,
}

impl Error {
    /// Whether a bound was met, rather than a rule broken.
    pub const fn is_bound(self) -> bool {
        match self {
            Self::TooLarge => true,
            Self::Http1(error) => matches!(error, http1::Error::TooLong | http1::Error::TooMany),
            Self::Http2(error) => matches!(error, http2::Error::TooMany),
            Self::Tls(error) => error.is_bound(),
        }
    }
}

/// Reads an opening as its bytes arrive.
#[derive(Debug)]
pub struct Parser {
    protocol: Protocol,
    left: usize,
}

#[derive(Debug)]
enum Protocol {
    /// All bytes so far could be the HTTP/2 preface; they are kept to be read again as HTTP/1.
    Undecided(Vec<u8>),
    Http2(http2::Parser),
    Http1(http1::Parser),
    Tls(ClientHelloParser),
}

/// What each TLS connection begins with: the type of a handshake record. No HTTP does.
const HANDSHAKE: u8 = 22;

impl Parser {
    /// A parser that reads at most `limit` bytes.
    pub const fn new(limit: usize) -> Self {
        Self {
            protocol: Protocol::Undecided(Vec::new()),
            left: limit,
        }
    }

    /// Takes the next bytes of the connection. Not to be called again once it has answered anything but [`Progress::NeedMore`].
    pub fn feed(&mut self, bytes: &[u8]) -> Progress<Opening, Error> {
        let within = bytes.get(..self.left).unwrap_or(bytes);
        self.left -= within.len();
        match self.read(within) {
            Progress::NeedMore if self.left == 0 => Progress::Malformed(Error::TooLarge),
            other => other,
        }
    }

    fn read(&mut self, bytes: &[u8]) -> Progress<Opening, Error> {
        match &mut self.protocol {
            Protocol::Undecided(seen) => {
                seen.extend_from_slice(bytes);
                let seen = std::mem::take(seen);
                if !seen.starts_with(http2::PREFACE) && http2::PREFACE.starts_with(&seen) {
                    self.protocol = Protocol::Undecided(seen);
                    return Progress::NeedMore;
                }
                self.protocol = if seen.first() == Some(&HANDSHAKE) {
                    Protocol::Tls(ClientHelloParser::new())
                } else if seen.starts_with(http2::PREFACE) {
                    Protocol::Http2(http2::Parser::default())
                } else {
                    Protocol::Http1(http1::Parser::default())
                };
                self.read(&seen)
            }
            Protocol::Http2(parser) => parser.feed(bytes).map(Opening::Http2, Error::Http2),
            Protocol::Http1(parser) => parser.feed(bytes).map(Opening::Http1, Error::Http1),
            Protocol::Tls(parser) => {
                if parser.push(bytes) == Progress::NeedMore {
                    return Progress::NeedMore;
                }
                std::mem::take(parser).finish().map(Opening::Tls, Error::Tls)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &[u8]) -> Progress<Opening, Error> {
        Parser::new(MAX_OPENING).feed(bytes)
    }

    /// A ClientHello with nothing to offer, in two records.
    const HELLO: &[u8] = &[
        22, 3, 1, 0, 6, 1, 0, 0, 41, 3, 3, 22, 3, 1, 0, 39, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17,
        18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 0, 0, 2, 0x13, 0x01, 1, 0,
    ];

    #[test]
    fn each_protocol_is_recognised_at_every_cut() {
        let mut http2 = http2::PREFACE.to_vec();
        http2.extend([0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1, 1, 4, 0, 0, 0, 1]);
        for bytes in [
            http2,
            b"PRI / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(),
            b"POST / HTTP/1.0\n\n".to_vec(),
            HELLO.to_vec(),
        ] {
            let whole = parse(&bytes);
            assert!(matches!(whole, Progress::Done(_)), "{whole:?}");
            for n in 0..bytes.len() {
                let mut parser = Parser::new(MAX_OPENING);
                let first = parser.feed(&bytes[..n]);
                let answer = if first == Progress::NeedMore {
                    parser.feed(&bytes[n..])
                } else {
                    first
                };
                assert_eq!(answer, whole, "cut at {n}");
            }
        }
    }

    #[test]
    fn bytes_of_another_protocol_are_told_apart() {
        assert_eq!(parse(b"\x16\x02\x01\x02\x00"), Progress::NotThis);
        assert_eq!(parse(b"\x15\x03\x01\x00\x02"), Progress::NotThis);
        assert_eq!(parse(b"\0"), Progress::NotThis);
        assert_eq!(
            parse(b"PRI * HTTP/2.0\r\n\r\nXX"),
            Progress::Malformed(Error::Http1(http1::Error::RequestLine))
        );
    }

    #[test]
    fn what_begins_as_tls_and_is_no_hello_says_why() {
        assert_eq!(parse(b"\x16\x03\x01\x02\x00"), Progress::NeedMore);
        assert_eq!(
            parse(b"\x16\x03\x01\x00\x04\x02"),
            Progress::Malformed(Error::Tls(HelloError::NotClientHello))
        );
        let giant = parse(b"\x16\x03\x01\x40\x00\x01\x02\x00\x00");
        assert!(
            matches!(giant, Progress::Malformed(error) if error.is_bound()),
            "{giant:?}"
        );
    }

    #[test]
    fn a_connection_that_only_pings_meets_the_bound() {
        let mut parser = Parser::new(1_000);
        let mut bytes = http2::PREFACE.to_vec();
        bytes.extend([0, 0, 0, 4, 0, 0, 0, 0, 0]);
        assert_eq!(parser.feed(&bytes), Progress::NeedMore);
        let ping = [0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
        let answer = (0..100)
            .map(|_| parser.feed(&ping))
            .find(|answer| *answer != Progress::NeedMore);
        assert_eq!(answer, Some(Progress::Malformed(Error::TooLarge)));
    }
}
