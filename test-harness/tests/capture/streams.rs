//! However a client's first bytes arrive, they are the same bytes; and whoever the client is, it is told from what there is.

use crate::made::{ACK, FIN, RST, SYN, Side, raw, read, recorded_opening, shown};
use layerprint_harness::capture::Gap;
use serde_json::Value;

const HEAD: &[u8] = b"GET / HTTP/1.1\r\nHost: a.example\r\nUser-Agent: test\r\nAccept: */*\r\n\r\n";

/// SYN, then the opening in segments of `size` bytes.
fn connection(initial: u32, opening: &[u8], size: usize) -> (Vec<u8>, Vec<Vec<u8>>) {
    let mut client = Side::client(initial);
    let syn = client.syn();
    (syn, opening.chunks(size).map(|piece| client.data(piece)).collect())
}

fn whole(opening: &[u8]) -> Vec<Value> {
    let (syn, segments) = connection(1_000, opening, opening.len());
    let clients = shown(&raw(&[vec![syn], segments].concat()));
    assert_eq!(clients.len(), 1);
    clients
}

fn http_part(client: &Value) -> String {
    let lp1 = client["lp1"].as_str().unwrap();
    lp1.rsplit('_').next().unwrap().to_owned()
}

fn openings() -> [Vec<u8>; 4] {
    [
        recorded_opening("openssl.pcap"),
        recorded_opening("curl-tls-nanoseconds.pcap"),
        recorded_opening("curl-h2c.pcap"),
        HEAD.to_vec(),
    ]
}

#[test]
fn segments_of_any_size_show_the_same_client() {
    for opening in openings() {
        let expected = whole(&opening);
        for size in 1..opening.len() {
            let (syn, segments) = connection(1_000, &opening, size);
            assert_eq!(shown(&raw(&[vec![syn], segments].concat())), expected, "{size}");
        }
    }
}

#[test]
fn segments_in_any_order_and_twice_show_the_same_client() {
    for opening in openings() {
        let expected = whole(&opening);
        let (syn, segments) = connection(1_000, &opening, opening.len().div_ceil(4));
        for shuffle in 0..4_usize.pow(4) {
            let order: Vec<_> = (0..4).map(|n| segments[shuffle / 4_usize.pow(n) % 4].clone()).collect();
            let packets = [vec![syn.clone()], order, segments.clone()].concat();
            assert_eq!(shown(&raw(&packets)), expected, "{shuffle}");
        }
    }
}

#[test]
fn sequence_numbers_may_wrap_around_at_any_byte() {
    let opening = recorded_opening("openssl.pcap");
    let expected = whole(&opening);
    for back in 1..opening.len() as u32 + 2 {
        let (syn, mut segments) = connection(0_u32.wrapping_sub(back), &opening, 50);
        segments.reverse();
        assert_eq!(shown(&raw(&[vec![syn], segments].concat())), expected, "{back}");
    }
}

#[test]
fn where_segments_overlap_the_first_to_arrive_wins() {
    let (syn, _) = connection(1_000, HEAD, 1);
    let client = Side::client(1_000);
    let at = |offset: usize, bytes: &[u8]| client.at(1_001 + offset as u32, 1, ACK, bytes);
    let target = HEAD.windows(4).position(|window| window == b"Host").unwrap();
    let forged = [b"X", &HEAD[target + 1..]].concat();
    let true_first = [
        syn.clone(),
        at(target, &HEAD[target..]),
        at(target, &forged),
        at(0, &HEAD[..target]),
    ];
    let forged_first = [
        syn,
        at(target, &forged),
        at(target, &HEAD[target..]),
        at(0, &HEAD[..target]),
    ];
    assert_eq!(shown(&raw(&true_first)), whole(HEAD));
    assert_ne!(shown(&raw(&forged_first)), whole(HEAD));
}

#[test]
fn a_hole_that_is_never_filled_leaves_the_opening_unseen() {
    let (syn, mut segments) = connection(0, HEAD, 10);
    segments.remove(2);
    let (clients, report) = read(&raw(&[vec![syn], segments].concat()));
    assert!(clients[0]["tcp"].is_string());
    assert_eq!(http_part(&clients[0]), "000000000000");
    assert_eq!(report.summary.gaps[&Gap::OpeningNotWhole], 1);
}

#[test]
fn the_client_is_the_side_that_sent_the_syn_whatever_its_port() {
    let mut server = Side::server(7);
    let mut packets = vec![server.syn(), Side::client(1).send(SYN | ACK, 8, &[])];
    packets.push(server.data(HEAD));
    let clients = shown(&raw(&packets));
    assert_eq!(
        (&clients[0]["src"], &clients[0]["dst"]),
        (&"192.0.2.2:80".into(), &"192.0.2.1:40000".into())
    );
}

#[test]
fn without_the_syn_the_answer_to_it_tells_the_client() {
    let mut server = Side::server(500);
    let (_, segments) = connection(1_000, HEAD, 10);
    let answer = server.send(SYN | ACK, 1_001, &[]);
    let (clients, report) = read(&raw(&[vec![answer], segments].concat()));
    assert_eq!(
        (clients[0]["src"].as_str(), &clients[0]["tcp"]),
        (Some("192.0.2.1:40000"), &Value::Null)
    );
    assert_eq!(
        clients[0]["lp1_r"],
        whole(HEAD)[0]["lp1_r"]
            .as_str()
            .unwrap()
            .replace(tcp_text().as_str(), "-")
    );
    assert_eq!(report.summary.gaps[&Gap::NoSyn], 1);
}

