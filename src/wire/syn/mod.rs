//! The SYN that opened a connection, as the kernel saved it (`TCP_SAVED_SYN`): IP header and extension headers, TCP header,
//! options, and nothing around them. It is written by the client's operating system before any program has a say.
//!
//! It comes whole, so it is read in one go, and to its end: there is a [`Syn`] only for bytes of which each one is accounted for.
//! What stands at odds with an RFC but can still be read (an option of a length that it cannot have, reserved bits) is kept
//! as it came. Checksums are not verified: the kernel has, and with checksum offload what it saved need not be right.

mod ip;
mod options;
mod tcp;

use core::net::SocketAddr;

pub use ip::{Ip, IpVersion, MAX_EXTENSION_HEADERS};
pub use options::{MAX_OPTIONS, OptionKind, TcpOption, TcpOptions};
pub use tcp::{Tcp, TcpFlags};

use super::hex::{self, NotHex};
use super::{Reader, Short};

/// The longest SYN that [`Syn::parse_raw_or_hex`] takes. IPv4 and TCP headers have at most 120 bytes, IPv6 and TCP headers 100
/// without extension headers; those that cross a network in practice add less than 100.
pub const MAX_HANDED_OVER: usize = 512;

/// A SYN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Syn {
    /// The IP header, with its options or extension headers.
    pub ip: Ip,
    /// The TCP header with its options.
    pub tcp: Tcp,
    /// How many bytes of data the segment carried: with TCP Fast Open (RFC 7413), and from odd stacks. The kernel saves headers
    /// alone, so the data themselves need not be there.
    pub payload_length: u16,
}

/// Why bytes are not a SYN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// They end before the headers do, or within the payload.
    Truncated,
    /// They begin with neither IPv4 nor IPv6.
    NotIp,
    /// The packet carries another protocol than TCP, or hides it (ESP).
    NotTcp,
    /// The segment does not ask for a connection: no SYN, or SYN with ACK, RST or FIN. No kernel opens a connection on those.
    NotSyn,
    /// A header says that it is shorter than its fixed part.
    HeaderLength,
    /// The IP header gives the packet a length that its headers do not fit in, or that more bytes follow than.
    PacketLength,
    /// The packet is a fragment, so that there may be no whole TCP header.
    Fragment,
    /// A hop-by-hop header stands elsewhere than first (RFC 8200, 4.3).
    HopByHopPlace,
    /// More extension headers than [`MAX_EXTENSION_HEADERS`].
    TooManyExtensionHeaders,
    /// A TCP option has length 0 or 1, less than its kind and length take (RFC 9293, 3.1, 3.2).
    OptionLength,
    /// A TCP option reaches past the end of the header.
    OptionPastEnd,
    /// The text has another letter than hex digits, or an odd number of them.
    NotHex,
    /// Over [`MAX_HANDED_OVER`] bytes.
    TooLong,
}

impl Error {
    /// Whether a bound was met, rather than a rule broken.
    pub const fn is_bound(self) -> bool {
        matches!(self, Self::TooManyExtensionHeaders | Self::TooLong)
    }
}

impl From<Short> for Error {
    fn from(Short: Short) -> Self {
        Self::Truncated
    }
}

impl From<NotHex> for Error {
    fn from(error: NotHex) -> Self {
        match error {
            NotHex::Digits => Self::NotHex,
            NotHex::TooLong => Self::TooLong,
        }
    }
}

impl Syn {
    /// The SYN that `bytes` are, beginning with the IP header.
    ///
    /// They may end with the TCP header, though the IP header counts a payload: so does the kernel save a SYN with data. Or they
    /// hold the whole packet, as a capture does. Anything between, or behind, is an error.
    ///
    /// # Errors
    /// [`Error`], for anything that was not read to its end.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(bytes);
        let (ip, segment_length) = Ip::read(&mut reader)?;
        let tcp = Tcp::read(&mut reader)?;
        let payload_length = segment_length
            .checked_sub(tcp.header_length())
            .ok_or(Error::PacketLength)?;
        match reader.len() {
            0 => {}
            present if present < usize::from(payload_length) => return Err(Error::Truncated),
            present if present > usize::from(payload_length) => return Err(Error::PacketLength),
            _ => {}
        }
        Ok(Self {
            ip,
            tcp,
            payload_length,
        })
    }

    /// The SYN in `value`, which is bytes as for [`Syn::parse`], or the same as hex text.
    ///
    /// An IP packet begins with the byte `0x4_` or `0x6_`, its hex text with the ASCII digit `4` or `6` (bytes `0x34`, `0x36`):
    /// the first byte tells. Digits of either case, nothing between or around them.
    ///
    /// # Errors
    /// [`Error::TooLong`] over [`MAX_HANDED_OVER`] bytes, [`Error::NotHex`], and those of [`Syn::parse`].
    pub fn parse_raw_or_hex(value: &[u8]) -> Result<Self, Error> {
        if value.first().is_some_and(u8::is_ascii_digit) {
            let mut buffer = [0; MAX_HANDED_OVER];
            return Self::parse(hex::decode(value, &mut buffer)?);
        }
        if value.len() > MAX_HANDED_OVER {
            return Err(Error::TooLong);
        }
        Self::parse(value)
    }

    /// The client's end of the connection, as the packet says. Behind a load balancer it is the balancer's.
    pub const fn source(&self) -> SocketAddr {
        SocketAddr::new(self.ip.source, self.tcp.source_port)
    }

    /// The server's end.
    pub const fn destination(&self) -> SocketAddr {
        SocketAddr::new(self.ip.destination, self.tcp.destination_port)
    }
}
