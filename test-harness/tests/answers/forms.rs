//! Each verdict in both modes over each HTTP, and the forms in which a client is told no.

use crate::ask::{self, curl};
use crate::site::{RETRY_AFTER, SOON, VERDICTS, assert_unharmed, can_run, decided, options, stat};
use layerprint_harness::clients::{Client, CurlHttp, Library, Request};
use layerprint_harness::stack::Stack;
use serde_json::Value;

const PROTOCOLS: [(&str, &str); 4] = [
    ("--http1.1", "https"),
    ("--http2", "https"),
    ("--http1.1", "http"),
    ("--http2-prior-knowledge", "http"),
];

fn url(stack: &Stack, scheme: &str, path: &str) -> String {
    match scheme {
        "https" => stack.tls_url(path),
        _ => stack.http_url(path),
    }
}

#[test]
fn in_observe_mode_every_request_passes_over_every_http() {
    let test = "in_observe_mode_every_request_passes_over_every_http";
    if !can_run(test, [ask::availability()]) {
        return;
    }
    let stack = Stack::start(options(test, "observe")).unwrap();
    for (option, scheme) in PROTOCOLS {
        for verdict in VERDICTS {
            let told = curl(&url(&stack, scheme, &format!("/{verdict}")), &[option]);
            assert_eq!(told.status, 200, "{verdict} over {option} {scheme}");
            assert!(told.body.contains(&format!("{verdict};mode=observe;")), "{}", told.body);
        }
    }
    for verdict in VERDICTS {
        assert_eq!(decided(&stack, verdict, "observe"), 4, "{verdict}");
        assert_eq!(decided(&stack, verdict, "enforce"), 0, "{verdict}");
    }
    assert_eq!(stat(&stack, "slowed"), 0);
    assert_unharmed(&stack);
}

#[test]
fn in_enforce_mode_each_verdict_is_carried_out_over_every_http() {
    let test = "in_enforce_mode_each_verdict_is_carried_out_over_every_http";
    if !can_run(test, [ask::availability()]) {
        return;
    }
    let stack = Stack::start(options(test, "enforce")).unwrap();
    let expected = [
        ("log", 200),
        ("review", 200),
        ("slow", 200),
        ("challenge", 403),
        ("limit", 429),
        ("block", 403),
    ];
    for (option, scheme) in PROTOCOLS {
        for (verdict, status) in expected {
            let told = curl(&url(&stack, scheme, &format!("/{verdict}")), &[option]);
            assert_eq!(told.status, status, "{verdict} over {option} {scheme}");
            let retry_after = (verdict == "limit").then_some(RETRY_AFTER);
            assert_eq!(told.header("retry-after"), retry_after, "{verdict}");
            if status == 200 {
                assert!(told.body.contains(&format!("{verdict};mode=enforce;")), "{}", told.body);
            } else {
                let problem: Value = serde_json::from_str(&told.body).unwrap();
                assert_eq!(problem["status"], status);
                assert_eq!(told.all("cache-control"), ["no-store"]);
                assert_eq!(told.all("content-type"), ["application/problem+json"]);
            }
            let headers = told.headers.as_object().unwrap();
            assert!(
                headers.keys().all(|name| !name.starts_with("x-layerprint")),
                "{headers:?}"
            );
        }
    }
    let lines = stack
        .access_log()
        .wait_for(PROTOCOLS.len() * VERDICTS.len(), SOON)
        .unwrap();
    for line in &lines {
        let verdict = line["path"].as_str().unwrap().trim_start_matches('/');
        assert_eq!(
            line["layerprint"]["verdict"], verdict,
            "the line is there whoever has answered: {line}"
        );
        assert_eq!(line["layerprint"]["mode"], "enforce");
    }
    for verdict in VERDICTS {
        assert_eq!(decided(&stack, verdict, "enforce"), 4, "{verdict}");
    }
    assert_unharmed(&stack);
}

