//! What lies below TLS, as the probe or another agent hands it over. Natively: the real probe's part in it is proved in `layer4`.

use super::native::{Proxy, plugin};
use super::scenario::Fields;
use layerprint::proxy::connection::ConnectionRole;
use layerprint::proxy::plugin::{Plugin, Role, Shared};
use layerprint::proxy::request::Outcome;
use layerprint_harness::repo;
use serde_json::{Value, json};
use std::rc::Rc;
use std::time::Duration;

const SIGNATURE: &str = "4:64+0:0:1460:mss*44,10:mss,sok,ts,nop,ws:df,id+:0";

fn fixture(name: &str) -> Vec<u8> {
    let path = repo::root().join("tests/fixtures/syn").join(name);
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let digits: String = lines.collect();
    digits.into_bytes()
}

fn raw(hex: &[u8]) -> Vec<u8> {
    let digit = |digit: u8| u8::try_from(char::from(digit).to_digit(16).unwrap()).unwrap();
    hex.chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

/// A connection with this filter state; its first bytes come `tick` after it was accepted.
fn proxy(state: &[(&str, &[u8])], tls: bool, tick: Duration) -> Proxy {
    let proxy = Proxy::cleartext("HTTP/1.1");
    proxy.tick.set(tick);
    // Where the recorded SYNs come from.
    proxy.set(&["source", "address"], b"10.77.0.1:4000");
    if tls {
        proxy.set(&["connection", "tls_version"], b"TLSv1.3");
    }
    for (key, value) in state {
        proxy.set(&["filter_state", key], value);
    }
    proxy
}

/// The line of its first request, and the TCP signature that the upstream is told.
fn seen(proxy: &Proxy) -> (Value, Option<String>) {
    let plugin = plugin(proxy, "{}");
    let mut connection = ConnectionRole::new(Rc::clone(&plugin));
    connection.on_new_connection(proxy);
    proxy.receive(&mut connection, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let request: Fields = vec![(":method".to_owned(), b"GET".to_vec())];
    assert_eq!(proxy.request(&plugin, &request), Outcome::Continue);
    let headers = proxy.headers.borrow();
    let tcp = headers.iter().find(|(name, _)| name == "x-layerprint-tcp");
    (
        proxy.line(),
        tcp.map(|(_, value)| String::from_utf8(value.clone()).unwrap()),
    )
}

const AT_ONCE: Duration = Duration::ZERO;

#[test]
fn a_syn_is_named_in_the_header_and_in_the_combined_fingerprint() {
    let hex = fixture("linux-v4.hex");
    for value in [raw(&hex), hex.clone(), hex.to_ascii_uppercase()] {
        let (line, header) = seen(&proxy(&[("layerprint.tcp.syn", &value)], false, AT_ONCE));
        assert_eq!(header.as_deref(), Some(SIGNATURE));
        assert_eq!(line["tcp"], SIGNATURE);
        assert_eq!((&line["hops"], &line["mss_class"]), (&json!(0), &json!("ethernet")));
        assert_eq!((&line["os"], &line["os_kind"]), (&json!("linux"), &json!("os")));
        assert_eq!(line["agreement"], "clean", "both layers were seen");
        let parts: Vec<_> = line["id"].as_str().unwrap().split('_').collect();
        assert!(parts[1] != "000000000000" && parts[3] != "000000000000", "{parts:?}");
    }
}

#[test]
fn without_a_syn_the_reason_is_said_and_nothing_is_held_against_the_client() {
    let (line, header) = seen(&proxy(&[], false, AT_ONCE));
    assert_eq!((&line["missing"]["tcp"], header), (&json!("no-probe"), None));
    assert_eq!(line["agreement"], "partial");
    let (line, _) = seen(&proxy(
        &[
            ("layerprint.tcp.origin", b"proxy-protocol"),
            ("layerprint.tcp.rtt_ms", b"3"),
        ],
        false,
        AT_ONCE,
    ));
    assert_eq!(line["missing"]["tcp"], "relayed");
    assert_eq!(line["missing"]["rtt_us"], "relayed", "it is the balancer's");
}

/// It is that of a balancer, or of nobody known: no evidence of this client.
#[test]
fn the_syn_of_another_address_is_not_the_clients() {
    let syn = raw(&fixture("linux-v4.hex"));
    let state: [(&str, &[u8]); 2] = [("layerprint.tcp.syn", &syn), ("layerprint.tcp.rtt_us", b"9")];
    let relayed = proxy(&state, false, AT_ONCE);
    relayed.set(&["source", "address"], b"10.77.0.9:4000");
    let (line, header) = seen(&relayed);
    assert_eq!((&line["missing"]["tcp"], header), (&json!("relayed"), None));
    assert_eq!(line["missing"]["rtt_us"], "relayed");
    let mapped = proxy(&state, false, AT_ONCE);
    mapped.set(&["source", "address"], b"[::ffff:10.77.0.1]:4000");
    assert_eq!(seen(&mapped).0["os"], "linux");
    let unnamed = proxy(&state, false, AT_ONCE);
    unnamed.set(&["source", "address"], b"/run/envoy.sock");
    assert_eq!(
        seen(&unnamed).0["os"],
        "linux",
        "a socket has no address to hold it against"
    );
}

/// A proxy in front hands the client's SYN over, and names the client.
#[test]
fn the_syn_of_the_client_that_a_trusted_proxy_names_is_the_clients() {
    let syn = raw(&fixture("linux-v4.hex"));
    let with = |configuration: &str| {
        let proxy = proxy(&[("layerprint.tcp.syn", &syn)], false, AT_ONCE);
        proxy.set(&["source", "address"], b"10.77.0.9:4000");
        let plugin = plugin(&proxy, configuration);
        let request: Fields = [(":method", "GET"), ("x-forwarded-for", "6.6.6.6, 10.77.0.1")]
            .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
            .to_vec();
        assert_eq!(proxy.request(&plugin, &request), Outcome::Continue);
        proxy.line()
    };
    let line = with(
        r#"{"forwarded": {"trusted_hops": 1, "peer_appended": false},
            "networks": [{"tag": "mobile", "cidrs": ["10.77.0.0/16"]}, {"tag": "office", "cidrs": ["10.77.0.1/32"]}]}"#,
    );
    assert_eq!(
        (&line["client"], &line["client_found"]),
        (&json!("10.77.0.1"), &json!("forwarded"))
    );
    assert_eq!((&line["claimed_hops"], &line["os"]), (&json!(1), &json!("linux")));
    assert_eq!(line["networks"], json!(["mobile", "office"]));
    let line = with("{}");
    assert_eq!(
        (&line["client"], &line["client_found"]),
        (&json!("10.77.0.9"), &json!("peer"))
    );
    assert_eq!(
        (&line["claimed_hops"], &line["missing"]["tcp"]),
        (&json!(2), &json!("relayed"))
    );
    assert_eq!(line["networks"], json!([]));
}

/// What a trusted proxy's own connection shows is the proxy's, whichever client it speaks for; and which client of several a SYN
/// belongs to is asked anew with each request.
#[test]
fn behind_a_trusted_proxy_only_the_named_clients_own_syn_counts() {
    let syn = raw(&fixture("linux-v4.hex"));
    let state: [(&str, &[u8]); 2] = [("layerprint.tcp.syn", &syn), ("layerprint.tcp.rtt_us", b"700")];
    let of = |peer: &[u8], state: &[(&str, &[u8])], clients: &[&str]| -> Vec<(Value, Option<String>)> {
        let proxy = proxy(state, true, AT_ONCE);
        proxy.set(&["source", "address"], peer);
        let plugin = plugin(&proxy, r#"{"forwarded": {"trusted_hops": 1, "peer_appended": false}}"#);
        let request = |client: &&str| {
            let request: Fields = vec![("x-forwarded-for".to_owned(), client.as_bytes().to_vec())];
            assert_eq!(proxy.request(&plugin, &request), Outcome::Continue);
            let headers = proxy.headers.borrow();
            let tcp = headers.iter().find(|(name, _)| name == "x-layerprint-tcp");
            let tcp = tcp.map(|(_, value)| String::from_utf8(value.clone()).unwrap());
            (proxy.line(), tcp)
        };
        clients.iter().map(request).collect()
    };
    let relayed = |(line, header): &(Value, Option<String>)| {
        assert_eq!((&line["missing"]["tcp"], header), (&json!("relayed"), &None), "{line}");
        assert_eq!(
            (&line["missing"]["os"], &line["missing"]["rtt_us"]),
            (&json!("relayed"), &json!("relayed"))
        );
        assert!(line["id"].as_str().unwrap().starts_with("lp1_000000000000_"), "{line}");
    };
    let own = |(line, header): &(Value, Option<String>)| {
        assert_eq!(
            (&line["os"], header.as_deref()),
            (&json!("linux"), Some(SIGNATURE)),
            "{line}"
        );
        assert_eq!(line["rtt_us"], 700);
    };
    // The SYN is the proxy's.
    relayed(&of(b"10.77.0.1:4000", &state, &["203.0.113.5"])[0]);
    // No SYN at all: the time is the proxy's.
    let without_syn = [("layerprint.tcp.rtt_ms", b"3".as_slice())];
    assert_eq!(
        of(b"10.77.0.9:4000", &without_syn, &["203.0.113.5"])[0].0["missing"]["rtt_us"],
        "relayed"
    );
    // One connection, several clients: the SYN is that of one of them.
    let seen = of(
        b"10.77.0.9:4000",
        &state,
        &["10.77.0.1", "203.0.113.5", "10.77.0.1", "unknown"],
    );
    own(&seen[0]);
    relayed(&seen[1]);
    own(&seen[2]);
    relayed(&seen[3]);
}

/// The SYN that a balancer hands over is the client's; what Envoy measures beside it is the way to the balancer.
#[test]
fn the_proxys_time_is_not_the_clients_when_the_connection_is_a_balancers() {
    let syn = raw(&fixture("linux-v4.hex"));
    let (line, _) = seen(&proxy(
        &[
            ("layerprint.tcp.syn", &syn),
            ("layerprint.tcp.origin", b"proxy-protocol"),
            ("layerprint.tcp.rtt_ms", b"3"),
        ],
        true,
        AT_ONCE,
    ));
    assert_eq!(
        (&line["os"], &line["missing"]["rtt_us"]),
        (&json!("linux"), &json!("relayed"))
    );
}

/// Envoy shows what a header says as the source, with port 0, where nobody saw the connection itself.
#[test]
fn without_the_connection_role_an_address_from_a_header_is_not_the_peer() {
    let syn = raw(&fixture("linux-v4.hex"));
    let proxy = proxy(&[("layerprint.tcp.syn", &syn)], false, AT_ONCE);
    proxy.set(&["source", "address"], b"6.6.6.6:0");
    let plugin = plugin(&proxy, "{}");
    let request: Fields = vec![(":method".to_owned(), b"GET".to_vec())];
    assert_eq!(proxy.request(&plugin, &request), Outcome::Continue);
    let line = proxy.line();
    assert_eq!(
        (&line["os"], &line["missing"]["client"]),
        (&json!("linux"), &json!("no-connection-role"))
    );
}

fn hello() -> Vec<u8> {
    std::fs::read(repo::root().join("tests/fixtures/tls/curl.bin")).unwrap()
}

/// A ClientHello through an open TLS connection, or to a port that expects none, is no connection that is passed on.
#[test]
fn a_hello_that_nobody_passes_on_comes_to_nothing() {
    for (inside_tls, unopened) in [(true, 0), (false, 1)] {
        let proxy = proxy(&[], inside_tls, AT_ONCE);
        let plugin = plugin(&proxy, "{}");
        let mut role = ConnectionRole::new(Rc::clone(&plugin));
        role.on_new_connection(&proxy);
        proxy.receive(&mut role, &hello());
        role.on_close(&proxy);
        assert_eq!(proxy.counter_of("layerprint.connections_passthrough"), unopened);
        assert_eq!(proxy.counter_of("layerprint.connections_without_request"), 1);
        assert!(plugin.shared.connections.is_empty());
    }
}

#[test]
fn a_client_that_closes_its_side_without_a_byte_is_silent() {
    let proxy = proxy(&[], false, AT_ONCE);
    let plugin = plugin(&proxy, "{}");
    let mut role = ConnectionRole::new(Rc::clone(&plugin));
    role.on_new_connection(&proxy);
    proxy.receive(&mut role, b"");
    role.on_close(&proxy);
    assert_eq!(proxy.counter_of("layerprint.connections_silent"), 1);
}

/// Where the request role runs in another VM, nobody here knows which connections bring requests.
#[test]
fn without_a_request_role_in_the_vm_no_connection_is_said_to_bring_none() {
    let proxy = proxy(&[], false, AT_ONCE);
    let plugin = Rc::new(Plugin::configure(&proxy, Role::Connection, Shared::default(), b"{}").unwrap());
    let mut role = ConnectionRole::new(Rc::clone(&plugin));
    role.on_new_connection(&proxy);
    proxy.receive(&mut role, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    role.on_close(&proxy);
    assert_eq!(proxy.counter_of("layerprint.connections_without_request"), 0);
    assert!(plugin.shared.connections.is_empty());
}

/// A source that opens connections and does nothing with them shows in the line of its next request.
#[test]
fn connections_that_come_to_nothing_are_remembered_for_their_source() {
    let proxy = proxy(
        &[("layerprint.tls.ja4", b"t13d1516h2_8daaf6152771_e5627efa2ab1")],
        true,
        AT_ONCE,
    );
    let plugin = plugin(&proxy, "{}");
    let connect = |id: u64| {
        proxy.set(&["connection", "id"], &id.to_le_bytes());
        let mut role = ConnectionRole::new(Rc::clone(&plugin));
        role.on_new_connection(&proxy);
        role
    };
    for id in 0..3 {
        connect(id).on_close(&proxy);
    }
    let mut spoke = connect(3);
    proxy.receive(&mut spoke, b"GET /");
    spoke.on_close(&proxy);
    let mut last = connect(4);
    proxy.receive(&mut last, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let request: Fields = vec![(":method".to_owned(), b"GET".to_vec())];
    assert_eq!(proxy.request(&plugin, &request), Outcome::Continue);
    last.on_close(&proxy);
    let line = proxy.line();
    assert_eq!(line["source_connections"], 5);
    assert_eq!(
        (&line["source_without_request"], &line["source_unfinished"]),
        (&json!(4), &json!(3))
    );
    assert_eq!(proxy.counter_of("layerprint.handshakes_unfinished"), 3);
    assert_eq!(proxy.counter_of("layerprint.connections_without_request"), 4);
    assert_eq!(proxy.counter_of("layerprint.connections_silent"), 0);
    let by_tls = |name: &str| proxy.counter_of(&format!("layerprint.{name}_by_tls.version.13.alpn.h2"));
    assert_eq!((by_tls("connections"), by_tls("connections_without_request")), (1, 4));
}

#[test]
fn no_syn_that_is_cut_or_lies_gives_a_fingerprint_or_a_panic() {
    let hex = fixture("linux-v4.hex");
    let whole = raw(&hex);
    let mut values: Vec<_> = (1..whole.len()).map(|n| whole[..n].to_vec()).collect();
    values.extend((1..hex.len()).map(|n| hex[..n].to_vec()));
    let mut zero_length = whole.clone();
    zero_length[41] = 0;
    values.extend([zero_length, b"4 5".to_vec(), vec![0xff; 60]]);
    for value in values {
        let (line, header) = seen(&proxy(&[("layerprint.tcp.syn", &value)], false, AT_ONCE));
        assert_eq!(
            (&line["missing"]["tcp"], header),
            (&json!("malformed"), None),
            "{value:02x?}"
        );
    }
    let (line, _) = seen(&proxy(&[("layerprint.tcp.syn", &[0x45; 4_000])], false, AT_ONCE));
    assert_eq!(line["missing"]["tcp"], "too-large");
}

#[test]
fn the_round_trip_time_is_the_probes_before_the_proxys() {
    let rtt = |state: &[(&str, &[u8])]| seen(&proxy(state, true, AT_ONCE)).0;
    let both = rtt(&[("layerprint.tcp.rtt_us", b"1234"), ("layerprint.tcp.rtt_ms", b"9")]);
    assert_eq!((&both["rtt_us"], &both["rtt_source"]), (&json!(1_234), &json!("probe")));
    let proxys = rtt(&[("layerprint.tcp.rtt_ms", b"9")]);
    assert_eq!(
        (&proxys["rtt_us"], &proxys["rtt_source"]),
        (&json!(9_000), &json!("proxy"))
    );
    let broken = rtt(&[("layerprint.tcp.rtt_us", b"-1"), ("layerprint.tcp.rtt_ms", b"9")]);
    assert_eq!(broken["missing"]["rtt_us"], "malformed", "no other takes its place");
    let unmeasured = rtt(&[("layerprint.tcp.rtt_ms", b"0")]);
    assert_eq!(
        unmeasured["missing"]["rtt_us"], "not-provided",
        "the proxy's word for none"
    );
    assert_eq!(unmeasured["missing"]["rtt_gap_us"], "not-provided");
}

#[test]
fn the_time_to_the_first_bytes_is_held_against_the_round_trip_time_under_tls() {
    let state: [(&str, &[u8]); 1] = [("layerprint.tcp.rtt_us", b"2000")];
    let (line, _) = seen(&proxy(&state, true, Duration::from_millis(52)));
    assert_eq!(line["first_bytes_us"], 52_000);
    assert_eq!(line["rtt_gap_us"], 50_000);
    let with_handshake = [state[0], ("layerprint.tls.handshake_us", b"12000".as_slice())];
    let (line, _) = seen(&proxy(&with_handshake, true, Duration::from_millis(52)));
    assert_eq!(line["rtt_gap_us"], 10_000, "the client thought before it asked");
    let (line, _) = seen(&proxy(&state, false, Duration::from_millis(52)));
    assert_eq!(line["first_bytes_us"], 52_000);
    assert_eq!(line["missing"]["rtt_gap_us"], "cleartext");
}

#[test]
fn a_connection_that_ends_before_its_first_byte_is_counted_by_how_far_it_came() {
    let ended = |state: &[(&str, &[u8])]| {
        let proxy = proxy(state, false, AT_ONCE);
        let mut connection = ConnectionRole::new(plugin(&proxy, "{}"));
        connection.on_new_connection(&proxy);
        connection.on_close(&proxy);
        [
            "connections_without_request",
            "handshakes_unfinished",
            "connections_silent",
        ]
        .map(|name| proxy.counter_of(&format!("layerprint.{name}")))
    };
    let hello: (&str, &[u8]) = ("layerprint.tls.client_hello", b"16");
    let over: (&str, &[u8]) = ("layerprint.tls.handshake_us", b"900");
    assert_eq!(ended(&[]), [1, 0, 1], "silent");
    assert_eq!(ended(&[hello]), [1, 1, 0], "it began, and left");
    assert_eq!(ended(&[hello, over]), [1, 0, 0], "it is ready, and needs nothing");
}
