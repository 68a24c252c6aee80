//! What holds for any bytes, tried on thousands of damaged captures. The same damage on each run.

use crate::made::{Format, PLAIN, fixture, frames};
use crate::pcap::holds;

/// A small generator (the constants are those of Numerical Recipes): repeatable, and good enough to pick places.
struct Noise(u32);

impl Noise {
    fn next(&mut self) -> usize {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as usize
    }

    fn below(&mut self, bound: usize) -> usize {
        self.next() % bound.max(1)
    }
}

const NAMES: [&str; 7] = [
    "aioquic-v2.pcap",
    "chrome-quic.pcap",
    "curl-h2c.pcapng",
    "curl-http1-v6.pcap",
    "openssl.pcap",
    "python-tls-cooked-1.pcap",
    "three-interfaces.pcapng",
];

fn damage(bytes: &mut Vec<u8>, noise: &mut Noise) {
    for _ in 0..=noise.below(6) {
        let at = noise.below(bytes.len());
        match noise.below(6) {
            0 => bytes[at] ^= 1 << noise.below(8),
            1 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][noise.below(5)],
            2 => bytes.truncate(at.max(1)),
            3 => drop(bytes.drain(at..(at + noise.below(40)).min(bytes.len()))),
            4 => {
                let piece = bytes[at..(at + noise.below(200)).min(bytes.len())].to_vec();
                let place = noise.below(bytes.len());
                drop(bytes.splice(place..place, piece));
            }
            _ => {
                let end = (at + 4).min(bytes.len());
                bytes[at..end].fill(0xff);
            }
        }
        if bytes.is_empty() {
            return;
        }
    }
}

#[test]
fn files_damaged_anywhere_are_read_as_far_as_they_go() {
    let mut noise = Noise(1);
    for name in NAMES {
        let whole = fixture(name);
        for _ in 0..700 {
            let mut bytes = whole.clone();
            damage(&mut bytes, &mut noise);
            holds(&bytes);
        }
    }
}

/// Damage within packets, in a file that is otherwise sound: it reaches the parsers behind the file format.
#[test]
fn packets_damaged_anywhere_are_read_as_far_as_they_go() {
    let mut noise = Noise(2);
    for name in NAMES.into_iter().filter(|name| name.ends_with("pcap")) {
        let (link, whole) = frames(name);
        for _ in 0..500 {
            let mut frames = whole.clone();
            for _ in 0..=noise.below(3) {
                let frame = noise.below(frames.len());
                damage(&mut frames[frame], &mut noise);
                frames.retain(|frame| !frame.is_empty());
                if noise.below(2) == 0 {
                    let (one, other) = (noise.below(frames.len()), noise.below(frames.len()));
                    frames.swap(one, other);
                }
            }
            holds(&PLAIN.pcap(link, &frames));
        }
    }
}

#[test]
fn noise_behind_a_sound_header_is_read_as_far_as_it_goes() {
    let mut noise = Noise(3);
    for link in [0, 1, 101, 108, 113, 228, 229, 276] {
        for _ in 0..100 {
            let frames: Vec<Vec<u8>> = (0..20)
                .map(|_| {
                    let mut frame: Vec<u8> = (0..noise.below(120)).map(|_| noise.below(256) as u8).collect();
                    if let Some(first) = frame.first_mut().filter(|_| link > 100) {
                        *first = [0x45, 0x60, 0x4f][noise.below(3)];
                    }
                    frame
                })
                .collect();
            let big = noise.below(2) == 0;
            holds(&Format { big, ..PLAIN }.pcap(link, &frames));
        }
    }
}
