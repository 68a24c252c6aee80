//! What becomes of connections before their first byte, on the stand-in proxy and in wasm.

use super::native::Proxy;
use super::wasm::module;
use layerprint::proxy::connection::ConnectionRole;
use layerprint::proxy::plugin::{Plugin, Role, Shared};
use layerprint_harness::host::{self, Connection};
use layerprint_harness::repo;
use serde_json::Value;
use std::rc::Rc;

const JA4: &str = "t13i301000_1d37bd780c83_d339722ba4af";
const HEAD: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

fn closing(mode: &str, condition: &str) -> String {
    format!(
        r#"{{"connection":{{"mode":"{mode}","rules":[{{"name":"unwanted","match":{{{condition}}},"action":"close"}}]}},
            "networks":[{{"tag":"vpn","cidrs":["192.0.2.0/24"]}}]}}"#
    )
}

fn accept(proxy: &Proxy, configuration: &str) -> (Rc<Plugin>, ConnectionRole) {
    let plugin = Plugin::configure(proxy, Role::Connection, Shared::default(), configuration.as_bytes()).unwrap();
    let plugin = Rc::new(plugin);
    let mut role = ConnectionRole::new(Rc::clone(&plugin));
    role.on_new_connection(proxy);
    (plugin, role)
}

fn from_a_tool() -> Proxy {
    let proxy = Proxy::cleartext("HTTP/1.1");
    proxy.set(&["filter_state", "layerprint.tls.ja4"], JA4.as_bytes());
    proxy
}

fn decided(proxy: &Proxy, verdict: &str, mode: &str) -> u64 {
    proxy.counter_of(&format!("layerprint.connections_decided.verdict.{verdict}.mode.{mode}"))
}

