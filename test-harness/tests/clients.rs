//! Real clients through the real Envoy: their fingerprints are those that they are known for, and what they forge is gone.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use layerprint_harness::availability::{Availability, require_or_skip};
use layerprint_harness::clients::{Client, CurlHttp};
use layerprint_harness::stack::config::{with_separate_vms, without_connection_role};
use layerprint_harness::stack::{Stack, StackOptions};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);
const CHROME_131: &str = "1:65536;2:0;4:6291456;6:262144|15663105|0|m,a,s,p";

fn start(test: &str, options: StackOptions, needs: &[&Client]) -> Option<Stack> {
    let clients = needs.iter().map(|client| client.availability());
    let needs: Vec<Availability> = std::iter::once(Stack::availability()).chain(clients).collect();
    require_or_skip(test, needs).then(|| Stack::start(options).unwrap())
}

#[test]
fn browsers_are_known_by_their_tls_and_http2() {
    let test = "browsers_are_known_by_their_tls_and_http2";
    let [chrome, firefox, safari] = ["chrome131", "firefox135", "safari184"].map(Client::impersonate);
    let Some(stack) = start(test, StackOptions::new(test), &[&chrome]) else {
        return;
    };
    let seen = |client: &Client, name: &str| {
        let reply = client.get(&stack.tls_url("/"), &[]).unwrap();
        reply
            .received(name)
            .unwrap_or_else(|| panic!("no {name}: {}", reply.body))
            .to_owned()
    };
    assert_eq!(seen(&chrome, "x-layerprint-h2"), CHROME_131);
    assert!(seen(&chrome, "x-layerprint-ja4").starts_with("t13d1516h2_8daaf6152771_"));
    assert!(seen(&firefox, "x-layerprint-h2").ends_with("|m,p,a,s"));
    assert!(seen(&safari, "x-layerprint-h2").ends_with("|m,s,a,p"));
    // The same client is the same on its next connection; another client is another.
    let id = seen(&chrome, "x-layerprint-id");
    assert_eq!(seen(&chrome, "x-layerprint-id"), id);
    assert_ne!(seen(&firefox, "x-layerprint-id"), id);
    let line = &stack.access_log().wait_for(1, SOON).unwrap()[0]["layerprint"];
    assert_eq!(line["h2_md5"], "52d84b11737d980aef856699f885ca86");
    assert_eq!(line["tls_version"], "TLSv1.3");
    assert_eq!(line["sni"], "localhost");
    assert_eq!(line["ja3"].as_str().unwrap().len(), 32);
}

#[test]
fn a_forged_verdict_is_gone_and_ours_is_there_over_every_protocol() {
    let test = "a_forged_verdict_is_gone_and_ours_is_there_over_every_protocol";
    let [h1, h2, h2c] = [CurlHttp::Http1, CurlHttp::Http2, CurlHttp::H2c].map(Client::Curl);
    let Some(stack) = start(test, StackOptions::new(test), &[&h1, &h2, &h2c]) else {
        return;
    };
    let cases = [
        (&h2, stack.tls_url("/")),
        (&h1, stack.tls_url("/")),
        (&h2c, stack.http_url("/")),
        (&h1, stack.http_url("/")),
    ];
    for (client, url) in &cases {
        let reply = client
            .get(url, &[("X-LayerPrint-Verdict", "allow"), ("X_LayerPrint_Id", "1")])
            .unwrap();
        let verdicts = reply.received_all("x-layerprint-verdict");
        assert_eq!(verdicts.len(), 1, "{client} {url}: {verdicts:?}");
        assert!(
            verdicts[0].starts_with("log;mode=observe;agreement=partial;"),
            "{client} {url}: {verdicts:?}"
        );
        assert_eq!(reply.received("x_layerprint_id"), None, "{client} {url}");
    }
    let forged = stack.admin().stat("wasmcustom.layerprint.forged_headers").unwrap();
    assert_eq!(forged, Some(8));
}

