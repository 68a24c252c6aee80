//! Sources that open connections and ask for nothing, in an Envoy with two workers: each worker knows what has come to the other.

use crate::ask::{self, curl, try_curl};
use crate::site::{SOON, assert_unharmed, can_run, stat};
use layerprint_harness::stack::{Stack, StackOptions};
use serde_json::{Value, json};
use std::process::Command;
use std::time::Instant;

const CLOSED: &str = "connections_decided.verdict.close.mode.enforce";
const FOUND: &str = "findings.code.connection-flood";

/// From another network than everybody else's.
const FLOODER: &str = "127.0.1.9";

/// Opens connections one after the other, says nothing, and leaves; to a port, from an address, so many.
const SAY_NOTHING: &str = "
import socket, sys
for _ in range(int(sys.argv[3])):
    socket.create_connection(('127.0.0.1', int(sys.argv[1])), source_address=(sys.argv[2], 0)).close()
";

/// As a browser does: two connections ahead of need for each that asks for something.
const BROWSE: &str = "
import http.client, socket, sys
port, address = int(sys.argv[1]), sys.argv[2]
for _ in range(int(sys.argv[3])):
    ahead = [socket.create_connection(('127.0.0.1', port), source_address=(address, 0)) for _ in range(2)]
    client = http.client.HTTPConnection('127.0.0.1', port, source_address=(address, 0))
    client.request('GET', '/')
    assert client.getresponse().status == 200
    client.close()
    for connection in ahead:
        connection.close()
";

fn start(test: &str) -> Stack {
    let filter = json!({ "connection": { "mode": "enforce", "ladder": { "high": "close" } } });
    let options = StackOptions::new(test).filter(filter).concurrency(2);
    Stack::start(options.edit(without_inspectors)).unwrap()
}

/// A listener filter that waits for the first bytes keeps a silent connection from the module.
fn without_inspectors(config: &mut Value) {
    let listener = &mut config["static_resources"]["listeners"][1];
    listener.as_object_mut().unwrap().remove("listener_filters");
}

fn python(program: &str, stack: &Stack, from: &str, times: u32) {
    let (port, times) = (stack.ports().http.to_string(), times.to_string());
    let status = Command::new("python3")
        .args(["-c", program, &port, from, &times])
        .status();
    assert!(status.unwrap().success());
}

fn wait_for(stack: &Stack, name: &str, count: u64) {
    let start = Instant::now();
    while stat(stack, name) < count {
        assert!(start.elapsed() < SOON, "{name}: {} of {count}", stat(stack, name));
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn a_source_of_silent_connections_is_closed_by_both_workers_and_others_are_served() {
    let test = "a_source_of_silent_connections_is_closed_by_both_workers_and_others_are_served";
    if !can_run(test, [ask::availability()]) {
        return;
    }
    let stack = start(test);
    // The fifty that it takes, and when all of them are over, fifty more.
    for count in [50, 100] {
        python(SAY_NOTHING, &stack, FLOODER, 50);
        wait_for(&stack, "connections_without_request", count);
    }
    let stats = stack.admin().stats().unwrap();
    let of = |worker: &str| -> u64 {
        let end = format!(".{worker}.downstream_cx_total");
        let of_worker = stats
            .iter()
            .filter(|(name, _)| name.starts_with("listener.") && name.ends_with(&end));
        of_worker.map(|(_, count)| count).sum()
    };
    let (one, other) = (of("worker_0"), of("worker_1"));
    assert!(one > 0 && other > 0, "{one} {other}");
    // Both workers counted them together.
    let closed = stat(&stack, CLOSED);
    assert_eq!((stat(&stack, "connections_silent"), closed), (50, 50));
    for url in [stack.http_url("/"), stack.tls_url("/")] {
        for _ in 0..10 {
            let code = try_curl(&url, &["--interface", FLOODER]).unwrap_err();
            assert!([35, 52, 56].contains(&code), "{url}: {code}");
            assert_eq!(curl(&url, &[]).status, 200);
        }
    }
    assert_eq!(stat(&stack, CLOSED), closed + 20);
    assert_eq!(stat(&stack, FOUND), 0, "none of their requests came through");
    assert_eq!(stat(&stack, "memory.table.sources.event.lost"), 0);
    assert_eq!(stat(&stack, "memory.table.sources.event.failed"), 0);
    assert_unharmed(&stack);
}

#[test]
fn who_asks_for_something_over_many_connections_is_served() {
    let test = "who_asks_for_something_over_many_connections_is_served";
    if !can_run(test, [ask::availability()]) {
        return;
    }
    let stack = start(test);
    python(BROWSE, &stack, FLOODER, 100);
    wait_for(&stack, "connections_without_request", 200);
    assert_eq!(curl(&stack.http_url("/"), &["--interface", FLOODER]).status, 200);
    let line = stack.access_log().wait_for(101, SOON).unwrap();
    let line = &line.last().unwrap()["layerprint"];
    assert_eq!(
        (&line["source_connections"], &line["source_without_request"]),
        (&json!(301), &json!(200)),
        "whichever worker they came to"
    );
    assert_eq!((stat(&stack, CLOSED), stat(&stack, FOUND)), (0, 0));
    assert_unharmed(&stack);
}
