//! Whose answer and whose clearance is believed: those of the client that was challenged, in its time, and nobody else's.

use crate::agent::{Agent, clearance};
use crate::{KEY, OTHER_KEY, can_run, configuration, site, stat};
use layerprint_harness::clients::{Client, CurlHttp, Library, Request};
use layerprint_harness::stack::{Stack, StackOptions};
use serde_json::json;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Another curl in each way that a connection can be another one.
fn others<'s>(agent: &Agent<'s>) -> [(&'static str, Agent<'s>); 4] {
    [
        ("network", agent.elsewhere()),
        ("host", agent.on("other.example")),
        ("tls", agent.with(&["--tls-max", "1.2"])),
        ("http", agent.with(&["--http1.1"])),
    ]
}

#[test]
fn a_client_that_does_the_work_passes_and_nobody_else_does_with_its_clearance() {
    let test = "a_client_that_does_the_work_passes_and_nobody_else_does_with_its_clearance";
    if !can_run(test, []) {
        return;
    }
    let stack = site(test, &json!({}));
    let agent = Agent::new(&stack);
    let page = agent.get("/guarded?a=b");
    assert_eq!(page.status, 403);
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert!(page.body.len() <= 12 * 1_024, "{}", page.body.len());

    let passed = agent.answer(&page.puzzle().solve().answer);
    assert_eq!((passed.status, passed.body.as_str()), (204, ""));
    let cookie = passed.header("set-cookie").unwrap();
    assert!(
        cookie.ends_with("; Path=/; Max-Age=1800; HttpOnly; Secure; SameSite=Lax"),
        "{cookie}"
    );
    let cleared = agent.with_clearance(&clearance(&passed));
    let through = cleared.ask("/guarded?a=b", &["-H", "Cookie: session=abc"]);
    assert!(through.is_upstreams(), "{through:?}");
    let verdict = &through.received("x-layerprint-verdict")[0];
    assert!(verdict.starts_with("log;mode=enforce"), "{verdict}");
    assert_eq!(
        through.received("cookie"),
        ["session=abc"],
        "the upstream never gets the clearance"
    );
    assert_eq!(stat(&stack, "clearances.state.valid"), 1);

    for (reason, other) in others(&cleared) {
        let told = other.get("/guarded");
        assert_eq!(told.status, 403, "{reason}: {told:?}");
        assert_eq!(stat(&stack, &format!("clearances.state.{reason}")), 1, "{reason}");
    }
    let mut changed = clearance(&passed).into_bytes();
    changed[70] = if changed[70] == b'A' { b'B' } else { b'A' };
    for (reason, value) in [
        ("tampered", String::from_utf8(changed).unwrap()),
        ("malformed", "x".to_owned()),
        ("malformed", agent.get("/guarded").puzzle().token),
    ] {
        let before = stat(&stack, &format!("clearances.state.{reason}"));
        assert_eq!(agent.with_clearance(&value).get("/guarded").status, 403);
        assert_eq!(stat(&stack, &format!("clearances.state.{reason}")), before + 1);
    }
    let lines = stack.access_log().wait_for(10, Duration::from_secs(10)).unwrap();
    let told: Vec<_> = lines
        .iter()
        .map(|line| line["layerprint"]["challenge"].as_str())
        .collect();
    assert_eq!(&told[..3], [Some("issued"), Some("solved"), None]);
    assert_eq!(lines[2]["layerprint"]["clearance"], 10);
    assert_eq!(lines[3]["layerprint"]["clearance_refused"], "network");
    assert!(!stack.envoy_log().contains(KEY));
}

#[test]
fn an_answer_is_worth_nothing_in_other_hands_changed_or_twice_after_its_time() {
    let test = "an_answer_is_worth_nothing_in_other_hands_changed_or_twice_after_its_time";
    if !can_run(test, []) {
        return;
    }
    let stack = site(
        test,
        &json!({ "answer_within_s": 10, "difficulty": 12, "attempts": { "count": 1000 } }),
    );
    let agent = Agent::new(&stack);
    let failed = |reason: &str| stat(&stack, &format!("challenge_failures.reason.{reason}"));
    let refused = |agent: &Agent<'_>, answer: &str, reason: &str| {
        let before = failed(reason);
        let told = agent.answer(answer);
        assert_eq!(told.status, 403, "{reason}: {told:?}");
        assert_eq!(told.header("set-cookie"), None);
        assert_eq!(told.header("content-type"), Some("application/problem+json"));
        assert!(!told.body.contains(reason), "nobody is told why: {}", told.body);
        assert_eq!(failed(reason), before + 1, "{reason}");
    };
    let begun = Instant::now();
    let puzzle = agent.get("/guarded").puzzle();
    let answer = puzzle.solve().answer;
    for (reason, other) in others(&agent) {
        refused(&other, &answer, reason);
    }
    // A token with a lower difficulty in it, and work for a lower one.
    let easier = easier(&answer);
    refused(&agent, &easier, "tampered");
    let less = layerprint::policy::config::challenge::Difficulty::new(10).unwrap();
    let short = (0..)
        .map(|_| agent.get("/guarded").puzzle().solve_as(less).answer)
        .next()
        .unwrap();
    refused(&agent, &short, "work");
    for nothing in ["", "~", "x", &answer[..answer.len() - 1], &format!("{answer}=")] {
        refused(&agent, nothing, "malformed");
    }
    assert_eq!(agent.answer(&answer).status, 204, "the right hands, in time");
    assert_eq!(
        agent.answer(&answer).status,
        204,
        "again in time: bound as it was, it is worth no more"
    );
    sleep(Duration::from_secs(11).saturating_sub(begun.elapsed()));
    refused(&agent, &answer, "expired");
    assert_eq!(stat(&stack, "challenges.event.solved.route.default"), 2);
}

