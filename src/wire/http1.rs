//! The head of an HTTP/1 request (RFC 9112): request line and header names, in their original case and order.
//!
//! Envoy lower-cases names and moves `host`; what the client really wrote is visible only here. Values are not kept: they
//! are the request role's to read, and may hold secrets. The parser refuses what is not an HTTP/1 head rather than guess.

use super::Progress;

/// The largest head that is read to its end. Envoy's own limit is 60 KiB by default and 96 KiB at most.
pub const MAX_HEAD: usize = 64 * 1024;
/// Header names kept. Browsers send about 20; Envoy takes 100 by default.
pub const MAX_NAMES: usize = 128;
/// Bytes of header names kept, with a separator each: half of what a connection may keep.
pub const MAX_NAME_BYTES: usize = 2_048;
/// The longest registered method has 17 characters (`UPDATEREDIRECTREF`).
const MAX_METHOD: usize = 32;

/// The version in the request line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// `HTTP/1.0`
    Http10,
    /// `HTTP/1.1`
    Http11,
}

/// Which of the four forms the request target has (RFC 9112, 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetForm {
    /// `/path?query`
    Origin,
    /// `http://host/path`, as sent to proxies
    Absolute,
    /// `host:port`, as sent with CONNECT
    Authority,
    /// `*`, as sent with OPTIONS
    Asterisk,
}

/// Ways of writing a head that differ between clients though they mean the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quirks(u8);

impl Quirks {
    /// A line ends in LF without CR.
    pub const BARE_LF: Self = Self(1);
    /// Empty lines before the request line.
    pub const LEADING_EMPTY_LINE: Self = Self(2);
    /// A value goes on in the next line (obs-fold).
    pub const FOLDED: Self = Self(4);
    /// No space between the colon and a value.
    pub const NO_SPACE: Self = Self(8);
    /// More than one space, or a tab, between the colon and a value.
    pub const WIDE_SPACE: Self = Self(16);
    /// White space behind a value.
    pub const TRAILING_SPACE: Self = Self(32);

    const NAMES: [(Self, &'static str); 6] = [
        (Self::BARE_LF, "bare-lf"),
        (Self::LEADING_EMPTY_LINE, "leading-empty-line"),
        (Self::FOLDED, "folded"),
        (Self::NO_SPACE, "no-space"),
        (Self::WIDE_SPACE, "wide-space"),
        (Self::TRAILING_SPACE, "trailing-space"),
    ];

    /// Whether all of `other` were seen.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The stable names of those seen.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES
            .into_iter()
            .filter(move |(quirk, _)| self.has(*quirk))
            .map(|(_, name)| name)
    }

    /// The set as a number.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The set that `bits` stands for; none when a bit has no meaning.
    pub const fn from_bits(bits: u8) -> Option<Self> {
        if bits < 64 { Some(Self(bits)) } else { None }
    }

    fn note(&mut self, seen: bool, quirk: Self) {
        if seen {
            self.0 |= quirk.0;
        }
    }
}

/// Header names as written, in wire order, repeated ones included. One allocation: a comma is no name character.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderNames(String);

impl HeaderNames {
    /// Each name in turn.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split(',').filter(|name| !name.is_empty())
    }

    /// The names joined by commas.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Names joined by commas; none when one is no name, or they are over the bounds.
    pub fn parse(text: &str) -> Option<Self> {
        let names = Self(text.to_owned());
        let fits = text.len() <= MAX_NAME_BYTES && names.iter().count() <= MAX_NAMES;
        let whole = text.is_empty() || text.split(',').all(|name| token(name.as_bytes()).is_some());
        (fits && whole).then_some(names)
    }

    fn push(&mut self, name: &str) {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        self.0.push_str(name);
    }
}

/// A whole head. No value, no path: only its shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The method, as written.
    pub method: Box<str>,
    /// The form of the target.
    pub target: TargetForm,
    /// The version.
    pub version: Version,
    /// The names.
    pub names: HeaderNames,
    /// How it was written.
    pub quirks: Quirks,
}

/// Why bytes that began as an HTTP/1 head give no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The request line is not `method SP target SP HTTP/1.x`.
    RequestLine,
    /// A header line has no name, no colon, or a byte in its name that is no token character.
    HeaderLine,
    /// The head does not end within [`MAX_HEAD`].
    TooLong,
    /// More names than are kept.
    TooMany,
}

/// Reads a head as its bytes arrive. Looks at each byte once while it waits for the end.
#[derive(Debug, Default)]
pub struct Parser {
    head: Vec<u8>,
    line: LineSoFar,
}

/// What the current line holds, while the end of the head is looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum LineSoFar {
    /// No line with content has been seen: empty lines here lead, they do not end.
    #[default]
    BeforeFirst,
    /// Nothing but perhaps a CR.
    Empty,
    /// Something.
    Content,
}