#[test]
fn a_browser_gets_a_page_a_program_problem_details_and_both_the_reference_of_the_log() {
    let test = "a_browser_gets_a_page_a_program_problem_details_and_both_the_reference_of_the_log";
    if !can_run(test, [ask::availability()]) {
        return;
    }
    let with_id = |config: &mut Value| {
        let path = "/static_resources/listeners/1/filter_chains/0/filters/1/typed_config/access_log/0/typed_config/log_format/\
                    json_format/id";
        let (object, key) = path.rsplit_once('/').unwrap();
        config.pointer_mut(object).unwrap()[key] = "%REQ(X-REQUEST-ID)%".into();
    };
    let stack = Stack::start(options(test, "enforce").edit(with_id)).unwrap();
    let url = stack.http_url("/block");
    let page = curl(
        &url,
        &[
            "-H",
            "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        ],
    );
    assert_eq!(page.all("content-type"), ["text/html; charset=utf-8"]);
    let navigation = curl(
        &url,
        &["-H", "Sec-Fetch-Mode: navigate", "-H", "Sec-Fetch-Dest: document"],
    );
    assert!(navigation.body.starts_with("<!DOCTYPE html>"), "{}", navigation.body);
    let program = curl(&url, &["-H", "Accept: application/json"]);
    let problem: Value = serde_json::from_str(&program.body).unwrap();
    assert_eq!(problem["type"], "urn:layerprint:problem:blocked");

    let lines = stack.access_log().wait_for(3, SOON).unwrap();
    let ids: Vec<_> = lines.iter().map(|line| line["id"].as_str().unwrap()).collect();
    assert!(page.body.contains(ids[0]), "{} in {}", ids[0], page.body);
    assert_eq!(problem["reference"], ids[2]);
}

#[test]
fn head_is_answered_without_a_body() {
    let test = "head_is_answered_without_a_body";
    if !can_run(test, [ask::availability()]) {
        return;
    }
    let stack = Stack::start(options(test, "enforce")).unwrap();
    for option in ["--http1.1", "--http2-prior-knowledge"] {
        // curl would wait for a body that is announced and not sent, were this not HEAD.
        let told = curl(&stack.http_url("/block"), &[option, "-I", "-o", "/dev/null"]);
        assert_eq!((told.status, told.body.as_str()), (403, ""), "{option}");
        let again = curl(&stack.http_url("/"), &[option]);
        assert_eq!(again.status, 200);
    }
}

#[test]
fn a_body_that_nobody_wants_does_no_harm() {
    let test = "a_body_that_nobody_wants_does_no_harm";
    let clients = [Client::Curl(CurlHttp::Http1), Client::Library(Library::NodeHttp2)];
    if !can_run(test, clients.iter().map(Client::availability)) {
        return;
    }
    let stack = Stack::start(options(test, "enforce")).unwrap();
    // Over HTTP/2 Envoy answers whole, and then resets the stream if there is more to come (RFC 9113, 8.1). When that is faster than
    // curl 7.88 sends, curl forgets the answer; Node takes it.
    for (client, size) in clients.iter().flat_map(|client| [(client, 1_000), (client, 100_000)]) {
        let body = "x".repeat(size);
        let request = Request {
            url: &stack.http_url("/block"),
            form: Some(&body),
            ..Request::default()
        };
        let reply = client.send(&request).unwrap();
        assert_eq!(reply.status, 403, "{client}, {size} bytes");
        assert_eq!(reply.body["type"], "urn:layerprint:problem:blocked", "{client}");
    }
    assert_unharmed(&stack);
}

#[test]
fn grpc_web_gets_its_trailers_in_the_body() {
    let test = "grpc_web_gets_its_trailers_in_the_body";
    if !can_run(test, [ask::availability()]) {
        return;
    }
    let stack = Stack::start(options(test, "enforce")).unwrap();
    let ask = |kind: &str| {
        curl(
            &stack.http_url("/limit"),
            &["-H", &format!("Content-Type: {kind}"), "-d", "x"],
        )
    };
    let binary = ask("application/grpc-web+proto");
    assert_eq!(
        (binary.status, binary.all("content-type")),
        (200, vec!["application/grpc-web+proto"])
    );
    assert!(binary.body.contains("grpc-status:8\r\n"), "{:?}", binary.body);
    let text = ask("application/grpc-web-text+proto");
    assert_eq!(text.all("content-type"), ["application/grpc-web-text+proto"]);
    assert!(text.body.starts_with("gAAA"), "{:?}", text.body);
}
