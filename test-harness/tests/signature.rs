//! Annotations signed by the module in the real Envoy, and believed by the verifier of `envoy/compose`: a program and a library of other
//! makers (RFC 9421 by http-message-signatures). It is asked about what reached the upstream, as it was and changed.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do: by panicking"
)]

use layerprint_harness::availability::{Availability, require_or_skip};
use layerprint_harness::clients::{Client, CurlHttp, Reply, Request};
use layerprint_harness::repo;
use layerprint_harness::stack::config::with_variables;
use layerprint_harness::stack::{Stack, StackError, StackOptions};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

/// As `openssl rand -base64 32` gives it.
const KEY: &str = "rB3VQmzqQW5o8zq0t1P2mG4mS3wYxX1dX6m8o3wq9yE=";
const OTHER_KEY: &str = "0cX8m1uY3k6w4c5Jq9Zr7b2NnTtV1xE8hLsPfG0aDdo=";
const VARIABLE: &str = "LAYERPRINT_SIGNATURE_KEY";
const VERIFIED: &str = r#"verified;keyid="edge-1""#;

/// A crawler's, which is none of our business.
const THEIRS: [&str; 2] = [
    r#"sig1=("@authority" "signature-agent");created=1735689600;keyid="poqk";alg="ed25519";tag="web-bot-auth""#,
    "sig1=:YQ==:",
];

fn can_run(test: &str) -> bool {
    let program = ["-c", "import http_message_signatures"];
    let found = Command::new(repo::venv().join("bin/python")).args(program).output();
    let library = match found {
        Ok(output) if output.status.success() => Availability::Here,
        Ok(_) | Err(_) => Availability::missing("http-message-signatures is not in .venv: run `make setup`"),
    };
    let curl = Client::Curl(CurlHttp::Http2).availability();
    require_or_skip(test, [Stack::availability(), library, curl])
}

fn options(test: &str, more: &Value) -> StackOptions {
    let mut signature = json!({"keyid": "edge-1", "key": {"env": VARIABLE}});
    for (key, value) in more.as_object().unwrap() {
        signature[key] = value.clone();
    }
    let by_name = |config: &mut Value| with_variables(config, &json!({"host_env_keys": [VARIABLE]}));
    StackOptions::new(test)
        .filter(json!({"annotate": {"signature": signature}}))
        .edit(by_name)
}

fn site(test: &str, more: &Value) -> Stack {
    Stack::start(options(test, more).variable(VARIABLE, KEY)).unwrap()
}

fn get(http: CurlHttp, url: &str, headers: &[(&str, &str)]) -> Reply {
    let reply = Client::Curl(http).get(url, headers).unwrap();
    assert_eq!(reply.status, 200, "{url} {headers:?}: {}", reply.body);
    reply
}

