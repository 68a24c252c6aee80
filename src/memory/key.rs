//! What is counted by: 64 bits that stand for a client, a network, a shape. Values of clients are never kept, only these.
//!
//! The bits are SipHash under a seed that the workers of one proxy share and no client knows: nobody can choose values that
//! meet in one place of a table.

use super::shared::MAX_TRIES;
use super::store::{Store, Swap, Unavailable};
use core::hash::{Hash, Hasher};
use std::hash::DefaultHasher;

/// Where the workers find the seed.
const SEED_KEY: &str = "layerprint.memory.1.seed";

/// Stands for whatever was hashed into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(u64);

impl Key {
    /// The bits.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Both together. The order counts.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        // A step of a multiplicative hash: the two are hashes already.
        let mixed = (self.0 ^ other.0.rotate_left(29)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self::of_bits(mixed ^ (mixed >> 32))
    }

    /// The key of these bits; zero, which marks a free place in a table, stands for one.
    pub const fn of_bits(bits: u64) -> Self {
        Self(if bits == 0 { 1 } else { bits })
    }
}

/// Makes keys. The same parts make the same key in all workers of a proxy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    seed: [u64; 2],
}

impl Keys {
    /// Keys under `seed`.
    pub const fn new(seed: [u64; 2]) -> Self {
        Self { seed }
    }

    /// Keys under the seed that the workers share. The first to come lays down `own`.
    ///
    /// # Errors
    /// [`Unavailable`] when the proxy has no shared data: then nothing is counted across workers.
    pub fn shared(store: &impl Store, own: [u64; 2]) -> Result<Self, Unavailable> {
        let [a, b] = own.map(u64::to_le_bytes);
        for _ in 0..MAX_TRIES {
            let mut seen = None;
            if let Some((found, version)) = store.shared(SEED_KEY)? {
                if let ([a, b], []) = found.as_chunks::<8>() {
                    return Ok(Self::new([u64::from_le_bytes(*a), u64::from_le_bytes(*b)]));
                }
                // Nothing of ours.
                seen = Some(version);
            }
            if store.swap_shared(SEED_KEY, &[a, b].concat(), seen)? == Swap::Done {
                return Ok(Self::new(own));
            }
        }
        Err(Unavailable)
    }

    /// The key of `parts`, which begin with what kind of thing it is, so that a network never stands for a client.
    pub fn key(&self, kind: &'static str, parts: impl Hash) -> Key {
        let mut hasher = DefaultHasher::new();
        self.seed.hash(&mut hasher);
        kind.hash(&mut hasher);
        parts.hash(&mut hasher);
        Key::of_bits(hasher.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::super::store::tests::Shelf;
    use super::*;

    #[test]
    fn workers_that_share_a_seed_make_the_same_keys() {
        let shelf = Shelf::default();
        let first = Keys::shared(&shelf, [1, 2]).unwrap();
        let second = Keys::shared(&shelf, [3, 4]).unwrap();
        assert_eq!(first.key("a", "x"), second.key("a", "x"));
        assert_ne!(first.key("a", "x"), Keys::new([3, 4]).key("a", "x"));
        assert_ne!(first.key("a", "x"), first.key("b", "x"));
    }

    #[test]
    fn no_key_is_the_zero_of_a_free_place_and_two_keys_together_have_an_order() {
        assert_eq!(Key::of_bits(0).bits(), 1);
        let (a, b) = (Key::of_bits(7), Key::of_bits(8));
        assert_ne!(a.with(b), b.with(a));
        // These two cancel out.
        assert_ne!(Key::of_bits(1 << 29).with(Key::of_bits(1)).bits(), 0);
    }

    #[test]
    fn what_is_not_a_seed_is_replaced() {
        let shelf = Shelf::default();
        shelf.swap_shared(SEED_KEY, b"foreign", None).unwrap();
        let first = Keys::shared(&shelf, [1, 2]).unwrap();
        assert_eq!((first, Keys::shared(&shelf, [3, 4])), (Keys::new([1, 2]), Ok(first)));
    }

    #[test]
    fn parts_do_not_run_together() {
        let keys = Keys::default();
        assert_ne!(keys.key("a", ("x", "yz")), keys.key("a", ("xy", "z")));
    }
}
