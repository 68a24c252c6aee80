//! From an IP packet to a TCP segment or a UDP datagram. `etherparse` reads the headers; here is what they must fulfil to count
//! as evidence: not a fragment, whole headers, and a checksum that the bytes answer to.

use super::summary::Skip;
use etherparse::checksum::Sum16BitWords;
use etherparse::{IpNumber, LaxIpSlice, TcpSlice, UdpSlice};
use std::net::{IpAddr, SocketAddr};

/// What to do with a packet whose checksum is wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Checksums {
    /// Leave it out, as its receiver did. A checksum that the sender left to its network card is not wrong.
    #[default]
    Check,
    /// Read it all the same: for captures whose addresses were rewritten.
    Ignore,
}

/// A packet that may be a client's.
#[derive(Clone, Copy, Debug)]
pub(super) enum Packet<'a> {
    Tcp(Segment<'a>),
    Udp(Datagram<'a>),
}

/// A TCP segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment<'a> {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    pub(super) sequence: u32,
    pub(super) acknowledgment: u32,
    pub(super) flags: Flags,
    /// What there is of the payload: the snapshot length may have cut it.
    pub(super) payload: &'a [u8],
    /// The packet from its IP header to the end of its TCP header.
    pub(super) headers: &'a [u8],
}

/// The flags that move a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flags {
    pub(super) syn: bool,
    pub(super) ack: bool,
    pub(super) fin: bool,
    pub(super) rst: bool,
}

/// A UDP datagram.
#[derive(Clone, Copy, Debug)]
pub(super) struct Datagram<'a> {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    pub(super) payload: &'a [u8],
}

/// Reads the packet that begins with `bytes`; `cut` says whether the capture holds less of it than there was.
pub(super) fn read(bytes: &[u8], cut: bool, checksums: Checksums) -> Result<Packet<'_>, Skip> {
    let broken = if cut { Skip::Cut } else { Skip::BrokenHeader };
    let (ip, stop) = LaxIpSlice::from_slice(bytes).map_err(|_| broken)?;
    if stop.is_some() {
        return Err(broken);
    }
    let payload = ip.payload();
    if payload.fragmented {
        return Err(Skip::Fragment);
    }
    if payload.incomplete && !cut {
        return Err(Skip::BrokenHeader);
    }
    if checksums == Checksums::Check && !header_checksum_fits(&ip) {
        return Err(Skip::Checksum);
    }
    let header = header_length(&ip);
    let rest = bytes.get(header..).unwrap_or_default();
    let content = Content {
        packet: bytes,
        header,
        from: ip.source_addr(),
        to: ip.destination_addr(),
        kind: payload.ip_number,
        bytes: rest.get(..payload.payload.len()).unwrap_or(rest),
        checksums: if payload.incomplete {
            Checksums::Ignore
        } else {
            checksums
        },
    };
    match content.kind {
        IpNumber::TCP => content.tcp(broken).map(Packet::Tcp),
        IpNumber::UDP => content.udp(broken).map(Packet::Udp),
        _ => Err(Skip::NotTcpOrUdp),
    }
}

/// How many bytes stand before the IP payload: the header, with its extension headers.
fn header_length(ip: &LaxIpSlice<'_>) -> usize {
    match ip {
        LaxIpSlice::Ipv4(ip) => ip.header().slice().len() + ip.extensions().auth.map_or(0, |auth| auth.slice().len()),
        LaxIpSlice::Ipv6(ip) => ip.header().slice().len() + ip.extensions().slice().len(),
    }
}

/// IPv6 headers have none. Zero stands for one that the network card was to fill in.
fn header_checksum_fits(ip: &LaxIpSlice<'_>) -> bool {
    match ip {
        LaxIpSlice::Ipv4(ip) => {
            let header = ip.header();
            header.header_checksum() == 0 || Sum16BitWords::new().add_slice(header.slice()).ones_complement() == 0
        }
        LaxIpSlice::Ipv6(_) => true,
    }
}

/// An IP packet's payload and what its checksum is made over.
struct Content<'a> {
    packet: &'a [u8],
    /// The length of the IP header.
    header: usize,
    from: IpAddr,
    to: IpAddr,
    kind: IpNumber,
    bytes: &'a [u8],
    checksums: Checksums,
}

impl<'a> Content<'a> {
    fn tcp(&self, broken: Skip) -> Result<Segment<'a>, Skip> {
        let tcp = TcpSlice::from_slice(self.bytes).map_err(|_| broken)?;
        if !self.checksum_fits(tcp.checksum()) {
            return Err(Skip::Checksum);
        }
        let headers = self.header + tcp.header_slice().len();
        Ok(Segment {
            from: SocketAddr::new(self.from, tcp.source_port()),
            to: SocketAddr::new(self.to, tcp.destination_port()),
            sequence: tcp.sequence_number(),
            acknowledgment: tcp.acknowledgment_number(),
            flags: Flags {
                syn: tcp.syn(),
                ack: tcp.ack(),
                fin: tcp.fin(),
                rst: tcp.rst(),
            },
            payload: tcp.payload(),
            headers: self.packet.get(..headers).unwrap_or(self.packet),
        })
    }

    fn udp(&self, broken: Skip) -> Result<Datagram<'a>, Skip> {
        let udp = UdpSlice::from_slice_lax(self.bytes).map_err(|_| broken)?;
        if !self.checksum_fits(udp.checksum()) {
            return Err(Skip::Checksum);
        }
        Ok(Datagram {
            from: SocketAddr::new(self.from, udp.source_port()),
            to: SocketAddr::new(self.to, udp.destination_port()),
            payload: udp.payload(),
        })
    }

    /// Whether `checksum` is right, or was left to the network card: then it is the sum over the addresses alone, or zero.
    fn checksum_fits(&self, checksum: u16) -> bool {
        let Ok(length) = u32::try_from(self.bytes.len()) else {
            return false;
        };
        let addresses = match (self.from, self.to) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                Sum16BitWords::new().add_4bytes(from.octets()).add_4bytes(to.octets())
            }
            (IpAddr::V6(from), IpAddr::V6(to)) => {
                Sum16BitWords::new().add_16bytes(from.octets()).add_16bytes(to.octets())
            }
            _ => return false,
        };
        let pseudo_header = addresses.add_2bytes([0, self.kind.0]).add_4bytes(length.to_be_bytes());
        self.checksums == Checksums::Ignore
            || checksum == 0
            || !pseudo_header.ones_complement().to_be() == checksum
            || pseudo_header.add_slice(self.bytes).ones_complement() == 0
    }
}
