//! One shape from many networks.

use super::Visit;
use crate::compare::Finding;
use crate::memory::store::Store;
use crate::memory::table::Tally;

/// From when on rotation is found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {}

/// What is remembered of shapes.
#[derive(Debug, Default)]
pub struct Rotation {}

impl Rotation {
    /// Counts a request; what those before it show.
    pub fn visit(&self, _: &impl Store, _: &Settings, _: &Visit) -> Option<Finding> {
        None
    }

    /// What became of changes since this was asked last.
    pub fn take_tally(&self) -> Tally {
        Tally::default()
    }
}
