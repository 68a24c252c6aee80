//! What is not a SYN, or lies about itself; and odd SYNs that are read all the same, with their quirks.

use layerprint::fingerprint::tcp::{Signature, TcpPart};
use layerprint::wire::syn::{Error, MAX_EXTENSION_HEADERS, MAX_HANDED_OVER, MAX_OPTIONS, Syn, TcpOption};

use crate::{fixtures, laws};

/// A plain SYN over IPv4 with these bytes as options; their length is a multiple of four.
fn with_options(options: &[u8]) -> Vec<u8> {
    assert!(options.len().is_multiple_of(4) && options.len() <= 40);
    let mut bytes = fixtures::bytes("made-masscan");
    bytes[3] += u8::try_from(options.len()).unwrap();
    bytes[32] = u8::try_from((20 + options.len()) / 4 * 16).unwrap();
    bytes.extend(options);
    bytes
}

/// The same over IPv6, TCP behind these extension headers, the first of kind `first`.
fn behind(first: u8, headers: &[u8]) -> Vec<u8> {
    let plain = fixtures::bytes("linux-v6");
    let mut bytes = [&plain[..40], headers, &plain[40..]].concat();
    let length = u16::try_from(bytes.len() - 40).unwrap();
    bytes[4..6].copy_from_slice(&length.to_be_bytes());
    bytes[6] = first;
    bytes
}

fn parse(bytes: &[u8]) -> Result<String, Error> {
    laws::holds(bytes);
    Syn::parse(bytes).map(|syn| Signature(&syn).to_string())
}

fn changed(name: &str, at: usize, change: impl Fn(u8) -> u8) -> Vec<u8> {
    let mut bytes = fixtures::bytes(name);
    bytes[at] = change(bytes[at]);
    bytes
}

#[test]
fn bytes_of_another_protocol_are_not_a_syn() {
    assert_eq!(parse(b""), Err(Error::Truncated));
    for first in [0x00, 0x16, 0x33, 0x50, 0x70, 0xff] {
        assert_eq!(parse(&changed("linux-v4", 0, |_| first)), Err(Error::NotIp));
    }
    assert_eq!(parse(&changed("linux-v4", 9, |_| 17)), Err(Error::NotTcp));
    for next in [17, 50, 58, 59, 135, 255] {
        assert_eq!(parse(&changed("linux-v6", 6, |_| next)), Err(Error::NotTcp));
    }
}

#[test]
fn a_segment_that_opens_no_connection_is_not_a_syn() {
    const FLAGS: usize = 33;
    for flags in [0x00, 0x10, 0x12, 0x03, 0x06, 0x04, 0x01, 0x29, 0x3f] {
        assert_eq!(parse(&changed("linux-v4", FLAGS, |_| flags)), Err(Error::NotSyn));
    }
    for flags in [0x02, 0x0a, 0x22, 0x42, 0xc2] {
        assert!(parse(&changed("linux-v4", FLAGS, |_| flags)).is_ok());
    }
}

#[test]
fn headers_shorter_than_their_fixed_part_are_refused() {
    for words in 0..5 {
        assert_eq!(
            parse(&changed("linux-v4", 0, |_| 0x40 | words)),
            Err(Error::HeaderLength)
        );
        assert_eq!(
            parse(&changed("linux-v4", 32, |_| words << 4)),
            Err(Error::HeaderLength)
        );
    }
    assert_eq!(parse(&changed("linux-v4", 32, |_| 0xf0)), Err(Error::Truncated));
}

#[test]
fn a_packet_length_may_count_a_payload_that_was_not_saved_and_nothing_else() {
    for length in 0..60 {
        assert_eq!(parse(&changed("linux-v4", 3, |_| length)), Err(Error::PacketLength));
    }
    assert_eq!(parse(&changed("linux-v6", 5, |_| 39)), Err(Error::PacketLength));
    assert!(parse(&changed("linux-v4", 3, |_| 61)).unwrap().ends_with(":+"));

    // The whole packet, as captured: the same. Cut within its payload, or with bytes behind it: no answer.
    let saved = fixtures::bytes("linux-fast-open-cookie");
    let data = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let whole = [&saved[..], data].concat();
    assert_eq!(parse(&whole), parse(&saved));
    assert_eq!(parse(&whole[..whole.len() - 1]), Err(Error::Truncated));
    assert_eq!(parse(&[&whole[..], b"\0"].concat()), Err(Error::PacketLength));
    assert_eq!(
        parse(&[&fixtures::bytes("linux-v4")[..], b"\0"].concat()),
        Err(Error::PacketLength)
    );
}

