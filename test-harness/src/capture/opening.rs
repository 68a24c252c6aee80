//! What the first bytes of a client's stream are: a ClientHello, an HTTP/2 opening with its first header block, or the head of
//! an HTTP/1 request. The parser is the filter's own; beside it one reads the header block, which the filter leaves to the proxy.

use super::headers::{self, BrokenHeaders};
use core::fmt;
use layerprint::wire::http1::Head;
use layerprint::wire::http2_block::BlockParser;
use layerprint::wire::opening::{self, MAX_OPENING};
use layerprint::wire::tls::ClientHello;
use layerprint::wire::{Progress, http2};

/// A whole opening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Opening {
    Tls(ClientHello),
    Http1(Head),
    /// An HTTP/2 connection up to its first request, and the names of that request's headers in wire order.
    Http2(http2::Opening, Vec<String>),
}

/// Why bytes that began as one of them give none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    Opening(opening::Error),
    HeaderBlock(http2::Error),
    Headers(BrokenHeaders),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opening(opening::Error::Tls(error)) => write!(f, "ClientHello: {error:?}"),
            Self::Opening(opening::Error::Http1(error)) => write!(f, "HTTP/1 head: {error:?}"),
            Self::Opening(opening::Error::Http2(error)) => write!(f, "HTTP/2 opening: {error:?}"),
            Self::Opening(opening::Error::TooLarge) => f.write_str("opening: TooLarge"),
            Self::HeaderBlock(error) => write!(f, "HTTP/2 header block: {error:?}"),
            Self::Headers(error) => write!(f, "HTTP/2 headers: {error}"),
        }
    }
}

/// Whether a stream may begin with `bytes`, as far as they go.
pub(super) fn could_begin(bytes: &[u8]) -> bool {
    Parser::default().feed(bytes) != Progress::NotThis
}

/// Reads an opening as its bytes arrive.
#[derive(Debug)]
pub(super) enum Parser {
    /// Any protocol. The block parser reads along from the first byte, should it be HTTP/2.
    Reading {
        parser: opening::Parser,
        block: BlockParser,
    },
    /// HTTP/2 whose first HEADERS frame has come; the block may go on.
    Block {
        opening: http2::Opening,
        block: BlockParser,
    },
    /// It has answered.
    Over,
}

impl Default for Parser {
    fn default() -> Self {
        Self::Reading {
            parser: opening::Parser::new(MAX_OPENING),
            block: BlockParser::default(),
        }
    }
}

impl Parser {
    /// Takes the next bytes. Not to be called again once it has answered anything but [`Progress::NeedMore`].
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Progress<Opening, Broken> {
        match std::mem::replace(self, Self::Over) {
            Self::Reading { mut parser, mut block } => {
                let rest = block.feed(bytes);
                match parser.feed(bytes) {
                    Progress::Done(opening::Opening::Tls(hello)) => Progress::Done(Opening::Tls(hello)),
                    Progress::Done(opening::Opening::Http1(head)) => Progress::Done(Opening::Http1(head)),
                    Progress::Done(opening::Opening::Http2(opening)) => self.finish(opening, block, rest),
                    Progress::NeedMore => {
                        *self = Self::Reading { parser, block };
                        Progress::NeedMore
                    }
                    Progress::NotThis => Progress::NotThis,
                    Progress::Malformed(error) => Progress::Malformed(Broken::Opening(error)),
                }
            }
            Self::Block { opening, mut block } => {
                let rest = block.feed(bytes);
                self.finish(opening, block, rest)
            }
            Self::Over => Progress::NotThis,
        }
    }

    fn finish(
        &mut self,
        opening: http2::Opening,
        block: BlockParser,
        rest: Progress<Vec<u8>, http2::Error>,
    ) -> Progress<Opening, Broken> {
        match rest {
            Progress::Done(block) => match headers::names(&block) {
                Ok(names) => Progress::Done(Opening::Http2(opening, names)),
                Err(error) => Progress::Malformed(Broken::Headers(error)),
            },
            Progress::NeedMore => {
                *self = Self::Block { opening, block };
                Progress::NeedMore
            }
            Progress::NotThis => Progress::NotThis,
            Progress::Malformed(error) => Progress::Malformed(Broken::HeaderBlock(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SETTINGS, then one request in HEADERS and CONTINUATION.
    pub(crate) fn http2_opening() -> Vec<u8> {
        let mut bytes = http2::PREFACE.to_vec();
        bytes.extend([0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100]);
        bytes.extend([
            0, 0, 2, 1, 1, 0, 0, 0, 1, 0x82, 0x84, 0, 0, 3, 9, 4, 0, 0, 0, 1, 0x86, 0x41, 0,
        ]);
        bytes
    }

    const HTTP1: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    fn parse(bytes: &[u8]) -> Progress<Opening, Broken> {
        Parser::default().feed(bytes)
    }

    #[test]
    fn an_opening_is_read_at_every_cut() {
        for bytes in [http2_opening(), HTTP1.to_vec()] {
            let whole = parse(&bytes);
            assert!(matches!(whole, Progress::Done(_)), "{whole:?}");
            for n in 0..bytes.len() {
                let mut parser = Parser::default();
                assert_eq!(parser.feed(&bytes[..n]), Progress::NeedMore, "{n}");
                assert_eq!(parser.feed(&bytes[n..]), whole, "{n}");
            }
        }
    }

    #[test]
    fn the_first_requests_names_come_from_all_of_its_frames() {
        let Progress::Done(Opening::Http2(opening, names)) = parse(&http2_opening()) else {
            panic!()
        };
        assert_eq!(opening.settings.len(), 1);
        assert_eq!(names, [":method", ":path", ":scheme", ":authority"]);
    }

    #[test]
    fn the_middle_of_a_connection_begins_nothing() {
        assert!(!could_begin(&[0x17, 3, 3, 0, 32]));
        assert!(!could_begin(b"\0"));
        assert!(could_begin(&[0x16, 3, 1]));
        assert!(could_begin(b"PRI * HT"));
        assert!(could_begin(b"GET /"));
    }
}
