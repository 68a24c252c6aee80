//! Which verdict is told in which form, and that no answer says why.

use super::*;
use crate::compare::Score;
use crate::memory::window::{Quota, Terms};
use crate::policy::Class;
use crate::policy::ladders::Band;
use crate::policy::limits::Hit;
use crate::policy::routes::Found;
use serde_json::Value;
use std::time::Duration;

const LIMITS: Limits = Limits {
    slow_delay: Duration::from_millis(500),
    slow_held: 10,
    retry_after: 7,
};
const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
const ID: &str = "7b6d9f0e-5a0c-4f33-9d3f-0a0b8a3f1d11";

fn fields<'a>(pairs: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a [u8])> {
    pairs.iter().map(|(name, value)| (*name, value.as_bytes())).collect()
}

fn step(mode: Mode, verdict: Verdict, pairs: &[(&str, &str)]) -> Step {
    Step::of(&decision(mode, verdict), &LIMITS, &fields(pairs), None)
}

fn decision(mode: Mode, verdict: Verdict) -> Decision {
    Decision {
        verdict,
        mode,
        route: "default".into(),
        class: Class::Page,
        cost: 1,
        found: Found::Default,
        band: Band::of(Score::default()),
        rule: None,
        limit: None,
        over: Vec::new(),
        cleared: false,
        unsolved: None,
    }
}

fn over(hit: &Hit) -> Decision {
    Decision {
        limit: Some(hit.clone()),
        ..decision(Mode::Enforce, Verdict::Limit)
    }
}

fn http(verdict: Verdict, pairs: &[(&str, &str)]) -> (u16, Vec<Header>, String) {
    match step(Mode::Enforce, verdict, pairs) {
        Step::Answer(Answer::Http { status, headers, body }) => (status, headers, String::from_utf8(body).unwrap()),
        other => panic!("{other:?}"),
    }
}

fn header<'h>(headers: &'h [Header], name: &str) -> Option<&'h str> {
    headers
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value.as_ref())
}

#[test]
fn where_verdicts_are_observed_every_request_passes() {
    for verdict in Verdict::ALL {
        assert_eq!(step(Mode::Observe, verdict, &[BROWSER]), Step::Pass, "{verdict:?}");
    }
}

#[test]
fn verdicts_that_let_a_request_through_let_it_through() {
    let step = |verdict| step(Mode::Enforce, verdict, &[]);
    assert_eq!(step(Verdict::Allow), Step::Pass);
    assert_eq!(step(Verdict::Log), Step::Pass);
    assert_eq!(step(Verdict::Review), Step::PassMarked);
    assert_eq!(step(Verdict::Slow), Step::Hold);
}

#[test]
fn a_program_that_is_blocked_gets_problem_details() {
    let (status, headers, body) = http(Verdict::Block, &[("accept", "application/json"), ("x-request-id", ID)]);
    assert_eq!(status, 403);
    assert_eq!(header(&headers, "content-type"), Some("application/problem+json"));
    assert_eq!(header(&headers, "cache-control"), Some("no-store"));
    let problem: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(problem["type"], "urn:layerprint:problem:blocked");
    assert_eq!(problem["status"], 403);
    assert_eq!(problem["reference"], ID);
    assert!(problem["title"].is_string() && problem["detail"].is_string());
}

