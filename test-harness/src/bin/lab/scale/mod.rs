//! `make scale`: what a request costs Envoy with ten, and with as many as may be, of everything that can be many: rules, the values they
//! ask for, routes, networks, keys that are counted, connections that are open, headers of the request.
//!
//! All steps of a curve run side by side, each in an Envoy of its own with one worker, and take turns: what slows the machine down slows
//! all. Counted is the CPU time of Envoy's process. The table is printed, and kept with the curves in `target/bench/scale.*`.

mod hold;
mod steps;

use std::error::Error;
use std::fs;
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use layerprint_harness::numbers::float;
use layerprint_harness::process;
use layerprint_harness::repo;
use layerprint_harness::stack::{Stack, StackOptions};
use layerprint_harness::table::Table;
use layerprint_harness::traffic::frames::Ending;
use layerprint_harness::traffic::{Kept, request};
use serde_json::json;

use self::hold::Held;
pub(crate) use self::hold::hold;
use self::steps::{Kind, Step};
use super::chart::{self, Chart, Curve};
use super::quick;
use super::soak::machine;

/// Rounds, and requests of each in one.
const ROUNDS: usize = 15;
const REQUESTS: u32 = 1_500;
const AT_A_TIME: u32 = 10;
/// A curve is flat when its last step costs at most this much more than its first.
const FLAT: f64 = 1.2;
/// The path that Envoy answers itself.
const PATH: &str = "/page";

/// Measures all curves, or those whose names have this text.
pub(crate) fn scale(options: &[&str]) -> Result<ExitCode, Box<dyn Error>> {
    let only = match options {
        [] => "",
        ["--only", text] => text,
        _ => return Err("usage: layerprint-lab scale [--only TEXT]".into()),
    };
    let mut text = format!("what a request costs, by how many there are; {}\n\n", machine()?);
    let mut charts = Vec::new();
    let mut results = Vec::new();
    for kind in Kind::ALL.into_iter().filter(|kind| kind.name().contains(only)) {
        let measured = measure(kind)?;
        let told = tell(kind, &measured);
        println!("{told}");
        text += &told;
        text.push('\n');
        charts.push(chart(kind, &measured));
        results.extend(measured.iter().map(|one| one.json(kind)));
    }
    let refused = steps::too_many();
    println!("{refused}");
    text += &refused;
    let directory = repo::root().join("target/bench");
    fs::create_dir_all(&directory)?;
    fs::write(directory.join("scale.txt"), &text)?;
    fs::write(directory.join("scale.json"), json!(results).to_string())?;
    fs::write(
        directory.join("scale.html"),
        chart::page("layerprint: what scales", &text, &charts),
    )?;
    Ok(ExitCode::SUCCESS)
}

/// One step of a curve.
struct Measured {
    step: Step,
    started_in: Duration,
    configuration_bytes: usize,
    /// µs of Envoy's CPU time for each request, in each round.
    micros: Vec<f64>,
    resident: u64,
    wasm: u64,
}

impl Measured {
    fn median(&self) -> f64 {
        self.quarter(2)
    }

    /// The value at so many quarters of the way.
    fn quarter(&self, quarters: usize) -> f64 {
        let mut sorted = self.micros.clone();
        sorted.sort_by(f64::total_cmp);
        let at = sorted.len().saturating_sub(1) * quarters / 4;
        sorted.get(at).copied().unwrap_or_default()
    }

    fn json(&self, kind: Kind) -> serde_json::Value {
        json!({
            "what": kind.name(), "bare": self.step.is_bare, "count": self.step.count, "micros": self.micros, "start_s": self.started_in.as_secs_f64(),
            "configuration_bytes": self.configuration_bytes, "resident_bytes": self.resident, "wasm_bytes": self.wasm,
        })
    }
}

/// A step whose Envoy runs.
struct Running {
    measured: Measured,
    stack: Stack,
    client: Kept,
    /// Connections that are only open.
    _held: Option<Held>,
    /// The number of the next request's key.
    key: u64,
}

fn measure(kind: Kind) -> Result<Vec<Measured>, Box<dyn Error>> {
    let mut all = Vec::new();
    for step in kind.steps() {
        all.push(start(kind, step)?);
    }
    for round in 0..ROUNDS {
        for place in 0..all.len() {
            // In the other order every other time.
            let place = if round % 2 == 0 { place } else { all.len() - 1 - place };
            if let Some(one) = all.get_mut(place) {
                let micros = one.round(kind)?;
                one.measured.micros.push(micros);
            }
        }
    }
    let finish = |mut one: Running| -> std::io::Result<Measured> {
        one.measured.resident = process::resident(one.stack.envoy_pid())?;
        // That of the worker, who does the work, and the one it was made from.
        one.measured.wasm = process::wasm_memories(one.stack.envoy_pid())?.iter().sum();
        Ok(one.measured)
    };
    Ok(all.into_iter().map(finish).collect::<Result<_, _>>()?)
}

