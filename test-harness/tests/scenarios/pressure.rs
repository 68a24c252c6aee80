//! Sources that open connections and ask for nothing: what is made of their next connections and requests, by all workers. On the
//! stand-in proxy, whose workers share its data, and in wasm.

use super::native::Proxy;
use super::replayed;
use super::scenario::Fields;
use super::wasm::module;
use layerprint::proxy::connection::ConnectionRole;
use layerprint::proxy::plugin::{Plugin, Role, Shared};
use layerprint::proxy::request::Outcome;
use layerprint_harness::host::{self, Connection};
use layerprint_harness::repo;
use serde_json::{Value, json};
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

const CLOSING: &str = r#"{"connection":{"mode":"enforce","ladder":{"high":"close"}}}"#;
const HEAD: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const FLOODER: &str = "198.51.100.9:4000";
const OTHER: &str = "203.0.113.9:4000";

/// A proxy with two workers, each with a VM of its own, whose connections come to each in turn.
struct Site {
    proxy: Proxy,
    workers: [Rc<Plugin>; 2],
    next: Cell<u64>,
}

impl Site {
    fn new(configuration: &str) -> Self {
        let proxy = Proxy::cleartext("HTTP/1.1");
        proxy.clock.set(Duration::from_secs(30_000));
        let worker = |_| {
            let plugin = Plugin::configure(&proxy, Role::Request, Shared::default(), configuration.as_bytes());
            Rc::new(plugin.unwrap())
        };
        Self {
            workers: [0, 1].map(worker),
            proxy,
            next: Cell::new(0),
        }
    }

    fn with_syn(self, fixture: &str, source: &str) -> Self {
        let text = std::fs::read_to_string(repo::root().join("tests/fixtures/syn").join(fixture)).unwrap();
        let hex: String = text.lines().filter(|line| !line.starts_with('#')).collect();
        self.proxy.set(&["filter_state", "layerprint.tcp.syn"], hex.as_bytes());
        self.proxy.set(&["source", "address"], source.as_bytes());
        self
    }

    fn worker(&self) -> Rc<Plugin> {
        let next = self.next.get();
        self.next.set(next + 1);
        self.proxy.set(&["connection", "id"], &next.to_le_bytes());
        Rc::clone(&self.workers[usize::try_from(next % 2).unwrap()])
    }

    /// A connection from `source`, and whether it was closed.
    fn accept(&self, source: &str) -> (Rc<Plugin>, ConnectionRole, bool) {
        self.proxy.set(&["source", "address"], source.as_bytes());
        self.proxy.closed.set(false);
        let worker = self.worker();
        let mut role = ConnectionRole::new(Rc::clone(&worker));
        role.on_new_connection(&self.proxy);
        (worker, role, self.proxy.closed.get())
    }

    fn is_closed(&self, source: &str) -> bool {
        let (_, mut role, closed) = self.accept(source);
        role.on_close(&self.proxy);
        closed
    }

    fn come_to_nothing(&self, source: &str, times: usize) {
        for n in 0..times {
            assert!(!self.is_closed(source), "connection {n}");
        }
    }

    /// The line of a request over a connection of its own.
    fn line(&self, source: &str) -> Value {
        let (worker, mut role, closed) = self.accept(source);
        assert!(!closed);
        self.proxy.receive(&mut role, HEAD);
        let request: Fields = vec![(":method".to_owned(), b"GET".to_vec())];
        assert_eq!(self.proxy.request(&worker, &request), Outcome::Continue);
        role.on_close(&self.proxy);
        self.proxy.line()
    }

    fn wait(&self, time: Duration) {
        self.proxy.clock.set(self.proxy.clock.get() + time);
    }
}

fn finding(line: &Value) -> Option<&Value> {
    let mut findings = line["findings"].as_array().unwrap().iter();
    findings.find(|finding| finding["code"] == "connection-flood")
}

