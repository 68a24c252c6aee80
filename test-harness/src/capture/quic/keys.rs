//! The keys of a client's Initial packets, and how they open one (RFC 9001, 5.2 to 5.4; RFC 9369, 3.3).
//!
//! They keep no secret: everyone can derive them from the first packet. The primitives are RustCrypto's.

use super::packet::{Initial, Version};
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes128Gcm, Nonce};
use hkdf::Hkdf;
use layerprint::wire::Reader;
use sha2::Sha256;

const SALT_V1: [u8; 20] = [
    0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f,
    0x0a,
];
const SALT_V2: [u8; 20] = [
    0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e,
    0xd9,
];

/// The keys of one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::capture) struct Keys {
    version: Version,
    key: [u8; 16],
    iv: [u8; 12],
    header: [u8; 16],
}

impl Keys {
    /// The keys of the client that sent its first packet to the connection ID `destination`.
    pub(super) fn of_client(version: Version, destination: &[u8]) -> Option<Self> {
        let (salt, [key, iv, header]) = match version {
            Version::V1 => (SALT_V1, ["quic key", "quic iv", "quic hp"]),
            Version::V2 => (SALT_V2, ["quicv2 key", "quicv2 iv", "quicv2 hp"]),
        };
        let initial = Hkdf::<Sha256>::new(Some(&salt), destination);
        let client = Hkdf::<Sha256>::from_prk(&expand::<32>(&initial, "client in")?).ok()?;
        Some(Self {
            version,
            key: expand(&client, key)?,
            iv: expand(&client, iv)?,
            header: expand(&client, header)?,
        })
    }

    /// The packet number and the payload of `initial`; none when it was not sealed with these keys. `largest` is the largest
    /// packet number so far.
    pub(in crate::capture) fn open(&self, initial: &Initial<'_>, largest: u64) -> Option<(u64, Vec<u8>)> {
        if initial.version != self.version {
            return None;
        }
        // The mask is made from the ciphertext as if the packet number had four bytes.
        let sample: [u8; 16] = initial.protected.get(4..20)?.try_into().ok()?;
        let mut block = sample.into();
        aes::Aes128::new(&self.header.into()).encrypt_block(&mut block);
        let [flags_mask, number_mask @ ..]: [u8; 16] = block.into();

        let (first, rest) = initial.header.split_first()?;
        let flags = first ^ (flags_mask & 0x0f);
        let length = usize::from(flags & 0x03) + 1;
        let (number, sealed) = initial.protected.split_at_checked(length)?;
        let number: Vec<u8> = number.iter().zip(number_mask).map(|(byte, mask)| byte ^ mask).collect();
        let header = [&[flags], rest, &number].concat();
        let number = whole_number(&number, largest);

        let mut nonce = self.iv;
        for (byte, number) in nonce.iter_mut().rev().zip(number.to_le_bytes()) {
            *byte ^= number;
        }
        let payload = Aes128Gcm::new(&self.key.into())
            .decrypt(
                &Nonce::from(nonce),
                Payload {
                    msg: sealed,
                    aad: &header,
                },
            )
            .ok()?;
        Some((number, payload))
    }
}

/// HKDF-Expand-Label of TLS 1.3 (RFC 8446, 7.1) without a context.
fn expand<const N: usize>(secret: &Hkdf<Sha256>, label: &str) -> Option<[u8; N]> {
    let [high, low] = u16::try_from(N).ok()?.to_be_bytes();
    let name_length = u8::try_from("tls13 ".len() + label.len()).ok()?;
    let info = [&[high, low, name_length], b"tls13 ".as_slice(), label.as_bytes(), &[0]].concat();
    let mut out = [0; N];
    secret.expand(&info, &mut out).ok()?;
    Some(out)
}

