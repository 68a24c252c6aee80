//! All fingerprints of a client's TLS, from the evidence that deserves the most trust: a ClientHello that we read ourselves
//! before a JA3 and a JA4 that the proxy computed. Where there are both and they differ, the proxy's are kept beside ours.
//!
//! A ClientHello that was handed over and is broken stays broken: the proxy's value for it is shown as a difference, and never
//! takes the place of ours.

use super::ascii::Ascii;
use super::combined::{self, Part};
use super::ja3::Ja3;
use super::ja4::{Ja4, Ja4Hash, Transport};
use super::lp1_tls::TlsPart;
use crate::evidence::{Evidence, Facts, Reason, ReportedJa3, ReportedJa4, TlsSource};
use crate::wire::tls::{BrokenExtension, ClientHello};
use core::fmt;

/// The fingerprints of one connection's TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsPrint {
    /// What the others were made from.
    pub source: Evidence<TlsSource>,
    /// JA3, the hash.
    pub ja3: Evidence<Ascii<32>>,
    /// JA3 with the extensions sorted, the hash. The proxy does not compute it.
    pub ja3n: Evidence<Ascii<32>>,
    /// JA4.
    pub ja4: Evidence<Ja4Value>,
    /// The stable form of JA4. The proxy does not compute it.
    pub ja4s1: Evidence<Ja4Hash>,
    /// The TLS part of `lp1`.
    pub part: Part,
    /// The proxy's JA3, when there is ours too and it is another.
    pub other_ja3: Option<ReportedJa3>,
    /// The proxy's JA4, when there is ours too and it is another.
    pub other_ja4: Option<ReportedJa4>,
}

/// A JA4 and who computed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ja4Value {
    /// We did.
    Own(Ja4Hash),
    /// The proxy did: its part c may change from one connection to the next, see [`ReportedJa4`].
    Reported(ReportedJa4),
}

impl Ja4Value {
    /// The whole text.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Own(hash) => hash.as_str(),
            Self::Reported(text) => text.as_str(),
        }
    }
}

impl fmt::Display for Ja4Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TlsPrint {
    /// The fingerprints of `hello`, which came from `source`; where none was handed over, what `facts` say.
    pub fn of(hello: &Evidence<ClientHello>, source: TlsSource, facts: &Facts) -> Self {
        match hello {
            Evidence::Seen(hello) => Self::of_hello(hello, source).beside(facts),
            // Nobody handed one over, or the proxy fails to say: then what it says of it itself is all there is.
            Evidence::Missing(
                Reason::NotProvided | Reason::Cleartext | Reason::OtherProtocol | Reason::ProxyFailure,
            ) => Self::reported(facts),
            absent @ (Evidence::Pending | Evidence::Missing(_)) => Self::without(absent, source).beside(facts),
        }
    }

    /// Nothing was seen, for this reason.
    pub const fn unseen(reason: Reason) -> Self {
        Self {
            source: Evidence::Missing(reason),
            ja3: Evidence::Missing(reason),
            ja3n: Evidence::Missing(reason),
            ja4: Evidence::Missing(reason),
            ja4s1: Evidence::Missing(reason),
            part: Part::ZEROS,
            other_ja3: None,
            other_ja4: None,
        }
    }

    fn of_hello(hello: &ClientHello, source: TlsSource) -> Self {
        let ja4 = whole(Ja4::new(hello, Transport::Tcp));
        Self {
            source: Evidence::Seen(source),
            ja3: whole(Ja3::new(hello)).map(|ja3| ja3.md5()),
            ja3n: whole(Ja3::normalized(hello)).map(|ja3| ja3.md5()),
            ja4: ja4.as_ref().map(|ja4| Ja4Value::Own(ja4.ja4())),
            ja4s1: ja4.map(|ja4| ja4.ja4s1()),
            part: TlsPart::new(hello).map_or(Part::ZEROS, |part| part.digest()),
            other_ja3: None,
            other_ja4: None,
        }
    }

    fn reported(facts: &Facts) -> Self {
        let any = facts.ja3.seen().is_some() || facts.ja4.seen().is_some();
        Self {
            source: if any {
                Evidence::Seen(TlsSource::Proxy)
            } else {
                facts.ja4.absence()
            },
            ja3: facts
                .ja3
                .as_ref()
                .map(|ja3| Ascii::from_parts([ja3.as_str().as_bytes()])),
            ja3n: facts.ja4.absence(),
            ja4: facts.ja4.clone().map(Ja4Value::Reported),
            ja4s1: facts.ja4.absence(),
            part: facts.ja4.seen().map_or(Part::ZEROS, combined::tls_part_of_reported),
            other_ja3: None,
            other_ja4: None,
        }
    }

    fn without(absent: &Evidence<ClientHello>, source: TlsSource) -> Self {
        Self {
            source: Evidence::Seen(source),
            ja3: absent.absence(),
            ja3n: absent.absence(),
            ja4: absent.absence(),
            ja4s1: absent.absence(),
            part: Part::ZEROS,
            other_ja3: None,
            other_ja4: None,
        }
    }

    /// Ours, with the proxy's beside them where they differ.
    fn beside(mut self, facts: &Facts) -> Self {
        let ja3 = self.ja3.seen().map(Ascii::as_str);
        self.other_ja3 = facts.ja3.seen().filter(|other| Some(other.as_str()) != ja3).copied();
        let ja4 = self.ja4.seen().map(Ja4Value::as_str);
        self.other_ja4 = facts.ja4.seen().filter(|other| Some(other.as_str()) != ja4).cloned();
        self
    }
}

/// There is no fingerprint of a hello in which an extension that it needs does not read to its end.
fn whole<T>(value: Result<T, BrokenExtension>) -> Evidence<T> {
    Evidence::or_missing(value.ok(), Reason::Malformed)
}
