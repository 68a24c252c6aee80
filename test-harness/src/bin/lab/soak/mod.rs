//! `make soak`: one Envoy with both roles, the probe, limits, behaviour, challenges and the log line, under real and hostile traffic for
//! as long as it is told to; what it holds is looked at all the while.
//!
//! Exit code 0: nothing went wrong, and memory is flat at the end. 1: something did, or it grows. The samples are in
//! `target/bench/soak.csv`, the plots in `soak.html`, and what is printed in `soak.txt`.

mod flat;
mod samples;
mod traffic;

use std::error::Error;
use std::fs;
use std::process::ExitCode;
use std::time::Duration;

use layerprint_harness::repo;
use layerprint_harness::stack::{Stack, StackOptions};
use serde_json::{Value, json};

use self::samples::{Sample, Samples};
use self::traffic::{Sent, Traffic};
use super::quick;

/// How long it lasts unless told otherwise, in seconds.
const USUAL: u64 = 600;
/// The shortest: of fewer samples nothing is said.
const LEAST: u64 = 30;
/// How many samples there are.
const SAMPLES: u32 = 300;
/// How long connections may take to end when all clients are gone.
const END: Duration = Duration::from_secs(8);

/// Runs it.
pub(crate) fn soak() -> Result<ExitCode, Box<dyn Error>> {
    let seconds: u64 = match std::env::var("LAYERPRINT_SOAK_SECONDS") {
        Ok(text) => text.parse()?,
        Err(_) => USUAL,
    };
    if seconds < LEAST {
        return Err(format!("LAYERPRINT_SOAK_SECONDS has to be at least {LEAST}").into());
    }
    let lasts = Duration::from_secs(seconds);
    if let Some(note) = too_few_tracked() {
        eprintln!("{note}");
    }
    let stack = Stack::start(options())?;
    let traffic = Traffic::begin(&stack)?;
    let mut samples = Samples::default();
    let every = lasts / SAMPLES;
    while samples.elapsed() < lasts {
        std::thread::sleep(every);
        samples.take(&stack, &traffic.sent())?;
    }
    let (sent, troubles) = traffic.end();
    std::thread::sleep(END);
    let last = Sample::of(&stack, &sent, samples.elapsed())?;
    let outcome = Outcome {
        sent,
        troubles,
        last,
        memory: samples.flatness(),
    };
    let text = format!("soak of {seconds} s, {}\n{}", machine()?, outcome.text());
    print!("{text}");
    write(&samples, &text)?;
    Ok(match outcome.is_good() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// What is to be said where the kernel follows connections, and so few of them that it may refuse the soak's: each counts for two minutes
/// after its end.
fn too_few_tracked() -> Option<String> {
    const ENOUGH: u64 = 500_000;
    let tracked: u64 = fs::read_to_string("/proc/sys/net/netfilter/nf_conntrack_max")
        .ok()?
        .trim()
        .parse()
        .ok()?;
    (tracked < ENOUGH).then(|| {
        format!(
            "net.netfilter.nf_conntrack_max is {tracked}: a fast machine may be refused connections; {ENOUGH} are enough"
        )
    })
}

/// All that there is, switched on.
fn options() -> StackOptions {
    let limit = |name: &str, path: &str, key: Value, requests: u32, mode: &str| json!({"name": name, "match": {"path": path}, "key": key, "requests": requests, "per_s": 60, "mode": mode});
    let filter = json!({
        "mode": "observe",
        "networks": [{"tag": "vpn", "cidrs": ["127.9.0.0/16"]}],
        "challenge": {"keys": ["MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="]},
        "rules": [{"name": "challenged", "match": {"path": "/challenged*"}, "action": "challenge", "mode": "enforce"}],
        "limits": {"rates": [
            limit("each", "*", json!(["client_ip"]), 1_000_000, "observe"),
            limit("shape", "*", json!(["lp1_http", "client_net"]), 1_000_000, "observe"),
            limit("login", "/login*", json!(["client_net"]), 20, "enforce"),
        ]},
        "annotate": {"headers": ["verdict", "reasons", "id", "ja3", "ja4", "h2", "tcp", "os", "client", "order"]},
    });
    StackOptions::new("soak").filter(filter).with_probe().edit(|config| {
        quick::log_to_nowhere(config);
        // What an upstream would cost is not asked, and connections come faster.
        quick::answer(config, traffic::QUICK);
    })
}

struct Outcome {
    sent: Sent,
    troubles: Vec<String>,
    last: Sample,
    memory: Vec<(&'static str, Option<flat::Growth>)>,
}

impl Outcome {
    /// What must be nothing, by name.
    fn nothing(&self) -> [(&'static str, u64); 8] {
        let last = &self.last;
        [
            ("traps", last.traps),
            ("answers of 5xx that are not the upstream's", last.own_5xx),
            ("forged headers that got through", self.sent.forged),
            ("what Envoy refused the filter", last.errors),
            ("changes to shared data that failed", last.memory_failed),
            ("connections left", last.connections),
            ("requests left", last.requests_active),
            (
                "troubles of clients",
                u64::try_from(self.troubles.len()).unwrap_or(u64::MAX),
            ),
        ]
    }

    fn is_good(&self) -> bool {
        self.nothing().iter().all(|(_, count)| *count == 0)
            && self
                .memory
                .iter()
                .all(|(_, growth)| growth.as_ref().is_some_and(flat::Growth::is_flat))
    }

    fn text(&self) -> String {
        let mut text = format!(
            "{} connections from {} addresses, {} requests; of them {} hostile, {} slow, {} over TLS by real clients\n\
             {} requests answered, {} keys forgotten for others, {} changes to shared data begun anew, {} lost\n\
             Wasm memory at the end {}, {} VMs; Envoy {:.1} MiB in RAM, {:.1} MiB allocated\n",
            self.last.connections_total,
            self.sent.addresses,
            self.sent.requests,
            self.sent.hostile,
            self.sent.slow,
            self.sent.tls,
            self.last.requests_total,
            self.last.evicted,
            self.last.retried,
            self.last.lost,
            self.last
                .wasm
                .iter()
                .map(|bytes| format!("{:.2} MiB", samples::mib(*bytes)))
                .collect::<Vec<_>>()
                .join(" + "),
            self.last.vms,
            samples::mib(self.last.resident),
            samples::mib(self.last.allocated),
        );
        for (name, growth) in &self.memory {
            let words = growth
                .as_ref()
                .map_or("TOO FEW SAMPLES".to_owned(), flat::Growth::words);
            text += &format!("{name}: {words}\n");
        }
        for (name, count) in self.nothing() {
            let word = if count == 0 { "good" } else { "BAD" };
            text += &format!("{word}: {count} {name}\n");
        }
        for trouble in self.troubles.iter().take(10) {
            text += &format!("  {trouble}\n");
        }
        text
    }
}

fn write(samples: &Samples, text: &str) -> std::io::Result<()> {
    let directory = repo::root().join("target/bench");
    fs::create_dir_all(&directory)?;
    fs::write(directory.join("soak.csv"), samples.csv())?;
    fs::write(directory.join("soak.txt"), text)?;
    fs::write(directory.join("soak.html"), samples.page(text))
}

/// Kernel, number of CPUs and date.
pub(crate) fn machine() -> std::io::Result<String> {
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let cpus = std::thread::available_parallelism()?;
    let load = fs::read_to_string("/proc/loadavg")?;
    let load = load.split(' ').next().unwrap_or_default();
    let date = time::OffsetDateTime::now_utc().date();
    Ok(format!(
        "Linux {}, {cpus} CPUs, load average {load}, {date}",
        kernel.trim()
    ))
}
