//! No loops: who is challenged again and again, and never comes back with a clearance, gets another answer.

use crate::agent::{Agent, PATH};
use crate::{can_run, configuration, site, stat};
use layerprint_harness::stack::{Stack, StackOptions};
use serde_json::json;
use std::thread::sleep;
use std::time::Duration;

/// Asks once in each of `n` seconds: a second counts once.
fn each_second(agent: &Agent<'_>, n: usize, mut ask: impl FnMut(&Agent<'_>) -> u64) -> Vec<u64> {
    (0..n)
        .map(|at| {
            if at > 0 {
                sleep(Duration::from_millis(1_050));
            }
            ask(agent)
        })
        .collect()
}

#[test]
fn who_refuses_too_often_is_limited_whatever_it_is_and_a_neighbour_is_not() {
    let test = "who_refuses_too_often_is_limited_whatever_it_is_and_a_neighbour_is_not";
    if !can_run(test, []) {
        return;
    }
    let stack = site(test, &json!({ "attempts": { "count": 3, "per_s": 600 } }));
    let agent = Agent::new(&stack);
    let at_once: Vec<_> = (0..5).map(|_| agent.get("/guarded").status).collect();
    assert!(
        at_once.iter().all(|status| *status == 403),
        "a page that loads much is one visit: {at_once:?}"
    );
    sleep(Duration::from_millis(1_050));
    let program = agent.as_program();
    let statuses = each_second(&program, 5, |agent| agent.get("/guarded").status);
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    assert!(statuses.is_sorted() && statuses[0] == 403, "{statuses:?}");
    let told = agent.get("/guarded");
    assert_eq!((told.status, told.header("retry-after")), (429, Some("10")));
    assert_eq!(agent.get(PATH).status, 429, "nor does it get more pages elsewhere");
    assert_eq!(agent.get("/").status, 200, "what is not guarded stays open");
    let neighbour = agent.with(&["--interface", "127.0.0.9"]);
    assert_eq!(neighbour.get("/guarded").status, 403);
    assert!(stat(&stack, "challenges.event.given-up.route.default") >= 2);
    assert!(stat(&stack, "decisions.route.default.reason.rule.verdict.limit.mode.enforce") >= 1);
}

#[test]
fn who_fails_too_often_is_answered_so_and_who_comes_with_a_clearance_begins_anew() {
    let test = "who_fails_too_often_is_answered_so_and_who_comes_with_a_clearance_begins_anew";
    if !can_run(test, []) {
        return;
    }
    let stack = site(
        test,
        &json!({ "attempts": { "count": 3, "per_s": 600, "then": "block" } }),
    );
    let agent = Agent::new(&stack);
    let cleared = agent.with_clearance(&agent.pass("/guarded"));
    sleep(Duration::from_millis(1_050));
    assert_eq!(each_second(&agent, 2, |agent| agent.answer("x").status), [403, 403]);
    assert!(cleared.get("/guarded").is_upstreams());
    sleep(Duration::from_millis(1_050));
    assert_eq!(agent.get("/guarded").status, 403);
    let page = agent.get("/guarded");
    assert!(page.body.contains("data-token"), "it began anew: {page:?}");
    sleep(Duration::from_millis(1_050));
    each_second(&agent, 3, |agent| agent.answer("x").status);
    sleep(Duration::from_millis(1_050));
    let blocked = agent.get("/guarded");
    assert!(
        blocked.status == 403 && !blocked.body.contains("data-token"),
        "{blocked:?}"
    );
}

#[test]
fn a_cleared_client_still_counts_and_is_blocked_by_what_blocks() {
    let test = "a_cleared_client_still_counts_and_is_blocked_by_what_blocks";
    if !can_run(test, []) {
        return;
    }
    let mut configuration = configuration(&json!({}));
    configuration["limits"] = json!({ "rates": [
        { "name": "each", "match": { "path": "/guarded" }, "key": ["client_ip"], "requests": 5, "per_s": 60 } ] });
    let stack = Stack::start(StackOptions::new(test).filter(configuration)).unwrap();
    let agent = Agent::new(&stack);
    let cleared = agent.with_clearance(&agent.pass("/guarded"));
    assert_eq!(cleared.with(&["-X", "PUT"]).get("/guarded").status, 403);
    assert_eq!(cleared.with(&["-X", "PUT"]).get(PATH).status, 403);
    let statuses: Vec<_> = (0..7).map(|_| cleared.get("/guarded").status).collect();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 429, 429]);
    assert_eq!(
        stat(
            &stack,
            "decisions.route.default.reason.limit.verdict.limit.mode.enforce"
        ),
        2
    );
}

#[test]
fn observed_nobody_is_challenged_and_the_page_can_be_tried() {
    let test = "observed_nobody_is_challenged_and_the_page_can_be_tried";
    if !can_run(test, []) {
        return;
    }
    let mut configuration = configuration(&json!({}));
    configuration["mode"] = "observe".into();
    let stack = Stack::start(StackOptions::new(test).filter(configuration)).unwrap();
    let agent = Agent::new(&stack);
    let seen = agent.get("/guarded");
    assert!(seen.received("x-layerprint-verdict")[0].starts_with("challenge;mode=observe"));
    let tried = agent.get(PATH);
    assert_eq!(tried.status, 200);
    let passed = agent.answer(&tried.puzzle().solve().answer);
    let cleared = agent.with_clearance(&crate::agent::clearance(&passed));
    assert!(cleared.get("/guarded").received("x-layerprint-verdict")[0].starts_with("log;mode=observe"));
    assert_eq!(
        cleared.get(&format!("{PATH}?to=/guarded")).header("location"),
        Some("/guarded")
    );
}
