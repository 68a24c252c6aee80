//! Real clients: the programs and libraries whose traffic layerprint is to tell apart, each asked for one page or to send one form,
//! over a connection of its own.

mod annotation;
pub mod browser;
mod curl;
pub mod driver;
mod library;
mod program;
mod python;

use std::fmt;
use std::io;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::availability::Availability;

pub use self::annotation::{Annotation, AnnotationError};
pub use self::browser::Browser;
pub use self::curl::CurlHttp;
pub use self::library::Library;

/// A User-Agent that claims Chrome on Windows, for clients that are neither.
pub const CHROME_ON_WINDOWS: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";

/// A client that can be had on many machines. Browsers, which cannot be told to send one request and no other, are [`Browser`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Client {
    /// The curl of this machine, honest about itself.
    Curl(CurlHttp),
    /// The same, under this User-Agent.
    LyingCurl(CurlHttp, String),
    /// curl_cffi as a browser, for example `chrome131`.
    Impersonate(String),
    /// The same over HTTP/3.
    ImpersonateHttp3(String),
    /// Python's httpx.
    Httpx {
        /// Whether it offers HTTP/2.
        http2: bool,
    },
    /// Another library of a programming language.
    Library(Library),
    /// GNU Wget.
    Wget,
    /// nghttp2's h2load, which speaks HTTP/2. What it received it does not tell.
    H2load,
}

/// What a client is to ask for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request<'a> {
    /// Where.
    pub url: &'a str,
    /// Header lines besides the client's own; one of the same name replaces the client's, in any case.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body of a POST, as a browser's form sends it; `None` is a GET.
    pub form: Option<&'a str>,
    /// The network namespace to ask from, by its name; `None` is this process's own.
    pub namespace: Option<&'a str>,
}

/// The media type of a form.
const FORM: &str = "application/x-www-form-urlencoded";

/// What a client got.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// `HTTP/2`, `HTTP/1.1`, …
    pub protocol: String,
    /// The body: what the upstream echoed, or a JSON string where it was not JSON.
    pub body: Value,
}

/// Why a client got nothing.
#[derive(Debug)]
pub enum ClientError {
    /// The program could not be started.
    Start(io::Error),
    /// It ended with an error, and said this.
    Failed(String),
    /// Its output is not what was agreed.
    Output(String),
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(error) => write!(f, "cannot be started: {error}"),
            Self::Failed(why) => write!(f, "failed: {why}"),
            Self::Output(text) => write!(f, "printed something else than a reply: {text:?}"),
        }
    }
}

impl std::error::Error for ClientError {}

impl Client {
    /// curl_cffi as this browser.
    pub fn impersonate(target: &str) -> Self {
        Self::Impersonate(target.to_owned())
    }

    /// Every browser that the curl_cffi of this machine can be, by its name for it.
    pub fn impersonations() -> Result<Vec<String>, ClientError> {
        python::impersonations()
    }

    /// Whether it can be had here.
    pub fn availability(&self) -> Availability {
        match self {
            Self::Curl(http) | Self::LyingCurl(http, _) => curl::availability(*http),
            Self::Impersonate(_) | Self::ImpersonateHttp3(_) => python::availability("curl_cffi"),
            Self::Httpx { http2: true } => {
                Availability::all([python::availability("httpx"), python::availability("h2")])
            }
            Self::Httpx { http2: false } => python::availability("httpx"),
            Self::Library(library) => library.availability(),
            Self::Wget => program::availability("wget", "--version"),
            Self::H2load => program::availability("h2load", "--version"),
        }
    }

    /// Asks for one page over a connection of its own. The certificate is not checked: it is self-signed.
    pub fn get(&self, url: &str, headers: &[(&str, &str)]) -> Result<Reply, ClientError> {
        self.send(&Request {
            url,
            headers,
            ..Request::default()
        })
    }

