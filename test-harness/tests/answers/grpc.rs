//! A real gRPC client, over cleartext HTTP/2 and over TLS, and a real gRPC server behind.

use crate::site::{DELAY, can_run, options};
use layerprint_harness::availability::Availability;
use layerprint_harness::repo;
use layerprint_harness::stack::Stack;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn python() -> Command {
    Command::new(repo::venv().join("bin/python"))
}

fn availability() -> Availability {
    let found = python().args(["-c", "import grpc"]).stderr(Stdio::null()).status();
    match found {
        Ok(status) if status.success() => Availability::Here,
        _ => Availability::missing("grpcio is not in .venv: run `make setup`"),
    }
}

fn script(name: &str) -> PathBuf {
    repo::root().join("test-harness/clients").join(name)
}

/// A gRPC server that echoes, until it is dropped.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start() -> Self {
        let mut child = python()
            .arg(script("grpc_server.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let port = line.trim().parse().unwrap();
        Self { child, port }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its input ends, and so does it.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// The upstream speaks HTTP/2 and is the gRPC server.
fn lead_to(port: u16) -> impl FnOnce(&mut Value) + Send + 'static {
    move |config| {
        let clusters = config.pointer_mut("/static_resources/clusters").unwrap();
        let upstream = clusters
            .as_array_mut()
            .unwrap()
            .iter_mut()
            .find(|cluster| cluster["name"] == "upstream");
        let upstream = upstream.unwrap();
        let endpoint = "/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address/socket_address/port_value";
        *upstream.pointer_mut(endpoint).unwrap() = json!(port);
        upstream["typed_extension_protocol_options"]["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"]["explicit_http_config"] =
            json!({ "http2_protocol_options": {} });
    }
}

fn call(target: &str, method: &str, certificate: &str) -> (Value, Duration) {
    let start = Instant::now();
    let output = python()
        .arg(script("grpc_call.py"))
        .args([target, method, certificate])
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    (serde_json::from_slice(&output.stdout).unwrap(), start.elapsed())
}

/// The client's targets over cleartext and over TLS, and the certificate to trust.
fn targets(stack: &Stack) -> [(String, String); 2] {
    let ports = stack.ports();
    let config = std::fs::read_to_string(stack.access_log().path().with_file_name("envoy.json")).unwrap();
    let config: Value = serde_json::from_str(&config).unwrap();
    let certificate = "/static_resources/listeners/0/filter_chains/0/transport_socket/typed_config/common_tls_context/\
                       tls_certificates/0/certificate_chain/filename";
    let certificate = config.pointer(certificate).and_then(Value::as_str).unwrap();
    [
        (format!("127.0.0.1:{}", ports.http), String::new()),
        (format!("localhost:{}", ports.tls), certificate.to_owned()),
    ]
}

#[test]
fn grpc_is_told_no_by_a_status_of_grpc() {
    let test = "grpc_is_told_no_by_a_status_of_grpc";
    if !can_run(test, [availability()]) {
        return;
    }
    let server = Server::start();
    let stack = Stack::start(options(test, "enforce").edit(lead_to(server.port))).unwrap();
    for (target, certificate) in targets(&stack) {
        for (verdict, code, details) in [
            ("block", 7, "This request was not let through"),
            ("challenge", 7, "This page is for people"),
            ("limit", 8, "Too many requests"),
        ] {
            let (told, _) = call(&target, &format!("/{verdict}.Service/Call"), &certificate);
            assert_eq!(
                (&told["code"], &told["details"]),
                (&json!(code), &json!(details)),
                "{verdict}: {told}"
            );
            let trailing = told["trailing"].as_array().unwrap();
            let pushback = trailing.contains(&json!(["grpc-retry-pushback-ms", "7000"]));
            assert_eq!(pushback, verdict == "limit", "{told}");
            assert!(!told.to_string().contains("x-layerprint"), "{told}");
        }
        let (told, time) = call(&target, "/slow.Service/Call", &certificate);
        assert_eq!((&told["code"], &told["reply"]), (&json!(0), &json!("ping")), "{told}");
        assert!(time >= DELAY, "{time:?}");
        for passes in ["review", "log", "other"] {
            let (told, _) = call(&target, &format!("/{passes}.Service/Call"), &certificate);
            assert_eq!(
                (&told["code"], &told["reply"]),
                (&json!(0), &json!("ping")),
                "{passes}: {told}"
            );
        }
    }
}

#[test]
fn in_observe_mode_grpc_passes() {
    let test = "in_observe_mode_grpc_passes";
    if !can_run(test, [availability()]) {
        return;
    }
    let server = Server::start();
    let options = options(test, "observe").edit(lead_to(server.port));
    let stack = Stack::start(options).unwrap();
    let [(target, certificate), _] = targets(&stack);
    for verdict in ["block", "limit", "challenge", "slow"] {
        let (told, _) = call(&target, &format!("/{verdict}.Service/Call"), &certificate);
        assert_eq!(
            (&told["code"], &told["reply"]),
            (&json!(0), &json!("ping")),
            "{verdict}: {told}"
        );
    }
}
