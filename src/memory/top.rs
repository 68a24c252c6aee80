//! Which keys come most often, and what part of all each is: Space-Saving (Metwally, Agrawal, El Abbadi, 2005), 128 keys for the
//! present span of time and as many for the one before, in one value that all workers share.
//!
//! Bytes: [`Board::BYTES`] in the proxy; in a worker, what it has not handed in yet, at most [`MAX_BATCH`] keys.
//!
//! Error: a key's count is too high by at most `error`, which is at most 1/128 of the span's total, and never too low: each key that
//! has more than 1/128 of all is there. What other workers have not handed in yet is missing from counts and total: fewer than
//! [`MAX_BATCH`] adds each, from less than [`MAX_DELAY`] before their last.

use super::bytes::{Reader, Writer};
use super::key::Key;
use super::shared::{Change, Tally, Values};
use super::spans::Spans;
use super::store::{Moment, Store, Unavailable};
use core::cell::RefCell;
use core::time::Duration;

/// The keys that are kept.
const KEYS: usize = 128;

/// How many adds a worker collects before it hands them in.
pub const MAX_BATCH: u32 = 32;

/// How long it does.
pub const MAX_DELAY: Duration = Duration::from_secs(10);

/// What part of all a key has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// How much it has at most.
    pub count: u32,
    /// How much less it may have.
    pub error: u32,
    /// What all have.
    pub total: u32,
}

impl Share {
    /// How much it has at least.
    pub const fn at_least(self) -> u32 {
        self.count.saturating_sub(self.error)
    }

    const fn plus(self, other: Self) -> Self {
        Self {
            count: self.count.saturating_add(other.count),
            error: self.error.saturating_add(other.error),
            total: self.total.saturating_add(other.total),
        }
    }
}

/// A key that is kept; with a count of zero, none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place {
    key: u64,
    count: u32,
    error: u32,
}

/// The keys of one span. Counts stop at `u32::MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Top {
    total: u32,
    places: [Place; KEYS],
}

impl Default for Top {
    fn default() -> Self {
        Self {
            total: 0,
            places: [Place::default(); KEYS],
        }
    }
}

impl Top {
    /// The bytes that it takes.
    pub const SIZE: usize = 4 + KEYS * 16;

    /// Adds `n` to `key`. A key that is new takes the place of the one with least, and its count, which is then its error.
    pub fn add(&mut self, key: Key, n: u32) {
        if n == 0 {
            return;
        }
        self.total = self.total.saturating_add(n);
        if let Some(place) = self.places.iter_mut().find(|place| place.key == key.bits()) {
            place.count = place.count.saturating_add(n);
        } else if let Some(place) = self.places.iter_mut().min_by_key(|place| place.count) {
            *place = Place {
                key: key.bits(),
                count: place.count.saturating_add(n),
                error: place.count,
            };
        }
    }

    /// What part `key` has. One that is not kept may have as much as the least that is.
    pub fn share(&self, key: Key) -> Share {
        let kept = self.places.iter().find(|place| place.key == key.bits());
        let (count, error) = kept.map_or_else(
            || {
                let least = self.places.iter().map(|place| place.count).min().unwrap_or_default();
                (least, least)
            },
            |place| (place.count, place.error),
        );
        Share {
            count,
            error,
            total: self.total,
        }
    }

    /// Reads it from [`Self::SIZE`] bytes. Any bytes are one.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            total: reader.u32(),
            places: core::array::from_fn(|_| Place {
                key: reader.u64(),
                count: reader.u32(),
                error: reader.u32(),
            }),
        }
    }

    /// Writes it to as many.
    pub fn write(&self, writer: &mut Writer<'_>) {
        writer.u32(self.total);
        for place in self.places {
            writer.u64(place.key);
            writer.u32(place.count);
            writer.u32(place.error);
        }
    }
}

/// What a worker has not handed in yet.
#[derive(Debug, Default)]
struct Batch {
    keys: Vec<(Key, u32)>,
    adds: u32,
    since: Moment,
}

impl Batch {
    const fn new() -> Self {
        Self {
            keys: Vec::new(),
            adds: 0,
            since: Moment(Duration::ZERO),
        }
    }

