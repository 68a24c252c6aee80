//! How often a client was challenged and never came back with a clearance.
//!
//! A second counts once, however many requests it brings: a page that loads twenty files is one visit, and so are the people of one
//! office who open it together.

use crate::memory::bytes::{Reader, Writer};
use crate::memory::key::Key;
use crate::memory::shared::Change;
use crate::memory::store::{Moment, Store};
use crate::memory::table::{Record, Table, Tally};
use crate::policy::config::challenge::Attempts as Settings;
use core::cell::Cell;

/// The attempts of the clients that are challenged. 8,192 of them at once, in 147 KB.
#[derive(Debug)]
pub struct Attempts {
    table: Table<Unsolved>,
    /// Who was counted last, in which second, after how many attempts: whoever comes again in the same second changes nothing, and is
    /// told the same without the proxy being asked.
    last: Cell<Option<(Key, u32, u16)>>,
}

impl Default for Attempts {
    fn default() -> Self {
        Self {
            table: Table::new("challenges.1", 128, 64),
            last: Cell::new(None),
        }
    }
}

/// The attempts of one client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Unsolved {
    /// The second of the first, since 1970.
    since: u32,
    /// That of the last.
    last: u32,
    count: u16,
}

/// The longest that attempts are counted for, in seconds. What is older is worth nothing, whatever the configuration says.
const LONGEST: u32 = 86_400;

impl Record for Unsolved {
    const SIZE: usize = 10;

    fn read(bytes: &[u8]) -> Self {
        let mut reader = Reader::new(bytes);
        Self {
            since: reader.u32(),
            last: reader.u32(),
            count: reader.u16(),
        }
    }

    fn write(&self, bytes: &mut [u8]) {
        let mut writer = Writer::new(bytes);
        writer.u32(self.since);
        writer.u32(self.last);
        writer.u16(self.count);
    }

    fn worth(&self, now: Moment) -> Option<u64> {
        let is_over = now.seconds().saturating_sub(self.last.into()) > LONGEST.into();
        (self.count > 0 && !is_over).then_some(self.count.into())
    }
}

impl Attempts {
    /// Counts one more challenge of `client`, and gives how many there were before it in the time that counts. None are known where the
    /// proxy does not share data.
    pub fn one_more(&self, store: &impl Store, client: Key, now: Moment, settings: &Settings) -> u16 {
        let second = super::token::seconds(now);
        if let Some((_, _, before)) = self.last.get().filter(|last| (last.0, last.1) == (client, second)) {
            return before;
        }
        let changed = self.table.update(store, client, now, |record| {
            let age = u64::from(second.saturating_sub(record.since));
            // A clock that was set back begins anew, as what is over does.
            if record.since > second || age >= settings.per.as_secs() {
                *record = Unsolved::default();
            }
            let before = record.count;
            if record.count > 0 && record.last == second {
                return (Change::None, before.saturating_sub(1));
            }
            if record.count == 0 {
                record.since = second;
            }
            record.last = second;
            record.count = record.count.saturating_add(1);
            (Change::Made, before)
        });
        let before = changed.ok();
        self.last.set(before.map(|before| (client, second, before)));
        before.unwrap_or_default()
    }

    /// `client` came with a clearance: it is a browser that gets on.
    pub fn forget(&self, store: &impl Store, client: Key, now: Moment) {
        self.last.set(None);
        let _ = self.table.update(store, client, now, |record| {
            if record.count == 0 {
                return (Change::None, ());
            }
            *record = Unsolved::default();
            (Change::Made, ())
        });
    }

    /// What became of changes since this was asked last.
    pub fn take_tally(&self) -> Tally {
        self.table.take_tally()
    }
}
