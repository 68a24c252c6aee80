//! TLS passed through unopened, by the real Envoy, from real clients: what the filter reads from a ClientHello holds against
//! what Envoy computes of the same one.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do: by panicking"
)]

mod programs;

use layerprint_harness::availability::{Availability, require_or_skip};
use layerprint_harness::clients::{Client, CurlHttp};
use layerprint_harness::repo;
use layerprint_harness::stack::{Stack, StackOptions};
use programs::{ALL, CHROMIUM, Grease, Program};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);

fn start(test: &str, needs: impl IntoIterator<Item = Availability>) -> Option<Stack> {
    let needs = std::iter::once(Stack::availability()).chain(needs);
    require_or_skip(test, needs).then(|| Stack::start(StackOptions::new(test)).unwrap())
}

/// A folder that is gone afterwards.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("layerprint-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn passed(stack: &Stack) -> usize {
    let stat = stack.admin().stat("wasmcustom.layerprint.connections_passthrough");
    usize::try_from(stat.unwrap().unwrap_or_default()).unwrap()
}

/// The lines behind `before`, once every connection that was met has left one: a browser opens more than it needs.
fn lines(stack: &Stack, before: usize) -> Vec<Value> {
    let lines = stack
        .connections_log()
        .wait_for(passed(stack).max(before + 1), SOON)
        .unwrap();
    lines[before..].iter().map(|line| line["layerprint"].clone()).collect()
}

/// Ours beside Envoy's, of the same hello: alike, but for Envoy's two faults.
fn assert_agreement(name: &str, greases: Grease, line: &Value) {
    assert_eq!(line["tls_source"], "opening", "{name}: {line}");
    assert!(line["ja3"].is_string() && line["ja4"].is_string(), "{name}: {line}");
    assert_eq!(
        line.get("proxy_ja3").is_some(),
        greases != Grease::None,
        "{name}: {line}"
    );
    let differs = line.get("proxy_ja4");
    assert_eq!(
        differs.is_some(),
        greases == Grease::GroupsAndSignatures,
        "{name}: {line}"
    );
    if let Some(other) = differs {
        let [ours, theirs] = [&line["ja4"], other].map(|ja4| ja4.as_str().unwrap().rsplit_once('_').unwrap().0);
        assert_eq!(ours, theirs, "{name}: only part c may differ");
    }
}

#[test]
fn every_client_has_the_ja3_and_ja4_that_envoy_computes_but_for_grease() {
    let test = "every_client_has_the_ja3_and_ja4_that_envoy_computes_but_for_grease";
    let Some(stack) = start(test, []) else {
        return;
    };
    for program in &ALL {
        if !require_or_skip(&format!("{test}, {}", program.name), [program.availability()]) {
            continue;
        }
        let before = stack.connections_log().lines().unwrap().len();
        let met = passed(&stack);
        let scratch = Scratch::new("client");
        program.run(stack.ports().passthrough, &scratch.0, || passed(&stack) > met);
        for line in lines(&stack, before) {
            assert_agreement(program.name, program.greases, &line);
        }
    }
}

/// The browsers that curl_cffi is, and whether they send GREASE: Chrome, Edge and Safari do, Firefox and Tor do not.
const IMPERSONATED: [(&str, Grease); 14] = [
    ("chrome99", Grease::Groups),
    ("chrome110", Grease::Groups),
    ("chrome124", Grease::Groups),
    ("chrome131", Grease::Groups),
    ("chrome146", Grease::Groups),
    ("chrome131_android", Grease::Groups),
    ("edge101", Grease::Groups),
    ("safari153", Grease::Groups),
    ("safari184", Grease::Groups),
    ("safari260_ios", Grease::Groups),
    ("firefox133", Grease::None),
    ("firefox135", Grease::None),
    ("firefox147", Grease::None),
    ("tor145", Grease::None),
];

#[test]
fn every_impersonated_browser_has_the_ja3_and_ja4_that_envoy_computes_but_for_grease() {
    let test = "every_impersonated_browser_has_the_ja3_and_ja4_that_envoy_computes_but_for_grease";
    let Some(stack) = start(test, [Client::impersonate("chrome131").availability()]) else {
        return;
    };
    for (target, greases) in IMPERSONATED {
        let before = stack.connections_log().lines().unwrap().len();
        Client::impersonate(target)
            .get(&stack.passthrough_url("/"), &[])
            .unwrap();
        for line in lines(&stack, before) {
            assert_agreement(target, greases, &line);
        }
    }
}

