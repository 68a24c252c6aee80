//! What comes most often: a Space-Saving summary (Metwally, Agrawal, El Abbadi, 2005) of a stream of keys, in one worker's memory.
//!
//! With room for `N` keys, a count is too high by at most a `N`th of all that was met, and never too low; a key that makes up more than
//! that is always there. All counts are halved when there are many, so that what was is forgotten.
//!
//! Each worker has its own: connections are spread evenly, and what is asked for is a share, which a sample tells as well as the
//! whole.

use super::key::Key;

/// When all counts are halved.
const MANY: u32 = 1 << 16;

/// A summary with room for `N` keys, of 12 bytes or 16 each.
#[derive(Clone, Debug)]
pub struct Top<const N: usize> {
    entries: Vec<Entry>,
    total: u32,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    key: Key,
    count: u32,
    /// How much of it may be another key's.
    error: u32,
}

/// How often a key came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// At most so often.
    pub most: u32,
    /// At least so often.
    pub least: u32,
}

impl<const N: usize> Default for Top<N> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            total: 0,
        }
    }
}

impl<const N: usize> Top<N> {
    /// Meets `key`.
    pub fn add(&mut self, key: Key) {
        if self.total >= MANY {
            self.halve();
        }
        self.total = self.total.saturating_add(1);
        let place = self.entries.iter().position(|entry| entry.key == key);
        if let Some(place) = place {
            if let Some(entry) = self.entries.get_mut(place) {
                entry.count = entry.count.saturating_add(1);
            }
            // What comes often is found early.
            if place > 0 {
                self.entries.swap(place.saturating_sub(1), place);
            }
            return;
        }
        if self.entries.len() < N {
            self.entries.push(Entry {
                key,
                count: 1,
                error: 0,
            });
        } else if let Some(least) = self.entries.iter_mut().min_by_key(|entry| entry.count) {
            *least = Entry {
                key,
                count: least.count.saturating_add(1),
                error: least.count,
            };
        }
    }

    /// How often `key` came.
    pub fn count(&self, key: Key) -> Count {
        match self.entries.iter().find(|entry| entry.key == key) {
            Some(entry) => Count {
                most: entry.count,
                least: entry.count.saturating_sub(entry.error),
            },
            None if self.entries.len() < N => Count::default(),
            None => Count {
                most: self.entries.iter().map(|entry| entry.count).min().unwrap_or_default(),
                least: 0,
            },
        }
    }

    /// How many were met in all.
    pub const fn total(&self) -> u32 {
        self.total
    }

    /// Forgets half of all that was met.
    pub fn halve(&mut self) {
        self.total /= 2;
        for entry in &mut self.entries {
            entry.count /= 2;
            entry.error /= 2;
        }
        self.entries.retain(|entry| entry.count > 0);
    }
}

#[cfg(test)]
mod tests {
    use super::super::key::Keys;
    use super::*;

    fn key(n: u32) -> Key {
        Keys::default().key("n", n)
    }

    #[test]
    fn what_comes_often_is_counted_within_the_bound_in_a_stream_of_others() {
        let mut top = Top::<128>::default();
        let mut exact = std::collections::BTreeMap::new();
        // Zipf: the nth key comes with a share of 1/n.
        let mut state = 7_u32;
        for _ in 0..60_000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let random = f64::from(state) / f64::from(u32::MAX);
            // The integer part, read from what it is written as: there is no cast without a loss.
            let n: u32 = format!("{:.0}", (random * 10.0).exp().floor()).parse().unwrap();
            top.add(key(n));
            *exact.entry(n).or_insert(0_u32) += 1;
        }
        let bound = 60_000 / 128;
        let worst = exact.iter().map(|(n, count)| {
            let Count { most, least } = top.count(key(*n));
            assert!(most >= *count && least <= *count, "{n}: {count} is in {least}..={most}");
            most - count
        });
        let worst = worst.max().unwrap();
        println!(
            "Space-Saving, 128 keys, 60,000 of a Zipf stream of {} keys: worst error {worst}, bound {bound}",
            exact.len()
        );
        assert!(worst <= bound, "{worst}");
        assert_eq!(top.entries.len(), 128);
    }

    #[test]
    fn counts_are_halved_and_what_was_is_forgotten() {
        let mut top = Top::<4>::default();
        (0..100_000).for_each(|_| top.add(key(1)));
        assert!(top.total() <= MANY);
        (0..400_000).for_each(|_| top.add(key(2)));
        assert!(top.count(key(1)).most * 10 < top.count(key(2)).least);
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
    fn a_million_keys_stay_within_the_bytes() {
        let (shelf, board) = (Shelf::default(), Board::new("t", SPAN));
        for n in 0..1_000_000 {
            board
                .add(&shelf, key(if n % 50 == 0 { 0 } else { n }), 1, at(3_000))
                .unwrap();
        }
        let share = board.share(&shelf, key(0), at(3_000)).unwrap();
        println!(
            "10⁶ keys on a board: {} bytes; 20000 of them one key: {share:?}",
            shelf.bytes()
        );
        assert_eq!((shelf.len(), shelf.bytes()), (1, 4_108));
        assert!(holds(share, 20_000, 1_000_000));
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
