//! What is counted outlives what counted it.

use crate::http1::Connection;
use layerprint_harness::availability::require_or_skip;
use layerprint_harness::stack::{Stack, StackOptions, WatchedListeners};
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::thread;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);

fn configuration(other: usize, retry_after: u32) -> Value {
    let limit = |name: &str, requests: usize| json!({"name": name, "match": {"path": format!("/{name}")}, "key": ["client_ip"], "requests": requests, "per_s": 600});
    json!({
        "mode": "enforce",
        "challenge": false,
        "limits": {"rates": [limit("other", other), limit("same", 5)], "retry_after_s": retry_after},
        "rules": [{"name": "asked", "match": {"path": "/configuration"}, "action": "limit"}],
    })
}

fn get(stack: &Stack, path: &str) -> crate::http1::Told {
    Connection::open(Ipv4Addr::LOCALHOST, stack.ports().http).get("a.example", path, "")
}

/// How many of 8 requests pass, each on a connection of its own and so on any worker.
fn passes(stack: &Stack, path: &str) -> usize {
    (0..8).filter(|_| get(stack, path).status == 200).count()
}

/// Waits until a new connection meets the configuration that says this.
fn wait_for(stack: &Stack, retry_after: &str) {
    let start = Instant::now();
    // On either of two workers: so often in a row.
    let is_there = || (0..8).all(|_| get(stack, "/configuration").header("retry-after") == Some(retry_after));
    while !is_there() {
        assert!(start.elapsed() < PATIENCE, "{}", stack.envoy_log_tail());
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn another_configuration_and_new_vms_keep_the_counts_of_a_limit_that_stays_as_it_was() {
    let test = "another_configuration_and_new_vms_keep_the_counts_of_a_limit_that_stays_as_it_was";
    if !require_or_skip(test, [Stack::availability()]) {
        return;
    }
    let mut listeners = WatchedListeners::new("kept").unwrap();
    let options = StackOptions::new("kept")
        .filter(configuration(6, 1))
        .edit(listeners.edit());
    let stack = Stack::start(options).unwrap();
    assert_eq!((passes(&stack, "/same"), passes(&stack, "/other")), (5, 6));
    assert_eq!((passes(&stack, "/same"), passes(&stack, "/other")), (0, 0));

    listeners.set_filter(&configuration(7, 2).to_string()).unwrap();
    wait_for(&stack, "2");
    assert_eq!(passes(&stack, "/same"), 0, "it counts on");
    assert_eq!(passes(&stack, "/other"), 7, "it begins anew");

    let vms = || {
        let stats = stack.admin().stats().unwrap();
        let created = stats
            .iter()
            .filter(|(name, _)| name.starts_with("wasm.") && name.ends_with(".created"));
        created.map(|(_, count)| *count).sum::<u64>()
    };
    let before = vms();
    listeners.renew_vms().unwrap();
    let start = Instant::now();
    while vms() < before + 3 {
        assert!(
            start.elapsed() < PATIENCE,
            "{before} {}: {}",
            vms(),
            stack.envoy_log_tail()
        );
        thread::sleep(Duration::from_millis(50));
    }
    listeners.set_filter(&configuration(7, 3).to_string()).unwrap();
    wait_for(&stack, "3");
    assert_eq!(
        (passes(&stack, "/same"), passes(&stack, "/other")),
        (0, 0),
        "new VMs know"
    );
}
