//! What belongs to a connection: read once, kept until it closes.

use super::{Evidence, ReportedJa3, ReportedJa4, SourceAddress, Text};

/// What the proxy knows of a connection, read at its first request: before that, the handshake may not be over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The peer's address and port, as the proxy writes it.
    pub source: Evidence<Text>,
    /// The same, read.
    pub peer: Evidence<SourceAddress>,
    /// The version of HTTP.
    pub protocol: Evidence<Protocol>,
    /// The negotiated TLS version, `TLSv1.3`.
    pub tls_version: Evidence<Text>,
    /// The server name that the client asked for.
    pub sni: Evidence<Text>,
    /// The JA3 that the proxy computed.
    pub ja3: Evidence<ReportedJa3>,
    /// The JA4 that the proxy computed.
    pub ja4: Evidence<ReportedJa4>,
}

/// Where what is known of a client's TLS comes from, most trusted first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsSource {
    /// The ClientHello, read from the first bytes of a connection that the proxy does not open.
    Opening,
    /// The ClientHello, handed over in filter state, and read by us.
    FilterState,
    /// The JA3 and JA4 that the proxy computed.
    Proxy,
}

impl TlsSource {
    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::FilterState => "filter-state",
            Self::Proxy => "proxy",
        }
    }
}

/// A version of HTTP, as the proxy names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// `HTTP/1.0`
    Http10,
    /// `HTTP/1.1`
    Http11,
    /// `HTTP/2`
    Http2,
    /// `HTTP/3`
    Http3,
}

impl Protocol {
    /// The version that `name` names.
    pub fn parse(name: &[u8]) -> Option<Self> {
        match name {
            b"HTTP/1.0" => Some(Self::Http10),
            b"HTTP/1.1" => Some(Self::Http11),
            b"HTTP/2" => Some(Self::Http2),
            b"HTTP/3" => Some(Self::Http3),
            _ => None,
        }
    }

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http10 => "HTTP/1.0",
            Self::Http11 => "HTTP/1.1",
            Self::Http2 => "HTTP/2",
            Self::Http3 => "HTTP/3",
        }
    }
}
