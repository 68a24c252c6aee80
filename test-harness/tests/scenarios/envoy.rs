//! The real Envoy with `envoy/envoy.yaml`, over its cleartext port, so that every byte is the scenario's own.

use super::scenario::{self, Client, Fate, Fields, Pieces, Scenario, Seen};
use super::wire;
use layerprint_harness::availability::require_or_skip;
use layerprint_harness::stack::config::with_variables;
use layerprint_harness::stack::{Stack, StackOptions};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(10);

/// Runs all scenarios, those with the same configuration on the same Envoy, which none of them may harm.
pub fn run_all(scenarios: &[Scenario]) {
    if !require_or_skip("every_scenario_holds_in_the_real_envoy", [Stack::availability()]) {
        return;
    }
    let mut configurations: Vec<_> = scenarios.iter().map(|scenario| scenario.configuration).collect();
    configurations.sort_unstable();
    configurations.dedup();
    for configuration in configurations {
        let filter: Value = serde_json::from_str(configuration).unwrap();
        let (name, value) = scenario::VARIABLE;
        let options = StackOptions::new("scenarios").filter(filter).variable(name, value);
        let by_name = move |config: &mut Value| with_variables(config, &json!({ "host_env_keys": [name] }));
        let stack = Stack::start(options.edit(by_name)).unwrap();
        for scenario in scenarios
            .iter()
            .filter(|scenario| scenario.configuration == configuration)
        {
            match scenario.in_envoy {
                Fate::Served => scenario::check(scenario, |scenario| run(&stack, scenario)),
                Fate::Refused => expect_goaway(&stack, scenario),
            }
        }
        let stats = stack.admin().stats().unwrap();
        let reloads: u64 = stats
            .iter()
            .filter(|(name, _)| name.contains(".vm_reload"))
            .map(|(_, count)| count)
            .sum();
        assert_eq!(reloads, 0, "no VM died\n{}", stack.envoy_log_tail());
        let log = stack.envoy_log();
        assert!(
            !log.contains("panicked") && !log.contains("Function: proxy_on_"),
            "no trap\n{log}"
        );
    }
}

/// Envoy refuses the connection. That the next scenarios are served shows that it did no harm.
fn expect_goaway(stack: &Stack, scenario: &Scenario) {
    let mut connection = TcpStream::connect(("127.0.0.1", stack.ports().http)).unwrap();
    connection.set_read_timeout(Some(PATIENCE)).unwrap();
    for piece in scenario.first_bytes() {
        // Envoy may close before all is written.
        let _ = connection.write_all(&piece);
    }
    let mut answer = Vec::new();
    let _ = connection.read_to_end(&mut answer);
    assert!(
        !answer.windows(4).any(|bytes| bytes == b"\"hea"),
        "{}: served",
        scenario.name
    );
}

/// A TLS connection through the listener that does not open it. Its line is written when it has ended.
fn pass_through(stack: &Stack, scenario: &Scenario) -> Vec<Seen> {
    let before = stack.connections_log().lines().unwrap().len();
    let mut connection = TcpStream::connect(("127.0.0.1", stack.ports().passthrough)).unwrap();
    connection.set_read_timeout(Some(PATIENCE)).unwrap();
    send(&mut connection, scenario);
    // Something of the server behind comes back: the filter let the bytes pass.
    connection.read_exact(&mut [0]).unwrap();
    drop(connection);
    let lines = stack.connections_log().wait_for(before + 1, PATIENCE).unwrap();
    lines[before..]
        .iter()
        .map(|line| Seen::of_connection(line["layerprint"].clone()))
        .collect()
}

