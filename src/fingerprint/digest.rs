//! Digests of what a value displays, as lower-case hex, without building the text.

use super::ascii::Ascii;
use super::text::hex_digest;
use core::fmt::{Display, Write as _};
use md5::Md5;
use sha2::{Digest, Sha256};

/// The first 12 hex digits of the SHA-256 of what `value` displays.
pub fn sha256_12(value: &impl Display) -> Ascii<12> {
    of_display::<Sha256, 12>(value)
}

/// The MD5 of what `value` displays.
pub fn md5(value: &impl Display) -> Ascii<32> {
    of_display::<Md5, 32>(value)
}

fn of_display<D: Digest, const N: usize>(value: &impl Display) -> Ascii<N> {
    hex_digest::<D, N>(|digest| {
        // A digest takes any text: writing to it cannot fail.
        let _ = write!(digest, "{value}");
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_digests() {
        assert_eq!(sha256_12(&"").as_str(), "e3b0c44298fc");
        assert_eq!(md5(&"").as_str(), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(Ascii::<12>::ZEROS.as_str(), "000000000000");
    }
}
