//! The TCP header of a SYN (RFC 9293, 3.1).

use super::{Error, TcpOptions};
use crate::wire::Reader;

/// A TCP header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tcp {
    /// The client's port.
    pub source_port: u16,
    /// The server's port.
    pub destination_port: u16,
    /// The initial sequence number.
    pub sequence: u32,
    /// The acknowledgment number, which means nothing in a SYN and should be 0.
    pub acknowledgment: u32,
    /// The three bits that are still reserved, and must be 0.
    pub reserved: u8,
    /// The control bits.
    pub flags: TcpFlags,
    /// The window as sent: in a SYN it is never scaled (RFC 7323, 2.2).
    pub window: u16,
    /// The urgent pointer, which means something only with [`TcpFlags::URG`].
    pub urgent_pointer: u16,
    /// The options in wire order.
    pub options: TcpOptions,
}

/// The control bits, nine with the one that RFC 3540 named NS and Accurate ECN names AE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpFlags(pub u16);

impl TcpFlags {
    /// No more data from the sender.
    pub const FIN: Self = Self(0x001);
    /// Synchronise sequence numbers.
    pub const SYN: Self = Self(0x002);
    /// Reset the connection.
    pub const RST: Self = Self(0x004);
    /// Push.
    pub const PSH: Self = Self(0x008);
    /// The acknowledgment number counts.
    pub const ACK: Self = Self(0x010);
    /// The urgent pointer counts.
    pub const URG: Self = Self(0x020);
    /// ECN echo; in a SYN, together with CWR: asks for ECN (RFC 3168, 6.1.1).
    pub const ECE: Self = Self(0x040);
    /// Congestion window reduced.
    pub const CWR: Self = Self(0x080);
    /// Accurate ECN; in a SYN, together with CWR and ECE: asks for it (RFC 9768, 3.1.1).
    pub const AE: Self = Self(0x100);

    /// Whether any bit of `flags` is set.
    pub const fn has(self, flags: Self) -> bool {
        self.0 & flags.0 != 0
    }

    /// The bits of both.
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Tcp {
    const FIXED: u16 = 20;

    /// The bytes of the header with its options.
    pub const fn header_length(&self) -> u16 {
        Self::FIXED + self.options.wire_length()
    }

    /// Reads the header with its options, and refuses what opens no connection.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let source_port = reader.u16()?;
        let destination_port = reader.u16()?;
        let sequence = reader.u32()?;
        let acknowledgment = reader.u32()?;
        // Data offset 4 bits, reserved 3, control bits 9.
        let offset_and_flags = reader.u16()?;
        let window = reader.u16()?;
        let _checksum = reader.u16()?;
        let urgent_pointer = reader.u16()?;
        let options_length = (offset_and_flags >> 12 << 2)
            .checked_sub(Self::FIXED)
            .ok_or(Error::HeaderLength)?;
        let options = TcpOptions::read(reader.take(usize::from(options_length))?)?;

        let flags = TcpFlags(offset_and_flags & 0x01ff);
        let closes_or_answers = TcpFlags::ACK.or(TcpFlags::RST).or(TcpFlags::FIN);
        if !flags.has(TcpFlags::SYN) || flags.has(closes_or_answers) {
            return Err(Error::NotSyn);
        }
        let [reserved, _] = (offset_and_flags >> 1 & 0x0700).to_be_bytes();
        Ok(Self {
            source_port,
            destination_port,
            sequence,
            acknowledgment,
            reserved,
            flags,
            window,
            urgent_pointer,
            options,
        })
    }
}
