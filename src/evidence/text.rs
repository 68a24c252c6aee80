//! Short text from outside, fit for a log line and a header.

use core::fmt;

/// UTF-8 without control characters, at most [`Text::MAX`] bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(Box<str>);

impl Text {
    /// A host name has at most 253 bytes; nothing that we keep as text is longer.
    pub const MAX: usize = 255;

    /// `bytes` as text; none when they are too long, not UTF-8, or hold a control character.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let text = str::from_utf8(bytes).ok()?;
        (text.len() <= Self::MAX && !text.chars().any(char::is_control)).then(|| Self(text.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Text;

    #[test]
    fn only_short_clean_utf8_is_text() {
        assert_eq!(Text::parse(b"a.example").unwrap().as_str(), "a.example");
        assert!(Text::parse(&[b'a'; 255]).is_some());
        assert_eq!(Text::parse(&[b'a'; 256]), None);
        assert_eq!(Text::parse(b"a\n"), None);
        assert_eq!(Text::parse(&[0xff]), None);
    }
}
