//! What is counted of one fingerprint, and of one shape: what a client is by its TLS and HTTP, from wherever it comes.

use super::super::line::{Evidence, Finding};
use super::capped::{Counted, cut};
use super::networks::{Networks, Number};
use super::per::Per;
use layerprint::compare::Agreement;
use layerprint::memory::key::Key;
use layerprint::policy::Verdict;
use layerprint_harness::numbers::float;

/// The longest text of a client that is kept as a sample.
const MAX_SAMPLE: usize = 300;

/// How many reasons of a shape are kept; the filter has fewer.
const MAX_REASONS: usize = 40;

/// Requests that have a fingerprint in common.
#[derive(Debug, Default)]
pub(in super::super) struct Print {
    /// How the layers of each agree.
    pub(in super::super) agreement: Per<Agreement>,
    /// Where they come from.
    networks: Networks,
    /// What one of them looks like: a client, or for a SYN a system.
    pub(in super::super) looks_like: Box<str>,
}

impl Print {
    pub(super) fn add(&mut self, agreement: Agreement, network: Option<Key>, looks_like: Option<&str>) {
        self.agreement.add(agreement);
        if let Some(network) = network {
            self.networks.meet(network);
        }
        if self.looks_like.is_empty() {
            self.looks_like = looks_like.unwrap_or_default().into();
        }
    }

    /// From how many networks they come: an estimate of more than there are requests is theirs.
    pub(in super::super) fn number(&self) -> Number {
        match self.networks.number() {
            Number::About(number) => Number::About(number.min(u32::try_from(self.volume()).unwrap_or(u32::MAX))),
            exact => exact,
        }
    }
}

impl Counted for Print {
    fn volume(&self) -> u64 {
        self.agreement.total()
    }

    fn merge(&mut self, other: Self) {
        self.agreement.merge(&other.agreement);
        self.networks.merge(other.networks);
        if self.looks_like.is_empty() {
            self.looks_like = other.looks_like;
        }
    }
}

/// What was found, how often, and how heavy.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Reason {
    /// Requests with it.
    pub(in super::super) requests: u64,
    /// The layer that it speaks for.
    pub(in super::super) layer: u64,
    /// The most that it weighed.
    pub(in super::super) weight: u64,
    /// What was said of the first.
    pub(in super::super) why: Box<str>,
}

impl Reason {
    pub(super) fn add(&mut self, finding: &Finding<'_>) {
        self.requests = self.requests.saturating_add(1);
        self.layer = finding.layer;
        self.weight = self.weight.max(finding.weight);
        if self.why.is_empty() {
            self.why = cut(&finding.why, MAX_SAMPLE).into();
        }
    }
}

impl Counted for Reason {
    fn volume(&self) -> u64 {
        self.requests
    }

    fn merge(&mut self, other: Self) {
        self.requests = self.requests.saturating_add(other.requests);
        self.layer = other.layer;
        self.weight = self.weight.max(other.weight);
        if self.why.is_empty() {
            self.why = other.why;
        }
    }
}

/// A request that stands for others.
#[derive(Debug, Default)]
pub(in super::super) struct Sample {
    score: Option<u64>,
    pub(in super::super) agent: Option<Box<str>>,
    pub(in super::super) path: Box<str>,
    pub(in super::super) looks_like: Option<Box<str>>,
    pub(in super::super) ja4: Option<Box<str>>,
    pub(in super::super) h2: Option<Box<str>>,
}

/// Requests that have TLS and HTTP in common.
#[derive(Debug, Default)]
pub(in super::super) struct Shape {
    /// How their layers agree, and where they come from.
    pub(in super::super) print: Print,
    /// What was said of them.
    pub(in super::super) verdicts: Per<Verdict>,
    /// The scores of both layers, summed up over all of them.
    scores: u64,
    reasons: Vec<(Box<str>, Reason)>,
    /// The one with the highest scores.
    pub(in super::super) worst: Sample,
}

impl Shape {
    pub(super) fn add(&mut self, line: &Evidence<'_>, agreement: Agreement, verdict: Verdict, network: Option<Key>) {
        self.print.add(agreement, network, line.looks_like.as_deref());
        self.verdicts.add(verdict);
        let score = line.l4.min(100).saturating_add(line.l7.min(100));
        self.scores = self.scores.saturating_add(score);
        for finding in &line.findings {
            if let Some(reason) = reason(&mut self.reasons, &finding.code) {
                reason.add(finding);
            }
        }
        if self.worst.score.is_none_or(|worst| score > worst) {
            let kept = |text: &str| cut(text, MAX_SAMPLE).into();
            self.worst = Sample {
                score: Some(score),
                agent: line.sent.agent.as_deref().map(kept),
                path: kept(&line.path),
                looks_like: line.looks_like.as_deref().map(kept),
                ja4: line.ja4.as_deref().map(kept),
                h2: line.h2.as_deref().map(kept),
            };
        }
    }

    /// Both layers' scores together, 0 to 200, as an average over all requests.
    pub(in super::super) fn score(&self) -> f64 {
        match self.volume() {
            0 => 0.0,
            requests => float(self.scores) / float(requests),
        }
    }

    /// By what shapes are put in order: the average score, times how many digits the number of requests has.
    pub(in super::super) fn suspicion(&self) -> f64 {
        self.score() * (float(self.volume()) + 1.0).log10()
    }

    /// What was found, what came most often first.
    pub(in super::super) fn reasons(&self) -> Vec<(&str, &Reason)> {
        let mut reasons: Vec<_> = self.reasons.iter().map(|(code, reason)| (&**code, reason)).collect();
        reasons.sort_by(|(code, reason), (other_code, other)| {
            let by_number = other.requests.cmp(&reason.requests);
            by_number
                .then(other.weight.cmp(&reason.weight))
                .then(code.cmp(other_code))
        });
        reasons
    }
}

fn reason<'r>(reasons: &'r mut Vec<(Box<str>, Reason)>, code: &str) -> Option<&'r mut Reason> {
    let place = match reasons.iter().position(|(known, _)| **known == *code) {
        Some(place) => place,
        None if reasons.len() < MAX_REASONS => {
            reasons.push((cut(code, MAX_SAMPLE).into(), Reason::default()));
            reasons.len().saturating_sub(1)
        }
        None => return None,
    };
    reasons.get_mut(place).map(|(_, reason)| reason)
}

impl Counted for Shape {
    fn volume(&self) -> u64 {
        self.print.volume()
    }

    fn merge(&mut self, other: Self) {
        self.print.merge(other.print);
        self.verdicts.merge(&other.verdicts);
        self.scores = self.scores.saturating_add(other.scores);
        for (code, more) in other.reasons {
            if let Some(reason) = reason(&mut self.reasons, &code) {
                reason.merge(more);
            }
        }
        // None is less than any score.
        if other.worst.score > self.worst.score {
            self.worst = other.worst;
        }
    }
}
