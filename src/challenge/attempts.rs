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
        let second = super::token::seconds(now.0);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::key::Keys;
    use crate::memory::store::tests::Shelf;
    use crate::memory::store::{Swap, Unavailable, Version};
    use crate::policy::config::Challenge;
    use core::time::Duration;

    /// What two workers share, and how often they ask.
    #[derive(Default)]
    struct Proxy {
        shelf: Shelf,
        calls: Cell<u32>,
    }

    impl Store for Proxy {
        fn shared(&self, key: &str) -> Result<Option<(Vec<u8>, Version)>, Unavailable> {
            self.calls.set(self.calls.get() + 1);
            self.shelf.shared(key)
        }

        fn swap_shared(&self, key: &str, value: &[u8], seen: Option<Version>) -> Result<Swap, Unavailable> {
            self.calls.set(self.calls.get() + 1);
            self.shelf.swap_shared(key, value, seen)
        }
    }

    fn client(n: u8) -> Key {
        Keys::new([1, 2]).key("client", n)
    }

    /// Counts the client `n` in `second`.
    fn counted(worker: &Attempts, proxy: &Proxy, n: u8, second: u64) -> u16 {
        let now = Moment(Duration::from_secs(1_000_000 + second));
        worker.one_more(proxy, client(n), now, &Challenge::default().attempts)
    }

    #[test]
    fn a_second_counts_once_whoever_comes_between_and_at_whichever_worker() {
        let (proxy, workers) = (Proxy::default(), [Attempts::default(), Attempts::default()]);
        let count = |worker: usize, n, second| counted(&workers[worker], &proxy, n, second);
        assert_eq!([count(0, 1, 0), count(0, 1, 0), count(1, 1, 0)], [0; 3]);
        assert_eq!([count(0, 2, 0), count(0, 1, 0), count(0, 2, 0)], [0; 3]);
        assert_eq!([count(1, 1, 1), count(0, 1, 1), count(0, 1, 1)], [1; 3]);
        assert_eq!([count(0, 2, 2), count(0, 1, 2), count(1, 2, 3)], [1, 2, 2]);
        // The time that counts is over.
        assert_eq!([count(0, 1, 600), count(0, 1, 600), count(0, 1, 601)], [0, 0, 1]);
    }

    #[test]
    fn who_comes_again_at_once_is_told_the_same_without_a_call_to_the_proxy() {
        let (proxy, worker) = (Proxy::default(), Attempts::default());
        counted(&worker, &proxy, 1, 0);
        counted(&worker, &proxy, 1, 1);
        let calls = proxy.calls.get();
        assert_eq!([0; 20].map(|_| counted(&worker, &proxy, 1, 1)), [1; 20]);
        assert_eq!(proxy.calls.get(), calls);
        counted(&worker, &proxy, 1, 2);
        assert!(proxy.calls.get() > calls);
    }

    #[test]
    fn who_came_with_a_clearance_begins_anew_in_the_same_second_too() {
        let (proxy, worker) = (Proxy::default(), Attempts::default());
        assert_eq!([0, 1, 2].map(|second| counted(&worker, &proxy, 1, second)), [0, 1, 2]);
        worker.forget(&proxy, client(1), Moment(Duration::from_secs(1_000_002)));
        assert_eq!([2, 3].map(|second| counted(&worker, &proxy, 1, second)), [0, 1]);
    }
}
