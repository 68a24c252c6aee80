//! A User-Agent as words. RFC 9110 has a grammar of products and comments, and half of the strings that are sent break it:
//! `; compatible; GPTBot/1.3;` stands outside any comment, Facebook writes square brackets, comments stay open. So only the
//! marks that part words are taken seriously, and whether a word stands inside a comment.

/// A run of bytes between separators, cut at its first slash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word<'a> {
    /// Up to the first slash.
    pub name: &'a [u8],
    /// Behind the first slash, when there is one.
    pub version: Option<&'a [u8]>,
    /// Whether it stands in parentheses.
    pub inside: bool,
}

impl<'a> Word<'a> {
    /// The name, when it could be a product's: a token (RFC 9110, 5.6.2) that holds a letter. URLs and addresses are none.
    pub(super) fn product_name(&self) -> Option<&'a str> {
        let is_token = self.name.iter().all(|byte| is_token(*byte));
        let has_letter = self.name.iter().any(u8::is_ascii_alphabetic);
        if is_token && has_letter {
            str::from_utf8(self.name).ok()
        } else {
            None
        }
    }
}

/// The words of a User-Agent, in order. Each byte is looked at once.
#[derive(Clone, Debug)]
pub(super) struct Words<'a> {
    rest: &'a [u8],
    depth: usize,
}

impl<'a> Words<'a> {
    pub(super) const fn new(text: &'a [u8]) -> Self {
        Self { rest: text, depth: 0 }
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        loop {
            let (first, behind) = self.rest.split_first()?;
            match first {
                b'(' => self.depth += 1,
                b')' => self.depth = self.depth.saturating_sub(1),
                first if is_separator(*first) => {}
                _ => break,
            }
            self.rest = behind;
        }
        let end = self.rest.iter().position(|byte| is_separator(*byte));
        let (word, rest) = self.rest.split_at_checked(end.unwrap_or(self.rest.len()))?;
        self.rest = rest;
        let mut parts = word.splitn(2, |byte| *byte == b'/');
        Some(Word {
            name: parts.next().unwrap_or_default(),
            version: parts.next(),
            inside: self.depth > 0,
        })
    }
}

const fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'(' | b')' | b'[' | b']' | b';' | b',')
}

const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let shown = Words::new(text.as_bytes()).map(|word| {
            let version = word
                .version
                .map(|version| format!("={}", String::from_utf8_lossy(version)));
            let name = String::from_utf8_lossy(word.name).into_owned() + &version.unwrap_or_default();
            if word.inside { format!("({name})") } else { name }
        });
        shown.collect()
    }

    #[test]
    fn words_are_parted_and_know_their_comment() {
        assert_eq!(words("a/1 (b; c/2 (d)) e"), ["a=1", "(b)", "(c=2)", "(d)", "e"]);
        assert_eq!(words("x; compatible; y/1.3;+z"), ["x", "compatible", "y=1.3", "+z"]);
        assert_eq!(words("[FBAN/FBIOS;FBAV/440.0]"), ["FBAN=FBIOS", "FBAV=440.0"]);
        assert_eq!(words(")) a ((b"), ["a", "(b)"]);
        assert_eq!(words("a/b/c /d //"), ["a=b/c", "=d", "=/"]);
        assert_eq!(words(" \t;,()[]"), [""; 0]);
    }

    #[test]
    fn each_byte_belongs_to_one_word_at_most() {
        for text in [
            "a ".repeat(500),
            "(".repeat(500),
            "a/".repeat(500),
            "a".repeat(500),
            ";a(b)/".repeat(99),
        ] {
            let text = text.as_bytes();
            let bytes = Words::new(text).map(|word| word.name.len() + word.version.map_or(0, <[u8]>::len));
            assert!(bytes.sum::<usize>() <= text.len());
            assert!(Words::new(text).count() <= text.len().div_ceil(2));
        }
    }

    #[test]
    fn urls_and_addresses_and_bare_numbers_are_no_product_names() {
        let name = |text: &'static str| Words::new(text.as_bytes()).next().and_then(|word| word.product_name());
        assert_eq!(name("Googlebot/2.1"), Some("Googlebot"));
        assert_eq!(name("360Spider"), Some("360Spider"));
        for none in [
            "+http://a.example/bot",
            "+bot@a.example",
            "85.0.4183.93/6.5",
            "-",
            "caf\u{e9}/1",
            "/1",
        ] {
            assert_eq!(name(none), None, "{none}");
        }
    }
}
