//! How fingerprints write their text. One piece of code makes the raw text and what is hashed, so that they cannot differ;
//! it writes into a [`Sink`], which is a formatter or a digest, and allocates nothing.

use core::convert::Infallible;
use core::fmt;

use sha2::{Digest, Sha256};
use smallvec::SmallVec;

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
        self.write_str(str::from_utf8(ascii).map_err(|_| fmt::Error)?)
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

/// As much as most texts here have.
const ROOM: usize = 128;

/// Holds small pieces back until there are enough: to a digest as to a formatter, each call costs more than most pieces
/// are long.
pub(super) struct Gathered<'a, S> {
    out: &'a mut S,
    text: &'a mut [u8; ROOM],
    filled: usize,
}

impl<S: Sink> Gathered<'_, S> {
    /// Keeps `ascii`, if there is room. Inlined, so that a piece of a known length is a move or two.
    #[inline(always)]
    fn keep(&mut self, ascii: &[u8]) -> Option<()> {
        let end = self.filled + ascii.len();
        self.text.get_mut(self.filled..end)?.copy_from_slice(ascii);
        self.filled = end;
        Some(())
    }

    #[cold]
    fn put_after_passing_on(&mut self, ascii: &[u8]) -> Result<(), S::Error> {
        self.pass_on()?;
        match self.keep(ascii) {
            Some(()) => Ok(()),
            None => self.out.put(ascii),
        }
    }

    fn pass_on(&mut self) -> Result<(), S::Error> {
        let text = self.text.get(..self.filled).unwrap_or_default();
        self.filled = 0;
        self.out.put(text)
    }
}

impl<S: Sink> Sink for Gathered<'_, S> {
    type Error = S::Error;

    #[inline(always)]
    fn put(&mut self, ascii: &[u8]) -> Result<(), S::Error> {
        if self.keep(ascii).is_some() {
            return Ok(());
        }
        self.put_after_passing_on(ascii)
    }
}

impl<S: Sink> fmt::Write for Gathered<'_, S> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.put(text.as_bytes()).map_err(|_| fmt::Error)
    }
}