#[test]
fn a_fragment_is_refused_and_an_atomic_one_is_not() {
    assert_eq!(
        parse(&changed("linux-v4", 6, |flags| flags | 0x20)),
        Err(Error::Fragment)
    );
    assert_eq!(parse(&changed("linux-v4", 7, |_| 1)), Err(Error::Fragment));
    let fragment = |offset: u16| {
        let [high, low] = offset.to_be_bytes();
        behind(44, &[6, 0, high, low, 1, 2, 3, 4])
    };
    assert_eq!(parse(&fragment(0x0001)), Err(Error::Fragment));
    assert_eq!(parse(&fragment(0x0008)), Err(Error::Fragment));
    assert_eq!(
        parse(&fragment(0x0000)).unwrap(),
        "6:64+0:8:1440:mss*45,10:mss,sok,ts,nop,ws:flow:0"
    );
}

#[test]
fn extension_headers_are_walked_in_any_order_but_hop_by_hop_comes_first() {
    // Hop-by-hop, destination options, routing, fragment, authentication (24 bytes), destination options, TCP.
    let mut all = vec![
        60, 0, 1, 4, 0, 0, 0, 0, 43, 0, 1, 4, 0, 0, 0, 0, 44, 0, 4, 0, 0, 0, 0, 0,
    ];
    all.extend([51, 0, 0, 0, 0, 0, 0, 9, 60, 4]);
    all.extend([7; 22]);
    all.extend([6, 1, 1, 12]);
    all.extend([0; 12]);
    assert_eq!(
        parse(&behind(0, &all)).unwrap(),
        "6:64+0:72:1440:mss*45,10:mss,sok,ts,nop,ws:flow:0"
    );
    assert_eq!(
        parse(&behind(60, &[0, 0, 1, 4, 0, 0, 0, 0, 6, 0, 1, 4, 0, 0, 0, 0])),
        Err(Error::HopByHopPlace)
    );
    assert_eq!(parse(&behind(60, &[50, 0, 1, 4, 0, 0, 0, 0])), Err(Error::NotTcp));
    assert_eq!(parse(&behind(43, &[6, 255, 0, 0, 0, 0, 0, 0])), Err(Error::Truncated));
    assert_eq!(parse(&behind(51, &[6, 255, 0, 0, 0, 0, 0, 0])), Err(Error::Truncated));
}

#[test]
fn a_chain_of_extension_headers_has_an_end() {
    let chain = |count: usize| {
        let mut headers = [60, 0, 1, 4, 0, 0, 0, 0].repeat(count);
        headers[(count - 1) * 8] = 6;
        behind(60, &headers)
    };
    assert!(parse(&chain(MAX_EXTENSION_HEADERS)).is_ok());
    let error = parse(&chain(MAX_EXTENSION_HEADERS + 1)).unwrap_err();
    assert_eq!(error, Error::TooManyExtensionHeaders);
    assert!(error.is_bound() && !Error::Truncated.is_bound());
    assert_eq!(parse(&chain(8_000)), Err(Error::TooManyExtensionHeaders));
}

#[test]
fn an_option_that_does_not_get_on_is_refused_wherever_it_stands() {
    for kind in 2..=u8::MAX {
        for length in [0, 1] {
            assert_eq!(parse(&with_options(&[kind, length, 0, 0])), Err(Error::OptionLength));
            assert_eq!(parse(&with_options(&[1, 1, kind, length])), Err(Error::OptionLength));
        }
        for length in [5, 40, 255] {
            assert_eq!(parse(&with_options(&[kind, length, 0, 0])), Err(Error::OptionPastEnd));
        }
        assert_eq!(parse(&with_options(&[1, 1, 1, kind])), Err(Error::OptionPastEnd));
    }
}

#[test]
fn forty_no_operations_are_forty_options() {
    let bytes = with_options(&[1; MAX_OPTIONS]);
    let syn = Syn::parse(&bytes).unwrap();
    assert_eq!(syn.tcp.options.as_slice(), [TcpOption::Nop; MAX_OPTIONS]);
    let layout = ["nop"; MAX_OPTIONS].join(",");
    assert_eq!(parse(&bytes).unwrap(), format!("4:243+12:0:0:1024,0:{layout}::0"));
}

