//! Old requests judged anew: as they were by the same configuration, and otherwise by another.

use super::{evidence, log};
use layerprint::annotate::recorded::Unreadable;
use layerprint::policy::Verdict;
use layerprint::policy::config::Config;
use layerprint::policy::ladders::Band;
use layerprint_harness::replay::{Judge, Logged, Request};
use serde_json::{Value, json};

/// What a live filter made of a request, its line makes again: nothing that is decided on is left out of the line.
#[test]
fn a_line_is_decided_on_as_its_request_was() {
    let judge = Judge::new(Config::default()).unwrap();
    let log = log("access.log");
    let logged = log.lines().map(|line| Logged::read(line.as_bytes()).unwrap());
    let mut requests = 0;
    for logged in logged {
        let Logged::Request { evidence: line, .. } = &logged else {
            continue;
        };
        // What the access log has beside the line is not needed.
        for request in [logged.request(), Request::default()] {
            let (assessment, decision) = judge.decide(line, request).unwrap();
            assert_eq!(json!(decision.verdict.as_str()), line["verdict"], "{line}");
            assert_eq!(json!(&*decision.route), line["route"]);
            assert_eq!(json!(assessment.agreement.as_str()), line["agreement"]);
            assert_eq!(json!(assessment.l4.value()), line["l4"]);
            assert_eq!(json!(assessment.l7.value()), line["l7"]);
            let confidence: Option<f64> = assessment.confidence.to_string().parse().ok();
            assert_eq!(confidence, line["confidence"].as_f64());
            let codes: Vec<_> = assessment.findings.iter().map(|found| found.code.as_str()).collect();
            let logged = line["findings"].as_array().unwrap().iter();
            assert_eq!(
                codes,
                logged.map(|found| found["code"].as_str().unwrap()).collect::<Vec<_>>()
            );
        }
        requests += 1;
    }
    assert_eq!(requests, 7);
}

#[test]
fn a_line_that_tells_too_little_is_refused_with_what_it_lacks() {
    let judge = Judge::new(Config::default()).unwrap();
    for (member, value, why) in [
        ("v", json!(2), Unreadable::Version),
        ("of", json!("connection"), Unreadable::NoRequest),
        ("sent", Value::Null, Unreadable::TooOld("sent")),
        ("channel", Value::Null, Unreadable::TooOld("channel")),
        ("channel", json!("pigeon"), Unreadable::Channel),
    ] {
        let mut line = evidence(1);
        line[member] = value;
        assert_eq!(judge.decide(&line, Request::default()).unwrap_err(), why);
    }
}

#[test]
fn a_configuration_looks_at_old_requests_with_its_own_networks_and_rules() {
    let line = evidence(6);
    assert_eq!(line["verdict"], "block", "a curl that said it was Chrome on Windows");
    let judge = |text: &str| Judge::new(Config::parse(text.as_bytes()).unwrap()).unwrap();
    let verdict = |text: &str| judge(text).decide(&line, Request::default()).unwrap().1.verdict;
    assert_eq!(verdict("{}"), Verdict::Block);
    let rule = r#"{"rules":[{"name":"ours","match":{"tls_client":"openssl*","os":"linux","path":"/api/*"},"action":"limit"}]}"#;
    assert_eq!(verdict(rule), Verdict::Limit);
    let shared = r#"{"networks":[{"tag":"shared","cidrs":["127.0.0.0/8"]}]}"#;
    let (assessment, decision) = judge(shared).decide(&line, Request::default()).unwrap();
    // Behind a shared address another system may have written the SYN: a quarter of 60 is left.
    assert_eq!((assessment.l4.value(), assessment.l7.value()), (15, 100));
    assert_eq!(assessment.agreement.as_str(), "conflict");
    assert_eq!(decision.band, Band::Severe);
    assert_eq!(decision.verdict, Verdict::Slow);
}