/// Lets `write` put its pieces, and passes them on to `out`.
pub(super) fn gathered<S: Sink>(
    out: &mut S,
    write: impl FnOnce(&mut Gathered<'_, S>) -> Result<(), S::Error>,
) -> Result<(), S::Error> {
    let mut gathered = Gathered {
        out,
        text: &mut [0; ROOM],
        filled: 0,
    };
    write(&mut gathered)?;
    gathered.pass_on()
}

/// The first `N` lower hex digits of the digest `D` over what `write` puts.
pub(super) fn hex_digest<D: Digest, const N: usize>(
    write: impl FnOnce(&mut Gathered<'_, Digesting<D>>) -> Result<(), Infallible>,
) -> Ascii<N> {
    let mut digest = Digesting(D::new());
    let Ok(()) = gathered(&mut digest, write);
    Ascii::hex(&digest.0.finalize())
}

/// JA4's short hash: the first twelve lower hex digits of SHA-256.
pub(super) fn short_hash(
    write: impl FnOnce(&mut Gathered<'_, Digesting<Sha256>>) -> Result<(), Infallible>,
) -> Ascii<12> {
    hex_digest(write)
}

/// `codes` with four lower hex digits each, joined by commas.
pub(super) fn put_hex<S: Sink>(out: &mut S, codes: impl IntoIterator<Item = u16>) -> Result<(), S::Error> {
    let mut codes = codes.into_iter().peekable();
    // The first has no comma before it.
    let mut begin = 1;
    while codes.peek().is_some() {
        let mut pieces = [[b','; 5]; 16];
        let mut end = 0;
        for (piece, code) in pieces.iter_mut().zip(&mut codes) {
            let [a, b, c, d] = hex_digits(code);
            *piece = [b',', a, b, c, d];
            end += piece.len();
        }
        out.put(pieces.as_flattened().get(begin..end).unwrap_or_default())?;
        begin = 0;
    }
    Ok(())
}

fn hex_digits(code: u16) -> [u8; 4] {
    let [high, low] = code.to_be_bytes();
    [high >> 4, high, low >> 4, low].map(hex_digit)
}

/// `codes` as decimal numbers, joined by hyphens.
pub(super) fn put_decimal<S: Sink>(out: &mut S, codes: impl IntoIterator<Item = u16>) -> Result<(), S::Error> {
    put_list(out, b'-', codes, put_number)
}

/// Lets `put_one` put each of `items`, with `separator` between.
#[inline]
pub(super) fn put_list<S: Sink, T>(
    out: &mut S,
    separator: u8,
    items: impl IntoIterator<Item = T>,
    mut put_one: impl FnMut(&mut S, T) -> Result<(), S::Error>,
) -> Result<(), S::Error> {
    let mut items = items.into_iter();
    let Some(first) = items.next() else {
        return Ok(());
    };
    put_one(out, first)?;
    items.try_for_each(|item| {
        out.put(&[separator])?;
        put_one(out, item)
    })
}

/// `number` in decimal. One digit, as most counts and distances have, does not wait for the division.
#[inline]
pub(super) fn put_number<S: Sink>(out: &mut S, number: impl Into<u32>) -> Result<(), S::Error> {
    let number = number.into();
    match u8::try_from(number) {
        Ok(digit @ 0..=9) => out.put(&[b'0' + digit]),
        _ => out.put(itoa::Buffer::new().format(number).as_bytes()),
    }
}

/// Code points in any order. Browsers offer fewer than 40 of anything; a list over 128 costs an allocation.
pub(super) type CodeList = SmallVec<[u16; 128]>;

/// Hands `codes` in ascending order to `use_sorted`, duplicates kept.
pub(super) fn sorted<T>(codes: impl Iterator<Item = u16>, use_sorted: impl FnOnce(&[u16]) -> T) -> T {
    let mut codes: CodeList = codes.collect();
    let mut room = [0; RANKED];
    match room.get_mut(..codes.len()) {
        Some(room) => {
            rank(&codes, room);
            use_sorted(room)
        }
        None => {
            codes.sort_unstable();
            use_sorted(&codes)
        }
    }
}

/// Lists up to this length are sorted by [`rank`].
const RANKED: usize = 32;

/// Puts each of `codes` where as many stand before it as are smaller, or equal and earlier. Clients shuffle their lists, which
/// makes a sort guess wrong at every other comparison; counting takes more of them but guesses nothing.
fn rank(codes: &[u16], sorted: &mut [u16]) {
    for (n, code) in codes.iter().enumerate() {
        let (earlier, later) = codes.split_at(n);
        let before = earlier.iter().map(|other| u16::from(other <= code)).sum::<u16>()
            + later.iter().map(|other| u16::from(other < code)).sum::<u16>();
        if let Some(slot) = sorted.get_mut(usize::from(before)) {
            *slot = *code;
        }
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
    fn pieces_of_every_length_come_through_in_order() {
        for length in [0, 1, 5, ROOM - 1, ROOM, ROOM + 1, 600] {
            let piece = "0123456789".repeat(60).split_at(length).0.to_owned();
            let mut text = Text(String::new());
            let Ok(()) = gathered(&mut text, |out| {
                out.put(b"ab")?;
                out.put(piece.as_bytes())?;
                out.put(b"c")?;
                out.put(piece.as_bytes())
            });
            assert_eq!(text.0, format!("ab{piece}c{piece}"));
        }
    }

    #[test]
    fn lists_of_every_length_are_sorted() {
        for length in [0, 1, 31, 32, 33, 127, 128, 129, 1000] {
            let codes = (0..length).map(|n: u16| n.wrapping_mul(40_503) % 512);
            let mut expected: Vec<u16> = codes.clone().collect();
            expected.sort_unstable();
            assert!(sorted(codes, |sorted| sorted == expected));
        }
    }
}
