//! What a failing proxy does to a request: only the native runner can make one fail.

use super::native::{Proxy, plugin};
use super::scenario::Fields;
use layerprint::host::RequestId;
use layerprint::proxy::request::{Outcome, RequestRole};
use std::rc::Rc;

fn request() -> Fields {
    let pairs = [(":method", "GET"), ("x-own", "1"), ("x-layerprint-verdict", "allow")];
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
        .collect()
}

#[test]
fn a_request_whose_headers_cannot_be_read_passes_when_failure_is_open() {
    let proxy = Proxy::cleartext("HTTP/2");
    let plugin = plugin(&proxy, "{}");
    proxy.headers_fail.set(true);
    assert_eq!(proxy.request(&plugin, &request()), Outcome::Continue);
    assert_eq!(proxy.counter_of("layerprint.errors.kind.headers"), 1);
    assert_eq!(proxy.answers.borrow().len(), 0);
}

#[test]
fn a_request_whose_headers_cannot_be_read_is_answered_when_failure_is_closed() {
    let proxy = Proxy::cleartext("HTTP/2");
    let plugin = plugin(&proxy, r#"{"failure": "closed"}"#);
    proxy.headers_fail.set(true);
    assert_eq!(proxy.request(&plugin, &request()), Outcome::Answered);
    assert_eq!(*proxy.answers.borrow(), [503]);
}

#[test]
fn a_request_of_an_unknown_connection_is_annotated_all_the_same() {
    let proxy = Proxy::cleartext("HTTP/2");
    let plugin = plugin(&proxy, "{}");
    proxy.unset(&["connection", "id"]);
    assert_eq!(proxy.request(&plugin, &request()), Outcome::Continue);
    assert_eq!(proxy.line()["missing"]["h2"], "no-connection-role");
    assert_eq!(proxy.line()["forged"], 1);
    assert_eq!(proxy.counter_of("layerprint.errors.kind.connection-id"), 1);
    assert!(plugin.shared.connections.is_empty());
}

#[test]
fn forged_trailers_are_taken_away_and_counted() {
    let proxy = Proxy::cleartext("HTTP/2");
    let plugin = plugin(&proxy, "{}");
    *proxy.trailers.borrow_mut() = request();
    let outcome = RequestRole::new(Rc::clone(&plugin), RequestId(1)).on_request_trailers(&proxy);
    assert_eq!(outcome, Outcome::Continue);
    let left: Vec<_> = proxy.trailers.borrow().iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(left, [":method", "x-own"]);
    assert_eq!(proxy.counter_of("layerprint.forged_headers"), 1);
}
