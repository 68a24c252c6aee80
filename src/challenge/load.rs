//! How hard puzzles get when many are asked for: one bit more for each doubling of what is usual, up to a bound.
//!
//! Each worker counts for itself: what one more bit costs is little beside what it would cost to ask the others.

use crate::memory::store::Moment;
use crate::policy::config::challenge::{Difficulty, Load as Settings};
use core::cell::Cell;

/// The puzzles that a worker makes.
#[derive(Debug, Default)]
pub(super) struct Load(Cell<Seconds>);

#[derive(Clone, Copy, Debug, Default)]
struct Seconds {
    now: u64,
    count: u32,
    /// Those of the second before.
    before: u32,
}

impl Load {
    /// Counts one puzzle, and gives its difficulty in the place of `base`.
    pub(super) fn raise(&self, base: Difficulty, now: Moment, settings: Settings) -> Difficulty {
        let second = now.seconds();
        let mut seconds = self.0.get();
        if seconds.now != second {
            let is_next = seconds.now.checked_add(1) == Some(second);
            seconds = Seconds {
                now: second,
                count: 0,
                before: if is_next { seconds.count } else { 0 },
            };
        }
        seconds.count = seconds.count.saturating_add(1);
        self.0.set(seconds);
        let rate = seconds.count.max(seconds.before);
        let times = rate.saturating_sub(1) / settings.per_second.max(1);
        let more = times.checked_ilog2().map_or(0, |doublings| doublings.saturating_add(1));
        base.raised(u8::try_from(more).unwrap_or(u8::MAX), settings.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::time::Duration;

    #[test]
    fn each_doubling_adds_a_bit_up_to_the_bound_and_quiet_takes_them_away() {
        let load = Load::default();
        let settings = Settings {
            per_second: 10,
            most: Difficulty::new(20).unwrap(),
        };
        let base = Difficulty::DEFAULT;
        let puzzle = |second| load.raise(base, Moment(Duration::from_secs(second)), settings).bits();
        let first: Vec<u8> = (0..100).map(|_| puzzle(1)).collect();
        assert_eq!(first.iter().filter(|bits| **bits == 18).count(), 10);
        assert_eq!(first.iter().filter(|bits| **bits == 19).count(), 10);
        assert_eq!(first.iter().filter(|bits| **bits == 20).count(), 80);
        // The second after remembers; the one after that does not.
        assert_eq!((puzzle(2), puzzle(3), puzzle(9)), (20, 18, 18));
    }

    #[test]
    fn a_ladder_that_asks_for_more_than_the_bound_is_left_at_that() {
        let base = Difficulty::new(24).unwrap();
        let settings = Settings {
            per_second: 1,
            most: Difficulty::new(20).unwrap(),
        };
        let load = Load::default();
        for _ in 0..10 {
            assert_eq!(load.raise(base, Moment::default(), settings), base);
        }
    }
}
