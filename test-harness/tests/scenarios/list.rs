//! The scenarios.

use super::scenario::{Client, Expect, Fields, Scenario};
use super::wire;
use layerprint_harness::repo;
use serde_json::json;

const CURL_SETTINGS: [(u16, u32); 3] = [(3, 100), (4, 33_554_432), (2, 0)];
const CURL_WINDOW: u32 = 33_488_897;

fn fields(pairs: &[(&str, &str)]) -> Fields {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
        .collect()
}

/// A GET in curl's order: `m,p,s,a`.
fn get(own: &[(&str, &str)]) -> Fields {
    let pseudo = [
        (":method", "GET"),
        (":path", "/a?b=c"),
        (":scheme", "http"),
        (":authority", "a.example"),
    ];
    fields(&[&pseudo[..], own].concat())
}

fn http2(requests: Vec<Fields>) -> Client {
    Client::Http2 {
        opening: wire::opening(&CURL_SETTINGS, CURL_WINDOW),
        requests,
    }
}

fn http1(head: impl AsRef<[u8]>) -> Client {
    Client::Http1(vec![head.as_ref().to_vec()])
}

const CURL_HEAD: &str = "GET /a?b=c HTTP/1.1\r\nHost: a.example\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n";
const QUIET: &str = "allow;mode=observe;agreement=partial;confidence=0.00;l4=0;l7=0;route=default;class=page";
const FORGED: &str = "log;mode=observe;agreement=partial;confidence=0.00;l4=0;l7=60;route=default;class=page";

pub fn a_client_over_http2_is_named_by_its_opening() -> Scenario {
    let client = http2(vec![get(&[
        ("user-agent", "curl/7.88.1"),
        ("accept", "*/*"),
        ("cookie", "a=b"),
    ])]);
    Scenario::new("http2", client)
        .header("x-layerprint-verdict", QUIET)
        .no_header("x-layerprint-reasons")
        .header("x-layerprint-h2", "3:100;4:33554432;2:0|33488897|0|m,p,s,a")
        .header("x-layerprint-id", "lp1_000000000000_000000000000_4e8bb3fdec05")
        .no_header("x-layerprint-ja4")
        .line("v", 1)
        .line("protocol", "HTTP/2")
        .line("h2_md5", "fd07c74c4990fc43ef9f4b3277cf3cf2")
        .line("order", "5594a17e7e7e")
        .line("headers", json!(["user-agent", "accept"]))
        .line("forged", 0)
        .missing("ja4", "cleartext")
        .missing("sni", "cleartext")
        .missing("tcp", "no-probe")
        .missing("h1_case", "other-protocol")
}

pub fn a_client_over_http1_is_named_by_its_first_head() -> Scenario {
    Scenario::new("http1", http1(CURL_HEAD))
        .header("x-layerprint-verdict", QUIET)
        .header("x-layerprint-id", "lp1_000000000000_000000000000_1cbcabc2ebad")
        .line("protocol", "HTTP/1.1")
        .line("h1_case", "title")
        .line("headers", json!(["host", "user-agent", "accept"]))
        .missing("h2", "other-protocol")
}

pub fn a_client_over_http10_is_served() -> Scenario {
    let head = "GET / HTTP/1.0\r\nhost: a.example\r\nx-own: 1\r\n\r\n";
    Scenario::new("http1.0", http1(head))
        .line("protocol", "HTTP/1.0")
        .line("h1_case", "lower")
}

pub fn forged_annotations_over_http1_are_taken_away() -> Scenario {
    let head = "GET / HTTP/1.1\r\nHost: a.example\r\nX-LayerPrint-Verdict: allow\r\nx-layerprint-verdict: allow\r\n\
        X-LAYERPRINT-ID: lp1_1_1_1\r\nX_LayerPrint_Verdict: allow\r\nx-layerprint-new: 1\r\nX-Own: kept\r\n\r\n";
    Scenario::new("forged http1", http1(head))
        .header("x-layerprint-verdict", FORGED)
        .header("x-layerprint-reasons", "forged-annotation;layer=7;weight=60")
        .no_header("x_layerprint_verdict")
        .no_header("x-layerprint-new")
        .header("x-own", "kept")
        .line("forged", 5)
        .line(
            "findings",
            json!([{
                "code": "forged-annotation", "layer": 7, "weight": 60,
                "why": "the client sent x-layerprint headers, which only this proxy sets"
            }]),
        )
}