fn send(connection: &mut TcpStream, scenario: &Scenario) {
    connection.set_nodelay(true).unwrap();
    for piece in scenario.first_bytes() {
        connection.write_all(&piece).unwrap();
        if scenario.pieces == Pieces::Bytewise {
            // Long enough for Envoy to read each byte on its own.
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

fn run(stack: &Stack, scenario: &Scenario) -> Vec<Seen> {
    if let Client::Tls(_) = scenario.client {
        return pass_through(stack, scenario);
    }
    let before = lines(stack).len();
    let mut connection = TcpStream::connect(("127.0.0.1", stack.ports().http)).unwrap();
    connection.set_read_timeout(Some(PATIENCE)).unwrap();
    send(&mut connection, scenario);
    let bodies: Vec<Value> = match &scenario.client {
        Client::Http1(heads) => {
            let mut bodies = vec![http1_answer(&mut connection)];
            for head in &heads[1..] {
                connection.write_all(head).unwrap();
                bodies.push(http1_answer(&mut connection));
            }
            bodies
        }
        Client::Http2 { requests, .. } => {
            let mut bodies = vec![http2_answer(&mut connection, 1)];
            for (stream, request) in (3..).step_by(2).zip(&requests[1..]) {
                connection.write_all(&wire::http2_request(stream, request)).unwrap();
                bodies.push(http2_answer(&mut connection, stream));
            }
            bodies
        }
        Client::Bytes(_) | Client::Tls(_) => {
            connection.shutdown(std::net::Shutdown::Write).unwrap();
            let _ = connection.read_to_end(&mut Vec::new());
            Vec::new()
        }
    };
    drop(connection);
    let lines = wait_for_lines(stack, before + bodies.len());
    bodies
        .into_iter()
        .zip(lines.into_iter().skip(before))
        .map(|(body, line)| Seen {
            headers: headers(&body),
            line,
        })
        .collect()
}

/// The filter's lines in the access log; a connection that brings no request has none.
fn lines(stack: &Stack) -> Vec<Value> {
    let lines = stack.access_log().lines().unwrap();
    lines
        .into_iter()
        .map(|line| line["layerprint"].clone())
        .filter(Value::is_object)
        .collect()
}

fn wait_for_lines(stack: &Stack, count: usize) -> Vec<Value> {
    for _ in 0..500 {
        let lines = lines(stack);
        if lines.len() >= count {
            return lines;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("the access log stays under {count} lines\n{}", stack.envoy_log_tail());
}

fn headers(body: &Value) -> Fields {
    let pairs = body["headers"].as_array().unwrap_or_else(|| panic!("no echo: {body}"));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    pairs
        .iter()
        .map(|pair| (text(&pair[0]), bytes(&text(&pair[1]))))
        .collect()
}

/// The echo server shows what is not UTF-8 as Latin-1.
fn bytes(shown: &str) -> Vec<u8> {
    let latin1: Option<Vec<u8>> = shown
        .chars()
        .map(|letter| u8::try_from(u32::from(letter)).ok())
        .collect();
    latin1.unwrap_or_else(|| shown.as_bytes().to_vec())
}

fn http1_answer(connection: &mut TcpStream) -> Value {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        connection
            .read_exact(&mut byte)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&head)));
        head.extend(byte);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    // An HTTP/1.0 request is answered in HTTP/1.0, with a length all the same.
    assert_eq!(head.split_whitespace().nth(1), Some("200"), "{head}");
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    connection.read_exact(&mut body).unwrap();
    serde_json::from_slice(&body).unwrap()
}

fn http2_answer(connection: &mut TcpStream, stream: u32) -> Value {
    let mut body = Vec::new();
    loop {
        let mut head = [0; 9];
        connection.read_exact(&mut head).unwrap();
        let [l1, l2, l3, kind, flags, s1, s2, s3, s4] = head;
        let length = u32::from_be_bytes([0, l1, l2, l3]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        connection.read_exact(&mut payload).unwrap();
        let of_stream = u32::from_be_bytes([s1, s2, s3, s4]) == stream;
        assert!(kind != 3 || !of_stream, "reset: {payload:?}");
        assert_ne!(kind, 7, "GOAWAY: {}", String::from_utf8_lossy(&payload));
        if of_stream && kind == 0 {
            body.extend(payload);
        }
        if of_stream && matches!(kind, 0 | 1) && flags & 1 != 0 {
            return serde_json::from_slice(&body).unwrap_or_else(|error| panic!("{error}: {body:?}"));
        }
    }
}
