//! The configuration: JSON in, compiled types out, or every problem that there is.
//!
//! Nothing is guessed: an unknown key, a wrong type, a number out of its range, a key given twice refuse the whole. What a
//! release does not do yet, it does not accept.

mod behaviour;
pub mod challenge;
mod clients;
mod connection;
mod ladders;
mod limits;
mod networks;
mod problem;
mod rates;
mod routes;
mod rules;
mod secret;
mod section;
mod sequence;
pub mod signature;
mod strict;
pub mod texts;

pub use challenge::Challenge;
use challenge::Difficulty;
pub use clients::{Clients, Tables};
pub use networks::MAX_PREFIXES;
pub use problem::Problem;
pub use secret::{Secret, Variables};

use super::connection::ConnectionPolicy;
use super::limits::Limits as Rates;
use super::{Mode, Policy, Verdict};
use crate::evidence::Networks;
use crate::evidence::forwarded::{PeerEntry, Trust};
use crate::memory::behaviour::Settings;
use crate::wire::opening::MAX_OPENING;
use section::Section;
use serde_json::Value;
use signature::Signature;
use std::collections::BTreeSet;
use std::time::Duration;

/// What the filter does, compiled from JSON. The default is that of an empty object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `mode`: whether verdicts are carried out.
    pub mode: Mode,
    /// `mode`, `routes`, `ladders`, `rules`: what becomes of requests.
    pub policy: Policy,
    /// `networks`: what is known of where addresses come from.
    pub networks: Networks,
    /// `forwarded`: whose word is taken for the client's address.
    pub forwarded: Trust,
    /// `clients`: what is known of the clients that come.
    pub clients: Clients,
    /// `annotate`: what the upstream gets to see.
    pub annotate: Annotate,
    /// `log`: what access logs get to see.
    pub log: Log,
    /// `limits`: the bounds of the answers.
    pub limits: Limits,
    /// `connection`: how the connection role works.
    pub connection: ConnectionRole,
    /// `behaviour`: what is looked for over several requests.
    pub behaviour: Settings,
    /// `challenge`: how a browser shows that it is one; none where it has no keys, or says `false`.
    pub challenge: Option<Challenge>,
    /// `failure`: what becomes of a request that the filter cannot do its work on.
    pub failure: FailurePolicy,
}

/// `annotate`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotate {
    /// `headers`: which of our headers are sent, in this order.
    pub headers: Vec<Header>,
    /// `signature`: how they are signed, if they are.
    pub signature: Option<Signature>,
}

/// `log`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// `filter_state`: whether `wasm.layerprint` is written.
    pub filter_state: Switch,
}

/// `limits`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `slow.delay_ms`: how long a request is held back.
    pub slow_delay: Duration,
    /// `slow.held`: the most requests that one worker holds back at once. One more goes on without a delay.
    pub slow_held: usize,
    /// `retry_after_s`: when a client that was told 429 may come again, in seconds.
    pub retry_after: u32,
}

/// `connection`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionRole {
    /// `opening_bytes`: the most of a connection that is looked at before its first request is whole.
    pub opening_bytes: usize,
    /// `handover`: whether the opening is also put into filter state, for a request role in another VM.
    pub handover: Switch,
    /// `mode`, `rules`, `ladder`: what becomes of connections.
    pub policy: ConnectionPolicy,
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// `true`
    On,
    /// `false`
    Off,
}

/// What becomes of a request whose headers cannot be read, and so cannot be cleaned of forged annotations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailurePolicy {
    /// It passes, without the headers that we know by name and without annotations.
    Open,
    /// It is answered with 503.
    Closed,
}

/// One of our headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// `x-layerprint-verdict`
    Verdict,
    /// `x-layerprint-reasons`
    Reasons,
    /// `x-layerprint-id`
    Id,
    /// `x-layerprint-ja3`
    Ja3,
    /// `x-layerprint-ja4`
    Ja4,
    /// `x-layerprint-h2`
    Http2,
    /// `x-layerprint-tcp`
    Tcp,
    /// `x-layerprint-os`
    Os,
    /// `x-layerprint-client`
    Client,
    /// `x-layerprint-order`
    Order,
    /// `x-layerprint-route`
    Route,
    /// `x-layerprint-class`
    Class,
    /// `x-layerprint-cost`
    Cost,
}

