//! What is compared: one request's evidence, as the filter has it or as a log line tells it.

use super::Finding;
use crate::clients::catalogue::{Catalogue, Likeness};
use crate::clients::crawlers::Verification;
use crate::clients::shown::TlsShown;
use crate::clients::stacks::{Named, Stacks};
use crate::evidence::claims::Claims;
use crate::evidence::{Evidence, Micros, NetworkTags, Protocol, Sent};
use crate::fingerprint::order::{CaseClass, HeaderOrder};
use crate::fingerprint::tcp::MssClass;

/// One request's evidence.
#[derive(Clone, Debug)]
pub struct View<'a> {
    /// What it claims to come from.
    pub claims: &'a Claims<'a>,
    /// The values of the headers that are compared.
    pub sent: &'a Sent<'a>,
    /// The version of HTTP.
    pub protocol: Evidence<Protocol>,
    /// Who speaks TLS to us.
    pub channel: Channel,
    /// What its TLS looks like.
    pub tls: Evidence<&'a TlsShown>,
    /// Whose HTTP/2 opening its connection has.
    pub http2: Evidence<&'a Likeness>,
    /// How its connection's first HTTP/1 request writes its header names.
    pub case: Evidence<CaseClass>,
    /// The order of its headers.
    pub order: Evidence<&'a HeaderOrder>,
    /// Who wrote its connection's SYN.
    pub stack: Evidence<&'a Named>,
    /// What the SYN's MSS says of the path.
    pub mss_class: Option<MssClass>,
    /// How much longer the way to TLS is than the way to TCP.
    pub rtt_gap: Evidence<Micros>,
    /// The networks that its client is in.
    pub networks: NetworkTags,
    /// What is its own.
    pub own: Own<'a>,
}

/// What is one request's own, and not that of all which send the same headers over its connection.
#[derive(Clone, Copy, Debug)]
pub struct Own<'a> {
    /// Whether it is the crawler that it claims to be.
    pub crawler: Verification<'a>,
    /// How many headers it brought that are ours to set.
    pub forged: usize,
    /// What it and those before it show together, which no single one does.
    pub remembered: &'a [Finding],
}

/// Who is at the other end of the connection that brought a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// The client, over TLS or QUIC.
    Secure,
    /// The client, in the clear.
    Cleartext,
    /// A proxy; how the client speaks to that is not seen.
    Relayed,
}

impl Channel {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Secure, Self::Cleartext, Self::Relayed];

    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Secure => "secure",
            Self::Cleartext => "cleartext",
            Self::Relayed => "relayed",
        }
    }
}

/// What is known of clients in general.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Of their TLS and HTTP.
    pub catalogue: &'a Catalogue,
    /// Of their TCP.
    pub stacks: &'a Stacks,
}