#[test]
fn a_browser_that_is_blocked_gets_a_page_that_needs_nothing_from_elsewhere() {
    let (status, headers, body) = http(Verdict::Block, &[BROWSER, ("x-request-id", ID)]);
    assert_eq!(status, 403);
    assert_eq!(header(&headers, "content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(header(&headers, "cache-control"), Some("no-store"));
    assert!(
        header(&headers, "content-security-policy")
            .unwrap()
            .contains("default-src 'none'")
    );
    for part in ["<!DOCTYPE html>", "<html lang=\"en\">", "<title>", "<main>", "<h1>", ID] {
        assert!(body.contains(part), "{part} in {body}");
    }
    for part in ["src=", "href=", "<script", "http://", "https://"] {
        assert!(!body.contains(part), "{part} in {body}");
    }
}

#[test]
fn a_client_over_the_limit_is_told_when_to_come_again() {
    let (status, headers, body) = http(Verdict::Limit, &[("accept", "*/*")]);
    assert_eq!((status, header(&headers, "retry-after")), (429, Some("7")));
    assert!(body.contains("in 7 seconds"), "{body}");
    let (_, headers, _) = http(Verdict::Block, &[]);
    assert_eq!(header(&headers, "retry-after"), None);
}

#[test]
fn a_challenge_is_a_refusal_of_its_own_kind() {
    let (status, _, body) = http(Verdict::Challenge, &[]);
    assert_eq!(status, 403);
    assert!(body.contains("urn:layerprint:problem:challenge"), "{body}");
}

#[test]
fn a_navigation_that_accepts_anything_gets_a_page() {
    for (name, value) in [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")] {
        let (_, headers, _) = http(Verdict::Block, &[("accept", "*/*"), (name, value)]);
        assert_eq!(header(&headers, "content-type"), Some("text/html; charset=utf-8"));
    }
    let fetched = [
        ("accept", "*/*"),
        ("sec-fetch-mode", "cors"),
        ("sec-fetch-dest", "empty"),
    ];
    let (_, headers, _) = http(Verdict::Block, &fetched);
    assert_eq!(header(&headers, "content-type"), Some("application/problem+json"));
}

#[test]
fn grpc_gets_a_status_of_its_own_whatever_it_accepts() {
    for (verdict, status) in [
        (Verdict::Block, GrpcStatus::PermissionDenied),
        (Verdict::Challenge, GrpcStatus::PermissionDenied),
        (Verdict::Limit, GrpcStatus::ResourceExhausted),
    ] {
        match step(
            Mode::Enforce,
            verdict,
            &[("content-type", "application/grpc+proto"), BROWSER],
        ) {
            Step::Answer(Answer::Grpc {
                status: found,
                metadata,
                ..
            }) => {
                assert_eq!(found, status);
                let pushback = (verdict == Verdict::Limit).then_some("7000");
                assert_eq!(header(&metadata, "grpc-retry-pushback-ms"), pushback);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn grpc_web_gets_its_trailers_in_the_body() {
    let (status, headers, body) = http_bytes("application/grpc-web+proto");
    assert_eq!(
        (status, header(&headers, "content-type")),
        (200, Some("application/grpc-web+proto"))
    );
    assert_eq!(body[0], 0x80);
    assert!(body[5..].starts_with(b"grpc-status:7\r\n"));
    let (_, headers, body) = http_bytes("application/grpc-web-text");
    assert_eq!(
        header(&headers, "content-type"),
        Some("application/grpc-web-text+proto")
    );
    assert!(body.starts_with(b"gAAAA"), "{body:?}");
}

fn http_bytes(content_type: &str) -> (u16, Vec<Header>, Vec<u8>) {
    match step(Mode::Enforce, Verdict::Block, &[("content-type", content_type)]) {
        Step::Answer(Answer::Http { status, headers, body }) => (status, headers, body),
        other => panic!("{other:?}"),
    }
}

#[test]
fn no_answer_says_why() {
    for verdict in [Verdict::Block, Verdict::Challenge, Verdict::Limit] {
        for accept in ["text/html", "application/json"] {
            let (_, headers, body) = http(verdict, &[("accept", accept), ("x-layerprint-verdict", "block")]);
            assert!(headers.iter().all(|(name, _)| !name.starts_with("x-layerprint")));
            for word in ["ja4", "ja3", "score", "agreement", "fingerprint", "TLS", "TCP"] {
                assert!(!body.contains(word), "{word} in {body}");
            }
        }
    }
}

#[test]
fn a_reference_that_could_break_out_of_the_page_is_not_repeated() {
    let long = "a".repeat(65);
    for id in ["<script>", "a\"b", "a b", "\u{e4}", "", &long] {
        let (_, _, page) = http(Verdict::Block, &[BROWSER, ("x-request-id", id)]);
        assert!(!page.contains("Reference"), "{page}");
        let (_, _, problem) = http(Verdict::Block, &[("x-request-id", id)]);
        let problem: Value = serde_json::from_str(&problem).unwrap();
        assert!(problem.get("reference").is_none());
    }
}

#[test]
fn who_is_over_a_limit_is_told_how_much_may_come_and_when() {
    let hit = Hit {
        name: "login".into(),
        action: Verdict::Limit,
        mode: None,
        quota: Quota {
            left: 0,
            reset: Duration::from_millis(6_100),
        },
        terms: Terms {
            most: 100,
            window_ms: 10_000,
            burst: None,
        },
    };
    let told = |pairs: &[(&str, &str)]| match Step::of(&over(&hit), &LIMITS, &fields(pairs), None) {
        Step::Answer(Answer::Http { headers, .. } | Answer::Grpc { metadata: headers, .. }) => headers,
        other => panic!("{other:?}"),
    };
    let headers = told(&[BROWSER]);
    assert_eq!(header(&headers, "retry-after"), Some("7"));
    assert_eq!(header(&headers, "ratelimit-policy"), Some(r#""login";q=100;w=10"#));
    assert_eq!(header(&headers, "ratelimit"), Some(r#""login";r=0;t=7"#));
    let metadata = told(&[("content-type", "application/grpc")]);
    assert_eq!(header(&metadata, "ratelimit"), Some(r#""login";r=0;t=7"#));
    assert_eq!(header(&metadata, "grpc-retry-pushback-ms"), Some("7000"));
    let (_, headers, _) = http(Verdict::Limit, &[BROWSER]);
    assert_eq!(header(&headers, "ratelimit"), None, "a ladder has no rate");
}
