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
