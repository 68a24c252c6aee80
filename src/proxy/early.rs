//! A connection when it is accepted, before its first byte: what filter state and the peer's address say of it, and what the policy
//! makes of that. A connection that is closed here has cost no handshake.
//!
//! No TLS property is read: the handshake has not happened, and the proxy would remember its wrong answer for the connection's
//! life. JA3, JA4 and the ClientHello are filter state, put there by listener filters. What no rule asks for is not read; what
//! is read is kept, and not read again at the first request.

use super::facts;
use super::plugin::Plugin;
use super::pressure::met;
use super::transport;
use crate::annotate::line;
use crate::clients::crawlers::Verification;
use crate::clients::layer4::{Layer4, Owner};
use crate::clients::shown::TlsShown;
use crate::clients::stacks::Named;
use crate::compare::{Channel, Finding, Own, View, compare_connection};
use crate::evidence::claims::Claims;
use crate::evidence::{
    Evidence, Facts, NetworkTag, NetworkTags, Reason, ReportedJa3, ReportedJa4, Rtt, Sent, SourceAddress, Text,
    TlsSource, Transport,
};
use crate::fingerprint::Ascii;
use crate::fingerprint::combined::Part;
use crate::fingerprint::tcp::TcpPrint;
use crate::fingerprint::tls::{Ja4Value, TlsPrint};
use crate::host::Host;
use crate::memory::sources::{Awaited, Met, Pressure};
use crate::policy::connection::ConnectionDecision;
use crate::policy::rules::{Field, Number, Subject};
use crate::wire::syn::Syn;
use crate::wire::tls::ClientHello;
use core::net::IpAddr;
use std::cell::OnceCell;
use std::time::Duration;

/// What was read early, until it is wanted again.
#[derive(Debug, Default)]
pub struct Early {
    /// The peer's address and port.
    pub(super) source: Kept<Text>,
    /// The SYN.
    pub(super) syn: Kept<Syn>,
    /// The round-trip time.
    pub(super) rtt: Kept<Rtt>,
    /// The proxy's JA3.
    pub(super) ja3: Kept<ReportedJa3>,
    /// The proxy's JA4.
    pub(super) ja4: Kept<ReportedJa4>,
    /// The ClientHello.
    pub(super) hello: Kept<ClientHello>,
}

/// A piece of evidence that may have been read.
#[derive(Debug)]
pub(super) struct Kept<T>(Option<T>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Kept<T> {
    /// Keeps what was seen. What was not may come yet: it is asked for again.
    fn of(evidence: Evidence<T>) -> Self {
        match evidence {
            Evidence::Seen(value) => Self(Some(value)),
            Evidence::Pending | Evidence::Missing(_) => Self(None),
        }
    }

    /// Hands it out, or what `read` gives.
    pub(super) fn take_or(&mut self, read: impl FnOnce() -> Evidence<T>) -> Evidence<T> {
        self.0.take().map_or_else(read, Evidence::Seen)
    }
}

/// A connection of which nothing but this is known.
pub(super) struct Accepted<'h, H> {
    host: &'h H,
    plugin: &'h Plugin,
    source: Evidence<Text>,
    peer: Evidence<SourceAddress>,
    networks: NetworkTags,
    transport: Transport,
    layer4: Layer4,
    tls: OnceCell<Tls>,
    now: OnceCell<Option<Duration>>,
    pressure: OnceCell<Option<Pressure>>,
}

/// What it shows of its TLS.
struct Tls {
    facts: Facts,
    hello: Evidence<ClientHello>,
    print: TlsPrint,
}

impl<'h, H: Host> Accepted<'h, H> {
    /// Reads what every policy asks for.
    pub(super) fn read(host: &'h H, plugin: &'h Plugin) -> Self {
        let source = facts::source(host);
        let peer = facts::peer(&source);
        let transport = transport::early(host);
        let layer4 = Layer4::of(transport.clone(), &plugin.tables.stacks);
        let owner = Owner::of_connection(&peer);
        let layer4 = layer4.without_others(owner, &peer).unwrap_or(layer4);
        let mut accepted = Self {
            host,
            plugin,
            source,
            peer,
            networks: NetworkTags::default(),
            transport,
            layer4,
            tls: OnceCell::new(),
            now: OnceCell::new(),
            pressure: OnceCell::new(),
        };
        if let Evidence::Seen(ip) = accepted.client_ip() {
            accepted.networks = plugin.config.networks.tags(ip);
        }
        accepted
    }

    /// What the policy makes of it.
    pub(super) fn decide(&self) -> ConnectionDecision {
        let (claims, sent) = (Claims::of([]), Sent::of([]));
        let unseen = Reason::NotProvided;
        let flood = self.flood();
        let view = View {
            claims: &claims,
            sent: &sent,
            protocol: Evidence::Pending,
            channel: Channel::Secure,
            tls: Evidence::Missing(unseen),
            http2: Evidence::Pending,
            case: Evidence::Pending,
            order: Evidence::Pending,
            stack: self.layer4.stack.as_ref(),
            mss_class: self.layer4.tcp.seen().and_then(|tcp| tcp.mss_class),
            rtt_gap: self.layer4.transport.rtt_gap(),
            networks: self.networks,
            own: Own {
                crawler: Verification::NotClaimed,
                forged: 0,
                remembered: flood.as_slice(),
            },
        };
        let policy = &self.plugin.config.connection.policy;
        policy.decide(self, &compare_connection(&view))
    }

    /// Counts it as one that goes on, if anybody looks.
    pub(super) fn wait(&self) -> Awaited {
        let met = self.met();
        met.map_or(Awaited::No, |met| self.plugin.await_source(self.host, met))
    }

