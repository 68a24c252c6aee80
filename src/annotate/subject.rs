//! What rules can ask of a request, as the filter has it and as a log line tells it.

use super::Observed;
use super::recorded::Recorded;
use crate::challenge::Clearance;
use crate::clients::catalogue::{Catalogue, Likeness};
use crate::clients::crawlers::{Crawlers, Verification};
use crate::evidence::claims::{Claimed, Claims};
use crate::evidence::{Evidence, NetworkTag, NetworkTags, Networks, Reason};
use crate::fingerprint::combined::Part;
use crate::policy::rules::{Field, Number, Subject};
use core::cell::OnceCell;
use core::fmt::{self, Display, Write};
use core::net::IpAddr;

impl Subject for Observed<'_> {
    fn texts(&self, field: Field, take: &mut dyn FnMut(&str)) -> Evidence<()> {
        let tls = &self.print.tls;
        let http2 = self.print.http2.as_ref();
        let layer4 = self.layer4;
        match field {
            Field::Ja3 => tls.ja3.as_ref().map(|ja3| take(ja3.as_str())),
            Field::Ja3n => tls.ja3n.as_ref().map(|ja3n| take(ja3n.as_str())),
            Field::Ja4 => tls.ja4.as_ref().map(|ja4| take(ja4.as_str())),
            Field::Ja4s1 => tls.ja4s1.as_ref().map(|ja4s1| take(ja4s1.as_str())),
            Field::H2 => http2.map(|http2| take(&http2.form)),
            Field::H2Md5 => http2.map(|http2| take(http2.md5.as_str())),
            Field::Tcp => layer4.tcp.as_ref().and_then(|tcp| shown(&tcp.signature, take)),
            Field::Os => layer4.stack.as_ref().map(|stack| take(stack.as_str())),
            Field::MssClass => {
                let class = layer4.tcp.as_ref().map(|tcp| tcp.mss_class);
                class.map(|class| class.iter().for_each(|class| take(class.as_str())))
            }
            Field::Lp1 => shown(&self.lp1(), take),
            Field::Lp1Tcp => part(&self.lp1().tcp, layer4.tcp.as_ref().map(|_| ()), take),
            Field::Lp1Tls => part(&self.lp1().tls, tls.ja4.as_ref().map(|_| ()), take),
            Field::Lp1Http => match self.lp1().http {
                Part::ZEROS => self.order.as_ref().and_then(|_| Evidence::Missing(Reason::NotProvided)),
                // It is the connection's: a later request of HTTP/1 has it, though its own order is not seen.
                http => Evidence::Seen(http.as_str()).map(take),
            },
            Field::Order => self.order.as_ref().map(|order| take(order.digest().as_str())),
            Field::H1Case => self.print.case.as_ref().map(|case| take(case.as_str())),
            Field::Protocol => self.facts.protocol.as_ref().map(|protocol| take(protocol.as_str())),
            Field::TlsVersion => self.facts.tls_version.as_ref().map(|version| take(version.as_str())),
            Field::TlsSource => tls.source.as_ref().map(|source| take(source.as_str())),
            Field::Sni => self.facts.sni.as_ref().map(|sni| take(sni.as_str())),
            Field::Network => self.client_ip().and_then(|_| networks(self.networks, take)),
            Field::Product
            | Field::Kind
            | Field::Platform
            | Field::Engine
            | Field::Device
            | Field::HintBrand
            | Field::HintPlatform => claimed(self.said.claimed(), field, take),
            Field::Client => {
                let client = self.shown.client.as_ref().map(|client| &*client.name);
                recognised(client, &self.shown.tls, &self.shown.http2).map(|client| client.into_iter().for_each(take))
            }
            Field::TlsClient => {
                let likeness = self.shown.tls.as_ref().map(|shown| shown.likeness);
                named(likeness, self.catalogue, take)
            }
            Field::H2Client => named(self.shown.http2.clone(), self.catalogue, take),
            Field::Crawler => verified(self.crawler, take),
            // The policy has these itself.
            Field::Method
            | Field::Host
            | Field::Path
            | Field::Route
            | Field::Class
            | Field::Agreement
            | Field::Reason => Evidence::Missing(Reason::NotProvided),
        }
    }

    fn number(&self, number: Number) -> Evidence<u64> {
        let transport = &self.layer4.transport;
        match number {
            Number::Hops => self.layer4.tcp.as_ref().map(|tcp| tcp.hops.into()),
            Number::RttUs => transport.rtt.as_ref().map(|rtt| rtt.time.count().into()),
            Number::RttGapUs => transport.rtt_gap().map(|gap| gap.count().into()),
            Number::SourceConnections
            | Number::SourceWithoutRequest
            | Number::SourceUnfinished
            | Number::FamilyConnections
            | Number::FamilyWithoutRequest
            | Number::FamilyUnfinished => match self.of_source {
                Some(pressure) => match number.of_source(pressure) {
                    Some(count) => Evidence::Seen(count),
                    None => self.layer4.stack.absence(),
                },
                None => Evidence::Missing(Reason::NoConnectionRole),
            },
            Number::Forged => Evidence::Seen(u64::try_from(self.forged).unwrap_or(u64::MAX)),
            Number::Version => version(self.said.claimed()),
            Number::Clearance => match self.clearance {
                Clearance::Valid(difficulty) => Evidence::Seen(difficulty.bits().into()),
                Clearance::Refused(_) => Evidence::Missing(Reason::Refused),
                Clearance::NotSent | Clearance::Off => Evidence::Missing(Reason::NotSent),
            },
            // The policy has these itself.
            Number::L4 | Number::L7 | Number::Score => Evidence::Missing(Reason::NotProvided),
        }
    }

    fn client_ip(&self) -> Evidence<IpAddr> {
        self.way.client.as_ref().map(|client| client.ip)
    }

    fn header(&self, name: &str, take: &mut dyn FnMut(&[u8])) -> Evidence<()> {
        let mut values = self.fields.iter().filter(|(found, _)| *found == name).peekable();
        let state = Evidence::or_missing(values.peek().map(|_| ()), Reason::NotSent);
        values.for_each(|(_, value)| take(value));
        state
    }
}

