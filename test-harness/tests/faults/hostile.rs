//! Hostile requests of every kind, all at once from as many addresses as there are requests.

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use layerprint_harness::availability::{Availability, require_or_skip};
use layerprint_harness::repo;
use layerprint_harness::stack::{Stack, StackOptions};
use layerprint_harness::traffic::hostile::Kind;
use serde_json::json;

use crate::look::{stat, traps, wait_until_idle, wasm_memory};

/// How many are sent unless told otherwise.
pub const USUAL: u64 = 10_000;
const CLIENTS: usize = 8;

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    sent: u64,
    answered: u64,
    annotated: u64,
    forged: u64,
}

#[test]
fn hostile_requests_of_every_kind_trap_nothing_and_forge_nothing() {
    let test = "hostile_requests_of_every_kind_trap_nothing_and_forge_nothing";
    let recorded = repo::root().join("tests/fixtures/tls/chromium-1.bin");
    if !require_or_skip(test, [Stack::availability()]) {
        return;
    }
    let hello = fs::read(recorded).unwrap();
    let all = std::env::var("LAYERPRINT_HOSTILE").map_or(USUAL, |number| number.parse().unwrap());
    let everything = json!({
        "challenge": {"keys": ["MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="]},
        "limits": {"rates": [{"name": "all", "key": ["client_ip", "lp1_http", {"header": "cookie"}], "requests": 1_000_000, "per_s": 60}]},
        "networks": [{"tag": "vpn", "cidrs": ["127.3.0.0/16"]}],
        "annotate": {"headers": ["verdict", "reasons", "id", "ja3", "ja4", "h2", "tcp", "os", "client", "order"]},
    });
    let mut options = StackOptions::new(test).filter(everything);
    if Stack::probe_availability() == Availability::Here {
        options = options.with_probe();
    }
    let stack = Stack::start(options).unwrap();
    let begun = Instant::now();
    let tallies = send(&stack, &hello, 0..all / 2);
    wait_until_idle(&stack);
    let half_way = wasm_memory(&stack);
    let more = send(&stack, &hello, all / 2..all);
    wait_until_idle(&stack);

    println!(
        "{all} hostile requests in {:.1?}; Wasm memory {half_way} half way, {} at the end",
        begun.elapsed(),
        wasm_memory(&stack)
    );
    for tallies in [&tallies, &more] {
        for (kind, tally) in tallies {
            println!("{kind:?} {tally:?}");
            assert_eq!(tally.forged, 0, "{kind:?}: a forged header got through");
            if kind.passes() {
                assert_eq!(tally.annotated, tally.sent, "{kind:?}: {tally:?}");
            }
        }
    }
    assert_eq!(traps(&stack), 0, "{}", stack.envoy_log_tail());
    let refused = |name: &str| stat(&stack, |found| found == name);
    assert_eq!(
        refused("http.ingress.downstream_rq_5xx"),
        refused("cluster.upstream.upstream_rq_5xx"),
        "{}",
        stack.envoy_log_tail()
    );
    assert!(refused("wasmcustom.layerprint.forged_headers") > 0);
    assert_eq!(
        stat(&stack, |name| name.starts_with("wasmcustom.layerprint.errors.")),
        0
    );
}

fn send(stack: &Stack, hello: &[u8], numbers: std::ops::Range<u64>) -> BTreeMap<Kind, Tally> {
    let (next, ports) = (AtomicU64::new(numbers.start), stack.ports());
    let client = || {
        let mut tallies: BTreeMap<Kind, Tally> = BTreeMap::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= numbers.end {
                return tallies;
            }
            let kind = Kind::of(number);
            let outcome = kind.send(number, &ports, hello);
            let outcome = outcome.unwrap_or_else(|error| panic!("{kind:?} {number}: {error}"));
            assert_ne!(outcome.status, Some(503), "{kind:?} {number}");
            let tally = tallies.entry(kind).or_default();
            tally.sent += 1;
            tally.answered += u64::from(outcome.status.is_some());
            tally.annotated += u64::from(outcome.annotated);
            tally.forged += u64::from(outcome.forged);
        }
    };
    let all = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
        clients
            .into_iter()
            .flat_map(|client| client.join().unwrap())
            .collect::<Vec<_>>()
    });
    let mut tallies: BTreeMap<Kind, Tally> = BTreeMap::new();
    for (kind, more) in all {
        let tally = tallies.entry(kind).or_default();
        tally.sent += more.sent;
        tally.answered += more.answered;
        tally.annotated += more.annotated;
        tally.forged += more.forged;
    }
    tallies
}