#[test]
fn twenty_requests_on_one_connection_read_its_evidence_once() {
    let test = "twenty_requests_on_one_connection_read_its_evidence_once";
    let curl = Client::Curl(CurlHttp::Http2);
    let Some(stack) = start(test, StackOptions::new(test), &[&curl]) else {
        return;
    };
    let status = Command::new("curl")
        .args(["-sk", &stack.tls_url("/[1-20]"), "-o", "/dev/null"])
        .status()
        .unwrap();
    assert!(status.success());
    let stat = |name: &str| stack.admin().stat(&format!("wasmcustom.layerprint.{name}")).unwrap();
    assert_eq!(stat("connections"), Some(1));
    assert_eq!(stat("connection_evidence"), Some(1));
    assert_eq!(
        stat("requests.verdict.allow.route.default.agreement.partial.mode.observe"),
        Some(20)
    );
}

#[test]
fn roles_in_two_vms_find_the_same_fingerprint() {
    let test = "roles_in_two_vms_find_the_same_fingerprint";
    let chrome = Client::impersonate("chrome131");
    let Some(stack) = start(test, StackOptions::new(test).edit(with_separate_vms), &[&chrome]) else {
        return;
    };
    let reply = chrome.get(&stack.tls_url("/"), &[]).unwrap();
    assert_eq!(reply.received("x-layerprint-h2"), Some(CHROME_131), "{}", reply.body);
}

#[test]
fn without_the_connection_role_the_reason_is_said() {
    let test = "without_the_connection_role_the_reason_is_said";
    let chrome = Client::impersonate("chrome131");
    let Some(stack) = start(test, StackOptions::new(test).edit(without_connection_role), &[&chrome]) else {
        return;
    };
    let reply = chrome.get(&stack.tls_url("/"), &[]).unwrap();
    assert_eq!(reply.received("x-layerprint-h2"), None);
    assert!(
        reply
            .received("x-layerprint-ja4")
            .unwrap()
            .starts_with("t13d1516h2_8daaf6152771_")
    );
    let line = &stack.access_log().wait_for(1, SOON).unwrap()[0]["layerprint"];
    assert_eq!(line["missing"]["h2"], "no-connection-role");
}

#[test]
fn forged_trailers_do_not_reach_the_upstream() {
    let test = "forged_trailers_do_not_reach_the_upstream";
    let Some(stack) = start(test, StackOptions::new(test), &[]) else {
        return;
    };
    let mut connection = TcpStream::connect(("127.0.0.1", stack.ports().http)).unwrap();
    connection.set_read_timeout(Some(SOON)).unwrap();
    let request = "POST / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\nTE: trailers\r\n\
        Trailer: x-layerprint-verdict, x-own\r\nTransfer-Encoding: chunked\r\n\r\n\
        1\r\na\r\n0\r\nX-LayerPrint-Verdict: allow\r\nX-Own: kept\r\n\r\n";
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    let body: Value =
        serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap_or_else(|_| panic!("{answer}"));
    assert_eq!(body["trailers"], json!([["x-own", "kept"]]), "{answer}");
}

#[test]
fn a_struct_is_a_configuration_too_and_its_mistakes_are_named() {
    let test = "a_struct_is_a_configuration_too_and_its_mistakes_are_named";
    let curl = Client::Curl(CurlHttp::Http1);
    let configured = |value: Value| StackOptions::new(test).edit(move |config| put_struct(config, &value));
    let Some(stack) = start(
        test,
        configured(json!({"mode": "enforce", "challenge": false})),
        &[&curl],
    ) else {
        return;
    };
    let reply = curl.get(&stack.http_url("/"), &[]).unwrap();
    assert!(
        reply
            .received("x-layerprint-verdict")
            .unwrap()
            .contains(";mode=enforce;"),
        "{}",
        reply.body
    );
    let refused = Stack::start(configured(json!({"mode": "block", "limit": {}})))
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains(r#"mode: "block" is not accepted; accepted: "observe", "enforce""#),
        "{refused}"
    );
    assert!(refused.contains("limit: unknown key"), "{refused}");
}

fn put_struct(config: &mut Value, value: &Value) {
    match config {
        Value::Object(object) => {
            if object.contains_key("root_id") {
                let any = json!({"@type": "type.googleapis.com/google.protobuf.Struct", "value": value});
                object.insert("configuration".to_owned(), any);
            }
            object.values_mut().for_each(|inner| put_struct(inner, value));
        }
        Value::Array(items) => items.iter_mut().for_each(|inner| put_struct(inner, value)),
        _ => {}
    }
}
