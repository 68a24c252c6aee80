//! Changes of values that all workers share: read, change, write back, and anew when another worker was faster; so often and no
//! more, and nothing of it silent.

use super::store::{Store, Swap, Unavailable};
use core::cell::Cell;

/// How often a change is tried when other workers are faster. With a value read and written in two microseconds, losing as often in
/// a row takes more workers than there are.
pub const MAX_TRIES: u32 = 16;

/// Whether a change is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The record is another one now.
    Made,
    /// It is as it was.
    None,
}

/// What became of changes, until it is taken: counted, never silent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Changes that were begun anew, because another worker was faster.
    pub retried: u32,
    /// Changes that were given up for that: they are not counted.
    pub lost: u32,
    /// Records forgotten for others, that still said something.
    pub evicted: u32,
    /// Calls that the proxy refused.
    pub failed: u32,
}

impl Tally {
    /// Nothing.
    pub const NONE: Self = Self {
        retried: 0,
        lost: 0,
        evicted: 0,
        failed: 0,
    };

    /// Both.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            retried: self.retried.saturating_add(other.retried),
            lost: self.lost.saturating_add(other.lost),
            evicted: self.evicted.saturating_add(other.evicted),
            failed: self.failed.saturating_add(other.failed),
        }
    }
}

/// How a change ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// It is written.
    Written,
    /// There was nothing to write.
    Unchanged,
    /// Other workers were faster each time.
    Lost,
}

/// Values of one length, and what became of their changes.
#[derive(Debug)]
pub(super) struct Values {
    bytes: usize,
    tally: Cell<Tally>,
}

impl Values {
    /// Values of `bytes` bytes each.
    pub(super) const fn new(bytes: usize) -> Self {
        Self {
            bytes,
            tally: Cell::new(Tally::NONE),
        }
    }

    /// The bytes of each.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The value under `name`; none where there is none, or one that is not ours.
    pub(super) fn read(&self, store: &impl Store, name: &str) -> Result<Option<Vec<u8>>, Unavailable> {
        let found = self.counted(store.shared(name))?;
        Ok(found.map(|(value, _)| value).filter(|value| value.len() == self.bytes))
    }

    /// Changes the value under `name`, from zeros where there is none, or one that is not ours. `worth` is how many changes are lost
    /// when this one is.
    pub(super) fn change<T>(
        &self,
        store: &impl Store,
        name: &str,
        worth: u32,
        mut change: impl FnMut(&mut [u8]) -> (Change, T),
    ) -> Result<(T, Ending), Unavailable> {
        let mut tries = 1_u32;
        loop {
            let (mut value, version) = match self.counted(store.shared(name))? {
                Some((value, version)) => (value, Some(version)),
                None => (Vec::new(), None),
            };
            if value.len() != self.bytes {
                value.clear();
                value.resize(self.bytes, 0);
            }
            let (made, result) = change(&mut value);
            if made == Change::None {
                return Ok((result, Ending::Unchanged));
            }
            match self.counted(store.swap_shared(name, &value, version))? {
                Swap::Done => return Ok((result, Ending::Written)),
                Swap::Lost if tries >= MAX_TRIES => {
                    self.add(Tally {
                        lost: worth,
                        ..Tally::NONE
                    });
                    return Ok((result, Ending::Lost));
                }
                Swap::Lost => {
                    tries = tries.saturating_add(1);
                    self.add(Tally {
                        retried: 1,
                        ..Tally::NONE
                    });
                }
            }
        }
    }

    /// Counts what became of changes.
    pub(super) fn add(&self, more: Tally) {
        self.tally.set(self.tally.get().plus(more));
    }

    /// What became of changes since this was asked last.
    pub(super) fn take_tally(&self) -> Tally {
        self.tally.take()
    }

    fn counted<T>(&self, result: Result<T, Unavailable>) -> Result<T, Unavailable> {
        if result.is_err() {
            self.add(Tally {
                failed: 1,
                ..Tally::NONE
            });
        }
        result
    }
}
