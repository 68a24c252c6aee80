//! The TCP options of a SYN in wire order (RFC 9293, 3.1; IANA "TCP Option Kind Numbers"). Unknown ones stay, and so do known ones
//! of a length that they cannot have: which options a stack sends, and in which order, is most of what tells stacks apart.

use super::Error;
use crate::wire::Reader;
use smallvec::SmallVec;

/// The most options that a header can hold: 40 bytes (a data offset of 15 less the fixed part), each option at least one.
pub const MAX_OPTIONS: usize = 40;

/// The kind of an option. Any value can come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OptionKind(pub u8);

impl OptionKind {
    /// End of option list (RFC 9293, 3.2).
    pub const END: Self = Self(0);
    /// No operation (RFC 9293, 3.2).
    pub const NOP: Self = Self(1);
    /// Maximum segment size (RFC 9293, 3.2).
    pub const MAX_SEGMENT_SIZE: Self = Self(2);
    /// Window scale (RFC 7323, 2).
    pub const WINDOW_SCALE: Self = Self(3);
    /// SACK permitted (RFC 2018, 2).
    pub const SACK_PERMITTED: Self = Self(4);
    /// SACK (RFC 2018, 3), which has no place in a SYN.
    pub const SACK: Self = Self(5);
    /// Timestamps (RFC 7323, 3).
    pub const TIMESTAMPS: Self = Self(8);
    /// Multipath TCP (RFC 8684, 3).
    pub const MULTIPATH: Self = Self(30);
    /// TCP Fast Open cookie (RFC 7413, 4.1.1).
    pub const FAST_OPEN: Self = Self(34);
}

/// One option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TcpOption {
    /// The end of the list, and what stands between it and the end of the header.
    End {
        /// How many bytes follow.
        padding: u8,
        /// Whether all of them are zero, as they must be.
        zeros: bool,
    },
    /// No operation.
    Nop,
    /// The largest segment that the sender takes.
    MaxSegmentSize(u16),
    /// By how many bits the sender's later windows are to be shifted. Over 14 counts as 14 (RFC 7323, 2.3).
    WindowScale(u8),
    /// The sender takes selective acknowledgments.
    SackPermitted,
    /// Selective acknowledgments, 1 to 4 blocks.
    Sack {
        /// How many.
        blocks: u8,
    },
    /// The sender's clock, and the peer's clock as it last saw it: 0 in a SYN.
    Timestamps {
        /// TSval.
        own: u32,
        /// TSecr.
        peer: u32,
    },
    /// Asks for a Fast Open cookie, or brings it.
    FastOpen {
        /// The bytes of the cookie, 4 to 16 and even; 0 asks for one.
        cookie_length: u8,
    },
    /// Multipath TCP.
    Multipath {
        /// What it is about: 0 MP_CAPABLE, 1 MP_JOIN.
        subtype: u8,
        /// The whole option.
        length: u8,
    },
    /// An option whose kind allows no such length.
    WrongLength {
        /// One of the kinds above.
        kind: OptionKind,
        /// The whole option.
        length: u8,
    },
    /// An option of another kind.
    Other {
        /// The kind.
        kind: OptionKind,
        /// The whole option.
        length: u8,
    },
}

impl TcpOption {
    /// Its kind.
    pub const fn kind(self) -> OptionKind {
        match self {
            Self::End { .. } => OptionKind::END,
            Self::Nop => OptionKind::NOP,
            Self::MaxSegmentSize(_) => OptionKind::MAX_SEGMENT_SIZE,
            Self::WindowScale(_) => OptionKind::WINDOW_SCALE,
            Self::SackPermitted => OptionKind::SACK_PERMITTED,
            Self::Sack { .. } => OptionKind::SACK,
            Self::Timestamps { .. } => OptionKind::TIMESTAMPS,
            Self::FastOpen { .. } => OptionKind::FAST_OPEN,
            Self::Multipath { .. } => OptionKind::MULTIPATH,
            Self::WrongLength { kind, .. } | Self::Other { kind, .. } => kind,
        }
    }

