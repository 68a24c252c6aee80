//! A request's line read back, so that what it tells can be compared and decided anew: by another configuration, or a later catalogue.
//!
//! Nothing is taken from the line that can be told anew: claims are read from the headers as they were sent, fingerprints are looked
//! up again, networks and crawlers are those of the configuration at hand.

use crate::clients::catalogue::{Catalogue, Likeness, TlsTraits};
use crate::clients::crawlers::Crawlers;
use crate::clients::shown::TlsShown;
use crate::clients::stacks::{Confidence, Deviations, Kind, Named, Stacks};
use crate::compare::{Assessment, Channel, Code, Finding, Known, Own, Score, View, compare};
use crate::evidence::claims::Claims;
use crate::evidence::{Evidence, Micros, NetworkTags, Networks, Protocol, Reason, Sent};
use crate::fingerprint::order::{CaseClass, HeaderOrder};
use crate::fingerprint::tcp::MssClass;
use core::fmt;
use core::net::IpAddr;
use serde_json::Value;
use std::borrow::Cow;

/// What a line says of its request.
#[derive(Clone, Debug)]
pub struct Recorded<'v> {
    line: &'v Value,
    sent: Vec<(&'v str, Cow<'v, [u8]>)>,
    order: Evidence<HeaderOrder>,
    stack: Evidence<Named>,
}

/// Why a line cannot be read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It is no JSON object.
    NoObject,
    /// It is of another version than 1.
    Version,
    /// It is the line of a connection, or of something else that is no request.
    NoRequest,
    /// It was written before lines could be compared anew: it lacks this member.
    TooOld(&'static str),
    /// Its `channel` is none that this release knows.
    Channel,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoObject => f.write_str("it is no JSON object"),
            Self::Version => f.write_str("its member `v` is not 1"),
            Self::NoRequest => f.write_str("its member `of` is not \"request\""),
            Self::TooOld(member) => write!(
                f,
                "it has no `{member}`: a release wrote it whose lines cannot be compared anew"
            ),
            Self::Channel => {
                let known = Channel::ALL.map(Channel::as_str).join("`, `");
                write!(f, "its `channel` is none of `{known}`")
            }
        }
    }
}

impl core::error::Error for Unreadable {}

/// What a configuration says of clients and where they come from.
#[derive(Clone, Copy, Debug)]
pub struct Lookups<'a> {
    /// TLS, HTTP.
    pub catalogue: &'a Catalogue,
    /// TCP.
    pub stacks: &'a Stacks,
    /// Crawlers.
    pub crawlers: &'a Crawlers,
    /// Networks.
    pub networks: &'a Networks,
}

impl<'v> Recorded<'v> {
    /// What `line` says.
    ///
    /// # Errors
    /// [`Unreadable`] when it is no request's line that can be compared anew.
    pub fn read(line: &'v Value) -> Result<Self, Unreadable> {
        let object = line.as_object().ok_or(Unreadable::NoObject)?;
        if line.get("v").and_then(Value::as_u64) != Some(1) {
            return Err(Unreadable::Version);
        }
        if line.get("of").and_then(Value::as_str) != Some("request") {
            return Err(Unreadable::NoRequest);
        }
        let sent = object
            .get("sent")
            .and_then(Value::as_object)
            .ok_or(Unreadable::TooOld("sent"))?;
        // What came more than once is null, and its values do not matter.
        let came = |(name, value): (&'v String, &'v Value)| match value {
            Value::String(value) => (name.as_str(), bytes(value), 1),
            _ => (name.as_str(), Cow::default(), 2),
        };
        let sent = sent
            .iter()
            .map(came)
            .flat_map(|(name, value, times)| core::iter::repeat_n((name, value), times))
            .collect();
        let recorded = Self {
            line,
            sent,
            order: Evidence::Pending,
            stack: Evidence::Pending,
        };
        recorded.text("channel").ok_or(Unreadable::TooOld("channel"))?;
        recorded.channel().ok_or(Unreadable::Channel)?;
        Ok(Self {
            order: recorded.order(),
            stack: recorded.stack(),
            ..recorded
        })
    }

