//! A ClientHello that was read to its end, and its fields as they stood on the wire. Refuses a message whose lengths do
//! not add up, one with an extension twice, and a session id above 32 bytes; the bodies of extensions are looked into
//! on demand (`extensions.rs`).

use super::codes::{CipherSuite, ExtensionType, ProtocolVersion};
use super::handshake::{MAX_CLIENT_HELLO, Message};
use super::lists::{Codes, Extension, Extensions};
use super::records::ClientHelloParser;
use crate::wire::hex::{self, NotHex};
use crate::wire::{Progress, Reader, Short};

/// Why bytes that began as TLS are no ClientHello.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HelloError {
    /// A record's version has another first byte than 3 (after the first record: before it, the bytes are not TLS).
    RecordVersion,
    /// A record announces more than 2^14 bytes (RFC 8446 §5.1: `record_overflow`).
    RecordTooLong,
    /// A handshake record without content, which RFC 8446 §5.1 forbids.
    EmptyFragment,
    /// Another record type before the message was whole, which RFC 8446 §5.1 forbids.
    Interleaved,
    /// The first handshake message is of another type.
    NotClientHello,
    /// The message announces more than [`MAX_CLIENT_HELLO`] bytes.
    TooLarge,
    /// The record goes on behind the message: a client has nothing to say there before the server answers (RFC 8446
    /// §5.1).
    MessageAfter,
    /// The message ends inside a field.
    Short,
    /// Bytes are left behind the last field.
    Trailing,
    /// `session_id` above 32 bytes (RFC 5246 §7.4.1.2, RFC 8446 §4.1.2).
    SessionIdTooLong,
    /// `cipher_suites` of an odd length.
    HalfCipherSuite,
    /// An extension type twice, which RFC 8446 §4.2 forbids. No server goes on with such a hello, and tools disagree on
    /// which of the two counts: no fingerprint is better than an arbitrary one.
    DuplicateExtension,
    /// Handed over as hex text: another letter than hex digits, or an odd number of them.
    NotHex,
}

impl HelloError {
    /// Whether a bound was met, rather than a rule broken.
    pub const fn is_bound(self) -> bool {
        matches!(self, Self::TooLarge)
    }
}

impl From<Short> for HelloError {
    fn from(Short: Short) -> Self {
        Self::Short
    }
}

impl From<NotHex> for HelloError {
    fn from(error: NotHex) -> Self {
        match error {
            NotHex::Digits => Self::NotHex,
            NotHex::TooLong => Self::TooLarge,
        }
    }
}

/// The most bytes that [`ClientHello::read_raw_or_hex`] takes: the largest hello in records of any sensible size.
pub const MAX_HANDED_OVER: usize = 2 * MAX_CLIENT_HELLO;

/// A whole ClientHello (RFC 8446 §4.1.2, and RFC 5246 §7.4.1.2 without extensions). It owns the message body in one
/// buffer; all views borrow from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientHello {
    body: Vec<u8>,
    layout: Layout,
}

impl ClientHello {
    /// Reads the start of a connection in one piece: whole TLS records, of which only those that carry the ClientHello
    /// are looked at. [`ClientHelloParser`] does the same for bytes that arrive in pieces.
    pub fn read_records(bytes: &[u8]) -> Progress<Self, HelloError> {
        let mut parser = ClientHelloParser::new();
        parser.push(bytes);
        parser.finish()
    }

    /// Reads what another filter or agent handed over: the start of a connection, as for [`ClientHello::read_records`], or
    /// the same as hex text.
    ///
    /// A handshake record begins with the byte 22, its hex text with the ASCII digit `1`: the first byte tells.
    /// [`HelloError::TooLarge`] over [`MAX_HANDED_OVER`] bytes.
    pub fn read_raw_or_hex(value: &[u8]) -> Progress<Self, HelloError> {
        if value.first().is_some_and(u8::is_ascii_digit) {
            let mut buffer = vec![0; (value.len() / 2).min(MAX_HANDED_OVER)];
            return match hex::decode(value, &mut buffer) {
                Ok(bytes) => Self::read_records(bytes),
                Err(error) => Progress::Malformed(error.into()),
            };
        }
        if value.len() > MAX_HANDED_OVER {
            return Progress::Malformed(HelloError::TooLarge);
        }
        Self::read_records(value)
    }

    /// Reads a handshake message without records, as QUIC's CRYPTO stream carries it (RFC 9001 §4.1.3).
    pub fn read_handshake(mut bytes: &[u8]) -> Progress<Self, HelloError> {
        let mut message = Message::new();
        while message.missing() != Some(0) {
            if bytes.is_empty() {
                return Progress::NeedMore;
            }
            if let Err(error) = message.push(&mut bytes) {
                return Progress::Malformed(error);
            }
        }
        match message.finish() {
            Ok(hello) => Progress::Done(hello),
            Err(error) => Progress::Malformed(error),
        }
    }