impl Parser {
    /// Takes the next bytes of the connection.
    ///
    /// [`Progress::NotThis`] comes only for the first byte: no method begins with it.
    pub fn feed(&mut self, bytes: &[u8]) -> Progress<Head, Error> {
        for (n, byte) in bytes.iter().enumerate() {
            if self.head.len() + n >= MAX_HEAD {
                return Progress::Malformed(Error::TooLong);
            }
            match (self.line, byte) {
                (LineSoFar::Empty, b'\n') => {
                    self.head.extend_from_slice(bytes.get(..=n).unwrap_or_default());
                    let head = std::mem::take(self).head;
                    return read_head(&head).map_or_else(Progress::Malformed, Progress::Done);
                }
                (LineSoFar::BeforeFirst, b'\r' | b'\n') | (LineSoFar::Empty, b'\r') => {}
                (LineSoFar::BeforeFirst, byte) if !is_token(*byte) => return Progress::NotThis,
                (_, b'\n') => self.line = LineSoFar::Empty,
                _ => self.line = LineSoFar::Content,
            }
        }
        self.head.extend_from_slice(bytes);
        Progress::NeedMore
    }
}

fn read_head(bytes: &[u8]) -> Result<Head, Error> {
    let mut quirks = Quirks::default();
    let mut lines = Lines {
        rest: bytes,
        bare_lf: false,
    };
    let mut first = lines.next().ok_or(Error::RequestLine)?;
    while first.is_empty() {
        quirks.note(true, Quirks::LEADING_EMPTY_LINE);
        first = lines.next().ok_or(Error::RequestLine)?;
    }
    let (method, target, version) = read_request_line(first)?;
    let mut names = HeaderNames::default();
    let mut count = 0;
    for line in lines.by_ref().take_while(|line| !line.is_empty()) {
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            quirks.note(true, Quirks::FOLDED);
            continue;
        }
        let name = read_name(line, &mut quirks)?;
        count += 1;
        if count > MAX_NAMES || names.0.len() + name.len() >= MAX_NAME_BYTES {
            return Err(Error::TooMany);
        }
        names.push(name);
    }
    quirks.note(lines.bare_lf, Quirks::BARE_LF);
    Ok(Head {
        method,
        target,
        version,
        names,
        quirks,
    })
}

/// Lines without their endings; a CR before the LF belongs to the ending.
struct Lines<'a> {
    rest: &'a [u8],
    bare_lf: bool,
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let end = self.rest.iter().position(|byte| *byte == b'\n')?;
        let (line, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest.strip_prefix(b"\n")?;
        self.bare_lf |= !line.ends_with(b"\r");
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

fn read_request_line(line: &[u8]) -> Result<(Box<str>, TargetForm, Version), Error> {
    let mut words = line.split(|byte| *byte == b' ');
    let (Some(method), Some(target), Some(version), None) = (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(Error::RequestLine);
    };
    let version = match version {
        b"HTTP/1.1" => Version::Http11,
        b"HTTP/1.0" => Version::Http10,
        _ => return Err(Error::RequestLine),
    };
    let target = match target {
        [] => return Err(Error::RequestLine),
        b"*" => TargetForm::Asterisk,
        [b'/', ..] => TargetForm::Origin,
        _ if method == b"CONNECT" => TargetForm::Authority,
        _ => TargetForm::Absolute,
    };
    let method = self::method(method).ok_or(Error::RequestLine)?;
    Ok((method.into(), target, version))
}

/// `bytes` as text, when they are a method.
pub fn method(bytes: &[u8]) -> Option<&str> {
    token(bytes).filter(|method| method.len() <= MAX_METHOD)
}

fn read_name<'a>(line: &'a [u8], quirks: &mut Quirks) -> Result<&'a str, Error> {
    let colon = line.iter().position(|byte| *byte == b':').ok_or(Error::HeaderLine)?;
    let (name, value) = line.split_at_checked(colon).ok_or(Error::HeaderLine)?;
    let name = token(name).ok_or(Error::HeaderLine)?;
    match value {
        [b':'] | [b':', b' '] => {}
        [b':', b' ', b' ' | b'\t', ..] | [b':', b'\t', ..] => quirks.note(true, Quirks::WIDE_SPACE),
        [b':', b' ', ..] => {}
        _ => quirks.note(true, Quirks::NO_SPACE),
    }
    quirks.note(
        value.len() > 2 && matches!(value.last(), Some(b' ' | b'\t')),
        Quirks::TRAILING_SPACE,
    );
    Ok(name)
}

/// `bytes` as text, when they are a token (RFC 9110, 5.6.2).
fn token(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    (!text.is_empty() && bytes.iter().all(|byte| is_token(*byte))).then_some(text)
}

const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
}

#[cfg(test)]
mod tests {
    use super::*;

    const CURL: &[u8] = b"GET /a?b HTTP/1.1\r\nHost: a.example\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\nbody";

    fn parse(bytes: &[u8]) -> Progress<Head, Error> {
        Parser::default().feed(bytes)
    }

