//! The challenge in the real Envoy: who passes and who does not, and what becomes of a clearance in other hands.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub
)]

mod agent;
mod believed;
mod browsers;
mod forms;
mod keys;
mod loops;
mod replayed;
mod streams;
mod work;

use layerprint_harness::availability::{Availability, require_or_skip};
use layerprint_harness::stack::{Stack, StackOptions};
use serde_json::{Value, json};

/// Two keys, as `openssl rand -base64 32` gives them.
pub const KEY: &str = "rB3VQmzqQW5o8zq0t1P2mG4mS3wYxX1dX6m8o3wq9yE=";
pub const OTHER_KEY: &str = "0cX8m1uY3k6w4c5Jq9Zr7b2NnTtV1xE8hLsPfG0aDdo=";

/// A site whose `/guarded` takes a clearance, under these settings of `challenge`.
pub fn configuration(challenge: &Value) -> Value {
    let mut settings = json!({ "keys": [KEY], "difficulty": 10 });
    for (key, value) in challenge.as_object().unwrap() {
        settings[key] = value.clone();
    }
    json!({
        "mode": "enforce",
        "challenge": settings,
        "rules": [
            { "name": "blocked", "match": { "method": "PUT" }, "action": "block" },
            { "name": "guarded", "match": { "path": ["/guarded*", "/login*"] }, "action": "challenge" },
        ],
    })
}

pub fn site(test: &str, challenge: &Value) -> Stack {
    Stack::start(StackOptions::new(test).filter(configuration(challenge))).unwrap()
}

pub fn can_run(test: &str, more: impl IntoIterator<Item = Availability>) -> bool {
    require_or_skip(
        test,
        [Stack::availability(), agent::availability()].into_iter().chain(more),
    )
}

pub fn stat(stack: &Stack, name: &str) -> u64 {
    let stat = stack.admin().stat(&format!("wasmcustom.layerprint.{name}"));
    stat.unwrap().unwrap_or_default()
}
