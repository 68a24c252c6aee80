//! `demo`: what a stock Envoy with layerprint sees of real clients, in one table.

use std::process::ExitCode;
use std::thread;

use layerprint_harness::availability::Availability;
use layerprint_harness::clients::{Annotation, CHROME_ON_WINDOWS, Client, CurlHttp, Reply};
use layerprint_harness::stack::{FilterConfig, Stack, StackError, StackOptions};
use layerprint_harness::table::Table;

/// What became of one client.
enum Outcome {
    Seen(Reply, Annotation),
    Skipped(String),
    Failed(String),
}

pub(crate) fn demo() -> Result<ExitCode, StackError> {
    let (stack, has_probe) = start()?;
    let url = stack.tls_url("/demo");
    let clients = clients();
    // All at once: most of a client's time is the start of its interpreter.
    let outcomes: Vec<Outcome> = thread::scope(|scope| {
        let threads: Vec<_> = clients
            .iter()
            .map(|(_, client)| scope.spawn(|| send(client, &url)))
            .collect();
        let join = |thread: thread::ScopedJoinHandle<'_, Outcome>| thread.join();
        threads
            .into_iter()
            .map(|thread| join(thread).unwrap_or_else(|_| Outcome::Failed("panicked".to_owned())))
            .collect()
    });

    let mut table = Table::new([
        "client",
        "JA4",
        "HTTP/2",
        "TCP",
        "OS",
        "agreement",
        "verdict",
        "reasons",
    ]);
    let mut notes = Vec::new();
    let mut failures = 0;
    for ((name, _), outcome) in clients.iter().zip(outcomes) {
        match outcome {
            Outcome::Seen(reply, annotation) => table.row(cells(name, has_probe, &reply, &annotation)),
            Outcome::Skipped(why) => notes.push(format!("skipped {name}: {why}")),
            Outcome::Failed(why) => {
                failures += 1;
                notes.push(format!("FAILED  {name}: {why}"));
            }
        }
    }
    println!("Seen inside Envoy, told to the upstream in x-layerprint-* headers (–: not seen):\n\n{table}");
    notes.iter().for_each(|note| println!("{note}"));
    if failures > 0 {
        println!("\nThe end of Envoy's log:\n{}", stack.envoy_log_tail());
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// The filter's default headers and `os`, unless the environment names a configuration; with the probe when it is built and this
/// Envoy takes it. Says why when it does not.
fn start() -> Result<(Stack, bool), StackError> {
    let filter = match FilterConfig::from_environment() {
        FilterConfig::AsWritten => FilterConfig::Text(
            r#"{"annotate": {"headers": ["verdict", "reasons", "id", "ja4", "h2", "tcp", "os"]}}"#.to_owned(),
        ),
        given => given,
    };
    let options = || StackOptions::new("demo").filter(filter.clone());
    if let Availability::Missing(why) = Stack::probe_availability() {
        println!("without the probe, and so without TCP: {why}\n");
        return Ok((Stack::start(options())?, false));
    }
    match Stack::start(options().with_probe()) {
        Ok(stack) => Ok((stack, true)),
        Err(StackError::EnvoyRefused { log, .. }) if log.contains("dynamic_modules") || log.contains("probe") => {
            println!("without the probe, and so without TCP: this Envoy does not take it:\n{log}\n");
            Ok((Stack::start(options())?, false))
        }
        Err(error) => Err(error),
    }
}

fn clients() -> Vec<(&'static str, Client)> {
    vec![
        ("curl, HTTP/2", Client::Curl(CurlHttp::Http2)),
        ("curl, HTTP/1.1", Client::Curl(CurlHttp::Http1)),
        ("Chrome 131 (curl_cffi)", Client::impersonate("chrome131")),
        ("Firefox 135 (curl_cffi)", Client::impersonate("firefox135")),
        ("Safari 18.4 (curl_cffi)", Client::impersonate("safari184")),
        ("Python httpx, HTTP/2", Client::Httpx { http2: true }),
        (
            "curl that says Chrome",
            Client::LyingCurl(CurlHttp::Http2, CHROME_ON_WINDOWS.to_owned()),
        ),
    ]
}

fn send(client: &Client, url: &str) -> Outcome {
    if let Availability::Missing(why) = client.availability() {
        return Outcome::Skipped(why);
    }
    let reply = match client.get(url, &[]) {
        Ok(reply) if reply.status == 200 => reply,
        Ok(reply) => return Outcome::Failed(format!("status {}: {}", reply.status, reply.body)),
        Err(error) => return Outcome::Failed(error.to_string()),
    };
    match Annotation::read(&reply) {
        Ok(annotation) => Outcome::Seen(reply, annotation),
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

fn cells(name: &str, has_probe: bool, reply: &Reply, annotation: &Annotation) -> [Option<String>; 8] {
    let header = |name| reply.received(name).map(str::to_owned);
    let of_syn = |name| header(name).or_else(|| (!has_probe).then(|| "no probe".to_owned()));
    [
        Some(name.to_owned()),
        header("x-layerprint-ja4"),
        header("x-layerprint-h2"),
        of_syn("x-layerprint-tcp"),
        of_syn("x-layerprint-os"),
        annotation.parameter("agreement").map(str::to_owned),
        Some(annotation.verdict.clone()),
        Some(annotation.reasons.join(", ")),
    ]
}
