//! A site whose paths are named after the verdicts that they get.

use layerprint_harness::availability::{Availability, require_or_skip};
use layerprint_harness::stack::{Stack, StackOptions};
use serde_json::{Value, json};
use std::time::Duration;

pub const SOON: Duration = Duration::from_secs(20);

/// Verdicts above `allow`, and so the paths that have rules.
pub const VERDICTS: [&str; 6] = ["log", "review", "slow", "challenge", "limit", "block"];

/// How long a slowed request waits.
pub const DELAY: Duration = Duration::from_millis(400);
/// How many one worker holds back.
pub const HELD: usize = 3;
pub const RETRY_AFTER: &str = "7";

pub fn configuration(mode: &str) -> Value {
    let rules = VERDICTS.map(|verdict| {
        let path = format!("/{verdict}*");
        json!({ "name": format!("to-{verdict}"), "match": { "path": path }, "action": verdict })
    });
    json!({
        "mode": mode,
        "challenge": false,
        "rules": rules,
        "limits": { "slow": { "delay_ms": 400, "held": HELD }, "retry_after_s": 7 },
    })
}

/// With one worker, so that its bounds are the site's.
pub fn options(test: &str, mode: &str) -> StackOptions {
    StackOptions::new(test).filter(configuration(mode)).concurrency(1)
}

pub fn can_run(test: &str, more: impl IntoIterator<Item = Availability>) -> bool {
    require_or_skip(test, [Stack::availability()].into_iter().chain(more))
}

pub fn stat(stack: &Stack, name: &str) -> u64 {
    let stat = stack.admin().stat(&format!("wasmcustom.layerprint.{name}"));
    stat.unwrap().unwrap_or_default()
}

/// How often `verdict` was given by its rule, on whatever route that is.
pub fn decided(stack: &Stack, verdict: &str, mode: &str) -> u64 {
    let stats = stack.admin().stats().unwrap();
    let end = format!(".reason.rule.verdict.{verdict}.mode.{mode}");
    let of_verdict = stats
        .iter()
        .filter(|(name, _)| name.starts_with("wasmcustom.layerprint.decisions.route.") && name.ends_with(&end));
    of_verdict.map(|(_, count)| count).sum()
}

/// No VM has died, whatever was done to it.
pub fn assert_unharmed(stack: &Stack) {
    let stats = stack.admin().stats().unwrap();
    let reloads = stats.iter().filter(|(name, _)| name.contains(".vm_reload"));
    assert_eq!(
        reloads.map(|(_, count)| count).sum::<u64>(),
        0,
        "{}",
        stack.envoy_log_tail()
    );
    let log = stack.envoy_log();
    assert!(
        !log.contains("panicked") && !log.contains("Function: proxy_on_"),
        "{log}"
    );
}