    fn add(&mut self, key: Key, n: u32, now: Moment) {
        if self.adds == 0 {
            self.since = now;
        }
        self.adds = self.adds.saturating_add(1);
        match self.keys.iter_mut().find(|(known, _)| *known == key) {
            Some((_, count)) => *count = count.saturating_add(n),
            None => self.keys.push((key, n)),
        }
    }

    /// Whether it is to be handed in. A clock that was set back says so too: nobody knows how long ago it began.
    fn is_due(&self, now: Moment) -> bool {
        let late = now.0.checked_sub(self.since.0).is_none_or(|age| age >= MAX_DELAY);
        self.adds >= MAX_BATCH || (self.adds > 0 && late)
    }

    fn share(&self, key: Key) -> Share {
        let sum = |wanted: Option<Key>| {
            let counts = self
                .keys
                .iter()
                .filter(|(key, _)| wanted.is_none_or(|wanted| wanted == *key));
            counts.fold(0_u32, |sum, (_, count)| sum.saturating_add(*count))
        };
        Share {
            count: sum(Some(key)),
            error: 0,
            total: sum(None),
        }
    }

    fn clear(&mut self) {
        self.keys.clear();
        self.adds = 0;
    }
}

/// The keys that come most often, at all workers, in the present span and the one before.
#[derive(Debug)]
pub struct Board {
    name: &'static str,
    span: Duration,
    values: Values,
    batch: RefCell<Batch>,
}

impl Board {
    /// The bytes that it takes in the proxy.
    pub const BYTES: usize = Spans::<Top>::size(Top::SIZE);

    /// A board under `name`, which tells its format too: two formats never have one name. A count lasts one `span` at least, two at
    /// most.
    pub const fn new(name: &'static str, span: Duration) -> Self {
        Self {
            name,
            span,
            values: Values::new(Self::BYTES),
            batch: RefCell::new(Batch::new()),
        }
    }

    /// Adds `n` to `key`, and hands in what was collected when it is time.
    ///
    /// # Errors
    /// [`Unavailable`] when the proxy does not give its shared data: what was collected is lost.
    pub fn add(&self, store: &impl Store, key: Key, n: u32, now: Moment) -> Result<(), Unavailable> {
        self.batch.borrow_mut().add(key, n, now);
        self.hand_in(store, now)
    }

    /// Hands in what was collected, if it is time. For a clock that ticks where nothing comes any more.
    ///
    /// # Errors
    /// [`Unavailable`] when the proxy does not give its shared data: what was collected is lost.
    pub fn hand_in(&self, store: &impl Store, now: Moment) -> Result<(), Unavailable> {
        let mut batch = self.batch.borrow_mut();
        if !batch.is_due(now) {
            return Ok(());
        }
        let changed = self.values.change(store, &self.key(), batch.adds, |value| {
            let mut spans = self.spans(value, now);
            for (key, n) in &batch.keys {
                spans.present.add(*key, *n);
            }
            spans.write(&mut Writer::new(value), Top::write);
            (Change::Made, ())
        });
        batch.clear();
        changed.map(drop)
    }

    /// What part `key` has, with all that this worker has not handed in yet.
    ///
    /// # Errors
    /// [`Unavailable`] when the proxy does not give its shared data.
    pub fn share(&self, store: &impl Store, key: Key, now: Moment) -> Result<Share, Unavailable> {
        let value = self.values.read(store, &self.key())?;
        let spans = self.spans(value.as_deref().unwrap_or_default(), now);
        let own = self.batch.borrow().share(key);
        Ok(spans.present.share(key).plus(spans.before.share(key)).plus(own))
    }

    /// What became of changes since this was asked last. What was lost is counted by adds.
    pub fn take_tally(&self) -> Tally {
        self.values.take_tally()
    }

    fn spans(&self, value: &[u8], now: Moment) -> Spans<Top> {
        let mut spans = Spans::read(&mut Reader::new(value), Top::read);
        spans.advance(now, self.span);
        spans
    }

    fn key(&self) -> String {
        format!("layerprint.memory.{}", self.name)
    }
}
