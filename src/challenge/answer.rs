//! The answer to a puzzle, as a page sends it: `TOKEN~NUMBERS` in the request header `layerprint-answer`.
//!
//! It is a header and no body: a filter that waits for a body is not given it by Envoy, and a header of this name is sent by no page of
//! another site, which would have to be allowed to (Fetch, 4.10).

use super::reason::Reason;
use super::token::LETTERS;
use super::work::{Found, PARTS};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

/// The request header.
pub const HEADER: &str = "layerprint-answer";

const BYTES: usize = PARTS * 4;
const NUMBERS: usize = (BYTES * 4).div_ceil(3);

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answer<'a> {
    /// The letters of the token.
    pub(super) token: &'a [u8],
    /// The numbers.
    pub(super) found: Found,
}

impl<'a> Answer<'a> {
    /// Reads it.
    ///
    /// # Errors
    /// [`Reason::Malformed`].
    pub(super) fn read(value: &'a [u8]) -> Result<Self, Reason> {
        let (token, rest) = value.split_at_checked(LETTERS).ok_or(Reason::Malformed)?;
        let numbers = rest.strip_prefix(b"~").filter(|numbers| numbers.len() == NUMBERS);
        let numbers = numbers.ok_or(Reason::Malformed)?;
        let mut bytes = [0; BYTES + 2];
        let read = BASE64_URL_SAFE_NO_PAD.decode_slice(numbers, &mut bytes);
        if read != Ok(BYTES) {
            return Err(Reason::Malformed);
        }
        let mut found = Found([0; PARTS]);
        let (chunks, _) = bytes.as_chunks();
        found
            .0
            .iter_mut()
            .zip(chunks)
            .for_each(|(n, bytes)| *n = u32::from_be_bytes(*bytes));
        Ok(Self { token, found })
    }
}

/// An answer as it is sent.
pub fn written(token: &str, found: &Found) -> String {
    let bytes: Vec<u8> = found.0.iter().flat_map(|n| n.to_be_bytes()).collect();
    format!("{token}~{}", BASE64_URL_SAFE_NO_PAD.encode(bytes))
}
