//! A table that all workers share: records by key, in a fixed number of places.
//!
//! The places stand in shards, each a value of the proxy's shared data; a key belongs to one shard, and may have any place in it.
//! A change reads the shard, changes one record and writes it back, and begins anew when another worker was faster. When all
//! places are taken, a record that says nothing any more gives way, else the one that says least: a flood of new keys makes
//! others forgotten, and costs no memory.
//!
//! Bytes: `shards × places × (8 + Record::SIZE)` in the proxy, once for all workers, and the names of the shards; in a worker, one
//! shard while it is changed. Error: none for a record that is there. One that was forgotten begins anew, and [`Tally::evicted`]
//! counts it.

use super::key::Key;
use super::shared::{Ending, Values};
use super::store::{Moment, Store, Unavailable};
use core::marker::PhantomData;

pub use super::shared::{Change, MAX_TRIES, Tally};

/// What a table holds under a key, in bytes of a fixed number.
pub trait Record: Default {
    /// How many bytes it has.
    const SIZE: usize;

    /// Reads it from so many bytes. Any bytes are a record.
    fn read(bytes: &[u8]) -> Self;

    /// Writes it to so many bytes.
    fn write(&self, bytes: &mut [u8]);

    /// What is lost when it is forgotten at `now`: none when nothing is, and more for what is to be kept longer. Among equals, chance
    /// decides: a record whose key comes often is not the next to go in a flood of keys that come once.
    fn worth(&self, now: Moment) -> Option<u64>;
}

/// A table of `R`.
#[derive(Debug)]
pub struct Table<R> {
    name: &'static str,
    shards: u32,
    places: usize,
    values: Values,
    of: PhantomData<R>,
}

/// The bytes of a key before each record.
const TAG: usize = 8;

impl<R: Record> Table<R> {
    /// The bytes of a place.
    const PLACE: usize = TAG.saturating_add(R::SIZE);

    /// A table under `name`, which tells its format too: two formats never have one name.
    pub const fn new(name: &'static str, shards: u32, places: usize) -> Self {
        Self {
            name,
            shards,
            places,
            values: Values::new(places.saturating_mul(Self::PLACE)),
            of: PhantomData,
        }
    }

    /// The most bytes that its values take in the proxy, its names not counted.
    pub fn max_bytes(&self) -> usize {
        let shards = usize::try_from(self.shards).unwrap_or(usize::MAX);
        shards.saturating_mul(self.values.bytes())
    }

    /// How many records it holds at most.
    pub fn max_records(&self) -> usize {
        let shards = usize::try_from(self.shards).unwrap_or(usize::MAX);
        shards.saturating_mul(self.places)
    }

    /// What became of changes since this was asked last.
    pub fn take_tally(&self) -> Tally {
        self.values.take_tally()
    }

    /// The record of `key`; that of a key never met when there is none.
    ///
    /// # Errors
    /// [`Unavailable`] when the proxy does not give its shared data.
    pub fn read(&self, store: &impl Store, key: Key) -> Result<R, Unavailable> {
        let found = self.values.read(store, &self.shard_of(key))?;
        let record = found.as_deref().and_then(|shard| {
            let mut places = shard.chunks_exact(Self::PLACE).filter_map(split);
            places
                .find(|(tag, _)| *tag == key.bits())
                .map(|(_, record)| R::read(record))
        });
        Ok(record.unwrap_or_default())
    }

    /// Changes the record of `key` by `change`, which may be called again, on what another worker has written meanwhile. What it
    /// gives last is given back, also where the change is lost in the end.
    ///
    /// # Errors
    /// [`Unavailable`] when the proxy does not give its shared data.
    pub fn update<T>(
        &self,
        store: &impl Store,
        key: Key,
        now: Moment,
        mut change: impl FnMut(&mut R) -> (Change, T),
    ) -> Result<T, Unavailable> {
        let ((result, evicted), ending) = self.values.change(store, &self.shard_of(key), 1, |shard| {
            let place = Self::place_for(shard, key, now);
            let bytes = shard.chunks_exact_mut(Self::PLACE).nth(place.at);
            let bytes = bytes.and_then(<[u8]>::split_first_chunk_mut::<TAG>);
            let mut record = match (&bytes, place.holds) {
                (Some((_, bytes)), Holds::Own) => R::read(bytes),
                _ => R::default(),
            };
            let (made, result) = change(&mut record);
            if let (Some((tag, bytes)), Change::Made) = (bytes, made) {
                *tag = key.bits().to_le_bytes();
                record.write(bytes);
            }
            (made, (result, u32::from(place.holds == Holds::Another)))
        })?;
        if ending == Ending::Written {
            self.values.add(Tally { evicted, ..Tally::NONE });
        }
        Ok(result)
    }