#[test]
fn a_known_option_of_the_wrong_length_is_named_and_not_believed() {
    let signature = |options: &[u8]| parse(&with_options(options)).unwrap();
    for (options, layout) in [
        (&[2, 3, 5, 1][..], "mss,nop"),
        (&[3, 4, 7, 0], "ws"),
        (&[4, 4, 0, 0], "sok"),
        (&[5, 2, 1, 1], "sack,nop,nop"),
        (&[8, 4, 0, 0], "ts"),
        (&[34, 4, 0, 0], "?34"),
        (&[30, 2, 1, 1], "?30,nop,nop"),
    ] {
        assert_eq!(signature(options), format!("4:243+12:0:0:1024,0:{layout}:bad:0"));
    }
    assert_eq!(signature(&[77, 4, 0, 0]), "4:243+12:0:0:1024,0:?77::0");
    // A wrong one after a right one takes nothing away, and a right one given twice counts as given last.
    assert_eq!(
        signature(&[2, 4, 5, 0xb4, 2, 3, 9, 1]),
        "4:243+12:0:1460:1024,0:mss,mss,nop:bad:0"
    );
    assert_eq!(
        signature(&[2, 4, 5, 0xb4, 2, 4, 2, 0]),
        "4:243+12:0:512:mss*2,0:mss,mss::0"
    );
}

#[test]
fn acknowledgments_in_a_syn_are_read_for_one_to_four_blocks() {
    for blocks in 1..=4 {
        let mut options = vec![5, 2 + blocks * 8, 1, 1];
        options.resize(usize::from(4 + blocks * 8), 1);
        let syn = Syn::parse(&with_options(&options)).unwrap();
        assert_eq!(syn.tcp.options.as_slice()[0], TcpOption::Sack { blocks });
    }
}

#[test]
fn each_quirk_shows_under_its_condition() {
    // Byte offsets: type of service 1, identification 4, flags 6, then TCP from 20.
    let quirk = |changes: &[(usize, u8)]| {
        let mut bytes = fixtures::bytes("made-masscan");
        for (at, value) in changes {
            bytes[*at] = *value;
        }
        let signature = parse(&bytes).unwrap();
        signature.split(':').nth(6).unwrap().to_owned()
    };
    assert_eq!(quirk(&[]), "");
    assert_eq!(quirk(&[(6, 0x40), (4, 0), (5, 0)]), "df");
    assert_eq!(quirk(&[(6, 0x40)]), "df,id+");
    assert_eq!(quirk(&[(4, 0), (5, 0)]), "id-");
    assert_eq!(quirk(&[(1, 0xb9)]), "ecn");
    for (byte, bits) in [(32, 0x51), (33, 0x82), (33, 0x42)] {
        assert_eq!(quirk(&[(byte, bits)]), "ecn");
    }
    assert_eq!(quirk(&[(6, 0x80)]), "0+");
    for reserved in [0x52, 0x54, 0x58] {
        assert_eq!(quirk(&[(32, reserved)]), "0+");
    }
    assert_eq!(quirk(&[(24, 0), (25, 0), (26, 0), (27, 0)]), "seq-");
    assert_eq!(quirk(&[(31, 1)]), "ack+");
    assert_eq!(quirk(&[(38, 1)]), "uptr+");
    assert_eq!(quirk(&[(33, 0x22), (38, 1)]), "urgf+");
    assert_eq!(quirk(&[(33, 0x0a)]), "pushf+");

    let quirk = |options: &[u8]| {
        let signature = parse(&with_options(options)).unwrap();
        signature.split(':').nth(6).unwrap().to_owned()
    };
    assert_eq!(quirk(&[8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1]), "");
    assert_eq!(quirk(&[8, 10, 0, 0, 0, 0, 0, 0, 0, 9, 1, 1]), "ts1-,ts2+");
    assert_eq!(quirk(&[0, 0, 0, 0]), "");
    assert_eq!(quirk(&[0, 0, 0, 1]), "opt+");
    assert_eq!(quirk(&[3, 3, 14, 1]), "");
    assert_eq!(quirk(&[3, 3, 15, 1]), "exws");
}

#[test]
fn quirks_of_the_stack_are_part_of_lp1_and_those_of_the_packet_are_not() {
    let mut bytes = fixtures::bytes("made-masscan");
    (bytes[1], bytes[6], bytes[31], bytes[33]) = (1, 0xc0, 1, 0xca);
    let syn = Syn::parse(&bytes).unwrap();
    assert_eq!(
        Signature(&syn).to_string(),
        "4:243+12:0:0:1024,0::df,id+,ecn,0+,ack+,pushf+:0"
    );
    assert_eq!(TcpPart(&syn).to_string(), "syn:*:255:0:*:1024,0::ack+,pushf+:*");
}

