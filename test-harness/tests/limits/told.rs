//! What is said of a limit: to the client, to the upstream, to the log, in the counters.

use crate::http1::Connection;
use layerprint_harness::availability::require_or_skip;
use layerprint_harness::stack::{Stack, StackOptions};
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::time::Duration;

fn configuration(mode: &str) -> Value {
    json!({
        "mode": mode,
        "challenge": false,
        "limits": {"rates": [
            {"name": "logged", "match": {"path": "/page"}, "key": [{"header": "x-api-key"}], "requests": 1, "per_s": 60, "action": "log"},
            {"name": "pages", "match": {"path": "/page"}, "key": [{"header": "X-Api-Key"}], "cost": 2, "per_s": 60},
        ]},
    })
}

fn stat(stack: &Stack, name: &str) -> u64 {
    let stat = stack.admin().stat(&format!("wasmcustom.layerprint.{name}"));
    stat.unwrap().unwrap_or_default()
}

#[test]
fn observed_a_limit_lets_all_through_and_says_what_it_would_have_done() {
    let test = "observed_a_limit_lets_all_through_and_says_what_it_would_have_done";
    if !require_or_skip(test, [Stack::availability()]) {
        return;
    }
    let stack = Stack::start(StackOptions::new(test).filter(configuration("observe"))).unwrap();
    let mut connection = Connection::open(Ipv4Addr::LOCALHOST, stack.ports().http);
    let mut verdicts = Vec::new();
    for key in ["a", "a", "a", "b", "a"] {
        let told = connection.get("a.example", "/page", &format!("x-api-key: secret-{key}\r\n"));
        assert_eq!(told.status, 200);
        assert_eq!(told.header("ratelimit"), None, "it passes");
        let received: Value = serde_json::from_str(&told.body).unwrap();
        let headers = received["headers"].as_array().unwrap().iter();
        let verdict = headers
            .filter(|header| header[0] == "x-layerprint-verdict")
            .map(|header| header[1].as_str().unwrap());
        verdicts.push(verdict.collect::<String>());
    }
    let begins = [
        "allow;mode=observe",
        "log;mode=observe",
        "limit;mode=observe",
        "allow;mode=observe",
        "limit;mode=observe",
    ];
    for (verdict, begin) in verdicts.iter().zip(begins) {
        assert!(verdict.starts_with(begin), "{verdicts:?}");
    }
    let lines = stack.access_log().wait_for(5, Duration::from_secs(10)).unwrap();
    let said: Vec<_> = lines
        .iter()
        .map(|line| (&line["layerprint"]["limit"], &line["layerprint"]["limits"]))
        .collect();
    let (none, logged, both) = (Value::Null, json!(["logged"]), json!(["logged", "pages"]));
    let (by_logged, by_pages) = (json!("logged"), json!("pages"));
    let expected = [
        (&none, &none),
        (&by_logged, &logged),
        (&by_pages, &both),
        (&none, &none),
        (&by_pages, &both),
    ];
    assert_eq!(said, expected);
    assert!(
        !lines.iter().any(|line| line.to_string().contains("secret")),
        "{lines:?}"
    );
    assert_eq!(stat(&stack, "limited.limit.pages.decided.observed"), 2);
    assert_eq!(stat(&stack, "limited.limit.logged.decided.observed"), 1);
    assert_eq!(stat(&stack, "limited.limit.logged.decided.elsewhere"), 2);
    assert_eq!(
        stat(
            &stack,
            "decisions.route.default.reason.limit.verdict.limit.mode.observe"
        ),
        2
    );
}

#[test]
fn enforced_a_client_is_told_what_it_may_do_and_when() {
    let test = "enforced_a_client_is_told_what_it_may_do_and_when";
    if !require_or_skip(test, [Stack::availability()]) {
        return;
    }
    let stack = Stack::start(StackOptions::new(test).filter(configuration("enforce"))).unwrap();
    let mut connection = Connection::open(Ipv4Addr::LOCALHOST, stack.ports().http);
    let mut ask = |lines: &str| connection.get("a.example", "/page", &format!("x-api-key: a\r\n{lines}"));
    assert_eq!((ask("").status, ask("").status), (200, 200));
    let told = ask("");
    assert_eq!(told.status, 429);
    assert_eq!(told.header("ratelimit-policy"), Some(r#""pages";q=2;w=60"#));
    let after: u64 = told.header("retry-after").unwrap().parse().unwrap();
    assert!((55..=66).contains(&after), "{told:?}");
    assert_eq!(told.header("ratelimit").unwrap(), format!(r#""pages";r=0;t={after}"#));
    assert_eq!(told.header("cache-control"), Some("no-store"));
    let told = ask("content-type: application/grpc\r\nte: trailers\r\n");
    assert_eq!((told.status, told.header("grpc-status")), (200, Some("8")), "{told:?}");
    assert_eq!(told.header("ratelimit-policy"), Some(r#""pages";q=2;w=60"#));
    assert_eq!(stat(&stack, "limited.limit.pages.decided.enforced"), 2);
}
