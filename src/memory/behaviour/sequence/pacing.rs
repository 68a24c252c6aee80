//! How regularly requests for one route come: the mean and the variance of the time between them, the last 64 counted most (Welford,
//! 1962, and its form with a fixed gain).

use super::settings::RegularPacing;
use crate::memory::bytes::{Reader, Writer};
use crate::memory::store::Moment;

/// The longest interval, in milliseconds: what comes later begins anew.
const MAX_INTERVAL: u64 = 600_000;

/// The shortest mean, in milliseconds. Below it, requests are as regular as the network lets them.
const MIN_MEAN: f64 = 100.0;

/// From so many intervals on, those before fade.
const FADE: u16 = 64;

/// Requests for other routes between two for the one: more, and another one is looked at.
const MAX_OTHERS: u8 = 3;

/// After so many intervals, one that is [`BREAK`] times as long as their mean is a break, and counts for nothing.
const BREAK_AFTER: u16 = 5;
const BREAK: f64 = 3.0;

/// The intervals between a client's requests for one route.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Pacing {
    /// 32 bits of the route's key.
    route: u32,
    /// When the last one came, in milliseconds since 1970.
    last: u64,
    intervals: u16,
    others: u8,
    mean: f64,
    variance: f64,
}

/// Requests that come by the clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Regular {
    /// How many intervals there were.
    pub(super) intervals: u16,
    /// Their mean, in milliseconds.
    pub(super) mean: f64,
    /// Their standard deviation, in hundredths of it.
    pub(super) deviation_percent: f64,
}

impl Pacing {
    /// The bytes that it takes.
    pub(super) const SIZE: usize = 31;

    /// Counts a request for `route`.
    pub(super) fn add(&mut self, route: u32, now: Moment) {
        let now = now.millis();
        let interval = now.checked_sub(self.last);
        if self.route != route {
            if self.others < MAX_OTHERS && interval.is_some_and(|interval| interval <= MAX_INTERVAL) {
                self.others = self.others.saturating_add(1);
                return;
            }
            *self = Self::default();
        }
        let known = self.route == route;
        self.route = route;
        self.last = now;
        self.others = 0;
        match interval.filter(|interval| known && *interval <= MAX_INTERVAL) {
            // Nothing before, a long time ago, or a clock that was set back.
            None => (self.intervals, self.mean, self.variance) = (0, 0.0, 0.0),
            Some(interval) => self.meet(interval),
        }
    }

    fn meet(&mut self, interval: u64) {
        let Ok(interval) = u32::try_from(interval) else { return };
        let interval = f64::from(interval);
        if self.intervals >= BREAK_AFTER && interval > BREAK * self.mean {
            return;
        }
        self.intervals = self.intervals.saturating_add(1);
        let gain = 1.0 / f64::from(self.intervals.min(FADE));
        let off = interval - self.mean;
        self.mean += gain * off;
        self.variance = (1.0 - gain) * (self.variance + gain * off * off);
    }

    /// The intervals, when they are those of `route` and as regular as `settings` has it.
    pub(super) fn regular(&self, route: u32, settings: RegularPacing) -> Option<Regular> {
        let deviation_percent = self.variance.sqrt() / self.mean * 100.0;
        let is_regular = self.route == route
            && u32::from(self.intervals) >= settings.intervals
            && self.mean >= MIN_MEAN
            && deviation_percent < f64::from(settings.deviation_percent);
        is_regular.then_some(Regular {
            intervals: self.intervals,
            mean: self.mean,
            deviation_percent,
        })
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            route: reader.u32(),
            last: reader.u64(),
            intervals: reader.u16(),
            others: reader.u8(),
            mean: f64::from_bits(reader.u64()),
            variance: f64::from_bits(reader.u64()),
        }
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        writer.u32(self.route);
        writer.u64(self.last);
        writer.u16(self.intervals);
        writer.u8(self.others);
        writer.u64(self.mean.to_bits());
        writer.u64(self.variance.to_bits());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::time::Duration;

    const SETTINGS: RegularPacing = RegularPacing {
        intervals: 20,
        deviation_percent: 10,
    };

    fn after(intervals: impl IntoIterator<Item = u64>) -> Pacing {
        let mut pacing = Pacing::default();
        let mut at = 1_000_000_000;
        pacing.add(7, Moment(Duration::from_millis(at)));
        for interval in intervals {
            at += interval;
            pacing.add(7, Moment(Duration::from_millis(at)));
        }
        pacing
    }

    #[test]
    fn mean_and_deviation_are_those_of_the_textbook() {
        let intervals = [1_900_u32, 2_000, 2_100, 2_050, 1_950, 2_000];
        let pacing = after(intervals.map(u64::from));
        let intervals = intervals.map(f64::from);
        let mean = intervals.iter().sum::<f64>() / 6.0;
        let variance = intervals.iter().map(|i| (i - mean).powi(2)).sum::<f64>() / 6.0;
        assert!((pacing.mean - mean).abs() < 1e-6 && (pacing.variance - variance).abs() < 1e-6);
    }

    #[test]
    fn what_comes_by_the_clock_is_regular_through_a_break_and_what_a_person_sends_is_not() {
        let regular = |pacing: Pacing| pacing.regular(7, SETTINGS).map(|regular| regular.intervals);
        assert_eq!(regular(after([2_000; 19])), None, "too few");
        assert_eq!(regular(after([2_000; 20])), Some(20));
        let with_a_break = [[2_000; 10].as_slice(), &[60_000], &[2_000; 10]].concat();
        assert_eq!(regular(after(with_a_break)), Some(20));
        let long_ago = [[2_000; 19].as_slice(), &[600_001], &[2_000; 19]].concat();
        assert_eq!(regular(after(long_ago)), None);
        assert_eq!(regular(after([50; 100])), None, "as fast as it can");
        assert_eq!(regular(after([0; 100])), None, "all at once");
        let person = (0..100_u64).map(|n| 800 + n * n * 7_919 % 4_000);
        assert_eq!(regular(after(person)), None);
    }

    #[test]
    fn one_route_is_looked_at_until_it_comes_no_more() {
        let mut pacing = after([2_000; 20]);
        let at = |n: u64| Moment(Duration::from_millis(1_000_050_000 + n));
        (0..3).for_each(|n| pacing.add(8, at(n)));
        assert!(pacing.regular(7, SETTINGS).is_some());
        assert!(pacing.regular(8, SETTINGS).is_none());
        pacing.add(8, at(3));
        assert_eq!((pacing.route, pacing.intervals), (8, 0));
    }

    #[test]
    fn a_clock_that_is_set_back_begins_anew_and_any_bytes_are_a_pacing() {
        let mut pacing = after([2_000; 30]);
        pacing.add(7, Moment(Duration::from_secs(10)));
        assert_eq!(pacing.intervals, 0);
        let mut bytes = [0; Pacing::SIZE];
        pacing.write(&mut Writer::new(&mut bytes));
        assert_eq!(Pacing::read(&mut Reader::new(&bytes)), pacing);
        let mut any = Pacing::read(&mut Reader::new(&[0xff; Pacing::SIZE]));
        any.add(7, Moment(Duration::from_secs(10)));
        assert!(any.regular(u32::MAX, SETTINGS).is_none());
    }
}
