//! What was counted of late: in the present span of time and the one before. What is asked for is both: it reaches back at least one
//! span, at most two, and is forgotten then.

use super::store::Moment;
use core::time::Duration;

/// What can be counted together.
pub trait Merge: Default {
    /// Both.
    #[must_use]
    fn merge(&self, other: &Self) -> Self;
}

/// A count of the present span and of the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spans<T> {
    /// The number of the present span since 1970.
    pub span: u32,
    /// Its count.
    pub present: T,
    /// That of the span before.
    pub before: T,
}

impl<T: Merge> Spans<T> {
    /// Lets go of what is too old at `now`. A clock that was set back over a border of spans begins anew.
    pub fn advance(&mut self, now: Moment, length: Duration) {
        let span = u32::try_from(now.seconds() / length.as_secs().max(1)).unwrap_or(u32::MAX);
        match span.checked_sub(self.span) {
            Some(0) => {}
            Some(1) => self.before = core::mem::take(&mut self.present),
            _ => (self.present, self.before) = (T::default(), T::default()),
        }
        self.span = span;
    }

    /// The counts of both.
    pub fn both(&self) -> T {
        self.present.merge(&self.before)
    }

    /// Whether nothing of it counts any more at `now`.
    pub fn is_over(&self, now: Moment, length: Duration) -> bool {
        let span = now.seconds() / length.as_secs().max(1);
        span.abs_diff(u64::from(self.span)) > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Merge for u32 {
        fn merge(&self, other: &Self) -> Self {
            self + other
        }
    }

    #[test]
    fn a_count_lasts_a_span_at_least_and_two_at_most() {
        let length = Duration::from_secs(300);
        let mut spans = Spans::<u32>::default();
        let mut at = |seconds| {
            spans.advance(Moment(Duration::from_secs(seconds)), length);
            spans.present += 1;
            spans.both()
        };
        assert_eq!(at(3_000), 1);
        assert_eq!(at(3_299), 2);
        assert_eq!(at(3_300), 3, "the span before still counts");
        assert_eq!(at(3_600), 2, "and then no more");
        assert_eq!(at(9_000), 1);
        assert_eq!(at(10), 1, "the clock was set back");
        let over = |seconds| spans.is_over(Moment(Duration::from_secs(seconds)), length);
        assert_eq!((over(10), over(599), over(600)), (false, false, true));
    }
}