    /// The text of a member.
    pub fn text(&self, name: &str) -> Option<&'v str> {
        self.line.get(name)?.as_str()
    }

    /// A member that is a number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.line.get(name)?.as_u64()
    }

    /// The reason why a piece of evidence is missing.
    pub fn missing<T>(&self, name: &str) -> Evidence<T> {
        let state = self.line.get("missing").and_then(|missing| missing.get(name));
        match state.and_then(Value::as_str) {
            Some("pending") => Evidence::Pending,
            Some(state) => Evidence::Missing(Reason::parse(state).unwrap_or(Reason::NotProvided)),
            None => Evidence::Missing(Reason::NotProvided),
        }
    }

    /// A piece of evidence that is text, as `read` understands it.
    pub fn evidence<T>(&self, name: &str, read: impl FnOnce(&'v str) -> Option<T>) -> Evidence<T> {
        match self.text(name) {
            Some(text) => Evidence::or_missing(read(text), Reason::Malformed),
            None => self.missing(name),
        }
    }

    /// The client's address.
    pub fn client(&self) -> Option<IpAddr> {
        self.text("client")?.parse().ok()
    }

    /// The claims of the request, and the values that are compared.
    pub fn claims(&self) -> (Claims<'_>, Sent<'_>) {
        let sent = || self.sent.iter().map(|(name, value)| (*name, &**value));
        (Claims::of(sent()), Sent::of(sent()))
    }

    /// Compares the layers anew.
    pub fn compare(&self, by: Lookups<'_>) -> Assessment {
        let (claims, sent) = self.claims();
        let tls = self.tls(by.catalogue);
        let http2 = self.http2(by.catalogue);
        let client = self.client();
        let view = View {
            claims: &claims,
            sent: &sent,
            protocol: self.evidence("protocol", |name| Protocol::parse(name.as_bytes())),
            channel: self.channel().unwrap_or(Channel::Relayed),
            tls: tls.as_ref(),
            http2: http2.as_ref(),
            case: self.evidence("h1_case", CaseClass::parse),
            order: self.compared_order(),
            stack: self.stack.as_ref(),
            mss_class: self.text("mss_class").and_then(MssClass::parse),
            rtt_gap: self.micros("rtt_gap_us"),
            networks: client.map_or_else(NetworkTags::default, |ip| by.networks.tags(ip)),
            own: Own {
                crawler: by.crawlers.verify_claim(&claims, client),
                forged: self
                    .number("forged")
                    .and_then(|count| count.try_into().ok())
                    .unwrap_or_default(),
                remembered: &self.remembered(),
            },
        };
        let known = Known {
            catalogue: by.catalogue,
            stacks: by.stacks,
        };
        compare(&view, known)
    }

    /// Whether the request was over the limit of this name, which one line cannot tell anew.
    pub fn is_over(&self, limit: &str) -> bool {
        let over = self.line.get("limits").and_then(Value::as_array);
        over.is_some_and(|names| names.iter().any(|name| name == limit))
    }

    /// What was found over several requests: it cannot be told anew from one of them, and stands as it was found.
    fn remembered(&self) -> Vec<Finding> {
        let findings = self.line.get("findings").and_then(Value::as_array);
        let of = |finding: &'v Value| {
            let member = |name| finding.get(name);
            let code = Code::parse(member("code")?.as_str()?).filter(|code| code.is_remembered())?;
            let weight = member("weight")?
                .as_u64()
                .and_then(|weight| u8::try_from(weight).ok())?;
            Some(Finding {
                code,
                weight: Score::new(weight).min(code.weight()),
                why: Cow::Owned(member("why")?.as_str()?.to_owned()),
            })
        };
        findings.into_iter().flatten().filter_map(of).collect()
    }

    /// What its TLS looks like, by this catalogue.
    pub fn tls(&self, catalogue: &Catalogue) -> Evidence<TlsShown> {
        let raw = self.text("ja4_r");
        let grease = self.line.get("tls_grease").and_then(Value::as_bool);
        let traits = self.evidence("ja4", |ja4| TlsTraits::parse(ja4, raw, grease));
        traits.map(|traits| TlsShown {
            likeness: catalogue.tls(&traits),
            traits,
        })
    }

    /// Whose its HTTP/2 is, by this catalogue.
    pub fn http2(&self, catalogue: &Catalogue) -> Evidence<Likeness> {
        self.evidence("h2", |form| Some(catalogue.http2(form)))
    }

    /// Who is at the other end.
    pub fn channel(&self) -> Option<Channel> {
        let name = self.text("channel")?;
        Channel::ALL.into_iter().find(|channel| channel.as_str() == name)
    }

    fn compared_order(&self) -> Evidence<&HeaderOrder> {
        match self.channel() {
            Some(Channel::Relayed) => Evidence::Missing(Reason::Relayed),
            _ => self.order.as_ref(),
        }
    }

    fn order(&self) -> Evidence<HeaderOrder> {
        let Some(names) = self.line.get("headers").and_then(Value::as_array) else {
            return self.missing("order");
        };
        let order = HeaderOrder::of(names.iter().filter_map(Value::as_str));
        Evidence::or_missing(order, Reason::TooLarge)
    }

    fn stack(&self) -> Evidence<Named> {
        self.evidence("os", |name| {
            Some(match name {
                "unknown" => Named::Unknown,
                "ambiguous" => {
                    let names = self.line.get("os_candidates")?.as_array()?;
                    let mut names = names.iter().filter_map(Value::as_str);
                    Named::Ambiguous(names.next()?.into(), names.next()?.into())
                }
                name => Named::Known {
                    name: name.into(),
                    kind: Kind::parse(self.text("os_kind")?)?,
                    confidence: self.confidence("os_confidence")?,
                    // They have taken from the confidence already.
                    deviations: Deviations::default(),
                },
            })
        })
    }

    /// A number from 0.00 to 1.00.
    fn confidence(&self, name: &str) -> Option<Confidence> {
        let number = self.line.get(name)?.as_number()?.to_string();
        let (whole, fraction) = number.split_once('.').unwrap_or((&number, "0"));
        let digits = fraction.bytes().chain(*b"00").take(2);
        let hundredths = digits.fold(0_u8, |sum, digit| {
            sum.saturating_mul(10).saturating_add(digit.saturating_sub(b'0'))
        });
        Some(Confidence::of(if whole == "0" { hundredths } else { 100 }))
    }

    fn micros(&self, name: &str) -> Evidence<Micros> {
        match self.number(name) {
            Some(micros) => Evidence::Seen(Micros::new(u32::try_from(micros).unwrap_or(u32::MAX))),
            None => self.missing(name),
        }
    }
}

/// A header's value as it came, as far as that can be told: a byte that was none of a text stands as U+FFFD in the line, and is
/// again one byte that no text has.
fn bytes(value: &str) -> Cow<'_, [u8]> {
    if !value.contains(char::REPLACEMENT_CHARACTER) {
        return Cow::Borrowed(value.as_bytes());
    }
    let mut bytes = Vec::with_capacity(value.len());
    for (place, part) in value.split(char::REPLACEMENT_CHARACTER).enumerate() {
        bytes.extend((place > 0).then_some(0xff));
        bytes.extend_from_slice(part.as_bytes());
    }
    Cow::Owned(bytes)
}
