//! A count for each of a few named things: the verdicts, the agreements.

use layerprint::compare::Agreement;
use layerprint::policy::Verdict;
use std::marker::PhantomData;

/// As many as the largest of these kinds has, and one more.
const MOST: usize = 8;

/// A kind of which there are a few, known by name.
pub(in super::super) trait Named: Copy + Eq + 'static {
    /// All, in the order in which they are shown.
    fn all() -> &'static [Self];
    /// The name.
    fn name(self) -> &'static str;
    /// How its class begins in the page's style.
    const STYLE: &'static str;
}

impl Named for Agreement {
    const STYLE: &'static str = "a";

    fn all() -> &'static [Self] {
        &Self::ALL
    }

    fn name(self) -> &'static str {
        self.as_str()
    }
}

impl Named for Verdict {
    const STYLE: &'static str = "v";

    fn all() -> &'static [Self] {
        &Self::ALL
    }

    fn name(self) -> &'static str {
        self.as_str()
    }
}

/// The counts.
#[derive(Clone, Debug)]
pub(in super::super) struct Per<K> {
    counts: [u64; MOST],
    of: PhantomData<K>,
}

impl<K> Default for Per<K> {
    fn default() -> Self {
        Self {
            counts: [0; MOST],
            of: PhantomData,
        }
    }
}

impl<K: Named> Per<K> {
    /// Counts one.
    pub(in super::super) fn add(&mut self, key: K) {
        self.add_many(key, 1);
    }

    /// Counts several.
    pub(in super::super) fn add_many(&mut self, key: K, count: u64) {
        let keys = K::all().iter();
        if let Some((sum, _)) = self.counts.iter_mut().zip(keys).find(|(_, known)| **known == key) {
            *sum = sum.saturating_add(count);
        }
    }

    /// How many there were of it.
    pub(in super::super) fn of(&self, key: K) -> u64 {
        let mut all = self.all();
        all.find(|(known, _)| *known == key).map_or(0, |(_, count)| count)
    }

    /// Each, with how many there were.
    pub(in super::super) fn all(&self) -> impl Iterator<Item = (K, u64)> {
        K::all().iter().copied().zip(self.counts)
    }

    /// How many there were in all.
    pub(in super::super) fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (sum, more) in self.counts.iter_mut().zip(other.counts) {
            *sum = sum.saturating_add(more);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_room_and_each_is_counted_for_itself() {
        let mut verdicts = Per::default();
        for (n, verdict) in (1..).zip(Verdict::ALL) {
            verdicts.add_many(verdict, n);
        }
        verdicts.merge(&verdicts.clone());
        assert_eq!(verdicts.of(Verdict::Block), 14);
        assert_eq!(
            verdicts.all().map(|(_, count)| count).collect::<Vec<_>>(),
            [2, 4, 6, 8, 10, 12, 14]
        );
        assert_eq!(verdicts.total(), 56);
        assert!(Agreement::ALL.len() < MOST);
    }
}
