//! Failed logins: by network, by shape, and by both.
//!
//! Found is, in the last five to ten minutes, at least [`Settings::ratio_percent`] failures among the logins whose outcome is known, and:
//! - of one shape in one network, [`Settings::failures_of_client`] failures: somebody tries passwords;
//! - of one network, [`Settings::failures`]: the same with changing tools;
//! - of one shape, [`Settings::failures`] from [`Settings::networks`] networks: passwords are tried from everywhere.
//!
//! People mistype: of an office behind one address some ten or twenty percent fail, and the ratio keeps it out. Whoever has the
//! shape of an attacker, for it is that of a popular browser, shares the finding while the attack lasts: it asks for a challenge and
//! blocks nobody. What is answered here has no outcome, so that an attack that is challenged is found anew after ten
//! minutes, at the price of so many tries.
//!
//! Two tables of fixed size: networks and both, 28,672 of them in 1 MiB; shapes, 896 in 256 KiB. One attempt costs three changes.

use super::{Attempt, LoginOutcome, Step, Visit};
use crate::compare::{Code, Finding};
use crate::memory::bytes::{Reader, Writer};
use crate::memory::distinct::Distinct;
use crate::memory::key::Key;
use crate::memory::spans::{Merge, Spans};
use crate::memory::store::{Moment, Store};
use crate::memory::table::{Change, Record, Table, Tally};
use core::fmt;
use core::time::Duration;

/// How long an outcome counts at least; at most twice as long.
pub const SPAN: Duration = Duration::from_secs(300);

/// From when on failures are found, and what is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `failure_statuses`: an answer with one of these says that credentials were wrong.
    pub failure_statuses: Vec<u16>,
    /// `success_statuses`: one with one of these that they were right; none stands for all others of 2xx and 3xx. The rest says
    /// nothing.
    pub success_statuses: Option<Vec<u16>>,
    /// `failure_header`: an answer with this header and one of these values says that they were wrong, whatever its status.
    pub failure_header: Option<FailureHeader>,
    /// `failures`: so many of one network, or of one shape.
    pub failures: u32,
    /// `failures_of_client`: so many of one shape in one network.
    pub failures_of_client: u32,
    /// `ratio_percent`: so many of a hundred.
    pub ratio_percent: u32,
    /// `networks`: from so many, where they are of one shape.
    pub networks: u32,
}

/// A header of an answer that says that credentials were wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureHeader {
    /// Its name, in lower case.
    pub name: Box<str>,
    /// Its values, in lower case; any value when there is none.
    pub values: Vec<Box<str>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            failure_statuses: vec![400, 401, 403, 422],
            success_statuses: None,
            failure_header: None,
            failures: 20,
            failures_of_client: 10,
            ratio_percent: 80,
            networks: 10,
        }
    }
}

impl Settings {
    /// The header of an answer that has to be read.
    pub fn header(&self) -> Option<&str> {
        self.failure_header.as_ref().map(|header| &*header.name)
    }

    /// What an answer with this status, and with this value of [`Self::header`], says.
    pub fn outcome(&self, status: u16, header: Option<&[u8]>) -> Option<LoginOutcome> {
        let says_so = self.failure_header.as_ref().zip(header).is_some_and(|(wanted, value)| {
            let value = value.trim_ascii();
            wanted.values.is_empty()
                || wanted
                    .values
                    .iter()
                    .any(|known| known.as_bytes().eq_ignore_ascii_case(value))
        });
        if says_so || self.failure_statuses.contains(&status) {
            return Some(LoginOutcome::Failure);
        }
        let is_success = match &self.success_statuses {
            Some(statuses) => statuses.contains(&status),
            None => matches!(status, 200..400),
        };
        is_success.then_some(LoginOutcome::Success)
    }

    fn are_many(&self, outcomes: Outcomes, failures: u32) -> bool {
        let known = u64::from(outcomes.failures).saturating_add(outcomes.successes.into());
        let ratio = u64::from(outcomes.failures).saturating_mul(100);
        outcomes.failures >= failures && ratio >= known.saturating_mul(self.ratio_percent.into())
    }
}

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

/// Outcomes of one span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Outcomes {
    attempts: u32,
    failures: u32,
    successes: u32,
}

impl Merge for Outcomes {
    fn merge(&self, other: &Self) -> Self {
        Self {
            attempts: self.attempts.saturating_add(other.attempts),
            failures: self.failures.saturating_add(other.failures),
            successes: self.successes.saturating_add(other.successes),
        }
    }
}

impl Outcomes {
    fn count(&mut self, outcome: Option<LoginOutcome>) {
        let counter = match outcome {
            None => &mut self.attempts,
            Some(LoginOutcome::Failure) => &mut self.failures,
            Some(LoginOutcome::Success) => &mut self.successes,
        };
        *counter = counter.saturating_add(1);
    }

    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            attempts: reader.u32(),
            failures: reader.u32(),
            successes: reader.u32(),
        }
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.u32(self.attempts);
        writer.u32(self.failures);
        writer.u32(self.successes);
    }
}

