//! How much a key has brought in a window of time that moves with the clock, and how much of it at once.
//!
//! The window is counted in slots of a tenth of it, aligned to the clock. A slot counts until all of it has left the window: no
//! window of that length, wherever it begins, ever lets through more than its limit. How much may come at once is the bucket of GCRA
//! (ITU-T I.371): what it lets through is exact to the millisecond.
//!
//! Bytes: 64 a key. Error: none upwards; downwards, what has left the window may count for one more slot, so that under pressure at
//! least ten elevenths of the limit pass, with windows from 100 ms on (slots are whole milliseconds, rounded up).

use super::bytes::{Reader, Writer};
use super::store::Moment;
use super::table::Record;
use core::time::Duration;

/// The slots that are kept: those of one window, and the one that is leaving it.
const SLOTS: usize = 11;

/// How many slots a window has.
const PER_WINDOW: u32 = 10;

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

impl Terms {
    /// The length of a slot, in milliseconds: ten of them are a window at least.
    fn slot_ms(self) -> u32 {
        self.window_ms.div_ceil(PER_WINDOW).max(1)
    }

    /// What `amount` fills of the bucket. Each millisecond takes `most` out of it.
    fn fill_of(self, amount: u32) -> u64 {
        u64::from(amount).saturating_mul(u64::from(self.window_ms))
    }
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
    /// How long until there is room for what was asked for; when there is, until the oldest of what counts leaves the window. To a
    /// slot.
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
    /// The last time that it was asked, in milliseconds since 1970.
    now: u64,
    /// The length of a slot, in milliseconds.
    slot_ms: u32,
    /// What each slot has brought, newest first.
    amounts: [u32; SLOTS],
    /// What was in the bucket of the burst then, as [`Terms::fill_of`] measures it.
    fill: u64,
}

impl Window {
    /// Takes `amount` at `now`, if there is room.
    pub fn take(&mut self, amount: u32, terms: Terms, counting: Counting, now: Moment) -> Taken {
        self.advance(terms, now.millis());
        let is_within = self.wait(amount, terms) == 0;
        if is_within || counting == Counting::Attempts {
            self.add(amount, terms);
        }
        let left = u64::from(terms.most).saturating_sub(self.sum());
        let left = u32::try_from(left.min(self.left_of_burst(terms))).unwrap_or(u32::MAX);
        let quota = |wait| Quota {
            left,
            reset: Duration::from_millis(wait),
        };
        if is_within {
            Taken::Within(quota(self.until_oldest_leaves()))
        } else {
            Taken::Over(quota(self.wait(amount, terms)))
        }
    }

    /// All that counts.
    pub fn total(&self) -> u32 {
        u32::try_from(self.sum()).unwrap_or(u32::MAX)
    }

    fn sum(&self) -> u64 {
        self.amounts.iter().map(|amount| u64::from(*amount)).sum()
    }

    /// The number of the newest slot since 1970.
    fn newest(&self) -> u64 {
        self.now.checked_div(u64::from(self.slot_ms)).unwrap_or_default()
    }

    /// Lets go of what has left the window. Where the clock was set back by no more than a window, time stands still until it is there
    /// again: nothing counts for longer, and nothing is forgotten. Where by more, all begins anew.
    fn advance(&mut self, terms: Terms, now: u64) {
        let slot_ms = terms.slot_ms();
        let back = self.now.saturating_sub(now);
        if self.slot_ms != slot_ms || back > u64::from(terms.window_ms) {
            *self = Self {
                now,
                slot_ms,
                ..Self::default()
            };
            return;
        }
        let now = self.now.max(now);
        let on = (now / u64::from(slot_ms)).saturating_sub(self.newest());
        let on = usize::try_from(on).unwrap_or(SLOTS).min(SLOTS);
        self.amounts.rotate_right(on % SLOTS);
        self.amounts.iter_mut().take(on).for_each(|amount| *amount = 0);
        let emptied = now.saturating_sub(self.now).saturating_mul(u64::from(terms.most));
        self.fill = self.fill.saturating_sub(emptied);
        self.now = now;
    }