    /// The line of a connection that ends here, with what was decided on it.
    pub(super) fn line(&self, decision: &ConnectionDecision) -> String {
        let Tls { facts, print, .. } = self.tls();
        line::of_connection(facts, &self.layer4, print, Some(decision))
    }

    /// What was read, to be kept.
    pub(super) fn into_early(self) -> Early {
        let mut early = Early {
            source: Kept::of(self.source),
            syn: Kept::of(self.transport.syn),
            rtt: Kept::of(self.transport.rtt),
            ..Early::default()
        };
        if let Some(Tls { facts, hello, .. }) = self.tls.into_inner() {
            early.ja3 = Kept::of(facts.ja3);
            early.ja4 = Kept::of(facts.ja4);
            early.hello = Kept::of(hello);
        }
        early
    }

    fn tls(&self) -> &Tls {
        self.tls.get_or_init(|| {
            let (facts, hello) = facts::read_accepted(self.host, self.source.clone(), self.peer.clone());
            let print = TlsPrint::of(&hello, TlsSource::FilterState, &facts);
            Tls { facts, hello, print }
        })
    }

    /// The connection, as its source is counted by it.
    fn met(&self) -> Option<Met<'_>> {
        let now = (*self.now.get_or_init(|| self.host.now().ok()))?;
        met(&self.peer, self.layer4.own_stack(&self.peer), now)
    }

    /// What its source has brought before it; none where that is not known.
    fn pressure(&self) -> Option<&Pressure> {
        let read = || self.plugin.source_before(self.host, self.met()?);
        self.pressure.get_or_init(read).as_ref()
    }

    /// That its source is a flood, where that changes anything. What a proxy in front connects with is none of its clients' doing.
    fn flood(&self) -> Option<Finding> {
        if !self.plugin.looks_for_floods || self.plugin.config.forwarded.hops > 0 {
            return None;
        }
        self.pressure()?.flood_on(self.networks)
    }

    fn text<T>(of: &Evidence<T>, text: impl FnOnce(&T) -> &str, take: &mut dyn FnMut(&str)) -> Evidence<()> {
        of.as_ref().map(|value| take(text(value)))
    }

    fn part(seen: bool, absence: Evidence<()>, part: Part, take: &mut dyn FnMut(&str)) -> Evidence<()> {
        if seen {
            take(part.as_str());
            Evidence::Seen(())
        } else {
            absence
        }
    }
}

impl<H: Host> Subject for Accepted<'_, H> {
    fn texts(&self, field: Field, take: &mut dyn FnMut(&str)) -> Evidence<()> {
        let tcp = &self.layer4.tcp;
        match field {
            Field::Ja3 => Self::text(&self.tls().print.ja3, Ascii::as_str, take),
            Field::Ja3n => Self::text(&self.tls().print.ja3n, Ascii::as_str, take),
            Field::Ja4 => Self::text(&self.tls().print.ja4, Ja4Value::as_str, take),
            Field::Ja4s1 => Self::text(&self.tls().print.ja4s1, |hash| hash.as_str(), take),
            Field::Sni => Self::text(&self.tls().facts.sni, Text::as_str, take),
            Field::Tcp => Self::text(tcp, |tcp| &tcp.signature, take),
            Field::Os => Self::text(&self.layer4.stack, Named::as_str, take),
            Field::MssClass => tcp
                .as_ref()
                .and_then(|tcp| Evidence::or_missing(tcp.mss_class, Reason::NotSent))
                .map(|class| take(class.as_str())),
            Field::Lp1Tcp => Self::part(tcp.seen().is_some(), tcp.absence(), self.layer4.part(), take),
            Field::Lp1Tls => {
                let print = &self.tls().print;
                Self::part(print.part != Part::ZEROS, print.ja4.absence(), print.part, take)
            }
            Field::TlsClient => {
                let Tls { hello, print, .. } = self.tls();
                let shown = TlsShown::of(hello, print, &self.plugin.tables.catalogue);
                shown.map(|shown| shown.likeness.names(&self.plugin.tables.catalogue).for_each(take))
            }
            Field::Network => self.client_ip().map(|_| {
                for tag in self.networks.iter().map(NetworkTag::as_str) {
                    take(tag);
                }
            }),
            // All else comes with a request, or from what is compared with one.
            _ => Evidence::Pending,
        }
    }

    fn number(&self, number: Number) -> Evidence<u64> {
        match number {
            Number::Hops => self.layer4.tcp.as_ref().map(|TcpPrint { hops, .. }| u64::from(*hops)),
            Number::RttUs => self
                .layer4
                .transport
                .rtt
                .as_ref()
                .map(|rtt| u64::from(rtt.time.count())),
            Number::SourceConnections
            | Number::SourceWithoutRequest
            | Number::SourceUnfinished
            | Number::FamilyConnections
            | Number::FamilyWithoutRequest
            | Number::FamilyUnfinished => match self.pressure() {
                Some(pressure) => match number.of_source(pressure) {
                    Some(count) => Evidence::Seen(count),
                    None => self.layer4.stack.absence(),
                },
                None => Evidence::Missing(Reason::NotProvided),
            },
            _ => Evidence::Pending,
        }
    }

    /// The peer's, where no proxy in front is trusted to name another.
    fn client_ip(&self) -> Evidence<IpAddr> {
        if self.plugin.config.forwarded.hops > 0 {
            return Evidence::Missing(Reason::Relayed);
        }
        let peer = self.peer.as_ref();
        peer.and_then(|peer| Evidence::or_missing(peer.ip(), Reason::NotProvided))
    }
}