    /// Reads the body of the message, without the four bytes of the handshake header.
    ///
    /// # Errors
    /// `TooLarge`, and the [`HelloError`]s from `Short` on.
    pub fn from_body(body: Vec<u8>) -> Result<Self, HelloError> {
        if body.len() > MAX_CLIENT_HELLO {
            return Err(HelloError::TooLarge);
        }
        let layout = Layout::read(&body)?;
        Ok(Self { body, layout })
    }

    /// The message body as it came, without record and handshake headers.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// `legacy_version`: the highest version below TLS 1.3 that the client admits to.
    pub const fn legacy_version(&self) -> ProtocolVersion {
        self.layout.legacy_version
    }

    /// `random`, 32 bytes.
    pub const fn random(&self) -> &[u8; 32] {
        &self.layout.random
    }

    /// `legacy_session_id`, 0 to 32 bytes.
    pub fn session_id(&self) -> &[u8] {
        self.bytes(self.layout.session_id)
    }

    /// `cipher_suites` in wire order, GREASE and signalling values included; may be empty.
    pub fn cipher_suites(&self) -> Codes<'_, CipherSuite> {
        Codes::read(&Reader::new(self.bytes(self.layout.cipher_suites))).unwrap_or_default()
    }

    /// `legacy_compression_methods` in wire order; may be empty.
    pub fn compression_methods(&self) -> &[u8] {
        self.bytes(self.layout.compression_methods)
    }

    /// Whether there is an extension block, be it empty. Hellos of SSL 3 and plain TLS 1.0 have none.
    pub const fn has_extension_block(&self) -> bool {
        self.layout.extensions.is_some()
    }

    /// Every extension in wire order, known or not, GREASE included.
    pub fn extensions(&self) -> Extensions<'_> {
        Extensions::new(self.layout.extensions.map_or(&[], |span| self.bytes(span)))
    }

    /// The body of the extension `code`; `None` when the hello does not have it. No type occurs twice.
    pub fn extension(&self, code: ExtensionType) -> Option<&[u8]> {
        self.extensions()
            .find(|extension| extension.code == code)
            .map(|Extension { body, .. }| body)
    }

    fn bytes(&self, span: Span) -> &[u8] {
        // `Layout::read` took the span from this buffer, which never changes: there is always something to get.
        self.body.get(span.start..span.end).unwrap_or_default()
    }
}

/// Where in the body a vector's content stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    start: usize,
    end: usize,
}

/// The fields of RFC 8446 §4.1.2 `ClientHello`, vectors as spans of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Layout {
    legacy_version: ProtocolVersion,
    random: [u8; 32],
    session_id: Span,
    cipher_suites: Span,
    compression_methods: Span,
    extensions: Option<Span>,
}

impl Layout {
    fn read(body: &[u8]) -> Result<Self, HelloError> {
        // A vector's content ends where the reader stands after it.
        let span = |vector: &Reader<'_>, r: &Reader<'_>| {
            let end = body.len() - r.len();
            Span {
                start: end - vector.len(),
                end,
            }
        };
        Reader::all(body, HelloError::Trailing, |r| {
            let legacy_version = r.u16()?.into();
            let random = r.take(32)?.try_into().map_err(|_| Short)?;
            let session_id = session_id(r)?;
            let session_id = span(&session_id, r);
            let cipher_suites = cipher_suites(r)?;
            let cipher_suites = span(&cipher_suites, r);
            let compression_methods = r.vec8()?;
            let compression_methods = span(&compression_methods, r);
            let extensions = match r.is_empty() {
                true => None,
                false => Some(extensions(r)?),
            };
            let extensions = extensions.map(|list| span(&list, r));
            Ok(Self {
                legacy_version,
                random,
                session_id,
                cipher_suites,
                compression_methods,
                extensions,
            })
        })
    }
}

fn session_id<'a>(r: &mut Reader<'a>) -> Result<Reader<'a>, HelloError> {
    let id = r.vec8()?;
    if id.len() <= 32 {
        Ok(id)
    } else {
        Err(HelloError::SessionIdTooLong)
    }
}

fn cipher_suites<'a>(r: &mut Reader<'a>) -> Result<Reader<'a>, HelloError> {
    let list = r.vec16()?;
    Codes::<CipherSuite>::read(&list).ok_or(HelloError::HalfCipherSuite)?;
    Ok(list)
}

fn extensions<'a>(r: &mut Reader<'a>) -> Result<Reader<'a>, HelloError> {
    let list = r.vec16()?;
    let mut seen = Seen::default();
    Extensions::check(list.clone(), |code| match seen.first_time(code) {
        true => Ok(()),
        false => Err(HelloError::DuplicateExtension),
    })?;
    Ok(list)
}

/// One bit for each extension type: 64 KiB hold 16 384 extensions, too many to compare each with each.
struct Seen([u64; 1024]);

impl Default for Seen {
    fn default() -> Self {
        Self([0; 1024])
    }
}

impl Seen {
    fn first_time(&mut self, code: ExtensionType) -> bool {
        let bit = 1 << (code.0 % 64);
        // 1024 words of 64 bits: every 16-bit code has its word.
        self.0.get_mut(usize::from(code.0 / 64)).is_some_and(|word| {
            let new = *word & bit == 0;
            *word |= bit;
            new
        })
    }
}
