//! What was counted of late: in the present span of time and the one before. What is asked for is both: it reaches back at least one
//! span, at most two, and is forgotten then.

use super::bytes::{Reader, Writer};
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

impl<T: Default> Spans<T> {
    /// Lets go of what is too old at `now`. A clock that was set back by less than a span counts on in the span that it knows; one
    /// that was set back by two or more begins anew, and between the two it is the border that decides.
    pub fn advance(&mut self, now: Moment, length: Duration) {
        let span = number(now, length);
        match span.checked_sub(self.span) {
            Some(0) => return,
            None if self.span.abs_diff(span) == 1 => return,
            Some(1) => self.before = core::mem::take(&mut self.present),
            _ => (self.present, self.before) = (T::default(), T::default()),
        }
        self.span = span;
    }
}

impl<T: Merge> Spans<T> {
    /// The counts of both.
    pub fn both(&self) -> T {
        self.present.merge(&self.before)
    }
}

impl<T> Spans<T> {
    /// Whether nothing of it counts any more at `now`.
    pub fn is_over(&self, now: Moment, length: Duration) -> bool {
        number(now, length).abs_diff(self.span) > 1
    }

    /// The bytes that it takes, with counts of `count` bytes each.
    pub const fn size(count: usize) -> usize {
        count.saturating_mul(2).saturating_add(4)
    }

    /// Reads it from [`Self::size`] bytes, with `count` to read a count.
    pub fn read<'a>(reader: &mut Reader<'a>, count: impl Fn(&mut Reader<'a>) -> T) -> Self {
        Self {
            span: reader.u32(),
            present: count(reader),
            before: count(reader),
        }
    }

    /// Writes it to as many, with `count` to write a count.
    pub fn write<'a>(&self, writer: &mut Writer<'a>, count: impl Fn(&T, &mut Writer<'a>)) {
        writer.u32(self.span);
        count(&self.present, writer);
        count(&self.before, writer);
    }
}

/// The number of the span that `now` is in, since 1970.
fn number(now: Moment, length: Duration) -> u32 {
    u32::try_from(now.seconds() / length.as_secs().max(1)).unwrap_or(u32::MAX)
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

    #[test]
    fn a_clock_set_back_by_less_than_a_span_forgets_nothing() {
        let length = Duration::from_secs(300);
        let mut spans = Spans::<u32>::default();
        let mut at = |seconds| {
            spans.advance(Moment(Duration::from_secs(seconds)), length);
            spans.present += 1;
            spans.both()
        };
        assert_eq!([at(3_299), at(3_301), at(3_299), at(3_302), at(3_001)], [1, 2, 3, 4, 5]);
        assert_eq!(at(3_600), 5, "four of the span that was present, and this");
        assert_eq!(at(2_999), 1, "two spans: it begins anew");
    }

    #[test]
    fn spans_read_back() {
        let spans = Spans {
            span: 7,
            present: 8,
            before: 9,
        };
        let mut bytes = [0xff; Spans::<u32>::size(4)];
        spans.write(&mut Writer::new(&mut bytes), |count, writer| writer.u32(*count));
        assert_eq!(Spans::read(&mut Reader::new(&bytes), Reader::u32), spans);
    }
}