/// A request's line with what a configuration says of its client.
#[derive(Debug)]
pub struct Replayed<'a> {
    /// The line.
    pub line: &'a Recorded<'a>,
    /// The claims in it.
    pub claims: &'a Claims<'a>,
    /// The same as far as rules ask for it, once one does.
    pub claimed: OnceCell<Claimed>,
    /// The catalogue at hand.
    pub catalogue: &'a Catalogue,
    /// The crawlers.
    pub crawlers: &'a Crawlers,
    /// The networks.
    pub networks: &'a Networks,
}

impl Subject for Replayed<'_> {
    fn texts(&self, field: Field, take: &mut dyn FnMut(&str)) -> Evidence<()> {
        let mut text = |name: &str| self.line.evidence(name, Some).map(&mut *take);
        match field {
            Field::Lp1 => text("id"),
            // It has no place in `missing`: it is there when the opening is.
            Field::H2Md5 => self.line.evidence("h2", |_| self.line.text("h2_md5")).map(take),
            Field::Lp1Tcp => self.part(1, "tcp", take),
            Field::Lp1Tls => self.part(2, "ja4", take),
            Field::Lp1Http => match self.line.text("id").and_then(|id| id.split('_').nth(3)) {
                Some(http) if *http != *Part::ZEROS.as_str() => Evidence::Seen(http).map(take),
                _ => self.part(3, "order", take),
            },
            Field::MssClass => {
                let seen = self.line.evidence("tcp", |_| Some(()));
                seen.map(|()| self.line.text("mss_class").iter().for_each(|class| take(class)))
            }
            Field::Network => self.client_ip().and_then(|ip| networks(self.networks.tags(ip), take)),
            Field::Product
            | Field::Kind
            | Field::Platform
            | Field::Engine
            | Field::Device
            | Field::HintBrand
            | Field::HintPlatform => claimed(self.claimed(), field, take),
            Field::Client => {
                let (tls, http2) = (self.line.tls(self.catalogue), self.line.http2(self.catalogue));
                let client = recognised(self.line.text("looks_like"), &tls, &http2);
                client.map(|client| client.into_iter().for_each(take))
            }
            Field::TlsClient => {
                let likeness = self.line.tls(self.catalogue).map(|shown| shown.likeness);
                named(likeness, self.catalogue, take)
            }
            Field::H2Client => named(self.line.http2(self.catalogue), self.catalogue, take),
            Field::Crawler => verified(self.crawlers.verify_claim(self.claims, self.line.client()), take),
            // The policy has these itself.
            Field::Method
            | Field::Host
            | Field::Path
            | Field::Route
            | Field::Class
            | Field::Agreement
            | Field::Reason => Evidence::Missing(Reason::NotProvided),
            // A line has these under the names that rules have for them.
            Field::Ja3
            | Field::Ja3n
            | Field::Ja4
            | Field::Ja4s1
            | Field::H2
            | Field::Tcp
            | Field::Os
            | Field::Order
            | Field::H1Case
            | Field::Protocol
            | Field::TlsVersion
            | Field::TlsSource
            | Field::Sni => text(field.as_str()),
        }
    }

    fn number(&self, number: Number) -> Evidence<u64> {
        match number {
            Number::Version => version(self.claimed()),
            Number::L4 | Number::L7 | Number::Score => Evidence::Missing(Reason::NotProvided),
            Number::SourceConnections | Number::SourceWithoutRequest | Number::SourceUnfinished => {
                Evidence::or_missing(self.line.number(number.as_str()), Reason::NoConnectionRole)
            }
            // It has no place in `missing`, but what it is counted by has.
            Number::FamilyConnections | Number::FamilyWithoutRequest | Number::FamilyUnfinished => {
                let seen = Evidence::or_missing(self.line.number("source_connections"), Reason::NoConnectionRole);
                seen.and_then(|_| match self.line.number(number.as_str()) {
                    Some(value) => Evidence::Seen(value),
                    None => self.line.missing("os"),
                })
            }
            // It has no place in `missing`.
            Number::Hops => {
                let seen = self.line.evidence("tcp", |_| Some(()));
                seen.and_then(|()| Evidence::or_missing(self.line.number("hops"), Reason::Malformed))
            }
            // Where none was shown, the line says nothing of it.
            Number::Clearance => match self.line.number(number.as_str()) {
                Some(value) => Evidence::Seen(value),
                None if self.line.text("clearance_refused").is_none() => Evidence::Missing(Reason::NotSent),
                None => self.line.missing(number.as_str()),
            },
            Number::RttUs | Number::RttGapUs | Number::Forged => match self.line.number(number.as_str()) {
                Some(value) => Evidence::Seen(value),
                None => self.line.missing(number.as_str()),
            },
        }
    }

    fn client_ip(&self) -> Evidence<IpAddr> {
        match self.line.client() {
            Some(client) => Evidence::Seen(client),
            None => self.line.missing("client"),
        }
    }
}

