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
