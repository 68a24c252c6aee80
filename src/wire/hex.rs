//! Hex text for bytes: how an agent hands over what a proxy passes on as text alone.

/// Why text is no hex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotHex {
    /// It has another letter than hex digits, or an odd number of them.
    Digits,
    /// It stands for more bytes than there is room for.
    TooLong,
}

/// The bytes that `text` stands for, put into `buffer`. Digits of either case, nothing between or around them.
///
/// # Errors
/// [`NotHex`].
pub(super) fn decode<'a>(text: &[u8], buffer: &'a mut [u8]) -> Result<&'a [u8], NotHex> {
    let (pairs, odd) = text.as_chunks::<2>();
    let bytes = buffer.get_mut(..pairs.len()).ok_or(NotHex::TooLong)?;
    if !odd.is_empty() {
        return Err(NotHex::Digits);
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Ok(bytes)
}

const fn digit(digit: u8) -> Result<u8, NotHex> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        b'A'..=b'F' => Ok(digit - b'A' + 10),
        _ => Err(NotHex::Digits),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_read_in_either_case_and_nothing_else_is() {
        for byte in 0..=u8::MAX {
            let mut buffer = [0; 1];
            assert_eq!(decode(format!("{byte:02x}").as_bytes(), &mut buffer), Ok(&[byte][..]));
            assert_eq!(decode(format!("{byte:02X}").as_bytes(), &mut buffer), Ok(&[byte][..]));
            let is_digit = byte.is_ascii_hexdigit();
            assert_eq!(decode(&[b'0', byte], &mut buffer).is_ok(), is_digit, "{byte}");
        }
        assert_eq!(decode(b"0", &mut [0; 1]), Err(NotHex::Digits));
        assert_eq!(decode(b"0011", &mut [0; 1]), Err(NotHex::TooLong));
        assert_eq!(decode(b"", &mut []), Ok(&[][..]));
    }
}