impl Replayed<'_> {
    fn claimed(&self) -> &Claimed {
        self.claimed.get_or_init(|| Claimed::of(self.claims))
    }

    fn part(&self, n: usize, evidence: &str, take: &mut dyn FnMut(&str)) -> Evidence<()> {
        let seen = self.line.evidence(evidence, |_| Some(()));
        let part = self.line.text("id").and_then(|id| id.split('_').nth(n));
        seen.and_then(|()| Evidence::or_missing(part.filter(|part| *part != Part::ZEROS.as_str()), Reason::NotProvided))
            .map(take)
    }
}

/// A part of `lp1` that was made from `evidence`.
fn part(part: &Part, evidence: Evidence<()>, take: &mut dyn FnMut(&str)) -> Evidence<()> {
    let part = evidence.and_then(|()| match *part == Part::ZEROS {
        true => Evidence::Missing(Reason::NotProvided),
        false => Evidence::Seen(part.as_str()),
    });
    part.map(take)
}

fn networks(tags: NetworkTags, take: &mut dyn FnMut(&str)) -> Evidence<()> {
    tags.iter().map(NetworkTag::as_str).for_each(take);
    Evidence::Seen(())
}

/// The client that all of it is. Over HTTP/1 without TLS it is recognised by its headers alone.
fn recognised<'c, A, B>(client: Option<&'c str>, tls: &Evidence<A>, http2: &Evidence<B>) -> Evidence<Option<&'c str>> {
    match (client, tls, http2) {
        (Some(_), ..) | (_, Evidence::Seen(_), _) | (.., Evidence::Seen(_)) => Evidence::Seen(client),
        (None, absent, _) => absent.absence(),
    }
}

