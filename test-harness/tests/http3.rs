//! Real clients over HTTP/3 through the real Envoy, where the request role runs alone: they are served, the line says why their
//! TLS, HTTP/2 and TCP are not seen, and nothing of that is held against them.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use layerprint_harness::availability::require_or_skip;
use layerprint_harness::clients::browser::{PLAIN_HOST, Page};
use layerprint_harness::clients::{Browser, Client, Request};
use layerprint_harness::repo;
use layerprint_harness::stack::{self, HTTP3, Stack, StackOptions, certificate};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(10);
/// A browser on a busy machine.
const BROWSED_WITHIN: Duration = Duration::from_secs(60);

/// What QUIC does not have, or Envoy does not show of it.
const UNSEEN: [&str; 13] = [
    "tls_source",
    "ja3",
    "ja3n",
    "ja4",
    "ja4s1",
    "h2",
    "h1_case",
    "tcp",
    "os",
    "rtt_us",
    "handshake_us",
    "first_bytes_us",
    "rtt_gap_us",
];

fn start(test: &str, client: &Client) -> Option<Stack> {
    let needs = [Stack::availability(), client.availability()];
    require_or_skip(test, needs).then(|| Stack::start(options(test)).unwrap())
}

fn options(test: &str) -> StackOptions {
    StackOptions::new(test).with_listeners_of(HTTP3).with_probe_if_built()
}

fn browser(target: &str) -> Client {
    Client::ImpersonateHttp3(target.to_owned())
}

fn first_line(stack: &Stack) -> Value {
    stack.access_log().wait_for(1, SOON).unwrap()[0]["layerprint"].clone()
}

#[test]
fn a_browser_over_http3_is_served_and_what_quic_hides_is_missing_with_its_reason() {
    let test = "a_browser_over_http3_is_served_and_what_quic_hides_is_missing_with_its_reason";
    let chrome = browser("chrome131");
    let Some(stack) = start(test, &chrome) else { return };
    let reply = chrome.get(&stack.http3_url("/page").unwrap(), &[]).unwrap();
    assert_eq!((reply.status, reply.protocol.as_str()), (200, "HTTP/3"));
    let verdict = reply.received("x-layerprint-verdict").unwrap();
    assert!(verdict.starts_with("allow;"), "{verdict}");

    let line = first_line(&stack);
    assert_eq!(line["protocol"], "HTTP/3");
    assert_eq!(
        (&line["tls_version"], &line["sni"]),
        (&json!("TLSv1.3"), &json!("localhost"))
    );
    let missing = line["missing"].as_object().unwrap();
    assert_eq!(missing.len(), UNSEEN.len(), "{missing:?}");
    for evidence in UNSEEN {
        assert_eq!(missing.get(evidence), Some(&json!("other-protocol")), "{evidence}");
    }
    // What the client says of itself, and in which order, is a request's own, and seen.
    assert_eq!(line["user_agent"]["product"], "chrome");
    assert_eq!(line["order"].as_str().unwrap().len(), 12);
}

#[test]
fn no_browser_over_http3_has_a_finding() {
    let test = "no_browser_over_http3_has_a_finding";
    let browsers = ["chrome131", "chrome150", "firefox147", "safari260"].map(browser);
    let Some(stack) = start(test, &browsers[0]) else { return };
    for (n, browser) in browsers.iter().enumerate() {
        let reply = browser.get(&stack.http3_url("/page").unwrap(), &[]).unwrap();
        assert_eq!(reply.status, 200, "{browser}");
        let line = stack.access_log().wait_for(n + 1, SOON).unwrap()[n]["layerprint"].clone();
        assert_eq!(
            (&line["findings"], &line["agreement"]),
            (&json!([]), &json!("partial")),
            "{browser}"
        );
    }
}

