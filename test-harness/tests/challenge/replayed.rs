//! The lines that Envoy writes of challenges, decided on anew by the same configuration: as the requests were.

use crate::agent::{Agent, PATH};
use crate::{can_run, configuration, site};
use layerprint::policy::config::Config;
use layerprint_harness::replay::{Judge, Request};
use serde_json::{Value, json};
use std::thread::sleep;
use std::time::Duration;

#[test]
fn the_log_of_a_challenge_is_decided_on_as_its_requests_were() {
    let test = "the_log_of_a_challenge_is_decided_on_as_its_requests_were";
    if !can_run(test, []) {
        return;
    }
    let settings = json!({ "attempts": { "count": 2, "per_s": 600, "then": "block" } });
    let stack = site(test, &settings);
    let agent = Agent::new(&stack);
    let cookie = agent.pass("/guarded");
    let cleared = agent.with_clearance(&cookie);
    assert!(cleared.get("/guarded").is_upstreams());
    let other = cleared.elsewhere();
    let statuses: Vec<_> = (0..3)
        .map(|_| {
            let status = other.get("/guarded").status;
            sleep(Duration::from_millis(1_050));
            status
        })
        .collect();
    assert_eq!(statuses, [403; 3]);

    let lines = stack.access_log().wait_for(6, Duration::from_secs(10)).unwrap();
    let lines: Vec<Value> = lines.iter().map(|line| line["layerprint"].clone()).collect();
    let config = configuration(&settings).to_string();
    let judge = Judge::new(Config::parse(config.as_bytes()).unwrap()).unwrap();
    let mut told = Vec::new();
    for line in &lines {
        let (_, decision) = judge.decide(line, Request::default()).unwrap();
        for (member, now) in [
            ("verdict", json!(decision.verdict.as_str())),
            ("mode", json!(decision.mode.as_str())),
            ("rule", json!(decision.rule.as_deref())),
            ("unsolved", json!(decision.unsolved)),
        ] {
            assert_eq!(now, line[member], "{member} of {line}");
        }
        told.push((line["path"].as_str().unwrap(), decision.verdict.as_str()));
    }
    assert_eq!(
        told,
        [
            ("/guarded", "challenge"),
            (PATH, "allow"),
            ("/guarded", "log"),
            ("/guarded", "challenge"),
            ("/guarded", "challenge"),
            ("/guarded", "block"),
        ]
    );
    let refused: Vec<_> = lines.iter().map(|line| line["clearance_refused"].as_str()).collect();
    assert_eq!(
        refused,
        [None, None, None, Some("network"), Some("network"), Some("network")]
    );
}