#[test]
fn the_window_is_written_by_what_it_divides_into() {
    let windows = |mss: u16, window: u16| {
        let [high, low] = mss.to_be_bytes();
        let mut bytes = with_options(&[2, 4, high, low]);
        bytes[34..36].copy_from_slice(&window.to_be_bytes());
        let syn = Syn::parse(&bytes).unwrap();
        let part = |text: String, nth| text.split([':', ',']).nth(nth).unwrap().to_owned();
        parse(&bytes).unwrap();
        (part(Signature(&syn).to_string(), 4), part(TcpPart(&syn).to_string(), 5))
    };
    let expected = |signature: &str, part: &str| (signature.to_owned(), part.to_owned());
    assert_eq!(windows(1_460, 0), expected("0", "0"));
    assert_eq!(windows(1_460, 1_460), expected("mss*1", "mss*1"));
    assert_eq!(windows(1_460, 29_200), expected("mss*20", "mss*20"));
    assert_eq!(windows(1_460, 62_780), expected("mss*43", "mss*43"));
    assert_eq!(windows(1_460, 64_240), expected("mss*44", "fill"));
    assert_eq!(windows(1_452, 29_200), expected("29200", "mss*20"));
    assert_eq!(windows(1_500, 29_200), expected("29200", "29200"));
    assert_eq!(windows(1_410, 5_800), expected("mtu*4", "mtu*4"));
    assert_eq!(windows(1_285, 65_535), expected("mss*51", "65535"));
    assert_eq!(windows(65_535, 65_535), expected("mss*1", "65535"));
    assert_eq!(windows(99, 990), expected("990", "990"));
    // No router lowers an MSS that far: a number that divides by Ethernet's is one all the same.
    for mss in [0, 1, 99] {
        assert_eq!(windows(mss, 64_240), expected("64240", "64240"));
    }
    assert_eq!(windows(100, 1_000), expected("mss*10", "mss*10"));
    assert_eq!(windows(8_192, 49_152), expected("mss*6", "mss*6"));
    assert_eq!(windows(21_845, 43_690), expected("mss*2", "mss*2"));
    assert_eq!(windows(8_192, 57_344), expected("mss*7", "fill"));
}

#[test]
fn the_start_of_a_ttl_is_the_next_of_four() {
    for (ttl, expected) in [
        (0, "0+32"),
        (1, "1+31"),
        (32, "32+0"),
        (33, "33+31"),
        (64, "64+0"),
        (65, "65+63"),
        (128, "128+0"),
        (129, "129+126"),
        (255, "255+0"),
    ] {
        let signature = parse(&changed("linux-v4", 8, |_| ttl)).unwrap();
        assert_eq!(signature.split(':').nth(1), Some(expected));
    }
}

#[test]
fn hex_text_is_told_from_raw_bytes_by_its_first_byte() {
    let bytes = fixtures::bytes("linux-v6");
    let hex: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    let syn = Syn::parse(&bytes);
    assert!(syn.is_ok());
    assert_eq!(Syn::parse_raw_or_hex(&bytes), syn);
    assert_eq!(Syn::parse_raw_or_hex(hex.as_bytes()), syn);
    assert_eq!(Syn::parse_raw_or_hex(hex.to_lowercase().as_bytes()), syn);

    let refused = |value: &[u8]| Syn::parse_raw_or_hex(value).unwrap_err();
    assert_eq!(refused(b""), Error::Truncated);
    assert_eq!(refused(b"4"), Error::NotHex);
    assert_eq!(refused(b"45 0"), Error::NotHex);
    assert_eq!(refused(b"45\xff\xff"), Error::NotHex);
    assert_eq!(refused(b"16"), Error::NotIp);
    assert_eq!(refused(b"-"), Error::NotIp);
    // "E5" begins with 0x45, as a raw IPv4 packet does; no packet's hex text begins with a letter.
    assert_eq!(refused(b"E500"), Error::Truncated);
    assert_eq!(refused(&[0x45; MAX_HANDED_OVER + 1]), Error::TooLong);
    assert_eq!(refused(&[b'4'; 2 * MAX_HANDED_OVER + 2]), Error::TooLong);
    assert_ne!(refused(&[b'4'; 2 * MAX_HANDED_OVER]), Error::TooLong);
}
