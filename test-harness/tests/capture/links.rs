//! The same packets behind every link layer show the same clients.

use crate::made::{PLAIN, fixture, ip_packets, read, shown};
use layerprint_harness::capture::{LinkType, Skip};

/// Every packet with a header of its own before it.
fn behind(link: u16, header: &[u8]) -> Vec<u8> {
    let packets = ip_packets("openssl.pcap");
    let frames: Vec<_> = packets.iter().map(|packet| [header, packet].concat()).collect();
    PLAIN.pcap(link, &frames)
}

#[test]
fn every_link_layer_shows_the_same_clients() {
    let addresses = [0_u8; 12];
    let ethernet = |types: &[u8]| [&addresses, types].concat();
    let cooked = |types: &[u8]| [&[0, 0, 3, 4, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0], types].concat();
    let cooked_2 = |kind: &[u8], tags: &[u8]| [kind, &[0; 18], tags].concat();
    for (link, header) in [
        (0, vec![2, 0, 0, 0]),
        (0, vec![0, 0, 0, 2]),
        (108, vec![0, 0, 0, 2]),
        (1, ethernet(&[0x08, 0])),
        (1, ethernet(&[0x81, 0, 0, 7, 0x08, 0])),
        (1, ethernet(&[0x88, 0xa8, 0, 7, 0x81, 0, 0, 8, 0x08, 0])),
        (1, ethernet(&[0x91, 0, 0, 7, 0x92, 0, 0, 8, 0x81, 0, 0, 9, 0x08, 0])),
        (12, vec![]),
        (14, vec![]),
        (101, vec![]),
        (228, vec![]),
        (113, cooked(&[0x08, 0])),
        (113, cooked(&[0x81, 0, 0, 7, 0x08, 0])),
        (276, cooked_2(&[0x08, 0], &[])),
        (276, cooked_2(&[0x81, 0], &[0, 7, 0x08, 0])),
    ] {
        assert_eq!(
            shown(&behind(link, &header)),
            shown(&fixture("openssl.pcap")),
            "link type {link} with {header:02x?}"
        );
    }
}

#[test]
fn ipv6_is_found_behind_loopback_headers_of_several_systems() {
    let packets = ip_packets("curl-http1-v6.pcap");
    let expected = shown(&fixture("curl-http1-v6.pcap"));
    for family in [10, 23, 24, 28, 30] {
        let frames: Vec<_> = packets
            .iter()
            .map(|packet| [&[family, 0, 0, 0], &packet[..]].concat())
            .collect();
        assert_eq!(shown(&PLAIN.pcap(0, &frames)), expected, "family {family}");
    }
    assert_eq!(shown(&PLAIN.pcap(229, &packets)), expected);
}

#[test]
fn padding_behind_a_short_packet_is_not_its_payload() {
    let packets = ip_packets("openssl.pcap");
    let frames: Vec<_> = packets
        .iter()
        .map(|packet| [&[0; 12], &[0x08, 0][..], packet, &[0xee; 30]].concat())
        .collect();
    assert_eq!(shown(&PLAIN.pcap(1, &frames)), shown(&fixture("openssl.pcap")));
}

#[test]
fn other_link_layers_are_counted_by_their_number() {
    let (clients, report) = read(&behind(105, &[]));
    assert_eq!(clients.len(), 0);
    assert_eq!(
        report.summary.skipped[&Skip::LinkType(LinkType(105))],
        report.summary.packets
    );
}
