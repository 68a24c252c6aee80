//! What the stories share: a stack with the probe in it, clients that send chosen bytes, and the filter state of each
//! connection as an access log of the listener shows it, byte for byte.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use layerprint_harness::availability::{Availability, require_or_skip};
use layerprint_harness::repo;
use layerprint_harness::stack::{Stack, StackError, StackOptions, envoy_program, previous_envoy_program};
use serde_json::{Value, json};

pub const SOON: Duration = Duration::from_secs(10);
/// What is quick enough to say that nothing was waited for, on a machine that is busy.
pub const AT_ONCE: Duration = Duration::from_secs(3);

pub const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n";

/// Tells the story on each Envoy that the probe is made for.
pub fn on_each_envoy(test: &str, story: impl Fn(&Path)) {
    for (which, program) in [("current", envoy_program()), ("previous", previous_envoy_program())] {
        if let Some(program) = usable(&format!("{test}, on the {which} Envoy"), program) {
            story(&program);
        }
    }
}

/// The same on the current one alone, where the version cannot matter.
pub fn on_the_current_envoy(test: &str, story: impl FnOnce(&Path)) {
    if let Some(program) = usable(test, envoy_program()) {
        story(&program);
    }
}

fn usable(test: &str, program: Result<PathBuf, StackError>) -> Option<PathBuf> {
    let found = match &program {
        Ok(_) => Availability::Here,
        Err(error) => Availability::missing(error.to_string()),
    };
    require_or_skip(test, [found, Stack::probe_availability(), Stack::availability()])
        .then_some(program.ok())
        .flatten()
}

/// A recorded ClientHello of curl.
pub fn recorded_hello() -> Vec<u8> {
    fs::read(repo::root().join("tests/fixtures/tls/curl.bin")).unwrap()
}

/// A stack with the probe in both listeners.
pub struct Lab {
    pub stack: Stack,
    evidence: PathBuf,
}

/// What filter state held of one connection when it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    pub client: SocketAddr,
    pub syn: Option<Vec<u8>>,
    pub rtt_us: Option<String>,
    pub origin: Option<String>,
    pub client_hello: Option<Vec<u8>>,
}

const KEYS: [&str; 4] = [
    "layerprint.tcp.syn",
    "layerprint.tcp.rtt_us",
    "layerprint.tcp.origin",
    "layerprint.tls.client_hello",
];
const BETWEEN: &str = "<-layerprint-field->";
const END: &str = "<-layerprint-end->";

impl Lab {
    pub fn start(test: &str, envoy: &Path) -> Self {
        Self::with(test, envoy, |_| {})
    }

    /// With each listener changed.
    pub fn with(test: &str, envoy: &Path, change: impl Fn(&mut Value) + Send + 'static) -> Self {
        let options = StackOptions::new(test).command([envoy.to_path_buf()]);
        Self::launch(test, options, change)
    }

    pub fn launch(test: &str, options: StackOptions, change: impl Fn(&mut Value) + Send + 'static) -> Self {
        let number = format!("{:?}", std::thread::current().id());
        let number: String = number.chars().filter(char::is_ascii_digit).collect();
        let evidence = std::env::temp_dir().join(format!("{test}-{}-{number}.bin", std::process::id()));
        // Left by the same test on another Envoy.
        let _ = fs::remove_file(&evidence);
        let log = access_log(&evidence);
        let options = options.with_probe().edit(move |config| {
            for listener in config["static_resources"]["listeners"].as_array_mut().unwrap() {
                listener["access_log"] = json!([log]);
                change(listener);
            }
        });
        let stack = Stack::start(options).unwrap();
        Self { stack, evidence }
    }

