//! Real clients, recorded (`tests/fixtures/pcap/record.sh` has the commands): what is shown of them stays the same, and another
//! program agrees.

use crate::made::{Side, fixture, fixture_path, raw, read, recorded_opening, shown};
use layerprint::evidence::{Evidence, Facts, Protocol, Reason, RequestNames, TlsSource};
use layerprint::fingerprint::client::{ConnectionPrint, request_order};
use layerprint::fingerprint::tls::TlsPrint;
use layerprint::wire::Progress;
use layerprint::wire::opening::{MAX_OPENING, Parser};
use layerprint_harness::capture::{End, Gap};
use serde_json::Value;
use std::fs;

const RECORDED: [&str; 13] = [
    "aioquic-v1.pcap",
    "aioquic-v2.pcap",
    "chrome-quic.pcap",
    "chrome-tls-cooked-2.pcap",
    "curl-h2c.pcap",
    "curl-h2c.pcapng",
    "curl-http1-v6.pcap",
    "curl-tls-nanoseconds.pcap",
    "openssl.pcap",
    "python-http1-snaplen-96.pcap",
    "python-tls-cooked-1.pcap",
    "refused.pcap",
    "three-interfaces.pcapng",
];

#[test]
fn each_recording_shows_what_was_read_over_when_it_was_made() {
    for name in RECORDED {
        let expected = fs::read_to_string(fixture_path(&format!("{name}.jsonl"))).unwrap();
        let lines: Vec<String> = shown(&fixture(name)).iter().map(Value::to_string).collect();
        assert_eq!(
            lines,
            expected.lines().collect::<Vec<_>>(),
            "{name}: `record.sh expect` if this was meant"
        );
    }
}

#[test]
fn tshark_says_the_same_ja3() {
    let table = String::from_utf8(fixture("tshark-ja3.tsv")).unwrap();
    let mut compared = 0;
    for name in RECORDED {
        let rows = table
            .lines()
            .filter_map(|row| row.strip_prefix(name)?.strip_prefix('\t'));
        let theirs: Vec<_> = rows.map(str::to_owned).collect();
        let ours: Vec<_> = shown(&fixture(name))
            .iter()
            .filter_map(|client| Some(format!("{}\t{}", client["ja3"].as_str()?, client["ja3_raw"].as_str()?)))
            .collect();
        assert_eq!(ours, theirs, "{name}");
        compared += ours.len();
    }
    assert_eq!(compared, table.lines().count());
}

#[test]
fn every_recording_is_read_to_its_end_without_a_skip() {
    for name in RECORDED {
        let (_, report) = read(&fixture(name));
        assert_eq!((report.end, report.summary.skipped_count()), (End::Whole, 0), "{name}");
    }
}

#[test]
fn curls_cleartext_http2_has_its_known_form() {
    let clients = shown(&fixture("curl-h2c.pcap"));
    assert_eq!(clients[0]["http2"], "3:100;4:33554432;2:0|33488897|0|m,p,s,a");
    assert_eq!(clients[0]["http2_md5"], "fd07c74c4990fc43ef9f4b3277cf3cf2");
    assert_eq!(clients[0]["ja4"], Value::Null);
}

#[test]
fn chrome_over_tcp_and_over_quic_differs_in_its_transport_letter() {
    let over_tcp = shown(&fixture("chrome-tls-cooked-2.pcap"));
    let over_quic = shown(&fixture("chrome-quic.pcap"));
    assert_eq!(over_tcp[0]["ja4"], "t13d1516h2_8daaf6152771_d8a2da3f94cd");
    assert!(
        over_quic[0]["ja4"]
            .as_str()
            .unwrap()
            .starts_with("q13i0312h3_55b375c5d22e_")
    );
    assert_eq!(
        (&over_quic[0]["tcp"], &over_quic[0]["http2"]),
        (&Value::Null, &Value::Null)
    );
}

#[test]
fn both_versions_of_quic_show_the_same_client() {
    let mut clients = [shown(&fixture("aioquic-v1.pcap")), shown(&fixture("aioquic-v2.pcap"))];
    for client in clients.iter_mut().flatten() {
        client["src"] = Value::Null;
    }
    assert_eq!(clients[0], clients[1]);
}

#[test]
fn a_snapshot_length_that_cuts_the_head_leaves_the_syn() {
    let (clients, report) = read(&fixture("python-http1-snaplen-96.pcap"));
    assert!(clients[0]["tcp"].is_string());
    assert!(
        clients[0]["lp1"]
            .as_str()
            .unwrap()
            .ends_with("_000000000000_000000000000")
    );
    assert_eq!(report.summary.gaps.get(&Gap::OpeningNotWhole), Some(&1));
}

/// The same bytes through the filter's own fingerprints of a connection, with what Envoy would say of it.
#[test]
fn the_filter_and_the_tool_agree_on_the_http_part() {
    let http1 = b"GET / HTTP/1.1\r\nHost: a\r\nsec-ch-ua: b\r\nX-LayerPrint-Id: forged\r\nCookie: c\r\n\r\n";
    let curl = [":method", ":path", ":scheme", ":authority", "user-agent", "accept"];
    for (bytes, protocol, names) in [
        (recorded_opening("curl-h2c.pcap"), Protocol::Http2, &curl[..]),
        (http1.to_vec(), Protocol::Http11, &[]),
    ] {
        let Progress::Done(opening) = Parser::new(MAX_OPENING).feed(&bytes) else {
            panic!("{protocol:?}")
        };
        let opening = Evidence::Seen(opening);
        let facts = Facts {
            source: Evidence::Missing(Reason::NotProvided),
            peer: Evidence::Missing(Reason::NotProvided),
            protocol: Evidence::Seen(protocol),
            tls_version: Evidence::Missing(Reason::Cleartext),
            sni: Evidence::Missing(Reason::Cleartext),
            ja3: Evidence::Missing(Reason::Cleartext),
            ja4: Evidence::Missing(Reason::Cleartext),
        };
        let fields: Vec<_> = names.iter().map(|name| (*name, &b""[..])).collect();
        let names = RequestNames::new(&fields);
        let order = request_order(&opening, &facts, &names, true);
        let tls = TlsPrint::of(&Evidence::Missing(Reason::Cleartext), TlsSource::FilterState, &facts);
        let filter = ConnectionPrint::freeze(&opening, &facts, tls, &names, &order);

        let mut client = Side::client(1);
        let tool = shown(&raw(&[client.syn(), client.data(&bytes)]));
        let lp1 = tool[0]["lp1"].as_str().unwrap();
        assert!(lp1.ends_with(filter.lp1.http.as_str()), "{lp1} {}", filter.lp1);
        assert_eq!(tool[0]["http2"].as_str(), filter.http2.seen().map(|print| &*print.form));
    }
}