    /// The same, with a form when the request has one.
    pub fn send(&self, request: &Request<'_>) -> Result<Reply, ClientError> {
        match self {
            Self::Curl(http) => curl::send(*http, None, request),
            Self::LyingCurl(http, agent) => curl::send(*http, Some(agent), request),
            Self::Impersonate(target) => python::send("curl_cffi_client.py", target, request),
            Self::ImpersonateHttp3(target) => python::send("curl_cffi_client.py", &format!("{target}/h3"), request),
            Self::Httpx { http2 } => python::send("httpx_client.py", if *http2 { "h2" } else { "h1" }, request),
            Self::Library(library) => library.send(request),
            Self::Wget => program::wget(request),
            Self::H2load => program::h2load(request),
        }
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Curl(http) => write!(f, "curl {http}"),
            Self::LyingCurl(http, _) => write!(f, "curl {http}, lying"),
            Self::Impersonate(target) => write!(f, "curl_cffi {target}"),
            Self::ImpersonateHttp3(target) => write!(f, "curl_cffi {target}, HTTP/3"),
            Self::Httpx { http2: true } => f.write_str("httpx HTTP/2"),
            Self::Httpx { http2: false } => f.write_str("httpx HTTP/1.1"),
            Self::Library(library) => library.fmt(f),
            Self::Wget => f.write_str("wget"),
            Self::H2load => f.write_str("h2load"),
        }
    }
}

impl Reply {
    /// The value of a header as the upstream received it: the first of that name, in any case.
    pub fn received(&self, name: &str) -> Option<&str> {
        self.received_all(name).into_iter().next()
    }

    /// All values of a header as the upstream received it, in order.
    pub fn received_all(&self, name: &str) -> Vec<&str> {
        let lines = self
            .body
            .get("headers")
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let is_it = |line: &&Value| {
            line.get(0)
                .and_then(Value::as_str)
                .is_some_and(|found| found.eq_ignore_ascii_case(name))
        };
        lines
            .iter()
            .filter(is_it)
            .filter_map(|line| line.get(1)?.as_str())
            .collect()
    }
}

/// The same command in the network namespace of this name.
fn inside(namespace: Option<&str>, command: Command) -> Command {
    let Some(namespace) = namespace else { return command };
    let mut outer = Command::new("ip");
    outer.args(["netns", "exec", namespace]);
    outer.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => outer.env(name, value),
            None => outer.env_remove(name),
        };
    }
    outer
}

/// Runs a client to its end; its standard output when it succeeded.
fn run(command: &mut Command) -> Result<String, ClientError> {
    let output = command
        // A proxy of the environment must not come between.
        .env("NO_PROXY", "*")
        .env("no_proxy", "*")
        .stdin(Stdio::null())
        .output()
        .map_err(ClientError::Start)?;
    let Output { status, stdout, stderr } = output;
    if !status.success() {
        let said = String::from_utf8_lossy(&stderr);
        return Err(ClientError::Failed(format!("{status}: {}", said.trim())));
    }
    Ok(String::from_utf8_lossy(&stdout).into_owned())
}

/// Runs a client script, whose arguments and output `test-harness/clients/common.py` describes: `start` is its interpreter and
/// whatever that needs.
fn run_script(mut start: Command, target: &str, request: &Request<'_>) -> Result<Reply, ClientError> {
    start.args([target, request.url, request.form.unwrap_or_default()]);
    start.args(request.headers.iter().map(|(name, value)| format!("{name}: {value}")));
    let output = run(&mut inside(request.namespace, start))?;
    parse_script(&output).ok_or(ClientError::Output(output))
}

fn parse_script(output: &str) -> Option<Reply> {
    let reply: Value = serde_json::from_str(output).ok()?;
    Some(Reply {
        status: reply.get("status")?.as_u64()?.try_into().ok()?,
        protocol: reply.get("protocol")?.as_str()?.to_owned(),
        body: body(reply.get("body")?.as_str()?),
    })
}

fn body(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn received_headers_are_found_in_any_case_and_in_order() {
        let body = json!({ "headers": [["A", "1"], ["b", "2"], ["a", "3"]] });
        let reply = Reply {
            status: 200,
            protocol: "HTTP/2".to_owned(),
            body,
        };
        assert_eq!(reply.received("a"), Some("1"));
        assert_eq!(reply.received_all("a"), ["1", "3"]);
        assert_eq!(reply.received("c"), None);
    }
}