#[test]
fn who_opens_many_connections_for_nothing_is_closed_by_every_worker_and_others_are_served() {
    let site = Site::new(CLOSING);
    site.come_to_nothing(FLOODER, 50);
    for _ in 0..4 {
        assert!(site.is_closed(FLOODER));
    }
    assert!(site.is_closed("198.51.100.200:1"), "the same network");
    assert!(finding(&site.line(OTHER)).is_none());
    // What was closed here was not counted: it is let in again when what it did is forgotten.
    site.wait(Duration::from_secs(600));
    assert!(!site.is_closed(FLOODER));
    assert_eq!(
        site.proxy
            .counter_of("layerprint.connections_decided.verdict.close.mode.enforce"),
        5
    );
}

#[test]
fn browsers_that_use_their_connections_are_served_however_many_they_are() {
    let site = Site::new(CLOSING);
    for _ in 0..100 {
        site.come_to_nothing(OTHER, 2);
        assert!(finding(&site.line(OTHER)).is_none());
    }
    let line = site.line(OTHER);
    assert_eq!(
        (&line["source_connections"], &line["source_without_request"]),
        (&json!(301), &json!(200))
    );
}

#[test]
fn connections_that_are_held_open_count_when_they_have_been_for_long() {
    let site = Site::new(CLOSING);
    let held: Vec<_> = (0..60).map(|_| site.accept(FLOODER)).collect();
    assert!(!site.is_closed(FLOODER), "they may still ask for something");
    site.wait(Duration::from_secs(20));
    assert!(site.is_closed(FLOODER));
    assert!(!site.is_closed(OTHER));
    // Each that brings its request after all is waited for no more.
    for (n, (worker, mut role, _)) in held.into_iter().enumerate() {
        site.proxy
            .set(&["connection", "id"], &u64::try_from(n).unwrap().to_le_bytes());
        site.proxy.set(&["source", "address"], FLOODER.as_bytes());
        site.proxy.receive(&mut role, HEAD);
        let request: Fields = vec![(":method".to_owned(), b"GET".to_vec())];
        assert_eq!(site.proxy.request(&worker, &request), Outcome::Continue);
        role.on_close(&site.proxy);
    }
    assert!(!site.is_closed(FLOODER));
    let line = site.line(FLOODER);
    assert_eq!(
        (&line["source_connections"], &line["source_without_request"]),
        (&json!(63), &json!(2))
    );
}

#[test]
fn a_flood_shows_in_the_requests_of_its_source_and_in_their_lines() {
    let site = Site::new("{}");
    site.come_to_nothing(FLOODER, 70);
    let line = site.line(FLOODER);
    let found = finding(&line).unwrap();
    assert_eq!((&found["layer"], &found["weight"]), (&json!(4), &json!(50)));
    assert_eq!(
        found["why"],
        "70 of 71 connections from the same network of late brought no request"
    );
    assert_eq!(line["l4"], 50);
    assert!(finding(&site.line(OTHER)).is_none());
    // Its line says all that was known.
    let (worker, mut role, _) = site.accept(FLOODER);
    site.proxy.receive(&mut role, HEAD);
    let (line, seen) = replayed::holds(&worker, &site.proxy, &vec![(":method".to_owned(), b"GET".to_vec())]);
    assert!(finding(&line).is_some());
    assert!(seen.contains("source_unfinished") && !seen.contains("family_connections"));
}

