//! What a stack says of itself.

use std::thread;
use std::time::{Duration, Instant};

use layerprint_harness::process;
use layerprint_harness::stack::Stack;

pub const PATIENCE: Duration = Duration::from_secs(20);

/// The sum of all counters and gauges of these names; one that is not there is 0.
pub fn stat(stack: &Stack, is_one: impl Fn(&str) -> bool) -> u64 {
    let stats = stack.admin().stats().unwrap();
    stats
        .iter()
        .filter(|(name, _)| is_one(name))
        .map(|(_, value)| *value)
        .sum()
}

/// VMs that were made anew after a trap.
pub fn reloads(stack: &Stack) -> u64 {
    stat(stack, |name| name.ends_with(".vm_reload_success"))
}

/// Whatever Envoy did for a VM that has died.
pub fn traps(stack: &Stack) -> u64 {
    stat(stack, |name| name.contains(".vm_reload"))
}

/// Waits until this holds.
pub fn wait(stack: &Stack, what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "{what}\n{}", stack.envoy_log_tail());
        thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until no connection and no request of a client is left.
pub fn wait_until_idle(stack: &Stack) {
    wait(stack, "connections or requests are left", || {
        stat(stack, |name| {
            name == "http.ingress.downstream_cx_active"
                || name == "http.ingress.downstream_rq_active"
                || name == "cluster.upstream.upstream_rq_active"
        }) == 0
    });
}

/// The linear memories of all VMs, in bytes.
pub fn wasm_memory(stack: &Stack) -> u64 {
    let memories = process::wasm_memories(stack.envoy_pid()).unwrap();
    assert!(!memories.is_empty(), "they are told by how V8 lays them out");
    memories.iter().sum()
}
