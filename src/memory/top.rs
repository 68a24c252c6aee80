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

#[cfg(test)]
mod tests {
    use super::super::shelf::Shelf;
    use super::super::store::Swap;
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::thread;

    const SPAN: Duration = Duration::from_secs(300);

    fn at(second: u64) -> Moment {
        Moment(Duration::from_secs(second))
    }

    fn key(n: u64) -> Key {
        Key::of_bits(n + 1)
    }

    /// A small generator (xorshift): the same stream each time.
    fn random(state: &mut u64) -> u64 {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state
    }

    /// Whether all that is said of a share holds for a key that came `exact` times of `total`.
    fn holds(share: Share, exact: u32, total: u32) -> bool {
        share.total == total
            && share.error <= total / 128
            && share.at_least() <= exact
            && exact <= share.count
            && share.count <= exact.saturating_add(total / 128)
    }

    #[test]
    fn the_error_is_what_is_said_for_a_stream_with_few_that_come_often() {
        // Zipf: the nth of 100 000 keys comes with a chance of 1/n.
        let weights: Vec<f64> = (1..=100_000_u32)
            .scan(0.0, |sum, n| {
                *sum += 1.0 / f64::from(n);
                Some(*sum)
            })
            .collect();
        let (mut top, mut exact, mut state) = (Top::default(), BTreeMap::new(), 7);
        const TOTAL: u32 = 200_000;
        for _ in 0..TOTAL {
            let chance = f64::from(u32::try_from(random(&mut state) >> 32).unwrap()) / f64::from(u32::MAX);
            let n = weights.partition_point(|weight| *weight < chance * weights[weights.len() - 1]);
            let n = u64::try_from(n).unwrap();
            top.add(key(n), 1);
            *exact.entry(n).or_insert(0_u32) += 1;
        }
        let over = |n: &u64| top.share(key(*n)).count - exact[n];
        let of_all = |count: u32| f64::from(count) * 100.0 / f64::from(TOTAL);
        println!(
            "{} keys, {TOTAL} adds by Zipf: the ten that come most are counted too high by at most {:.3} % of all, any by {:.3} % (bound {:.3} %)",
            exact.len(),
            of_all((0..10).map(|n| over(&n)).max().unwrap()),
            of_all(exact.keys().map(over).max().unwrap()),
            100.0 / 128.0
        );
        assert!(exact.iter().all(|(n, exact)| holds(top.share(key(*n)), *exact, TOTAL)));
        assert!(
            (0..10).all(|n| over(&n) < TOTAL / 1_000),
            "those that come most are nearly exact"
        );
        assert!(holds(top.share(key(1_000_000)), 0, TOTAL));
    }

    #[test]
    fn few_keys_are_exact() {
        let mut top = Top::default();
        for n in 0..128 {
            top.add(key(n), 3);
        }
        top.add(key(5), 4);
        top.add(key(6), 0);
        let share = |n| top.share(key(n));
        assert_eq!((share(5).count, share(5).error, share(5).total), (7, 0, 388));
        assert_eq!(share(6).count, 3);
        assert_eq!(
            (share(500).count, share(500).at_least()),
            (3, 0),
            "it may have come and gone"
        );
        assert_eq!(Top::default().share(key(5)), Share::default());
    }

    #[test]
    fn a_worker_hands_in_after_so_many_or_so_long_and_knows_its_own_at_once() {
        let shelf = Shelf::default();
        let (own, other) = (Board::new("t", SPAN), Board::new("t", SPAN));
        let counts = |second| [&own, &other].map(|board| board.share(&shelf, key(1), at(second)).unwrap().count);
        for _ in 1..MAX_BATCH {
            own.add(&shelf, key(1), 1, at(3_000)).unwrap();
        }
        assert_eq!((counts(3_000), shelf.len()), ([31, 0], 0));
        own.add(&shelf, key(2), 1, at(3_000)).unwrap();
        assert_eq!(counts(3_000), [31, 31], "so many");
        own.add(&shelf, key(1), 1, at(3_001)).unwrap();
        own.hand_in(&shelf, at(3_010)).unwrap();
        assert_eq!(counts(3_010), [32, 31]);
        own.hand_in(&shelf, at(3_011)).unwrap();
        assert_eq!(counts(3_011), [32, 32], "so long");
        own.add(&shelf, key(1), 1, at(3_011)).unwrap();
        own.hand_in(&shelf, at(3_008)).unwrap();
        assert_eq!(counts(3_008), [33, 33], "the clock was set back");
        assert_eq!(other.share(&shelf, key(1), at(3_008)).unwrap().total, 34);
        assert_eq!((shelf.len(), shelf.bytes()), (1, Board::BYTES));
        assert_eq!(own.take_tally(), Tally::NONE);
    }

