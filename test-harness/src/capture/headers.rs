//! The names of a request's headers out of its HPACK block (RFC 7541).
//!
//! `loona-hpack` decodes: of the crates there are, the one released last (the others rest since 2015 and 2020), tested against
//! the `hpack-test-case` corpus, and the one that lends each header instead of storing it, so that a block which repeats one
//! large entry a thousand times costs no memory. Values are not kept. A name that RFC 9113, 8.2.1 forbids gives no names at
//! all: the request is malformed, and no server would serve it.
//!
//! The crate takes some 25 µs for each Huffman-coded string and cannot be stopped half-way, so fields are counted first.

use core::fmt;
use layerprint::wire::http1::MAX_NAMES;
use layerprint::wire::{Reader, Short};
use loona_hpack::Decoder;
use std::borrow::Cow;

/// The table size before the server's SETTINGS arrive (RFC 9113, 6.5.2): the first request can use no larger one.
const TABLE_SIZE: usize = 4_096;
/// Bytes of names kept.
const MAX_NAME_BYTES: usize = 8_192;

/// Why a header block gives no names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BrokenHeaders {
    /// It does not decode.
    Hpack,
    /// A name is empty, has a letter in upper case or a character that no name has.
    Name,
    /// More names than are kept.
    TooMany,
}

impl fmt::Display for BrokenHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hpack => "HPACK does not decode",
            Self::Name => "a name that HTTP/2 forbids",
            Self::TooMany => "too many",
        })
    }
}

/// The names in `block`, in wire order, pseudo-headers included.
pub(super) fn names(block: &[u8]) -> Result<Vec<String>, BrokenHeaders> {
    if count_fields(block).map_err(|Short| BrokenHeaders::Hpack)? > MAX_NAMES {
        return Err(BrokenHeaders::TooMany);
    }
    let mut names = Vec::new();
    let mut room = MAX_NAME_BYTES;
    let mut broken = None;
    let mut decoder = Decoder::new();
    decoder.set_max_allowed_table_size(TABLE_SIZE);
    let take = |name: Cow<'_, [u8]>, _value: Cow<'_, [u8]>| {
        if broken.is_some() {
            return;
        }
        match (field_name(&name), room.checked_sub(name.len())) {
            (None, _) => broken = Some(BrokenHeaders::Name),
            (Some(_), None) => broken = Some(BrokenHeaders::TooMany),
            (Some(name), Some(left)) => {
                room = left;
                names.push(name.to_owned());
            }
        }
    };
    decoder.decode_with_cb(block, take).map_err(|_| BrokenHeaders::Hpack)?;
    broken.map_or(Ok(names), Err)
}

/// How many fields `block` has, their strings passed over (RFC 7541, 6).
fn count_fields(block: &[u8]) -> Result<usize, Short> {
    let mut reader = Reader::new(block);
    let mut count = 0;
    while let Some(first) = reader.rest().first() {
        let prefix = match first.leading_zeros() {
            // Indexed: no strings.
            0 => {
                integer(0x7f, &mut reader)?;
                count += 1;
                continue;
            }
            1 => 0x3f,
            // A change of the table's size: no field.
            2 => {
                integer(0x1f, &mut reader)?;
                continue;
            }
            _ => 0x0f,
        };
        if integer(prefix, &mut reader)? == 0 {
            pass_string(&mut reader)?;
        }
        pass_string(&mut reader)?;
        count += 1;
    }
    Ok(count)
}

fn pass_string(reader: &mut Reader<'_>) -> Result<(), Short> {
    let length = integer(0x7f, reader)?;
    reader.take(length)?;
    Ok(())
}

/// An integer whose first bits are those under `mask` (RFC 7541, 5.1). Four more bytes are as many as the crate takes.
fn integer(mask: u8, reader: &mut Reader<'_>) -> Result<usize, Short> {
    let mut value = usize::from(reader.u8()? & mask);
    if value < usize::from(mask) {
        return Ok(value);
    }
    for shift in [0, 7, 14, 21] {
        let byte = reader.u8()?;
        value += usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Short)
}

/// `name` as text, when it may name a field or a pseudo-field (RFC 9113, 8.2.1 and 8.3).
fn field_name(name: &[u8]) -> Option<&str> {
    let text = str::from_utf8(name).ok()?;
    let token = text.strip_prefix(':').unwrap_or(text);
    let is_name_character = |byte: u8| {
        byte.is_ascii_lowercase()
            || byte.is_ascii_digit()
            || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
    };
    (!token.is_empty() && token.bytes().all(is_name_character)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7541, C.4.1: the first request with Huffman coding.
    #[test]
    fn the_request_of_the_rfc_has_its_names_in_order() {
        let block = [
            0x82, 0x86, 0x84, 0x41, 0x8c, 0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff,
        ];
        assert_eq!(names(&block).unwrap(), [":method", ":scheme", ":path", ":authority"]);
    }

    #[test]
    fn names_that_no_server_takes_give_none() {
        let literal = |name: &[u8]| {
            let mut block = vec![0, u8::try_from(name.len()).unwrap()];
            block.extend(name);
            block.push(0);
            names(&block)
        };
        assert_eq!(literal(b"x-a").unwrap(), ["x-a"]);
        for wrong in [
            &b"X-A"[..],
            b"",
            b":",
            b"a b",
            b"a\n",
            b"a:b",
            &[0xff],
            "\u{e9}".as_bytes(),
        ] {
            assert_eq!(literal(wrong), Err(BrokenHeaders::Name), "{wrong:?}");
        }
    }

    #[test]
    fn a_block_that_does_not_decode_gives_none() {
        for wrong in [
            &[0xff][..],
            &[0xbf],
            &[0x80],
            &[0x3f, 0xe2, 0x1f],
            &[0, 3, b'a'],
            &[0x20],
        ] {
            assert_eq!(names(wrong), Err(BrokenHeaders::Hpack), "{wrong:02x?}");
        }
    }

    /// A large entry is put in the table once and then named by one byte, sixty thousand times.
    #[test]
    fn a_block_that_unfolds_to_a_giant_is_refused_in_no_time() {
        let mut block = vec![0x40, 1, b'a', 0x7f, 0x80, 0x1e];
        block.extend(vec![b'v'; 3_967]);
        let few = [&block[..], &[0xbe; 100]].concat();
        assert_eq!(names(&few).map(|names| names.len()), Ok(101));
        block.extend(vec![0xbe; 60_000]);
        assert_eq!(names(&block), Err(BrokenHeaders::TooMany));
    }

    /// Sixteen thousand fields of two Huffman-coded strings: a second's work for the crate.
    #[test]
    fn a_block_of_very_many_fields_is_refused_before_it_is_decoded() {
        let field = [0, 0x81, 0x1f, 0x80];
        assert_eq!(names(&field.repeat(16_384)), Err(BrokenHeaders::TooMany));
        assert_eq!(names(&field.repeat(MAX_NAMES)).map(|names| names.len()), Ok(MAX_NAMES));
    }

    /// Deterministic noise of all lengths, and the RFC's block with each byte changed: an answer, whatever it is.
    #[test]
    fn no_bytes_make_the_decoder_panic() {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        };
        for length in 0..2_000 {
            let noise: Vec<u8> = (0..length % 200).map(|_| next()).collect();
            let _ = names(&noise);
        }
        let block = [
            0x82, 0x86, 0x84, 0x41, 0x8c, 0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff,
        ];
        for place in 0..block.len() {
            for byte in 0..=255 {
                let mut changed = block;
                changed[place] = byte;
                let _ = names(&changed);
            }
        }
    }
}
