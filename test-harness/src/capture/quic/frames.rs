//! The frames of an Initial packet (RFC 9000, 17.2.2): CRYPTO is what is looked for, the few others are passed over.

use super::packet::{variable, variable_bytes};
use core::fmt;
use layerprint::wire::{Reader, Short};

/// A piece of the TLS handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Crypto<'a> {
    pub(super) offset: u64,
    pub(super) data: &'a [u8],
}

/// Why a packet's frames cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BrokenFrame {
    /// A frame ends behind the packet.
    Short,
    /// A frame that no Initial may carry, or an unknown one.
    Forbidden(u64),
}

impl From<Short> for BrokenFrame {
    fn from(Short: Short) -> Self {
        Self::Short
    }
}

impl fmt::Display for BrokenFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short => f.write_str("a frame is cut"),
            Self::Forbidden(_) => f.write_str("a frame that it may not carry"),
        }
    }
}

/// Each CRYPTO frame of a packet in turn. After an error there is no more.
pub(super) struct CryptoFrames<'a>(Option<Reader<'a>>);

impl<'a> CryptoFrames<'a> {
    pub(super) const fn new(payload: &'a [u8]) -> Self {
        Self(Some(Reader::new(payload)))
    }
}

impl<'a> Iterator for CryptoFrames<'a> {
    type Item = Result<Crypto<'a>, BrokenFrame>;

    fn next(&mut self) -> Option<Self::Item> {
        let reader = self.0.as_mut()?;
        let frame = next_crypto(reader).transpose();
        if !matches!(frame, Some(Ok(_))) {
            self.0 = None;
        }
        frame
    }
}

fn next_crypto<'a>(reader: &mut Reader<'a>) -> Result<Option<Crypto<'a>>, BrokenFrame> {
    while !reader.is_empty() {
        match variable(reader)? {
            // PADDING and PING are their type alone.
            0x00 | 0x01 => {}
            0x02 => pass_ack(reader)?,
            0x03 => {
                pass_ack(reader)?;
                pass(3, reader)?;
            }
            0x06 => {
                return Ok(Some(Crypto {
                    offset: variable(reader)?,
                    data: variable_bytes(reader)?,
                }));
            }
            // CONNECTION_CLOSE of the transport: error, frame type, reason.
            0x1c => {
                pass(2, reader)?;
                variable_bytes(reader)?;
            }
            other => return Err(BrokenFrame::Forbidden(other)),
        }
    }
    Ok(None)
}

fn pass_ack(reader: &mut Reader<'_>) -> Result<(), Short> {
    let _largest = variable(reader)?;
    let _delay = variable(reader)?;
    let ranges = variable(reader)?;
    let _first_range = variable(reader)?;
    for _ in 0..ranges {
        pass(2, reader)?;
    }
    Ok(())
}

fn pass(count: usize, reader: &mut Reader<'_>) -> Result<(), Short> {
    for _ in 0..count {
        variable(reader)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(payload: &[u8]) -> Result<Vec<(u64, Vec<u8>)>, BrokenFrame> {
        CryptoFrames::new(payload)
            .map(|frame| frame.map(|frame| (frame.offset, frame.data.to_vec())))
            .collect()
    }

    #[test]
    fn crypto_frames_are_found_between_the_others() {
        let payload = [
            0, 0, 1, 2, 9, 0, 1, 0, 0, 0, 6, 4, 2, 8, 9, 3, 9, 0, 0, 0, 1, 1, 1, 6, 0, 1, 7, 0x1c, 0, 0, 1, b'x', 0,
        ];
        assert_eq!(all(&payload).unwrap(), [(4, vec![8, 9]), (0, vec![7])]);
        assert_eq!(all(&[]).unwrap(), []);
    }

    #[test]
    fn a_frame_that_does_not_fit_ends_the_packet() {
        assert_eq!(all(&[6, 0, 3, 1, 2]), Err(BrokenFrame::Short));
        assert_eq!(
            all(&[2, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0]),
            Err(BrokenFrame::Short)
        );
        assert_eq!(all(&[8, 0]), Err(BrokenFrame::Forbidden(8)));
        assert_eq!(CryptoFrames::new(&[8, 6, 0, 0]).count(), 1);
    }
}
