//! A fleet on this machine: two Envoys with `envoy/fleet/envoy.yaml`, the rate limit service that both ask, and its Redis.

use crate::ask;
use crate::program::Program;
use layerprint_harness::availability::{Availability, require_or_skip};
use layerprint_harness::repo;
use layerprint_harness::stack::{FLEET, Stack, StackOptions};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The limits that are shipped.
pub const SHIPPED: &str = include_str!("../../../envoy/fleet/ratelimit.yaml");

/// Redis starts in a moment; the rest is for a machine that is busy compiling.
const STARTED_WITHIN: Duration = Duration::from_secs(30);

/// How long Envoy waits for the service.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// As long as the shipped configuration says.
    Shipped,
    /// So long that a busy machine lets no request pass by taking its time.
    Long,
}

/// Dropped in this order: those who ask before those who are asked.
pub struct Fleet {
    pub envoys: [Stack; 2],
    service: Option<Program>,
    redis: Option<Program>,
    _directory: Directory,
}

/// Whether the test may go on.
pub fn can_run(test: &str, more: impl IntoIterator<Item = Availability>) -> bool {
    let needs = [Stack::availability(), ask::availability(), redis(), service()];
    require_or_skip(test, needs.into_iter().chain(more))
}

fn redis() -> Availability {
    match Command::new("redis-server").arg("--version").output() {
        Ok(output) if output.status.success() => Availability::Here,
        _ => Availability::missing("redis-server is not installed"),
    }
}

fn service() -> Availability {
    let program = repo::rate_limit_service();
    if program.is_file() {
        return Availability::Here;
    }
    Availability::missing(format!("{} is not built: run `make rls`", program.display()))
}

impl Fleet {
    /// Starts all of it, with these limits.
    pub fn start(test: &str, limits: &str, patience: Patience) -> Self {
        let directory = Directory::make();
        let socket = directory.0.join("redis.sock");
        let redis = start_redis(&directory.0, &socket);
        let (service, address) = start_service(&directory.0, &socket, limits);
        let envoy = |n| {
            let options = StackOptions::new(format!("{test}-{n}"))
                .with_listeners_of(FLEET)
                .edit(move |config| ask_service(config, address, patience));
            Stack::start(options).unwrap()
        };
        Self {
            envoys: [envoy(1), envoy(2)],
            service: Some(service),
            redis: Some(redis),
            _directory: directory,
        }
    }

    /// Kills Redis.
    pub fn lose_redis(&mut self) {
        self.redis = None;
    }

    /// Has the service answer nobody.
    pub fn freeze_service(&self) {
        self.service.as_ref().unwrap().freeze();
    }

    /// Kills the service.
    pub fn lose_service(&mut self) {
        self.service = None;
    }
}

fn start_redis(directory: &Path, socket: &Path) -> Program {
    let log = File::create(directory.join("redis.log")).unwrap();
    let redis = Program::start(
        Command::new("redis-server")
            // A socket that only this test knows, and nothing kept.
            .args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"])
            .arg(socket)
            .current_dir(directory)
            .stdout(log),
    );
    let start = Instant::now();
    while !answers(socket) {
        let log = || fs::read_to_string(directory.join("redis.log")).unwrap();
        assert!(start.elapsed() < STARTED_WITHIN, "{}", log());
        std::thread::sleep(Duration::from_millis(10));
    }
    redis
}

fn answers(socket: &Path) -> bool {
    let ping = || {
        let mut stream = UnixStream::connect(socket)?;
        stream.write_all(b"PING\r\n")?;
        let mut pong = [0; 7];
        stream.read_exact(&mut pong)?;
        Ok::<_, std::io::Error>(pong == *b"+PONG\r\n")
    };
    ping().unwrap_or(false)
}

fn start_service(directory: &Path, socket: &Path, limits: &str) -> (Program, SocketAddr) {
    let (file, log) = (directory.join("ratelimit.yaml"), directory.join("rls.log"));
    fs::write(&file, limits).unwrap();
    let mut service = Program::start(
        Command::new(repo::rate_limit_service())
            .args(["--listen", "127.0.0.1:0"])
            .args(["--redis", &format!("redis+unix://{}", socket.display())])
            .arg("--limits")
            .arg(&file)
            .stdout(Stdio::piped())
            .stderr(File::create(&log).unwrap()),
    );
    let mut line = String::new();
    BufReader::new(service.output()).read_line(&mut line).unwrap();
    let address = line
        .trim()
        .strip_prefix("ready on ")
        .and_then(|address| address.parse().ok());
    let refused = || panic!("{line:?}: {}", fs::read_to_string(&log).unwrap());
    (service, address.unwrap_or_else(refused))
}

/// Has the listener ask this service.
fn ask_service(config: &mut Value, address: SocketAddr, patience: Patience) {
    let parts = &mut config["static_resources"];
    let endpoint = "/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address/socket_address/port_value";
    let cluster = named(&mut parts["clusters"], "ratelimit");
    *cluster.pointer_mut(endpoint).unwrap() = json!(address.port());
    if patience == Patience::Long {
        let chain = &mut named(&mut parts["listeners"], "fleet")["filter_chains"][0];
        let manager = named(&mut chain["filters"], "envoy.filters.network.http_connection_manager");
        let filters = &mut manager["typed_config"]["http_filters"];
        named(filters, "envoy.filters.http.ratelimit")["typed_config"]["timeout"] = json!("20s");
    }
}

fn named<'a>(list: &'a mut Value, name: &str) -> &'a mut Value {
    let mut items = list.as_array_mut().unwrap().iter_mut();
    items.find(|item| item["name"] == name).unwrap()
}

/// A folder of short name, because a socket's path has at most 107 bytes.
struct Directory(PathBuf);

impl Directory {
    fn make() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("layerprint-fleet-{}-{n}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}
