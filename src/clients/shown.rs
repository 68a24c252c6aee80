//! Who a connection's client looks like, by what it shows alone: nothing here has heard what it claims.

use super::catalogue::{Catalogue, Likeness, TlsTraits};
use crate::evidence::claims::Kind;
use crate::evidence::{Evidence, Protocol, Reason};
use crate::fingerprint::client::ConnectionPrint;
use crate::fingerprint::ja4::{Ja4, Transport};
use crate::fingerprint::order::HeaderOrder;
use crate::fingerprint::tls::TlsPrint;
use crate::wire::tls::ClientHello;

/// What was recognised of one connection, once, at its first request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// What its TLS looks like.
    pub tls: Evidence<TlsShown>,
    /// Whose HTTP/2 opening it has.
    pub http2: Evidence<Likeness>,
    /// The client that all of it together is, if it is one that the catalogue knows.
    pub client: Option<Client>,
    /// What the traits of its TLS were read from, for the log: none when the ClientHello was not seen.
    pub raw: Option<RawTls>,
}

/// What a connection's TLS looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsShown {
    /// What of the ClientHello the catalogue asks for.
    pub traits: TlsTraits,
    /// Whose it is.
    pub likeness: Likeness,
}

/// A client of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its family's name.
    pub name: Box<str>,
    /// What kind of client that is.
    pub kind: Kind,
}

/// A ClientHello as far as the catalogue asks for it, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawTls {
    /// JA4_r.
    pub ja4_r: Box<str>,
    /// Whether it has GREASE, which JA4_r leaves out.
    pub grease: bool,
}

/// The longest JA4_r that is kept. Browsers' have about 300 bytes.
const MAX_RAW: usize = 1_024;

impl Shown {
    /// Nothing, for this reason.
    pub const fn nothing(reason: Reason) -> Self {
        Self {
            tls: Evidence::Missing(reason),
            http2: Evidence::Missing(reason),
            client: None,
            raw: None,
        }
    }

    /// What the connection with this `hello` and this `print`, whose first request has `order`, shows.
    pub fn of(
        hello: &Evidence<ClientHello>,
        print: &ConnectionPrint,
        order: &Evidence<HeaderOrder>,
        protocol: &Evidence<Protocol>,
        catalogue: &Catalogue,
    ) -> Self {
        let raw = hello.seen().and_then(raw);
        let tls = TlsShown::of(hello, &print.tls, catalogue);
        let http2 = print.http2.as_ref().map(|http2| catalogue.http2(&http2.form));
        let client = client(&tls, &http2, order, protocol, catalogue);
        Self {
            tls,
            http2,
            client,
            raw,
        }
    }
}

impl TlsShown {
    /// What a connection with this `hello` and this `print` of it shows.
    pub fn of(hello: &Evidence<ClientHello>, print: &TlsPrint, catalogue: &Catalogue) -> Evidence<Self> {
        let traits = print.ja4.as_ref().and_then(|ja4| {
            let own = hello.seen().and_then(|hello| TlsTraits::of_hello(hello).ok());
            let traits = own.or_else(|| TlsTraits::parse(ja4.as_str(), None, None));
            Evidence::or_missing(traits, Reason::Malformed)
        });
        traits.map(|traits| Self {
            likeness: catalogue.tls(&traits),
            traits,
        })
    }
}

fn raw(hello: &ClientHello) -> Option<RawTls> {
    let ja4_r = Ja4::new(hello, Transport::Tcp).ok()?.ja4_r().to_string();
    (ja4_r.len() <= MAX_RAW).then(|| RawTls {
        ja4_r: ja4_r.into(),
        grease: TlsTraits::has_grease(hello),
    })
}

fn client(
    tls: &Evidence<TlsShown>,
    http2: &Evidence<Likeness>,
    order: &Evidence<HeaderOrder>,
    protocol: &Evidence<Protocol>,
    catalogue: &Catalogue,
) -> Option<Client> {
    let nothing = Likeness::default();
    let order = match (order, protocol) {
        (Evidence::Seen(order), Evidence::Seen(protocol)) => catalogue.orders(*protocol, None, order.names()),
        _ => nothing,
    };
    let tls = tls.seen().map_or(&nothing, |shown| &shown.likeness);
    let family = catalogue.shown(tls, http2.seen().unwrap_or(&nothing), &order)?;
    Some(Client {
        name: family.name().into(),
        kind: family.kind(),
    })
}
