//! What a rule can ask for, by its stable name.

use super::super::Class;
use crate::compare::{Agreement, Code};
use crate::evidence::NetworkTag;
use crate::memory::sources::Pressure;

/// A piece of evidence that is text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// `ja3`
    Ja3,
    /// `ja3n`
    Ja3n,
    /// `ja4`
    Ja4,
    /// `ja4s1`
    Ja4s1,
    /// `h2`: the HTTP/2 opening.
    H2,
    /// `h2_md5`: its MD5.
    H2Md5,
    /// `tcp`: the SYN's signature.
    Tcp,
    /// `os`: the system that wrote the SYN.
    Os,
    /// `mss_class`
    MssClass,
    /// `lp1`: the combined fingerprint.
    Lp1,
    /// `lp1_tcp`: its part of TCP.
    Lp1Tcp,
    /// `lp1_tls`: its part of TLS.
    Lp1Tls,
    /// `lp1_http`: its part of HTTP.
    Lp1Http,
    /// `order`: the digest of the header order.
    Order,
    /// `h1_case`
    H1Case,
    /// `protocol`: `HTTP/1.1`, `HTTP/2`.
    Protocol,
    /// `tls_version`
    TlsVersion,
    /// `tls_source`
    TlsSource,
    /// `sni`, in any case.
    Sni,
    /// `network`: the tags of the client's networks.
    Network,
    /// `method`
    Method,
    /// `host`: without its port, in any case.
    Host,
    /// `path`: in its form (see [`super::super::path`]), without its query, in any case.
    Path,
    /// `route`: the name of the route.
    Route,
    /// `class`: the route's class.
    Class,
    /// `agreement`
    Agreement,
    /// `reason`: the codes of all findings.
    Reason,
    /// `product`: the User-Agent's product.
    Product,
    /// `kind`: what kind of client the User-Agent names.
    Kind,
    /// `platform`: the User-Agent's platform.
    Platform,
    /// `engine`: the User-Agent's engine.
    Engine,
    /// `device`: the User-Agent's device.
    Device,
    /// `hint_brand`: the brand in the Client Hints.
    HintBrand,
    /// `hint_platform`: the platform in the Client Hints.
    HintPlatform,
    /// `client`: the client that was recognised.
    Client,
    /// `tls_client`: the client that the TLS is from.
    TlsClient,
    /// `h2_client`: the client that the HTTP/2 is from.
    H2Client,
    /// `crawler`: the crawler that was verified.
    Crawler,
}

impl Field {
    /// All of them.
    pub const ALL: [Self; 38] = [
        Self::Ja3,
        Self::Ja3n,
        Self::Ja4,
        Self::Ja4s1,
        Self::H2,
        Self::H2Md5,
        Self::Tcp,
        Self::Os,
        Self::MssClass,
        Self::Lp1,
        Self::Lp1Tcp,
        Self::Lp1Tls,
        Self::Lp1Http,
        Self::Order,
        Self::H1Case,
        Self::Protocol,
        Self::TlsVersion,
        Self::TlsSource,
        Self::Sni,
        Self::Network,
        Self::Method,
        Self::Host,
        Self::Path,
        Self::Route,
        Self::Class,
        Self::Agreement,
        Self::Reason,
        Self::Product,
        Self::Kind,
        Self::Platform,
        Self::Engine,
        Self::Device,
        Self::HintBrand,
        Self::HintPlatform,
        Self::Client,
        Self::TlsClient,
        Self::H2Client,
        Self::Crawler,
    ];

