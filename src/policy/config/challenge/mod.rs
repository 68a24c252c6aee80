//! `challenge`: how a browser shows that it is one, and what that is worth.
//!
//! ```json
//! {"challenge": {"keys": [{"env": "LAYERPRINT_CHALLENGE_KEY"}, "BASE64 of the key before, 32 bytes or more"],
//!                "path": "/.layerprint/challenge", "difficulty": 18, "load": {"per_s": 50, "max_difficulty": 21},
//!                "answer_within_s": 300, "clearance": {"cookie": "__Host-layerprint", "for_s": 1800, "same_site": "lax"},
//!                "bind": {"ipv4_prefix": 24, "ipv6_prefix": 48, "tls": true, "http": true},
//!                "attempts": {"count": 10, "per_s": 600, "then": "limit"}, "noscript": {"wait_s": 15},
//!                "contact": "mailto:help@example.com", "texts": {"de": {"title": "Einen Moment"}}}}
//! ```

mod keys;
mod read;

pub(super) use read::{challenge, missing};

use super::Switch;
use super::secret::{Secret, Variables};
use super::texts::Texts;
use crate::policy::Verdict;
use std::time::Duration;

/// `challenge`. There is none where the configuration has no keys, or says `false`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// `keys`: one or two. The first signs, each is believed.
    pub keys: Vec<Secret>,
    /// `path`: the path that the filter answers itself, on every host.
    pub path: Box<str>,
    /// `difficulty`: that of ladders which have none of their own.
    pub difficulty: Difficulty,
    /// `load`: what makes it harder.
    pub load: Load,
    /// `answer_within_s`: how long a puzzle may be answered.
    pub answer_within: Duration,
    /// `clearance`: what an answer earns.
    pub clearance: Clearance,
    /// `bind`: what puzzles and clearances are bound to.
    pub bind: Bind,
    /// `attempts`: how often the same client is challenged in vain.
    pub attempts: Attempts,
    /// `noscript`: what becomes of a browser without JavaScript.
    pub no_script: NoScript,
    /// `contact`: where a person who does not get on finds help, `mailto:…` or `https://…`.
    pub contact: Option<Box<str>>,
    /// `texts`: the page in other languages, and other words.
    pub texts: Vec<Texts>,
}

/// How many hashes an answer takes on average, as a power of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difficulty(u8);

impl Difficulty {
    /// The least: 1,024 hashes.
    pub const MIN: u8 = 10;
    /// The most: 67 million hashes, a minute of a phone.
    pub const MAX: u8 = 26;
    /// What is shipped.
    pub const DEFAULT: Self = Self(18);

    /// That of `bits`; none out of range.
    pub fn new(bits: u8) -> Option<Self> {
        (Self::MIN..=Self::MAX).contains(&bits).then_some(Self(bits))
    }

    /// The power of two.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Harder by `more` bits, but by no more than up to `most`.
    #[must_use]
    pub fn raised(self, more: u8, most: Self) -> Self {
        self.max(Self(self.0.saturating_add(more)).min(most))
    }
}

/// `challenge.load`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// `per_s`: up to so many puzzles a second of one worker nothing gets harder; each doubling from there adds one bit.
    pub per_second: u32,
    /// `max_difficulty`: where that ends.
    pub most: Difficulty,
}

/// `challenge.clearance`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clearance {
    /// `cookie`: its name. One that begins with `__Host-` is taken by browsers from this host over TLS alone.
    pub cookie: Box<str>,
    /// `for_s`: how long it lasts.
    pub lasts: Duration,
    /// `same_site`
    pub same_site: SameSite,
}

/// Whether browsers send the cookie along from other sites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// Never.
    Strict,
    /// When a link leads here.
    Lax,
    /// Always.
    None,
}

/// `challenge.bind`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bind {
    /// `ipv4_prefix`: the bits of an IPv4 address that have to stay; 0 for none.
    pub ipv4_prefix: u8,
    /// `ipv6_prefix`: likewise.
    pub ipv6_prefix: u8,
    /// `tls`: whether the TLS library has to stay.
    pub tls: Switch,
    /// `http`: whether the HTTP library has to stay.
    pub http: Switch,
}

/// `challenge.attempts`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempts {
    /// `count`: so many challenges are given to one client that never comes back with a clearance.
    pub count: u16,
    /// `per_s`: in so long a time.
    pub per: Duration,
    /// `then`: what it gets from there on: `limit` or `block`.
    pub then: Verdict,
}

/// `challenge.noscript`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoScript {
    /// `"contact"`: it is told whom to ask.
    Contact,
    /// `{"wait_s": 15}`: it waits so long, and gets its clearance for that.
    Wait(Duration),
}

impl Default for Challenge {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            path: "/.layerprint/challenge".into(),
            difficulty: Difficulty::DEFAULT,
            load: Load {
                per_second: 50,
                most: Difficulty(21),
            },
            answer_within: Duration::from_secs(300),
            clearance: Clearance {
                cookie: "__Host-layerprint".into(),
                lasts: Duration::from_secs(1_800),
                same_site: SameSite::Lax,
            },
            bind: Bind {
                ipv4_prefix: 24,
                ipv6_prefix: 48,
                tls: Switch::On,
                http: Switch::On,
            },
            attempts: Attempts {
                count: 10,
                per: Duration::from_secs(600),
                then: Verdict::Limit,
            },
            no_script: NoScript::Contact,
            contact: None,
            texts: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
