//! A request head as it arrived, and how it is shown.

use hyper::{HeaderMap, Request};
use serde_json::{Value, json};

use super::MAX_HEADERS;
use super::tape::{Tape, tame};

/// A request as it arrived: what it asks for, and its header lines.
pub(super) struct Received {
    pub(super) target: String,
    pub(super) headers: HeaderLines,
}

impl Received {
    /// From the tape, to the letter. When that does not hold this very request (a client that pipelines), from what
    /// the library parsed, which has every value but neither case nor order.
    pub(super) fn of<B>(request: &Request<B>, tape: &Tape) -> Self {
        let parsed = || Self {
            target: request.uri().to_string(),
            headers: HeaderLines::from_map(request.headers()),
        };
        tape.play(|bytes| Self::parse(bytes, request)).unwrap_or_else(parsed)
    }

    fn parse<B>(bytes: &[u8], request: &Request<B>) -> Option<Self> {
        let mut lines = vec![httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut head = httparse::Request::new(&mut lines);
        // Fails on a target that is not UTF-8, which Envoy never sends.
        let whole = head.parse(bytes).is_ok_and(|status| status.is_complete());
        let target = head.path.filter(|_| whole)?;
        let tame_target: Vec<u8> = target.bytes().map(tame).collect();
        let same =
            head.method == Some(request.method().as_str()) && tame_target == request.uri().to_string().as_bytes();
        let line = |line: &httparse::Header<'_>| (line.name.to_owned(), text(line.value));
        same.then(|| Self {
            target: target.to_owned(),
            headers: HeaderLines(head.headers.iter().map(line).collect()),
        })
    }
}

/// Header lines in order.
pub(super) struct HeaderLines(Vec<(String, String)>);

impl HeaderLines {
    pub(super) fn from_map(map: &HeaderMap) -> Self {
        Self(
            map.iter()
                .map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes())))
                .collect(),
        )
    }

    pub(super) fn into_json(self) -> Value {
        self.0.into_iter().map(|(name, value)| json!([name, value])).collect()
    }
}

/// UTF-8 as it is; anything else as Latin-1, one character for each byte.
fn text(value: &[u8]) -> String {
    match std::str::from_utf8(value) {
        Ok(text) => text.to_owned(),
        Err(_) => value.iter().copied().map(char::from).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_not_utf8_keeps_every_byte() {
        assert_eq!(text("é".as_bytes()), "é");
        assert_eq!(text(b"\xff\xfe a"), "\u{ff}\u{fe} a");
    }
}
