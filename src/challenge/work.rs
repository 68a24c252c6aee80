//! The work: hashes that begin with zeros.
//!
//! It comes in 16 parts, so that several threads share it and a bar tells how far it is; and because the sum of 16 guesses varies less
//! than one: ± 25 % where one guess varies by ± 100 %. For part `i` of a token, the answer is any `n` for which
//! SHA-256(seed ‖ i ‖ n) begins with `difficulty - 4` zero bits, `seed` being SHA-256 of the token's letters, `i` and `n` 32 bits
//! each, big endian. That is one block of the hash.

use super::reason::Reason;
use crate::policy::config::challenge::Difficulty;
use sha2::{Digest, Sha256};

/// The parts of the work.
pub const PARTS: usize = 16;

/// The numbers that a client has found, in the order of the parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found(pub [u32; PARTS]);

/// What is hashed for a token.
#[derive(Clone, Debug)]
pub struct Seed(Sha256);

impl Seed {
    /// That of the token with these letters.
    pub fn of(token: &[u8]) -> Self {
        Self(Sha256::new_with_prefix(Sha256::digest(token)))
    }

    /// Whether `n` answers `part`.
    pub fn is_answered(&self, difficulty: Difficulty, part: u32, n: u32) -> bool {
        let mut hash = self.0.clone();
        hash.update(part.to_be_bytes());
        hash.update(n.to_be_bytes());
        let hash = hash.finalize();
        let zeros = difficulty.bits().saturating_sub(4);
        hash.first_chunk()
            .is_some_and(|first| u32::from_be_bytes(*first).leading_zeros() >= zeros.into())
    }

    /// Looks at the whole answer.
    ///
    /// # Errors
    /// [`Reason::Work`] when a part is not answered.
    pub(super) fn check(&self, difficulty: Difficulty, found: &Found) -> Result<(), Reason> {
        let mut parts = (0_u32..).zip(found.0);
        if parts.all(|(part, n)| self.is_answered(difficulty, part, n)) {
            Ok(())
        } else {
            Err(Reason::Work)
        }
    }
}
