//! Connections of QUIC made up packet by packet, so that what real clients rarely do is tried too.

use super::keys::sealing::seal;
use super::packet::{Version, initials};
use super::*;
use crate::capture::packet::{Datagram, Packet};
use crate::capture::summary::{Skip, Summary};
use crate::capture::tracker::Tracker;

const FIRST: &[u8] = b"first-id";
const BY_SERVER: &[u8] = b"chosen";

/// A real ClientHello, without its record.
fn hello() -> Vec<u8> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/tls/openssl.bin");
    std::fs::read(file).unwrap()[5..].to_vec()
}

fn crypto(offset: usize, data: &[u8]) -> Vec<u8> {
    let mut frame = vec![6];
    for number in [offset, data.len()] {
        frame.extend((u16::try_from(number).unwrap() | 0x4000).to_be_bytes());
    }
    frame.extend(data);
    frame
}

/// What is shown of datagrams on one path.
fn track(datagrams: &[Vec<u8>]) -> (Vec<Client>, Summary) {
    let mut tracker = Tracker::default();
    for payload in datagrams {
        tracker.take(&Packet::Udp(Datagram {
            from: "192.0.2.1:50000".parse().unwrap(),
            to: "192.0.2.2:443".parse().unwrap(),
            payload,
        }));
    }
    tracker.finish_all();
    let clients = std::iter::from_fn(|| tracker.pop()).collect();
    (clients, tracker.summary)
}

fn gaps(datagrams: &[Vec<u8>]) -> Vec<Gap> {
    track(datagrams).1.gaps.into_keys().collect()
}

#[test]
fn a_sealed_packet_opens_with_its_own_keys_alone() {
    for version in [Version::V1, Version::V2] {
        for number in [0, 1, 255, 70_000, u32::MAX] {
            let datagram = seal((version, FIRST), FIRST, b"", number, b"twenty bytes of text");
            let initial = initials(&datagram).next().unwrap();
            let keys = Keys::of_client(version, FIRST).unwrap();
            let (opened, payload) = keys.open(&initial, 0).unwrap();
            assert_eq!((opened, &payload[..]), (number.into(), &b"twenty bytes of text"[..]));
            assert_eq!(Keys::of_client(version, b"another").unwrap().open(&initial, 0), None);
            for place in 0..datagram.len() {
                let mut damaged = datagram.clone();
                damaged[place] ^= 1;
                if let Some(initial) = initials(&damaged).next() {
                    assert_eq!(keys.open(&initial, 0), None, "{place}");
                }
            }
        }
    }
}

#[test]
fn a_hello_in_many_small_packets_is_one_hello() {
    let hello = hello();
    let keys = (Version::V1, FIRST);
    let whole = track(&[seal(keys, FIRST, b"", 0, &crypto(0, &hello))]).0;
    assert!(whole[0].ja4.as_deref().unwrap().starts_with('q'));
    let mut packets: Vec<_> = hello
        .chunks(7)
        .enumerate()
        .map(|(n, piece)| {
            seal(
                keys,
                if n < 5 { FIRST } else { BY_SERVER },
                b"",
                n.try_into().unwrap(),
                &crypto(7 * n, piece),
            )
        })
        .collect();
    assert_eq!(track(&packets).0, whole);
    assert_eq!(
        track(&packets[5..]).0.len(),
        0,
        "none of them was sent to the first connection ID"
    );
    packets[1..].reverse();
    assert_eq!(track(&packets).0, whole);
    packets.truncate(8);
    assert_eq!(gaps(&packets), [Gap::OpeningNotWhole]);
}

#[test]
fn a_hello_said_again_after_a_retry_is_the_same_client() {
    let hello = hello();
    let first = seal((Version::V1, FIRST), FIRST, b"", 0, &crypto(0, &hello));
    let again = seal((Version::V1, BY_SERVER), BY_SERVER, b"token", 1, &crypto(0, &hello));
    let later = seal((Version::V1, BY_SERVER), b"third", b"token", 2, &[1, 0, 0, 0]);
    let (clients, summary) = track(&[first, again.clone(), later]);
    assert_eq!((clients.len(), summary.skipped_count()), (1, 0));
    let half = seal((Version::V1, FIRST), FIRST, b"", 0, &crypto(0, &hello[..100]));
    let (retried, summary) = track(&[half, again.clone()]);
    assert_eq!((&retried, summary.gaps.len()), (&clients, 0));
    assert_eq!(track(&[again]).0, clients, "a capture that began behind the Retry");
}

#[test]
fn another_connection_on_the_same_path_is_another_client() {
    let hello = hello();
    let first = seal((Version::V1, FIRST), FIRST, b"", 0, &crypto(0, &hello));
    let second = seal((Version::V2, b"another"), b"another", b"", 0, &crypto(0, &hello));
    let (clients, summary) = track(&[first.clone(), second.clone(), first.clone()]);
    assert_eq!(
        (clients.len(), summary.skipped_count()),
        (3, 0),
        "the third is a replay of the first behind the second"
    );
    assert_eq!(track(&[first.clone(), first, second]).0.len(), 2);
}

#[test]
fn what_breaks_the_protocol_gives_no_fingerprint() {
    let with = |payload: &[u8]| {
        let datagram = seal((Version::V1, FIRST), FIRST, b"", 0, payload);
        let (clients, summary) = track(&[datagram]);
        assert_eq!((clients.len(), clients[0].ja4.as_deref()), (1, None));
        summary.gaps.into_keys().collect::<Vec<_>>()
    };
    let broken = |why: &str| [Gap::Broken(why.to_owned())];
    assert_eq!(with(&[0; 20]), [Gap::OpeningNotWhole]);
    assert_eq!(with(&[8; 20]), broken("QUIC Initial: a frame that it may not carry"));
    assert_eq!(with(&[6, 0, 40, 0]), broken("QUIC Initial: a frame is cut"));
    assert_eq!(
        with(&crypto(0, &[2, 0, 0, 1, 9])),
        broken("ClientHello: NotClientHello")
    );
    assert_eq!(with(&crypto(0, &[1, 0, 0, 1, 9])), broken("ClientHello: Short"));
    assert_eq!(with(&crypto(0, &[1, 2, 0, 0, 9])), broken("ClientHello: TooLarge"));
}

#[test]
fn a_servers_packet_is_no_clients() {
    let of_server = seal((Version::V1, FIRST), BY_SERVER, b"", 0, &crypto(0, &[2, 0, 0, 1, 9]));
    let (clients, summary) = track(&[of_server]);
    assert_eq!((clients.len(), summary.skipped.get(&Skip::Undecrypted)), (0, Some(&1)));
}