    /// Where in `shard` the record of `key` is, or is to be. What the others are worth is asked only where one has to give way: for
    /// some it takes long to tell.
    fn place_for(shard: &[u8], key: Key, now: Moment) -> Place {
        let places = || shard.chunks_exact(Self::PLACE).filter_map(split).enumerate();
        if let Some((at, _)) = places().find(|(_, (tag, _))| *tag == key.bits()) {
            return Place { at, holds: Holds::Own };
        }
        // Whoever comes looks from a place of its own, and so finds another one among equals.
        let count = u64::try_from(places().count()).unwrap_or(u64::MAX).max(1);
        let first = usize::try_from(key.bits() % count).unwrap_or_default();
        let mut least = Place {
            at: first,
            holds: Holds::Another,
        };
        let mut least_worth = u64::MAX;
        for (at, (tag, record)) in places().skip(first).chain(places().take(first)) {
            let worth = if tag == 0 { None } else { R::read(record).worth(now) };
            match worth {
                None => {
                    let holds = Holds::Nothing;
                    return Place { at, holds };
                }
                Some(worth) if worth < least_worth => {
                    least.at = at;
                    least_worth = worth;
                }
                Some(_) => {}
            }
        }
        least
    }

    fn shard_of(&self, key: Key) -> String {
        let shard = key.bits().rotate_left(32) % u64::from(self.shards.max(1));
        format!("layerprint.memory.{}.{shard}", self.name)
    }
}

/// A place for a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    at: usize,
    holds: Holds,
}

/// What stands in a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    /// The record that was looked for.
    Own,
    /// Nothing that is worth anything.
    Nothing,
    /// A record of another key, which still says something.
    Another,
}

/// A place's key and record.
fn split(place: &[u8]) -> Option<(u64, &[u8])> {
    let (tag, record) = place.split_first_chunk::<TAG>()?;
    Some((u64::from_le_bytes(*tag), record))
}

#[cfg(test)]
mod tests {
    use super::super::shelf::Shelf;
    use super::super::store::{Swap, Version};
    use super::super::window::{Counting, Taken, Terms, Window};
    use super::*;
    use core::time::Duration;
    use proptest::prelude::*;
    use std::thread;

    /// How often a key came; worth nothing once it came at a moment that is over.
    #[derive(Debug, Default, PartialEq, Eq)]
    struct Count {
        times: u32,
        second: u32,
    }

    impl Record for Count {
        const SIZE: usize = 8;

        fn read(bytes: &[u8]) -> Self {
            let mut reader = super::super::bytes::Reader::new(bytes);
            Self {
                times: reader.u32(),
                second: reader.u32(),
            }
        }

        fn write(&self, bytes: &mut [u8]) {
            let mut writer = super::super::bytes::Writer::new(bytes);
            writer.u32(self.times);
            writer.u32(self.second);
        }

        fn worth(&self, now: Moment) -> Option<u64> {
            (now.seconds() <= u64::from(self.second) + 60).then_some(self.times.into())
        }
    }

    fn at(second: u32) -> Moment {
        Moment(Duration::from_secs(second.into()))
    }

    fn count(table: &Table<Count>, store: &impl Store, key: Key, second: u32) -> u32 {
        let counted = table.update(store, key, at(second), |count| {
            *count = Count {
                times: count.times + 1,
                second,
            };
            (Change::Made, count.times)
        });
        counted.unwrap()
    }

    /// The `n`th key that belongs to the fifth of 64 shards.
    fn in_one_shard(n: u64) -> Key {
        let key = Key::of_bits((n * 64 + 5) << 32 | (n.wrapping_mul(0x9e37_79b9) >> 8) & 0xffff_ffff);
        assert_eq!(key.bits().rotate_left(32) % 64, 5);
        key
    }

    /// Other workers are faster each time.
    struct Race(Shelf);

    impl Store for Race {
        fn shared(&self, key: &str) -> Result<Option<(Vec<u8>, Version)>, Unavailable> {
            self.0.shared(key)
        }

        fn swap_shared(&self, _: &str, _: &[u8], _: Option<Version>) -> Result<Swap, Unavailable> {
            Ok(Swap::Lost)
        }
    }