    fn names(bytes: &[u8]) -> Vec<String> {
        match parse(bytes) {
            Progress::Done(head) => head.names.iter().map(str::to_owned).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn names_keep_their_case_and_order() {
        assert_eq!(names(CURL), ["Host", "User-Agent", "Accept"]);
        assert_eq!(
            names(b"GET / HTTP/1.0\r\nb: 1\r\nA: 2\r\nb: 3\r\n\r\n"),
            ["b", "A", "b"]
        );
        assert_eq!(names(b"GET / HTTP/1.1\r\n\r\n"), Vec::<String>::new());
    }

    #[test]
    fn every_cut_gives_the_answer_of_the_whole() {
        let odd = b"\r\n\nOPTIONS * HTTP/1.1\nA:1\r\n b\r\nC:  2 \r\n\n";
        for bytes in [CURL, odd] {
            let whole = parse(bytes);
            assert!(matches!(whole, Progress::Done(_)), "{whole:?}");
            for n in 0..bytes.len() {
                let mut parser = Parser::default();
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
    fn ways_of_writing_are_noted() {
        let Progress::Done(head) = parse(b"\r\n\nOPTIONS * HTTP/1.1\nA:1\r\n b\r\nC:  2 \r\n\n") else {
            panic!()
        };
        assert_eq!(head.target, TargetForm::Asterisk);
        let seen: Vec<_> = head.quirks.names().collect();
        assert_eq!(
            seen,
            [
                "bare-lf",
                "leading-empty-line",
                "folded",
                "no-space",
                "wide-space",
                "trailing-space"
            ]
        );
        let Progress::Done(head) = parse(CURL) else { panic!() };
        assert_eq!(
            (head.quirks, head.version, &*head.method),
            (Quirks::default(), Version::Http11, "GET")
        );
    }

    #[test]
    fn the_target_has_one_of_four_forms() {
        let form = |line: &str| match parse(format!("{line} HTTP/1.1\r\n\r\n").as_bytes()) {
            Progress::Done(head) => Some(head.target),
            _ => None,
        };
        assert_eq!(form("GET /"), Some(TargetForm::Origin));
        assert_eq!(form("GET http://a/"), Some(TargetForm::Absolute));
        assert_eq!(form("CONNECT a:443"), Some(TargetForm::Authority));
        assert_eq!(form("GET "), None);
    }

    #[test]
    fn what_is_no_http_head_gives_no_value() {
        assert_eq!(parse(b"\x16\x03\x01"), Progress::NotThis);
        assert_eq!(parse(b" GET / HTTP/1.1"), Progress::NotThis);
        for line in [
            "GET /",
            "GET / HTTP/2.0",
            "GET /  HTTP/1.1",
            "GET / b HTTP/1.1",
            "G\u{e9}T / HTTP/1.1",
        ] {
            let bytes = format!("{line}\r\n\r\n");
            assert_eq!(
                parse(bytes.as_bytes()),
                Progress::Malformed(Error::RequestLine),
                "{line}"
            );
        }
        for line in ["no colon", ": no name", "sp ace: 1", "n\u{e4}me: 1", "name : 1"] {
            let bytes = format!("GET / HTTP/1.1\r\n{line}\r\n\r\n");
            assert_eq!(
                parse(bytes.as_bytes()),
                Progress::Malformed(Error::HeaderLine),
                "{line}"
            );
        }
        let long = format!("{} / HTTP/1.1\r\n\r\n", "A".repeat(33));
        assert_eq!(parse(long.as_bytes()), Progress::Malformed(Error::RequestLine));
    }

    #[test]
    fn a_head_over_its_bounds_is_refused() {
        let endless = format!("GET / HTTP/1.1\r\na: {}", "b".repeat(MAX_HEAD));
        assert_eq!(parse(endless.as_bytes()), Progress::Malformed(Error::TooLong));
        let mut parser = Parser::default();
        let pieces = endless.as_bytes().chunks(1_000).map(|piece| parser.feed(piece));
        assert_eq!(pieces.last(), Some(Progress::Malformed(Error::TooLong)));
        let many: String = (0..500).map(|n| format!("h{n}: v\r\n")).collect();
        assert_eq!(
            parse(format!("GET / HTTP/1.1\r\n{many}\r\n").as_bytes()),
            Progress::Malformed(Error::TooMany)
        );
        let filled = |length: usize| {
            let value = "b".repeat(length - 25);
            let head = format!("GET / HTTP/1.1\r\nabc: {value}\r\n\r\n");
            (head.len() == length).then(|| parse(head.as_bytes()))
        };
        assert!(matches!(filled(MAX_HEAD), Some(Progress::Done(_))));
        assert_eq!(filled(MAX_HEAD + 1), Some(Progress::Malformed(Error::TooLong)));
        let sixty = format!("GET / HTTP/1.1\r\na: {}\r\n\r\n", "b".repeat(60_000));
        assert_eq!(names(sixty.as_bytes()), ["a"]);
    }
}
