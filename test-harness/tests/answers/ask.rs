//! curl, with all that it is told: status, headers, body, and how long it took.

use layerprint_harness::availability::Availability;
use layerprint_harness::clients::{Client, CurlHttp};
use serde_json::Value;
use std::process::{Command, Stdio};
use std::time::Duration;

/// What curl was told.
#[derive(Debug)]
pub struct Told {
    pub status: u64,
    pub headers: Value,
    pub body: String,
    pub time: Duration,
}

impl Told {
    /// The values of this header, in their order.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let values = self.headers[name].as_array().into_iter().flatten();
        values.filter_map(Value::as_str).collect()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.all(name).first().copied()
    }
}

pub fn availability() -> Availability {
    Client::Curl(CurlHttp::Http2).availability()
}

/// Asks for `url` with these further arguments. curl must end well.
pub fn curl(url: &str, arguments: &[&str]) -> Told {
    try_curl(url, arguments).unwrap_or_else(|code| panic!("curl {arguments:?} {url}: ended with {code}"))
}

/// The same, or the code that curl ends with.
pub fn try_curl(url: &str, arguments: &[&str]) -> Result<Told, i32> {
    const EPILOGUE: &str = "\n%{json}\t%{header_json}";
    let output = Command::new("curl")
        .args(["-q", "-g", "-sS", "-k", "--max-time", "10", "-w", EPILOGUE])
        .args(arguments)
        .args(["--", url])
        .env("NO_PROXY", "*")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    if !output.status.success() {
        return Err(output.status.code().unwrap_or(-1));
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (rest, headers) = text.rsplit_once('\t').unwrap();
    let (body, facts) = rest.rsplit_once('\n').unwrap();
    let facts: Value = serde_json::from_str(facts).unwrap();
    Ok(Told {
        status: facts["http_code"].as_u64().unwrap(),
        headers: serde_json::from_str(headers).unwrap(),
        body: body.to_owned(),
        time: Duration::from_secs_f64(facts["time_total"].as_f64().unwrap()),
    })
}