    struct Nothing;

    impl Store for Nothing {
        fn shared(&self, _: &str) -> Result<Option<(Vec<u8>, Version)>, Unavailable> {
            Err(Unavailable)
        }

        fn swap_shared(&self, _: &str, _: &[u8], _: Option<Version>) -> Result<Swap, Unavailable> {
            Err(Unavailable)
        }
    }

    #[test]
    fn each_key_has_its_record_and_one_never_met_has_none() {
        let (shelf, table) = (Shelf::default(), Table::new("t", 4, 8));
        assert_eq!(table.read(&shelf, Key::of_bits(7)), Ok(Count::default()));
        let times = [7, 8, 7, 7].map(|key| count(&table, &shelf, Key::of_bits(key), 1));
        assert_eq!(times, [1, 1, 2, 3]);
        assert_eq!(table.read(&shelf, Key::of_bits(7)).map(|count| count.times), Ok(3));
        assert_eq!(table.take_tally(), Tally::NONE);
    }

    #[test]
    fn what_changes_nothing_is_not_written() {
        let (shelf, table) = (Shelf::default(), Table::<Count>::new("t", 4, 8));
        let result = table.update(&shelf, Key::of_bits(7), at(1), |_| (Change::None, "seen"));
        assert_eq!((result, shelf.is_empty()), (Ok("seen"), true));
    }

    #[test]
    fn workers_that_change_one_record_at_once_lose_nothing_that_is_not_counted_as_lost() {
        const EACH: u32 = 5_000;
        let shelf = Shelf::default();
        let tally = thread::scope(|scope| {
            let workers = [(); 4].map(|()| {
                scope.spawn(|| {
                    let table = Table::new("t", 4, 8);
                    for _ in 0..EACH {
                        let counted = table.update(&shelf, Key::of_bits(7), at(1), |count: &mut Count| {
                            count.times += 1;
                            // Another worker is let in between.
                            thread::yield_now();
                            (Change::Made, ())
                        });
                        assert_eq!(counted, Ok(()));
                    }
                    table.take_tally()
                })
            });
            workers
                .into_iter()
                .map(|worker| worker.join().unwrap())
                .fold(Tally::NONE, Tally::plus)
        });
        let record = Table::<Count>::new("t", 4, 8).read(&shelf, Key::of_bits(7)).unwrap();
        println!("4 workers, {EACH} changes each: {tally:?}");
        assert_eq!(record.times + tally.lost, 4 * EACH);
        assert!(tally.retried > 0, "they meet");
    }

    #[test]
    fn a_race_that_is_lost_each_time_is_given_up_and_counted() {
        let (race, table) = (Race(Shelf::default()), Table::new("t", 4, 8));
        assert_eq!(
            count(&table, &race, Key::of_bits(7), 1),
            1,
            "it is answered all the same"
        );
        let tally = table.take_tally();
        assert_eq!((tally.lost, tally.retried), (1, MAX_TRIES - 1));
        assert_eq!(table.take_tally(), Tally::NONE);
    }

    #[test]
    fn a_proxy_without_shared_data_is_said_and_counted() {
        let table = Table::<Count>::new("t", 4, 8);
        assert_eq!(table.read(&Nothing, Key::of_bits(7)), Err(Unavailable));
        let result = table.update(&Nothing, Key::of_bits(7), at(1), |_| (Change::Made, ()));
        assert_eq!((result, table.take_tally().failed), (Err(Unavailable), 2));
    }

