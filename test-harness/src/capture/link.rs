//! From a captured frame to the IP packet in it: the link layers that captures of clients have.

use super::file::Frame;
use super::summary::Skip;
use layerprint::wire::{Reader, Short};

/// A link type, as registered for pcap (draft-ietf-opsawg-pcaplinktype). Unknown ones survive, to be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinkType(pub u16);

impl LinkType {
    /// BSD loopback: the address family in the byte order of the capturing host.
    pub const NULL: Self = Self(0);
    /// Ethernet.
    pub const ETHERNET: Self = Self(1);
    /// Raw IP, as OpenBSD numbers it within its own kernel.
    pub const RAW_12: Self = Self(12);
    /// The same elsewhere.
    pub const RAW_14: Self = Self(14);
    /// Raw IP.
    pub const RAW: Self = Self(101);
    /// OpenBSD loopback: the address family in network byte order.
    pub const LOOP: Self = Self(108);
    /// Linux cooked, version 1: `tcpdump -i any` for long.
    pub const LINUX_SLL: Self = Self(113);
    /// Raw IPv4.
    pub const IPV4: Self = Self(228);
    /// Raw IPv6.
    pub const IPV6: Self = Self(229);
    /// Linux cooked, version 2: `tcpdump -i any` today.
    pub const LINUX_SLL2: Self = Self(276);
}

/// What stands before the IP packet names it by its Ethernet type.
const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
/// VLAN tags: 802.1Q, 802.1ad, and two numbers that were used for the outer tag before it.
const VLAN: [u16; 4] = [0x8100, 0x88a8, 0x9100, 0x9200];

/// The IP packet in `frame`, perhaps with padding behind it.
pub(super) fn ip_packet<'a>(frame: &Frame<'a>) -> Result<&'a [u8], Skip> {
    let mut reader = Reader::new(frame.bytes);
    let is_ip = link_header(frame.link, &mut reader).ok_or(Skip::LinkType(frame.link))?;
    match is_ip {
        Ok(true) => Ok(reader.rest()),
        Ok(false) => Err(Skip::NotIp),
        Err(Short) => Err(Skip::Cut),
    }
}

/// Reads what stands before the packet, and whether that is IP; none when the link type is not known.
fn link_header(link: LinkType, reader: &mut Reader<'_>) -> Option<Result<bool, Short>> {
    Some(match link {
        LinkType::ETHERNET => reader.take(12).and_then(|_addresses| ethernet_type(reader)),
        LinkType::LINUX_SLL => reader.take(14).and_then(|_direction_and_address| ethernet_type(reader)),
        LinkType::LINUX_SLL2 => linux_cooked_2(reader),
        LinkType::NULL | LinkType::LOOP => reader.u32().map(is_ip_family),
        LinkType::RAW | LinkType::RAW_12 | LinkType::RAW_14 | LinkType::IPV4 | LinkType::IPV6 => Ok(true),
        _ => return None,
    })
}

/// The Ethernet type, behind any number of VLAN tags.
fn ethernet_type(reader: &mut Reader<'_>) -> Result<bool, Short> {
    let mut kind = reader.u16()?;
    while VLAN.contains(&kind) {
        let _tag = reader.u16()?;
        kind = reader.u16()?;
    }
    Ok(matches!(kind, IPV4 | IPV6))
}

fn linux_cooked_2(reader: &mut Reader<'_>) -> Result<bool, Short> {
    let mut kind = reader.u16()?;
    let _interface_and_address = reader.take(18)?;
    while VLAN.contains(&kind) {
        let _tag = reader.u16()?;
        kind = reader.u16()?;
    }
    Ok(matches!(kind, IPV4 | IPV6))
}

/// Address families of IPv4 and IPv6 on the BSDs, macOS, Linux and Windows, in either byte order: they are below 256.
const fn is_ip_family(family: u32) -> bool {
    const fn known(family: u32) -> bool {
        matches!(family, 2 | 10 | 23 | 24 | 28 | 30)
    }
    known(family) || known(family.swap_bytes())
}
