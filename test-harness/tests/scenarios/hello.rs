//! A ClientHello in filter state, as the probe or another agent hands it over: raw or hex, whole or broken. Natively: the real
//! Envoy's part in it is proved in `passthrough` and `probe`.

use super::native::{Proxy, plugin};
use super::scenario::Fields;
use layerprint::proxy::request::Outcome;
use layerprint_harness::repo;
use serde_json::{Value, json};

const KEY: [&str; 2] = ["filter_state", "layerprint.tls.client_hello"];
const CHROMIUM: &str = "t13d1517h2_8daaf6152771_cb7bf5808d99";
const OF_ENVOY: &str = "t13d1516h2_8daaf6152771_e5627efa2ab1";

fn hello() -> Vec<u8> {
    std::fs::read(repo::root().join("tests/fixtures/tls/chromium-1.bin")).unwrap()
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.into_bytes()
}

/// The line of a request on a TLS connection with this in filter state, and the JA4 that the upstream is told.
fn seen(handed_over: Option<&[u8]>, envoy: Option<&str>) -> (Value, Option<String>) {
    let proxy = Proxy::cleartext("HTTP/2");
    proxy.set(&["connection", "tls_version"], b"TLSv1.3");
    if let Some(ja4) = envoy {
        proxy.set(&["filter_state", "layerprint.tls.ja4"], ja4.as_bytes());
    }
    if let Some(value) = handed_over {
        proxy.set(&KEY, value);
    }
    let plugin = plugin(&proxy, "{}");
    let request: Fields = vec![(":method".to_owned(), b"GET".to_vec())];
    assert_eq!(proxy.request(&plugin, &request), Outcome::Continue);
    let headers = proxy.headers.borrow();
    let ja4 = headers.iter().find(|(name, _)| name == "x-layerprint-ja4");
    (
        proxy.line(),
        ja4.map(|(_, value)| String::from_utf8(value.clone()).unwrap()),
    )
}

#[test]
fn raw_and_hex_are_the_same_hello() {
    for value in [hello(), hex(&hello()), hex(&hello()).to_ascii_uppercase()] {
        let (line, header) = seen(Some(&value), None);
        assert_eq!(line["tls_source"], "filter-state");
        assert_eq!(line["ja4"], CHROMIUM);
        assert_eq!(line["id"], "lp1_000000000000_0ed87723ddbc_000000000000");
        assert_eq!(header.as_deref(), Some(CHROMIUM));
        assert!(line.get("proxy_ja4").is_none(), "{line}");
    }
}

#[test]
fn what_is_read_from_the_hello_beats_what_the_proxy_says() {
    let (line, header) = seen(Some(&hello()), Some(OF_ENVOY));
    assert_eq!(header.as_deref(), Some(CHROMIUM));
    assert_eq!((&line["ja4"], &line["proxy_ja4"]), (&json!(CHROMIUM), &json!(OF_ENVOY)));
    let (line, _) = seen(Some(&hello()), Some(CHROMIUM));
    assert!(line.get("proxy_ja4").is_none(), "they agree: {line}");
}

#[test]
fn without_a_hello_the_proxy_is_believed_and_named() {
    let (line, header) = seen(None, Some(OF_ENVOY));
    assert_eq!((&line["ja4"], &line["tls_source"]), (&json!(OF_ENVOY), &json!("proxy")));
    assert_eq!(header.as_deref(), Some(OF_ENVOY));
    assert_eq!(line["missing"]["ja4s1"], "not-provided");
    let (line, header) = seen(None, None);
    assert_eq!(line["missing"]["tls_source"], "not-provided");
    assert_eq!((&line["missing"]["ja4"], header), (&json!("not-provided"), None));
}

/// The proxy's value for a hello that we cannot read to its end is shown, and not believed.
#[test]
fn a_broken_hello_gives_no_fingerprint_and_its_reason() {
    let whole = hello();
    let too_large = vec![0x16; 200_000];
    let cases: [(&[u8], &str); 6] = [
        (&whole[..whole.len() - 1], "malformed"),
        (b"GET / HTTP/1.1", "malformed"),
        (b"16030", "malformed"),
        (b"1603zz", "malformed"),
        (&too_large, "too-large"),
        (&hex(&too_large), "too-large"),
    ];
    for (value, reason) in cases {
        let (line, header) = seen(Some(value), Some(OF_ENVOY));
        assert_eq!(line["missing"]["ja4"], reason, "{line}");
        assert_eq!(line["missing"]["ja3"], reason, "{line}");
        assert_eq!((&line["proxy_ja4"], header), (&json!(OF_ENVOY), None));
        assert_eq!(line["id"], "lp1_000000000000_000000000000_000000000000");
    }
}

#[test]
fn no_prefix_of_a_hello_gives_a_fingerprint_or_a_panic() {
    let whole = hello();
    for n in 1..whole.len() {
        let (line, _) = seen(Some(&whole[..n]), None);
        assert_eq!(line["missing"]["ja4"], "malformed", "{n}");
        let (line, _) = seen(Some(&hex(&whole)[..n]), None);
        assert_eq!(line["missing"]["ja4"], "malformed", "{n}");
    }
}

/// What a request claims stands in its line, apart from what was observed.
#[test]
fn the_line_says_what_the_client_claims_to_be() {
    let proxy = Proxy::cleartext("HTTP/2");
    let plugin = plugin(&proxy, "{}");
    let request: Fields = [
        (":method", "GET"),
        (
            "user-agent",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
        ),
        ("sec-ch-ua", r#""Google Chrome";v="131", "Chromium";v="131", "Not_A Brand";v="24""#),
        ("sec-ch-ua-mobile", "?0"),
        ("sec-ch-ua-platform", "\"Windows\""),
    ]
    .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
    .to_vec();
    assert_eq!(proxy.request(&plugin, &request), Outcome::Continue);
    let line = proxy.line();
    let expected = json!({
        "product": "chrome", "kind": "browser", "version": "131.0", "engine": "blink", "engine_version": "131.0",
        "platform": "windows", "platform_version": "frozen", "device": "desktop",
    });
    assert_eq!(line["user_agent"], expected);
    assert_eq!(line["hint_brand"], "chrome 131");
    assert_eq!(line["hint_mobile"], false);
    assert_eq!(line["hint_platform"], "windows");
    let nothing: Fields = vec![
        (":method".to_owned(), b"GET".to_vec()),
        ("sec-ch-ua".to_owned(), vec![0xff]),
    ];
    assert_eq!(proxy.request(&plugin, &nothing), Outcome::Continue);
    let missing = proxy.line()["missing"].clone();
    assert_eq!(
        (&missing["user_agent"], &missing["hint_brand"]),
        (&json!("not-sent"), &json!("malformed"))
    );
}
