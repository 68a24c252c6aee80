//! Chance for the invariants: where an input is cut, what it is cut into.

/// A small generator (xorshift) whose seed is the input itself: any file is an input, and each fails again the same
/// way.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        let fnv = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        Self(bytes.iter().fold(0xcbf2_9ce4_8422_2325, fnv) | 1)
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: usize, high: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        low + usize::try_from(self.0 % 1_000_003).unwrap() % (high - low + 1)
    }
}
