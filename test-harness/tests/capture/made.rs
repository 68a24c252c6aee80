//! Captures made in memory: files in every format, packets with headers that add up. Naive on purpose, and the opposite of the
//! reader: it only writes.

use layerprint_harness::capture::{self, Checksums, Report};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

pub(crate) fn fixture_path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/pcap")
        .join(name)
}

pub(crate) fn fixture(name: &str) -> Vec<u8> {
    fs::read(fixture_path(name)).unwrap()
}

/// What is shown of a capture, and the report.
pub(crate) fn read(bytes: &[u8]) -> (Vec<Value>, Report) {
    read_with(bytes, Checksums::Check)
}

pub(crate) fn read_with(bytes: &[u8], checksums: Checksums) -> (Vec<Value>, Report) {
    let mut shown = Vec::new();
    let report = capture::read(bytes, checksums, |client| shown.push(client.to_json())).unwrap();
    (shown, report)
}

pub(crate) fn shown(bytes: &[u8]) -> Vec<Value> {
    read(bytes).0
}

/// The link type and the frames of a recorded pcap file, which is little-endian.
pub(crate) fn frames(name: &str) -> (u16, Vec<Vec<u8>>) {
    let bytes = fixture(name);
    let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let mut at = 24;
    let mut frames = Vec::new();
    while at < bytes.len() {
        let length = number(at + 8);
        frames.push(bytes[at + 16..at + 16 + length].to_vec());
        at += 16 + length;
    }
    (number(20) as u16, frames)
}

/// The IP packets of a recorded file with Ethernet frames.
pub(crate) fn ip_packets(name: &str) -> Vec<Vec<u8>> {
    let (link, frames) = frames(name);
    assert_eq!(link, 1);
    frames.into_iter().map(|frame| frame[14..].to_vec()).collect()
}

/// Byte order, and whether the fraction of a second is in nanoseconds.
#[derive(Clone, Copy)]
pub(crate) struct Format {
    pub(crate) big: bool,
    pub(crate) nanoseconds: bool,
}

pub(crate) const PLAIN: Format = Format {
    big: false,
    nanoseconds: false,
};

impl Format {
    fn u16(self, number: u16) -> Vec<u8> {
        let bytes = if self.big {
            number.to_be_bytes()
        } else {
            number.to_le_bytes()
        };
        bytes.to_vec()
    }

    pub(crate) fn u32(self, number: usize) -> Vec<u8> {
        let number = u32::try_from(number).unwrap();
        let bytes = if self.big {
            number.to_be_bytes()
        } else {
            number.to_le_bytes()
        };
        bytes.to_vec()
    }

    pub(crate) fn pcap(self, link: u16, frames: &[Vec<u8>]) -> Vec<u8> {
        let magic = if self.nanoseconds { 0xa1b2_3c4d } else { 0xa1b2_c3d4 };
        let mut out = [self.u32(magic), self.u16(2), self.u16(4)].concat();
        out.extend([self.u32(0), self.u32(0), self.u32(262_144), self.u32(link.into())].concat());
        for frame in frames {
            out.extend(self.record(frame, frame.len()));
        }
        out
    }

    /// A record whose packet once had `original` bytes.
    pub(crate) fn record(self, frame: &[u8], original: usize) -> Vec<u8> {
        let head = [self.u32(1), self.u32(2), self.u32(frame.len()), self.u32(original)].concat();
        [head, frame.to_vec()].concat()
    }

    fn block(self, kind: usize, body: &[u8]) -> Vec<u8> {
        let padding = vec![0; body.len().next_multiple_of(4) - body.len()];
        let length = self.u32(12 + body.len() + padding.len());
        [self.u32(kind), length.clone(), body.to_vec(), padding, length].concat()
    }

    pub(crate) fn section(self) -> Vec<u8> {
        let body = [self.u32(0x1a2b_3c4d), self.u16(1), self.u16(0), vec![0xff; 8]].concat();
        self.block(0x0a0d_0d0a, &body)
    }

    pub(crate) fn interface(self, link: u16, snaplen: usize) -> Vec<u8> {
        self.block(1, &[self.u16(link), self.u16(0), self.u32(snaplen)].concat())
    }

    pub(crate) fn enhanced(self, interface: usize, frame: &[u8]) -> Vec<u8> {
        let length = self.u32(frame.len());
        let head = [self.u32(interface), self.u32(0), self.u32(1), length.clone(), length].concat();
        self.block(6, &[head, frame.to_vec()].concat())
    }

    pub(crate) fn simple(self, frame: &[u8]) -> Vec<u8> {
        self.block(3, &[self.u32(frame.len()), frame.to_vec()].concat())
    }

    /// A block of a type that nobody knows.
    pub(crate) fn unknown(self) -> Vec<u8> {
        self.block(0x0bad_cafe, b"whatever")
    }
}