/// Envoy's own JA4 is another on nearly each of them.
#[test]
fn chromium_is_one_client_over_twenty_connections() {
    let test = "chromium_is_one_client_over_twenty_connections";
    let Some(stack) = start(test, [CHROMIUM.availability()]) else {
        return;
    };
    let scratch = Scratch::new("chromium");
    let port = stack.ports().passthrough;
    // Twenty hosts, so that no connection is shared and none resumes another's session.
    let page: String = (0..20)
        .map(|n| format!("<img src='https://host{n}.localhost:{port}/'>"))
        .collect();
    std::fs::write(scratch.0.join("page.html"), page).unwrap();
    let opens_it = CHROMIUM
        .command
        .replace("https://localhost:{P}/", "file://{D}/page.html");
    let opens_it: &'static str = Box::leak(opens_it.into_boxed_str());
    let browser = Program {
        command: opens_it,
        ..CHROMIUM
    };
    browser.run(port, &scratch.0, || passed(&stack) >= 20);
    let lines = stack.connections_log().wait_for(20, SOON).unwrap();
    let all = |member: &str| -> BTreeSet<String> {
        lines
            .iter()
            .map(|line| line["layerprint"][member].to_string())
            .collect()
    };
    assert_eq!(all("ja4").len(), 1, "{:?}", all("ja4"));
    assert_eq!(all("ja4s1").len(), 1, "{:?}", all("ja4s1"));
    assert_eq!(all("id").len(), 1, "{:?}", all("id"));
    assert_eq!(all("ja3n").len(), 1, "{:?}", all("ja3n"));
    assert!(!all("ja4").contains("null"));
    assert!(all("proxy_ja4").len() > 1, "Envoy has one too: {:?}", all("proxy_ja4"));
    assert!(lines.iter().all(|line| line["chain"] == "localhost"));
}

#[test]
fn a_connection_is_routed_by_its_server_name_and_reaches_the_https_listener() {
    let test = "a_connection_is_routed_by_its_server_name_and_reaches_the_https_listener";
    let curl = Client::Curl(CurlHttp::Http2);
    let Some(stack) = start(test, [curl.availability()]) else {
        return;
    };
    let by_name = curl.get(&stack.passthrough_url("/by-name"), &[]).unwrap();
    let by_address = format!("https://127.0.0.1:{}/by-address", stack.ports().passthrough);
    let by_address = curl.get(&by_address, &[]).unwrap();
    let connections = stack.connections_log().wait_for(2, SOON).unwrap();
    let requests = stack.access_log().wait_for(2, SOON).unwrap();
    for ((chain, sni), reply, connection, request) in [
        (
            ("localhost", json!("localhost")),
            by_name,
            &connections[0],
            &requests[0],
        ),
        (("other", Value::Null), by_address, &connections[1], &requests[1]),
    ] {
        assert_eq!((reply.status, &connection["chain"]), (200, &json!(chain)));
        assert_eq!(connection["layerprint"]["sni"], sni, "{connection}");
        // Both listeners have seen the same hello.
        assert_eq!(connection["upstream_local"], request["client"]);
        assert_eq!(connection["layerprint"]["ja4"], request["layerprint"]["ja4"]);
        assert_eq!(connection["ja4"], connection["layerprint"]["ja4"]);
        assert_eq!(connection["ja3"], connection["layerprint"]["ja3"]);
        assert_eq!(reply.received("x-layerprint-ja4"), connection["ja4"].as_str());
    }
    let stat = |name: &str| stack.admin().stat(&format!("wasmcustom.layerprint.{name}")).unwrap();
    assert_eq!(stat("connections_passthrough"), Some(2));
    assert_eq!(stat("connections_without_request"), Some(0));
    assert_eq!(stat("tls_source.source.opening"), Some(2));
    assert_eq!(stat("tls_source.source.proxy"), Some(2));
}

/// A ClientHello in filter state, as hex: what an agent in front can put there by text alone. It is Chromium's, so that the
/// sources differ in all.
#[test]
fn a_hello_in_filter_state_is_trusted_over_what_envoy_computes() {
    let test = "a_hello_in_filter_state_is_trusted_over_what_envoy_computes";
    let curl = Client::Curl(CurlHttp::Http2);
    if !require_or_skip(test, [Stack::availability(), curl.availability()]) {
        return;
    }
    let options = StackOptions::new(test).edit(put_hello);
    let stack = Stack::start(options).unwrap();
    let reply = curl.get(&stack.tls_url("/"), &[]).unwrap();
    let chromium = "t13d1517h2_8daaf6152771_cb7bf5808d99";
    assert_eq!(reply.received("x-layerprint-ja4"), Some(chromium));
    let id = reply.received("x-layerprint-id").unwrap();
    assert!(id.starts_with("lp1_000000000000_0ed87723ddbc_"), "{id}");
    let line = &stack.access_log().wait_for(1, SOON).unwrap()[0]["layerprint"];
    assert_eq!(line["tls_source"], "filter-state");
    assert_eq!(line["ja4s1"], "t13d1516h2_8daaf6152771_22db41f7518f");
    let of_curl = line["proxy_ja4"].as_str().unwrap();
    assert!(of_curl.starts_with("t13d") && of_curl != chromium, "{line}");
    assert_eq!(line["proxy_ja3"].as_str().map(str::len), Some(32));
    let stat = |name: &str| stack.admin().stat(&format!("wasmcustom.layerprint.{name}")).unwrap();
    assert_eq!(stat("tls_source.source.filter-state"), Some(1));
    assert_eq!(stat("proxy_differs.kind.ja3"), Some(1));
    assert_eq!(stat("proxy_differs.kind.ja4"), Some(1));
}

fn put_hello(config: &mut Value) {
    let hello = std::fs::read(repo::root().join("tests/fixtures/tls/chromium-1.bin")).unwrap();
    let hex: String = hello.iter().map(|byte| format!("{byte:02x}")).collect();
    let values = config
        .pointer_mut("/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/on_new_connection")
        .and_then(Value::as_array_mut)
        .unwrap();
    values.push(json!({
        "object_key": "layerprint.tls.client_hello",
        "factory_key": "envoy.string",
        "format_string": { "text_format_source": { "inline_string": hex } },
    }));
}
