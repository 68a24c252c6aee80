//! HTTP libraries of programming languages, each behind a small script in `test-harness/clients`.

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use super::{ClientError, Reply, Request, program, python, run, run_script};
use crate::availability::Availability;
use crate::repo;

/// A library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Library {
    /// Python's requests.
    Requests,
    /// Python's aiohttp.
    Aiohttp,
    /// Python's own urllib.
    Urllib,
    /// Node's `fetch`.
    NodeFetch,
    /// Node's `http2`.
    NodeHttp2,
    /// `java.net.http`.
    Java {
        /// Whether it offers HTTP/2.
        http2: bool,
    },
    /// Go's `net/http`.
    Go {
        /// Whether it offers HTTP/2.
        http2: bool,
    },
    /// Ruby's `net/http`.
    Ruby,
    /// PHP's streams.
    Php,
}

impl Library {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Requests,
        Self::Aiohttp,
        Self::Urllib,
        Self::NodeFetch,
        Self::NodeHttp2,
        Self::Java { http2: true },
        Self::Java { http2: false },
        Self::Go { http2: true },
        Self::Go { http2: false },
        Self::Ruby,
        Self::Php,
    ];

    pub(super) fn availability(self) -> Availability {
        match self {
            Self::Requests => python::availability("requests"),
            Self::Aiohttp => python::availability("aiohttp"),
            Self::Urllib => python::availability("urllib"),
            Self::NodeFetch | Self::NodeHttp2 => node(),
            Self::Java { .. } => match java() {
                Ok(_) => Availability::Here,
                Err(why) => Availability::missing(why),
            },
            Self::Go { .. } => match go() {
                Ok(_) => Availability::Here,
                Err(why) => Availability::missing(why),
            },
            Self::Ruby => program::availability("ruby", "--version"),
            Self::Php => program::availability("php", "--version"),
        }
    }

    pub(super) fn send(self, request: &Request<'_>) -> Result<Reply, ClientError> {
        match self {
            Self::Requests => python::send("requests_client.py", "-", request),
            Self::Aiohttp => python::send("aiohttp_client.py", "-", request),
            Self::Urllib => python::send("urllib_client.py", "-", request),
            Self::NodeFetch => with_node("fetch", request),
            Self::NodeHttp2 => with_node("http2", request),
            Self::Java { http2 } => {
                let classes = java().map_err(ClientError::Failed)?;
                let mut java = Command::new("java");
                java.args(["-XX:TieredStopAtLevel=1", "-cp"])
                    .arg(classes)
                    .arg("JavaClient");
                run_script(java, version(http2), request)
            }
            Self::Go { http2 } => {
                let program = go().map_err(ClientError::Failed)?;
                run_script(Command::new(program), version(http2), request)
            }
            Self::Ruby => run_script(interpreter("ruby", "ruby_client.rb"), "-", request),
            Self::Php => run_script(interpreter("php", "php_client.php"), "-", request),
        }
    }
}

impl fmt::Display for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Requests => "Python requests",
            Self::Aiohttp => "Python aiohttp",
            Self::Urllib => "Python urllib",
            Self::NodeFetch => "Node fetch",
            Self::NodeHttp2 => "Node http2",
            Self::Java { http2: true } => "Java HttpClient HTTP/2",
            Self::Java { http2: false } => "Java HttpClient HTTP/1.1",
            Self::Go { http2: true } => "Go net/http HTTP/2",
            Self::Go { http2: false } => "Go net/http HTTP/1.1",
            Self::Ruby => "Ruby net/http",
            Self::Php => "PHP streams",
        })
    }
}

fn with_node(target: &str, request: &Request<'_>) -> Result<Reply, ClientError> {
    let mut node = Command::new("node");
    // The certificate is self-signed, and fetch has no option of its own for that.
    node.env("NODE_TLS_REJECT_UNAUTHORIZED", "0").arg("--no-warnings");
    node.arg(script("node_client.mjs"));
    run_script(node, target, request)
}

fn node() -> Availability {
    let has_fetch = r#"process.exit(typeof fetch === "function" ? 0 : 1)"#;
    match run(Command::new("node").args(["-e", has_fetch])) {
        Ok(_) => Availability::Here,
        Err(ClientError::Start(_)) => Availability::missing("node is not installed"),
        Err(_) => Availability::missing("this node has no fetch: 18 or later has"),
    }
}

/// The folder of the compiled class; why there is none.
fn java() -> Result<PathBuf, String> {
    static COMPILED: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let compile = || {
        let folder = compiled("java")?;
        let mut javac = Command::new("javac");
        match run(javac.arg("-d").arg(&folder).arg(script("JavaClient.java"))) {
            Ok(_) => Ok(folder),
            Err(ClientError::Start(_)) => Err("no Java compiler: a JDK of 11 or later is needed".to_owned()),
            Err(error) => Err(format!("javac {error}")),
        }
    };
    COMPILED.get_or_init(compile).clone()
}

/// The compiled program; why there is none.
fn go() -> Result<PathBuf, String> {
    static COMPILED: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let compile = || {
        let program = compiled("go")?.join("client");
        let mut go = Command::new("go");
        match run(go.args(["build", "-o"]).arg(&program).arg(script("go_client.go"))) {
            Ok(_) => Ok(program),
            Err(ClientError::Start(_)) => Err("go is not installed".to_owned()),
            Err(error) => Err(format!("go build {error}")),
        }
    };
    COMPILED.get_or_init(compile).clone()
}

/// Where the compiled clients of one language go.
fn compiled(language: &str) -> Result<PathBuf, String> {
    let folder = repo::run_directory().join("clients").join(language);
    match fs::create_dir_all(&folder) {
        Ok(()) => Ok(folder),
        Err(error) => Err(format!("{}: {error}", folder.display())),
    }
}

fn interpreter(program: &str, name: &str) -> Command {
    let mut command = Command::new(program);
    command.arg(script(name));
    command
}

fn script(name: &str) -> PathBuf {
    repo::root().join("test-harness/clients").join(name)
}

fn version(http2: bool) -> &'static str {
    if http2 { "h2" } else { "h1" }
}
