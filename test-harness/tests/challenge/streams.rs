//! What lasts longer than an answer: uploads, events, WebSockets.

use crate::agent::{Agent, PATH};
use crate::{can_run, configuration, site};
use layerprint_harness::clients::{Client, Library, Request};
use layerprint_harness::repo;
use layerprint_harness::stack::{Stack, StackOptions};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

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
    let refused = agent
        .with(&["--http1.1"])
        .ask("/guarded", &["--data-binary", &upload, "-H", "Expect: 100-continue"]);
    assert_eq!(refused.status, 403);
    let through = cleared.ask("/guarded", &["--data-binary", &upload]);
    assert!(through.is_upstreams(), "{}", through.status);
    let request = Request {
        url: &stack.tls_url("/guarded"),
        form: Some(&body[..100_000]),
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
    // Over HTTP/2, curl 7.88 loses an answer that comes before it has sent its body.
    let agent = Agent::new(&stack).with(&["--http1.1"]);
    let answer = agent.get("/guarded").puzzle().solve().answer;
    let header = format!("layerprint-answer: {answer}");
    let told = agent.ask(PATH, &["-H", &header, "--data-raw", "what nobody wants"]);
    assert_eq!(told.status, 204);
}

/// aiohttp's server, which is stopped when dropped.
pub struct Upstream {
    process: Child,
    pub port: u64,
}

impl Upstream {
    pub fn start() -> Self {
        let mut process = python("streams_server.py")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        Self {
            process,
            port: line.trim().parse().unwrap(),
        }
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn python(script: &str) -> Command {
    let mut command = Command::new(repo::venv().join("bin/python"));
    command.arg(repo::root().join("test-harness/clients").join(script));
    command
}

/// Sends all to this upstream, and lets WebSockets through.
pub fn with_upstream(port: u64) -> impl FnOnce(&mut Value) + Send + 'static {
    move |config| {
        let clusters = config
            .pointer_mut("/static_resources/clusters")
            .unwrap()
            .as_array_mut()
            .unwrap();
        for cluster in clusters.iter_mut().filter(|cluster| cluster["name"] == "upstream") {
            let endpoint =
                cluster.pointer_mut("/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address/socket_address");
            endpoint.unwrap()["port_value"] = port.into();
        }
        let listeners = config
            .pointer_mut("/static_resources/listeners")
            .unwrap()
            .as_array_mut()
            .unwrap();
        let filters = listeners.iter_mut().flat_map(|listener| {
            let chains = listener["filter_chains"].as_array_mut().unwrap().iter_mut();
            chains.flat_map(|chain| chain["filters"].as_array_mut().unwrap())
        });
        for filter in filters.filter(|filter| filter["name"] == "envoy.filters.network.http_connection_manager") {
            filter["typed_config"]["upgrade_configs"] = json!([{ "upgrade_type": "websocket" }]);
        }
    }
}

#[test]
fn a_websocket_and_a_stream_of_events_open_with_a_clearance_and_outlast_it() {
    let test = "a_websocket_and_a_stream_of_events_open_with_a_clearance_and_outlast_it";
    if !can_run(test, [Client::Library(Library::Aiohttp).availability()]) {
        return;
    }
    let upstream = Upstream::start();
    let filter = configuration(&json!({ "clearance": { "for_s": 10 } }));
    let options = StackOptions::new(test)
        .filter(filter)
        .edit(with_upstream(upstream.port));
    let stack = Stack::start(options).unwrap();
    let output = python("streams_client.py")
        .args([&stack.tls_url(""), "11"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&told["events_before"], &told["socket_before"]),
        (&json!(403), &json!(403)),
        "{told}"
    );
    assert_eq!(
        (&told["answer"], &told["events_after"]),
        (&json!(204), &json!(200)),
        "{told}"
    );
    assert_eq!(told["socket"], "own=1|hello", "the upstream never gets the clearance");
    assert!(told["events"].as_u64().unwrap() >= 20, "{told}");
    assert_eq!(told["socket_later"], "own=1|still there");
    assert_eq!(told["later"], 403, "a new request needs a new clearance");
}
