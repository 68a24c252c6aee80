//! The findings, one function each: given one request's evidence, what is odd about it, if anything.
//!
//! What was not seen, or is not in the catalogue, makes no finding. A client that says what it is makes none either, whatever it is.

mod crawler;
mod headers;
mod hints;
mod tls;
mod transport;

use super::Finding;
use super::code::Code;
use super::score::Score;
use super::view::{Known, Own, View};
use crate::clients::catalogue::Family;
use crate::evidence::Evidence;
use crate::evidence::claims::{Kind, UserAgent, Version};
use std::borrow::Cow;

/// Who the User-Agent says it is.
#[derive(Clone, Copy, Debug)]
struct Claimed<'a> {
    agent: &'a UserAgent<'a>,
    /// What the catalogue knows of it.
    family: Option<&'a Family>,
}

impl<'a> Claimed<'a> {
    fn of(view: &View<'a>, known: Known<'a>) -> Option<Self> {
        let agent = view.claims.user_agent.seen()?;
        let family = known.catalogue.claimed(agent);
        Some(Self { agent, family })
    }

    /// The version that decides what its TLS and HTTP look like: the engine's, where it has one.
    fn version(&self) -> Option<Version> {
        self.agent.engine_version.or(self.agent.version)
    }

    /// Whether it says that a person uses it.
    fn is_browser(&self) -> bool {
        matches!(self.agent.kind, Kind::Browser | Kind::InApp)
    }

    /// Its name, for a sentence.
    fn name(&self) -> String {
        let name = self.agent.product.name();
        match self.agent.version {
            Some(version) => format!("{name} {}", version.major),
            None => name.to_owned(),
        }
    }
}

/// What is to be found in all requests that send the headers of `view` over its connection.
pub(super) fn standing(view: &View<'_>, known: Known<'_>) -> Vec<Finding> {
    let claimed = Claimed::of(view, known);
    let claimed = claimed.as_ref();
    let found = [
        transport::os_tcp_ua(view, known, claimed),
        transport::scanner_syn(view),
        transport::tunnel_mss(view),
        transport::rtt_gap(view),
        tls::tls_ua(view, known, claimed),
        tls::h2_ua(view, known, claimed),
        tls::h2_tls(view, known),
        tls::tool_tls(view, known, claimed),
        hints::hints_ua(view, claimed),
        hints::hints_platform(view, claimed),
        headers::fetch_metadata_missing(view, claimed),
        headers::headers_missing(view, claimed),
        headers::order_family(view, known, claimed),
    ];
    // Most requests have none, and then nothing is allocated.
    found.into_iter().flatten().collect()
}

/// What is to be found in the one request that `own` is of.
pub(super) fn of_request(own: &Own<'_>) -> impl Iterator<Item = Finding> {
    let found = [crawler::crawler_unverified(own), forged_annotation(own)];
    found.into_iter().flatten().chain(own.remembered.iter().cloned())
}

/// What is found at a connection before it brings a request.
pub(super) fn of_connection(view: &View<'_>) -> Vec<Finding> {
    let found = [
        transport::scanner_syn(view),
        transport::tunnel_mss(view),
        transport::rtt_gap(view),
    ];
    found
        .into_iter()
        .flatten()
        .chain(view.own.remembered.iter().cloned())
        .collect()
}

fn forged_annotation(own: &Own<'_>) -> Option<Finding> {
    (own.forged > 0).then(|| Code::ForgedAnnotation.into())
}

impl Finding {
    /// `code` at its full weight, in a sentence of its own.
    pub fn new(code: Code, why: String) -> Self {
        Self {
            code,
            weight: code.weight(),
            why: Cow::Owned(why),
        }
    }

    /// The same at `weight`, if that is less.
    fn at_most(mut self, weight: u8) -> Self {
        self.weight = self.weight.min(Score::new(weight));
        self
    }
}

/// The value, when it was seen.
fn seen<T: Copy>(evidence: &Evidence<T>) -> Option<T> {
    evidence.seen().copied()
}

#[cfg(test)]
mod tests;
