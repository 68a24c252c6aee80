//! Packets that tell nothing are counted by the reason why, and harm no others.

use crate::made::{ACK, PLAIN, Side, fixture, frames, ip_packets, ipv4, raw, read, read_with, shown, udp};
use layerprint_harness::capture::{Checksums, Gap, Skip};

/// Why the only packet of a capture is skipped.
fn reason(packet: &[u8]) -> Option<Skip> {
    let (clients, report) = read(&raw(&[packet.to_vec()]));
    assert!(clients.is_empty() || report.summary.skipped.is_empty());
    report.summary.skipped.into_keys().next()
}

fn syn() -> Vec<u8> {
    Side::client(1).syn()
}

#[test]
fn packets_that_tell_nothing_have_their_reason() {
    assert_eq!(reason(&syn()), None);
    assert_eq!(reason(&ipv4(1, [1; 4], [2; 4], &[8, 0, 0, 0])), Some(Skip::NotTcpOrUdp));
    assert_eq!(reason(&udp(50_000, 53, b"a question")), Some(Skip::NotQuic));
    assert_eq!(reason(&[]), Some(Skip::BrokenHeader));
    assert_eq!(reason(&[0x45, 0, 0]), Some(Skip::BrokenHeader));
    assert_eq!(reason(&[0x75; 60]), Some(Skip::BrokenHeader));
    assert_eq!(
        reason(&syn()[..30]),
        Some(Skip::BrokenHeader),
        "shorter than it says, though nothing cut it"
    );
    let arp = [&[0; 12], &[0x08, 0x06][..], &[0; 28]].concat();
    assert_eq!(read(&PLAIN.pcap(1, &[arp])).1.summary.skipped[&Skip::NotIp], 1);
    assert_eq!(read(&PLAIN.pcap(1, &[vec![0; 10]])).1.summary.skipped[&Skip::Cut], 1);
}

#[test]
fn a_packet_cut_by_the_snapshot_length_is_read_as_far_as_its_headers() {
    let whole = syn();
    for n in 0..whole.len() {
        let file = [PLAIN.pcap(101, &[]), PLAIN.record(&whole[..n], whole.len())].concat();
        let (clients, report) = read(&file);
        assert_eq!((clients.len(), report.summary.skipped[&Skip::Cut]), (0, 1), "{n}");
    }
    let data = Side::client(1).at(2, 1, ACK, b"GET / HTTP/1.1\r\n\r\n");
    let file = [
        PLAIN.pcap(101, &[whole]),
        PLAIN.record(&data[..data.len() - 2], data.len()),
    ]
    .concat();
    let (clients, report) = read(&file);
    assert_eq!((clients.len(), report.summary.skipped_count()), (1, 0));
    assert_eq!(report.summary.gaps[&Gap::OpeningNotWhole], 1);
}

#[test]
fn fragments_are_not_read() {
    let mut first = syn();
    first[6] = 0x20;
    let mut second = syn();
    second[7] = 5;
    assert_eq!(
        (reason(&first), reason(&second)),
        (Some(Skip::Fragment), Some(Skip::Fragment))
    );
}

#[test]
fn a_wrong_checksum_is_skipped_unless_it_was_left_to_the_network_card() {
    let good = syn();
    let with = |place: usize, bytes: [u8; 2]| {
        let mut packet = good.clone();
        packet[place..place + 2].copy_from_slice(&bytes);
        packet
    };
    for place in [10, 36] {
        let wrong = with(place, [0xde, 0xad]);
        assert_eq!(reason(&wrong), Some(Skip::Checksum));
        let (clients, report) = read_with(&raw(&[wrong]), Checksums::Ignore);
        assert_eq!((clients.len(), report.summary.skipped_count()), (1, 0));
        assert_eq!(reason(&with(place, [0, 0])), None, "not computed");
    }
    let mut damaged = good.clone();
    damaged[39] ^= 1;
    assert_eq!(reason(&damaged), Some(Skip::Checksum));
}

/// What Linux leaves in the field for the card to finish: captured on loopback, where no card ever does.
#[test]
fn recordings_on_loopback_have_unfinished_checksums_and_are_read() {
    let packets = ip_packets("openssl.pcap");
    assert_eq!(
        packets[0][36..38],
        [0xfe, 0x30],
        "the sum over 127.0.0.1 twice, the protocol and 40 bytes"
    );
    assert_eq!(read(&fixture("openssl.pcap")).1.summary.skipped_count(), 0);
}

#[test]
fn a_damaged_segment_gives_way_to_its_retransmission() {
    let mut client = Side::client(1);
    let syn = client.syn();
    let good = client.data(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let mut damaged = good.clone();
    damaged[60] ^= 0xff;
    let expected = shown(&raw(&[syn.clone(), good.clone()]));
    assert_eq!(shown(&raw(&[syn, damaged, good])), expected);
}

#[test]
fn quic_that_no_key_opens_is_counted_apart_from_other_udp() {
    let (_, frames) = frames("aioquic-v1.pcap");
    let mut damaged = frames[0].clone();
    damaged[500] ^= 1;
    let (clients, report) = read_with(&PLAIN.pcap(1, &[damaged]), Checksums::Ignore);
    assert_eq!((clients.len(), report.summary.skipped[&Skip::Undecrypted]), (0, 1));
}

/// Chrome's hello takes two datagrams. Linux recorded them as one, before the network card would have parted them.
#[test]
fn initials_of_quic_are_put_together_in_any_order() {
    let recorded = frames("chrome-quic.pcap").1[0][14 + 20 + 8..].to_vec();
    assert_eq!(recorded.len(), 2_400);
    let (first, second) = (udp(5_000, 443, &recorded[..1_200]), udp(5_000, 443, &recorded[1_200..]));
    let (clients, report) = read(&raw(std::slice::from_ref(&first)));
    assert_eq!((clients.len(), report.summary.gaps[&Gap::OpeningNotWhole]), (1, 1));
    let clients = shown(&raw(&[first.clone(), second.clone()]));
    assert_eq!(clients[0]["ja4"], shown(&fixture("chrome-quic.pcap"))[0]["ja4"]);
    assert_eq!(shown(&raw(&[second.clone(), first.clone()])), clients);
    assert_eq!(
        shown(&raw(&[second.clone(), second.clone(), first.clone(), first, second])),
        clients
    );
}

#[test]
fn the_summary_says_it_in_one_line_each() {
    let file = raw(&[syn(), udp(1, 53, b""), syn()[..30].to_vec()]);
    let (_, report) = read(&file);
    assert_eq!(
        report.summary.to_string(),
        "packets: 3, skipped: 2 (1 broken header, 1 UDP without a QUIC Initial)\n\
         client connections shown: 1 (1 without data from the client)"
    );
}
