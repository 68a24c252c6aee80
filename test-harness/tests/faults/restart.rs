//! An Envoy takes over from another one (hot restart).

use std::net::Ipv4Addr;
use std::thread;
use std::time::{Duration, Instant};

use layerprint_harness::availability::require_or_skip;
use layerprint_harness::clients::{Client, CurlHttp};
use layerprint_harness::stack::{Stack, StackOptions};
use layerprint_harness::traffic::Connection;
use serde_json::json;

use crate::load::Load;
use crate::look::{PATIENCE, stat, traps};

/// The old one tells its connections to end with their next answer, and quits.
const TIMES: [&str; 6] = [
    "--drain-strategy",
    "immediate",
    "--drain-time-s",
    "4",
    "--parent-shutdown-time-s",
    "6",
];

#[test]
fn an_envoy_that_takes_over_loses_no_request_and_counts_from_the_beginning() {
    let test = "an_envoy_that_takes_over_loses_no_request_and_counts_from_the_beginning";
    let curl = Client::Curl(CurlHttp::Http2);
    if !require_or_skip(test, [Stack::availability(), curl.availability()]) {
        return;
    }
    let options = || {
        let limits = json!({"rates": [{"name": "five", "match": {"path": "/counted"}, "key": ["client_ip"], "requests": 5, "per_s": 600}]});
        StackOptions::new(test)
            .filter(json!({"mode": "enforce", "challenge": false, "limits": limits}))
            .arguments(TIMES)
    };
    let mut old = Stack::start(options().restartable()).unwrap();
    let ask = |path: &str| {
        Connection::open(Ipv4Addr::LOCALHOST, old.ports().http)
            .and_then(|mut connection| connection.get(path, "connection: close\r\n"))
            .unwrap()
            .status
    };
    let counted = || (0..6).filter(|_| ask("/counted") == 200).count();
    assert_eq!((counted(), counted()), (5, 0));

    let load = Load::begin(&old);
    let new = Stack::start(options().taking_over_from(&old).unwrap()).unwrap();
    assert_eq!(new.ports().http, old.ports().http);
    // Accepting stops at once in the old one.
    thread::sleep(Duration::from_millis(500));
    let by_new = counted();

    let start = Instant::now();
    while old.is_running() {
        assert!(start.elapsed() < PATIENCE, "the old one does not quit");
        thread::sleep(Duration::from_millis(50));
    }
    let answered_by_then = load.answered();
    thread::sleep(Duration::from_millis(500));
    let (answered, failures) = load.end();
    println!("{answered} requests answered while another Envoy took over");
    assert_eq!(failures, [""; 0], "of {answered}");
    assert!(answered > answered_by_then, "the new one serves alone");
    assert_eq!(by_new, 5, "what was counted was in the memory of the old one");
    assert_eq!(traps(&new), 0);
    assert!(stat(&new, |name| name == "wasm.envoy.wasm.runtime.v8.active") > 0);
}
