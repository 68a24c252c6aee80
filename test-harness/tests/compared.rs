//! The cases that layerprint was asked for, each as a story in the real Envoy with the probe: layers that agree, layers that do not, a
//! mobile network, an address that many share, a static asset and a login, browsers old and new, evidence that is missing.
//!
//! The clients are curl and curl_cffi, which sends what browsers send; all of them run on this machine, whose TCP stack is Linux.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use layerprint_harness::availability::require_or_skip;
use layerprint_harness::clients::{CHROME_ON_WINDOWS, Client, CurlHttp, Reply};
use layerprint_harness::stack::{Stack, StackOptions};
use serde_json::{Value, json};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(10);

/// What became of one request: what the client got, and what the log has of it.
struct Outcome {
    reply: Reply,
    line: Value,
}

impl Outcome {
    fn verdict(&self) -> &str {
        self.line["verdict"].as_str().unwrap()
    }

    fn agreement(&self) -> &str {
        self.line["agreement"].as_str().unwrap()
    }

    fn reasons(&self) -> Vec<&str> {
        let findings = self.line["findings"].as_array().unwrap();
        findings
            .iter()
            .map(|finding| finding["code"].as_str().unwrap())
            .collect()
    }
}

/// An Envoy that carries verdicts out.
struct World(Stack);

impl World {
    fn new(configuration: Value) -> Self {
        Self(Stack::start(StackOptions::new("compared").filter(configuration).with_probe()).unwrap())
    }

    fn send(&self, client: &Client, path: &str, headers: &[(&str, &str)]) -> Outcome {
        let log = self.0.access_log();
        let before = log.lines().unwrap().len();
        let reply = client.get(&self.0.tls_url(path), headers).unwrap();
        let lines = log.wait_for(before + 1, PATIENCE).unwrap();
        let line = lines[before]["layerprint"].clone();
        Outcome { reply, line }
    }
}

/// Whether the story `name` can be told here.
fn can_run(name: &str) -> bool {
    let needed = [
        Stack::availability(),
        Stack::probe_availability(),
        Client::Curl(CurlHttp::Http2).availability(),
        Client::impersonate("chrome131").availability(),
    ];
    require_or_skip(name, needed)
}

