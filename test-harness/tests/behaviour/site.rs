//! A site with a login, and those who visit it.

use layerprint_harness::availability::{Availability, require_or_skip};
use layerprint_harness::clients::Client;
use layerprint_harness::repo;
use layerprint_harness::stack::{Stack, StackOptions};
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(10);

/// The header with which a visitor says that its password is wrong.
const WRONG: &str = "x-password";

/// A request.
#[derive(Clone)]
pub struct Visit(Value);

impl Visit {
    /// A GET by `who`, which has this browser and this address.
    pub fn get(who: &str, browser: &str, from: &str, path: &str) -> Self {
        Self(json!({"who": who, "as": browser, "from": from, "path": path}))
    }

    /// A login.
    pub fn login(who: &str, browser: &str, from: &str, password: Password) -> Self {
        let Self(mut visit) = Self::get(who, browser, from, "/login");
        visit["method"] = json!("POST");
        visit["form"] = json!("user=a&password=b");
        let Self(visit) = Self(visit).with(
            WRONG,
            match password {
                Password::Right => "right",
                Password::Wrong => "wrong",
            },
        );
        Self(visit)
    }

    pub fn with(mut self, header: &str, value: &str) -> Self {
        self.0["headers"][header] = json!(value);
        self
    }

    pub fn cookie(self, cookie: &str) -> Self {
        self.with("cookie", cookie)
    }

    /// The session's connections end with it.
    pub fn last(mut self) -> Self {
        self.0["close"] = json!(true);
        self
    }

    pub fn after(mut self, wait: Duration) -> Self {
        self.0["wait_ms"] = json!(u64::try_from(wait.as_millis()).unwrap());
        self
    }
}

#[derive(Clone, Copy, PartialEq)]
pub enum Password {
    Right,
    Wrong,
}

pub struct Site(Stack);

/// What the log says of one request.
pub struct Seen {
    pub status: u64,
    pub findings: Vec<String>,
    pub line: Value,
    /// What is told loudly of a login.
    pub login: Value,
}

impl Site {
    /// The site under this configuration; none where this machine cannot run it.
    pub fn open(test: &str, filter: Value) -> Option<Self> {
        let can_run = [
            Stack::availability(),
            Client::impersonate("chrome131").availability(),
            loopback(),
        ];
        if !require_or_skip(test, can_run) {
            return None;
        }
        let options = StackOptions::new(test).filter(filter).edit(with_answers);
        Some(Self(Stack::start(options).unwrap()))
    }

    /// Has all visits made one after the other, and tells what was seen of each.
    pub fn visit(&self, visits: &[Visit]) -> Vec<Seen> {
        let before = self.0.access_log().lines().unwrap().len();
        let mut client = Command::new(repo::venv().join("bin/python"))
            .arg(repo::root().join("test-harness/clients/visits.py"))
            .arg(self.0.tls_url(""))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines: String = visits.iter().map(|Visit(visit)| format!("{visit}\n")).collect();
        let mut input = client.stdin.take().unwrap();
        let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()).unwrap());
        let output = client.wait_with_output().unwrap();
        writer.join().unwrap();
        assert!(output.status.success(), "the visitors failed");
        let answered = String::from_utf8(output.stdout).unwrap();
        assert_eq!(answered.lines().count(), visits.len(), "each visit is answered");
        let lines = self.0.access_log().wait_for(before + visits.len(), PATIENCE).unwrap();
        lines[before..].iter().map(seen).collect()
    }

    /// What this metric of ours counts.
    pub fn count(&self, metric: &str) -> u64 {
        let stat = self.0.admin().stat(&format!("wasmcustom.layerprint.{metric}"));
        stat.unwrap().unwrap_or_default()
    }

    pub fn envoy_log(&self) -> String {
        self.0.envoy_log()
    }
}

fn seen(line: &Value) -> Seen {
    let evidence = &line["layerprint"];
    let findings = evidence["findings"].as_array().unwrap();
    let code = |finding: &Value| finding["code"].as_str().unwrap().to_owned();
    let login = line["login"].as_str().map(|login| serde_json::from_str(login).unwrap());
    Seen {
        status: line["status"].as_u64().unwrap(),
        findings: findings.iter().map(code).collect(),
        line: evidence.clone(),
        login: login.unwrap_or_default(),
    }
}

impl Seen {
    pub fn has(&self, code: &str) -> bool {
        self.findings.iter().any(|found| found == code)
    }
}

/// Whether all of 127.0.0.0/8 is this machine, as on Linux.
fn loopback() -> Availability {
    match std::net::TcpListener::bind(("127.0.77.1", 0)) {
        Ok(_) => Availability::Here,
        Err(error) => Availability::missing(format!("127.0.77.1 cannot be bound: {error}")),
    }
}

/// A login with a wrong password is answered with 401; `/static/cached` is in a cache, unless it has a query.
fn with_answers(config: &mut Value) {
    let listeners = config.pointer_mut("/static_resources/listeners").unwrap();
    for listener in listeners.as_array_mut().unwrap() {
        for chain in listener["filter_chains"].as_array_mut().unwrap() {
            for filter in chain["filters"].as_array_mut().unwrap() {
                let routes = filter.pointer_mut("/typed_config/route_config/virtual_hosts/0/routes");
                if let Some(Value::Array(routes)) = routes {
                    let wrong = json!({"name": WRONG, "string_match": {"exact": "wrong"}});
                    let refusal = json!({
                        "match": {"path": "/login", "headers": [wrong]},
                        "direct_response": {"status": 401},
                    });
                    let cached = |answer: &str, query: Value| {
                        json!({
                            "match": {"path": "/static/cached", "query_parameters": query},
                            "direct_response": {"status": 200},
                            "response_headers_to_add": [{"header": {"key": "x-cache", "value": answer}}],
                        })
                    };
                    let busted = cached("MISS from cache.example", json!([{"name": "n", "present_match": true}]));
                    let others = cached("HIT from cache.example", json!([]));
                    routes.splice(0..0, [refusal, busted, others]);
                }
            }
        }
    }
}
