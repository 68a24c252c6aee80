//! The IP header of a SYN: IPv4 with options (RFC 791) or IPv6 with extension headers (RFC 8200), down to TCP.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Error;
use crate::wire::{Reader, Short};

/// Extension headers walked before giving up. RFC 8200, 4.1 allows for six in front of TCP: hop-by-hop, destination options twice,
/// routing, fragment, authentication.
pub const MAX_EXTENSION_HEADERS: usize = 8;

/// An IP header of either version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ip {
    /// What only one version has.
    pub version: IpVersion,
    /// IPv4's type of service, IPv6's traffic class: six bits DSCP, two bits ECN.
    pub traffic_class: u8,
    /// IPv4's time to live, IPv6's hop limit, less the hops that the packet has come.
    pub hops_left: u8,
    /// The bytes of IPv4 options, or of IPv6 extension headers.
    pub options_length: u16,
    /// The sender.
    pub source: IpAddr,
    /// The receiver.
    pub destination: IpAddr,
}

/// The fields of one version alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IpVersion {
    /// RFC 791, 3.1.
    V4 {
        /// The identification.
        id: u16,
        /// The reserved flag, which must be zero.
        reserved: bool,
        /// The flag DF.
        dont_fragment: bool,
    },
    /// RFC 8200, 3.
    V6 {
        /// The flow label, 20 bits.
        flow_label: u32,
    },
}

/// The number of the protocol that follows (IANA protocol numbers; those of RFC 8200, 4 and TCP).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Protocol(u8);

impl Protocol {
    const HOP_BY_HOP: Self = Self(0);
    const TCP: Self = Self(6);
    const ROUTING: Self = Self(43);
    const FRAGMENT: Self = Self(44);
    const AUTHENTICATION: Self = Self(51);
    const DESTINATION_OPTIONS: Self = Self(60);
}

impl Ip {
    /// The two bits of Explicit Congestion Notification (RFC 3168, 5).
    pub const fn ecn(&self) -> u8 {
        self.traffic_class & 0b11
    }

    /// Reads up to the TCP header; answers also how many bytes the packet has from there on, as its header says.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<(Self, u16), Error> {
        match reader.rest().first().ok_or(Short)? >> 4 {
            4 => Self::read_v4(reader),
            6 => Self::read_v6(reader),
            _ => Err(Error::NotIp),
        }
    }

    fn read_v4(reader: &mut Reader<'_>) -> Result<(Self, u16), Error> {
        const FIXED: u16 = 20;
        let header_length = u16::from(reader.u8()? & 0x0f) * 4;
        let options_length = header_length.checked_sub(FIXED).ok_or(Error::HeaderLength)?;
        let traffic_class = reader.u8()?;
        let total_length = reader.u16()?;
        let id = reader.u16()?;
        let fragment = reader.u16()?;
        let hops_left = reader.u8()?;
        let protocol = Protocol(reader.u8()?);
        let _checksum = reader.u16()?;
        let source = Ipv4Addr::from_bits(reader.u32()?);
        let destination = Ipv4Addr::from_bits(reader.u32()?);
        reader.take(usize::from(options_length))?;

        // More fragments, or an offset: either is part of a packet.
        if fragment & 0x3fff != 0 {
            return Err(Error::Fragment);
        }
        if protocol != Protocol::TCP {
            return Err(Error::NotTcp);
        }
        let ip = Self {
            version: IpVersion::V4 {
                id,
                reserved: fragment & 0x8000 != 0,
                dont_fragment: fragment & 0x4000 != 0,
            },
            traffic_class,
            hops_left,
            options_length,
            source: source.into(),
            destination: destination.into(),
        };
        let segment_length = total_length.checked_sub(header_length).ok_or(Error::PacketLength)?;
        Ok((ip, segment_length))
    }

    fn read_v6(reader: &mut Reader<'_>) -> Result<(Self, u16), Error> {
        // Version 4 bits, traffic class 8, flow label 20.
        let version_class_flow = reader.u16()?;
        let flow_low = reader.u16()?;
        let payload_length = reader.u16()?;
        let next = Protocol(reader.u8()?);
        let hops_left = reader.u8()?;
        let source = Ipv6Addr::from_bits(reader.u128()?);
        let destination = Ipv6Addr::from_bits(reader.u128()?);
        let options_length = skip_extension_headers(next, reader)?;

        let [_, traffic_class] = (version_class_flow >> 4).to_be_bytes();
        let flow_high = u32::from(version_class_flow & 0x0f);
        let ip = Self {
            version: IpVersion::V6 {
                flow_label: flow_high << 16 | u32::from(flow_low),
            },
            traffic_class,
            hops_left,
            options_length,
            source: source.into(),
            destination: destination.into(),
        };
        // A jumbogram (RFC 2675) says 0 here, which no SYN needs to.
        let segment_length = payload_length.checked_sub(options_length).ok_or(Error::PacketLength)?;
        Ok((ip, segment_length))
    }
}

/// Walks the extension headers (RFC 8200, 4) up to TCP; answers their length. What they say is not looked at.
fn skip_extension_headers(first: Protocol, reader: &mut Reader<'_>) -> Result<u16, Error> {
    let mut next = first;
    let mut total = 0;
    for walked in 0..=MAX_EXTENSION_HEADERS {
        if next == Protocol::HOP_BY_HOP && walked > 0 {
            return Err(Error::HopByHopPlace);
        }
        let length = match next {
            Protocol::TCP => return Ok(total),
            Protocol::HOP_BY_HOP | Protocol::DESTINATION_OPTIONS | Protocol::ROUTING => {
                next = Protocol(reader.u8()?);
                // In units of 8 bytes, the first not counted (RFC 8200, 4.3).
                let length = (u16::from(reader.u8()?) + 1) * 8;
                reader.take(usize::from(length) - 2)?;
                length
            }
            Protocol::FRAGMENT => {
                next = Protocol(reader.u8()?);
                let _reserved = reader.u8()?;
                // Offset 13 bits, reserved 2, more fragments 1. Without either it is an atomic fragment (RFC 6946): whole.
                let is_part = reader.u16()? & 0xfff9 != 0;
                let _identification = reader.u32()?;
                if is_part {
                    return Err(Error::Fragment);
                }
                8
            }
            Protocol::AUTHENTICATION => {
                next = Protocol(reader.u8()?);
                // In units of 4 bytes, the first two not counted (RFC 4302, 2.2).
                let length = (u16::from(reader.u8()?) + 2) * 4;
                reader.take(usize::from(length) - 2)?;
                length
            }
            _ => return Err(Error::NotTcp),
        };
        total += length;
    }
    Err(Error::TooManyExtensionHeaders)
}
