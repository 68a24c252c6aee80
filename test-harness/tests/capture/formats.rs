//! The same packets in every file format show the same clients.

use crate::made::{Format, PLAIN, fixture, frames, ip_packets, read, shown};
use layerprint_harness::capture::{self, Checksums, End, Error, Skip};

const FORMATS: [Format; 4] = [
    PLAIN,
    Format { big: true, ..PLAIN },
    Format {
        nanoseconds: true,
        ..PLAIN
    },
    Format {
        big: true,
        nanoseconds: true,
    },
];

#[test]
fn pcap_is_read_in_both_byte_orders_and_resolutions() {
    let (link, frames) = frames("openssl.pcap");
    for format in FORMATS {
        assert_eq!(shown(&format.pcap(link, &frames)), shown(&fixture("openssl.pcap")));
    }
}

#[test]
fn pcapng_is_read_in_both_byte_orders_and_with_both_kinds_of_packets() {
    let (link, frames) = frames("openssl.pcap");
    for format in [FORMATS[0], FORMATS[1]] {
        let begin = [format.section(), format.unknown(), format.interface(link, 0)].concat();
        let enhanced = frames.iter().flat_map(|frame| format.enhanced(0, frame));
        let simple = frames.iter().flat_map(|frame| format.simple(frame));
        let expected = shown(&fixture("openssl.pcap"));
        assert_eq!(
            shown(&begin.iter().copied().chain(enhanced).collect::<Vec<_>>()),
            expected
        );
        assert_eq!(
            shown(&begin.iter().copied().chain(simple).collect::<Vec<_>>()),
            expected
        );
    }
}

/// Each packet of one connection through another interface, each with a link type of its own, in two sections that number
/// their interfaces anew and differ in byte order.
#[test]
fn interfaces_have_their_own_link_types_and_sections_their_own_interfaces() {
    let ethernet = frames("openssl.pcap").1;
    let raw = ip_packets("openssl.pcap");
    let (little, big) = (FORMATS[0], FORMATS[1]);
    let mut file = [little.section(), little.interface(1, 0), little.interface(101, 0)].concat();
    for n in 0..2 {
        file.extend(little.enhanced(n % 2, if n % 2 == 0 { &ethernet[n] } else { &raw[n] }));
    }
    file.extend([big.section(), big.interface(101, 0), big.interface(1, 0)].concat());
    for n in 2..ethernet.len() {
        file.extend(big.enhanced(n % 2, if n % 2 == 1 { &ethernet[n] } else { &raw[n] }));
    }
    assert_eq!(shown(&file), shown(&fixture("openssl.pcap")));
}

#[test]
fn a_packet_of_an_undescribed_interface_is_counted() {
    let raw = ip_packets("openssl.pcap");
    let file = [PLAIN.section(), PLAIN.enhanced(0, &raw[0]), PLAIN.simple(&raw[0])].concat();
    let (clients, report) = read(&file);
    assert_eq!((clients.len(), report.summary.skipped[&Skip::NoInterface]), (0, 2));
}

#[test]
fn a_simple_packet_is_as_long_as_its_interface_lets_it() {
    let raw = ip_packets("refused.pcap");
    let file = [PLAIN.section(), PLAIN.interface(101, 40), PLAIN.simple(&raw[0])].concat();
    assert_eq!(read(&file).1.summary.skipped[&Skip::Cut], 1);
}

#[test]
fn a_file_that_ends_in_a_record_keeps_what_stands_before() {
    for name in ["openssl.pcap", "three-interfaces.pcapng"] {
        let whole = fixture(name);
        let all = shown(&whole);
        for n in 1..whole.len() {
            let mut seen = Vec::new();
            match capture::read(&whole[..n], Checksums::Check, |client| seen.push(client.to_json())) {
                Ok(report) => assert!(
                    matches!(report.end, End::Cut | End::Whole),
                    "{name} {n}: {:?}",
                    report.end
                ),
                Err(Error::NotACapture { .. }) if n < 4 => {}
                Err(error) => panic!("{name} {n}: {error}"),
            }
            assert!(seen.len() <= all.len(), "{name} {n}");
        }
    }
}

#[test]
fn a_record_of_impossible_length_ends_the_reading_and_says_where() {
    let (link, frames) = frames("openssl.pcap");
    let mut file = PLAIN.pcap(link, &frames);
    file.extend([PLAIN.u32(1), PLAIN.u32(1), PLAIN.u32(0x7fff_ffff), PLAIN.u32(1)].concat());
    file.extend(vec![0; 2 * capture::MAX_RECORD]);
    let (clients, report) = read(&file);
    assert_eq!(clients, shown(&fixture("openssl.pcap")));
    assert_eq!(
        report.end,
        End::Broken {
            after: 1 + frames.len() as u64
        }
    );
}

#[test]
fn a_capture_without_packets_shows_nothing() {
    for file in [
        PLAIN.pcap(1, &[]),
        PLAIN.section(),
        [PLAIN.section(), PLAIN.interface(1, 0)].concat(),
    ] {
        let (clients, report) = read(&file);
        assert_eq!((clients.len(), report.summary.packets, report.end), (0, 0, End::Whole));
    }
}

#[test]
fn what_is_no_capture_is_named() {
    let refusal = |bytes: &[u8]| {
        let answer = capture::read(bytes, Checksums::Check, |_| panic!("a client"));
        answer.unwrap_err().to_string()
    };
    let accepted = "; accepted are pcap and pcapng";
    assert_eq!(refusal(b""), format!("not a capture: the file has no bytes{accepted}"));
    assert_eq!(
        refusal(&[0x1f, 0x8b, 8, 0]),
        format!("not a capture but a gzip file: decompress it first{accepted}")
    );
    assert_eq!(
        refusal(b"hello, world"),
        format!("not a capture but a file that begins with the text \"hello, w\"{accepted}")
    );
    assert_eq!(
        refusal(&[0, 1, 2]),
        format!("not a capture but a file that begins with the bytes 00 01 02{accepted}")
    );
}