#[test]
fn a_connection_that_a_rule_closes_is_closed_before_its_first_byte_and_has_its_line() {
    let proxy = from_a_tool();
    let (plugin, mut role) = accept(&proxy, &closing("enforce", r#""ja4":"t13i*""#));
    assert!(proxy.closed.get());
    let line = proxy.line();
    assert_eq!(
        (&line["of"], &line["verdict"], &line["mode"], &line["rule"]),
        (
            &"connection".into(),
            &"close".into(),
            &"enforce".into(),
            &"unwanted".into()
        )
    );
    assert_eq!((&line["ja4"], &line["source"]), (&JA4.into(), &"192.0.2.7:4000".into()));
    assert_eq!(decided(&proxy, "close", "enforce"), 1);
    assert!(plugin.shared.connections.is_empty());
    // The proxy tells of the end of what it was asked to close.
    role.on_close(&proxy);
    assert_eq!(proxy.counter_of("layerprint.connections_without_request"), 1);
    assert_eq!(proxy.counter_of("layerprint.connections"), 1);
}

#[test]
fn in_observe_mode_it_goes_on_and_is_counted_as_what_would_have_been() {
    let proxy = from_a_tool();
    let (plugin, mut role) = accept(&proxy, &closing("observe", r#""ja4":"t13i*""#));
    assert!(!proxy.closed.get());
    assert_eq!(decided(&proxy, "close", "observe"), 1);
    proxy.receive(&mut role, HEAD);
    assert_eq!(plugin.shared.connections.len(), 1);
}

#[test]
fn what_no_rule_is_about_goes_on() {
    for condition in [
        r#""ja4":"t13d*""#,
        r#""network":"office""#,
        r#""os":"windows""#,
        r#""source_connections":{"min":1}"#,
        r#""ja3":"*""#,
        r#""sni":"a.example""#,
    ] {
        let proxy = from_a_tool();
        let _role = accept(&proxy, &closing("enforce", condition));
        assert!(!proxy.closed.get(), "{condition}");
        assert_eq!(decided(&proxy, "allow", "enforce"), 1, "{condition}");
    }
}

#[test]
fn rules_can_ask_for_all_that_is_known_by_then() {
    let hello = std::fs::read(repo::root().join("tests/fixtures/tls/chromium-1.bin")).unwrap();
    for condition in [
        r#""client_ip":["192.0.2.7/32"]"#,
        r#""network":"vpn""#,
        r#""ja4":"t13d1517h2_8daaf6152771_*""#,
        r#""ja4s1":"t13d1516h2_*""#,
        r#""ja3n":"*""#,
        r#""lp1_tls":"*""#,
        r#""source_connections":{"max":0}"#,
    ] {
        let proxy = Proxy::cleartext("HTTP/1.1");
        proxy.set(&["filter_state", "layerprint.tls.client_hello"], &hello);
        let _role = accept(&proxy, &closing("enforce", condition));
        assert!(proxy.closed.get(), "{condition}");
    }
}

/// A rule about what a proxy in front sends is no rule about its clients.
#[test]
fn behind_a_trusted_proxy_nobody_is_closed_by_the_address_of_that_proxy() {
    let proxy = from_a_tool();
    let configuration = closing("enforce", r#""client_ip":["192.0.2.0/24"]"#);
    let configuration = configuration.replacen('{', r#"{"forwarded":{"trusted_hops":1,"peer_appended":true},"#, 1);
    let _role = accept(&proxy, &configuration);
    assert!(!proxy.closed.get());
}

#[test]
fn a_policy_that_allows_all_connections_reads_nothing() {
    let calls = |configuration: &str| {
        let proxy = from_a_tool();
        let plugin = Plugin::configure(&proxy, Role::Connection, Shared::default(), configuration.as_bytes()).unwrap();
        let before = proxy.calls.get();
        ConnectionRole::new(Rc::new(plugin)).on_new_connection(&proxy);
        proxy.calls.get() - before
    };
    let idle = calls(r#"{"connection":{"ladder":{"severe":"allow"}}}"#);
    // The counter, the connection's number, the time.
    assert_eq!(idle, 3);
    assert!(calls(&closing("observe", r#""ja4":"x""#)) > idle);
}

#[test]
fn what_was_read_early_is_not_read_again_and_its_decision_stands_in_the_line_of_a_connection_passed_through() {
    let hello = std::fs::read(repo::root().join("tests/fixtures/tls/chromium-1.bin")).unwrap();
    let proxy = host::Proxy::new();
    let vm = proxy.vm(module(), "layerprint").unwrap();
    let configuration = closing("observe", r#""ja4":"t13i*""#);
    let role = vm
        .start(host::Plugin::new("connection").configuration(configuration))
        .unwrap();
    let client = proxy.accept(Connection::plain().filter_state("layerprint.tls.ja4", JA4));
    let tcp = vm.open(&role, &client).unwrap();
    tcp.downstream(&hello).unwrap();
    assert_eq!(proxy.calls().reads_of("filter_state.layerprint.tls.ja4"), 1);
    assert_eq!(
        proxy.calls().reads_of("connection.tls_version"),
        1,
        "when bytes had come"
    );
    let line: Value = serde_json::from_slice(&client.filter_state("wasm.layerprint").unwrap()).unwrap();
    assert_eq!(
        (&line["verdict"], &line["mode"], &line["rule"]),
        (&"close".into(), &"observe".into(), &"unwanted".into())
    );
    tcp.close().unwrap();
}

#[test]
fn in_wasm_a_connection_is_closed_and_its_contexts_are_gone() {
    let proxy = host::Proxy::new();
    let vm = proxy.vm(module(), "layerprint").unwrap();
    let configuration = closing("enforce", r#""ja4":"t13i*""#);
    let role = vm
        .start(host::Plugin::new("connection").configuration(configuration))
        .unwrap();
    let client = proxy.accept(Connection::tls().filter_state("layerprint.tls.ja4", JA4));
    let tcp = vm.open(&role, &client).unwrap();
    assert!(tcp.downstream(HEAD).is_err(), "it is over");
    assert_eq!(
        proxy.calls().reads_of("connection.tls_version"),
        0,
        "before the handshake nobody asks for it"
    );
    assert_eq!(
        proxy.metric("layerprint.connections_decided.verdict.close.mode.enforce"),
        Some(1)
    );
    assert!(vm.is_alive());
    // The next one is served as ever.
    let client = proxy.accept(Connection::tls());
    vm.open(&role, &client).unwrap().downstream(HEAD).unwrap();
}