    /// How long until there is room for `amount`, in milliseconds; zero when there is. What never has room, because it is more than all,
    /// waits as if all were taken.
    fn wait(&self, amount: u32, terms: Terms) -> u64 {
        self.wait_for_slots(amount, terms).max(Self::wait_for_burst(
            self.fill.saturating_add(terms.fill_of(amount)),
            terms,
        ))
    }

    fn wait_for_slots(&self, amount: u32, terms: Terms) -> u64 {
        let mut needed = self
            .sum()
            .saturating_add(amount.into())
            .saturating_sub(terms.most.into());
        let mut age = SLOTS;
        for of_slot in self.amounts.iter().rev() {
            if needed == 0 {
                break;
            }
            needed = needed.saturating_sub(u64::from(*of_slot));
            age = age.saturating_sub(1);
        }
        self.until_leaves(age)
    }

    /// How long until a bucket that would be filled so far would hold it.
    fn wait_for_burst(filled: u64, terms: Terms) -> u64 {
        let Some(burst) = terms.burst else { return 0 };
        let over = filled.saturating_sub(terms.fill_of(burst));
        over.div_ceil(u64::from(terms.most).max(1)).min(terms.window_ms.into())
    }

    fn left_of_burst(&self, terms: Terms) -> u64 {
        let Some(burst) = terms.burst else { return u64::MAX };
        // What is begun counts.
        let taken = self.fill.div_ceil(u64::from(terms.window_ms).max(1));
        u64::from(burst).saturating_sub(taken)
    }

    fn add(&mut self, amount: u32, terms: Terms) {
        let [newest, ..] = &mut self.amounts;
        *newest = newest.saturating_add(amount);
        if terms.burst.is_some() {
            let filled = self.fill.saturating_add(terms.fill_of(amount));
            // Attempts that go on fill it no further than what a window empties.
            self.fill = filled.min(terms.fill_of(terms.most));
        }
    }

    /// How long until the slot of this age has left the window; zero for one older than all.
    fn until_leaves(&self, age: usize) -> u64 {
        let slots = u64::try_from(SLOTS.saturating_sub(age)).unwrap_or_default();
        if slots == 0 {
            return 0;
        }
        let begins = self.newest().saturating_add(slots);
        begins.saturating_mul(self.slot_ms.into()).saturating_sub(self.now)
    }

    fn until_oldest_leaves(&self) -> u64 {
        let oldest = self.amounts.iter().rposition(|amount| *amount > 0);
        self.until_leaves(oldest.unwrap_or_default())
    }
}

impl Record for Window {
    const SIZE: usize = 64;

    fn read(bytes: &[u8]) -> Self {
        let mut reader = Reader::new(bytes);
        Self {
            now: reader.u64(),
            fill: reader.u64(),
            slot_ms: reader.u32(),
            amounts: core::array::from_fn(|_| reader.u32()),
        }
    }

    fn write(&self, bytes: &mut [u8]) {
        let mut writer = Writer::new(bytes);
        writer.u64(self.now);
        writer.u64(self.fill);
        writer.u32(self.slot_ms);
        for amount in self.amounts {
            writer.u32(amount);
        }
    }

