//! A program that says that it reads HTML, and keeps its cookies: curl, with the work done for it where it is to be done.

use layerprint_harness::availability::Availability;
use layerprint_harness::clients::{Client, CurlHttp};
use layerprint_harness::solver::Puzzle;
use layerprint_harness::stack::Stack;
use serde_json::Value;
use std::process::{Command, Stdio};

pub const PATH: &str = "/.layerprint/challenge";
const ACCEPT: &str = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

pub fn availability() -> Availability {
    Client::Curl(CurlHttp::Http2).availability()
}

/// What was answered.
#[derive(Debug)]
pub struct Told {
    pub status: u64,
    pub headers: Value,
    pub body: String,
}

impl Told {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers[name].as_array()?.first()?.as_str()
    }

    pub fn puzzle(&self) -> Puzzle {
        Puzzle::on_page(&self.body).unwrap_or_else(|| panic!("no puzzle: {self:?}"))
    }

    /// The upstream's view of the request: this header as it received it.
    pub fn received(&self, name: &str) -> Vec<String> {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not the upstream's: {self:?}"));
        let headers = body["headers"].as_array().unwrap().iter();
        let of_name = headers.filter(|header| header[0] == name);
        of_name.map(|header| header[1].as_str().unwrap().to_owned()).collect()
    }

    pub fn is_upstreams(&self) -> bool {
        self.status == 200 && self.body.starts_with('{') && self.body.contains("\"headers\"")
    }
}

/// curl as it comes to this site.
#[derive(Clone)]
pub struct Agent<'s> {
    stack: &'s Stack,
    port: u16,
    pub host: &'static str,
    arguments: Vec<String>,
    cookie: Option<String>,
    reads_html: bool,
}

impl<'s> Agent<'s> {
    pub fn new(stack: &'s Stack) -> Self {
        Self {
            stack,
            port: stack.ports().tls,
            host: "localhost",
            arguments: Vec::new(),
            cookie: None,
            reads_html: true,
        }
    }

    /// The same with more arguments for curl.
    pub fn with(&self, arguments: &[&str]) -> Self {
        let mut other = self.clone();
        other
            .arguments
            .extend(arguments.iter().map(|argument| (*argument).to_owned()));
        other
    }

    /// The same, which says nothing of what it reads but what arguments say.
    pub fn as_program(&self) -> Self {
        let mut other = self.clone();
        other.reads_html = false;
        other
    }

    /// The same from another /24 of the loopback network.
    pub fn elsewhere(&self) -> Self {
        self.with(&["--interface", "127.0.77.7"])
    }

    /// The same at another port.
    pub fn at(&self, port: u16) -> Self {
        let mut other = self.clone();
        other.port = port;
        other
    }

    /// The same for another host of the same site.
    pub fn on(&self, host: &'static str) -> Self {
        let mut other = self.clone();
        other.host = host;
        other
    }

    /// The same with this value of our cookie.
    pub fn with_clearance(&self, value: &str) -> Self {
        let mut other = self.clone();
        other.cookie = Some(value.to_owned());
        other
    }

    pub fn get(&self, path: &str) -> Told {
        self.ask(path, &[])
    }

    /// Asks over TLS.
    pub fn ask(&self, path: &str, more: &[&str]) -> Told {
        let port = self.port;
        let resolve = format!("{}:{port}:127.0.0.1", self.host);
        let mut curl = self.curl();
        curl.args(["--resolve", &resolve]).args(more);
        if let Some(cookie) = &self.cookie {
            curl.args(["-H", &format!("Cookie: __Host-layerprint={cookie}")]);
        }
        told(curl.arg(format!("https://{}:{port}{path}", self.host)))
    }

    /// Asks without TLS.
    pub fn get_cleartext(&self, path: &str) -> Told {
        told(self.curl().arg(self.stack.http_url(path)))
    }

    fn curl(&self) -> Command {
        let mut curl = Command::new("curl");
        curl.args(["-q", "-g", "-sS", "-k", "--max-time", "20", "--path-as-is"]);
        curl.args(["-w", "\n%{json}\t%{header_json}"]);
        if self.reads_html {
            curl.args(["-H", ACCEPT]);
        }
        curl.args(&self.arguments).env("NO_PROXY", "*").stdin(Stdio::null());
        curl
    }

    /// Sends an answer to a puzzle.
    pub fn answer(&self, answer: &str) -> Told {
        self.ask(PATH, &["-X", "POST", "-H", &format!("layerprint-answer: {answer}")])
    }

    /// Does the work for `path`; the value of the cookie that it earns.
    pub fn pass(&self, path: &str) -> String {
        let told = self.answer(&self.get(path).puzzle().solve().answer);
        assert_eq!(told.status, 204, "{told:?}");
        clearance(&told)
    }
}

/// The value of the cookie that was set.
pub fn clearance(told: &Told) -> String {
    let set = told
        .header("set-cookie")
        .unwrap_or_else(|| panic!("no cookie: {told:?}"));
    let value = set.strip_prefix("__Host-layerprint=").unwrap();
    value.split(';').next().unwrap().to_owned()
}

fn told(curl: &mut Command) -> Told {
    let output = curl.output().unwrap();
    assert!(
        output.status.success(),
        "{curl:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (rest, headers) = text.rsplit_once('\t').unwrap();
    let (body, facts) = rest.rsplit_once('\n').unwrap();
    let facts: Value = serde_json::from_str(facts).unwrap();
    Told {
        status: facts["http_code"].as_u64().unwrap(),
        headers: serde_json::from_str(headers).unwrap(),
        body: body.to_owned(),
    }
}
