//! The part of Structured Fields (RFC 9651) that Client Hints and signatures use: items and lists of strings and booleans, inner lists
//! of strings, byte sequences, with parameters.
//!
//! Exact within that part: what the RFC calls a failure gives no value. Parameters that nobody asks for are read and
//! passed over, as the RFC wants. The crates for it build a tree on the heap; here everything is a view into the header.

use core::fmt;

/// A string as it stands between its quotes. Only `"` and `\` are escaped and nothing else may be, so two strings are equal
/// exactly when they are written alike.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Quoted<'a>(&'a str);

impl<'a> Quoted<'a> {
    /// The characters, without the escapes.
    pub fn chars(self) -> impl Iterator<Item = char> + 'a {
        let mut written = self.0.chars();
        core::iter::from_fn(move || match written.next()? {
            '\\' => written.next(),
            letter => Some(letter),
        })
    }

    /// As it is written, with the escapes.
    pub const fn as_written(self) -> &'a str {
        self.0
    }

    /// Whether nothing stands between the quotes.
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

impl PartialEq<str> for Quoted<'_> {
    fn eq(&self, other: &str) -> bool {
        self.chars().eq(other.chars())
    }
}

impl PartialEq<&str> for Quoted<'_> {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.chars().try_for_each(|letter| fmt::Write::write_char(f, letter))
    }
}

impl fmt::Debug for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

/// A string and the parameter `v`, when it has one that is a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Member<'a> {
    pub text: Quoted<'a>,
    pub version: Option<Quoted<'a>>,
}

/// Reads a value that is one string.
pub(super) fn string(value: &[u8]) -> Option<Quoted<'_>> {
    let mut field = Field::new(value)?;
    let text = field.string()?;
    field.parameters()?;
    field.is_over().then_some(text)
}

/// Reads a value that is one boolean.
pub(super) fn boolean(value: &[u8]) -> Option<bool> {
    let mut field = Field::new(value)?;
    let value = field.boolean()?;
    field.parameters()?;
    field.is_over().then_some(value)
}

/// Reads a value that is a list of strings to its end; each member goes to `take`.
pub(super) fn list<'a>(value: &'a [u8], mut take: impl FnMut(Member<'a>)) -> Option<()> {
    let mut members = members(value)?;
    for member in members.by_ref() {
        take(member);
    }
    members.is_whole().then_some(())
}

/// The members of a list of strings; ends early, and is not whole, where one is malformed.
pub(super) fn members(value: &[u8]) -> Option<Members<'_>> {
    let field = Field::new(value)?;
    let state = if field.is_over() { State::Over } else { State::Member };
    Some(Members { field, state })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Member,
    Over,
    Malformed,
}

/// See [`members`].
#[derive(Clone, Debug)]
pub(super) struct Members<'a> {
    field: Field<'a>,
    state: State,
}

impl<'a> Members<'a> {
    fn is_whole(&self) -> bool {
        self.state == State::Over
    }

    fn member(&mut self) -> Option<Member<'a>> {
        let text = self.field.string()?;
        let version = self.field.parameters()?;
        self.field.skip(|byte| matches!(byte, b' ' | b'\t'));
        self.state = if self.field.is_over() {
            State::Over
        } else {
            self.field.literal(b',')?;
            self.field.skip(|byte| matches!(byte, b' ' | b'\t'));
            State::Member
        };
        Some(Member { text, version })
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = Member<'a>;

    fn next(&mut self) -> Option<Member<'a>> {
        if self.state != State::Member {
            return None;
        }
        let member = self.member();
        if member.is_none() {
            self.state = State::Malformed;
        }
        member
    }
}

/// A field value, read from the front. Spaces around it are gone.
#[derive(Clone, Debug)]
pub(super) struct Field<'a>(&'a str);

