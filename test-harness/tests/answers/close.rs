//! Connections that are closed before any HTTP: under TLS before the handshake, in the clear, and where TLS is passed through.

use crate::ask::{self, curl, try_curl};
use crate::site::{SOON, assert_unharmed, can_run, stat};
use layerprint_harness::stack::{Stack, StackOptions};
use serde_json::{Value, json};

const CLOSED: &str = "connections_decided.verdict.close.mode.enforce";
const WOULD_BE_CLOSED: &str = "connections_decided.verdict.close.mode.observe";

/// Each connection has its line in the log of its listener, however it ends.
fn log_connections(config: &mut Value) {
    let passthrough = "/static_resources/listeners/2/filter_chains/0/filters";
    let filters = config.pointer(passthrough).and_then(Value::as_array).unwrap();
    let log = filters.last().unwrap()["typed_config"]["access_log"].clone();
    for listener in [0, 1] {
        config["static_resources"]["listeners"][listener]["access_log"] = log.clone();
    }
}

fn start(test: &str, mode: &str, condition: Value) -> Stack {
    let rule = json!({ "name": "unwanted", "match": condition, "action": "close" });
    let filter = json!({ "connection": { "mode": mode, "rules": [rule] } });
    let options = StackOptions::new(test).filter(filter).concurrency(1);
    Stack::start(options.edit(log_connections)).unwrap()
}

#[test]
fn a_connection_is_closed_by_its_address_on_every_listener_and_leaves_a_line() {
    let test = "a_connection_is_closed_by_its_address_on_every_listener_and_leaves_a_line";
    if !can_run(test, [ask::availability()]) {
        return;
    }
    let stack = start(test, "enforce", json!({ "client_ip": ["127.0.0.0/8", "::1/128"] }));
    // curl's codes for: the handshake broke off, nothing came, the connection was reset.
    const NO_HANDSHAKE: i32 = 35;
    const NOTHING: i32 = 52;
    const RESET: i32 = 56;
    for (url, codes) in [
        (stack.tls_url("/"), [NO_HANDSHAKE, RESET]),
        (stack.http_url("/"), [NOTHING, RESET]),
        (stack.passthrough_url("/"), [NO_HANDSHAKE, RESET]),
    ] {
        let code = try_curl(&url, &[]).unwrap_err();
        assert!(codes.contains(&code), "{url}: {code}");
    }
    assert_eq!(stat(&stack, CLOSED), 3);
    assert_eq!(stat(&stack, "connections"), 3);
    assert_eq!(
        stack
            .admin()
            .stat("http.ingress.downstream_rq_total")
            .unwrap()
            .unwrap_or_default(),
        0
    );
    let handshakes = stack.admin().stats().unwrap();
    let handshakes = handshakes
        .iter()
        .filter(|(name, _)| name.ends_with(".ssl.handshake") && name.starts_with("listener."));
    assert_eq!(
        handshakes.map(|(_, count)| count).sum::<u64>(),
        0,
        "no handshake was paid for"
    );
    for line in stack.connections_log().wait_for(3, SOON).unwrap() {
        let line = &line["layerprint"];
        assert_eq!(
            (&line["verdict"], &line["mode"], &line["rule"]),
            (&json!("close"), &json!("enforce"), &json!("unwanted"))
        );
    }
    assert_unharmed(&stack);
}

#[test]
fn a_tool_is_closed_by_its_hello_and_others_are_served() {
    let test = "a_tool_is_closed_by_its_hello_and_others_are_served";
    if !can_run(test, [ask::availability()]) {
        return;
    }
    // Over HTTP/1.1 curl's hello offers that alone: its JA4 says h1.
    let stack = start(test, "enforce", json!({ "ja4": "t13d????h1_*" }));
    for round in 1..=3 {
        assert!(try_curl(&stack.tls_url("/"), &["--http1.1"]).is_err());
        assert!(try_curl(&stack.passthrough_url("/"), &["--http1.1"]).is_err());
        assert_eq!(stat(&stack, CLOSED), 2 * round);
        let served = curl(&stack.tls_url("/"), &["--http2"]);
        assert_eq!(served.status, 200);
        assert_eq!(curl(&stack.http_url("/"), &[]).status, 200);
    }
    // That nobody had asked too early: the handshake's version is right.
    let line = &stack.access_log().wait_for(1, SOON).unwrap()[0]["layerprint"];
    assert_eq!(line["tls_version"], "TLSv1.3");
    assert_unharmed(&stack);
}

/// What only the probe hands over is known before the first byte as well: the SYN, and the ClientHello for a JA4 of our own.
#[test]
fn with_the_probe_a_connection_is_closed_by_its_syn_or_by_its_hello() {
    let test = "with_the_probe_a_connection_is_closed_by_its_syn_or_by_its_hello";
    if !can_run(test, [ask::availability(), Stack::probe_availability()]) {
        return;
    }
    let rules = json!([
        { "name": "by-hello", "match": { "tcp": "*", "ja4s1": "t13d*h1_*" }, "action": "close" },
        { "name": "by-syn", "match": { "os": "linux", "client_ip": ["::1/128"] }, "action": "close" },
    ]);
    let filter = json!({ "connection": { "mode": "enforce", "rules": rules } });
    let options = StackOptions::new(test).filter(filter).concurrency(1).with_probe();
    let stack = Stack::start(options.edit(log_connections)).unwrap();
    assert!(try_curl(&stack.tls_url("/"), &["--http1.1"]).is_err());
    let line = &stack.connections_log().wait_for(1, SOON).unwrap()[0]["layerprint"];
    assert_eq!(
        (&line["rule"], &line["os"], &line["sni"]),
        (&json!("by-hello"), &json!("linux"), &json!("localhost")),
        "{line}"
    );
    // Another client of the same system, from another address.
    assert_eq!(curl(&stack.tls_url("/"), &["--http2"]).status, 200);
    assert_eq!(stat(&stack, CLOSED), 1);
    assert_unharmed(&stack);
}

#[test]
fn in_observe_mode_every_connection_is_served_and_counted() {
    let test = "in_observe_mode_every_connection_is_served_and_counted";
    if !can_run(test, [ask::availability()]) {
        return;
    }
    let stack = start(test, "observe", json!({ "client_ip": ["127.0.0.0/8", "::1/128"] }));
    for url in [stack.tls_url("/"), stack.http_url("/"), stack.passthrough_url("/")] {
        assert_eq!(curl(&url, &[]).status, 200, "{url}");
    }
    // The one passed through has come to the HTTPS listener as well.
    assert_eq!((stat(&stack, WOULD_BE_CLOSED), stat(&stack, CLOSED)), (4, 0));
    let lines = stack.connections_log().wait_for(3, SOON).unwrap();
    let passed: Vec<_> = lines
        .iter()
        .filter(|line| line["layerprint"]["of"] == "connection")
        .collect();
    assert_eq!(passed.len(), 1, "{lines:?}");
    assert_eq!(passed[0]["layerprint"]["verdict"], "close");
    assert_eq!(passed[0]["layerprint"]["mode"], "observe");
    assert_unharmed(&stack);
}