    /// Those that are known before HTTP: what a rule for connections can ask for.
    pub const OF_CONNECTION: [Self; 13] = [
        Self::Ja3,
        Self::Ja3n,
        Self::Ja4,
        Self::Ja4s1,
        Self::Tcp,
        Self::Os,
        Self::MssClass,
        Self::Lp1Tcp,
        Self::Lp1Tls,
        Self::Sni,
        Self::Network,
        Self::Reason,
        Self::TlsClient,
    ];

    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ja3 => "ja3",
            Self::Ja3n => "ja3n",
            Self::Ja4 => "ja4",
            Self::Ja4s1 => "ja4s1",
            Self::H2 => "h2",
            Self::H2Md5 => "h2_md5",
            Self::Tcp => "tcp",
            Self::Os => "os",
            Self::MssClass => "mss_class",
            Self::Lp1 => "lp1",
            Self::Lp1Tcp => "lp1_tcp",
            Self::Lp1Tls => "lp1_tls",
            Self::Lp1Http => "lp1_http",
            Self::Order => "order",
            Self::H1Case => "h1_case",
            Self::Protocol => "protocol",
            Self::TlsVersion => "tls_version",
            Self::TlsSource => "tls_source",
            Self::Sni => "sni",
            Self::Network => "network",
            Self::Method => "method",
            Self::Host => "host",
            Self::Path => "path",
            Self::Route => "route",
            Self::Class => "class",
            Self::Agreement => "agreement",
            Self::Reason => "reason",
            Self::Product => "product",
            Self::Kind => "kind",
            Self::Platform => "platform",
            Self::Engine => "engine",
            Self::Device => "device",
            Self::HintBrand => "hint_brand",
            Self::HintPlatform => "hint_platform",
            Self::Client => "client",
            Self::TlsClient => "tls_client",
            Self::H2Client => "h2_client",
            Self::Crawler => "crawler",
        }
    }

    /// Whether case does not matter: names of hosts have none, and paths have none for many servers.
    pub const fn ignores_case(self) -> bool {
        matches!(self, Self::Sni | Self::Host | Self::Path)
    }

    /// All values that it can have, where that is a closed list.
    pub fn words(self) -> Option<Vec<&'static str>> {
        Some(match self {
            Self::Network => NetworkTag::ALL.map(NetworkTag::as_str).to_vec(),
            Self::Class => Class::ALL.map(Class::as_str).to_vec(),
            Self::Agreement => Agreement::ALL.map(Agreement::as_str).to_vec(),
            Self::Reason => Code::ALL.map(Code::as_str).to_vec(),
            _ => return None,
        })
    }

    /// How few requests a value of it says anything of, as a rank; the fewest are 0. What is chosen to find a rule by.
    pub(super) const fn spread(self) -> u8 {
        match self {
            Self::Ja3
            | Self::Ja3n
            | Self::Ja4
            | Self::Ja4s1
            | Self::H2
            | Self::H2Md5
            | Self::Tcp
            | Self::Lp1
            | Self::Lp1Tcp
            | Self::Lp1Tls
            | Self::Lp1Http
            | Self::Order => 0,
            Self::Path | Self::Crawler => 2,
            Self::Host | Self::Sni | Self::Route => 3,
            Self::Client | Self::TlsClient | Self::H2Client | Self::Product | Self::HintBrand | Self::Reason => 4,
            Self::Os | Self::Platform | Self::HintPlatform | Self::Engine | Self::Kind | Self::Device => 5,
            Self::MssClass
            | Self::H1Case
            | Self::Protocol
            | Self::TlsVersion
            | Self::TlsSource
            | Self::Network
            | Self::Method
            | Self::Class
            | Self::Agreement => 6,
        }
    }
}

/// The rank of a client's address, as in [`Field::spread`].
pub(super) const SPREAD_OF_ADDRESSES: u8 = 1;