    #[test]
    fn a_million_keys_in_a_minute_stay_within_the_bytes() {
        let (shelf, table) = (Shelf::default(), Table::new("t", 64, 8));
        let (often, mut times) = (Key::of_bits(0x1234_5678_9abc_def0), 0);
        for n in 0..1_000_000_u32 {
            let second = 3_000 + n / 16_667;
            let key = Key::of_bits(u64::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            count(&table, &shelf, key, second);
            if n % 1_000 == 0 {
                times = count(&table, &shelf, often, second);
            }
        }
        let tally = table.take_tally();
        println!(
            "10⁶ keys: {} bytes of {}, {} values of 64; of 1000 times of one key {times} are counted; {tally:?}",
            shelf.bytes(),
            table.max_bytes(),
            shelf.len(),
        );
        assert_eq!((shelf.bytes(), shelf.len()), (table.max_bytes(), 64));
        assert_eq!(table.max_bytes(), 64 * 8 * 16);
        assert_eq!(table.max_records(), 512);
        assert!(tally.evicted > 990_000);
        assert!(times > 950, "{times}");
    }

    #[test]
    fn a_flood_of_others_frees_nobody_from_a_limit() {
        const TERMS: Terms = Terms {
            most: 100,
            window_ms: 60_000,
            burst: None,
        };
        let (shelf, table) = (Shelf::default(), Table::<Window>::new("t", 4, 8));
        let take = |bits, now| {
            let taken = table.update(&shelf, Key::of_bits(bits), now, |window| {
                (Change::Made, window.take(1, TERMS, Counting::LetThrough, now))
            });
            u32::from(matches!(taken, Ok(Taken::Within(_))))
        };
        let passed: u32 = (0..20_000_u64)
            .map(|n| {
                let now = Moment(Duration::from_millis(1_700_000_000_000 + n));
                take(n.wrapping_mul(0x9e37_79b9_7f4a_7c15), now);
                if n >= 1_000 && n % 10 == 9 { take(7, now) } else { 0 }
            })
            .sum();
        println!("of 1900 requests over a limit of 100, among 20000 others with room for 32 keys, {passed} passed");
        assert!((100..130).contains(&passed), "{passed}");
    }

    #[test]
    fn keys_that_all_meet_in_one_shard_make_others_forgotten_and_not_the_one_that_comes_often() {
        let (shelf, table) = (Shelf::default(), Table::new("t", 64, 16));
        let often = in_one_shard(1_000_000);
        let mut times = 0;
        for n in 0..10_000 {
            count(&table, &shelf, in_one_shard(n), 1);
            // All places are taken when it begins.
            if n >= 1_000 && n % 10 == 9 {
                times = count(&table, &shelf, often, 1);
            }
        }
        let tally = table.take_tally();
        println!("10⁴ keys in one shard: of 900 times {times} are counted; {tally:?}");
        assert_eq!((shelf.len(), shelf.bytes()), (1, 16 * 16));
        assert!(tally.evicted > 9_000);
        assert!((850..=900).contains(&times), "{times}");
    }

    #[test]
    fn what_says_nothing_any_more_gives_way_first() {
        let (shelf, table) = (Shelf::default(), Table::new("t", 1, 2));
        for _ in 0..9 {
            count(&table, &shelf, Key::of_bits(1), 1);
        }
        count(&table, &shelf, Key::of_bits(2), 100);
        count(&table, &shelf, Key::of_bits(3), 100);
        let times = [1, 2, 3].map(|key| table.read(&shelf, Key::of_bits(key)).unwrap().times);
        assert_eq!(times, [0, 1, 1], "the one that came often came long ago");
        assert_eq!(table.take_tally().evicted, 0);
        count(&table, &shelf, Key::of_bits(4), 100);
        assert_eq!(table.take_tally().evicted, 1);
    }

    #[test]
    fn a_value_that_is_not_ours_is_replaced() {
        for foreign in [&b"foreign"[..], &[], &[0xff; 4_000]] {
            let (shelf, table) = (Shelf::default(), Table::new("t", 1, 8));
            assert_eq!(
                shelf.swap_shared("layerprint.memory.t.0", foreign, None),
                Ok(Swap::Done)
            );
            assert_eq!(table.read(&shelf, Key::of_bits(7)), Ok(Count::default()));
            assert_eq!(count(&table, &shelf, Key::of_bits(7), 1), 1);
            assert_eq!((shelf.bytes(), shelf.len()), (table.max_bytes(), 1));
        }
    }

    #[test]
    fn a_table_without_places_remembers_nothing() {
        for table in [Table::new("t", 1, 0), Table::new("t", 0, 1)] {
            let shelf = Shelf::default();
            count(&table, &shelf, Key::of_bits(7), 1);
            assert_eq!(table.max_bytes(), 0);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_shard(bytes in prop::collection::vec(any::<u8>(), 64), key in any::<u64>(), second in any::<u32>()) {
            let (shelf, table) = (Shelf::default(), Table::new("t", 1, 4));
            shelf.swap_shared("layerprint.memory.t.0", &bytes, None).unwrap();
            table.update(&shelf, Key::of_bits(key), at(second), |count: &mut Count| {
                count.times = 7;
                (Change::Made, ())
            }).unwrap();
            prop_assert_eq!(table.read(&shelf, Key::of_bits(key)).map(|count| count.times), Ok(7));
        }
    }
}
