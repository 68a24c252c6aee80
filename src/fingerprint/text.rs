//! How fingerprints write lists of code points. One piece of code makes the raw text and what is hashed, so that they
//! cannot differ; it writes into a [`Sink`], which is a formatter or a digest, and allocates nothing.

use core::convert::Infallible;
use core::fmt::{self, Write as _};

use sha2::{Digest, Sha256};

use super::ascii::{Ascii, hex_digit};

/// Takes ASCII text piece by piece.
pub(super) trait Sink {
    /// Why it may stop taking.
    type Error;

    fn put(&mut self, ascii: &[u8]) -> Result<(), Self::Error>;
}

impl Sink for fmt::Formatter<'_> {
    type Error = fmt::Error;

    fn put(&mut self, ascii: &[u8]) -> fmt::Result {
        ascii.iter().try_for_each(|byte| self.write_char(char::from(*byte)))
    }
}

/// A digest that is still being fed.
pub(super) struct Digesting<D>(D);

impl<D: Digest> Sink for Digesting<D> {
    type Error = Infallible;

    fn put(&mut self, ascii: &[u8]) -> Result<(), Infallible> {
        self.0.update(ascii);
        Ok(())
    }
}

impl<D: Digest> fmt::Write for Digesting<D> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let Ok(()) = self.put(text.as_bytes());
        Ok(())
    }
}

/// The first `N` lower hex digits of the digest `D` over what `write` puts.
pub(super) fn hex_digest<D: Digest, const N: usize>(
    write: impl FnOnce(&mut Digesting<D>) -> Result<(), Infallible>,
) -> Ascii<N> {
    let mut digest = Digesting(D::new());
    let Ok(()) = write(&mut digest);
    Ascii::hex(&digest.0.finalize())
}

/// JA4's short hash: the first twelve lower hex digits of SHA-256.
pub(super) fn short_hash(write: impl FnOnce(&mut Digesting<Sha256>) -> Result<(), Infallible>) -> Ascii<12> {
    hex_digest(write)
}

/// `codes` with four lower hex digits each, joined by commas.
pub(super) fn put_hex<S: Sink>(out: &mut S, codes: impl IntoIterator<Item = u16>) -> Result<(), S::Error> {
    let mut separator = b"".as_slice();
    for code in codes {
        let [high, low] = code.to_be_bytes();
        out.put(separator)?;
        out.put(&[high >> 4, high, low >> 4, low].map(hex_digit))?;
        separator = b",";
    }
    Ok(())
}

/// `codes` as decimal numbers, joined by hyphens.
pub(super) fn put_decimal<S: Sink>(out: &mut S, codes: impl IntoIterator<Item = u16>) -> Result<(), S::Error> {
    let mut separator = b"".as_slice();
    for code in codes {
        out.put(separator)?;
        let digits = [
            code / 10_000 % 10,
            code / 1000 % 10,
            code / 100 % 10,
            code / 10 % 10,
            code % 10,
        ]
        .map(decimal_digit);
        let zeros = digits.iter().take(4).take_while(|digit| **digit == b'0').count();
        out.put(digits.get(zeros..).unwrap_or_default())?;
        separator = b"-";
    }
    Ok(())
}

const fn decimal_digit(digit: u16) -> u8 {
    let [_, low] = digit.to_be_bytes();
    b'0' + low
}

/// Lists up to this length are sorted on the stack. Browsers offer fewer than 40 of anything; a longer list costs an
/// allocation.
const SORTED_IN_PLACE: usize = 128;

/// Hands `codes` in ascending order to `use_sorted`, duplicates kept.
pub(super) fn sorted<T>(codes: impl Iterator<Item = u16> + Clone, use_sorted: impl FnOnce(&[u16]) -> T) -> T {
    let count = codes.clone().count();
    let mut stack = [0; SORTED_IN_PLACE];
    if let Some(room) = stack.get_mut(..count) {
        room.iter_mut().zip(codes).for_each(|(slot, code)| *slot = code);
        room.sort_unstable();
        use_sorted(room)
    } else {
        let mut heap: Vec<u16> = codes.collect();
        heap.sort_unstable();
        use_sorted(&heap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Text(String);

    impl Sink for Text {
        type Error = Infallible;

        fn put(&mut self, ascii: &[u8]) -> Result<(), Infallible> {
            self.0.push_str(str::from_utf8(ascii).unwrap());
            Ok(())
        }
    }

    #[test]
    fn every_number_is_written_as_the_standard_library_writes_it() {
        for code in 0..=u16::MAX {
            let mut text = Text(String::new());
            let Ok(()) = put_decimal(&mut text, [code, code]);
            let Ok(()) = put_hex(&mut text, [code, code]);
            assert_eq!(text.0, format!("{code}-{code}{code:04x},{code:04x}"));
        }
    }

    #[test]
    fn lists_are_sorted_the_same_on_the_stack_and_on_the_heap() {
        for length in [0, 1, 127, 128, 129, 1000] {
            let codes = (0..length).map(|n: u16| n.wrapping_mul(40_503) % 512);
            let mut expected: Vec<u16> = codes.clone().collect();
            expected.sort_unstable();
            assert!(sorted(codes, |sorted| sorted == expected));
        }
    }
}
