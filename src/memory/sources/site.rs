//! What stands in the tables: the connections of a prefix, by family too, and those of a family.

use super::{Awaited, Counts, Fate, PATIENCE, SPAN};
use crate::memory::bytes::{Reader, Writer};
use crate::memory::key::Key;
use crate::memory::spans::{Merge, Spans};
use crate::memory::store::Moment;
use crate::memory::table::Record;

/// How many families are told apart within a prefix. A fourth takes the place of the one that has left the fewest connections
/// without a request.
const FAMILIES: usize = 3;

/// The connections of one prefix.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Site {
    brought: Spans<Brought>,
    /// Those that are waited for, and have not been for long.
    fresh: Spans<Open>,
}

/// What came in one span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Brought {
    all: Counts,
    /// Connections that are still open, and have brought nothing for longer than [`PATIENCE`].
    stale: Open,
    families: [Slot; FAMILIES],
}

/// The connections of one family; of none, when it is free.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Slot {
    family: u32,
    counts: Counts,
}

/// How many connections are open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Open(u32);

impl Merge for Open {
    fn merge(&self, other: &Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Merge for Brought {
    fn merge(&self, other: &Self) -> Self {
        let mut both = Self {
            all: self.all.merge(&other.all),
            stale: self.stale.merge(&other.stale),
            families: self.families,
        };
        for slot in other.families.iter().filter(|slot| slot.family != 0) {
            both.add_to(slot.family, slot.counts);
        }
        both
    }
}

impl Brought {
    fn add_to(&mut self, family: u32, counts: Counts) {
        // Its own, else a free one, else the one that says least.
        let slot = self.families.iter_mut().min_by_key(|slot| {
            let others = (slot.counts.without_request, slot.counts.connections);
            (slot.family != family).then_some(others)
        });
        if let Some(slot) = slot {
            if slot.family != family {
                *slot = Slot {
                    family,
                    counts: Counts::default(),
                };
            }
            slot.counts = slot.counts.merge(&counts);
        }
    }

    fn of(&self, family: u32) -> Counts {
        let mut slots = self.families.iter();
        slots
            .find(|slot| slot.family == family)
            .map_or_else(Counts::default, |slot| slot.counts)
    }
}

/// What stands for a family within a prefix: there are too few of them to need more.
const fn short(family: Key) -> u32 {
    let [a, b, c, d, ..] = family.bits().to_le_bytes();
    u32::from_le_bytes([a, b, c, d]) | 1
}

impl Site {
    /// Lets go of what is too old at `now`, and of the patience with what has been open for long.
    pub(super) fn advance(&mut self, now: Moment) {
        if self.brought.is_over(now, SPAN) {
            *self = Self::default();
        }
        let (Open(waited), then) = (self.fresh.both(), self.fresh.span);
        self.brought.advance(now, SPAN);
        self.fresh.advance(now, PATIENCE);
        // A clock that was set back makes nothing older than it is.
        if self.fresh.span > then {
            let Open(fresh) = self.fresh.both();
            let aged = Open(waited.saturating_sub(fresh));
            self.brought.present.stale = self.brought.present.stale.merge(&aged);
        }
    }

    /// Counts one that is waited for.
    pub(super) fn wait(&mut self) {
        self.fresh.present = self.fresh.present.merge(&Open(1));
    }

    /// Counts one whose fate is known.
    pub(super) fn count(&mut self, family: Option<Key>, fate: Fate, awaited: Awaited) {
        if awaited == Awaited::Yes {
            self.end_waiting();
        }
        let present = &mut self.brought.present;
        let counts = Counts::from(fate);
        present.all = present.all.merge(&counts);
        if let Some(family) = family {
            present.add_to(short(family), counts);
        }
    }

    /// One less is waited for: most connections show what they are for at once, so that it is likely one of the newest.
    fn end_waiting(&mut self) {
        let open = [
            &mut self.fresh.present,
            &mut self.fresh.before,
            &mut self.brought.present.stale,
            &mut self.brought.before.stale,
        ];
        if let Some(Open(count)) = open.into_iter().find(|Open(count)| *count > 0) {
            *count = count.saturating_sub(1);
        }
    }

    /// All of them.
    pub(super) fn all(&self) -> Counts {
        let Brought { all, stale, .. } = self.brought.both();
        let Open(fresh) = self.fresh.both();
        Counts {
            connections: all.connections.saturating_add(stale.0).saturating_add(fresh),
            without_request: all.without_request.saturating_add(stale.0),
            unfinished: all.unfinished,
        }
    }

    /// Those of a family. None of them is waited for.
    pub(super) fn of(&self, family: Key) -> Counts {
        let (family, Spans { present, before, .. }) = (short(family), &self.brought);
        present.of(family).merge(&before.of(family))
    }
}

impl Record for Site {
    const SIZE: usize = 4 + 2 * (COUNTS + 4 + FAMILIES * (4 + COUNTS)) + 4 + 2 * 4;

    fn read(bytes: &[u8]) -> Self {
        let mut reader = Reader::new(bytes);
        Self {
            brought: Spans {
                span: reader.u32(),
                present: read_brought(&mut reader),
                before: read_brought(&mut reader),
            },
            fresh: Spans {
                span: reader.u32(),
                present: Open(reader.u32()),
                before: Open(reader.u32()),
            },
        }
    }

    fn write(&self, bytes: &mut [u8]) {
        let mut writer = Writer::new(bytes);
        writer.u32(self.brought.span);
        write_brought(&mut writer, &self.brought.present);
        write_brought(&mut writer, &self.brought.before);
        writer.u32(self.fresh.span);
        writer.u32(self.fresh.present.0);
        writer.u32(self.fresh.before.0);
    }

    /// Who comes often is kept, whatever for.
    fn worth(&self, now: Moment) -> Option<u64> {
        (!self.brought.is_over(now, SPAN)).then(|| self.all().connections.into())
    }
}

/// The connections of one family.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Family(Spans<Counts>);

impl Family {
    /// Lets go of what is too old at `now`.
    pub(super) fn advance(&mut self, now: Moment) {
        self.0.advance(now, SPAN);
    }

    /// Counts one whose fate is known.
    pub(super) fn count(&mut self, fate: Fate) {
        self.0.present = self.0.present.merge(&fate.into());
    }

    /// All of them.
    pub(super) fn all(&self) -> Counts {
        self.0.both()
    }
}

impl Record for Family {
    const SIZE: usize = 4 + 2 * COUNTS;

    fn read(bytes: &[u8]) -> Self {
        let mut reader = Reader::new(bytes);
        Self(Spans {
            span: reader.u32(),
            present: read_counts(&mut reader),
            before: read_counts(&mut reader),
        })
    }

    fn write(&self, bytes: &mut [u8]) {
        let mut writer = Writer::new(bytes);
        writer.u32(self.0.span);
        write_counts(&mut writer, self.0.present);
        write_counts(&mut writer, self.0.before);
    }

    fn worth(&self, now: Moment) -> Option<u64> {
        (!self.0.is_over(now, SPAN)).then(|| self.all().connections.into())
    }
}

/// The bytes of [`Counts`].
const COUNTS: usize = 3 * 4;

fn read_counts(reader: &mut Reader<'_>) -> Counts {
    Counts {
        connections: reader.u32(),
        without_request: reader.u32(),
        unfinished: reader.u32(),
    }
}

fn write_counts(writer: &mut Writer<'_>, counts: Counts) {
    writer.u32(counts.connections);
    writer.u32(counts.without_request);
    writer.u32(counts.unfinished);
}

fn read_brought(reader: &mut Reader<'_>) -> Brought {
    Brought {
        all: read_counts(reader),
        stale: Open(reader.u32()),
        families: core::array::from_fn(|_| Slot {
            family: reader.u32(),
            counts: read_counts(reader),
        }),
    }
}

fn write_brought(writer: &mut Writer<'_>, brought: &Brought) {
    write_counts(writer, brought.all);
    writer.u32(brought.stale.0);
    for slot in &brought.families {
        writer.u32(slot.family);
        write_counts(writer, slot.counts);
    }
}
