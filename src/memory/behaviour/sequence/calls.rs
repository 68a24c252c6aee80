//! How often a client makes one call: the three that it makes most, over a minute.
//!
//! Counted as Misra and Gries (1982) do: a call that is none of the three takes one off each. A count is too low by at most a quarter
//! of all calls, and never too high: who makes many different calls is not held to hammer one.

use crate::memory::bytes::{Reader, Writer};
use crate::memory::store::Moment;

/// How many calls are counted.
const CALLS: usize = 3;

/// The span of time, in seconds.
const MINUTE: u64 = 60;

/// A count of the present minute and of the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    present: u16,
    before: u16,
}

impl Count {
    const SIZE: usize = 4;

    const fn is_zero(self) -> bool {
        self.present == 0 && self.before == 0
    }

    const fn add(&mut self, amount: u16) {
        self.present = self.present.saturating_add(amount);
    }

    const fn take_one_off(&mut self) {
        if self.present == 0 {
            self.before = self.before.saturating_sub(1);
        } else {
            self.present = self.present.saturating_sub(1);
        }
    }

    /// The count of the last sixty seconds: that of the minute before for as much of it as they reach back into.
    fn of_a_minute(self, now: Moment) -> u32 {
        let reach = MINUTE.saturating_sub(now.seconds() % MINUTE);
        let before = u64::from(self.before).saturating_mul(reach) / MINUTE;
        u32::from(self.present).saturating_add(u32::try_from(before).unwrap_or(u32::MAX))
    }

    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            present: reader.u16(),
            before: reader.u16(),
        }
    }

    fn write(self, writer: &mut Writer<'_>) {
        writer.u16(self.present);
        writer.u16(self.before);
    }
}

/// The calls of one client, and the pages that it asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Calls {
    /// The number of the present minute since 1970.
    minute: u32,
    pages: Count,
    calls: [(u32, Count); CALLS],
}

impl Calls {
    /// The bytes that it takes.
    pub(super) const SIZE: usize = 4 + Count::SIZE + CALLS * (4 + Count::SIZE);

    /// Lets go of what is too old. A clock that was set back over a border of minutes begins anew.
    pub(super) fn advance(&mut self, now: Moment) {
        let minute = u32::try_from(now.seconds() / MINUTE).unwrap_or(u32::MAX);
        let next: fn(Count) -> Count = match minute.checked_sub(self.minute) {
            Some(0) => return,
            Some(1) => |count| Count {
                present: 0,
                before: count.present,
            },
            _ => |_| Count::default(),
        };
        self.minute = minute;
        self.pages = next(self.pages);
        for (_, count) in &mut self.calls {
            *count = next(*count);
        }
    }

    /// Counts pages.
    pub(super) const fn add_pages(&mut self, pages: u16) {
        self.pages.add(pages);
    }

    /// Counts a call, told by 32 bits of its key.
    pub(super) fn add(&mut self, call: u32) {
        let mut places = self.calls.iter_mut();
        if let Some((_, count)) = places.find(|(known, count)| *known == call && !count.is_zero()) {
            count.add(1);
        } else if let Some(free) = self.calls.iter_mut().find(|(_, count)| count.is_zero()) {
            *free = (call, Count { present: 1, before: 0 });
        } else {
            self.calls.iter_mut().for_each(|(_, count)| count.take_one_off());
        }
    }

    /// How often `call` was made in the last minute.
    pub(super) fn of_a_minute(&self, call: u32, now: Moment) -> u32 {
        let found = self.calls.iter().find(|(known, _)| *known == call);
        found.map_or(0, |(_, count)| count.of_a_minute(now))
    }

    /// How many pages were asked for in the last minute.
    pub(super) fn pages_of_a_minute(&self, now: Moment) -> u32 {
        self.pages.of_a_minute(now)
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            minute: reader.u32(),
            pages: Count::read(reader),
            calls: core::array::from_fn(|_| (reader.u32(), Count::read(reader))),
        }
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        writer.u32(self.minute);
        self.pages.write(writer);
        for (call, count) in self.calls {
            writer.u32(call);
            count.write(writer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::time::Duration;

    fn at(seconds: u64) -> Moment {
        Moment(Duration::from_secs(seconds))
    }

    #[test]
    fn a_call_is_counted_over_the_last_minute() {
        let mut calls = Calls::default();
        for second in 6_000..6_060 {
            calls.advance(at(second));
            calls.add(1);
            calls.add(1);
        }
        assert_eq!(calls.of_a_minute(1, at(6_059)), 120);
        calls.advance(at(6_090));
        assert_eq!(calls.of_a_minute(1, at(6_090)), 60, "half of it is a minute ago");
        calls.advance(at(6_120));
        assert_eq!(calls.of_a_minute(1, at(6_120)), 0);
        calls.add(1);
        calls.advance(at(100));
        assert_eq!(calls.of_a_minute(1, at(100)), 0, "the clock was set back");
    }

    #[test]
    fn one_call_among_many_is_never_counted_too_high() {
        let mut calls = Calls::default();
        calls.advance(at(6_000));
        for n in 0..1_000 {
            calls.add(100 + n);
        }
        let most = (0..1_100).map(|n| calls.of_a_minute(n, at(6_000))).max();
        assert!(most.unwrap() <= 1, "{most:?}");
        // One of three is too many to be lost.
        let mut calls = Calls::default();
        (0..900).for_each(|n| calls.add(if n % 3 == 0 { 7 } else { 100 + n }));
        let seven = calls.of_a_minute(7, at(0));
        assert!((75..=300).contains(&seven), "{seven}");
    }

    #[test]
    fn it_reads_back_as_it_was_written() {
        let mut calls = Calls::default();
        calls.advance(at(6_000));
        calls.add(1);
        calls.add(2);
        calls.add_pages(3);
        let mut bytes = [0; Calls::SIZE];
        calls.write(&mut Writer::new(&mut bytes));
        assert_eq!(Calls::read(&mut Reader::new(&bytes)), calls);
    }
}