/// What the verifier says of these requests, as an upstream had them.
fn judged_with(key: &str, requests: &[Value]) -> Vec<String> {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let name = format!("signature-{}.key", ASKED.fetch_add(1, Ordering::Relaxed));
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&file, key).unwrap();
    let mut verifier = Command::new(repo::venv().join("bin/python"))
        .arg(repo::root().join("envoy/compose/verifier/verify.py"))
        .arg("--stdin")
        .env("LAYERPRINT_SIGNATURE_KEYS", format!("edge-1={}", file.display()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let text = serde_json::to_vec(requests).unwrap();
    verifier.stdin.take().unwrap().write_all(&text).unwrap();
    let output = verifier.wait_with_output().unwrap();
    assert!(output.status.success(), "the verifier ran");
    let answers = String::from_utf8(output.stdout).unwrap();
    answers.lines().map(str::to_owned).collect()
}

fn judged(requests: &[Value]) -> Vec<String> {
    judged_with(KEY, requests)
}

/// `request` with its headers changed.
fn with_headers(request: &Value, change: impl FnOnce(&mut Vec<Value>)) -> Value {
    let mut request = request.clone();
    change(request["headers"].as_array_mut().unwrap());
    request
}

fn is(header: &Value, name: &str) -> bool {
    header[0].as_str().unwrap().eq_ignore_ascii_case(name)
}

fn without(request: &Value, name: &str) -> Value {
    with_headers(request, |headers| headers.retain(|header| !is(header, name)))
}

fn replaced(request: &Value, name: &str, value: &str) -> Value {
    with_headers(&without(request, name), |headers| headers.push(json!([name, value])))
}

#[test]
fn what_reaches_the_upstream_is_believed_however_odd_the_request_is() {
    let test = "what_reaches_the_upstream_is_believed_however_odd_the_request_is";
    if !can_run(test) {
        return;
    }
    let components = [
        "@method",
        "@authority",
        "@scheme",
        "@path",
        "@query",
        "cookie",
        "user-agent",
        "x-odd",
    ];
    let stack = site(test, &json!({"components": components, "expires_s": 60}));
    let mut requests = Vec::new();
    for (http, url) in [
        (CurlHttp::Http2, stack.tls_url("")),
        (CurlHttp::Http1, stack.tls_url("")),
        (CurlHttp::H2c, stack.http_url("")),
        (CurlHttp::Http1, stack.http_url("")),
    ] {
        let paths: &[(&str, &[(&str, &str)])] = &[
            ("/", &[]),
            ("/?", &[]),
            ("/%7e/a%2Fb/%zz?x=%20&y=a?b", &[("cookie", "a=1; b=2")]),
            (
                "/a//b/./c/../d",
                &[("host", "UPPER.example:8443"), ("x-odd", "  spaced \t out ")],
            ),
            ("/", &[("host", "a.example:443"), ("x-odd", "caf\u{e9}")]),
            ("/", &[("host", "a.example:80"), ("x-odd", "a, b")]),
            ("/", &[("host", "[2001:DB8::1]:1"), ("x-odd", "")]),
            ("/", &[("signature-input", THEIRS[0]), ("signature", THEIRS[1])]),
        ];
        for (path, headers) in paths {
            requests.push(get(http, &format!("{}{path}", url.trim_end_matches('/')), headers).body);
        }
        let form = Request {
            url: &url,
            form: Some("a=1"),
            ..Request::default()
        };
        requests.push(Client::Curl(http).send(&form).unwrap().body);
    }
    for (request, answer) in requests.iter().zip(judged(&requests)) {
        assert_eq!(answer, VERIFIED, "{request}");
    }
    assert!(!stack.envoy_log().contains(&KEY[..20]));
}

#[test]
fn nothing_that_was_changed_on_the_way_is_believed() {
    let test = "nothing_that_was_changed_on_the_way_is_believed";
    if !can_run(test) {
        return;
    }
    let stack = site(test, &json!({}));
    let request = get(CurlHttp::Http2, &stack.tls_url("/login?a=1"), &[]).body;
    let part = |key: &str, value: &str| {
        let mut request = request.clone();
        request[key] = json!(value);
        request
    };
    let input = |change: &dyn Fn(&str) -> String| {
        let headers = request["headers"].as_array().unwrap();
        let input = headers.iter().find(|header| is(header, "signature-input")).unwrap();
        replaced(&request, "signature-input", &change(input[1].as_str().unwrap()))
    };
    let more = |name: &str| with_headers(&request, |headers| headers.push(json!([name, "allow"])));
    let unsigned = without(&without(&request, "signature"), "signature-input");
    let bare = with_headers(&unsigned, |headers| {
        headers.retain(|header| !header[0].as_str().unwrap().starts_with("x-layerprint-"));
    });
    let old = |text: &str| text.replace(";created=1", ";created=");
    let cases = [
        ("verified", request.clone()),
        // What a verifier needs no more to know of.
        ("verified", replaced(&request, "user-agent", "another")),
        ("none", bare),
        ("annotations without a signature", unsigned),
        (
            "did not match",
            replaced(&request, "x-layerprint-verdict", "allow;agreement=clean"),
        ),
        ("did not match", more("x-layerprint-verdict")),
        ("x-layerprint-new", more("x-layerprint-new")),
        ("x_layerprint_verdict", more("X_LayerPrint_Verdict")),
        ("x-layerprint-id", without(&request, "x-layerprint-id")),
        ("did not match", part("method", "POST")),
        ("did not match", part("path", "/login?a=2")),
        ("did not match", part("path", "/login/?a=1")),
        ("did not match", replaced(&request, "host", "other.example")),
        ("to be present", without(&request, "signature")),
        ("to be present", without(&request, "signature-input")),
        ("exceeds maximum allowable age", input(&old)),
        ("in the future", input(&|text| text.replace(";created=1", ";created=9"))),
        (
            "resolve verification key",
            input(&|text| text.replace("edge-1", "edge-2")),
        ),
        (
            "matching the expected tag",
            input(&|text| text.replace("tag=\"l", "tag=\"m")),
        ),
        ("did not match", input(&|text| text.replace("\"@path\" ", ""))),
        (
            "did not match",
            input(&|text| text.replace("\"x-layerprint-id\"", "").replace("  ", " ")),
        ),
        (
            "did not match",
            replaced(&request, "signature", &format!("layerprint=:{}=:", "A".repeat(43))),
        ),
    ];
    let requests: Vec<_> = cases.iter().map(|(_, request)| request.clone()).collect();
    for ((expected, request), answer) in cases.iter().zip(judged(&requests)) {
        let is_so = answer.contains(expected) && (expected.len() < 9 || answer.starts_with("refused"));
        assert!(is_so, "{expected}, not {answer}: {request}");
    }
    assert!(judged_with(OTHER_KEY, &[request])[0].contains("did not match"));
}

#[test]
fn a_signature_that_covers_too_little_is_not_believed() {
    let test = "a_signature_that_covers_too_little_is_not_believed";
    if !can_run(test) {
        return;
    }
    for (components, missing) in [
        (json!(["@method", "@path", "@query"]), "@authority"),
        (json!(["accept"]), "@method"),
    ] {
        let stack = site(test, &json!({ "components": components }));
        let request = get(CurlHttp::Http2, &stack.tls_url("/"), &[]).body;
        let answer = judged(&[request]).remove(0);
        let expected = format!("Required component '{missing}' was not covered");
        assert!(answer.contains(&expected), "{answer}");
    }
}

#[test]
fn what_clients_sign_stays_and_what_they_sign_in_our_name_is_forged() {
    let test = "what_clients_sign_stays_and_what_they_sign_in_our_name_is_forged";
    if !can_run(test) {
        return;
    }
    let stack = site(test, &json!({}));
    let forged = [r#"layerprint=("@path");created=1;keyid="edge-1""#, "layerprint=:YQ==:"];
    let both = [0, 1].map(|n| format!("{}, {}", forged[n], THEIRS[n]));
    let mut count = 0;
    for (sent, kept, more) in [
        (THEIRS, Some(THEIRS), 0),
        (forged, None, 2),
        ([both[0].as_str(), both[1].as_str()], Some(THEIRS), 2),
        (["((", "="], None, 0),
    ] {
        let headers = [("signature-input", sent[0]), ("signature", sent[1])];
        let reply = get(CurlHttp::Http2, &stack.tls_url("/"), &headers);
        for (n, (name, _)) in headers.into_iter().enumerate() {
            let received = reply.received(name).unwrap();
            let begins = kept.map_or_else(String::new, |kept| format!("{}, ", kept[n]));
            assert!(received.starts_with(&format!("{begins}layerprint=")), "{received}");
            assert_eq!(received.matches("layerprint=").count(), 1, "{received}");
        }
        let reasons = reply.received("x-layerprint-reasons").unwrap_or_default();
        assert_eq!(reasons.contains("forged-annotation"), more > 0, "{reasons}");
        count += more;
        let counted = stack.admin().stat("wasmcustom.layerprint.forged_headers").unwrap();
        assert_eq!(counted.unwrap_or_default(), count);
        assert_eq!(judged(&[reply.body]), [VERIFIED]);
    }
}

#[test]
fn where_nothing_is_signed_signatures_are_nobodys_business() {
    let test = "where_nothing_is_signed_signatures_are_nobodys_business";
    if !can_run(test) {
        return;
    }
    let stack = Stack::start(StackOptions::new(test)).unwrap();
    let reply = get(
        CurlHttp::Http2,
        &stack.tls_url("/"),
        &[("signature-input", "(("), ("signature", "layerprint=:YQ==:")],
    );
    assert_eq!(reply.received("signature-input"), Some("(("));
    assert_eq!(reply.received("signature"), Some("layerprint=:YQ==:"));
    assert_eq!(
        get(CurlHttp::Http2, &stack.tls_url("/"), &[]).received("signature"),
        None
    );
}

#[test]
fn without_its_key_the_configuration_is_refused() {
    let test = "without_its_key_the_configuration_is_refused";
    if !can_run(test) {
        return;
    }
    match Stack::start(options(test, &json!({}))) {
        Err(StackError::EnvoyRefused { log, .. }) => {
            let told = "annotate.signature.key: the variable LAYERPRINT_SIGNATURE_KEY is not set";
            assert!(log.contains(told), "{log}");
        }
        Err(error) => panic!("{error}"),
        Ok(stack) => panic!("it serves: {}", stack.envoy_log_tail()),
    }
}