    /// Who has taken most is kept longest, and of equals who came last: a flood of keys that come once makes no limited client
    /// forgotten.
    fn worth(&self, now: Moment) -> Option<u64> {
        let slot = now.millis().checked_div(u64::from(self.slot_ms))?;
        let age = slot.abs_diff(self.newest());
        // The bucket is empty when all slots have left: it holds no more than what a window empties.
        if age > u64::from(PER_WINDOW) || self.sum() == 0 {
            return None;
        }
        let seconds = u32::try_from(self.now / 1_000).unwrap_or(u32::MAX);
        Some(u64::from(self.total()) << u32::BITS | u64::from(seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TERMS: Terms = Terms {
        most: 100,
        window_ms: 10_000,
        burst: None,
    };

    fn at(ms: u64) -> Moment {
        Moment(Duration::from_millis(1_700_000_000_000 + ms))
    }

    fn passes(window: &mut Window, terms: Terms, ms: u64) -> bool {
        matches!(window.take(1, terms, Counting::LetThrough, at(ms)), Taken::Within(_))
    }

    #[test]
    fn under_twenty_times_the_rate_a_window_lets_its_limit_through_and_no_more() {
        for begin in [0, 499, 999, 5_001] {
            let mut window = Window::default();
            let passed: Vec<u64> = (0..6_000)
                .map(|n| begin + n * 5)
                .filter(|ms| passes(&mut window, TERMS, *ms))
                .collect();
            let most = passed
                .iter()
                .map(|from| passed.iter().filter(|ms| (*from..from + 10_000).contains(*ms)).count());
            assert_eq!(most.max(), Some(100));
            assert_eq!(passed.iter().filter(|ms| **ms < begin + 10_000).count(), 100);
            println!(
                "6000 requests in 30 s under a limit of 100 in 10 s: {} passed, at most 100 in any window; at least {} by ten elevenths",
                passed.len(),
                300 * 10 / 11
            );
            assert!(passed.len() >= 300 * 10 / 11, "{}", passed.len());
        }
    }

    #[test]
    fn a_refusal_says_when_to_come_again_and_then_there_is_room() {
        let mut window = Window::default();
        for _ in 0..100 {
            assert!(passes(&mut window, TERMS, 250));
        }
        let Taken::Over(quota) = window.take(1, TERMS, Counting::LetThrough, at(300)) else {
            panic!("there was room");
        };
        assert_eq!((quota.left, quota.reset.as_millis()), (0, 10_700));
        assert!(!passes(&mut window, TERMS, 10_999));
        assert!(passes(&mut window, TERMS, 11_000));
    }

    #[test]
    fn a_burst_bounds_what_comes_at_once_and_the_rate_what_comes_after() {
        let terms = Terms {
            burst: Some(10),
            ..TERMS
        };
        let mut window = Window::default();
        let passed: Vec<u64> = (0..2_000)
            .map(|n| n * 5)
            .filter(|ms| passes(&mut window, terms, *ms))
            .collect();
        assert_eq!(passed.iter().filter(|ms| **ms < 50).count(), 10);
        assert_eq!(passed.len(), 100, "the window holds too");
        assert!(passed.iter().filter(|ms| **ms < 5_000).count() <= 10 + 50);
        let mut window = Window::default();
        let Taken::Within(quota) = window.take(4, terms, Counting::LetThrough, at(0)) else {
            panic!("there was no room");
        };
        assert_eq!(quota.left, 6);
    }

    #[test]
    fn attempts_count_though_they_are_over() {
        let mut window = Window::default();
        for n in 0..500 {
            let taken = window.take(1, TERMS, Counting::Attempts, at(n));
            assert_eq!(matches!(taken, Taken::Within(_)), n < 100);
        }
        assert_eq!(window.total(), 500);
        // It calms down, and no sooner: at half the rate, once the burst has left.
        assert!(matches!(
            window.take(1, TERMS, Counting::Attempts, at(10_900)),
            Taken::Over(_)
        ));
        assert!(matches!(
            window.take(1, TERMS, Counting::Attempts, at(11_100)),
            Taken::Within(_)
        ));
    }

    #[test]
    fn a_clock_set_back_frees_nobody_for_long_and_holds_nobody_for_long() {
        let mut window = Window::default();
        for _ in 0..100 {
            assert!(passes(&mut window, TERMS, 20_000));
        }
        assert!(!passes(&mut window, TERMS, 15_000), "a little: it counts on");
        assert!(passes(&mut window, TERMS, 1_000), "much: it begins anew");
        assert!(passes(&mut window, TERMS, 90_000_000));
    }

    #[test]
    fn a_window_reads_back_and_any_bytes_are_one() {
        let mut window = Window::default();
        window.take(7, TERMS, Counting::LetThrough, at(5));
        let mut bytes = [0; Window::SIZE];
        window.write(&mut bytes);
        assert_eq!(Window::read(&bytes), window);
    }

    #[test]
    fn a_burst_bounds_rates_of_many_a_millisecond() {
        let terms = Terms {
            most: 5_000,
            window_ms: 1_000,
            burst: Some(100),
        };
        let mut window = Window::default();
        let passed = (0..1_000).filter(|_| passes(&mut window, terms, 0)).count();
        assert_eq!(passed, 100);
        let passed = (0..1_000).filter(|_| passes(&mut window, terms, 1)).count();
        assert_eq!(passed, 5, "a millisecond lets five in");
    }

    #[test]
    fn attempts_that_go_on_fill_a_burst_no_further_than_a_window_empties() {
        let terms = Terms {
            burst: Some(10),
            ..TERMS
        };
        let mut window = Window::default();
        for n in 0..100_000 {
            window.take(1, terms, Counting::Attempts, at(n / 10));
        }
        let Taken::Over(quota) = window.take(1, terms, Counting::Attempts, at(10_000)) else {
            panic!("there was room");
        };
        assert_eq!(quota.left, 0);
        assert!(quota.reset.as_millis() <= 11_000, "{:?}", quota.reset);
        assert!(matches!(
            window.take(1, terms, Counting::Attempts, at(21_000)),
            Taken::Within(_)
        ));
    }

    #[test]
    fn sums_that_no_number_holds_are_over() {
        let terms = Terms {
            most: u32::MAX,
            window_ms: u32::MAX,
            burst: Some(u32::MAX),
        };
        let mut window = Window::default();
        assert!(matches!(
            window.take(u32::MAX, terms, Counting::Attempts, at(0)),
            Taken::Within(_)
        ));
        for _ in 0..3 {
            assert!(matches!(
                window.take(u32::MAX, terms, Counting::Attempts, at(0)),
                Taken::Over(_)
            ));
        }
        assert_eq!(window.total(), u32::MAX);
    }

    #[test]
    fn a_record_is_worth_what_it_holds_until_that_has_left() {
        let worth = |window: &Window, ms| window.worth(at(ms));
        assert_eq!(worth(&Window::default(), 0), None);
        let (mut few, mut many) = (Window::default(), Window::default());
        few.take(5, TERMS, Counting::LetThrough, at(9_000));
        many.take(50, TERMS, Counting::LetThrough, at(0));
        assert!(worth(&few, 9_000) < worth(&many, 9_000));
        assert!(worth(&many, 10_999).is_some());
        assert_eq!(worth(&many, 11_000), None);
        let mut later = Window::default();
        later.take(5, TERMS, Counting::LetThrough, at(10_000));
        assert!(worth(&few, 10_000) < worth(&later, 10_000), "of equals the later");
    }

    #[test]
    fn a_window_that_no_ten_slots_divide_is_no_shorter_for_it() {
        for window_ms in [1, 9, 100, 101, 109, 1_009] {
            let terms = Terms {
                most: 1,
                window_ms,
                burst: None,
            };
            for begin in 0..200 {
                let mut window = Window::default();
                assert!(passes(&mut window, terms, begin));
                let next = (begin..).find(|ms| passes(&mut window, terms, *ms)).unwrap() - begin;
                assert!(next >= u64::from(window_ms), "{next} of {window_ms}");
                assert!(next <= u64::from(window_ms) * 11 / 10 + 11, "{next} of {window_ms}");
            }
        }
    }

    /// Gaps between requests: short, long, and those of a slot or a window with one millisecond more or less.
    fn gaps() -> impl Strategy<Value = (u64, u64)> {
        prop_oneof![
            4 => (Just(0_u64), 0_u64..50),
            2 => (Just(0_u64), 0_u64..3_000),
            1 => (1_u64..=11, 0_u64..3)
        ]
    }

    /// The time behind a gap, for a window of this length.
    fn behind((slots, more): (u64, u64), window_ms: u32) -> u64 {
        let slot = u64::from(window_ms) / 10;
        (slots * slot + more).saturating_sub(u64::from(slots > 0))
    }

    /// How much of `log` came at `from` or later.
    fn since(log: &[(u64, u32)], from: u64) -> u64 {
        log.iter()
            .filter(|(at, _)| *at >= from)
            .map(|(_, amount)| u64::from(*amount))
            .sum()
    }

    proptest! {
        #[test]
        fn a_log_of_all_that_passed_finds_no_window_over_the_limit_and_no_refusal_without_need(
            requests in prop::collection::vec((gaps(), 1_u32..20), 1..200), most in 20_u32..200, window_ms in 100_u32..20_000
        ) {
            let terms = Terms { most, window_ms, burst: None };
            let length = u64::from(window_ms);
            let (mut window, mut log, mut now) = (Window::default(), Vec::new(), 1_000_000);
            for (gap, amount) in requests {
                now += behind(gap, window_ms);
                match window.take(amount, terms, Counting::LetThrough, at(now)) {
                    Taken::Within(_) => {
                        log.push((now, amount));
                        let within = since(&log, now + 1 - length);
                        prop_assert!(within <= most.into(), "{} > {}", within, most);
                    }
                    // A tenth more than a window, and ten milliseconds for slots that are rounded up: ten elevenths pass.
                    Taken::Over(_) => {
                        let within = since(&log, now - length * 11 / 10 - 10) + u64::from(amount);
                        prop_assert!(within > most.into(), "refused with room: {} <= {}", within, most);
                    }
                }
            }
        }

        #[test]
        fn a_log_of_all_that_passed_agrees_with_the_bucket(
            requests in prop::collection::vec((0_u64..300, 1_u32..6), 1..100), most in 10_u32..3_000, burst in 1_u32..30
        ) {
            let terms = Terms { most, window_ms: 1_000, burst: Some(burst.min(most)) };
            let (mut window, mut log, mut now) = (Window::default(), Vec::new(), 1_000_000);
            for (gap, amount) in requests {
                now += gap / 20;
                let sum = u64::from(window.total());
                // No stretch of time that ends now may bring more than the burst, and what the rate brings meanwhile.
                let fits = log.iter().map(|(from, _)| *from).chain([now]).all(|from| {
                    (since(&log, from) + u64::from(amount)) * 1_000
                        <= u64::from(burst.min(most)) * 1_000 + (now - from) * u64::from(most)
                });
                match window.take(amount, terms, Counting::LetThrough, at(now)) {
                    Taken::Within(_) => {
                        prop_assert!(fits);
                        log.push((now, amount));
                    }
                    Taken::Over(_) => prop_assert!(!fits || sum + u64::from(amount) > most.into()),
                }
            }
        }

        #[test]
        fn who_comes_again_when_told_has_room_and_no_sooner(
            requests in prop::collection::vec((gaps(), 1_u32..20), 1..100), most in 20_u32..200, window_ms in 100_u32..20_000,
            burst in prop::option::of(20_u32..60), counting in prop_oneof![Just(Counting::LetThrough), Just(Counting::Attempts)]
        ) {
            let terms = Terms { most, window_ms, burst };
            let (mut window, mut now) = (Window::default(), 1_000_000);
            for (gap, amount) in requests {
                now += behind(gap, window_ms);
                let taken = window.take(amount, terms, counting, at(now));
                let again = |ms: u64| {
                    let mut later = window;
                    matches!(later.take(amount, terms, counting, at(ms)), Taken::Within(_))
                };
                match taken {
                    Taken::Over(quota) => {
                        let reset = u64::try_from(quota.reset.as_millis()).unwrap();
                        prop_assert!(reset <= u64::from(window_ms) * 11 / 10 + 11);
                        prop_assert!(again(now + reset), "told to come in {}", reset);
                        prop_assert!(!again(now + reset - 1), "told to come in {}, a millisecond late", reset);
                    }
                    Taken::Within(quota) => {
                        let mut later = window;
                        let all = later.take(quota.left, terms, counting, at(now));
                        prop_assert!(matches!(all, Taken::Within(Quota { left: 0, .. })), "{:?}", all);
                    }
                }
            }
        }

        #[test]
        fn a_clock_that_jumps_within_a_window_frees_nobody(
            requests in prop::collection::vec((0_u64..2_000, 0_u64..2_000), 1..300)
        ) {
            // Each comes some time after the latest, by a clock that is set back by up to two tenths of a window.
            let (mut window, mut log, mut latest) = (Window::default(), Vec::new(), 1_000_000);
            for (on, back) in requests {
                let now = latest + on / 20 - back.min(latest - 900_000);
                latest = latest.max(now);
                if passes(&mut window, TERMS, now) {
                    log.push((latest, 1));
                    prop_assert!(since(&log, latest + 1 - 10_000) <= 100);
                }
            }
        }

        #[test]
        fn any_bytes_are_a_window_that_can_be_taken_from(bytes in prop::collection::vec(any::<u8>(), 0..80), now in any::<u32>()) {
            let mut window = Window::read(&bytes);
            let _ = window.worth(at(now.into()));
            let terms = Terms { most: 10, window_ms: 1_000, burst: Some(3) };
            window.take(1, terms, Counting::Attempts, at(now.into()));
        }
    }
}
