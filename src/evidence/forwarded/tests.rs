//! Requests on their ways through trusted proxies, and through others.

use super::*;
use proptest::collection::vec;
use proptest::prelude::*;

/// The peer is a load balancer at 10.0.0.9.
fn balancer() -> Evidence<SourceAddress> {
    peer("10.0.0.9:4000")
}

fn peer(text: &str) -> Evidence<SourceAddress> {
    Evidence::Seen(SourceAddress::parse(text.as_bytes()).unwrap())
}

fn trust(hops: u8) -> Trust {
    Trust {
        hops,
        peer_entry: PeerEntry::Absent,
    }
}

/// This Envoy has added its peer, the load balancer.
fn trust_and_own(hops: u8) -> Trust {
    Trust {
        hops,
        peer_entry: PeerEntry::Appended,
    }
}

/// The client in short (`192.0.2.7 forwarded`, or the reason it is missing), and how many entries were only claimed.
fn read(lines: &[&str], peer: &Evidence<SourceAddress>, trust: Trust) -> (String, u8) {
    let lines: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
    let Forwarded { client, claimed } = Forwarded::read(&lines, peer, trust);
    let client = match client {
        Evidence::Seen(ClientAddress { ip, found }) => format!("{ip} {}", found.as_str()),
        absent => absent.state().to_owned(),
    };
    (client, claimed)
}

fn client(line: &str, hops: u8) -> String {
    read(&[line], &balancer(), trust(hops)).0
}

#[test]
fn with_nobody_trusted_the_peer_is_the_client_whatever_the_header_says() {
    for (line, claimed) in [("6.6.6.6", 1), ("6.6.6.6, 7.7.7.7", 2), ("", 0), ("garbage,,\u{1}", 2)] {
        assert_eq!(
            read(&[line], &balancer(), trust(0)),
            ("10.0.0.9 peer".to_owned(), claimed),
            "{line}"
        );
    }
    assert_eq!(read(&[], &balancer(), trust(0)), ("10.0.0.9 peer".to_owned(), 0));
    let unix = peer("/run/envoy.sock");
    assert_eq!(read(&["6.6.6.6"], &unix, trust(0)).0, "other-protocol");
    let unread = Evidence::Missing(Reason::ProxyFailure);
    assert_eq!(read(&["6.6.6.6"], &unread, trust(0)).0, "proxy-failure");
}

#[test]
fn a_trusted_proxy_names_the_client_and_forged_entries_stay_claims() {
    assert_eq!(
        read(&["192.0.2.7"], &balancer(), trust(1)),
        ("192.0.2.7 forwarded".to_owned(), 0)
    );
    assert_eq!(
        read(&["6.6.6.6, 7.7.7.7, 192.0.2.7"], &balancer(), trust(1)),
        ("192.0.2.7 forwarded".to_owned(), 2)
    );
    assert_eq!(
        read(&["6.6.6.6, 192.0.2.7, 10.0.0.8"], &balancer(), trust(2)),
        ("192.0.2.7 forwarded".to_owned(), 1)
    );
}

#[test]
fn several_headers_are_one_list_in_their_order() {
    let one = read(&["6.6.6.6,7.7.7.7,192.0.2.7,10.0.0.8"], &balancer(), trust(2));
    for lines in [
        &["6.6.6.6", "7.7.7.7", "192.0.2.7", "10.0.0.8"][..],
        &["6.6.6.6,7.7.7.7", "192.0.2.7,10.0.0.8"],
        &["6.6.6.6, 7.7.7.7 ,\t192.0.2.7", " 10.0.0.8\t"],
    ] {
        assert_eq!(read(lines, &balancer(), trust(2)), one, "{lines:?}");
    }
}