    /// Reads one option. It takes at least one byte, so that reading options comes to an end.
    fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let kind = OptionKind(reader.u8()?);
        match kind {
            OptionKind::END => Self::read_end(reader),
            OptionKind::NOP => Ok(Self::Nop),
            _ => {
                let length = reader.u8().map_err(|_| Error::OptionPastEnd)?;
                let value_length = length.checked_sub(2).ok_or(Error::OptionLength)?;
                let value = reader
                    .take(usize::from(value_length))
                    .map_err(|_| Error::OptionPastEnd)?;
                Ok(Self::of(kind, length, value))
            }
        }
    }

    fn read_end(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let padding = reader.take(reader.len())?;
        Ok(Self::End {
            padding: u8::try_from(padding.len()).map_err(|_| Error::HeaderLength)?,
            zeros: padding.iter().all(|byte| *byte == 0),
        })
    }

    fn of(kind: OptionKind, length: u8, value: &[u8]) -> Self {
        match (kind, value) {
            (OptionKind::MAX_SEGMENT_SIZE, &[high, low]) => Self::MaxSegmentSize(u16::from_be_bytes([high, low])),
            (OptionKind::WINDOW_SCALE, &[shift]) => Self::WindowScale(shift),
            (OptionKind::SACK_PERMITTED, []) => Self::SackPermitted,
            (OptionKind::SACK, [_, ..]) if matches!(length, 10 | 18 | 26 | 34) => Self::Sack { blocks: length / 8 },
            (OptionKind::TIMESTAMPS, &[a, b, c, d, e, f, g, h]) => Self::Timestamps {
                own: u32::from_be_bytes([a, b, c, d]),
                peer: u32::from_be_bytes([e, f, g, h]),
            },
            (OptionKind::FAST_OPEN, _) if length == 2 || (matches!(length, 6..=18) && length.is_multiple_of(2)) => {
                Self::FastOpen {
                    cookie_length: length - 2,
                }
            }
            (OptionKind::MULTIPATH, &[first, ..]) => Self::Multipath {
                subtype: first >> 4,
                length,
            },
            (
                OptionKind::MAX_SEGMENT_SIZE
                | OptionKind::WINDOW_SCALE
                | OptionKind::SACK_PERMITTED
                | OptionKind::SACK
                | OptionKind::TIMESTAMPS
                | OptionKind::FAST_OPEN
                | OptionKind::MULTIPATH,
                _,
            ) => Self::WrongLength { kind, length },
            _ => Self::Other { kind, length },
        }
    }
}

/// All options of a header, in wire order: at most [`MAX_OPTIONS`]. As many as known stacks send take no allocation.
#[derive(Clone, PartialEq, Eq)]
pub struct TcpOptions {
    list: SmallVec<[TcpOption; 10]>,
    wire_length: u16,
    max_segment_size: Option<u16>,
    window_scale: Option<u8>,
}

impl TcpOptions {
    /// Reads all of `bytes`, which are what the data offset leaves for options.
    #[inline]
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Error> {
        let mut options = Self {
            list: SmallVec::new(),
            wire_length: u16::try_from(bytes.len()).map_err(|_| Error::HeaderLength)?,
            max_segment_size: None,
            window_scale: None,
        };
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            let option = TcpOption::read(&mut reader)?;
            match option {
                TcpOption::MaxSegmentSize(size) => options.max_segment_size = Some(size),
                TcpOption::WindowScale(shift) => options.window_scale = Some(shift),
                _ => {}
            }
            options.list.push(option);
        }
        Ok(options)
    }

    /// The options.
    pub fn as_slice(&self) -> &[TcpOption] {
        &self.list
    }

    /// The bytes that they take in the header, padding included.
    pub const fn wire_length(&self) -> u16 {
        self.wire_length
    }

    /// The maximum segment size. Sent twice, the last counts, as it does in Linux.
    pub const fn max_segment_size(&self) -> Option<u16> {
        self.max_segment_size
    }

    /// The window scale, the last one sent.
    pub const fn window_scale(&self) -> Option<u8> {
        self.window_scale
    }
}

impl core::fmt::Debug for TcpOptions {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(self.as_slice()).finish()
    }
}
