//! What everybody asks this worker for: against this, the share of one client is much or little.
//!
//! Each worker has its own, a sample of its last 33,000 to 65,000 requests. A client adds to it no more than [`Say`] lets it: who floods one route does not make it what
//! everybody asks for.

use super::client::Second;
use crate::memory::behaviour::CacheOutcome;
use crate::memory::key::Key;
use crate::memory::top::Top;

/// A share of fewer requests says nothing.
const LEAST: u32 = 200;

/// A site that shows fewer pages and parts of them, in hundredths, is none that is looked at: its pages come from elsewhere.
const LEAST_SHOWN_PERCENT: u32 = 1;

/// Stands for requests for pages and their parts.
const SHOWN: Key = Key::of_bits(1);

/// Stands for all others.
const DEAR: Key = Key::of_bits(2);

/// How much one client adds in a minute.
const MOST_OF_A_CLIENT: u8 = 32;

/// What a client may still add in this minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Say {
    minute: u32,
    requests: u8,
    answers: u8,
}

/// What it adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// A request.
    Request,
    /// What an answer tells.
    Answer,
}

impl Say {
    /// Takes one of what is left; whether there was any.
    pub(super) fn take(&mut self, of: Of, now: Second) -> bool {
        let minute = now.0 / 60;
        if self.minute != minute {
            *self = Self {
                minute,
                ..Self::default()
            };
        }
        let count = match of {
            Of::Request => &mut self.requests,
            Of::Answer => &mut self.answers,
        };
        *count = count.saturating_add(1);
        *count <= MOST_OF_A_CLIENT
    }
}

/// What everybody asks this worker for.
#[derive(Debug, Default)]
pub(super) struct Site {
    kinds: Top<2>,
    routes: Top<256>,
    answers: Top<256>,
    misses: Top<256>,
}

impl Site {
    /// Counts a request for a page or a part of one.
    pub(super) fn show(&mut self, route: Key) {
        self.kinds.add(SHOWN);
        self.routes.add(route);
    }

    /// Counts a request for something dear.
    pub(super) fn ask(&mut self, route: Key) {
        self.kinds.add(DEAR);
        self.routes.add(route);
    }

    /// Counts what an answer told.
    pub(super) fn answer(&mut self, route: Key, outcome: CacheOutcome) {
        // Both are halved together.
        match outcome {
            CacheOutcome::Hit => self.misses.add(DEAR),
            CacheOutcome::Miss => self.misses.add(route),
        }
        self.answers.add(route);
    }

    /// Whether, as far as this can be told, nobody is shown a page here: they come from elsewhere, and nothing follows from not asking
    /// for one.
    pub(super) fn shows_nothing(&self) -> bool {
        let shown = self.kinds.count(SHOWN).most;
        self.kinds.total() >= LEAST
            && shown.saturating_mul(100) < self.kinds.total().saturating_mul(LEAST_SHOWN_PERCENT)
    }

    /// How many of a hundred requests are for `route`, at most; none where too few came to tell.
    pub(super) fn share_percent(&self, route: Key) -> Option<u32> {
        percent(self.routes.count(route).most, self.routes.total())
    }

    /// How many of a hundred answers of `route` were in no cache, at most; none where too few came to tell.
    pub(super) fn misses_percent(&self, route: Key) -> Option<u32> {
        percent(self.misses.count(route).most, self.answers.count(route).least)
    }
}

fn percent(part: u32, whole: u32) -> Option<u32> {
    (whole >= LEAST).then(|| part.saturating_mul(100) / whole.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::key::Keys;

    fn key(n: u32) -> Key {
        Keys::default().key("route", n)
    }

    #[test]
    fn a_share_is_told_of_enough() {
        let mut site = Site::default();
        (0..199).for_each(|n| site.ask(key(n % 4)));
        assert_eq!((site.share_percent(key(0)), site.shows_nothing()), (None, false));
        site.ask(key(3));
        assert_eq!((site.share_percent(key(0)), site.shows_nothing()), (Some(25), true));
        (0..3).for_each(|_| site.show(key(9)));
        assert!(!site.shows_nothing());
        for n in 0..400 {
            let outcome = if n % 4 == 0 {
                CacheOutcome::Miss
            } else {
                CacheOutcome::Hit
            };
            site.answer(key(1), outcome);
        }
        assert_eq!(
            (site.misses_percent(key(1)), site.misses_percent(key(2))),
            (Some(25), None)
        );
    }

    #[test]
    fn one_client_adds_so_much_in_a_minute_and_no_more() {
        let mut say = Say::default();
        let mut taken = |second| (0..100).filter(|_| say.take(Of::Request, Second(second))).count();
        assert_eq!((taken(600), taken(601), taken(660)), (32, 0, 32));
        assert_eq!(taken(100), 32, "the clock was set back");
    }
}
