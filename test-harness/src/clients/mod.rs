//! Real clients: the programs and libraries whose traffic layerprint is to tell apart, each asked for one page.

mod annotation;
mod curl;
mod python;

use std::fmt;
use std::io;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::availability::Availability;

pub use self::annotation::{Annotation, AnnotationError};
pub use self::curl::CurlHttp;

/// A User-Agent that claims Chrome on Windows, for clients that are neither.
pub const CHROME_ON_WINDOWS: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";

/// A client that can be had on many machines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Client {
    /// The curl of this machine, honest about itself.
    Curl(CurlHttp),
    /// The same, under this User-Agent.
    LyingCurl(CurlHttp, String),
    /// curl_cffi as a browser, for example `chrome131`.
    Impersonate(String),
    /// Python's httpx.
    Httpx {
        /// Whether it offers HTTP/2.
        http2: bool,
    },
}

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

    /// Whether it can be had here.
    pub fn availability(&self) -> Availability {
        match self {
            Self::Curl(http) | Self::LyingCurl(http, _) => curl::availability(*http),
            Self::Impersonate(_) => python::availability("curl_cffi"),
            Self::Httpx { http2: true } => {
                Availability::all([python::availability("httpx"), python::availability("h2")])
            }
            Self::Httpx { http2: false } => python::availability("httpx"),
        }
    }

    /// Asks for one page over a connection of its own. The certificate is not checked: it is self-signed.
    pub fn get(&self, url: &str, headers: &[(&str, &str)]) -> Result<Reply, ClientError> {
        match self {
            Self::Curl(http) => curl::get(*http, None, url, headers),
            Self::LyingCurl(http, agent) => curl::get(*http, Some(agent), url, headers),
            Self::Impersonate(target) => python::get("impersonate.py", target, url, headers),
            Self::Httpx { http2 } => python::get("httpx_get.py", if *http2 { "h2" } else { "h1" }, url, headers),
        }
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Curl(http) => write!(f, "curl {http}"),
            Self::LyingCurl(http, _) => write!(f, "curl {http}, lying"),
            Self::Impersonate(target) => write!(f, "curl_cffi {target}"),
            Self::Httpx { http2: true } => f.write_str("httpx HTTP/2"),
            Self::Httpx { http2: false } => f.write_str("httpx HTTP/1.1"),
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
