//! JA4 and its relatives, exactly as FoxIO's `technical_details/JA4.md` writes them down (FORMATS.md), and our stable
//! form. Refuses a hello of which a part that JA4 looks at does not read to its end: other tools print a JA4 then, of
//! another hello.

use core::fmt;

use super::ascii::{Ascii, hex_digit};
use super::text::{CodeList, Sink, gathered, put_hex, short_hash, sorted};
use crate::wire::is_grease;
use crate::wire::tls::{BrokenExtension, ClientHello, Codes, ExtensionType, ProtocolVersion, SignatureScheme};

/// What carried the ClientHello: the first character of a JA4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// TLS over TCP, `t`.
    Tcp,
    /// QUIC, `q`.
    Quic,
    /// DTLS, `d`.
    Dtls,
}

/// A hashed JA4 of any kind: `a_b_c`, 10, 12 and 12 characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ja4Hash(Ascii<36>);

impl Ja4Hash {
    /// The whole, `a_b_c`.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Transport, version, SNI, counts and ALPN in clear: 10 characters.
    pub fn a(&self) -> &str {
        self.part(0)
    }

    /// The hash of the ciphers: 12 characters.
    pub fn b(&self) -> &str {
        self.part(1)
    }

    /// The hash of extensions and signature algorithms: 12 characters.
    pub fn c(&self) -> &str {
        self.part(2)
    }

    fn part(&self, n: usize) -> &str {
        // Made by `Ja4::hash` alone, with two underscores: all three parts are there.
        self.as_str().split('_').nth(n).unwrap_or_default()
    }
}

impl fmt::Display for Ja4Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What leaves no trace in a stable fingerprint, because the same client sends it on one connection and not on the
/// next: `pre_shared_key` and `session_ticket` (resumption), `padding` (depends on the length of the rest), and
/// `early_data`, which RFC 8446 §4.2.10 allows only beside `pre_shared_key`.
pub(super) const fn is_passing(code: ExtensionType) -> bool {
    matches!(
        code,
        ExtensionType::PRE_SHARED_KEY
            | ExtensionType::SESSION_TICKET
            | ExtensionType::PADDING
            | ExtensionType::EARLY_DATA
    )
}

/// All that JA4 looks at in a ClientHello, read to its end.
#[derive(Clone, Debug)]
pub struct Ja4<'a> {
    hello: &'a ClientHello,
    transport: Transport,
    version: ProtocolVersion,
    alpn: [u8; 2],
    signature_algorithms: Codes<'a, SignatureScheme>,
}

impl<'a> Ja4<'a> {
    /// Reads what JA4 needs.
    ///
    /// # Errors
    /// `supported_versions`, `signature_algorithms` or ALPN is there and broken.
    pub fn new(hello: &'a ClientHello, transport: Transport) -> Result<Self, BrokenExtension> {
        Ok(Self {
            hello,
            transport,
            version: highest_version(hello)?,
            alpn: alpn_characters(hello.alpn()?.and_then(|mut names| names.next()).unwrap_or_default()),
            signature_algorithms: hello.signature_algorithms()?.unwrap_or_default(),
        })
    }

    /// JA4: ciphers and extensions sorted, so that shuffling does not change it; resumption does.
    pub fn ja4(&self) -> Ja4Hash {
        self.hash(Form::Sorted)
    }

    /// JA4_o: in wire order, SNI and ALPN kept in the extension hash.
    pub fn ja4_o(&self) -> Ja4Hash {
        self.hash(Form::Wire)
    }

    /// `ja4s1`, our own: as [`Ja4::ja4`] without the extensions `pre_shared_key`, `session_ticket`, `padding` and
    /// `early_data`, neither counted nor hashed. It stays the same when a session is resumed. Compare it only with
    /// other `ja4s1`.
    pub fn ja4s1(&self) -> Ja4Hash {
        self.hash(Form::Stable)
    }

