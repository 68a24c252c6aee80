//! What lasts longer than an answer: uploads, events, WebSockets.

use crate::agent::{Agent, PATH};
use crate::{can_run, site};
use layerprint_harness::clients::{Client, Library, Request};
use serde_json::json;

#[test]
fn an_upload_is_answered_before_it_is_sent_and_passes_whole_with_a_clearance() {
    let test = "an_upload_is_answered_before_it_is_sent_and_passes_whole_with_a_clearance";
    if !can_run(test, [Client::Library(Library::NodeHttp2).availability()]) {
        return;
    }
    let stack = site(test, &json!({}));
    let body = "x".repeat(1_000_000);
    let file = std::env::temp_dir().join(format!("layerprint-upload-{}", std::process::id()));
    std::fs::write(&file, &body).unwrap();
    let upload = format!("@{}", file.display());
    let agent = Agent::new(&stack);
    let cleared = agent.with_clearance(&agent.pass("/guarded"));
    // curl waits for `100 Continue` before it sends so much.
    let refused = agent.with(&["--http1.1"]).ask("/guarded", &["--data-binary", &upload, "-H", "Expect: 100-continue"]);
    assert_eq!(refused.status, 403);
    let through = cleared.ask("/guarded", &["--data-binary", &upload]);
    assert!(through.is_upstreams(), "{}", through.status);
    let request = Request {
        url: &stack.tls_url("/guarded"),
        form: Some(&body),
        ..Request::default()
    };
    let reply = Client::Library(Library::NodeHttp2).send(&request).unwrap();
    assert_eq!(reply.status, 403, "who does not wait is answered all the same");
    std::fs::remove_file(&file).unwrap();
}

#[test]
fn a_body_with_an_answer_is_not_waited_for() {
    let test = "a_body_with_an_answer_is_not_waited_for";
    if !can_run(test, []) {
        return;
    }
    let stack = site(test, &json!({}));
    let agent = Agent::new(&stack);
    let answer = agent.get("/guarded").puzzle().solve().answer;
    let header = format!("layerprint-answer: {answer}");
    let told = agent.ask(PATH, &["-H", &header, "--data-raw", "what nobody wants"]);
    assert_eq!(told.status, 204);
}
