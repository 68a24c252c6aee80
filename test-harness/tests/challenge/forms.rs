//! Each client is challenged in a form that it can read: a page for who opens one, a status for who calls.

use crate::agent::{Agent, PATH};
use crate::{can_run, site, stat};
use serde_json::{Value, json};

#[test]
fn who_opens_no_page_is_told_where_one_is_and_never_gets_html() {
    let test = "who_opens_no_page_is_told_where_one_is_and_never_gets_html";
    if !can_run(test, []) {
        return;
    }
    let stack = site(test, &json!({ "attempts": { "count": 1000 } }));
    let agent = Agent::new(&stack);
    let cases: [&[&str]; 8] = [
        &["-H", "Accept: */*"],
        &["-H", "Accept: application/json"],
        &["-H", "Accept: text/event-stream"],
        &["-H", "X-Requested-With: XMLHttpRequest"],
        &["-H", "Sec-Fetch-Mode: cors", "-H", "Sec-Fetch-Dest: empty"],
        &["-H", "Sec-Fetch-Mode: no-cors", "-H", "Sec-Fetch-Dest: image"],
        &[
            "-X",
            "OPTIONS",
            "-H",
            "Origin: https://b.example",
            "-H",
            "Access-Control-Request-Method: PUT",
        ],
        &["-H", "Accept:", "-X", "DELETE"],
    ];
    for case in cases {
        let agent = if case[1].starts_with("Accept") {
            agent.as_program()
        } else {
            agent.clone()
        };
        let told = agent.ask("/guarded", case);
        assert_eq!(told.status, 403, "{case:?}: {told:?}");
        assert_eq!(
            told.header("content-type"),
            Some("application/problem+json"),
            "{case:?}"
        );
        let problem: Value = serde_json::from_str(&told.body).unwrap();
        assert_eq!(problem["type"], "urn:layerprint:problem:challenge", "{case:?}");
        assert_eq!(problem["challenge"], PATH, "{case:?}");
    }
    let grpc = agent.ask(
        "/guarded",
        &[
            "-X",
            "POST",
            "-H",
            "Content-Type: application/grpc",
            "-H",
            "TE: trailers",
        ],
    );
    assert_eq!((grpc.status, grpc.header("grpc-status")), (200, Some("7")), "{grpc:?}");
    assert_eq!(grpc.header("layerprint-challenge"), Some(PATH));
    assert_eq!(stat(&stack, "challenges.event.told.route.default"), 9);
    assert_eq!(stat(&stack, "challenges.event.issued.route.default"), 0);
}

#[test]
fn a_form_that_was_sent_is_not_swallowed_silently() {
    let test = "a_form_that_was_sent_is_not_swallowed_silently";
    if !can_run(test, []) {
        return;
    }
    let stack = site(test, &json!({}));
    let agent = Agent::new(&stack);
    let referer = format!("Referer: https://localhost:{}/login?next=/a", stack.ports().tls);
    let told = agent.ask(
        "/login",
        &["--http1.1", "--data-raw", "user=a&password=b", "-H", &referer],
    );
    assert_eq!(told.status, 403);
    assert!(told.puzzle().token.len() > 70);
    assert!(told.body.contains("/login?next=/a"), "{}", told.body);
    let elsewhere = "Referer: https://evil.example/login";
    let told = agent.ask("/login?x=1", &["--http1.1", "--data-raw", "user=a", "-H", elsewhere]);
    assert!(
        told.body.contains("\"/login\"") && !told.body.contains("evil"),
        "{}",
        told.body
    );
}

#[test]
fn without_tls_a_person_is_told_to_come_over_it() {
    let test = "without_tls_a_person_is_told_to_come_over_it";
    if !can_run(test, []) {
        return;
    }
    let stack = site(test, &json!({}));
    let told = Agent::new(&stack).get_cleartext("/guarded");
    assert_eq!(told.status, 403);
    assert!(
        !told.body.contains("data-token") && told.body.contains("https"),
        "{}",
        told.body
    );
}

#[test]
fn head_and_a_conditional_request_get_no_page_that_is_kept() {
    let test = "head_and_a_conditional_request_get_no_page_that_is_kept";
    if !can_run(test, []) {
        return;
    }
    let stack = site(test, &json!({}));
    let agent = Agent::new(&stack);
    let head = agent.ask("/guarded", &["-I", "-o", "/dev/null"]);
    assert_eq!((head.status, head.header("cache-control")), (403, Some("no-store")));
    let conditional = agent.ask(
        "/guarded",
        &[
            "-H",
            "If-None-Match: *",
            "-H",
            "If-Modified-Since: Thu, 01 Jan 2026 00:00:00 GMT",
        ],
    );
    assert_eq!(conditional.status, 403);
    assert_eq!(
        (conditional.header("etag"), conditional.header("last-modified")),
        (None, None)
    );
}