    /// JA4_r: the text behind [`Ja4::ja4`].
    pub fn ja4_r(&self) -> Ja4Text<'_> {
        Ja4Text {
            ja4: self,
            form: Form::Sorted,
        }
    }

    /// JA4_ro: the text behind [`Ja4::ja4_o`].
    pub fn ja4_ro(&self) -> Ja4Text<'_> {
        Ja4Text {
            ja4: self,
            form: Form::Wire,
        }
    }

    /// `ja4s1_r`: the text behind [`Ja4::ja4s1`].
    pub fn ja4s1_r(&self) -> Ja4Text<'_> {
        Ja4Text {
            ja4: self,
            form: Form::Stable,
        }
    }

    fn hash(&self, form: Form) -> Ja4Hash {
        let offer = self.offer(form);
        let b = hash_or_zeros(offer.ciphers.is_empty(), || {
            short_hash(|digest| offer.put_ciphers(digest))
        });
        let c = hash_or_zeros(offer.shown_extensions().next().is_none(), || {
            short_hash(|digest| offer.put_rest(digest))
        });
        Ja4Hash(Ascii::from_parts([
            offer.a().as_slice(),
            b"_",
            b.as_bytes(),
            b"_",
            c.as_bytes(),
        ]))
    }

    /// Reads both lists once; each is looked at several times.
    fn offer(&self, form: Form) -> Offer<'_> {
        let counts = |code: &ExtensionType| match form {
            Form::Sorted | Form::Wire => !code.is_grease(),
            Form::Stable => !code.is_grease() && !is_passing(*code),
        };
        let ciphers = self.hello.cipher_suites().iter().map(u16::from);
        let extensions = self.hello.extensions().map(|extension| extension.code);
        Offer {
            ja4: self,
            form,
            ciphers: ciphers.filter(|code| !is_grease(*code)).collect(),
            extensions: extensions.filter(counts).map(u16::from).collect(),
        }
    }
}

/// What a form of JA4 shows of a hello.
struct Offer<'a> {
    ja4: &'a Ja4<'a>,
    form: Form,
    /// The ciphers in wire order.
    ciphers: CodeList,
    /// The extensions that part a counts, in wire order.
    extensions: CodeList,
}

impl Offer<'_> {
    /// Part a.
    fn a(&self) -> [u8; 10] {
        let transport = match self.ja4.transport {
            Transport::Tcp => b't',
            Transport::Quic => b'q',
            Transport::Dtls => b'd',
        };
        let sni = if self.extensions.contains(&ExtensionType::SERVER_NAME.0) {
            b'd'
        } else {
            b'i'
        };
        let [version, release] = version_characters(self.ja4.version);
        let [ciphers, cipher] = two_digits(self.ciphers.len());
        let [extensions, extension] = two_digits(self.extensions.len());
        let [first, last] = self.ja4.alpn;
        [
            transport, version, release, sni, ciphers, cipher, extensions, extension, first, last,
        ]
    }

    /// The extensions that part c shows.
    fn shown_extensions(&self) -> impl Iterator<Item = u16> {
        let form = self.form;
        let shows = move |code: &u16| match form {
            Form::Sorted | Form::Stable => {
                !matches!(ExtensionType(*code), ExtensionType::SERVER_NAME | ExtensionType::ALPN)
            }
            Form::Wire => true,
        };
        self.extensions.iter().copied().filter(shows)
    }

    fn put_ciphers<S: Sink>(&self, out: &mut S) -> Result<(), S::Error> {
        put_in_order(self.form, self.ciphers.iter().copied(), out)
    }

    fn put_rest<S: Sink>(&self, out: &mut S) -> Result<(), S::Error> {
        let mut signatures = self
            .ja4
            .signature_algorithms
            .iter()
            .map(u16::from)
            .filter(|code| !is_grease(*code))
            .peekable();
        put_in_order(self.form, self.shown_extensions(), out)?;
        if signatures.peek().is_some() {
            out.put(b"_")?;
        }
        put_hex(out, signatures)
    }
}

