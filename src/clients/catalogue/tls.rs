//! What is known of a client's TLS, and which implementations offer such a ClientHello.
//!
//! Two sources are read: the ClientHello itself, and the texts that a log line keeps of it. Both give the same [`TlsTraits`]. A
//! JA4 that the proxy computed has a sound part a and b, and a part c that changes by itself: part c is never looked at. What only
//! the ClientHello shows (extensions, signature algorithms, GREASE) says nothing where there is a JA4 alone.

use smallvec::SmallVec;

use crate::fingerprint::Ascii;
use crate::fingerprint::digest::sha256_12;
use crate::fingerprint::ja4::{Ja4, Transport};
use crate::wire::is_grease;
use crate::wire::tls::{BrokenExtension, ClientHello};

/// Code points; browsers offer fewer than 20 extensions and 12 signature algorithms.
pub(super) type Codes = SmallVec<[u16; 24]>;

/// The most code points that are read from a text: over what any client offers.
const MAX_CODES: usize = 512;

/// What a client's TLS is told by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsTraits {
    /// JA4's characters of the highest version: `13`.
    pub(super) version: [u8; 2],
    /// JA4's characters of the first protocol: `h2`.
    pub(super) alpn: [u8; 2],
    /// How many ciphers are offered, at most 99.
    pub(super) ciphers: u8,
    /// How many extensions are offered, at most 99.
    pub(super) extensions: u8,
    /// JA4's part b.
    pub(super) cipher_hash: [u8; 12],
    /// What only the ClientHello shows.
    pub(super) offer: Option<Offer>,
}

/// What only the ClientHello shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Offer {
    /// The extensions without SNI and ALPN, sorted.
    pub(super) extensions: Codes,
    /// The signature algorithms, in wire order.
    pub(super) signatures: Codes,
    /// Whether there is GREASE among ciphers, extensions or groups; none when the text does not say.
    pub(super) grease: Option<bool>,
}

impl TlsTraits {
    /// The traits of a ClientHello over TCP.
    ///
    /// # Errors
    /// An extension that they need is there and broken.
    pub fn of_hello(hello: &ClientHello) -> Result<Self, BrokenExtension> {
        let ja4 = Ja4::new(hello, Transport::Tcp)?;
        let extensions = hello.extensions().map(|extension| u16::from(extension.code));
        let mut shown: Codes = extensions
            .filter(|code| !is_grease(*code) && !matches!(*code, 0x0000 | 0x0010))
            .collect();
        shown.sort_unstable();
        let signatures = hello.signature_algorithms()?.unwrap_or_default();
        let offer = Offer {
            extensions: shown,
            signatures: signatures
                .iter()
                .map(u16::from)
                .filter(|code| !is_grease(*code))
                .collect(),
            grease: Some(Self::has_grease(hello)),
        };
        let ja4 = ja4.ja4();
        // A JA4 of our own is always whole.
        Ok(Self::of_parts(ja4.a(), ja4.b(), Some(offer)).unwrap_or(Self::NONE))
    }

    /// Whether the ClientHello has GREASE among its ciphers, extensions or groups: the flag that [`Self::parse`] takes.
    ///
    /// Groups that are broken have none.
    pub fn has_grease(hello: &ClientHello) -> bool {
        let groups = hello.supported_groups().ok().flatten().unwrap_or_default();
        hello.cipher_suites().iter().any(|code| code.is_grease())
            || hello.extensions().any(|extension| extension.code.is_grease())
            || groups.iter().any(|code| is_grease(u16::from(code)))
    }

    /// The traits that texts hold: a JA4, whoever computed it, and, when the ClientHello was seen, JA4_r and whether there was
    /// GREASE. None when `ja4` is no JA4; a `ja4_r` that is none counts as unseen.
    pub fn parse(ja4: &str, ja4_r: Option<&str>, grease: Option<bool>) -> Option<Self> {
        let mut parts = ja4.split('_');
        let (a, b) = (parts.next()?, parts.next()?);
        let offer = ja4_r.and_then(|text| Offer::parse(text, grease));
        Self::of_parts(a, b, offer)
    }

    const NONE: Self = Self {
        version: *b"00",
        alpn: *b"00",
        ciphers: 0,
        extensions: 0,
        cipher_hash: *b"000000000000",
        offer: None,
    };

    fn of_parts(a: &str, b: &str, offer: Option<Offer>) -> Option<Self> {
        let pair = |from: usize| {
            a.as_bytes()
                .get(from..)
                .and_then(|rest| rest.first_chunk::<2>())
                .copied()
        };
        let count = |from: usize| a.get(from..from + 2).and_then(|digits| digits.parse().ok());
        Some(Self {
            version: pair(1)?,
            ciphers: count(4)?,
            extensions: count(6)?,
            alpn: pair(8)?,
            cipher_hash: b.as_bytes().try_into().ok()?,
            offer,
        })
    }