/// The same answer, with a token that says that less was asked for.
fn easier(answer: &str) -> String {
    use base64::Engine;
    let engine = base64::prelude::BASE64_URL_SAFE_NO_PAD;
    let (token, numbers) = answer.split_once('~').unwrap();
    let mut bytes = engine.decode(token).unwrap();
    assert_eq!(bytes[9], 12, "where a token has its difficulty");
    bytes[9] = 10;
    format!("{}~{numbers}", engine.encode(bytes))
}

#[test]
fn a_clearance_ends_and_one_that_was_cheap_opens_nothing_dear() {
    let test = "a_clearance_ends_and_one_that_was_cheap_opens_nothing_dear";
    if !can_run(test, []) {
        return;
    }
    let mut configuration = configuration(&json!({ "clearance": { "for_s": 10 } }));
    configuration["ladders"] = json!({ "login": { "difficulty": 13 } });
    let stack = Stack::start(StackOptions::new(test).filter(configuration)).unwrap();
    let agent = Agent::new(&stack);
    let begun = Instant::now();
    let cheap = agent.with_clearance(&agent.pass("/guarded"));
    assert!(cheap.get("/guarded").is_upstreams());
    let dear = cheap.get("/login");
    assert_eq!((dear.status, dear.puzzle().difficulty.bits()), (403, 13));
    assert_eq!(stat(&stack, "clearances.state.difficulty"), 1);
    let passed = agent.with_clearance(&agent.pass("/login"));
    assert!(passed.get("/login").is_upstreams() && passed.get("/guarded").is_upstreams());
    assert_eq!(stat(&stack, "challenges.event.solved.route.login"), 1);
    sleep(Duration::from_secs(11).saturating_sub(begun.elapsed()));
    assert_eq!(cheap.get("/guarded").status, 403);
    assert_eq!(stat(&stack, "clearances.state.expired"), 1);
}

#[test]
fn keys_change_without_a_gap() {
    let test = "keys_change_without_a_gap";
    if !can_run(test, []) {
        return;
    }
    let old = site(test, &json!({}));
    let clearance = Agent::new(&old).pass("/guarded");
    let both = site(test, &json!({ "keys": [OTHER_KEY, KEY] }));
    let new = site(test, &json!({ "keys": [OTHER_KEY] }));
    assert!(
        Agent::new(&both)
            .with_clearance(&clearance)
            .get("/guarded")
            .is_upstreams()
    );
    assert_eq!(Agent::new(&new).with_clearance(&clearance).get("/guarded").status, 403);
    assert_eq!(stat(&new, "clearances.state.unknown-key"), 1);
    let newer = Agent::new(&both).pass("/guarded");
    assert!(Agent::new(&new).with_clearance(&newer).get("/guarded").is_upstreams());
}

#[test]
fn programs_that_do_not_do_the_work_do_not_pass() {
    let test = "programs_that_do_not_do_the_work_do_not_pass";
    let clients = [
        Client::Curl(CurlHttp::Http1),
        Client::Curl(CurlHttp::Http2),
        Client::Library(Library::Requests),
        Client::Library(Library::Aiohttp),
        Client::Library(Library::Urllib),
        Client::Library(Library::NodeFetch),
    ];
    if !can_run(test, clients.iter().map(Client::availability)) {
        return;
    }
    let stack = site(test, &json!({}));
    let clearance = Agent::new(&stack).pass("/guarded");
    let cookie = format!("__Host-layerprint={clearance}");
    for client in &clients {
        let own_tls = !matches!(client, Client::Curl(CurlHttp::Http2));
        for headers in [&[][..], &[("cookie", cookie.as_str())]] {
            let request = Request {
                url: &stack.tls_url("/guarded"),
                headers,
                ..Request::default()
            };
            let reply = client.send(&request).unwrap();
            // The curl that earned it may come with it, as often as it likes.
            let expected = if own_tls || headers.is_empty() { 403 } else { 200 };
            assert_eq!(reply.status, expected, "{client} {headers:?}");
        }
    }
}
