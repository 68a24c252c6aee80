//! What leaves the filter: headers for the upstream, one JSON line for the access log. Both are contracts; see DESIGN.

pub mod answer;
pub mod headers;
pub mod line;
pub mod recorded;
pub mod subject;

use crate::challenge::{Clearance, Event};
use crate::clients::catalogue::Catalogue;
use crate::clients::crawlers::Verification;
use crate::clients::layer4::Layer4;
use crate::clients::shown::Shown;
use crate::compare::{Assessment, Channel, Finding, Own, View};
use crate::evidence::forwarded::Forwarded;
use crate::evidence::{Evidence, Facts, NetworkTags, Reason, Says};
use crate::fingerprint::client::ConnectionPrint;
use crate::fingerprint::combined::Lp1;
use crate::fingerprint::order::HeaderOrder;
use crate::memory::sources::Pressure;
use crate::policy::Decision;

/// All that was seen of one request.
#[derive(Clone, Copy, Debug)]
pub struct Observed<'a> {
    /// What it asks for.
    pub target: Target<'a>,
    /// What the proxy knows of its connection.
    pub facts: &'a Facts,
    /// The fingerprints of its connection.
    pub print: &'a ConnectionPrint,
    /// What is known of clients.
    pub catalogue: &'a Catalogue,
    /// Who its connection's client looks like.
    pub shown: &'a Shown,
    /// What its connection shows below TLS, as far as it is its client's own.
    pub layer4: &'a Layer4,
    /// Its own header order.
    pub order: &'a Evidence<HeaderOrder>,
    /// What it claims to come from, and the values of the headers that are compared.
    pub said: &'a dyn Says,
    /// Whether it is the crawler that it claims to be.
    pub crawler: Verification<'a>,
    /// Who is at the other end of its connection.
    pub channel: Channel,
    /// The way that it took, as far as that is known.
    pub way: &'a Forwarded,
    /// The networks that its client is in.
    pub networks: NetworkTags,
    /// What the source of its connection has brought so far.
    pub of_source: Option<&'a Pressure>,
    /// How many headers it brought that are ours to set.
    pub forged: usize,
    /// Its headers as they came, ours among them that were forged.
    pub fields: &'a [(String, Vec<u8>)],
    /// What it and those before it show together.
    pub remembered: &'a [Finding],
    /// What it shows of challenges that were passed.
    pub clearance: Clearance,
}

/// What a request asks for: bytes, as the client sent them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Target<'a> {
    /// The method.
    pub method: &'a [u8],
    /// The host, perhaps with a port.
    pub host: &'a [u8],
    /// The path with its query.
    pub path: &'a [u8],
}

/// All that is known of one request, at the moment it is annotated.
#[derive(Clone, Copy, Debug)]
pub struct Annotation<'a> {
    /// What was seen.
    pub observed: &'a Observed<'a>,
    /// What the layers say.
    pub assessment: &'a Assessment,
    /// What follows.
    pub decision: &'a Decision,
    /// What happened with challenges.
    pub event: Option<Event>,
}

impl<'a> Observed<'a> {
    /// The part of it that is compared. The order in which a proxy wrote the headers is not the client's.
    pub fn view(&self) -> View<'a> {
        let order = match self.channel {
            Channel::Relayed => Evidence::Missing(Reason::Relayed),
            Channel::Secure | Channel::Cleartext => self.order.as_ref(),
        };
        View {
            claims: self.said.claims(),
            sent: self.said.sent(),
            protocol: self.facts.protocol.clone(),
            channel: self.channel,
            tls: self.shown.tls.as_ref(),
            http2: self.shown.http2.as_ref(),
            case: self.print.case.clone(),
            order,
            stack: self.layer4.stack.as_ref(),
            mss_class: self.layer4.tcp.seen().and_then(|tcp| tcp.mss_class),
            rtt_gap: self.layer4.transport.rtt_gap(),
            networks: self.networks,
            own: self.own(),
        }
    }

    /// What is the request's own, and not that of all which send the same headers over its connection.
    pub const fn own(&self) -> Own<'a> {
        Own {
            crawler: self.crawler,
            forged: self.forged,
            remembered: self.remembered,
        }
    }

    /// Its combined fingerprint.
    pub fn lp1(&self) -> Lp1 {
        Lp1 {
            tcp: self.layer4.part(),
            ..self.print.lp1
        }
    }
}
