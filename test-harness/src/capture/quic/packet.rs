//! QUIC long headers (RFC 9000, 17.2), as far as they are in clear: which packets of a datagram are Initials, and their parts.

use layerprint::wire::{Reader, Short};

/// A version of QUIC whose Initials are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::capture) enum Version {
    /// RFC 9000.
    V1,
    /// RFC 9369.
    V2,
}

impl Version {
    const fn of(number: u32) -> Option<Self> {
        match number {
            0x0000_0001 => Some(Self::V1),
            0x6b33_43cf => Some(Self::V2),
            _ => None,
        }
    }

    /// The type of a packet with this first byte; the two versions number them differently.
    const fn kind(self, first: u8) -> Kind {
        match (self, first >> 4 & 0x03) {
            (Self::V1, 0) | (Self::V2, 1) => Kind::Initial,
            (Self::V1, 3) | (Self::V2, 0) => Kind::Retry,
            _ => Kind::Sealed,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Initial,
    /// 0-RTT or Handshake.
    Sealed,
    /// Has no length, and nothing behind it.
    Retry,
}

/// An Initial packet, still encrypted.
#[derive(Clone, Copy, Debug)]
pub(in crate::capture) struct Initial<'a> {
    pub(super) version: Version,
    /// The destination connection ID.
    pub(super) destination: &'a [u8],
    /// Whether it brings a token: from a Retry, or from an earlier connection.
    pub(in crate::capture) has_token: bool,
    /// All before the packet number; the first byte is masked.
    pub(super) header: &'a [u8],
    /// From the packet number on.
    pub(super) protected: &'a [u8],
}

/// Connection IDs have at most 20 bytes (RFC 9000, 17.2).
const MAX_CONNECTION_ID: usize = 20;

/// The Initials in a datagram, which may hold several packets.
pub(in crate::capture) fn initials(datagram: &[u8]) -> impl Iterator<Item = Initial<'_>> {
    let mut rest = datagram;
    std::iter::from_fn(move || {
        loop {
            let mut reader = Reader::new(rest);
            let packet = packet(rest, &mut reader).ok()??;
            rest = reader.rest();
            if let Packet::Initial(initial) = packet {
                return Some(initial);
            }
        }
    })
}

enum Packet<'a> {
    Initial(Initial<'a>),
    Sealed,
}

/// Reads the packet at the front; none when nothing of interest can follow.
fn packet<'a>(bytes: &'a [u8], reader: &mut Reader<'a>) -> Result<Option<Packet<'a>>, Short> {
    let first = reader.u8()?;
    // Header form and fixed bit.
    if first & 0xc0 != 0xc0 {
        return Ok(None);
    }
    let Some(version) = Version::of(reader.u32()?) else {
        return Ok(None);
    };
    let destination = reader.vec8()?.rest();
    let source = reader.vec8()?.rest();
    if destination.len() > MAX_CONNECTION_ID || source.len() > MAX_CONNECTION_ID {
        return Ok(None);
    }
    let kind = version.kind(first);
    let token = match kind {
        Kind::Retry => return Ok(None),
        Kind::Initial => variable_bytes(reader)?,
        Kind::Sealed => &[],
    };
    let length = variable_length(reader)?;
    let header = bytes.get(..bytes.len() - reader.len()).ok_or(Short)?;
    let protected = reader.take(length)?;
    Ok(Some(match kind {
        Kind::Initial => Packet::Initial(Initial {
            version,
            destination,
            has_token: !token.is_empty(),
            header,
            protected,
        }),
        Kind::Sealed | Kind::Retry => Packet::Sealed,
    }))
}

/// A variable-length integer (RFC 9000, 16): the two highest bits say how many bytes it has.
pub(super) fn variable(reader: &mut Reader<'_>) -> Result<u64, Short> {
    let first = reader.u8()?;
    let more = reader.take((1 << (first >> 6)) - 1)?;
    let begin = u64::from(first & 0x3f);
    Ok(more.iter().fold(begin, |value, byte| value << 8 | u64::from(*byte)))
}

fn variable_length(reader: &mut Reader<'_>) -> Result<usize, Short> {
    usize::try_from(variable(reader)?).map_err(|_| Short)
}

/// Bytes whose length stands before them.
pub(super) fn variable_bytes<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Short> {
    let length = variable_length(reader)?;
    reader.take(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9000, A.1.
    #[test]
    fn variable_integers_are_those_of_the_rfc() {
        for (bytes, value) in [
            (
                &[0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c][..],
                151_288_809_941_952_652,
            ),
            (&[0x9d, 0x7f, 0x3e, 0x7d], 494_878_333),
            (&[0x7b, 0xbd], 15_293),
            (&[0x25], 37),
            (&[0x40, 0x25], 37),
        ] {
            let mut reader = Reader::new(bytes);
            assert_eq!((variable(&mut reader), reader.len()), (Ok(value), 0));
            assert_eq!(variable(&mut Reader::new(&bytes[..bytes.len() - 1])), Err(Short));
        }
    }

    fn long(first: u8, version: u32, behind: &[u8]) -> Vec<u8> {
        let mut bytes = vec![first];
        bytes.extend(version.to_be_bytes());
        bytes.extend([2, 7, 7, 0]);
        bytes.extend(behind);
        bytes
    }

    #[test]
    fn initials_are_found_behind_other_packets() {
        let sealed = long(0xd0, 1, &[3, 1, 2, 3]);
        let initial = long(0xc0, 1, &[1, 9, 2, 5, 6]);
        let datagram = [sealed, initial.clone(), initial, vec![0x40, 1, 2]].concat();
        let found: Vec<_> = initials(&datagram).collect();
        assert_eq!(found.len(), 2);
        assert!(found[0].has_token && found[0].destination == [7, 7] && found[0].protected == [5, 6]);
        assert_eq!(found[0].header.len(), 12);
    }

    #[test]
    fn version_2_numbers_its_packets_differently() {
        let count = |first, version, behind: &[u8]| initials(&long(first, version, behind)).count();
        assert_eq!(count(0xd0, 0x6b33_43cf, &[0, 1, 5]), 1);
        assert_eq!(count(0xc0, 0x6b33_43cf, &[0, 1, 5]), 0);
        assert_eq!(count(0xd0, 1, &[0, 1, 5]), 0);
        assert_eq!(count(0xc0, 0xff00_001d, &[0, 1, 5]), 0);
        assert_eq!(count(0x80, 1, &[0, 1, 5]), 0);
    }

    #[test]
    fn a_datagram_that_is_cut_gives_none() {
        let whole = long(0xc0, 1, &[0, 3, 5, 6, 7]);
        for n in 0..whole.len() {
            assert_eq!(initials(&whole[..n]).count(), 0);
        }
        assert_eq!(initials(&whole).count(), 1);
    }
}
