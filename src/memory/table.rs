//! A table that all workers share: records by key, in a fixed number of places.
//!
//! The places stand in shards, each a value of the proxy's shared data; a key belongs to one shard, and may have any place in it.
//! A change reads the shard, changes one record and writes it back, and begins anew when another worker was faster. When all
//! places are taken, a record that says nothing any more gives way, else the one that says least: a flood of new keys makes
//! others forgotten, and costs no memory.

use super::key::Key;
use super::store::{Moment, Store, Swap, Unavailable};
use core::cell::Cell;
use core::marker::PhantomData;

/// How often a change is tried when other workers are faster. With a shard read and written in two microseconds, losing as often in a
/// row takes more workers than there are.
const MAX_TRIES: usize = 16;

/// What a table holds under a key, in bytes of a fixed number.
pub trait Record: Default {
    /// How many bytes it has.
    const SIZE: usize;

    /// Reads it from so many bytes. Any bytes are a record.
    fn read(bytes: &[u8]) -> Self;

    /// Writes it to so many bytes.
    fn write(&self, bytes: &mut [u8]);

    /// What is lost when it is forgotten at `now`: none when nothing is, and more for what is to be kept longer.
    fn worth(&self, now: Moment) -> Option<u64>;
}

/// Whether a change is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The record is another one now.
    Made,
    /// It is as it was.
    None,
}

/// What became of changes, until it is taken: counted, never silent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Changes that were begun anew, because another worker was faster.
    pub retried: u32,
    /// Changes that were given up for that: they are not counted.
    pub lost: u32,
    /// Records forgotten for others, that still said something.
    pub evicted: u32,
    /// Calls that the proxy refused.
    pub failed: u32,
}

impl Tally {
    /// Both.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            retried: self.retried.saturating_add(other.retried),
            lost: self.lost.saturating_add(other.lost),
            evicted: self.evicted.saturating_add(other.evicted),
            failed: self.failed.saturating_add(other.failed),
        }
    }
}

/// A table of `R`.
#[derive(Debug)]
pub struct Table<R> {
    name: &'static str,
    shards: u32,
    places: usize,
    tally: Cell<Tally>,
    of: PhantomData<R>,
}

/// The bytes of a key before each record.
const TAG: usize = 8;

impl<R: Record> Table<R> {
    /// A table under `name`, which tells its format too: two formats never have one name.
    pub const fn new(name: &'static str, shards: u32, places: usize) -> Self {
        Self {
            name,
            shards,
            places,
            tally: Cell::new(Tally {
                retried: 0,
                lost: 0,
                evicted: 0,
                failed: 0,
            }),
            of: PhantomData,
        }
    }

    /// The bytes of one shard.
    const fn shard_bytes(&self) -> usize {
        self.places.saturating_mul(TAG.saturating_add(R::SIZE))
    }

    /// The most bytes that its values take in the proxy, its names not counted.
    pub fn max_bytes(&self) -> usize {
        let shards = usize::try_from(self.shards).unwrap_or(usize::MAX);
        shards.saturating_mul(self.shard_bytes())
    }

    /// How many records it holds at most.
    pub fn max_records(&self) -> usize {
        let shards = usize::try_from(self.shards).unwrap_or(usize::MAX);
        shards.saturating_mul(self.places)
    }

    /// What became of changes since this was asked last.
    pub fn take_tally(&self) -> Tally {
        self.tally.take()
    }

    /// The record of `key`; that of a key never met when there is none.
    ///
    /// # Errors
    /// [`Unavailable`] when the proxy does not give its shared data.
    pub fn read(&self, store: &impl Store, key: Key) -> Result<R, Unavailable> {
        let found = self.counted(store.shared(&self.shard_of(key)))?;
        let blob = found
            .map(|(blob, _)| blob)
            .filter(|blob| blob.len() == self.shard_bytes());
        let record = blob.as_deref().and_then(|blob| {
            let mut places = blob.chunks_exact(TAG.saturating_add(R::SIZE)).filter_map(split);
            places
                .find(|(tag, _)| *tag == key.bits())
                .map(|(_, record)| R::read(record))
        });
        Ok(record.unwrap_or_default())
    }

