//! The TLS part of our combined fingerprint `lp1`: what the client's TLS library is set up to offer, without what
//! changes from one connection to the next. Refuses a hello of which it needs a part that does not read to its end.

use core::fmt;

use super::ascii::Ascii;
use super::ja4::{highest_version, is_passing};
use super::text::{Sink, gathered, put_hex, short_hash, sorted};
use crate::wire::is_grease;
use crate::wire::tls::{BrokenExtension, ClientHello, Codes, ExtensionType, ProtocolVersion, SignatureScheme};

/// The TLS part of `lp1`, from a ClientHello. `Display` gives the canonical text,
/// `hello:VERSION/CIPHERS/EXTENSIONS/SIGNATURE_ALGORITHMS`: the highest version as four hex digits, then three sorted
/// lists of four hex digits joined by commas.
///
/// Left out: GREASE, SNI, ALPN and ALPS, and the passing extensions that [`Ja4::ja4s1`](super::ja4::Ja4::ja4s1) leaves
/// out. So one client keeps its value across resumption, shuffled extensions, hosts with and without a name, and pages
/// and WebSockets.
#[derive(Clone, Copy, Debug)]
pub struct TlsPart<'a> {
    hello: &'a ClientHello,
    version: ProtocolVersion,
    signature_algorithms: Codes<'a, SignatureScheme>,
}

impl<'a> TlsPart<'a> {
    /// Reads what the part needs.
    ///
    /// # Errors
    /// `supported_versions` or `signature_algorithms` is there and broken.
    pub fn new(hello: &'a ClientHello) -> Result<Self, BrokenExtension> {
        Ok(Self {
            hello,
            version: highest_version(hello)?,
            signature_algorithms: hello.signature_algorithms()?.unwrap_or_default(),
        })
    }

    /// The part as `lp1` shows it: the first twelve hex digits of SHA-256 over the canonical text.
    pub fn digest(&self) -> Ascii<12> {
        short_hash(|digest| self.write(digest))
    }

    fn write<S: Sink>(&self, out: &mut S) -> Result<(), S::Error> {
        out.put(b"hello:")?;
        put_hex(out, [self.version.0])?;
        out.put(b"/")?;
        put_sorted(out, self.hello.cipher_suites().iter().map(u16::from))?;
        out.put(b"/")?;
        put_sorted(
            out,
            self.hello
                .extensions()
                .map(|e| e.code)
                .filter(|code| !varies(*code))
                .map(u16::from),
        )?;
        out.put(b"/")?;
        put_sorted(out, self.signature_algorithms.iter().map(u16::from))
    }
}

impl fmt::Display for TlsPart<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        gathered(f, |out| self.write(out))
    }
}

/// Whether the same client sends it to one place and not to another, or now and not then. ALPS goes with ALPN: Chromium
/// sends it where it offers HTTP/2, so on a page's connection but not on that of a WebSocket.
const fn varies(code: ExtensionType) -> bool {
    matches!(
        code,
        ExtensionType::SERVER_NAME
            | ExtensionType::ALPN
            | ExtensionType::APPLICATION_SETTINGS
            | ExtensionType::APPLICATION_SETTINGS_OLD
    ) || is_passing(code)
}

fn put_sorted<S: Sink>(out: &mut S, codes: impl Iterator<Item = u16> + Clone) -> Result<(), S::Error> {
    sorted(codes.filter(|code| !is_grease(*code)), |codes| {
        put_hex(out, codes.iter().copied())
    })
}
