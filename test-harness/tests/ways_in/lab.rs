//! What the stories share: which Envoy, the SYNs, and what is asked of a line.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use layerprint_harness::availability::{Availability, require_or_skip};
use layerprint_harness::clients::{Client, CurlHttp};
use layerprint_harness::repo;
use layerprint_harness::stack::{Stack, StackError, StackOptions, envoy_program, previous_envoy_program};
use serde_json::{Value, json};

pub const SOON: Duration = Duration::from_secs(10);

pub const PROXY_PROTOCOL: &str = "envoy/layer4/proxy-protocol.yaml";
pub const HEADER: &str = "envoy/layer4/header.yaml";
pub const TIMING: &str = "envoy/layer4/timing.yaml";
pub const TIMING_1_39: &str = "envoy/layer4/timing-1.39.yaml";
pub const AGENT: &str = "envoy/layer4/agent.yaml";

/// SYNs and their signatures.
pub const LINUX: (&str, &str) = ("linux-v4", "4:64+0:0:1460:mss*44,10:mss,sok,ts,nop,ws:df,id+:0");
pub const WINDOWS: (&str, &str) = (
    "made-windows-11",
    "4:128+0:0:1460:mss*44,8:mss,nop,ws,nop,nop,sok:df,id+:0",
);

/// The client of most stories.
pub const CLIENT: &str = "203.0.113.7";

/// What layerprint has to be told when a proxy in front appends the client to X-Forwarded-For, and Envoy that proxy.
pub fn behind_a_front() -> Value {
    json!({ "forwarded": { "trusted_hops": 1, "peer_appended": true } })
}

/// One of the recorded SYNs, as hex text.
pub fn hex(name: &str) -> String {
    let file = repo::root().join(format!("tests/fixtures/syn/{name}.hex"));
    let text = fs::read_to_string(file).unwrap();
    text.lines().filter(|line| !line.starts_with('#')).collect()
}

/// The same, sent from this address.
pub fn hex_from(name: &str, client: &str) -> String {
    let mut text = hex(name);
    // Digits of the source in the IP header.
    let (at, source) = match client.parse().unwrap() {
        IpAddr::V4(ip) => (24..32, format!("{:08x}", ip.to_bits())),
        IpAddr::V6(ip) => (16..48, format!("{:032x}", ip.to_bits())),
    };
    text.replace_range(at, &source);
    text
}

/// The clients that the stories use.
pub const H1: Client = Client::Curl(CurlHttp::Http1);
pub const H2: Client = Client::Curl(CurlHttp::Http2);
pub const H2C: Client = Client::Curl(CurlHttp::H2c);

/// Tells the story on each Envoy that the shipped file is for.
pub fn on_each_envoy(test: &str, story: impl Fn(&Path)) {
    on_the_current_envoy(test, &story);
    on_the_previous_envoy(test, &story);
}

pub fn on_the_current_envoy(test: &str, story: impl FnOnce(&Path)) {
    if let Some(program) = usable(&format!("{test}, on the current Envoy"), envoy_program()) {
        story(&program);
    }
}

pub fn on_the_previous_envoy(test: &str, story: impl FnOnce(&Path)) {
    if let Some(program) = usable(&format!("{test}, on the previous Envoy"), previous_envoy_program()) {
        story(&program);
    }
}

fn usable(test: &str, program: Result<PathBuf, StackError>) -> Option<PathBuf> {
    let found = match &program {
        Ok(_) => Availability::Here,
        Err(error) => Availability::missing(error.to_string()),
    };
    require_or_skip(
        test,
        [found, Stack::availability(), H2.availability(), H2C.availability()],
    )
    .then_some(program.ok())
    .flatten()
}

/// Options for a stack with this Envoy. The TCP signature is sent to the upstream by default.
pub fn options(test: &str, envoy: &Path) -> StackOptions {
    StackOptions::new(test).command([envoy.to_path_buf()])
}

pub fn start(options: StackOptions) -> Stack {
    Stack::start(options).unwrap()
}

pub fn loopback(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// An address of this machine that nobody trusts.
pub const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// The evidence of the nth request, counted from 1.
pub fn line(stack: &Stack, n: usize) -> Value {
    stack.access_log().wait_for(n, SOON).unwrap()[n - 1]["layerprint"].clone()
}

/// Whether the line says that this was not seen, for this reason.
pub fn assert_missing(line: &Value, what: &str, reason: &str) {
    assert_eq!(line["missing"][what], reason, "{what}: {line}");
    assert_eq!(line[what], Value::Null, "{what}: {line}");
}

/// How many connections the RBAC filters of the shipped files have refused.
pub fn refused(stack: &Stack) -> u64 {
    let stats = stack.admin().stats().unwrap();
    let denied = stats.iter().filter(|(name, _)| name.ends_with(".rbac.denied"));
    denied.map(|(_, count)| count).sum()
}
