//! Text of a fixed length, for fingerprints that are kept, compared and sent: `Copy`, and on the stack. Refuses
//! nothing: it can only be made in here, from ASCII.

use core::fmt;
use core::ops::Deref;

/// Exactly `N` ASCII characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ascii<const N: usize>([u8; N]);

impl<const N: usize> Ascii<N> {
    /// All characters `0`: how a digest is written when there was nothing to hash.
    pub const ZEROS: Self = Self([b'0'; N]);

    /// The text of these bytes; what is not ASCII becomes `?`, which no caller relies on.
    pub(super) fn new(bytes: [u8; N]) -> Self {
        Self(bytes.map(|byte| if byte.is_ascii() { byte } else { b'?' }))
    }

    /// The first `N` of `bytes`, topped up with zeros: for parts whose lengths add up to `N`.
    pub(super) fn from_parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut text = [b'0'; N];
        let mut room = text.as_mut_slice();
        for part in parts {
            let (place, rest) = room.split_at_mut(part.len().min(room.len()));
            place.iter_mut().zip(part).for_each(|(slot, byte)| *slot = *byte);
            room = rest;
        }
        Self::new(text)
    }

    /// The first `N` lower hex digits of `bytes`; `N` is even.
    pub(super) fn hex(bytes: &[u8]) -> Self {
        let mut text = [b'0'; N];
        let (pairs, _) = text.as_chunks_mut::<2>();
        for (pair, byte) in pairs.iter_mut().zip(bytes) {
            *pair = [hex_digit(byte >> 4), hex_digit(*byte)];
        }
        Self(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        // All bytes are ASCII, see `new` and `hex`: there is always a text.
        str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The text as bytes.
    pub const fn as_bytes(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> Deref for Ascii<N> {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl<const N: usize> fmt::Display for Ascii<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl<const N: usize> fmt::Debug for Ascii<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl<const N: usize> PartialEq<str> for Ascii<N> {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl<const N: usize> PartialEq<&str> for Ascii<N> {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

/// The lower hex digit of the low four bits.
pub(super) const fn hex_digit(nibble: u8) -> u8 {
    match nibble & 0x0f {
        digit @ 0..=9 => b'0' + digit,
        letter => b'a' + letter - 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_takes_as_many_digits_as_there_is_room_for() {
        assert_eq!(Ascii::<2>::hex(&[0xab, 0xcd]), "ab");
        assert_eq!(Ascii::<6>::hex(&[0xab, 0xcd]), "abcd00");
        assert_eq!(Ascii::<4>::from_parts([b"a_".as_slice(), b"bc"]).to_string(), "a_bc");
    }
}
