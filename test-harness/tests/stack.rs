//! The real Envoy with the real module: requests reach the upstream over every protocol, odd ones too, and a stack that
//! cannot start says why.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do: by panicking"
)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use layerprint_harness::availability::require_or_skip;
use layerprint_harness::clients::{Client, CurlHttp, Reply};
use layerprint_harness::stack::{FilterConfig, Stack, StackError, StackOptions};

const SOON: Duration = Duration::from_secs(10);

fn stack(test: &str) -> Option<Stack> {
    require_or_skip(test, [Stack::availability()]).then(|| Stack::start(StackOptions::new(test)).unwrap())
}

fn curl(test: &str, http: CurlHttp) -> Option<Client> {
    let client = Client::Curl(http);
    require_or_skip(test, [Stack::availability(), client.availability()]).then_some(client)
}

fn assert_passed(reply: &Reply) {
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert!(
        reply.received("x-request-id").is_some(),
        "Envoy was not on the way: {}",
        reply.body
    );
}

#[test]
fn requests_pass_over_every_protocol_and_are_logged() {
    let test = "requests_pass_over_every_protocol_and_are_logged";
    let (Some(h1), Some(h2), Some(h2c)) = (
        curl(test, CurlHttp::Http1),
        curl(test, CurlHttp::Http2),
        curl(test, CurlHttp::H2c),
    ) else {
        return;
    };
    let stack = Stack::start(StackOptions::new(test)).unwrap();
    let cases = [
        (&h2, stack.tls_url("/a%22?b=\"<c>\""), "HTTP/2"),
        (&h1, stack.tls_url("/h1-under-tls"), "HTTP/1.1"),
        (&h2c, stack.http_url("/h2c"), "HTTP/2"),
        (&h1, stack.http_url("/h1"), "HTTP/1.1"),
    ];
    for (client, url, protocol) in &cases {
        let reply = client.get(url, &[("x-sent", "1")]).unwrap();
        assert_passed(&reply);
        assert_eq!(reply.received("x-sent"), Some("1"));
        assert!(url.ends_with(reply.body["path"].as_str().unwrap()), "{}", reply.body);
        assert!(protocol.starts_with(&reply.protocol), "{protocol}: {}", reply.protocol);
    }

    let lines = stack.access_log().wait_for(cases.len(), SOON).unwrap();
    for ((_, url, protocol), line) in cases.iter().zip(&lines) {
        assert!(url.ends_with(line["path"].as_str().unwrap()), "{line}");
        assert_eq!(line["protocol"], *protocol);
        assert_eq!(line["status"], 200);
        assert!(line["start"].is_string() && line["duration_ms"].is_u64(), "{line}");
    }
    assert_eq!(
        stack.admin().stat("http.ingress.downstream_rq_completed").unwrap(),
        Some(4)
    );
    assert!(
        stack
            .admin()
            .get("/stats/prometheus")
            .unwrap()
            .contains("envoy_http_downstream_rq_completed")
    );
}

#[test]
fn large_heads_pass() {
    let test = "large_heads_pass";
    for http in [CurlHttp::Http1, CurlHttp::Http2] {
        let Some(client) = curl(test, http) else {
            return;
        };
        let stack = Stack::start(StackOptions::new(test)).unwrap();

        let long = "v".repeat(60 * 1024);
        let reply = client.get(&stack.tls_url("/long"), &[("x-long", &long)]).unwrap();
        assert_passed(&reply);
        assert_eq!(reply.received("x-long").map(str::len), Some(long.len()));

        let names: Vec<String> = (0..500).map(|n| format!("x-many-{n}")).collect();
        let many: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
        let reply = client.get(&stack.tls_url("/many"), &many).unwrap();
        assert_passed(&reply);
        assert!(names.iter().all(|name| reply.received(name) == Some("1")));
    }
}

#[test]
fn a_value_that_is_not_utf8_passes() {
    let Some(stack) = stack("a_value_that_is_not_utf8_passes") else {
        return;
    };
    let answer = raw(
        &stack,
        &[b"GET / HTTP/1.1\r\nhost: h\r\nuser-agent: \xff\xfe\r\nx: \xe9\r\nconnection: close\r\n\r\n"],
    );
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("\u{ff}\u{fe}"), "{answer}");
    stack.access_log().wait_for(1, SOON).unwrap();
}