    /// Whether the ClientHello was seen, and not its JA4 alone.
    pub const fn is_whole(&self) -> bool {
        self.offer.is_some()
    }
}

impl Offer {
    /// From JA4_r, `a_CIPHERS_EXTENSIONS_SIGNATURES`; the last may be missing.
    fn parse(ja4_r: &str, grease: Option<bool>) -> Option<Self> {
        let mut parts = ja4_r.split('_').skip(2);
        let mut extensions = codes(parts.next()?)?;
        extensions.sort_unstable();
        Some(Self {
            extensions,
            signatures: codes(parts.next().unwrap_or_default())?,
            grease,
        })
    }
}

/// Four hex digits each, joined by commas; nothing is none of them.
pub(super) fn codes(text: &str) -> Option<Codes> {
    let mut codes = Codes::new();
    if text.is_empty() {
        return Some(codes);
    }
    for digits in text.split(',') {
        if digits.len() != 4 || codes.len() == MAX_CODES {
            return None;
        }
        codes.push(u16::from_str_radix(digits, 16).ok()?);
    }
    Some(codes)
}

/// JA4's part b for a list of ciphers, in any order.
pub(super) fn cipher_hash(ciphers: &mut [u16]) -> [u8; 12] {
    ciphers.sort_unstable();
    let text: Vec<String> = ciphers.iter().map(|code| format!("{code:04x}")).collect();
    match text.is_empty() {
        true => *Ascii::<12>::ZEROS.as_bytes(),
        false => *sha256_12(&text.join(",")).as_bytes(),
    }
}

/// What a ClientHello must be like. Empty lists and absent values ask for nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct TlsShape {
    pub(super) versions: Vec<[u8; 2]>,
    pub(super) alpn: Vec<[u8; 2]>,
    pub(super) cipher_count: Option<[u8; 2]>,
    pub(super) extension_count: Option<[u8; 2]>,
    pub(super) cipher_hashes: Vec<[u8; 12]>,
    pub(super) with: Codes,
    pub(super) without: Codes,
    pub(super) signatures: Vec<Codes>,
    pub(super) grease: Option<bool>,
}

/// Whether traits are of a shape, as far as they are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Yes,
    No,
    /// It asks for what only the ClientHello shows.
    Unseen,
}

impl TlsShape {
    /// Whether `traits` are of this shape.
    pub(super) fn told(&self, traits: &TlsTraits) -> Told {
        let one_of = |wanted: &[[u8; 2]], seen: [u8; 2]| wanted.is_empty() || wanted.contains(&seen);
        let within = |range: Option<[u8; 2]>, count: u8| range.is_none_or(|[low, high]| (low..=high).contains(&count));
        let fits = one_of(&self.versions, traits.version)
            && one_of(&self.alpn, traits.alpn)
            && within(self.cipher_count, traits.ciphers)
            && within(self.extension_count, traits.extensions)
            && (self.cipher_hashes.is_empty() || self.cipher_hashes.contains(&traits.cipher_hash));
        match (&traits.offer, fits) {
            (_, false) => Told::No,
            (Some(offer), true) => self.told_by(offer),
            (None, true) if self.asks_for_hello() => Told::Unseen,
            (None, true) => Told::Yes,
        }
    }

    fn told_by(&self, offer: &Offer) -> Told {
        let has = |code: &u16| offer.extensions.contains(code);
        let fits = self.with.iter().all(has)
            && !self.without.iter().any(has)
            && (self.signatures.is_empty() || self.signatures.contains(&offer.signatures));
        match (self.grease, offer.grease) {
            _ if !fits => Told::No,
            (Some(wanted), Some(seen)) if wanted != seen => Told::No,
            (Some(_), None) => Told::Unseen,
            _ => Told::Yes,
        }
    }

    /// Whether traits fit that may be of this shape. A list of ciphers is enough to go by; without one, the ClientHello is needed.
    pub(super) fn fits(&self, traits: &TlsTraits) -> bool {
        match self.told(traits) {
            Told::Yes => true,
            Told::No => false,
            Told::Unseen => !self.cipher_hashes.is_empty(),
        }
    }

    pub(super) fn asks_for_hello(&self) -> bool {
        !self.with.is_empty() || !self.without.is_empty() || !self.signatures.is_empty() || self.grease.is_some()
    }
}