pub fn forged_annotations_over_http2_are_taken_away() -> Scenario {
    let own = [
        ("x-layerprint-verdict", "allow"),
        ("x-own", "kept"),
        ("x-layerprint-verdict", "allow;mode=enforce"),
    ];
    Scenario::new("forged http2", http2(vec![get(&own)]))
        .header("x-layerprint-verdict", FORGED)
        .header("x-own", "kept")
        .line("forged", 2)
        .line("headers", json!(["x-own"]))
}

/// A server that drops what `Connection` names must not be talked into dropping our verdict.
pub fn annotations_that_connection_nominates_survive() -> Scenario {
    let head = "GET / HTTP/1.1\r\nHost: a.example\r\nConnection: x-layerprint-verdict, keep-alive\r\n\r\n";
    Scenario::new("nominated", http1(head))
        .header("x-layerprint-verdict", QUIET)
        .no_header("connection")
}

pub fn a_preface_that_comes_byte_by_byte_is_read() -> Scenario {
    Scenario::new("preface bytewise", http2(vec![get(&[("accept", "*/*")])]))
        .bytewise()
        .header("x-layerprint-h2", "3:100;4:33554432;2:0|33488897|0|m,p,s,a")
}

pub fn a_head_that_comes_byte_by_byte_is_read() -> Scenario {
    Scenario::new("head bytewise", http1(CURL_HEAD))
        .bytewise()
        .line("headers", json!(["host", "user-agent", "accept"]))
}

pub fn later_requests_of_a_connection_keep_its_fingerprint() -> Scenario {
    let second = "GET /b HTTP/1.1\r\nHost: a.example\r\nAccept: text/html\r\n\r\n";
    Scenario::new("later", Client::Http1(vec![CURL_HEAD.into(), second.into()]))
        .and(1, Expect::SameAsFirst("id"))
        .and(1, Expect::SameAsFirst("h1_case"))
        .and(1, Expect::Missing("order", "later-request"))
        .and(1, Expect::Header("x-layerprint-verdict", QUIET.into()))
}

pub fn values_that_are_not_utf8_pass_untouched() -> Scenario {
    let mut request = get(&[("accept", "*/*")]);
    request.push(("x-bytes".to_owned(), vec![0xff, 0xfe, b'a', 0x80]));
    request.push(("x-layerprint-id".to_owned(), vec![0xc3, 0x28]));
    Scenario::new("not utf8", http2(vec![request]))
        .header("x-bytes", [0xff, 0xfe, b'a', 0x80])
        .line("forged", 1)
}

pub fn a_header_of_60_kib_passes() -> Scenario {
    let long = "b".repeat(60 * 1024);
    Scenario::new(
        "60 KiB",
        http1(format!("GET / HTTP/1.1\r\nHost: a.example\r\nX-Long: {long}\r\n\r\n")),
    )
    .header("x-long", long)
    .line("headers", json!(["host", "x-long"]))
}

pub fn five_hundred_headers_over_http1_pass() -> Scenario {
    let many: String = (0..500).map(|n| format!("X-H{n}: {n}\r\n")).collect();
    Scenario::new(
        "500 http1",
        http1(format!("GET / HTTP/1.1\r\nHost: a.example\r\n{many}\r\n")),
    )
    .header("x-h499", "499")
    .header("x-layerprint-verdict", QUIET.replace("partial", "unknown"))
    .missing("order", "too-large")
    .missing("h1_case", "too-large")
}

pub fn five_hundred_headers_over_http2_pass() -> Scenario {
    let mut request = get(&[]);
    request.extend((0..500).map(|n| (format!("x-h{n}"), n.to_string().into_bytes())));
    Scenario::new("500 http2", http2(vec![request]))
        .header("x-h499", "499")
        .missing("order", "too-large")
}

/// As many entries as Envoy takes (32). GREASE identifiers are ignored, and left out of the form.
pub fn as_many_settings_as_envoy_takes_are_read() -> Scenario {
    let mut entries = vec![(0x1a1a, 0); 31];
    entries.push((3, 100));
    let opening = wire::opening(&entries, CURL_WINDOW);
    Scenario::new(
        "32 settings",
        Client::Http2 {
            opening,
            requests: vec![get(&[])],
        },
    )
    .header("x-layerprint-h2", "3:100|33488897|0|m,p,s,a")
}

/// Envoy ends such a connection itself ("too many setting entries"); in front of one that does not, ours goes on.
pub fn ten_thousand_settings_are_evidence_too_large() -> Scenario {
    let frames = vec![wire::settings(&vec![(0x1a1a, 0); 2_500]); 4].concat();
    let opening = [wire::PREFACE.to_vec(), frames].concat();
    Scenario::new(
        "10000 settings",
        Client::Http2 {
            opening,
            requests: vec![get(&[])],
        },
    )
    .refused_by_envoy()
    .missing("h2", "too-large")
}