/// The packet number nearest to the one after `largest` that ends in `bytes` (RFC 9000, A.3).
fn whole_number(bytes: &[u8], largest: u64) -> u64 {
    let mut reader = Reader::new(bytes);
    let mut truncated = 0;
    while let Ok(byte) = reader.u8() {
        truncated = truncated << 8 | u64::from(byte);
    }
    let window = 1_u64 << (8 * bytes.len().min(4));
    let expected = largest.saturating_add(1);
    let candidate = (expected & !(window - 1)) | truncated;
    if candidate.saturating_add(window / 2) <= expected {
        candidate.saturating_add(window)
    } else if candidate > expected.saturating_add(window / 2) && candidate >= window {
        candidate - window
    } else {
        candidate
    }
}

/// The other side of [`Keys::open`], for tests.
#[cfg(test)]
pub(super) mod sealing {
    use super::*;

    /// An Initial for `destination` with a packet number of four bytes.
    pub(in crate::capture::quic) fn seal(
        (version, keys_of): (Version, &[u8]),
        destination: &[u8],
        token: &[u8],
        number: u32,
        payload: &[u8],
    ) -> Vec<u8> {
        let keys = Keys::of_client(version, keys_of).unwrap();
        let (first, number_of_version) = match version {
            Version::V1 => (0xc3, 1_u32),
            Version::V2 => (0xd3, 0x6b33_43cf),
        };
        let mut header = vec![first];
        header.extend(number_of_version.to_be_bytes());
        header.push(destination.len().try_into().unwrap());
        header.extend(destination);
        header.extend([0, token.len().try_into().unwrap()]);
        header.extend(token);
        let length = u16::try_from(4 + payload.len() + 16).unwrap() | 0x4000;
        header.extend(length.to_be_bytes());
        header.extend(number.to_be_bytes());
        let mut nonce = keys.iv;
        for (byte, number) in nonce[8..].iter_mut().zip(number.to_be_bytes()) {
            *byte ^= number;
        }
        let sealed = Aes128Gcm::new(&keys.key.into())
            .encrypt(
                &Nonce::from(nonce),
                Payload {
                    msg: payload,
                    aad: &header,
                },
            )
            .unwrap();
        let sample: [u8; 16] = sealed[..16].try_into().unwrap();
        let mut mask = sample.into();
        aes::Aes128::new(&keys.header.into()).encrypt_block(&mut mask);
        header[0] ^= mask[0] & 0x0f;
        let numbers = header.len() - 4;
        for (byte, mask) in header[numbers..].iter_mut().zip(&mask[1..]) {
            *byte ^= mask;
        }
        [header, sealed].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        let pairs = digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap());
        pairs.collect()
    }

    /// RFC 9001, A.1 and RFC 9369, A.1: the same connection ID under both versions.
    #[test]
    fn keys_are_those_of_the_rfcs() {
        let id = hex("8394c8f03e515708");
        let v1 = Keys::of_client(Version::V1, &id).unwrap();
        assert_eq!(v1.key.to_vec(), hex("1f369613dd76d5467730efcbe3b1a22d"));
        assert_eq!(v1.iv.to_vec(), hex("fa044b2f42a3fd3b46fb255c"));
        assert_eq!(v1.header.to_vec(), hex("9f50449e04a0e810283a1e9933adedd2"));
        let v2 = Keys::of_client(Version::V2, &id).unwrap();
        assert_eq!(v2.key.to_vec(), hex("8b1a0bc121284290a29e0971b5cd045d"));
        assert_eq!(v2.iv.to_vec(), hex("91f73e2351d8fa91660e909f"));
        assert_eq!(v2.header.to_vec(), hex("45b95e15235d6f45a6b19cbcb0294ba9"));
    }

    /// RFC 9000, A.3.
    #[test]
    fn packet_numbers_are_completed_as_in_the_rfc() {
        assert_eq!(whole_number(&[0x9b, 0x32], 0xa82f_30ea), 0xa82f_9b32);
        assert_eq!(whole_number(&[0], 0), 0);
        assert_eq!(whole_number(&[2], 0), 2);
        assert_eq!(whole_number(&[1], 255), 257);
        assert_eq!(whole_number(&[255], 256), 255);
        assert_eq!(whole_number(&[0xff; 4], 0), 0xffff_ffff);
    }
}