    #[test]
    fn a_count_lasts_a_span_at_least_and_two_at_most() {
        let (shelf, board) = (Shelf::default(), Board::new("t", SPAN));
        board.add(&shelf, key(1), 5, at(3_000)).unwrap();
        board.hand_in(&shelf, at(3_299)).unwrap();
        board.add(&shelf, key(1), 1, at(3_300)).unwrap();
        board.hand_in(&shelf, at(3_310)).unwrap();
        let count = |second| board.share(&shelf, key(1), at(second)).unwrap().count;
        assert_eq!([3_310, 3_599, 3_600, 3_900].map(count), [6, 6, 1, 0]);
    }

    #[test]
    fn workers_that_hand_in_at_once_lose_nothing_that_is_not_counted_as_lost() {
        const EACH: u32 = 6_400;
        let shelf = Shelf::default();
        let tally = thread::scope(|scope| {
            let workers = [1_u64, 2, 3, 4].map(|own| {
                let shelf = &shelf;
                scope.spawn(move || {
                    let board = Board::new("t", SPAN);
                    for n in 0..EACH {
                        board
                            .add(shelf, key(if n % 2 == 0 { 0 } else { own }), 1, at(3_000))
                            .unwrap();
                    }
                    board.take_tally()
                })
            });
            workers
                .into_iter()
                .map(|worker| worker.join().unwrap())
                .fold(Tally::NONE, Tally::plus)
        });
        println!("4 workers, {EACH} adds each, {MAX_BATCH} at a time: {tally:?}");
        let share = Board::new("t", SPAN).share(&shelf, key(0), at(3_000)).unwrap();
        assert_eq!(share.total + tally.lost, 4 * EACH);
        assert_eq!(
            share.count + tally.lost / 2,
            2 * EACH,
            "half of each batch was that key"
        );
    }

    #[test]
    fn a_value_that_is_not_ours_is_replaced() {
        let (shelf, board) = (Shelf::default(), Board::new("t", SPAN));
        assert_eq!(
            shelf.swap_shared("layerprint.memory.t", b"foreign", None),
            Ok(Swap::Done)
        );
        assert_eq!(board.share(&shelf, key(1), at(3_000)), Ok(Share::default()));
        board.add(&shelf, key(1), 5, at(3_000)).unwrap();
        board.hand_in(&shelf, at(3_010)).unwrap();
        assert_eq!(
            (shelf.bytes(), board.share(&shelf, key(1), at(3_010)).unwrap().total),
            (Board::BYTES, 5)
        );
    }

    #[test]
    fn a_flood_of_keys_stays_within_the_bytes() {
        let (shelf, board) = (Shelf::default(), Board::new("t", SPAN));
        for n in 0..200_000 {
            board
                .add(&shelf, key(if n % 50 == 0 { 0 } else { n }), 1, at(3_000))
                .unwrap();
        }
        let share = board.share(&shelf, key(0), at(3_000)).unwrap();
        println!(
            "200000 adds to a board: {} bytes; 4000 of them to one key: {share:?}",
            shelf.bytes()
        );
        assert_eq!((shelf.len(), shelf.bytes()), (1, 4_108));
        assert!(holds(share, 4_000, 200_000));
    }

    proptest! {
        #[test]
        fn whatever_comes_the_error_is_what_is_said(adds in prop::collection::vec((0_u64..200, 0_u32..50), 0..2_000)) {
            let (mut top, mut exact) = (Top::default(), BTreeMap::new());
            for (n, count) in adds {
                top.add(key(n), count);
                *exact.entry(n).or_insert(0_u32) += count;
            }
            let total = exact.values().sum();
            for n in 0..200 {
                let (share, exact) = (top.share(key(n)), exact.get(&n).copied().unwrap_or_default());
                prop_assert!(holds(share, exact, total), "{}: {:?} of {} of {}", n, share, exact, total);
            }
        }

        #[test]
        fn any_bytes_are_keys_that_can_be_added_to(bytes in prop::collection::vec(any::<u8>(), Top::SIZE), n in any::<u64>()) {
            let mut top = Top::read(&mut Reader::new(&bytes));
            let mut written = vec![0; Top::SIZE];
            top.write(&mut Writer::new(&mut written));
            prop_assert_eq!(&written, &bytes);
            top.add(Key::of_bits(n), 7);
            prop_assert!(top.share(Key::of_bits(n)).count >= 7);
        }
    }
}