#[test]
fn a_preface_cut_anywhere_is_still_http2() {
    let Some(stack) = stack("a_preface_cut_anywhere_is_still_http2") else {
        return;
    };
    let opening = h2_opening();
    for cut in 1..opening.len() {
        let (first, rest) = opening.split_at(cut);
        let lines = usize::from(u16::try_from(cut).unwrap());
        let connection = send(&stack, &[first, rest]);
        let logged = stack.access_log().wait_for(lines, SOON).unwrap();
        drop(connection);
        assert_eq!(logged[lines - 1]["protocol"], "HTTP/2", "cut at {cut}");
        assert_eq!(logged[lines - 1]["status"], 200, "cut at {cut}");
    }
}

#[test]
fn silence_and_garbage_harm_nobody_else() {
    let test = "silence_and_garbage_harm_nobody_else";
    let Some(client) = curl(test, CurlHttp::Http2) else {
        return;
    };
    let stack = Stack::start(StackOptions::new(test)).unwrap();
    let silent = TcpStream::connect(("127.0.0.1", stack.ports().http)).unwrap();
    let silent_tls = TcpStream::connect(("127.0.0.1", stack.ports().tls)).unwrap();
    for garbage in [
        &b"\x00\x01\x02\x03\r\n\r\n"[..],
        b"GET\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
        b"\r\n\r\n\r\n",
    ] {
        // Answered with 400 or closed; either is Envoy's to decide.
        drop(send(&stack, &[garbage]));
    }
    assert_passed(&client.get(&stack.tls_url("/after"), &[]).unwrap());
    drop((silent, silent_tls));
    let log = stack.envoy_log();
    assert!(
        !log.contains("Proxy-Wasm plugin in-VM backtrace"),
        "the module trapped:\n{}",
        stack.envoy_log_tail()
    );
}

#[test]
fn stacks_run_side_by_side_and_leave_nothing() {
    let test = "stacks_run_side_by_side_and_leave_nothing";
    let Some(client) = curl(test, CurlHttp::Http1) else {
        return;
    };
    let stacks: Vec<Stack> = (0..3).map(|_| Stack::start(StackOptions::new(test)).unwrap()).collect();
    let ports: Vec<u16> = stacks.iter().map(|stack| stack.ports().tls).collect();
    for stack in &stacks {
        assert_passed(&client.get(&stack.tls_url("/"), &[]).unwrap());
        stack.access_log().wait_for(1, SOON).unwrap();
        assert_eq!(stack.access_log().lines().unwrap().len(), 1);
    }
    drop(stacks);
    for port in ports {
        assert!(
            TcpStream::connect(("127.0.0.1", port)).is_err(),
            "something still listens on {port}"
        );
    }
}

#[test]
fn a_refused_configuration_shows_the_end_of_the_log() {
    let test = "a_refused_configuration_shows_the_end_of_the_log";
    if !require_or_skip(test, [Stack::availability()]) {
        return;
    }
    let options =
        StackOptions::new(test).edit(|config| config["static_resources"]["listeners"][0]["nonsense"] = 1.into());
    match Stack::start(options) {
        Err(StackError::EnvoyRefused { log, .. }) => assert!(log.contains("nonsense"), "{log}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_configuration_file_that_is_not_there_is_named() {
    let test = "a_configuration_file_that_is_not_there_is_named";
    if !require_or_skip(test, [Stack::availability()]) {
        return;
    }
    let options = StackOptions::new(test).filter(FilterConfig::File("/nowhere/layerprint.json".into()));
    let error = Stack::start(options).unwrap_err().to_string();
    assert!(error.contains("/nowhere/layerprint.json"), "{error}");
}

#[test]
fn stop_lets_envoy_quit_in_order() {
    let Some(stack) = stack("stop_lets_envoy_quit_in_order") else {
        return;
    };
    let start = Instant::now();
    stack.stop().unwrap();
    assert!(start.elapsed() < SOON);
}

/// An HTTP/2 opening on cleartext: preface, empty SETTINGS, `GET /` for localhost.
fn h2_opening() -> Vec<u8> {
    let mut opening = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    opening.extend([0, 0, 0, 4, 0, 0, 0, 0, 0]);
    let block = [&[0x82, 0x86, 0x84, 0x01, 9][..], b"localhost"].concat();
    opening.extend([0, 0, u8::try_from(block.len()).unwrap(), 1, 5, 0, 0, 0, 1]);
    opening.extend(block);
    opening
}

/// Sends the pieces over one cleartext connection, each as a segment of its own.
fn send(stack: &Stack, pieces: &[&[u8]]) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", stack.ports().http)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    for piece in pieces {
        stream.write_all(piece).unwrap();
        std::thread::sleep(Duration::from_millis(3));
    }
    stream
}

fn raw(stack: &Stack, pieces: &[&[u8]]) -> String {
    let mut answer = Vec::new();
    send(stack, pieces).read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}