#[test]
fn chromium_itself_over_http3_is_served_and_has_no_finding() {
    let test = "chromium_itself_over_http3_is_served_and_has_no_finding";
    if !require_or_skip(test, [Stack::availability(), Browser::Chromium.availability()]) {
        return;
    }
    let directory = repo::run_directory().join(format!("http3-chromium-{}", std::process::id()));
    let stack = Stack::start(options(test).directory(&directory)).unwrap();
    let port = stack.admin().listener("http3").unwrap().port();
    let tls = directory.join("tls");
    let window = Browser::Chromium.open(&Page {
        // Asked for localhost, it would try IPv6 first.
        url: &format!("https://{PLAIN_HOST}:{port}/page"),
        agent: Some(&Browser::Chromium.usual_agent().unwrap()),
        certificate: &tls.join("cert.pem"),
        namespace: None,
        http3: Some(&certificate::key_hash(&tls).unwrap()),
    });
    let line = &stack.access_log().wait_for(1, BROWSED_WITHIN).unwrap()[0];
    drop(window);
    drop(stack);
    std::fs::remove_dir_all(&directory).unwrap();
    assert_eq!((&line["path"], &line["status"]), (&json!("/page"), &json!(200)));
    let line = &line["layerprint"];
    assert_eq!(
        (&line["protocol"], &line["sni"]),
        (&json!("HTTP/3"), &json!(PLAIN_HOST))
    );
    assert_eq!((&line["findings"], &line["verdict"]), (&json!([]), &json!("allow")));
    assert_eq!(line["missing"]["tcp"], "other-protocol");
}

#[test]
fn a_forged_annotation_over_http3_does_not_reach_the_upstream() {
    let test = "a_forged_annotation_over_http3_does_not_reach_the_upstream";
    let chrome = browser("chrome131");
    let Some(stack) = start(test, &chrome) else { return };
    let forged = [("X-LayerPrint-Verdict", "block"), ("x-layerprint-tcp", "4:128+0")];
    let reply = chrome.get(&stack.http3_url("/page").unwrap(), &forged).unwrap();
    let verdicts = reply.received_all("x-layerprint-verdict");
    assert_eq!(verdicts.len(), 1, "{verdicts:?}");
    assert!(verdicts[0].starts_with("log;"), "{verdicts:?}");
    assert_eq!(reply.received("x-layerprint-tcp"), None);
    assert_eq!(first_line(&stack)["findings"][0]["code"], "forged-annotation");
}

#[test]
fn a_form_over_http3_reaches_the_upstream() {
    let test = "a_form_over_http3_reaches_the_upstream";
    let chrome = browser("chrome131");
    let Some(stack) = start(test, &chrome) else { return };
    let url = stack.http3_url("/login").unwrap();
    let request = Request {
        url: &url,
        form: Some("username=ada"),
        ..Request::default()
    };
    let reply = chrome.send(&request).unwrap();
    assert_eq!((reply.status, &reply.body["method"]), (200, &json!("POST")));
    assert_eq!(first_line(&stack)["verdict"], "allow");
}

#[test]
fn the_shipped_configuration_is_valid_as_it_stands() {
    let test = "the_shipped_configuration_is_valid_as_it_stands";
    if !require_or_skip(test, [Stack::shipped_availability()]) {
        return;
    }
    stack::validate(HTTP3, &[]).unwrap();
}

/// A rule says what becomes of it where its evidence is missing: over QUIC that is what decides.
#[test]
fn rules_over_http3_use_the_fallback_that_they_name() {
    let test = "rules_over_http3_use_the_fallback_that_they_name";
    let chrome = browser("chrome131");
    if !require_or_skip(test, [Stack::availability(), chrome.availability()]) {
        return;
    }
    let rules = json!([
        {"name": "by-ja4", "match": {"ja4": "t13d*", "path": "/page"}, "missing": "no-match", "action": "block"},
        {"name": "by-syn", "match": {"os": "zmap", "path": "/scanned"}, "missing": "match", "action": "limit"},
        {"name": "but-linux", "match": {"path": "/shop"}, "unless": {"os": "linux"}, "missing": "match", "action": "review"},
        {"name": "by-name", "match": {"product": "chrome", "path": "/named"}, "missing": "no-match", "action": "log"},
    ]);
    let config = json!({"mode": "enforce", "challenge": false, "rules": rules});
    let stack = Stack::start(options(test).filter(config)).unwrap();
    let expected = [
        ("/page", 200, "allow", Value::Null),
        ("/scanned", 429, "limit", json!("by-syn")),
        ("/shop", 200, "review", json!("but-linux")),
        ("/named", 200, "log", json!("by-name")),
    ];
    for (n, (path, status, verdict, rule)) in expected.into_iter().enumerate() {
        let reply = chrome.get(&stack.http3_url(path).unwrap(), &[]).unwrap();
        let line = stack.access_log().wait_for(n + 1, SOON).unwrap()[n]["layerprint"].clone();
        assert_eq!((reply.status, reply.protocol.as_str()), (status, "HTTP/3"), "{path}");
        assert_eq!((&line["verdict"], &line["rule"]), (&json!(verdict), &rule), "{path}");
        assert_eq!(line["missing"]["ja4"], "other-protocol");
    }
}