fn start(kind: Kind, step: Step) -> Result<Running, Box<dyn Error>> {
    let filter = kind.configuration(step.count).to_string();
    let configuration_bytes = filter.len();
    let mut options = StackOptions::new("scale")
        .filter(layerprint_harness::stack::FilterConfig::Text(filter))
        .concurrency(1)
        .edit(|config| {
            quick::answer(config, "/");
            quick::log_to_nowhere(config);
        });
    if step.is_bare {
        options = options.edit(steps::without_layerprint);
    }
    let begun = Instant::now();
    let stack = Stack::start(options)?;
    let started_in = begun.elapsed();
    let port = stack.ports().http;
    let fields = kind.fields(step.count);
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let held = (kind == Kind::Connections)
        .then(|| Held::open(port, step.count))
        .transpose()?;
    let client = Kept::open(Ipv4Addr::LOCALHOST, port, PATH, &fields)?;
    let measured = Measured {
        step,
        started_in,
        configuration_bytes,
        micros: Vec::new(),
        resident: 0,
        wasm: 0,
    };
    let mut running = Running {
        measured,
        stack,
        client,
        _held: held,
        key: 0,
    };
    // Each key is there before it counts; else it is only warmed up.
    let first = if kind == Kind::Keys {
        running.measured.step.count
    } else {
        0
    };
    let mut asked = 0;
    while asked < first.max(REQUESTS.into()) {
        running.ask(kind)?;
        asked += u64::from(AT_A_TIME);
    }
    Ok(running)
}

impl Running {
    fn round(&mut self, kind: Kind) -> Result<f64, Box<dyn Error>> {
        let pid = self.stack.envoy_pid();
        let before = process::cpu_time(pid)?;
        for _ in 0..REQUESTS / AT_A_TIME {
            self.ask(kind)?;
        }
        thread::sleep(Duration::from_millis(2));
        let spent = process::cpu_time(pid)?.saturating_sub(before);
        Ok(spent.as_secs_f64() * 1e6 / f64::from(REQUESTS))
    }

    fn ask(&mut self, kind: Kind) -> Result<(), Box<dyn Error>> {
        let ended = if kind == Kind::Keys {
            let from = self.key;
            let count = self.measured.step.count;
            self.key += u64::from(AT_A_TIME);
            // All keys in turn, so that each is as old as may be.
            self.client.ask_each((from..self.key).map(|number| {
                let key = steps::key(number % count);
                request(
                    PATH,
                    &[("user-agent", "curl/8.5.0"), ("accept", "*/*"), ("x-key", &key)],
                )
            }))?
        } else {
            self.client.ask(AT_A_TIME, |_, _| {})?
        };
        match ended.ending {
            Ending::Answered => Ok(()),
            other => Err(format!("a request was {other:?}").into()),
        }
    }
}

fn tell(kind: Kind, measured: &[Measured]) -> String {
    let mut table = Table::new([
        kind.name(),
        "",
        "µs, median",
        "quartiles",
        "start",
        "configuration",
        "Envoy in RAM",
        "Wasm memory",
    ]);
    let mib = |bytes: u64| format!("{:.1} MiB", float(bytes) / 1_048_576.0);
    for one in measured {
        table.row([
            Some(one.step.count.to_string()),
            Some(if one.step.is_bare { "Envoy bare" } else { "layerprint" }.to_owned()),
            Some(format!("{:.1}", one.median())),
            Some(format!("{:.1} to {:.1}", one.quarter(1), one.quarter(3))),
            Some(format!("{:.2} s", one.started_in.as_secs_f64())),
            Some(format!("{} KiB", one.configuration_bytes / 1024)),
            Some(mib(one.resident)),
            Some(mib(one.wasm)),
        ]);
    }
    format!("{table}{}\n", verdict(measured))
}

fn verdict(measured: &[Measured]) -> String {
    let ours = || measured.iter().filter(|one| !one.step.is_bare);
    let (Some(first), Some(last)) = (ours().next(), ours().next_back()) else {
        return String::new();
    };
    let ratio = last.median() / first.median();
    let word = if ratio <= FLAT { "flat" } else { "grows" };
    format!(
        "{word}: {} cost {ratio:.2} times what {} do",
        last.step.count, first.step.count
    )
}

fn chart(kind: Kind, measured: &[Measured]) -> Chart {
    let curve = |name: &str, bare: bool| Curve {
        name: name.to_owned(),
        points: measured
            .iter()
            .filter(|one| one.step.is_bare == bare)
            .map(|one| (float(one.step.count), one.median()))
            .collect(),
    };
    let mut curves = vec![curve("layerprint", false), curve("Envoy bare", true)];
    curves.retain(|curve| !curve.points.is_empty());
    Chart {
        title: format!("A request, by {}", kind.name()),
        unit: "µs of Envoy's CPU time",
        over: kind.name(),
        by_tens: true,
        curves,
    }
}