    /// Changes the record of `key` by `change`, which may be called again, on what another worker has written meanwhile.
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
        let shard = self.shard_of(key);
        let mut tries = 0_usize;
        loop {
            let (mut blob, version) = match self.counted(store.shared(&shard))? {
                Some((blob, version)) => (blob, Some(version)),
                None => (Vec::new(), None),
            };
            if blob.len() != self.shard_bytes() {
                // Nothing yet, or nothing of ours.
                blob = vec![0; self.shard_bytes()];
            }
            let (change, result, evicts) = self.change(&mut blob, key, now, &mut change);
            if change == Change::None {
                return Ok(result);
            }
            match self.counted(store.swap_shared(&shard, &blob, version))? {
                Swap::Done => {
                    if evicts {
                        self.count(|tally| &mut tally.evicted);
                    }
                    return Ok(result);
                }
                Swap::Lost => {
                    tries = tries.saturating_add(1);
                    if tries >= MAX_TRIES {
                        self.count(|tally| &mut tally.lost);
                        return Ok(result);
                    }
                    self.count(|tally| &mut tally.retried);
                }
            }
        }
    }

    /// Changes the record of `key` in `blob`; whether one that said something gave way for it.
    fn change<T>(
        &self,
        blob: &mut [u8],
        key: Key,
        now: Moment,
        change: &mut impl FnMut(&mut R) -> (Change, T),
    ) -> (Change, T, bool) {
        let size = TAG.saturating_add(R::SIZE);
        let mut own = None;
        let mut least: Option<(Option<u64>, usize)> = None;
        for (n, place) in blob.chunks_exact(size).enumerate() {
            let Some((tag, record)) = split(place) else { continue };
            if tag == key.bits() {
                own = Some(n);
                break;
            }
            // None is less than any worth, and nothing is to be found that is less.
            if matches!(least, Some((None, _))) {
                continue;
            }
            let worth = if tag == 0 { None } else { R::read(record).worth(now) };
            if least.is_none_or(|(least, _)| worth < least) {
                least = Some((worth, n));
            }
        }
        let at = own.or(least.map(|(_, n)| n)).unwrap_or_default();
        let place = blob.chunks_exact_mut(size).nth(at);
        let bytes = place.and_then(|place| place.split_at_mut_checked(TAG));
        let mut record = match (&bytes, own) {
            (Some((_, bytes)), Some(_)) => R::read(bytes),
            _ => R::default(),
        };
        let (made, result) = change(&mut record);
        if let Some((tag, bytes)) = bytes {
            tag.copy_from_slice(&key.bits().to_le_bytes());
            record.write(bytes);
        }
        let evicts = own.is_none() && matches!(least, Some((Some(_), _)));
        (made, result, evicts)
    }

    fn shard_of(&self, key: Key) -> String {
        let shard = key.bits().rotate_left(32) % u64::from(self.shards.max(1));
        format!("layerprint.memory.{}.{shard}", self.name)
    }

    fn counted<T>(&self, result: Result<T, Unavailable>) -> Result<T, Unavailable> {
        if result.is_err() {
            self.count(|tally| &mut tally.failed);
        }
        result
    }

    fn count(&self, of: impl FnOnce(&mut Tally) -> &mut u32) {
        let mut tally = self.tally.get();
        let count = of(&mut tally);
        *count = count.saturating_add(1);
        self.tally.set(tally);
    }
}

/// A place's key and record.
fn split(place: &[u8]) -> Option<(u64, &[u8])> {
    let (tag, record) = place.split_first_chunk::<TAG>()?;
    Some((u64::from_le_bytes(*tag), record))
}