impl Header {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Verdict,
        Self::Reasons,
        Self::Id,
        Self::Ja3,
        Self::Ja4,
        Self::Http2,
        Self::Tcp,
        Self::Os,
        Self::Client,
        Self::Order,
        Self::Route,
        Self::Class,
        Self::Cost,
    ];
    /// The smallest set that a WAF needs.
    const DEFAULT: [Self; 6] = [
        Self::Verdict,
        Self::Reasons,
        Self::Id,
        Self::Ja4,
        Self::Http2,
        Self::Tcp,
    ];

    /// The header's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Verdict => "x-layerprint-verdict",
            Self::Reasons => "x-layerprint-reasons",
            Self::Id => "x-layerprint-id",
            Self::Ja3 => "x-layerprint-ja3",
            Self::Ja4 => "x-layerprint-ja4",
            Self::Http2 => "x-layerprint-h2",
            Self::Tcp => "x-layerprint-tcp",
            Self::Os => "x-layerprint-os",
            Self::Client => "x-layerprint-client",
            Self::Order => "x-layerprint-order",
            Self::Route => "x-layerprint-route",
            Self::Class => "x-layerprint-class",
            Self::Cost => "x-layerprint-cost",
        }
    }

    /// Its name in the configuration.
    pub fn key(self) -> &'static str {
        self.name().strip_prefix("x-layerprint-").unwrap_or_default()
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            mode: Mode::Observe,
            policy: Policy::default(),
            networks: Networks::default(),
            forwarded: Trust {
                hops: 0,
                peer_entry: PeerEntry::Appended,
            },
            clients: Clients::default(),
            annotate: Annotate {
                headers: Header::DEFAULT.to_vec(),
                signature: None,
            },
            log: Log {
                filter_state: Switch::On,
            },
            limits: Limits {
                slow_delay: Duration::from_millis(1_000),
                slow_held: 1_000,
                retry_after: 10,
            },
            connection: ConnectionRole {
                opening_bytes: MAX_OPENING,
                handover: Switch::On,
                policy: ConnectionPolicy::default(),
            },
            behaviour: Settings::default(),
            challenge: None,
            failure: FailurePolicy::Open,
        }
    }
}

const MODES: [(&str, Mode); 2] = [("observe", Mode::Observe), ("enforce", Mode::Enforce)];

/// The smallest `connection.opening_bytes`: Chrome's opening has under 600 bytes.
const MIN_OPENING: usize = 1_024;

impl Config {
    /// Reads a configuration. No bytes at all count as an empty object. No variable is set.
    ///
    /// # Errors
    /// Every [`Problem`] that the text has; its syntax alone, when it is no JSON.
    pub fn parse(bytes: &[u8]) -> Result<Self, Vec<Problem>> {
        Self::parse_with(bytes, Variables::NONE)
    }

    /// The same, where keys may come from these variables.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_with(bytes: &[u8], variables: Variables<'_>) -> Result<Self, Vec<Problem>> {
        if bytes.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        let value = strict::parse(bytes).map_err(|problem| vec![problem])?;
        let mut problems = Vec::new();
        let config = Self::read(value, variables, &mut problems);
        if problems.is_empty() { Ok(config) } else { Err(problems) }
    }

    fn read(value: Value, variables: Variables<'_>, problems: &mut Vec<Problem>) -> Self {
        let default = Self::default();
        let mut root = Section::root(value, problems);
        let mode = root.choice("mode", &MODES, default.mode);
        let mut names = BTreeSet::new();
        let routes = routes::routes(&mut root, &mut names);
        let ladders = root.section("ladders", ladders::ladders);
        let known = rules::Known::of_requests(&names);
        let rules = rules::rules(&mut root, &known, &Verdict::ALL.map(|v| (v.as_str(), v)));
        let says_of_challenge = root.has("challenge");
        let difficulties = ladders.difficulties();
        let mut rates = Vec::new();
        let mut config = Self {
            mode,
            policy: Policy {
                mode,
                routes,
                ladders,
                rules,
                limits: Rates::default(),
                difficulty: Difficulty::DEFAULT,
            },
            networks: networks::networks(&mut root),
            forwarded: root.section("forwarded", |section| networks::forwarded(section, default.forwarded)),
            clients: clients::clients(&mut root),
            annotate: root.section("annotate", |section| Annotate {
                headers: section.choices("headers", &Header::ALL.map(|h| (h.key(), h)), default.annotate.headers),
                signature: signature::signature(section, variables),
            }),
            log: root.section("log", |section| Log {
                filter_state: section.switch("filter_state", default.log.filter_state),
            }),
            limits: root.section("limits", |section| {
                rates = rates::rates(section, &known);
                limits::limits(section, &default.limits)
            }),
            connection: root.section("connection", |section| ConnectionRole {
                opening_bytes: section.number(
                    "opening_bytes",
                    MIN_OPENING..=MAX_OPENING,
                    default.connection.opening_bytes,
                ),
                handover: section.switch("handover", default.connection.handover),
                policy: connection::policy(section, mode),
            }),
            behaviour: root.section("behaviour", |section| behaviour::behaviour(section, default.behaviour)),
            challenge: challenge::challenge(&mut root, &difficulties, variables),
            failure: root.choice(
                "failure",
                &[("open", FailurePolicy::Open), ("closed", FailurePolicy::Closed)],
                default.failure,
            ),
        };
        root.finish();
        config.policy.limits = Rates::new(rates, &config.policy.routes);
        if let Some(challenge) = &config.challenge {
            config.policy.difficulty = challenge.difficulty;
        }
        if !says_of_challenge && let Some(what) = config.policy.challenges_where() {
            problems.push(challenge::missing(&what));
        }
        config
    }
}

#[cfg(test)]
mod tests;