/// The logins of one network, or of one shape in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place(Spans<Outcomes>);

impl Record for Place {
    const SIZE: usize = 28;

    fn read(bytes: &[u8]) -> Self {
        let mut reader = Reader::new(bytes);
        Self(Spans {
            span: reader.u32(),
            present: Outcomes::read(&mut reader),
            before: Outcomes::read(&mut reader),
        })
    }

    fn write(&self, bytes: &mut [u8]) {
        let mut writer = Writer::new(bytes);
        writer.u32(self.0.span);
        self.0.present.write(&mut writer);
        self.0.before.write(&mut writer);
    }

    fn worth(&self, now: Moment) -> Option<u64> {
        (!self.0.is_over(now, SPAN)).then(|| self.0.both().worth())
    }
}

impl Outcomes {
    /// Failures are what is looked for.
    fn worth(self) -> u64 {
        u64::from(self.failures)
            .saturating_mul(1 << 16)
            .saturating_add(self.attempts.into())
    }
}

/// The logins of one shape, and the networks that they failed from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Shape(Spans<OfShape>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct OfShape {
    outcomes: Outcomes,
    networks: Distinct,
}

impl Merge for OfShape {
    fn merge(&self, other: &Self) -> Self {
        Self {
            outcomes: self.outcomes.merge(&other.outcomes),
            networks: self.networks.union(&other.networks),
        }
    }
}

impl Record for Shape {
    const SIZE: usize = 284;

    fn read(bytes: &[u8]) -> Self {
        let mut reader = Reader::new(bytes);
        let half = |reader: &mut Reader<'_>| OfShape {
            outcomes: Outcomes::read(reader),
            networks: Distinct::read(reader),
        };
        Self(Spans {
            span: reader.u32(),
            present: half(&mut reader),
            before: half(&mut reader),
        })
    }

    fn write(&self, bytes: &mut [u8]) {
        let mut writer = Writer::new(bytes);
        writer.u32(self.0.span);
        for half in [&self.0.present, &self.0.before] {
            half.outcomes.write(&mut writer);
            half.networks.write(&mut writer);
        }
    }

    fn worth(&self, now: Moment) -> Option<u64> {
        (!self.0.is_over(now, SPAN)).then(|| self.0.both().outcomes.worth())
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
            places: Table::new("logins.1", 256, 112),
            shapes: Table::new("login-shapes.1", 64, 14),
        }
    }
}

impl Logins {
    /// Counts a request; what those before it show.
    pub fn visit(&self, store: &impl Store, settings: &Settings, visit: &Visit) -> Option<Finding> {
        if visit.step != Step::Login || visit.attempt == Attempt::No {
            return None;
        }
        let alarm = self.count(store, settings, visit, visit.at, None)?;
        let failures = alarm.failures;
        let why = match alarm.of {
            Of::Client => {
                format!("{failures} logins of this shape in this network have failed of late, and hardly one succeeded")
            }
            Of::Network => format!("{failures} logins of this network have failed of late, and hardly one succeeded"),
            Of::Shape => {
                format!(
                    "{failures} logins of this shape have failed of late, from many networks, and hardly one succeeded"
                )
            }
        };
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
        // What was found before this one counts.
        self.count(store, settings, visit, at, Some(outcome))
            .filter(|_| outcome == LoginOutcome::Success)
    }

    /// Counts in all places; what was found there before, strongest ground first.
    fn count(
        &self,
        store: &impl Store,
        settings: &Settings,
        visit: &Visit,
        at: Moment,
        outcome: Option<LoginOutcome>,
    ) -> Option<Alarm> {
        let place = |key: Key| {
            let change = |place: &mut Place| {
                place.0.advance(at, SPAN);
                let before = place.0.both();
                place.0.present.count(outcome);
                (Change::Made, before)
            };
            self.places.update(store, key, at, change).ok()
        };
        let client = visit
            .network
            .zip(visit.shape)
            .map(|(network, shape)| network.with(shape));
        let of_client = client.and_then(place);
        let of_network = visit.network.and_then(place);
        let of_shape = visit.shape.and_then(|key| {
            let change = |shape: &mut Shape| {
                shape.0.advance(at, SPAN);
                let before = shape.0.both();
                shape.0.present.outcomes.count(outcome);
                if let (Some(LoginOutcome::Failure), Some(network)) = (outcome, visit.network) {
                    shape.0.present.networks.insert(network);
                }
                (Change::Made, before)
            };
            self.shapes.update(store, key, at, change).ok()
        });
        let found = |outcomes: Option<Outcomes>, least, of| {
            let many = outcomes.filter(|outcomes| settings.are_many(*outcomes, least))?;
            let failures = many.failures;
            Some(Alarm { failures, of })
        };
        let of_shape = of_shape.filter(|of| of.networks.estimate() >= settings.networks);
        found(of_client, settings.failures_of_client, Of::Client)
            .or_else(|| found(of_network, settings.failures, Of::Network))
            .or_else(|| found(of_shape.map(|of| of.outcomes), settings.failures, Of::Shape))
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