/// The text behind a [`Ja4Hash`], through `Display`: part a, ciphers, extensions and signature algorithms, joined by
/// underscores.
#[derive(Clone, Copy, Debug)]
pub struct Ja4Text<'a> {
    ja4: &'a Ja4<'a>,
    form: Form,
}

impl fmt::Display for Ja4Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offer = self.ja4.offer(self.form);
        gathered(f, |out| {
            out.put(&offer.a())?;
            out.put(b"_")?;
            offer.put_ciphers(out)?;
            out.put(b"_")?;
            offer.put_rest(out)
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Sorted,
    Wire,
    Stable,
}

fn put_in_order<S: Sink>(form: Form, codes: impl Iterator<Item = u16>, out: &mut S) -> Result<(), S::Error> {
    match form {
        Form::Sorted | Form::Stable => sorted(codes, |codes| put_hex(out, codes.iter().copied())),
        Form::Wire => put_hex(out, codes),
    }
}

/// JA4.md: an empty list is not hashed.
fn hash_or_zeros(is_empty: bool, hash: impl FnOnce() -> Ascii<12>) -> Ascii<12> {
    if is_empty { Ascii::ZEROS } else { hash() }
}

/// The highest version in `supported_versions` that is not GREASE, by its number, else `legacy_version`.
pub(super) fn highest_version(hello: &ClientHello) -> Result<ProtocolVersion, BrokenExtension> {
    let versions = hello.supported_versions()?.unwrap_or_default();
    Ok(versions
        .iter()
        .filter(|version| !version.is_grease())
        .max()
        .unwrap_or(hello.legacy_version()))
}

const fn version_characters(version: ProtocolVersion) -> [u8; 2] {
    *match version {
        ProtocolVersion::TLS_1_3 => b"13",
        ProtocolVersion::TLS_1_2 => b"12",
        ProtocolVersion::TLS_1_1 => b"11",
        ProtocolVersion::TLS_1_0 => b"10",
        ProtocolVersion::SSL_3 => b"s3",
        ProtocolVersion::SSL_2 => b"s2",
        ProtocolVersion::DTLS_1_0 => b"d1",
        ProtocolVersion::DTLS_1_2 => b"d2",
        ProtocolVersion::DTLS_1_3 => b"d3",
        _ => b"00",
    }
}

/// A count, which stops at 99.
fn two_digits(count: usize) -> [u8; 2] {
    let count = u8::try_from(count).map_or(99, |count| count.min(99));
    [b'0' + count / 10, b'0' + count % 10]
}

/// First and last character of the protocol offered first; hex digits when either is not alphanumeric.
const fn alpn_characters(name: &[u8]) -> [u8; 2] {
    match name {
        [] => *b"00",
        [first, .., last] if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() => [*first, *last],
        [only] if only.is_ascii_alphanumeric() => [*only, *only],
        [only] => [hex_digit(*only >> 4), hex_digit(*only)],
        [first, .., last] => [hex_digit(*first >> 4), hex_digit(*last)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alpn_characters_follow_the_table_of_the_specification() {
        let table: [(&[u8], &[u8; 2]); 12] = [
            (b"", b"00"),
            (b"h2", b"h2"),
            (b"http/1.1", b"h1"),
            (b"h", b"hh"),
            (&[0xab], b"ab"),
            (&[0xab, 0xcd], b"ad"),
            (&[0x30, 0xab], b"3b"),
            (&[0x61, 0x20], b"60"),
            (&[0x30, 0x31, 0xab, 0xcd], b"3d"),
            (&[0x30, 0xab, 0xcd, 0x31], b"01"),
            (b" ", b"20"),
            (&[0x0a, 0x0a], b"0a"),
        ];
        for (name, characters) in table {
            assert_eq!(&alpn_characters(name), characters, "{name:02x?}");
        }
    }

    #[test]
    fn counts_stop_at_99() {
        assert_eq!(
            [0, 7, 99, 100, 255, 256, 32_767].map(two_digits),
            [*b"00", *b"07", *b"99", *b"99", *b"99", *b"99", *b"99"]
        );
    }
}