/// A piece of evidence that is a whole number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Number {
    /// `l4`: the score of Layer 4, 0 to 100.
    L4,
    /// `l7`: the score of Layer 7, 0 to 100.
    L7,
    /// `score`: the higher of the two.
    Score,
    /// `hops`: routers between the client and us.
    Hops,
    /// `rtt_us`: the round trip of TCP, in microseconds.
    RttUs,
    /// `rtt_gap_us`: how much longer the one of TLS is, in microseconds.
    RttGapUs,
    /// `source_connections`: connections that the source has brought of late.
    SourceConnections,
    /// `source_without_request`: those that brought no request.
    SourceWithoutRequest,
    /// `source_unfinished`: those of them whose handshake was not finished.
    SourceUnfinished,
    /// `family_connections`: connections that came of late, from anywhere, with a SYN of the same system.
    FamilyConnections,
    /// `family_without_request`: those that brought no request.
    FamilyWithoutRequest,
    /// `family_unfinished`: those of them whose handshake was not finished.
    FamilyUnfinished,
    /// `forged`: headers of the request that are ours to set.
    Forged,
    /// `version`: the major version of the User-Agent's product.
    Version,
    /// `clearance`: how hard the challenge was that the client has passed.
    Clearance,
}

impl Number {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::L4,
        Self::L7,
        Self::Score,
        Self::Hops,
        Self::RttUs,
        Self::RttGapUs,
        Self::SourceConnections,
        Self::SourceWithoutRequest,
        Self::SourceUnfinished,
        Self::FamilyConnections,
        Self::FamilyWithoutRequest,
        Self::FamilyUnfinished,
        Self::Forged,
        Self::Version,
        Self::Clearance,
    ];

    /// Those that are known before HTTP.
    pub const OF_CONNECTION: [Self; 8] = [
        Self::Hops,
        Self::RttUs,
        Self::SourceConnections,
        Self::SourceWithoutRequest,
        Self::SourceUnfinished,
        Self::FamilyConnections,
        Self::FamilyWithoutRequest,
        Self::FamilyUnfinished,
    ];

    /// Those that tell what the source of a connection has brought before.
    pub const OF_SOURCE: [Self; 6] = [
        Self::SourceConnections,
        Self::SourceWithoutRequest,
        Self::SourceUnfinished,
        Self::FamilyConnections,
        Self::FamilyWithoutRequest,
        Self::FamilyUnfinished,
    ];

    /// It, where it tells what a source has brought; none of a family where there is no SYN, and where it tells something else.
    pub fn of_source(self, pressure: &Pressure) -> Option<u64> {
        let family = pressure.family;
        let count = match self {
            Self::SourceConnections => Some(pressure.source.connections),
            Self::SourceWithoutRequest => Some(pressure.source.without_request),
            Self::SourceUnfinished => Some(pressure.source.unfinished),
            Self::FamilyConnections => family.map(|family| family.connections),
            Self::FamilyWithoutRequest => family.map(|family| family.without_request),
            Self::FamilyUnfinished => family.map(|family| family.unfinished),
            Self::L4
            | Self::L7
            | Self::Score
            | Self::Hops
            | Self::RttUs
            | Self::RttGapUs
            | Self::Forged
            | Self::Version
            | Self::Clearance => None,
        };
        count.map(u64::from)
    }

    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::L4 => "l4",
            Self::L7 => "l7",
            Self::Score => "score",
            Self::Hops => "hops",
            Self::RttUs => "rtt_us",
            Self::RttGapUs => "rtt_gap_us",
            Self::SourceConnections => "source_connections",
            Self::SourceWithoutRequest => "source_without_request",
            Self::SourceUnfinished => "source_unfinished",
            Self::FamilyConnections => "family_connections",
            Self::FamilyWithoutRequest => "family_without_request",
            Self::FamilyUnfinished => "family_unfinished",
            Self::Forged => "forged",
            Self::Version => "version",
            Self::Clearance => "clearance",
        }
    }
}

/// What some rules ask for, and so what has to be known before they can be tried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The texts.
    pub texts: std::collections::BTreeSet<Field>,
    /// The numbers.
    pub numbers: std::collections::BTreeSet<Number>,
    /// Whether the client's address is.
    pub client_ip: bool,
}