fn named(likeness: Evidence<Likeness>, catalogue: &Catalogue, take: &mut dyn FnMut(&str)) -> Evidence<()> {
    likeness.map(|likeness| likeness.names(catalogue).for_each(take))
}

/// The crawler, if it is the one that it claims to be. Where that cannot be told, for want of addresses, it is missing: no rule then
/// takes it for a false one.
fn verified(crawler: Verification<'_>, take: &mut dyn FnMut(&str)) -> Evidence<()> {
    match crawler {
        Verification::Verified(crawler) => Evidence::Seen(crawler.name()).map(take),
        Verification::NotClaimed | Verification::Refuted(_) => Evidence::Seen(()),
        Verification::Unverifiable(..) => Evidence::Missing(Reason::NotProvided),
    }
}

/// What the User-Agent and the Client Hints say.
fn claimed(claimed: &Claimed, field: Field, take: &mut dyn FnMut(&str)) -> Evidence<()> {
    let agent = claimed.agent.as_ref();
    match field {
        Field::Product => agent.map(|agent| take(&agent.product)),
        Field::Kind => agent.map(|agent| take(agent.kind)),
        Field::Platform => agent.map(|agent| take(agent.platform)),
        Field::Engine => agent.map(|agent| agent.engine.into_iter().for_each(take)),
        Field::Device => agent.map(|agent| take(agent.device)),
        Field::HintBrand => {
            let brand = claimed.hint_brand.as_ref();
            brand.map(|brand| brand.iter().for_each(|brand| take(brand)))
        }
        Field::HintPlatform => claimed.hint_platform.as_ref().map(|platform| take(platform)),
        _ => Evidence::Missing(Reason::NotProvided),
    }
}

/// The version that the User-Agent gives its product.
fn version(claimed: &Claimed) -> Evidence<u64> {
    claimed.agent.as_ref().and_then(|agent| agent.version.clone())
}

/// The longest text that is made for a rule: the longest signature of a SYN has about 150 bytes.
const LONGEST: usize = 512;

/// Hands over what `value` displays as, without an allocation.
fn shown(value: &impl Display, take: &mut dyn FnMut(&str)) -> Evidence<()> {
    let mut buffer = Buffer {
        bytes: [0; LONGEST],
        used: 0,
    };
    if write!(buffer, "{value}").is_err() {
        return Evidence::Missing(Reason::TooLarge);
    }
    let text = buffer
        .bytes
        .get(..buffer.used)
        .and_then(|bytes| str::from_utf8(bytes).ok());
    Evidence::or_missing(text, Reason::Malformed).map(take)
}

struct Buffer {
    bytes: [u8; LONGEST],
    used: usize,
}

impl Write for Buffer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.used.saturating_add(text.len());
        let room = self.bytes.get_mut(self.used..end).ok_or(fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.used = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn network_of(line: &Value) -> (Evidence<()>, Vec<String>) {
        let recorded = Recorded::read(line).unwrap();
        let (claims, _) = recorded.claims();
        let office = ("192.0.2.0/24".parse().unwrap(), NetworkTag::Office);
        let replayed = Replayed {
            line: &recorded,
            claims: &claims,
            claimed: OnceCell::new(),
            catalogue: &Catalogue::default(),
            crawlers: &Crawlers::default(),
            networks: &Networks::new(&[office].into()),
        };
        let mut tags = Vec::new();
        let state = replayed.texts(Field::Network, &mut |tag| tags.push(tag.to_owned()));
        (state, tags)
    }

    #[test]
    fn the_network_of_a_client_without_an_address_is_missing_and_not_none() {
        let line = json!({"v": 1, "of": "request", "sent": {}, "channel": "secure", "client": "192.0.2.7"});
        assert_eq!(network_of(&line), (Evidence::Seen(()), vec!["office".to_owned()]));
        let elsewhere = json!({"v": 1, "of": "request", "sent": {}, "channel": "secure", "client": "198.51.100.7"});
        assert_eq!(network_of(&elsewhere), (Evidence::Seen(()), Vec::new()));
        let unknown =
            json!({"v": 1, "of": "request", "sent": {}, "channel": "secure", "missing": {"client": "not-sent"}});
        assert_eq!(network_of(&unknown), (Evidence::Missing(Reason::NotSent), Vec::new()));
    }
}