/// The headers with which an impersonated Chrome of this version says it runs on Linux, as this machine does.
fn chrome_on_linux(major: u32) -> [(&'static str, String); 2] {
    let agent = format!(
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.0.0 Safari/537.36"
    );
    [("user-agent", agent), ("sec-ch-ua-platform", "\"Linux\"".to_owned())]
}

fn firefox_on_linux(major: u32) -> String {
    format!("Mozilla/5.0 (X11; Linux x86_64; rv:{major}.0) Gecko/20100101 Firefox/{major}.0")
}

fn borrowed<'a>(headers: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    headers.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

#[test]
fn layers_that_agree_are_clean_and_pass_everywhere() {
    if !can_run("layers_that_agree_are_clean_and_pass_everywhere") {
        return;
    }
    let world = World::new(json!({"mode": "enforce", "challenge": false}));
    let chrome = Client::impersonate("chrome131");
    let headers = chrome_on_linux(131);
    for path in ["/", "/login", "/checkout/pay", "/admin/users", "/static/app.js"] {
        let seen = world.send(&chrome, path, &borrowed(&headers));
        assert_eq!(
            (seen.agreement(), seen.verdict()),
            ("clean", "allow"),
            "{path}: {}",
            seen.line
        );
        assert_eq!(seen.reply.status, 200);
        assert_eq!(seen.line["looks_like_class"], "browser");
        assert!(seen.line["confidence"].as_f64().unwrap() > 0.9, "{}", seen.line);
    }
    let curl = world.send(&Client::Curl(CurlHttp::Http2), "/login", &[]);
    assert_eq!((curl.agreement(), curl.verdict()), ("clean", "allow"), "{}", curl.line);
    assert_eq!(curl.line["user_agent"]["kind"], "tool", "an honest tool is no liar");
}

#[test]
fn layers_that_disagree_get_an_answer_that_can_be_taken_back() {
    if !can_run("layers_that_disagree_get_an_answer_that_can_be_taken_back") {
        return;
    }
    let world = World::new(json!({"mode": "enforce", "challenge": false}));
    // Chrome to the byte in TLS and HTTP/2, on a Windows that its TCP stack is not.
    let headers = [("user-agent", CHROME_ON_WINDOWS), ("sec-ch-ua-platform", "\"Windows\"")];
    let seen = world.send(&Client::impersonate("chrome131"), "/login", &headers);
    assert_eq!(
        (seen.agreement(), seen.verdict()),
        ("conflict", "challenge"),
        "{}",
        seen.line
    );
    assert_eq!(seen.reasons(), ["os-tcp-ua"]);
    assert!(seen.line["l4"].as_u64() >= Some(50) && seen.line["l7"].as_u64() < Some(50));
    assert_eq!(
        seen.reply.status, 403,
        "a challenge, as long as there is none, is a refusal"
    );
}

#[test]
fn a_lie_on_both_layers_is_hostile_and_may_be_blocked() {
    if !can_run("a_lie_on_both_layers_is_hostile_and_may_be_blocked") {
        return;
    }
    let world = World::new(json!({"mode": "enforce", "challenge": false}));
    let curl = Client::LyingCurl(CurlHttp::Http2, CHROME_ON_WINDOWS.to_owned());
    let seen = world.send(&curl, "/login", &[]);
    assert_eq!(
        (seen.agreement(), seen.verdict()),
        ("hostile", "block"),
        "{}",
        seen.line
    );
    for reason in ["os-tcp-ua", "tls-ua", "h2-ua"] {
        assert!(seen.reasons().contains(&reason), "{reason} in {:?}", seen.reasons());
    }
    assert_eq!(seen.reply.status, 403);
}

#[test]
fn a_static_asset_is_served_where_a_login_is_not() {
    if !can_run("a_static_asset_is_served_where_a_login_is_not") {
        return;
    }
    let world = World::new(json!({"mode": "enforce", "challenge": false}));
    let safari = Client::impersonate("safari184");
    let verdicts: Vec<_> = ["/static/app.js", "/page", "/search", "/api/items", "/login"]
        .map(|path| {
            let seen = world.send(&safari, path, &[]);
            assert_eq!(seen.agreement(), "conflict", "{path}: {}", seen.line);
            (seen.verdict().to_owned(), seen.reply.status)
        })
        .into();
    let expected = [
        ("log", 200),
        ("log", 200),
        ("slow", 200),
        ("review", 200),
        ("challenge", 403),
    ];
    assert_eq!(verdicts, expected.map(|(verdict, status)| (verdict.to_owned(), status)));
}

#[test]
fn on_a_mobile_network_an_odd_transport_stays_allowed() {
    if !can_run("on_a_mobile_network_an_odd_transport_stays_allowed") {
        return;
    }
    let networks = json!([{"tag": "mobile", "cidrs": ["127.0.0.0/8", "::1/128"]}]);
    let world = World::new(json!({"mode": "enforce", "challenge": false, "networks": networks}));
    let seen = world.send(&Client::impersonate("safari184_ios"), "/login", &[]);
    assert_eq!((seen.agreement(), seen.verdict()), ("clean", "allow"), "{}", seen.line);
    assert_eq!(seen.reasons(), ["os-tcp-ua"], "it is said, and weighs little");
    assert_eq!(seen.reply.status, 200);
}

#[test]
fn behind_an_address_that_many_share_each_is_judged_by_itself() {
    if !can_run("behind_an_address_that_many_share_each_is_judged_by_itself") {
        return;
    }
    let networks = json!([{"tag": "shared", "cidrs": ["127.0.0.0/8", "::1/128"]}]);
    let world = World::new(json!({"mode": "enforce", "challenge": false, "networks": networks}));
    let liar = Client::LyingCurl(CurlHttp::Http2, CHROME_ON_WINDOWS.to_owned());
    let linux = chrome_on_linux(131);
    for _ in 0..3 {
        let seen = world.send(&liar, "/login", &[]);
        // What the shared gateway might have done to TCP is not held against it; what it says of itself in TLS is.
        assert_eq!(
            (seen.agreement(), seen.verdict()),
            ("conflict", "challenge"),
            "{}",
            seen.line
        );
        let seen = world.send(&Client::impersonate("chrome131"), "/login", &borrowed(&linux));
        assert_eq!((seen.agreement(), seen.verdict()), ("clean", "allow"), "{}", seen.line);
        let seen = world.send(&Client::Curl(CurlHttp::Http1), "/login", &[]);
        assert_eq!((seen.agreement(), seen.verdict()), ("clean", "allow"), "{}", seen.line);
    }
}

#[test]
fn a_browser_is_itself_in_versions_old_and_new() {
    if !can_run("a_browser_is_itself_in_versions_old_and_new") {
        return;
    }
    let world = World::new(json!({"mode": "enforce", "challenge": false}));
    for (target, major) in [
        ("chrome99", 99),
        ("chrome110", 110),
        ("chrome131", 131),
        ("chrome150", 150),
    ] {
        let seen = world.send(
            &Client::impersonate(target),
            "/login",
            &borrowed(&chrome_on_linux(major)),
        );
        assert_eq!(
            (seen.agreement(), seen.verdict()),
            ("clean", "allow"),
            "{target}: {}",
            seen.line
        );
    }
    // The next one, which the catalogue has never seen, with a claim that is as new.
    let headers = chrome_on_linux(190);
    let mut headers = borrowed(&headers);
    let brands = r#""Chromium";v="190", "Google Chrome";v="190", "Not_A Brand";v="99""#;
    headers.push(("sec-ch-ua", brands));
    let seen = world.send(&Client::impersonate("chrome150"), "/login", &headers);
    assert_eq!((seen.agreement(), seen.verdict()), ("clean", "allow"), "{}", seen.line);
    for (target, major) in [("firefox133", 133), ("firefox147", 147)] {
        let agent = firefox_on_linux(major);
        let seen = world.send(&Client::impersonate(target), "/login", &[("user-agent", &agent)]);
        assert_eq!(
            (seen.agreement(), seen.verdict()),
            ("clean", "allow"),
            "{target}: {}",
            seen.line
        );
    }
}

#[test]
fn evidence_that_is_missing_is_held_against_nobody() {
    if !can_run("evidence_that_is_missing_is_held_against_nobody") {
        return;
    }
    // No probe: no SYN, no ClientHello, only what Envoy knows.
    let stack =
        Stack::start(StackOptions::new("compared").filter(json!({"mode": "enforce", "challenge": false}))).unwrap();
    let world = World(stack);
    let honest = world.send(&Client::Curl(CurlHttp::Http2), "/login", &[]);
    assert_eq!(
        (honest.agreement(), honest.verdict()),
        ("partial", "allow"),
        "{}",
        honest.line
    );
    assert_eq!(honest.line["missing"]["tcp"], "no-probe");
    let liar = Client::LyingCurl(CurlHttp::Http2, CHROME_ON_WINDOWS.to_owned());
    let seen = world.send(&liar, "/login", &[]);
    assert_eq!((seen.agreement(), seen.verdict()), ("partial", "log"), "{}", seen.line);
    assert_eq!(seen.reply.status, 200, "one layer alone never refuses");
}
