//! Connections that come to nothing: handshakes that are left, silence, half a request. Each is counted as what it is, and those
//! that bring a request are not counted. None of it needs root.

use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use layerprint_harness::clients::{Client, CurlHttp};
use layerprint_harness::repo;
use layerprint_harness::stack::envoy_program;
use serde_json::json;

use crate::lab::{GET, Lab, SOON, Sender, configure};
use crate::net::check;
use crate::site::{can_run, wait_for};

/// How many connections were opened, how many of them came to nothing, and of those the handshakes and the silent ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    connections: u64,
    without_request: u64,
    unfinished: u64,
    silent: u64,
}

impl Counts {
    fn of(lab: &Lab) -> Self {
        let stats = lab.stack.admin().stats().unwrap();
        let count = |name| {
            let name = format!("wasmcustom.layerprint.{name}");
            stats.get(&name).copied().unwrap_or_default()
        };
        Self {
            connections: count("connections"),
            without_request: count("connections_without_request"),
            unfinished: count("handshakes_unfinished"),
            silent: count("connections_silent"),
        }
    }

    /// Waits until they are these, and looks again: what is counted too much comes late.
    fn wait(self, lab: &Lab) {
        let start = Instant::now();
        let mut before = Self::default();
        loop {
            let seen = Self::of(lab);
            if seen == self && before == self {
                return;
            }
            assert!(start.elapsed() < SOON, "{seen:?}, not {self:?}");
            before = seen;
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Connections that each send these bytes and are closed.
fn leave(to: SocketAddr, sent: &[u8], times: usize) {
    for _ in 0..times {
        let mut stream = TcpStream::connect(to).unwrap();
        stream.write_all(sent).unwrap();
    }
}

fn hello(name: &str) -> Vec<u8> {
    fs::read(repo::root().join("tests/fixtures/tls").join(name)).unwrap()
}

#[test]
fn handshakes_that_are_never_finished_are_counted_and_finished_ones_are_not() {
    let test = "handshakes_that_are_never_finished_are_counted_and_finished_ones_are_not";
    let curl = Client::Curl(CurlHttp::Http2);
    if !can_run(test, [curl.availability()]) {
        return;
    }
    let lab = Lab::start(test, &envoy_program().unwrap());
    let mut expected = Counts::default();
    for name in [
        "curl.bin",
        "cffi-chrome131-1.bin",
        "firefox-esr-1.bin",
        "openssl-tls1_2.bin",
    ] {
        // As a scanner does: read what the server says, and leave.
        for _ in 0..5 {
            let mut client = Sender::connect(lab.tls()).send(&hello(name));
            assert!(matches!(client.first_answer()[0], 21 | 22), "{name}: TLS has answered");
        }
        expected.connections += 5;
        expected.without_request += 5;
        expected.unfinished += 5;
        expected.wait(&lab);
    }
    for _ in 0..3 {
        assert_eq!(curl.get(&lab.stack.tls_url("/"), &[]).unwrap().status, 200);
        expected.connections += 1;
        expected.wait(&lab);
    }
    assert!(Sender::connect(lab.cleartext()).send(GET).is_served());
    expected.connections += 1;
    expected.wait(&lab);
}

/// As browsers do that connect ahead of need, over HTTP/1.1.
const CONNECT_AND_WAIT: &str = "
import socket, ssl, sys, time
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
context.minimum_version = context.maximum_version = ssl.TLSVersion[sys.argv[2]]
with socket.create_connection(('127.0.0.1', int(sys.argv[1]))) as plain:
    with context.wrap_socket(plain, server_hostname='localhost'):
        time.sleep(0.2)
";

#[test]
fn a_finished_handshake_without_a_request_is_not_an_unfinished_one() {
    let test = "a_finished_handshake_without_a_request_is_not_an_unfinished_one";
    if !can_run(test, []) {
        return;
    }
    let lab = Lab::start(test, &envoy_program().unwrap());
    let mut expected = Counts::default();
    for version in ["TLSv1_2", "TLSv1_3"] {
        let port = lab.tls().port().to_string();
        check(Command::new("python3").args(["-c", CONNECT_AND_WAIT, &port, version]));
        expected.connections += 1;
        expected.without_request += 1;
        expected.wait(&lab);
    }
}

/// Who closes before Envoy has looked at the hello never comes as far as a network filter. Envoy counts those.
#[test]
fn handshakes_that_are_left_at_once_are_counted_by_the_module_or_by_envoy() {
    let test = "handshakes_that_are_left_at_once_are_counted_by_the_module_or_by_envoy";
    if !can_run(test, []) {
        return;
    }
    let lab = Lab::start(test, &envoy_program().unwrap());
    leave(lab.tls(), &hello("curl.bin"), 40);
    wait_for(&lab, || {
        let counts = Counts::of(&lab);
        let stats = lab.stack.admin().stats().unwrap();
        let early = |name: &str| name.ends_with("downstream_listener_filter_remote_close");
        let closed_early: u64 = stats.iter().filter(|(name, _)| early(name)).map(|(_, n)| n).sum();
        println!(
            "left at once: {} counted by the module, {closed_early} by Envoy",
            counts.unfinished
        );
        // The module counts the two one after the other.
        let all_counted = counts.unfinished + closed_early == 40 && counts.unfinished == counts.without_request;
        all_counted.then_some(())
    });
}

#[test]
fn silence_and_half_a_request_are_told_apart() {
    let test = "silence_and_half_a_request_are_told_apart";
    if !can_run(test, []) {
        return;
    }
    // With a filter that waits for the first bytes, a silent connection never comes as far as the module.
    let lab = Lab::with(test, &envoy_program().unwrap(), without_inspectors);
    let mut expected = Counts::default();
    leave(lab.cleartext(), b"", 7);
    expected.connections += 7;
    expected.without_request += 7;
    expected.silent += 7;
    expected.wait(&lab);
    for sent in [
        &b"GET / HT"[..],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\0",
        b"SSH-2.0-x\r\n",
    ] {
        leave(lab.cleartext(), sent, 5);
        expected.connections += 5;
        expected.without_request += 5;
        expected.wait(&lab);
    }
    let mut client = Sender::connect(lab.cleartext()).send(GET);
    assert!(client.is_served());
    expected.connections += 1;
    expected.wait(&lab);
    drop(client);
    expected.wait(&lab);
}

fn without_inspectors(listener: &mut serde_json::Value) {
    configure(listener, "syn rtt");
    let filters = listener["listener_filters"].as_array_mut().unwrap();
    filters.retain(|filter| filter["name"] != json!("envoy.filters.listener.http_inspector"));
}