pub fn the_headers_that_are_sent_can_be_chosen() -> Scenario {
    Scenario::new("chosen", http2(vec![get(&[("accept", "*/*")])]))
        .configured(r#"{"annotate": {"headers": ["order", "id"]}}"#)
        .no_header("x-layerprint-verdict")
        .no_header("x-layerprint-h2")
        .header("x-layerprint-order", "c125d0397b60")
}

pub fn the_route_its_class_and_its_cost_are_sent_alone_when_asked_for() -> Scenario {
    let forged = [("x-layerprint-cost", "0"), ("x-layerprint-route", "default")];
    Scenario::new("route", http2(vec![get(&forged)]))
        .configured(
            r#"{"annotate": {"headers": ["route", "class", "cost"]},
                "routes": [{"name": "ask", "class": "search", "paths": ["/a"], "cost": 7}]}"#,
        )
        .header("x-layerprint-route", "ask")
        .header("x-layerprint-class", "search")
        .header("x-layerprint-cost", "7")
        .no_header("x-layerprint-verdict")
        .line("forged", 2)
}

/// What challenges needs a key, here from a variable of the VM.
pub fn enforcing_is_said_in_the_verdict() -> Scenario {
    Scenario::new("enforce", http2(vec![get(&[])]))
        .configured(r#"{"mode": "enforce", "challenge": {"keys": [{"env": "LAYERPRINT_CHALLENGE_KEY"}]}}"#)
        .header("x-layerprint-verdict", QUIET.replace("observe", "enforce"))
        .line("mode", "enforce")
}

pub fn garbage_brings_no_request() -> Scenario {
    Scenario::new(
        "garbage",
        Client::Bytes(b"\x00\xff\r\n\r\nGET nonsense\x80\r\n\r\n".to_vec()),
    )
}

/// The SDK would panic on such a name: that Envoy lets none through is what keeps the VM alive, so it is tested.
pub fn a_name_over_http1_that_is_not_utf8_brings_no_request() -> Scenario {
    Scenario::new(
        "name http1",
        Client::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nX-\xff\xfe: 1\r\n\r\n".to_vec()),
    )
}

/// The same over HTTP/2.
pub fn a_name_over_http2_that_is_not_utf8_brings_no_request() -> Scenario {
    let mut block = wire::block(&get(&[]));
    block.extend(b"\0\x04x-\xff\xfe\x011");
    let opening = wire::opening(&CURL_SETTINGS, CURL_WINDOW);
    Scenario::new(
        "name http2",
        Client::Bytes([opening, wire::frame(1, 5, 1, &block)].concat()),
    )
}

pub fn a_silent_connection_brings_no_request() -> Scenario {
    Scenario::new("silent", Client::Bytes(Vec::new()))
}

pub fn bytes_of_tls_on_a_cleartext_port_bring_no_request() -> Scenario {
    Scenario::new(
        "tls bytes",
        Client::Bytes(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec()),
    )
}

/// A recorded ClientHello (`tests/fixtures/tls/README.md`).
fn hello(name: &str) -> Client {
    let path = repo::root().join("tests/fixtures/tls").join(name);
    Client::Tls(std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// Debian's Chromium 156: its signature algorithms hold GREASE, which Envoy's JA4 hashes and ours does not.
pub fn a_connection_passed_through_unopened_is_named_by_its_hello() -> Scenario {
    Scenario::new("passthrough", hello("chromium-1.bin"))
        .line("of", "connection")
        .line("tls_source", "opening")
        .line("sni", "layerprint.test")
        .line("ja3", "c752e0a242d89b688c21f71d61f0e8a5")
        .line("ja3n", "bd4930bd9b000ee684830e44bab76fdf")
        .line("ja4", "t13d1517h2_8daaf6152771_cb7bf5808d99")
        .line("ja4s1", "t13d1516h2_8daaf6152771_22db41f7518f")
        .line("id", "lp1_000000000000_0ed87723ddbc_000000000000")
        .missing("tcp", "no-probe")
}

/// Chrome's hello is over 1,700 bytes, and what comes first need not be all of it.
pub fn a_hello_that_comes_byte_by_byte_is_read() -> Scenario {
    Scenario::new("hello bytewise", hello("cffi-chrome131-1.bin"))
        .bytewise()
        .line("ja4", "t13d1516h2_8daaf6152771_02713d6af862")
        .line("tls_source", "opening")
}
