//! Chance that repeats: everything that is done follows from one number.

use layerprint_harness::traffic::Chance;

/// Dice that fall as their seed says.
pub(crate) struct Dice(Chance);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(Chance::new(seed))
    }

    /// A number from 0 up to, and without, `below`.
    pub(crate) fn below(&mut self, below: usize) -> usize {
        self.0.below(below)
    }

    /// Whether something comes that comes once in `n` times.
    pub(crate) fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.0.byte()
    }

    /// Up to `most` bytes of any kind.
    pub(crate) fn bytes(&mut self, most: usize) -> Vec<u8> {
        let count = self.below(most + 1);
        self.0.bytes(count)
    }

    /// `bytes` as they are, or cut, or with some of them changed, left out or put in twice.
    pub(crate) fn bent(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut bent = bytes.to_vec();
        if self.once_in(3) || bent.is_empty() {
            return bent;
        }
        for _ in 0..1 + self.below(3) {
            let at = self.below(bent.len());
            match self.below(4) {
                0 => bent.truncate(at),
                1 => bent[at] = self.byte(),
                2 => drop(bent.remove(at)),
                _ => bent.insert(at, self.byte()),
            }
            if bent.is_empty() {
                break;
            }
        }
        bent
    }
}
