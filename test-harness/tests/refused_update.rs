//! A running Envoy is given a bad configuration: it says everything that is wrong with it, and goes on with the old one.
//!
//! The listeners come from a file that Envoy watches (LDS), as they come from a control plane in production.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use layerprint_harness::availability::require_or_skip;
use layerprint_harness::clients::{Annotation, Client, CurlHttp};
use layerprint_harness::repo;
use layerprint_harness::stack::{Stack, StackOptions, WatchedListeners};
use serde_json::json;

const PATIENCE: Duration = Duration::from_secs(30);

/// Twelve mistakes of twelve kinds. `layerprint check` is tested with the same file.
const MISTAKES: &str = "tests/fixtures/config/twelve.json";

#[test]
fn envoy_says_each_of_twelve_mistakes_and_keeps_serving_with_the_old_configuration() {
    let name = "envoy_says_each_of_twelve_mistakes_and_keeps_serving_with_the_old_configuration";
    let curl = Client::Curl(CurlHttp::Http2);
    if !require_or_skip(name, [Stack::availability(), curl.availability()]) {
        return;
    }
    let mut listeners = WatchedListeners::new("refused_update").unwrap();
    let options = StackOptions::new("refused_update").filter(json!({"mode": "enforce", "challenge": false}));
    let stack = Stack::start(options.edit(listeners.edit())).unwrap();
    let verdict = || Annotation::read(&curl.get(&stack.tls_url("/page"), &[]).unwrap()).unwrap();
    assert_eq!(verdict().parameter("mode"), Some("enforce"));

    let mistakes = fs::read_to_string(repo::root().join(MISTAKES)).unwrap();
    listeners.set_filter(&mistakes).unwrap();
    let expected = layerprint::policy::config::Config::parse(mistakes.as_bytes()).unwrap_err();
    assert_eq!(expected.len(), 12);
    let waits_since = Instant::now();
    for problem in expected {
        let message = format!("configuration refused: {problem}");
        while !stack.envoy_log().contains(&message) {
            assert!(
                waits_since.elapsed() < PATIENCE,
                "not in Envoy's log: {message}\n{}",
                stack.envoy_log_tail()
            );
            thread::sleep(Duration::from_millis(50));
        }
    }
    // Once more after it has had the time to take it.
    thread::sleep(Duration::from_millis(500));
    assert_eq!(verdict().parameter("mode"), Some("enforce"), "the old one is in force");

    // A good one that comes later is taken.
    listeners.set_filter(r#"{"mode":"observe"}"#).unwrap();
    let waits_since = Instant::now();
    while verdict().parameter("mode") != Some("observe") {
        assert!(waits_since.elapsed() < PATIENCE, "{}", stack.envoy_log_tail());
        thread::sleep(Duration::from_millis(50));
    }
}
