//! Packets out of a pcap or pcapng file, one at a time, in bounded memory.
//!
//! `pcap-parser` reads both formats in all byte orders and time resolutions. Here is what it leaves to its caller: which
//! interface a packet came from, when to read on, and how a file may end. Refused at its first bytes: what is no capture.

use super::error::{End, Error};
use super::link::LinkType;
use super::summary::Skip;
use layerprint::wire::{Reader, Short};
use pcap_parser::pcapng::Block;
use pcap_parser::{Linktype, PcapBlockOwned, PcapError, create_reader};
use std::io::{Cursor, Read};

/// The largest record that is read. tcpdump's largest snapshot is 256 KiB; the rest is room for options.
pub const MAX_RECORD: usize = 1024 * 1024;
/// Interfaces remembered for one pcapng section. `tcpdump -i any` writes one, a large switch some hundreds.
const MAX_INTERFACES: usize = 65_536;
/// What is read to see which format it is: a section header with its options fits in.
const HEAD: u64 = 64 * 1024;

/// The bytes of one packet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'a> {
    pub(super) link: LinkType,
    pub(super) bytes: &'a [u8],
    /// Whether the snapshot length cut the packet.
    pub(super) cut: bool,
}

#[derive(Clone, Copy, Debug)]
struct Interface {
    link: LinkType,
    snaplen: u32,
}

/// Hands each packet of `input` to `on_packet`, or why it cannot be read.
///
/// # Errors
/// `input` is no capture, or its first bytes cannot be read. How it ends further on is no error: what was read stands.
pub(super) fn each_packet<R: Read + Send>(
    mut input: R,
    mut on_packet: impl FnMut(Result<Frame<'_>, Skip>),
) -> Result<End, Error> {
    let mut head = Vec::new();
    input.by_ref().take(HEAD).read_to_end(&mut head).map_err(Error::Read)?;
    known_format(&head)?;
    let is_cut = is_cut_section(&head);
    let mut reader = match create_reader(MAX_RECORD, Cursor::new(head).chain(input)) {
        Ok(reader) => reader,
        Err(PcapError::Incomplete(_)) => return Ok(End::Cut),
        Err(_) if is_cut => return Ok(End::Cut),
        Err(_) => return Ok(End::Broken { after: 0 }),
    };
    let mut interfaces = Vec::new();
    let mut records = 0;
    loop {
        match reader.next() {
            Ok((size, block)) => {
                take_block(&block, &mut interfaces, &mut on_packet);
                records += 1;
                reader.consume(size);
            }
            Err(PcapError::Eof) => return Ok(End::Whole),
            Err(PcapError::UnexpectedEof) => return Ok(End::Cut),
            Err(PcapError::Incomplete(_)) => {
                let had = reader.data().len();
                if reader.refill().is_err() {
                    return Ok(End::ReadFailed { after: records });
                }
                if reader.data().len() == had && !reader.reader_exhausted() {
                    return Ok(End::Broken { after: records });
                }
            }
            Err(_) => return Ok(End::Broken { after: records }),
        }
    }
}

/// Checks the first four bytes: three kinds of pcap in two byte orders, and pcapng.
fn known_format(head: &[u8]) -> Result<(), Error> {
    let Some(magic) = head.first_chunk::<4>() else {
        return Err(match head {
            [] => Error::Empty,
            _ => Error::not_a_capture(head),
        });
    };
    match u32::from_be_bytes(*magic) {
        0xa1b2_c3d4 | 0xd4c3_b2a1 | 0xa1b2_3c4d | 0x4d3c_b2a1 | 0x34cd_b2a1 | 0x0a0d_0d0a => Ok(()),
        _ => Err(Error::not_a_capture(head)),
    }
}

/// Whether `head` is a whole file that ends within the header of a pcapng section.
fn is_cut_section(head: &[u8]) -> bool {
    let mut reader = Reader::new(head);
    let length = reader.u32().and_then(|_type| Ok((reader.u32()?, reader.u32()?)));
    let length = match length {
        Ok((length, 0x1a2b_3c4d)) => length,
        Ok((length, _)) => length.swap_bytes(),
        Err(Short) => return true,
    };
    usize::try_from(length).is_ok_and(|length| length > head.len())
}

fn take_block(
    block: &PcapBlockOwned<'_>,
    interfaces: &mut Vec<Interface>,
    on_packet: &mut impl FnMut(Result<Frame<'_>, Skip>),
) {
    match block {
        PcapBlockOwned::LegacyHeader(header) => interfaces.push(Interface {
            link: link_type(header.network),
            snaplen: header.snaplen,
        }),
        PcapBlockOwned::Legacy(packet) => {
            on_packet(frame(interfaces.first(), packet.data, packet.caplen, packet.origlen));
        }
        // Interfaces are numbered anew in each section.
        PcapBlockOwned::NG(Block::SectionHeader(_)) => interfaces.clear(),
        PcapBlockOwned::NG(Block::InterfaceDescription(interface)) if interfaces.len() < MAX_INTERFACES => {
            interfaces.push(Interface {
                link: link_type(interface.linktype),
                snaplen: interface.snaplen,
            });
        }
        PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
            let interface = usize::try_from(packet.if_id).ok().and_then(|n| interfaces.get(n));
            on_packet(frame(interface, packet.data, packet.caplen, packet.origlen));
        }
        PcapBlockOwned::NG(Block::SimplePacket(packet)) => {
            let interface = interfaces.first();
            // A simple packet does not say how much of it was captured: all, or as much as its interface allows.
            let captured = match interface {
                Some(Interface { snaplen, .. }) if *snaplen > 0 => packet.origlen.min(*snaplen),
                _ => packet.origlen,
            };
            on_packet(frame(interface, packet.data, captured, packet.origlen));
        }
        PcapBlockOwned::NG(_) => {}
    }
}

/// `data` may have padding behind the `captured` bytes.
fn frame<'a>(interface: Option<&Interface>, data: &'a [u8], captured: u32, original: u32) -> Result<Frame<'a>, Skip> {
    let interface = interface.ok_or(Skip::NoInterface)?;
    let bytes = usize::try_from(captured)
        .ok()
        .and_then(|n| data.get(..n))
        .unwrap_or(data);
    Ok(Frame {
        link: interface.link,
        bytes,
        cut: usize::try_from(original).is_ok_and(|original| bytes.len() < original),
    })
}

/// The lower 16 bits; above them pcap keeps the length of the frame check sequence.
fn link_type(Linktype(number): Linktype) -> LinkType {
    let [_, _, high, low] = number.to_be_bytes();
    LinkType(u16::from_be_bytes([high, low]))
}