/// Its connections are none of its clients' doing, nor are those that a balancer opens to see whether anybody is there.
#[test]
fn the_connections_of_a_trusted_proxy_are_held_against_nobody() {
    let behind = CLOSING.replacen('{', r#"{"forwarded":{"trusted_hops":1,"peer_appended":true},"#, 1);
    let site = Site::new(&behind);
    site.come_to_nothing(FLOODER, 200);
    let line = site.line(FLOODER);
    assert!(finding(&line).is_none());
    assert_eq!(line["source_without_request"], 200, "a rule can ask for it");
}

#[test]
fn on_a_network_that_is_known_for_it_a_flood_weighs_little() {
    let shared = CLOSING.replacen('{', r#"{"networks":[{"tag":"shared","cidrs":["198.51.100.0/24"]}],"#, 1);
    let site = Site::new(&shared);
    site.come_to_nothing(FLOODER, 100);
    assert_eq!(finding(&site.line(FLOODER)).unwrap()["weight"], 15);
}

#[test]
fn where_nothing_is_shared_nothing_is_found_and_connections_go_on() {
    let site = Site::new(CLOSING);
    site.proxy.no_shared.set(true);
    site.come_to_nothing(FLOODER, 200);
    let line = site.line(FLOODER);
    assert!(finding(&line).is_none());
    assert_eq!(line["source_connections"], Value::Null);
    assert_eq!(site.proxy.counter_of("layerprint.connections"), 201);
}

#[test]
fn a_system_is_counted_by_its_syn_and_rules_can_ask_for_it() {
    let rule = |condition: &str| {
        format!(
            r#"{{"connection":{{"mode":"enforce","rules":[{{"name":"r","match":{{{condition}}},"action":"close"}}]}}}}"#
        )
    };
    // Where the recorded SYN comes from.
    let source = "10.77.0.1:4000";
    for name in [
        "source_connections",
        "source_without_request",
        "family_connections",
        "family_without_request",
    ] {
        let site = Site::new(&rule(&format!(r#""{name}":{{"min":3}}"#))).with_syn("linux-v4.hex", source);
        site.come_to_nothing(source, 3);
        assert!(site.is_closed(source), "{name}");
    }
    for name in ["source_unfinished", "family_unfinished"] {
        let site = Site::new(&rule(&format!(r#""{name}":{{"min":3}}"#))).with_syn("linux-v4.hex", source);
        site.proxy.set(
            &["filter_state", "layerprint.tls.ja3"],
            b"d41d8cd98f00b204e9800998ecf8427e",
        );
        site.come_to_nothing(source, 3);
        assert!(site.is_closed(source), "{name}");
    }
    // The SYN is not this connection's.
    let site = Site::new(&rule(r#""family_connections":{"min":0}"#)).with_syn("linux-v4.hex", source);
    assert!(!site.is_closed(OTHER));
    let site = Site::new("{}").with_syn("linux-v4.hex", source);
    site.come_to_nothing(source, 2);
    let line = site.line(source);
    assert_eq!(
        (
            &line["os"],
            &line["family_connections"],
            &line["family_without_request"]
        ),
        (&json!("linux"), &json!(3), &json!(2))
    );
}

/// By default a connection is looked up and counted once, when its fate is known.
#[test]
fn by_default_nothing_is_counted_when_a_connection_is_accepted() {
    let shared = |configuration: &str| {
        let site = Site::new(configuration);
        site.come_to_nothing(OTHER, 1);
        let before = site.proxy.shared.borrow().clone();
        let _accepted = site.accept(OTHER);
        let after = site.proxy.shared.borrow().clone();
        before != after
    };
    assert!(!shared("{}"));
    assert!(shared(CLOSING));
}

#[test]
fn in_wasm_two_vms_count_as_one_and_the_next_connection_is_closed() {
    let proxy = host::Proxy::new();
    let vms = [0, 1].map(|_| proxy.vm(module(), "layerprint").unwrap());
    let roles = vms.each_ref().map(|vm| {
        let start = |role| vm.start(host::Plugin::new(role).configuration(CLOSING)).unwrap();
        let request = start("request");
        (start("connection"), request)
    });
    let closed = || proxy.metric("layerprint.connections_decided.verdict.close.mode.enforce");
    for n in 0..50 {
        let client = proxy.accept(Connection::plain());
        vms[n % 2].open(&roles[n % 2].0, &client).unwrap().close().unwrap();
    }
    assert_eq!(closed().unwrap_or_default(), 0);
    for (vm, (role, _)) in vms.iter().zip(&roles) {
        let client = proxy.accept(Connection::plain());
        assert!(vm.open(role, &client).unwrap().downstream(HEAD).is_err(), "it is over");
    }
    assert_eq!(closed(), Some(2));
}
