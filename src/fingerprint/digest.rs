//! Digests as lower-case hex of a fixed length, without an allocation.

use core::fmt;
use md5::Md5;
use sha2::{Digest, Sha256};

/// `N` lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hex<const N: usize>([u8; N]);

impl<const N: usize> Hex<N> {
    /// All digits `0`: how this project writes that there was nothing to hash.
    pub const ZERO: Self = Self([b'0'; N]);

    /// The first `N` digits of `bytes`; missing ones are `0`.
    fn of(bytes: &[u8]) -> Self {
        let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
        let mut digits = [b'0'; N];
        for (digit, nibble) in digits.iter_mut().zip(nibbles) {
            *digit = if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
        }
        Self(digits)
    }

    /// The digits as text.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl<const N: usize> fmt::Display for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<const N: usize> fmt::Debug for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The first 12 hex digits of the SHA-256 of what `value` displays.
pub fn sha256_12(value: &impl fmt::Display) -> Hex<12> {
    let mut sink = Sink(Sha256::new());
    // A digest takes any text: writing to it cannot fail.
    let _ = fmt::write(&mut sink, format_args!("{value}"));
    Hex::of(&sink.0.finalize())
}

/// The MD5 of what `value` displays.
pub fn md5(value: &impl fmt::Display) -> Hex<32> {
    let mut sink = Sink(Md5::new());
    let _ = fmt::write(&mut sink, format_args!("{value}"));
    Hex::of(&sink.0.finalize())
}

/// Feeds what is written into a digest, so that a text is hashed without being built.
struct Sink<D>(D);

impl<D: Digest> fmt::Write for Sink<D> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.update(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_digests() {
        assert_eq!(sha256_12(&"").as_str(), "e3b0c44298fc");
        assert_eq!(md5(&"").as_str(), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(Hex::<12>::ZERO.as_str(), "000000000000");
    }
}
