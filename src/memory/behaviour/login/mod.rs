//! Failed logins, on each route for itself: by network, by shape, and by both.
//!
//! Found is, in the last five to ten minutes, at least [`Settings::ratio_percent`] failures among the logins whose outcome is known, and:
//! - of one shape in one network, [`Settings::failures_of_client`] failures: somebody tries passwords;
//! - of one network, [`Settings::failures`]: the same with changing tools;
//! - of one shape, [`Settings::failures`] from [`Settings::networks`] networks: passwords are tried from everywhere.
//!
//! People mistype: of an office behind one address some ten or twenty percent fail, and the ratio keeps it out. Whoever has the
//! shape of an attacker, for it is that of a popular browser, shares the finding while the attack lasts: it asks for a challenge and
//! blocks nobody. So does everybody where all logins fail for the site's own fault.
//!
//! What is answered here has no outcome, so that an attack that is challenged is found anew after ten minutes, at the price of so
//! many tries. It is missed where it changes shape and network together, stays under the numbers, or mixes in enough logins that
//! succeed: one of its own accounts for every four failures, or calls of other purpose on the same route that always succeed (a
//! registration, a token that is renewed), which is why such a call is to have a route of its own.
//!
//! Two tables of fixed size: networks and both, 37,376 of them in 1 MiB; shapes, 896 in 249 KiB. A login costs three reads of them when
//! it comes, three changes when it is answered.

mod record;
mod settings;

pub use settings::{FailureHeader, Settings};

use super::{Attempt, LoginOutcome, Step, Visit};
use crate::compare::{Code, Finding};
use crate::memory::key::Key;
use crate::memory::store::{Moment, Store};
use crate::memory::table::{Change, Table, Tally};
use core::fmt;
use core::time::Duration;
use record::{OfShape, Outcomes, Place, Shape};

/// How long an outcome counts at least; at most twice as long.
pub const SPAN: Duration = Duration::from_secs(300);

/// What failures have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Shape and network.
    Client,
    /// The network.
    Network,
    /// The shape.
    Shape,
}

impl Of {
    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Network => "network",
            Self::Shape => "shape",
        }
    }
}

/// Credentials were right after many that were wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// How many were wrong before.
    pub failures: u32,
    /// What they have in common.
    pub of: Of,
}

impl fmt::Display for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = match self.of {
            Of::Client => "of the same shape and network",
            Of::Network => "of the same network",
            Of::Shape => "of the same shape",
        };
        write!(f, "after {} failures {of}", self.failures)
    }
}

/// What is remembered of logins.
#[derive(Debug)]
pub struct Logins {
    places: Table<Place>,
    shapes: Table<Shape>,
}

impl Default for Logins {
    fn default() -> Self {
        Self {
            places: Table::new("logins.1", 256, 146),
            shapes: Table::new("login-shapes.1", 64, 14),
        }
    }
}

/// By what the logins of one request are counted; those that nothing is known of are left out.
#[derive(Clone, Copy, Debug)]
struct Grounds {
    client: Option<Key>,
    network: Option<Key>,
    shape: Option<Key>,
}

impl Grounds {
    fn of(visit: &Visit) -> Self {
        let network = visit.network.map(|network| network.with(visit.route));
        Self {
            client: network.zip(visit.shape).map(|(network, shape)| network.with(shape)),
            network,
            shape: visit.shape.map(|shape| shape.with(visit.route)),
        }
    }
}

/// What logins with the same grounds have come to.
#[derive(Clone, Copy, Debug, Default)]
struct Before {
    client: Option<Outcomes>,
    network: Option<Outcomes>,
    shape: Option<OfShape>,
}

impl Before {
    /// What they show, strongest ground first.
    fn shows(self, settings: &Settings) -> Option<Alarm> {
        let found = |outcomes: Option<Outcomes>, least, of| {
            let many = outcomes.filter(|outcomes| settings.are_many(*outcomes, least))?;
            let failures = many.failures;
            Some(Alarm { failures, of })
        };
        let from_many = |shape: &OfShape| shape.networks.estimate() >= settings.networks;
        found(self.client, settings.failures_of_client, Of::Client)
            .or_else(|| found(self.network, settings.failures, Of::Network))
            .or_else(|| {
                let outcomes = self.shape.map(|shape| shape.outcomes);
                found(outcomes, settings.failures, Of::Shape).filter(|_| self.shape.as_ref().is_some_and(from_many))
            })
    }
}

impl Logins {
    /// What the logins before this one show, where it is one. It is counted once it is answered: nothing that is held back or refused
    /// here makes failures look fewer.
    pub fn visit(&self, store: &impl Store, settings: &Settings, visit: &Visit) -> Option<Finding> {
        if visit.step != Step::Login || visit.attempt == Attempt::No {
            return None;
        }
        let grounds = Grounds::of(visit);
        let place = |key| {
            let mut place = self.places.read(store, key).ok()?;
            place.0.advance(visit.at, SPAN);
            Some(place.0.both())
        };
        let before = Before {
            client: grounds.client.and_then(place),
            network: grounds.network.and_then(place),
            shape: grounds.shape.and_then(|key| {
                let mut shape = self.shapes.read(store, key).ok()?;
                shape.0.advance(visit.at, SPAN);
                Some(shape.0.both())
            }),
        };
        let Alarm { failures, of } = before.shows(settings)?;
        let whose = match of {
            Of::Client => "this shape in this network have failed of late",
            Of::Network => "this network have failed of late",
            Of::Shape => "this shape have failed of late, from many networks",
        };
        let why = format!("{failures} logins of {whose}, and hardly one succeeded");
        Some(Finding::new(Code::LoginFailures, why))
    }

    /// Counts what became of it; an alarm when it succeeded after many failures.
    pub fn answered(
        &self,
        store: &impl Store,
        settings: &Settings,
        visit: &Visit,
        at: Moment,
        outcome: LoginOutcome,
    ) -> Option<Alarm> {
        let grounds = Grounds::of(visit);
        let place = |key| {
            let change = |place: &mut Place| {
                place.0.advance(at, SPAN);
                let before = place.0.both();
                place.0.present.count(outcome);
                (Change::Made, before)
            };
            self.places.update(store, key, at, change).ok()
        };
        // What was there before this one counts.
        let before = Before {
            client: grounds.client.and_then(place),
            network: grounds.network.and_then(place),
            shape: grounds.shape.and_then(|key| {
                let change = |shape: &mut Shape| {
                    shape.0.advance(at, SPAN);
                    let before = shape.0.both();
                    shape.0.present.count(outcome, visit.network);
                    (Change::Made, before)
                };
                self.shapes.update(store, key, at, change).ok()
            }),
        };
        before.shows(settings).filter(|_| outcome == LoginOutcome::Success)
    }

    /// What became of changes since this was asked last.
    pub fn take_tally(&self) -> Tally {
        self.places.take_tally().plus(self.shapes.take_tally())
    }

    /// The most bytes that the tables take.
    pub fn max_bytes(&self) -> usize {
        self.places.max_bytes().saturating_add(self.shapes.max_bytes())
    }
}