impl<'a> Field<'a> {
    /// None where there are bytes that no Structured Field has.
    pub(super) fn new(value: &'a [u8]) -> Option<Self> {
        let text = str::from_utf8(value).ok().filter(|text| text.is_ascii())?;
        Some(Self(text.trim_matches(' ')))
    }

    /// Whether all of it was read.
    pub(super) const fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes this byte, which has to come next.
    pub(super) fn literal(&mut self, byte: u8) -> Option<()> {
        let (first, rest) = self.0.split_at_checked(1)?;
        self.0 = rest;
        (first.as_bytes() == [byte]).then_some(())
    }

    /// Whether this byte comes next.
    pub(super) fn is_next(&self, byte: u8) -> bool {
        self.0.as_bytes().first() == Some(&byte)
    }

    /// What was read of it since it was as `before`.
    pub(super) fn read_since(&self, before: &Self) -> &'a str {
        let end = before.0.len().saturating_sub(self.0.len());
        before.0.get(..end).unwrap_or_default()
    }

    /// Takes the bytes that are `wanted`.
    pub(super) fn skip(&mut self, wanted: impl Fn(u8) -> bool) -> &'a str {
        let end = self.0.bytes().position(|byte| !wanted(byte)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at_checked(end).unwrap_or((self.0, ""));
        self.0 = rest;
        taken
    }

    /// Reads a string.
    pub(super) fn string(&mut self) -> Option<Quoted<'a>> {
        self.literal(b'"')?;
        let mut is_escaped = false;
        for (n, byte) in self.0.bytes().enumerate() {
            match (is_escaped, byte) {
                (true, b'"' | b'\\') => is_escaped = false,
                (true, _) => return None,
                (false, b'\\') => is_escaped = true,
                (false, b'"') => {
                    let (text, rest) = self.0.split_at_checked(n)?;
                    self.0 = rest;
                    self.literal(b'"')?;
                    return Some(Quoted(text));
                }
                (false, b' '..=b'~') => {}
                (false, _) => return None,
            }
        }
        None
    }

    fn boolean(&mut self) -> Option<bool> {
        self.literal(b'?')?;
        let (value, rest) = self.0.split_at_checked(1)?;
        self.0 = rest;
        match value {
            "0" => Some(false),
            "1" => Some(true),
            _ => None,
        }
    }

    /// Reads all parameters; answers the last `v`, if that is a string. A repeated parameter counts as its last.
    pub(super) fn parameters(&mut self) -> Option<Option<Quoted<'a>>> {
        let mut version = None;
        while self.is_next(b';') {
            self.literal(b';')?;
            self.skip(|byte| byte == b' ');
            let key = self.key()?;
            let value = if self.is_next(b'=') {
                self.literal(b'=')?;
                self.bare_item()?
            } else {
                None
            };
            if key == "v" {
                version = value;
            }
        }
        Some(version)
    }

    /// Reads the key of a parameter, or of a member of a dictionary.
    pub(super) fn key(&mut self) -> Option<&'a str> {
        let begins = |first: char| first.is_ascii_lowercase() || first == '*';
        if !self.0.starts_with(begins) {
            return None;
        }
        Some(self.skip(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-' | b'.' | b'*')
        }))
    }

    /// Reads an inner list of strings.
    pub(super) fn inner_list(&mut self) -> Option<()> {
        self.literal(b'(')?;
        loop {
            self.skip(|byte| byte == b' ');
            if self.is_next(b')') {
                return self.literal(b')');
            }
            self.string()?;
            self.parameters()?;
            if !self.is_next(b' ') && !self.is_next(b')') {
                return None;
            }
        }
    }

    /// Reads a byte sequence, with its padding.
    pub(super) fn byte_sequence(&mut self) -> Option<()> {
        self.literal(b':')?;
        let letters = self
            .skip(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
            .len();
        let padding = self.skip(|byte| byte == b'=').len();
        self.literal(b':')?;
        let is_whole = letters.checked_add(padding).is_some_and(|all| all.is_multiple_of(4));
        (is_whole && padding <= 2).then_some(())
    }

    /// Reads a bare item of any type but byte sequences, dates and display strings; answers it when it is a string.
    fn bare_item(&mut self) -> Option<Option<Quoted<'a>>> {
        match self.0.as_bytes().first()? {
            b'"' => self.string().map(Some),
            b'?' => self.boolean().map(|_| None),
            b'-' | b'0'..=b'9' => self.number().map(|()| None),
            b'a'..=b'z' | b'A'..=b'Z' | b'*' => {
                self.skip(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:/".contains(&byte));
                Some(None)
            }
            _ => None,
        }
    }

    /// At most 15 digits, or 12 and a point and 1 to 3.
    fn number(&mut self) -> Option<()> {
        if self.is_next(b'-') {
            self.literal(b'-')?;
        }
        let whole = self.skip(|byte| byte.is_ascii_digit()).len();
        if !self.is_next(b'.') {
            return (1..=15).contains(&whole).then_some(());
        }
        self.literal(b'.')?;
        let fraction = self.skip(|byte| byte.is_ascii_digit()).len();
        ((1..=12).contains(&whole) && (1..=3).contains(&fraction)).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Option<Vec<String>> {
        let mut all = Vec::new();
        list(value.as_bytes(), |member| {
            let version = member.version.map(|version| version.to_string());
            all.push(format!("{}={}", member.text, version.unwrap_or_default()));
        })?;
        Some(all)
    }

    #[test]
    fn a_list_is_read_to_its_end_or_not_at_all() {
        assert_eq!(read(r#""a";v="1", "b";v="2""#).unwrap(), ["a=1", "b=2"]);
        assert_eq!(read(" \"a\"\t,\t\"b\" ").unwrap(), ["a=", "b="]);
        assert_eq!(read("  ").unwrap(), [""; 0]);
        for wrong in [
            "\"a\",",
            ",\"a\"",
            "\"a\",,\"b\"",
            "\"a\" \"b\"",
            "a",
            "\"a",
            "\"a\"; ",
            "\"a\";V=1",
            "\"a\";v=",
            "\"a\";v=\"1",
            "\"a\\b\"",
            "\"\u{e9}\"",
            "\"a\tb\"",
            "(\"a\")",
            "\"a\" ;v=\"1\"",
            "\t\"a\"",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn parameters_that_are_not_ours_are_passed_over() {
        assert_eq!(read(r#""a";x;y=?1; z=-1.25;t=to/k:en;v="1";*=*"#).unwrap(), ["a=1"]);
        assert_eq!(read(r#""a";v="1";v="2""#).unwrap(), ["a=2"]);
        assert_eq!(read(r#""a";v=1"#).unwrap(), ["a="]);
        for wrong in [
            ";x=1.",
            ";x=1234567890123456",
            ";x=1.2345",
            ";x=-",
            ";x=?2",
            ";x=:aa=:",
            ";1x",
        ] {
            assert_eq!(read(&format!("\"a\"{wrong}")), None, "{wrong}");
        }
    }

    #[test]
    fn a_string_is_what_its_escapes_stand_for() {
        let text = string(br#""\\Not\"A""#).unwrap();
        assert_eq!(text.to_string(), r#"\Not"A"#);
        assert!(text == r#"\Not"A"# && text != "Not" && !text.is_empty());
        assert_eq!(text.as_written(), r#"\\Not\"A"#);
        assert!(string(b"\"\"").unwrap().is_empty());
        for wrong in ["", "\"a\", \"b\"", "a", "\"a\\\"", "\"a\"b"] {
            assert_eq!(string(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn a_boolean_is_one_of_two_words() {
        assert_eq!(boolean(b"?1"), Some(true));
        assert_eq!(boolean(b" ?0;a "), Some(false));
        for wrong in ["", "?", "?2", "1", "true", "?1?0", "?1 a"] {
            assert_eq!(boolean(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
