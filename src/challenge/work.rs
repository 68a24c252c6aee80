//! The work: hashes that begin with zeros.
//!
//! It comes in 16 parts, so that several threads share it and a bar tells how far it is; and because the sum of 16 guesses varies less
//! than one: ± 25 % where one guess varies by ± 100 %. For part `i` of a token, the answer is any `n` for which
//! SHA-256(seed ‖ i ‖ n) begins with `difficulty - 4` zero bits, `seed` being SHA-256 of the token's letters, `i` and `n` 32 bits
//! each, big endian. That is one block of the hash.

use super::reason::Reason;
use crate::policy::config::challenge::Difficulty;
use sha2::block_api::compress256;
use sha2::{Digest, Sha256};

/// The parts of the work.
pub const PARTS: usize = 16;

/// The numbers that a client has found, in the order of the parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found(pub [u32; PARTS]);

/// What is hashed for a token: the one block that is hashed for each guess, but for the part and the number.
#[derive(Clone, Debug)]
pub struct Seed([u8; BLOCK]);

/// The bytes of a block.
const BLOCK: usize = 64;
/// Those of the seed.
const SEED: usize = 32;
/// Those that are hashed: the seed and two numbers.
const HASHED: usize = SEED + 4 + 4;
/// The same in bits.
const HASHED_BITS: u16 = 320;

/// What hashing begins with (FIPS 180-4, 5.3.3).
const INITIAL: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

impl Seed {
    /// That of the token with these letters.
    pub fn of(token: &[u8]) -> Self {
        let mut block = [0; BLOCK];
        let seed = Sha256::digest(token);
        // Behind it part and number; then the end, as a one bit, and how many bits there are before it (FIPS 180-4, 5.1.1).
        let numbers = [0; 8];
        let end = [0x80];
        let zeros = [0; BLOCK - HASHED - 1 - 2];
        let bits = HASHED_BITS.to_be_bytes();
        let bytes = seed.iter().chain(&numbers).chain(&end).chain(&zeros).chain(&bits);
        block.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        Self(block)
    }

    /// Whether `n` answers `part`.
    pub fn is_answered(&self, difficulty: Difficulty, part: u32, n: u32) -> bool {
        let mut block = self.0;
        let numbers = part.to_be_bytes().into_iter().chain(n.to_be_bytes());
        let places = block.iter_mut().skip(SEED);
        places.zip(numbers).for_each(|(to, from)| *to = from);
        let mut hash = INITIAL;
        compress256(&mut hash, &[block]);
        let [first, ..] = hash;
        let zeros = difficulty.bits().saturating_sub(4);
        first.leading_zeros() >= zeros.into()
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What is hashed, by the letter of what is said above.
    fn first_of_hash(token: &[u8], part: u32, n: u32) -> u32 {
        let mut hash = Sha256::new_with_prefix(Sha256::digest(token));
        hash.update(part.to_be_bytes());
        hash.update(n.to_be_bytes());
        u32::from_be_bytes(*hash.finalize().first_chunk().unwrap())
    }

    #[test]
    fn an_answer_is_one_by_the_hash_of_the_standard() {
        let hard = Difficulty::new(12).unwrap();
        let mut answers = 0;
        for token in [&b""[..], b"abc", &[b'x'; 78]] {
            let seed = Seed::of(token);
            for (part, n) in (0..16).flat_map(|part| (0..200).map(move |n| (part, n * 0x0101_0101_u32))) {
                let is_answer = first_of_hash(token, part, n) >> 24 == 0;
                assert_eq!(seed.is_answered(hard, part, n), is_answer, "{token:?} {part} {n}");
                answers += usize::from(is_answer);
            }
        }
        assert!(answers > 10, "{answers} answers");
    }

    #[test]
    fn the_block_says_how_much_of_it_is_hashed() {
        assert_eq!(usize::from(HASHED_BITS), HASHED * 8);
    }
}
