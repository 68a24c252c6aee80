//! A signed token: the puzzle that a page gets, and the clearance that its answer earns. 58 bytes, as 78 letters of base64url.
//!
//! ```text
//! 0       1 = puzzle, 2 = clearance; another format will have other numbers
//! 1..5    the key's id
//! 5..9    seconds since 1970, big endian: when the puzzle was made, when the clearance ends
//! 9       difficulty
//! 10..14  the route that asked, as a hash of its name
//! 14..38  host, network, TLS, HTTP that it is bound to, 6 bytes each, as the key hides them
//! 38..42  salt: two puzzles are never the same
//! 42..58  HMAC-SHA-256 of all before it, its first 16 bytes
//! ```

use super::bound::Digests;
use super::keys::{Key, KeyId, Keyring, MAC_BYTES, cut};
use super::reason::Reason;
use crate::policy::config::challenge::Difficulty;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use core::time::Duration;
use sha2::{Digest, Sha256};

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Puzzle,
    Clearance,
}

impl Kind {
    const fn byte(self) -> u8 {
        match self {
            Self::Puzzle => 1,
            Self::Clearance => 2,
        }
    }
}

/// Stands for a route in a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RouteTag([u8; 4]);

impl RouteTag {
    /// That of the route of this name.
    pub(super) fn of(name: &str) -> Self {
        Self(cut(Sha256::digest(name)))
    }
}

/// What a token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Seconds since 1970.
    pub(super) at: u32,
    pub(super) difficulty: Difficulty,
    pub(super) route: RouteTag,
    pub(super) bound: Digests,
    pub(super) salt: [u8; 4],
}

const SIGNED: usize = 42;
const BYTES: usize = SIGNED + MAC_BYTES;

/// The letters of a token.
pub(super) const LETTERS: usize = (BYTES * 4).div_ceil(3);

impl Token {
    /// Signs it.
    pub(super) fn seal(&self, key: &Key) -> String {
        let signed = self.signed(key.id());
        let mac = key.sign(&signed);
        BASE64_URL_SAFE_NO_PAD.encode([&signed[..], &mac[..]].concat())
    }

    /// Reads a token of this kind that one of the keys has signed; and which.
    ///
    /// # Errors
    /// [`Reason::Malformed`], [`Reason::UnknownKey`], [`Reason::Tampered`].
    pub(super) fn open<'k>(kind: Kind, text: &[u8], keys: &'k Keyring) -> Result<(Self, &'k Key), Reason> {
        let mut bytes = [0; BYTES + 2];
        if text.len() != LETTERS {
            return Err(Reason::Malformed);
        }
        let read = BASE64_URL_SAFE_NO_PAD.decode_slice(text, &mut bytes);
        let bytes = bytes.first_chunk::<BYTES>().filter(|_| read == Ok(BYTES));
        let bytes = bytes.ok_or(Reason::Malformed)?;
        let (signed, mac) = bytes.split_first_chunk::<SIGNED>().ok_or(Reason::Malformed)?;
        let mac = mac.first_chunk().ok_or(Reason::Malformed)?;
        let (token, id) = Self::read(kind, signed).ok_or(Reason::Malformed)?;
        let key = keys.of(id).ok_or(Reason::UnknownKey)?;
        if key.verify(signed, mac) {
            Ok((token, key))
        } else {
            Err(Reason::Tampered)
        }
    }

    fn signed(&self, id: KeyId) -> [u8; SIGNED] {
        let mut bytes = [0; SIGNED];
        let Digests {
            host,
            network,
            tls,
            http,
        } = &self.bound;
        let parts: [&[u8]; 10] = [
            &[self.kind.byte()],
            &id.0,
            &self.at.to_be_bytes(),
            &[self.difficulty.bits()],
            &self.route.0,
            host,
            network,
            tls,
            http,
            &self.salt,
        ];
        let all = parts.into_iter().flatten();
        bytes.iter_mut().zip(all).for_each(|(to, from)| *to = *from);
        bytes
    }

    fn read(kind: Kind, bytes: &[u8; SIGNED]) -> Option<(Self, KeyId)> {
        let mut rest = &bytes[..];
        let [first] = take(&mut rest)?;
        let id = KeyId(take(&mut rest)?);
        let at = u32::from_be_bytes(take(&mut rest)?);
        let [difficulty] = take(&mut rest)?;
        let token = Self {
            kind,
            at,
            difficulty: Difficulty::new(difficulty)?,
            route: RouteTag(take(&mut rest)?),
            bound: Digests {
                host: take(&mut rest)?,
                network: take(&mut rest)?,
                tls: take(&mut rest)?,
                http: take(&mut rest)?,
            },
            salt: take(&mut rest)?,
        };
        (first == kind.byte()).then_some((token, id))
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (first, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(*first)
}

/// A moment, or how long something is, as tokens have it.
pub(super) fn seconds(time: Duration) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(u32::MAX)
}
