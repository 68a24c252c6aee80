//! What one client does, in which order and how fast.

use super::{CacheOutcome, Visit};
use crate::compare::Finding;
use crate::memory::store::Store;
use crate::memory::table::Tally;

/// From when on it is found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {}

impl Settings {
    /// The header of an answer that has to be read.
    pub const fn cache_header(&self) -> Option<&str> {
        None
    }

    /// What its value says.
    pub const fn cache_outcome(&self, _: &[u8]) -> Option<CacheOutcome> {
        None
    }
}

/// What is remembered of clients.
#[derive(Debug, Default)]
pub struct Sequences {}

impl Sequences {
    /// Counts a request; what those before it show.
    pub fn visit(&self, _: &impl Store, _: &Settings, _: &Visit) -> Vec<Finding> {
        Vec::new()
    }

    /// Counts whether a cache had what was asked for.
    pub fn cached(&self, _: &impl Store, _: &Settings, _: &Visit, _: CacheOutcome) {}

    /// What became of changes since this was asked last.
    pub fn take_tally(&self) -> Tally {
        Tally::default()
    }
}