    pub fn tls(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.stack.ports().tls).into()
    }

    pub fn cleartext(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.stack.ports().http).into()
    }

    /// What is known of the connections that have ended, once there are `n`, in the order of their ends.
    pub fn evidence(&self, n: usize) -> Vec<Evidence> {
        let start = Instant::now();
        loop {
            let all = read(&self.evidence);
            if all.len() >= n {
                return all;
            }
            assert!(
                start.elapsed() < SOON,
                "{} of {n} connections are logged\n{}",
                all.len(),
                self.stack.envoy_log_tail()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What is known of this client's connection, once it has ended.
    pub fn evidence_of(&self, client: SocketAddr) -> Evidence {
        let mut wanted = 1;
        loop {
            let all = self.evidence(wanted);
            if let Some(found) = all.iter().find(|evidence| same(evidence.client, client)) {
                return found.clone();
            }
            wanted = all.len() + 1;
        }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.evidence);
    }
}

/// A listener on `::` may show an IPv4 client as a mapped address.
fn same(a: SocketAddr, b: SocketAddr) -> bool {
    (a.ip().to_canonical(), a.port()) == (b.ip().to_canonical(), b.port())
}

/// One entry for each connection when it ends, HTTP or not.
fn access_log(path: &Path) -> Value {
    let fields = KEYS.map(|key| format!("%FILTER_STATE({key}:PLAIN)%"));
    let format = format!(
        "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%{BETWEEN}{}{END}",
        fields.join(BETWEEN)
    );
    json!({
        "name": "envoy.access_loggers.file",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
            "path": path,
            "log_format": { "text_format_source": { "inline_string": format } },
        },
    })
}

fn read(path: &Path) -> Vec<Evidence> {
    let bytes = fs::read(path).unwrap_or_default();
    let mut entries = split(&bytes, END.as_bytes());
    // What follows the last end is still being written.
    entries.pop();
    entries.into_iter().map(entry).collect()
}

fn entry(bytes: &[u8]) -> Evidence {
    let fields = split(bytes, BETWEEN.as_bytes());
    let raw = |n: usize| (fields[n] != b"-").then(|| fields[n].to_vec());
    let text = |n: usize| raw(n).map(|bytes| String::from_utf8(bytes).unwrap());
    Evidence {
        client: text(0).unwrap().parse().unwrap(),
        syn: raw(1),
        rtt_us: text(2),
        origin: text(3),
        client_hello: raw(4),
    }
}

fn split<'a>(mut bytes: &'a [u8], by: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    while let Some(at) = bytes.windows(by.len()).position(|window| window == by) {
        parts.push(&bytes[..at]);
        bytes = &bytes[at + by.len()..];
    }
    parts.push(bytes);
    parts
}

/// A client that sends chosen bytes.
pub struct Sender(TcpStream);

impl Sender {
    pub fn connect(to: SocketAddr) -> Self {
        let stream = TcpStream::connect(to).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(SOON)).unwrap();
        Self(stream)
    }

    pub fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }

    pub fn send(mut self, bytes: &[u8]) -> Self {
        self.0.write_all(bytes).unwrap();
        self
    }

    /// Each piece as a segment of its own.
    pub fn send_in_pieces(mut self, bytes: &[u8], size: usize) -> Self {
        for piece in bytes.chunks(size) {
            self = self.send(piece);
            std::thread::sleep(Duration::from_millis(1));
        }
        self
    }

    /// What is answered first; nothing when the connection is closed instead.
    pub fn first_answer(&mut self) -> Vec<u8> {
        let mut answer = vec![0; 64 * 1024];
        let length = match self.0.read(&mut answer) {
            // How a close looks when bytes were left unread.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => 0,
            read => read.unwrap(),
        };
        answer.truncate(length);
        answer
    }

    /// Whether a web server has answered with success.
    pub fn is_served(&mut self) -> bool {
        self.first_answer().starts_with(b"HTTP/1.1 200")
    }
}

/// Makes a listener take IPv4 and IPv6 clients on one socket.
pub fn listen_on_both(listener: &mut Value) {
    let address = &mut listener["address"]["socket_address"];
    address["address"] = json!("::");
    address["ipv4_compat"] = json!(true);
}

/// Loads this build of the probe instead of the usual one.
pub fn load(listener: &mut Value, library: &Path) {
    for filter in listener["listener_filters"].as_array_mut().unwrap() {
        if let Some(file) = filter.pointer_mut("/typed_config/dynamic_module_config/module/local/filename") {
            *file = json!(library);
        }
    }
}

/// Sets the configuration string of the probe.
pub fn configure(listener: &mut Value, words: &str) {
    for filter in listener["listener_filters"].as_array_mut().unwrap() {
        if let Some(config) = filter["typed_config"].get_mut("filter_config") {
            config["value"] = json!(words);
        }
    }
}

pub fn loopback(v6: bool, port: u16) -> SocketAddr {
    let ip: IpAddr = if v6 { "::1" } else { "127.0.0.1" }.parse().unwrap();
    (ip, port).into()
}