#[test]
fn an_entry_may_have_a_port_brackets_and_a_scope_id() {
    for (entry, ip) in [
        ("192.0.2.7:4000", "192.0.2.7"),
        ("2001:DB8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:4000", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        (" \t 192.0.2.7 \t", "192.0.2.7"),
    ] {
        assert_eq!(client(entry, 1), format!("{ip} forwarded"), "{entry:?}");
    }
}

#[test]
fn a_trusted_entry_that_is_no_address_leaves_no_address() {
    for entry in [
        "",
        " ",
        "a",
        "localhost",
        "1.2.3",
        "192.0.2.256",
        "192.0.2.7 10.0.0.1",
        "\"192.0.2.7\"",
        "for=192.0.2.7",
        "192.0.2.7;",
        "_",
        "_a b",
        "\u{a0}192.0.2.7",
        "192.0.2.7\u{b}",
    ] {
        let line = format!("6.6.6.6, {entry}");
        assert_eq!(
            read(&[&line], &balancer(), trust(1)),
            ("malformed".to_owned(), 1),
            "{entry:?}"
        );
        // Nor one further in, though the client's own stands where it should.
        let line = format!("6.6.6.6, 192.0.2.7, {entry}");
        assert_eq!(client(&line, 2), "malformed", "{entry:?}");
    }
    assert_eq!(
        Forwarded::read(&[b"\xff"], &balancer(), trust(1)).client.state(),
        "malformed"
    );
}

#[test]
fn a_proxy_that_hides_the_client_leaves_no_address() {
    for entry in ["unknown", "Unknown", "_hidden", "_a-b.c_1"] {
        let line = format!("6.6.6.6, {entry}");
        assert_eq!(client(&line, 1), "not-provided", "{entry}");
        // A hidden hop further in hides itself only.
        let line = format!("6.6.6.6, 192.0.2.7, {entry}");
        assert_eq!(client(&line, 2), "192.0.2.7 forwarded", "{entry}");
    }
}

#[test]
fn fewer_entries_than_trusted_proxies_leave_no_address() {
    assert_eq!(read(&[], &balancer(), trust(1)), ("not-provided".to_owned(), 0));
    assert_eq!(client("192.0.2.7", 2), "not-provided");
    assert_eq!(client("192.0.2.7", MAX_TRUSTED_HOPS), "not-provided");
}

#[test]
fn an_empty_entry_that_a_proxy_added_is_an_entry() {
    // Were it passed over, the client's own would be trusted.
    assert_eq!(client("6.6.6.6, , 10.0.0.8", 2), "malformed");
    assert_eq!(client("6.6.6.6,", 1), "malformed");
    assert_eq!(read(&["6.6.6.6", ""], &balancer(), trust(1)).0, "malformed");
}

#[test]
fn envoys_own_entry_is_no_hop_and_has_to_be_the_peers() {
    let (line, own) = ("6.6.6.6, 192.0.2.7, 10.0.0.9", balancer());
    assert_eq!(
        read(&[line], &own, trust_and_own(1)),
        ("192.0.2.7 forwarded".to_owned(), 1)
    );
    assert_eq!(read(&[line], &own, trust_and_own(0)), ("10.0.0.9 peer".to_owned(), 2));
    let mapped = peer("[::ffff:10.0.0.9]:4000");
    assert_eq!(read(&[line], &mapped, trust_and_own(1)).0, "192.0.2.7 forwarded");
    // It says that Envoy adds its peer, and Envoy does not: a client could choose the entry that is then believed.
    let line = "6.6.6.6, 192.0.2.7";
    assert_eq!(read(&[line], &own, trust_and_own(1)), ("malformed".to_owned(), 0));
    assert_eq!(read(&[line], &own, trust_and_own(0)), ("10.0.0.9 peer".to_owned(), 2));
    assert_eq!(read(&[], &own, trust_and_own(1)).0, "not-provided");
}

#[test]
fn envoys_own_entry_is_taken_as_it_is_where_the_peer_cannot_tell() {
    // For a loopback peer Envoy writes its own address; without the connection role the peer is not known.
    let line = "6.6.6.6, 192.0.2.7, 172.17.0.2";
    for unknown in [peer("127.0.0.1:4000"), peer("[::1]:4000"), Evidence::Pending] {
        assert_eq!(
            read(&[line], &unknown, trust_and_own(1)),
            ("192.0.2.7 forwarded".to_owned(), 1),
            "{unknown:?}"
        );
    }
    // A Unix socket has no address to add.
    let unix = peer("/run/envoy.sock");
    assert_eq!(
        read(&["6.6.6.6, 192.0.2.7"], &unix, trust_and_own(1)),
        ("192.0.2.7 forwarded".to_owned(), 1)
    );
}

#[test]
fn claims_are_counted_up_to_their_bound() {
    let claimed = |line: &str| read(&[line], &balancer(), trust(1)).1;
    for count in [0, 1, 62, 63] {
        let line = format!("{}192.0.2.7", "a,".repeat(count));
        assert_eq!(usize::from(claimed(&line)), count);
    }
    for line in [
        format!("{}192.0.2.7", "a,".repeat(64)),
        format!("{}192.0.2.7", "a,".repeat(1_000)),
        format!("{}, 192.0.2.7", "a".repeat(MAX_SCANNED)),
        format!("{} 192.0.2.7", ",".repeat(MAX_SCANNED)),
    ] {
        assert_eq!(claimed(&line), MAX_HOPS);
    }
    assert_eq!(claimed(", , ,\t, 192.0.2.7"), 0);
}

#[test]
fn trusted_entries_have_to_stand_within_the_bound() {
    let padded = |spaces: usize| format!("192.0.2.7{},10.0.0.8", " ".repeat(spaces));
    // Two entries of 9 and 8 bytes, each with its comma or line end.
    let most = MAX_SCANNED - 19;
    assert_eq!(client(&padded(most), 2), "192.0.2.7 forwarded");
    assert_eq!(client(&padded(most + 1), 2), "too-large");
    let split = |spaces: usize| [format!("192.0.2.7{}", " ".repeat(spaces)), "10.0.0.8".to_owned()];
    for (spaces, expected) in [(most, "192.0.2.7 forwarded"), (most + 1, "too-large")] {
        let lines = split(spaces);
        assert_eq!(read(&[&lines[0], &lines[1]], &balancer(), trust(2)).0, expected);
    }
    let longest = ["ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%interface-name0"; 16].join(", ");
    assert!(longest.len() < 1_200 && client(&longest, 16).ends_with(" forwarded"));
}

/// What a trusted proxy adds.
fn entry() -> impl Strategy<Value = String> {
    let ip = prop_oneof![
        any::<[u8; 4]>().prop_map(|ip| IpAddr::from(ip).to_string()),
        any::<[u16; 8]>().prop_map(|ip| IpAddr::from(ip).to_string()),
    ];
    (ip, 0..3_u8).prop_map(|(ip, form)| match (form, ip.contains(':')) {
        (0, _) => ip,
        (1, true) => format!("[{ip}]"),
        (_, true) => format!("[{ip}]:443"),
        (_, false) => format!("{ip}:443"),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn forged_entries_never_shift_the_address(
        trusted in vec(entry(), 1..6),
        forged in vec(vec(any::<u8>(), 0..40), 0..9),
        more in vec(entry(), 0..200),
        own in any::<bool>(),
        comma in any::<bool>(),
    ) {
        let hops = u8::try_from(trusted.len()).unwrap();
        let (trust, end) = if own { (trust_and_own(hops), ", 10.0.0.9") } else { (trust(hops), "") };
        let honest = trusted.join(", ") + end;
        let expected = Forwarded::read(&[honest.as_bytes()], &balancer(), trust).client;
        prop_assert!(expected.seen().is_some(), "{honest}: {expected:?}");
        // The proxies join what the client sent, or let its headers stand and add one.
        let many = more.join(",");
        let mut lines: Vec<&[u8]> = forged.iter().map(Vec::as_slice).chain([many.as_bytes()]).collect();
        let joined = [many.as_bytes(), b", ", honest.as_bytes()].concat();
        lines.push(if comma { &joined } else { honest.as_bytes() });
        prop_assert_eq!(&Forwarded::read(&lines, &balancer(), trust).client, &expected);
    }
}
