//! Counts by text that clients choose, in bounded memory: what comes often stays, what comes seldom is given up.
//!
//! When twice the cap are held, the half that came least is given up, and with it at most as many requests of each as the largest of
//! them had: by so much the counts of those that stay may be too low, if they were given up before and came again.

use std::cmp::Reverse;
use std::collections::HashMap;

/// The longest text that is kept; of a longer one the beginning stands for all.
const MAX_KEY: usize = 256;

/// What is counted by a text.
pub(in super::super) trait Counted: Default {
    /// How many requests it is made of.
    fn volume(&self) -> u64;
    /// Adds what another thread has counted.
    fn merge(&mut self, other: Self);
}

impl Counted for u64 {
    fn volume(&self) -> u64 {
        *self
    }

    fn merge(&mut self, other: Self) {
        *self = self.saturating_add(other);
    }
}

/// The counts, by text.
#[derive(Debug)]
pub(in super::super) struct Capped<V> {
    values: HashMap<Box<str>, V>,
    cap: usize,
    /// By so much a count may be too low.
    missed: u64,
    /// How many texts were given up.
    given_up: u64,
}

impl<V: Counted> Capped<V> {
    /// Room for `cap` texts for certain, and for up to twice as many.
    pub(in super::super) fn new(cap: usize) -> Self {
        Self {
            values: HashMap::new(),
            cap,
            missed: 0,
            given_up: 0,
        }
    }

    /// What is counted by `key`.
    pub(in super::super) fn of(&mut self, key: &str) -> &mut V {
        let key = cut(key, MAX_KEY);
        if !self.values.contains_key(key) {
            if self.values.len() >= self.cap.saturating_mul(2) {
                self.give_up();
            }
            return self.values.entry(key.into()).or_default();
        }
        // Looked up before: an entry alone would copy the text each time.
        self.values.entry(key.into()).or_default()
    }

    /// All that are held, those that come first by `rank` first; where it does not tell, by their text.
    pub(in super::super) fn ranked<R: PartialOrd>(&self, rank: impl Fn(&V) -> R) -> Vec<(&str, &V)> {
        let mut all: Vec<_> = self.values.iter().map(|(key, value)| (&**key, value)).collect();
        all.sort_by(|(key, value), (other_key, other)| {
            let by_rank = rank(other).partial_cmp(&rank(value));
            by_rank
                .unwrap_or(std::cmp::Ordering::Equal)
                .then_with(|| key.cmp(other_key))
        });
        all
    }

    /// All that are held, most requests first.
    pub(in super::super) fn most(&self) -> Vec<(&str, &V)> {
        self.ranked(Counted::volume)
    }

    /// Whether nothing was counted.
    pub(in super::super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// How many texts are held.
    pub(in super::super) fn len(&self) -> usize {
        self.values.len()
    }

    /// How many were given up, and by how much a count may be too low for it.
    pub(in super::super) const fn given_up(&self) -> (u64, u64) {
        (self.given_up, self.missed)
    }

    /// Adds what another thread has counted.
    pub(in super::super) fn merge(&mut self, other: Self) {
        self.missed = self.missed.saturating_add(other.missed);
        self.given_up = self.given_up.saturating_add(other.given_up);
        for (key, value) in other.values {
            self.of(&key).merge(value);
        }
    }

    fn give_up(&mut self) {
        let mut volumes: Vec<u64> = self.values.values().map(Counted::volume).collect();
        volumes.sort_unstable_by_key(|volume| Reverse(*volume));
        // The first that is given up for certain; of those with the same volume all go, so that which does is no accident.
        let bound = volumes.get(self.cap).copied().unwrap_or_default();
        let before = self.values.len();
        self.values.retain(|_, value| value.volume() > bound);
        self.missed = self.missed.saturating_add(bound);
        let gone = before.saturating_sub(self.values.len());
        self.given_up = self.given_up.saturating_add(u64::try_from(gone).unwrap_or(u64::MAX));
    }
}

/// The beginning of `text`, at most so many bytes, and no letter cut in two.
pub(in super::super) fn cut(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn up_to_the_cap_counts_are_exact() {
        let mut counts = Capped::<u64>::new(4);
        for key in ["a", "b", "a", "c", "a", "b"] {
            *counts.of(key) += 1;
        }
        assert_eq!(counts.most(), [("a", &3), ("b", &2), ("c", &1)]);
        assert_eq!(counts.given_up(), (0, 0));
    }

    #[test]
    fn a_flood_of_ever_new_texts_takes_bounded_memory_and_what_comes_often_stays() {
        let mut counts = Capped::<u64>::new(100);
        for n in 0..100_000 {
            *counts.of(&format!("new {n}")) += 1;
            *counts.of(["often", "now and then"][usize::from(n % 10 == 0)]) += 1;
            assert!(counts.values.len() <= 200);
        }
        let most = counts.most();
        assert_eq!((most[0], most[1].0), (("often", &90_000), "now and then"));
        let (given_up, missed) = counts.given_up();
        assert!(
            given_up > 99_000 && *most[1].1 + missed >= 10_000,
            "{given_up}, {missed}"
        );
    }

    #[test]
    fn long_texts_are_cut_between_letters() {
        let mut counts = Capped::<u64>::new(4);
        *counts.of(&"é".repeat(1_000)) += 1;
        assert_eq!(counts.most()[0].0, "é".repeat(MAX_KEY / 2));
        assert_eq!(cut("aé", 2), "a");
    }

    #[test]
    fn two_threads_counts_are_added() {
        let (mut one, mut other) = (Capped::<u64>::new(4), Capped::<u64>::new(4));
        *one.of("a") += 1;
        *other.of("a") += 2;
        *other.of("b") += 1;
        one.merge(other);
        assert_eq!(one.most(), [("a", &3), ("b", &1)]);
    }
}
