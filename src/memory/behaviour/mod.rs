//! What requests show together and no single one shows: who tries passwords, who comes from ever new networks, who goes straight to
//! what is dear. Each is a finding with a weight; none decides alone.
//!
//! Counted are keys that stand for a client, a network, a shape (what TLS and HTTP/2 look like); see [`super::key`].

pub mod login;
pub mod rotation;
pub mod sequence;

use super::key::Key;
use super::store::{Moment, Store};
use super::table::Tally;
use crate::compare::Finding;

/// A request, for those who remember.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    /// When it came.
    pub at: Moment,
    /// What it asks for.
    pub step: Step,
    /// Whether it does something there.
    pub attempt: Attempt,
    /// Its route.
    pub route: Key,
    /// Its method and path.
    pub call: Key,
    /// What its TLS and HTTP/2 look like, whoever sends it; none where neither was seen.
    pub shape: Option<Key>,
    /// The network it comes from: /24 of IPv4, /48 of IPv6.
    pub network: Option<Key>,
    /// Its address (/64 of IPv6) and shape.
    pub client: Option<Key>,
    /// Its cookies and authorization; none where it has neither.
    pub session: Option<Key>,
    /// Who it says it is from.
    pub claimant: Claimant,
}

/// What a request asks for, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// A page.
    Page,
    /// A part of a page.
    Asset,
    /// Something dear.
    Login,
    /// Something dear.
    Checkout,
    /// Something dear.
    Search,
    /// Something dear.
    Api,
    /// Something dear.
    Admin,
}

/// Whether a request does something, or only looks: the page with the form is no login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// It does, by its method.
    Yes,
    /// It looks (`GET`, `HEAD`, `OPTIONS`).
    No,
}

/// Who a request says it is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claimant {
    /// A browser, or a program that shows pages.
    Browser,
    /// Anything else.
    Other,
}

/// How a request was answered by the upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// When.
    pub at: Moment,
    /// What became of the credentials; none where none were tried, or nobody can tell.
    pub login: Option<LoginOutcome>,
    /// Whether a cache had it; none where nothing says so.
    pub cache: Option<CacheOutcome>,
}

/// What became of credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginOutcome {
    /// They were right.
    Success,
    /// They were wrong.
    Failure,
}

/// Whether a cache had what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheOutcome {
    /// It had.
    Hit,
    /// It had not.
    Miss,
}

/// What is to be looked for, and from when on it is found. Parts that are none are not looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Failed logins.
    pub login: Option<login::Settings>,
    /// One shape from many networks.
    pub rotation: Option<rotation::Settings>,
    /// What one client does, in which order and how fast.
    pub sequence: Option<sequence::Settings>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            login: Some(login::Settings::default()),
            rotation: Some(rotation::Settings::default()),
            sequence: Some(sequence::Settings::default()),
        }
    }
}

impl Settings {
    /// Whether nothing is looked for.
    pub const fn is_idle(&self) -> bool {
        self.login.is_none() && self.rotation.is_none() && self.sequence.is_none()
    }
}

/// All that is remembered of behaviour, by the settings of one plugin.
#[derive(Debug, Default)]
pub struct Behaviour {
    logins: login::Logins,
    rotation: rotation::Rotation,
    sequences: sequence::Sequences,
}

impl Behaviour {
    /// Counts `visit`, and gives what it and those before it show. Where the proxy has no shared data, nothing.
    pub fn visit(&self, store: &impl Store, settings: &Settings, visit: &Visit) -> Vec<Finding> {
        let mut found = Vec::new();
        if let Some(settings) = &settings.login {
            found.extend(self.logins.visit(store, settings, visit));
        }
        if let Some(settings) = &settings.rotation {
            found.extend(self.rotation.visit(store, settings, visit));
        }
        if let Some(settings) = &settings.sequence {
            found.extend(self.sequences.visit(store, settings, visit));
        }
        found
    }

    /// Counts how the upstream answered `visit`; an alarm when credentials were right after many that were wrong.
    pub fn answered(
        &self,
        store: &impl Store,
        settings: &Settings,
        visit: &Visit,
        answered: &Answered,
    ) -> Option<login::Alarm> {
        if let (Some(settings), Some(outcome)) = (&settings.sequence, answered.cache) {
            self.sequences.cached(store, settings, visit, outcome);
        }
        let settings = settings.login.as_ref()?;
        self.logins
            .answered(store, settings, visit, answered.at, answered.login?)
    }

    /// What became of changes since this was asked last.
    pub fn take_tally(&self) -> Tally {
        let tallies = [
            self.logins.take_tally(),
            self.rotation.take_tally(),
            self.sequences.take_tally(),
        ];
        tallies.into_iter().fold(Tally::default(), Tally::plus)
    }
}

#[cfg(test)]
mod tests;