/// A raw IP capture of `packets`.
pub(crate) fn raw(packets: &[Vec<u8>]) -> Vec<u8> {
    PLAIN.pcap(101, packets)
}

pub(crate) const SYN: u8 = 0x02;
pub(crate) const RST: u8 = 0x04;
pub(crate) const ACK: u8 = 0x10;
pub(crate) const FIN: u8 = 0x01;
const PORT: u16 = 40_000;

/// One side of a TCP connection over IPv4, which counts its own sequence numbers.
#[derive(Clone, Copy)]
pub(crate) struct Side {
    pub(crate) port: u16,
    pub(crate) is_client: bool,
    pub(crate) next: u32,
}

impl Side {
    pub(crate) const fn client(initial: u32) -> Self {
        Self {
            port: PORT,
            is_client: true,
            next: initial,
        }
    }

    pub(crate) const fn server(initial: u32) -> Self {
        Self {
            port: PORT,
            is_client: false,
            next: initial,
        }
    }

    /// A packet at any sequence number; nothing is counted.
    pub(crate) fn at(self, sequence: u32, acknowledgment: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
        let client = ([192, 0, 2, 1], self.port);
        let server = ([192, 0, 2, 2], 80_u16);
        let (from, to) = if self.is_client {
            (client, server)
        } else {
            (server, client)
        };
        let options: &[u8] = if flags & SYN != 0 {
            &[2, 4, 5, 0xb4, 1, 1, 4, 2]
        } else {
            &[]
        };
        let mut tcp = [from.1.to_be_bytes(), to.1.to_be_bytes()].concat();
        tcp.extend(sequence.to_be_bytes());
        tcp.extend(acknowledgment.to_be_bytes());
        tcp.extend([(5 + options.len() as u8 / 4) << 4, flags, 0xff, 0xff, 0, 0, 0, 0]);
        tcp.extend(options);
        tcp.extend(payload);
        ipv4(6, from.0, to.0, &checked(6, from.0, to.0, tcp, 16))
    }

    pub(crate) fn syn(&mut self) -> Vec<u8> {
        self.send(SYN, 0, &[])
    }

    pub(crate) fn data(&mut self, payload: &[u8]) -> Vec<u8> {
        self.send(ACK, 1, payload)
    }

    pub(crate) fn send(&mut self, flags: u8, acknowledgment: u32, payload: &[u8]) -> Vec<u8> {
        let packet = self.at(self.next, acknowledgment, flags, payload);
        let counted = payload.len() as u32 + u32::from(flags & SYN != 0) + u32::from(flags & FIN != 0);
        self.next = self.next.wrapping_add(counted);
        packet
    }
}

/// A UDP datagram over IPv4.
pub(crate) fn udp(from: u16, to: u16, payload: &[u8]) -> Vec<u8> {
    let (source, destination) = ([192, 0, 2, 1], [192, 0, 2, 2]);
    let mut udp = [from.to_be_bytes(), to.to_be_bytes()].concat();
    udp.extend((8 + payload.len() as u16).to_be_bytes());
    udp.extend([0, 0]);
    udp.extend(payload);
    ipv4(17, source, destination, &checked(17, source, destination, udp, 6))
}

/// Puts the checksum in its place.
fn checked(kind: u8, from: [u8; 4], to: [u8; 4], mut segment: Vec<u8>, place: usize) -> Vec<u8> {
    let length = (segment.len() as u32).to_be_bytes();
    let sum = checksum(&[&from, &to, &[0, kind], &length, &segment]);
    segment[place..place + 2].copy_from_slice(&sum.to_be_bytes());
    segment
}

pub(crate) fn ipv4(kind: u8, from: [u8; 4], to: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let mut header = vec![0x45, 0];
    header.extend((20 + payload.len() as u16).to_be_bytes());
    header.extend([0x12, 0x34, 0x40, 0, 64, kind, 0, 0]);
    header.extend(from);
    header.extend(to);
    let sum = checksum(&[&header]);
    header[10..12].copy_from_slice(&sum.to_be_bytes());
    [header, payload.to_vec()].concat()
}

fn checksum(parts: &[&[u8]]) -> u16 {
    let bytes = parts.concat();
    let sum: u32 = bytes
        .chunks(2)
        .map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)))
        .sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    !(((folded & 0xffff) + (folded >> 16)) as u16)
}

/// The client's opening in a recorded file: the payload of its data segments, put together by hand.
pub(crate) fn recorded_opening(name: &str) -> Vec<u8> {
    let mut opening = Vec::new();
    let packets = ip_packets(name);
    let client = packets[0][12..16].to_vec();
    let port = packets[0][20..22].to_vec();
    for packet in packets {
        let payload = 20 + usize::from(packet[32] >> 4) * 4;
        if packet[12..16] == client && packet[20..22] == port {
            opening.extend(&packet[payload..]);
        }
    }
    opening
}
