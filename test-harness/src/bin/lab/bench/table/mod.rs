//! `bench`: all that there is to choose from, side by side: Envoy without a filter, one that does nothing, layerprint small and whole,
//! a Lua script, a service that is asked. Each over HTTP/2 and HTTP/1.1, on kept connections and on new ones, all under TLS.
//!
//! Twice over. First as fast as Envoy answers, in short rounds that take turns: what a request costs, and how many there can be.
//! Then at a rate that comes from the first: half of what the slowest of all answers, so that all keep up.

mod filters;
mod found;
mod load;
mod outcome;
mod output;
mod sample;
mod service;
mod talk;
mod variant;
mod wire;

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use layerprint_harness::repo;
use layerprint_harness::stack::{Stack, StackOptions};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use self::found::Found;
use self::load::KINDS;
use self::output::About;
use self::sample::{Cost, Costing, Places, Rates, Timed};
use self::variant::VARIANTS;
use super::measure::{Measured, ROUNDS_OF_A_LIFE, measure};
use super::plan::{Accepted, Plan};
use super::statistics::{FEWEST_ROUNDS, Quartiles};
use super::{Run, cpu};

const ACCEPTED: Accepted = Accepted {
    what: "requests",
    usual: Plan { rounds: 70, each: 2000 },
    least: Plan {
        rounds: FEWEST_ROUNDS * ROUNDS_OF_A_LIFE,
        each: 200,
    },
};
/// Rounds at a rate: two lives of the Envoys.
const TIMED_ROUNDS: u32 = 2 * ROUNDS_OF_A_LIFE;
/// How long a rate is held: on kept connections some two thousand requests.
const LAST: Duration = Duration::from_millis(400);

/// Measures, prints the tables, writes them to `target/bench`, and says whether the targets are met.
pub(crate) fn bench(arguments: &[&str]) -> Result<ExitCode, Box<dyn Error>> {
    let plan = ACCEPTED.parse(arguments)?;
    let run = Run::begin()?;
    let places = Places::of_this_machine()?;
    eprintln!(
        "{} rounds of {} requests, {} Envoys side by side",
        plan.rounds,
        plan.each,
        VARIANTS.len()
    );
    let costs = measure(&VARIANTS, plan, |variant| Costing::start(variant, places))?;
    let rates = rates(&costs).ok_or("nothing was measured")?;
    eprintln!("{TIMED_ROUNDS} rounds at rates of {:.0?} requests a second", rates.of);
    let timed = Plan {
        rounds: TIMED_ROUNDS,
        ..plan
    };
    let timings = measure(&VARIANTS, timed, |variant| Timed::start(variant, places, &rates))?;
    places.let_loose()?;
    let module = fs::metadata(repo::module())?.len();
    let found = Found { costs, timings, rates };
    let targets = outcome::targets(&found, module).ok_or("a variant with a target was not measured")?;
    let about = about(&found, places, plan)?;
    let text = output::markdown(&found, &about, &targets);
    println!("{text}");
    let directory = directory();
    fs::create_dir_all(&directory)?;
    fs::write(directory.join("bench.md"), text)?;
    let json = output::json(&found, &about, &targets);
    fs::write(directory.join("bench.json"), format!("{json:#}\n"))?;
    println!("written to {}", directory.display());
    let targets: Vec<_> = targets
        .into_iter()
        .map(|target| {
            (
                target.verdict,
                format!("{}: {}: {}", target.verdict.in_words(), target.name, target.words),
            )
        })
        .collect();
    run.end(&found.costs.version, &targets)
}

/// Where the results go.
fn directory() -> PathBuf {
    repo::root().join("target/bench")
}

/// Half of what the slowest answered. Those that answer fast do so because much is asked of them at once: one by one, requests cost more.
fn rates(costs: &Measured<Cost>) -> Option<Rates> {
    let half = |variant: usize, load: usize| {
        let rounds: Vec<f64> = costs.of(variant, load)?.iter().map(|cost| cost.per_s).collect();
        Some(Quartiles::of(&rounds)?.median / 2.0)
    };
    let slowest = |load| {
        (0..VARIANTS.len())
            .filter_map(|variant| half(variant, load))
            .min_by(f64::total_cmp)
    };
    let of = (0..KINDS.len()).map(|load| Some(vec![slowest(load)?]));
    Some(Rates {
        of: of.collect::<Option<_>>()?,
        last: LAST,
    })
}

fn about(found: &Found, places: Places, plan: Plan) -> Result<About, Box<dyn Error>> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let date = OffsetDateTime::from_unix_timestamp(i64::try_from(since)?)?.format(&Rfc3339)?;
    Ok(vec![
        ("date", date),
        ("commit", commit()),
        ("machine", format!("{}, {}", cpu::model()?, cpu::machine()?)),
        (
            "envoy",
            format!("{}, 1 worker, direct response, TLS 1.3", found.costs.version),
        ),
        ("runtimes", runtimes()?),
        ("places", places.in_words()),
        (
            "measured",
            format!(
                "CPU: medians of {} rounds of {} requests on kept connections and {} on new ones, {ROUNDS_OF_A_LIFE} rounds in each life \
                 of the Envoys; latency: medians of {TIMED_ROUNDS} rounds of {} ms, from when a request was due, at times of a \
                 Poisson process",
                plan.rounds,
                plan.each,
                plan.each / 20,
                LAST.as_millis()
            ),
        ),
        ("load average", cpu::load_average()?),
    ])
}

/// What was measured, with a mark when it is not quite that.
fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(repo::root())
            .output()
            .ok()?;
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let is_changed = git(&["status", "--porcelain"]).is_some_and(|changes| !changes.is_empty());
    let number = git(&["rev-parse", "--short", "HEAD"]).unwrap_or_else(|| "unknown".to_owned());
    if is_changed { number + ", with changes" } else { number }
}

/// Which engines this Envoy has, as it says when it starts. Measured is V8, the default of every distribution.
fn runtimes() -> Result<String, Box<dyn Error>> {
    const NAMED: &str = "envoy.wasm.runtime: ";
    let stack = Stack::start(StackOptions::new("bench").concurrency(1))?;
    let log = stack.envoy_log();
    let line = log
        .lines()
        .find_map(|line| line.split_once(NAMED))
        .map(|(_, names)| names.trim().to_owned());
    let names = line.ok_or("Envoy does not say which WebAssembly runtimes it has")?;
    Ok(format!("measured: v8; this Envoy was built with {names} and no other"))
}
