//! The keys that sign, with HMAC-SHA-256 (RFC 2104): made ready once.
//!
//! The first key signs, each is believed: to change keys, the new one is added as the second everywhere, then made the first, and
//! the old one is dropped when what it signed has expired.

use crate::policy::config::Secret;
use core::fmt;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

type State = Hmac<Sha256>;

/// Which key it is: the first bytes of a hash of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyId(pub(super) [u8; 4]);

/// The bytes of a signature: 128 bits, which nobody guesses.
pub(super) const MAC_BYTES: usize = 16;

/// A key that is ready. No output shows it.
#[derive(Clone)]
pub(super) struct Key {
    id: KeyId,
    state: State,
    /// What digests begin with: a block that follows from the key and that nobody else knows.
    hidden: Sha256,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Key").field(&self.id).finish()
    }
}

impl Key {
    fn new(secret: &Secret) -> Option<Self> {
        let id = Sha256::new_with_prefix(b"layerprint key id\0")
            .chain_update(secret.bytes())
            .finalize();
        let state = secret.hmac()?;
        let hidden = first::<32>(state.clone().chain_update("layerprint digests"));
        Some(Self {
            id: KeyId(cut(id)),
            state,
            hidden: Sha256::new_with_prefix([hidden, [0; 32]].as_flattened()),
        })
    }

    /// Which one it is.
    pub(super) const fn id(&self) -> KeyId {
        self.id
    }

    /// The signature of `bytes`.
    pub(super) fn sign(&self, bytes: &[u8]) -> [u8; MAC_BYTES] {
        first(self.over(bytes))
    }

    /// Whether `mac` is the signature of `bytes`; takes as long for a wrong one as for the right one.
    pub(super) fn verify(&self, bytes: &[u8], mac: &[u8; MAC_BYTES]) -> bool {
        self.over(bytes).verify_truncated_left(mac).is_ok()
    }

    /// What stands for `value` in a token: nobody without the key can tell it, or make another one for it.
    ///
    /// A request that shows a clearance has four of them. So it is no HMAC, which hashes twice, but the hash of a hidden block and the
    /// value. What makes that unfit for signatures, that one could go on hashing from its result, is not there: of 32 bytes, a token
    /// has 6.
    pub(super) fn digest<const N: usize>(&self, kind: &'static str, value: &[&[u8]]) -> [u8; N] {
        let mut hash = self.hidden.clone();
        hash.update(kind);
        for part in value {
            hash.update([0]);
            hash.update(part);
        }
        cut(hash.finalize())
    }

    fn over(&self, token: &[u8]) -> State {
        self.state.clone().chain_update("token").chain_update(token)
    }
}

fn first<const N: usize>(state: State) -> [u8; N] {
    cut(state.finalize().into_bytes())
}

/// The first bytes of `hash`.
pub(super) fn cut<const N: usize>(hash: impl IntoIterator<Item = u8>) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    bytes
}

/// The keys: one signs, all are believed.
#[derive(Clone, Debug)]
pub(super) struct Keyring {
    signing: Key,
    older: Vec<Key>,
}

impl Keyring {
    /// The ring of these keys; none where there are none.
    pub(super) fn new(secrets: &[Secret]) -> Option<Self> {
        let mut keys = secrets.iter().filter_map(Key::new);
        Some(Self {
            signing: keys.next()?,
            older: keys.collect(),
        })
    }

    /// The key that signs.
    pub(super) const fn signing(&self) -> &Key {
        &self.signing
    }

    /// The key of this id.
    pub(super) fn of(&self, id: KeyId) -> Option<&Key> {
        core::iter::once(&self.signing)
            .chain(&self.older)
            .find(|key| key.id == id)
    }
}
