//! Failed logins: by network, by shape, and by both.

use super::{LoginOutcome, Visit};
use crate::compare::Finding;
use crate::memory::store::{Moment, Store};
use crate::memory::table::Tally;

/// From when on failures are found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {}

/// Credentials were right after many that were wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// How many were wrong before.
    pub failures: u32,
}

/// What is remembered of logins.
#[derive(Debug, Default)]
pub struct Logins {}

impl Logins {
    /// Counts a request; what those before it show.
    pub fn visit(&self, _: &impl Store, _: &Settings, _: &Visit) -> Option<Finding> {
        None
    }

    /// Counts what became of it.
    pub fn answered(&self, _: &impl Store, _: &Settings, _: &Visit, _: Moment, _: LoginOutcome) -> Option<Alarm> {
        None
    }

    /// What became of changes since this was asked last.
    pub fn take_tally(&self) -> Tally {
        Tally::default()
    }
}