/// The canonical text of the SYN that [`Side`] sends.
fn tcp_text() -> String {
    let text = whole(HEAD)[0]["lp1_r"].as_str().unwrap().to_owned();
    text.split('_').next().unwrap().to_owned()
}

#[test]
fn without_a_handshake_the_side_with_an_opening_is_the_client() {
    for opening in openings() {
        let mut server = Side::server(500);
        let (_, segments) = connection(1_000, &opening, 20);
        let mut packets = vec![server.data(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")];
        packets.extend(segments.clone());
        let (clients, report) = read(&raw(&packets));
        assert_eq!(clients[0]["src"], "192.0.2.1:40000");
        for key in ["ja4", "http2"] {
            assert_eq!(clients[0][key], whole(&opening)[0][key]);
        }
        assert_eq!(
            (&clients[0]["tcp"], report.summary.gaps[&Gap::NoSyn]),
            (&Value::Null, 1)
        );
        packets.swap(0, 1);
        packets.swap(2, 3);
        assert_eq!(shown(&raw(&packets)), clients, "out of order");
    }
}

#[test]
fn the_middle_of_a_connection_is_not_shown_and_counted() {
    let (mut client, mut server) = (Side::client(5), Side::server(6));
    let mut packets = Vec::new();
    for _ in 0..20 {
        packets.push(client.data(&[0x17, 3, 3, 0, 1, 0xee]));
        packets.push(server.data(&[0x17, 3, 3, 0, 1, 0xee]));
    }
    packets.push(client.data(HEAD));
    let (clients, report) = read(&raw(&packets));
    assert_eq!((clients.len(), report.summary.gaps[&Gap::NoClient]), (0, 1));
    assert_eq!(report.summary.gaps.len(), 1);
}

#[test]
fn a_port_used_again_is_another_client() {
    let (syn, segments) = connection(1_000, HEAD, 1_000);
    let (again, more) = connection(900_000, HEAD, 1_000);
    let once = [vec![syn], segments].concat();
    let twice = [once.clone(), vec![again], more].concat();
    assert_eq!(shown(&raw(&twice)).len(), 2);
    assert_eq!(
        shown(&raw(&[once.clone(), once].concat())).len(),
        1,
        "a copy of the same packets is not"
    );
}

#[test]
fn a_second_request_on_a_connection_is_not_another_client() {
    let (syn, segments) = connection(1_000, &[HEAD, HEAD, HEAD].concat(), 30);
    assert_eq!(shown(&raw(&[vec![syn], segments].concat())), whole(HEAD));
}

#[test]
fn data_in_the_syn_is_the_begin_of_the_stream() {
    let mut client = Side::client(1_000);
    let packets = [client.send(SYN, 0, &HEAD[..20]), client.data(&HEAD[20..])];
    let clients = shown(&raw(&packets));
    assert_eq!(http_part(&clients[0]), http_part(&whole(HEAD)[0]));
}

#[test]
fn a_connection_that_ends_early_says_what_it_lacks() {
    let ending = |flags: u8, sent: &[u8]| {
        let mut client = Side::client(1);
        let packets = [client.syn(), client.data(sent), client.send(flags, 1, &[])];
        let (clients, report) = read(&raw(&packets));
        assert_eq!(clients.len(), 1);
        report.summary.gaps.into_keys().collect::<Vec<_>>()
    };
    assert_eq!(ending(RST, &[]), [Gap::NoData]);
    assert_eq!(ending(FIN | ACK, &[]), [Gap::NoData]);
    assert_eq!(ending(FIN | ACK, &HEAD[..20]), [Gap::OpeningNotWhole]);
    assert_eq!(ending(FIN | ACK, HEAD), []);
    assert_eq!(ending(ACK, b"\0\0"), [Gap::OtherProtocol]);
    let broken = "HTTP/1 head: RequestLine".to_owned();
    assert_eq!(ending(ACK, b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), [Gap::Broken(broken)]);
}

#[test]
fn many_connections_side_by_side_are_shown_in_the_order_of_their_first_packets() {
    let mut clients: Vec<Side> = (0..100)
        .map(|n| Side {
            port: 1_000 + n,
            ..Side::client(n.into())
        })
        .collect();
    let mut packets: Vec<_> = clients.iter_mut().map(Side::syn).collect();
    packets.extend(clients.iter_mut().rev().map(|client| client.data(&HEAD[..30])));
    packets.extend(clients.iter_mut().skip(1).rev().map(|client| client.data(&HEAD[30..])));
    let sources: Vec<_> = shown(&raw(&packets))
        .iter()
        .map(|client| client["src"].to_string())
        .collect();
    let expected: Vec<_> = (0..100).map(|n| format!("\"192.0.2.1:{}\"", 1_000 + n)).collect();
    assert_eq!(sources, expected);
}
