//! SYNs made up by proptest: whole ones, of which it is known what they hold, and broken ones. All are held against the naive second
//! implementation and the laws.

use layerprint::fingerprint::tcp::Signature;
use layerprint::wire::syn::Syn;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::laws;

/// An option's name in the notation, and its bytes.
type Made = (String, Vec<u8>);

fn option() -> impl Strategy<Value = Made> {
    let known = |name: &str, kind: u8, value: Vec<u8>| (name.to_owned(), sized(kind, &value));
    prop_oneof![
        4 => Just(("nop".to_owned(), vec![1])),
        3 => mss().prop_map(move |value| known("mss", 2, value.to_be_bytes().to_vec())),
        2 => any::<u8>().prop_map(move |value| known("ws", 3, vec![value])),
        2 => Just(known("sok", 4, Vec::new())),
        1 => (1..=4_usize).prop_map(move |blocks| known("sack", 5, vec![3; blocks * 8])),
        3 => (edge(), edge()).prop_map(move |(own, peer)| {
            known("ts", 8, [own.to_be_bytes(), peer.to_be_bytes()].concat())
        }),
        1 => (2..=8_usize).prop_map(move |half| known("?34", 34, vec![9; half * 2])),
        1 => vec(any::<u8>(), 1..12).prop_map(move |value| known("?30", 30, value)),
        2 => (unknown(), vec(any::<u8>(), 0..9)).prop_map(|(kind, value)| (format!("?{kind}"), sized(kind, &value))),
    ]
}

fn sized(kind: u8, value: &[u8]) -> Vec<u8> {
    [&[kind, u8::try_from(value.len() + 2).unwrap()], value].concat()
}

fn unknown() -> impl Strategy<Value = u8> {
    any::<u8>().prop_filter("a known kind", |kind| ![0, 1, 2, 3, 4, 5, 8, 30, 34].contains(kind))
}

fn mss() -> impl Strategy<Value = u16> {
    prop_oneof![
        any::<u16>(),
        prop::sample::select(vec![0, 99, 100, 1_360, 1_440, 1_452, 1_460, 65_495])
    ]
}

fn edge() -> impl Strategy<Value = u32> {
    prop_oneof![Just(0), any::<u32>()]
}

/// As many of `made` as fit in 40 bytes, padded with NOPs or, when `ended`, with an end and `filler`.
fn options(made: &[Made], ended: bool, filler: u8) -> (String, Vec<u8>) {
    let (mut names, mut bytes) = (Vec::new(), Vec::new());
    for (name, option) in made {
        if bytes.len() + option.len() <= 40 {
            names.push(name.clone());
            bytes.extend(option);
        }
    }
    if ended && bytes.len() < 40 {
        bytes.push(0);
        let padding = bytes.len().next_multiple_of(4) - bytes.len();
        bytes.extend(vec![filler; padding]);
        names.push(format!("eol+{padding}"));
    }
    while !bytes.len().is_multiple_of(4) {
        names.push("nop".to_owned());
        bytes.push(1);
    }
    (names.join(","), bytes)
}

prop_compose! {
    /// A whole SYN, and the layout that its signature must show.
    fn whole()(
        made in vec(option(), 0..14),
        ended in any::<bool>(),
        filler in prop_oneof![Just(0), any::<u8>()],
        is_v4 in any::<bool>(),
        ip_words in 0..=10_usize,
        extensions in vec((prop_oneof![Just(43_u8), Just(60)], 0..3_usize), 0..4),
        head in any::<[u8; 12]>(),
        sequence in edge(),
        acknowledgment in edge(),
        flags in any::<u16>(),
        window in prop_oneof![any::<u16>(), (1..=45_u16).prop_map(|n| n * 1_440), (1..=44_u16).prop_map(|n| n * 1_460)],
        payload in vec(any::<u8>(), 0..20),
        is_saved in any::<bool>(),
    ) -> (String, Vec<u8>) {
        let (layout, options) = options(&made, ended, filler);
        let mut tcp = head[..4].to_vec();
        tcp.extend(sequence.to_be_bytes());
        tcp.extend(acknowledgment.to_be_bytes());
        let offset = u16::try_from((20 + options.len()) / 4).unwrap() << 12;
        // Any reserved bits and flags but FIN, RST and ACK, and SYN always.
        tcp.extend((offset | (flags & 0x0fe8) | 2).to_be_bytes());
        tcp.extend(window.to_be_bytes());
        tcp.extend(&head[4..8]);
        tcp.extend(options);

        let mut packet = if is_v4 {
            let mut ip = vec![0x45 + u8::try_from(ip_words).unwrap(), head[8]];
            ip.extend(u16::try_from(20 + ip_words * 4 + tcp.len() + payload.len()).unwrap().to_be_bytes());
            ip.extend([head[9] & 1, head[10] & 1, head[10] & 0xc0, 0, head[11], 6, 0, 0]);
            ip.extend([192, 0, 2, 1, 198, 51, 100, 2]);
            ip.extend(vec![1; ip_words * 4]);
            ip
        } else {
            let kinds: Vec<u8> = extensions.iter().map(|(kind, _)| *kind).chain([6]).collect();
            let mut headers = Vec::new();
            for ((_, units), next) in extensions.iter().zip(&kinds[1..]) {
                headers.extend([*next, u8::try_from(*units).unwrap()]);
                headers.extend(vec![head[9]; 6 + units * 8]);
            }
            let mut ip = vec![0x60 | (head[8] >> 4), head[8], head[9], head[10]];
            ip.extend(u16::try_from(headers.len() + tcp.len() + payload.len()).unwrap().to_be_bytes());
            ip.extend([kinds[0], head[11]]);
            ip.extend([0x20, 1, 0xd, 0xb8].repeat(8));
            ip.extend(headers);
            ip
        };
        packet.extend(tcp);
        if !is_saved {
            packet.extend(payload);
        }
        (layout, packet)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_whole_syn_is_read_to_its_end_in_wire_order((layout, packet) in whole()) {
        let syn = Syn::parse(&packet).unwrap();
        let signature = Signature(&syn).to_string();
        prop_assert_eq!(signature.split(':').nth(5), Some(&*layout));
        laws::holds(&packet);
    }

    #[test]
    fn a_broken_syn_is_refused_or_read_as_the_naive_parser_does(
        (_, packet) in whole(),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
        extra in vec(any::<u8>(), 0..3),
    ) {
        let mut broken = packet.clone();
        for (at, value) in changes {
            let at = at.index(broken.len());
            broken[at] = value;
        }
        laws::holds(&broken);
        laws::holds(&broken[..cut.index(broken.len())]);
        broken.extend(extra);
        laws::holds(&broken);
    }

    #[test]
    fn any_bytes_behind_a_good_start_are_refused_or_read_as_the_naive_parser_does(
        is_v4 in any::<bool>(),
        bytes in vec(any::<u8>(), 0..130),
    ) {
        laws::holds(&bytes);
        let mut started = bytes;
        if let Some(first) = started.first_mut() {
            *first = if is_v4 { 0x45 } else { 0x60 };
        }
        laws::holds(&started);
    }
}
