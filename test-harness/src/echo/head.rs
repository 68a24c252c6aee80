//! Header lines as they arrived, and how they are shown.

use hyper::{HeaderMap, Request};
use serde_json::{Value, json};

use super::MAX_HEADERS;
use super::tape::Tape;

/// Header lines in order.
pub(super) struct HeaderLines(Vec<(String, String)>);

impl HeaderLines {
    /// The lines of this request: from the tape, in wire order and case. When the tape does not hold this very
    /// request (a client that pipelines), from the parsed map, which keeps all values but neither case nor order.
    pub(super) fn received<B>(request: &Request<B>, tape: &Tape) -> Self {
        let (method, target) = (request.method().as_str(), request.uri().to_string());
        tape.play(|bytes| {
            let mut lines = vec![httparse::EMPTY_HEADER; MAX_HEADERS];
            let mut head = httparse::Request::new(&mut lines);
            let whole = head.parse(bytes).is_ok_and(|status| status.is_complete());
            let same = head.method == Some(method) && head.path == Some(target.as_str());
            (whole && same).then(|| {
                Self(
                    head.headers
                        .iter()
                        .map(|line| (line.name.to_owned(), text(line.value)))
                        .collect(),
                )
            })
        })
        .unwrap_or_else(|| Self::from_map(request.headers()))
    }

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
