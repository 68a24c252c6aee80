//! `envoy/review.yaml`: requests under review go to another cluster.

use crate::ask::{self, curl};
use crate::site::{can_run, options};
use layerprint_harness::echo::Echo;
use layerprint_harness::stack::{Stack, StackOptions};
use serde_json::{Value, json};

/// The upstream for reviews is another echo, which Envoy names by a header of its own.
fn with_review(options: StackOptions, echo: &Echo) -> StackOptions {
    let port = echo.address().port();
    options
        .with_fragment("envoy/review.yaml")
        .edit(move |config: &mut Value| {
            let clusters = config.pointer_mut("/static_resources/clusters").unwrap();
            let review = clusters
                .as_array_mut()
                .unwrap()
                .iter_mut()
                .find(|cluster| cluster["name"] == "review");
            let endpoint = "/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address/socket_address/port_value";
            *review.unwrap().pointer_mut(endpoint).unwrap() = json!(port);
        })
}

/// How many requests have gone to this cluster.
fn requests_to(stack: &Stack, cluster: &str) -> u64 {
    let stat = stack.admin().stat(&format!("cluster.{cluster}.upstream_rq_total"));
    stat.unwrap().unwrap_or_default()
}

#[test]
fn a_request_under_review_goes_to_the_cluster_for_reviews_and_no_other_does() {
    let test = "a_request_under_review_goes_to_the_cluster_for_reviews_and_no_other_does";
    if !can_run(test, [ask::availability()]) {
        return;
    }
    let echo = Echo::start(([127, 0, 0, 1], 0).into()).unwrap();
    let mut filter = crate::site::configuration("enforce");
    // The verdict is left out, and sent for reviews all the same.
    filter["annotate"] = json!({ "headers": ["id"] });
    let stack = Stack::start(with_review(options(test, "enforce").filter(filter), &echo)).unwrap();

    let told = curl(&stack.http_url("/review"), &[]);
    assert!(told.body.contains("review;mode=enforce;"), "{}", told.body);
    assert_eq!((requests_to(&stack, "review"), requests_to(&stack, "upstream")), (1, 0));
    let told = curl(&stack.tls_url("/review"), &["--http2"]);
    assert_eq!(told.status, 200);
    assert_eq!((requests_to(&stack, "review"), requests_to(&stack, "upstream")), (2, 0));

    let forged = ["-H", "x-layerprint-verdict: review;mode=enforce;agreement=clean"];
    let told = curl(&stack.http_url("/other"), &forged);
    assert!(!told.body.contains("x-layerprint-verdict"), "{}", told.body);
    assert_eq!((requests_to(&stack, "review"), requests_to(&stack, "upstream")), (2, 1));
}

#[test]
fn in_observe_mode_no_request_goes_to_the_cluster_for_reviews() {
    let test = "in_observe_mode_no_request_goes_to_the_cluster_for_reviews";
    if !can_run(test, [ask::availability()]) {
        return;
    }
    let echo = Echo::start(([127, 0, 0, 1], 0).into()).unwrap();
    let stack = Stack::start(with_review(options(test, "observe"), &echo)).unwrap();
    let told = curl(&stack.http_url("/review"), &[]);
    assert!(told.body.contains("review;mode=observe;"), "{}", told.body);
    assert_eq!((requests_to(&stack, "review"), requests_to(&stack, "upstream")), (0, 1));
}
