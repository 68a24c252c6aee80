//! Real TLS clients, each with the command that makes it connect, and what it is known to send.
#![allow(unreachable_pub)]

use layerprint_harness::availability::Availability;
use layerprint_harness::repo;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a client may take: Java and Go compile first, and the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// One program that connects once, or a few times.
pub struct Program {
    pub name: &'static str,
    /// What must be installed.
    pub needs: &'static str,
    /// A shell command; `{P}` is the port, `{D}` a scratch directory, `{C}` the folder of client sources.
    pub command: &'static str,
    pub greases: Grease,
    /// Whether it ends by itself. A browser is ended when it has connected.
    pub is_browser: bool,
}

/// Where a client sends GREASE that matters here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Grease {
    /// Nowhere.
    None,
    /// Among its groups: Envoy's JA3 hashes it.
    Groups,
    /// Among its signature algorithms as well: Envoy's JA4 hashes it (envoy#46658).
    GroupsAndSignatures,
}

const fn tool(name: &'static str, needs: &'static str, command: &'static str) -> Program {
    Program {
        name,
        needs,
        command,
        greases: Grease::None,
        is_browser: false,
    }
}

pub const CHROMIUM: Program = Program {
    name: "chromium",
    needs: "chromium",
    command: "exec chromium --headless=new --no-sandbox --disable-gpu --user-data-dir={D}/chromium --ignore-certificate-errors \
              https://localhost:{P}/",
    greases: Grease::GroupsAndSignatures,
    is_browser: true,
};

pub const ALL: [Program; 14] = [
    tool("curl", "curl", "curl -sk https://localhost:{P}/"),
    tool("curl, HTTP/1.1", "curl", "curl -sk --http1.1 https://localhost:{P}/"),
    tool("curl to an address", "curl", "curl -sk https://127.0.0.1:{P}/"),
    tool(
        "wget",
        "wget",
        "wget -qO- --no-check-certificate https://localhost:{P}/",
    ),
    tool(
        "openssl",
        "openssl",
        "openssl s_client -connect localhost:{P} -servername localhost </dev/null",
    ),
    tool(
        "openssl, TLS 1.2",
        "openssl",
        "openssl s_client -connect localhost:{P} -servername localhost -tls1_2 </dev/null",
    ),
    tool(
        "openssl, no server name",
        "openssl",
        "openssl s_client -connect 127.0.0.1:{P} -noservername </dev/null",
    ),
    tool(
        "openssl, one-byte ALPN",
        "openssl",
        "openssl s_client -connect localhost:{P} -servername localhost -alpn x </dev/null || true",
    ),
    tool(
        "python",
        "python3",
        "python3 -c \"import socket,ssl;c=ssl._create_unverified_context();\
         c.wrap_socket(socket.create_connection(('127.0.0.1',{P})),server_hostname='localhost')\"",
    ),
    tool(
        "node",
        "node",
        "node -e \"require('https').get({host:'127.0.0.1',port:{P},servername:'localhost',rejectUnauthorized:false},\
         r=>r.resume())\"",
    ),
    // It has no option to trust any certificate: what it says before it refuses ours is enough. So with Go.
    tool(
        "java",
        "java",
        "java {C}/JavaClient.java https://localhost:{P}/ || true",
    ),
    tool(
        "go",
        "go",
        "HOME={D} GOCACHE={D}/go go run {C}/go_client.go 127.0.0.1:{P} https://localhost:{P}/ || true",
    ),
    CHROMIUM,
    Program {
        name: "firefox",
        needs: "firefox-esr",
        command: "exec firefox-esr --headless --no-remote --profile {D} https://localhost:{P}/",
        greases: Grease::None,
        is_browser: true,
    },
];

impl Program {
    pub fn availability(&self) -> Availability {
        match find(self.needs) {
            Some(_) => Availability::Here,
            None => Availability::missing(format!("{} is not installed", self.needs)),
        }
    }

    /// Starts it, waits until `connected` says so, and ends it when it does not end itself.
    pub fn run(&self, port: u16, scratch: &Path, connected: impl Fn() -> bool) {
        let clients = repo::root().join("tests/fixtures/clients");
        let command = self
            .command
            .replace("{P}", &port.to_string())
            .replace("{D}", &scratch.display().to_string())
            .replace("{C}", &clients.display().to_string());
        run_shell(self.name, &command, self.is_browser, connected);
    }
}

fn run_shell(name: &str, command: &str, is_browser: bool, connected: impl Fn() -> bool) {
    let mut child = Command::new("sh")
        .args(["-c", command])
        .env("NO_PROXY", "*")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    let start = Instant::now();
    loop {
        let ended = child.try_wait().unwrap();
        if let Some(status) = ended {
            assert!(status.success() || is_browser, "{name} failed: {status}: {command}");
        }
        if (is_browser || ended.is_some()) && connected() {
            break;
        }
        assert!(start.elapsed() < PATIENCE, "{name} did not connect: {command}");
        std::thread::sleep(Duration::from_millis(20));
    }
    end(&mut child);
}

/// Asks it to end, if it has not: a browser has processes of its own to take along.
fn end(child: &mut Child) {
    if child.try_wait().unwrap().is_some() {
        return;
    }
    let pid = child.id().to_string();
    let _ = Command::new("kill").args(["-TERM", &pid]).status();
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > Duration::from_secs(10) {
            let _ = child.kill();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|directory| directory.join(program))
        .find(|file| file.is_file())
}
