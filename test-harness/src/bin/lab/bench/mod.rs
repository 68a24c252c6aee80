//! `bench-probe`: what the probe costs Envoy for each connection, measured against the same Envoy without it.
//!
//! Each variant is an Envoy of its own with one worker, and all get the same connections from the same clients, round after
//! round, in an order that turns around each time: what slows the machine down for a while slows all of them. Counted is the
//! CPU time of Envoy's process, which a busy machine disturbs far less than the time on the clock. Each round compares a
//! variant with the baseline of the same round; the median of these comparisons is the result, and their spread says how far
//! it can be trusted.
//!
//! Exit code 0: the probe is shown to be within its target. 1: it is shown to be above it, or something failed. 3: the rounds
//! differ so much that neither is shown.

mod cpu;
mod load;
mod statistics;
mod variant;

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use layerprint_harness::stack::{Stack, StackError};
use lexopt::Arg::Long;
use lexopt::ValueExt;

use self::statistics::{Estimate, FEWEST_ROUNDS, Quartiles, Verdict};
use self::variant::{Group, TARGET, Variant};
use crate::table::Table;

/// The target: how much dearer SYN and round-trip time may make a connection, as a share.
const LIMIT: f64 = 0.10;
/// The exit code for "cannot be told".
const UNCLEAR: u8 = 3;
/// How long Envoy may take to be done with the last connection of a round.
const SETTLE: Duration = Duration::from_millis(30);

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan {
    /// Rounds that count; one more comes first and does not.
    rounds: u32,
    /// Cleartext connections of each variant in each round; of the dearer TLS ones it is a quarter.
    connections: u32,
}

impl Plan {
    const USUAL: Self = Self {
        rounds: 15,
        connections: 2000,
    };

    fn parse(arguments: &[&str]) -> Result<Self, lexopt::Error> {
        let mut plan = Self::USUAL;
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Long("rounds") => plan.rounds = parser.value()?.parse()?,
                Long("connections") => plan.connections = parser.value()?.parse()?,
                other => return Err(other.unexpected()),
            }
        }
        if plan.rounds < FEWEST_ROUNDS {
            return Err(format!("--rounds must be at least {FEWEST_ROUNDS}").into());
        }
        if plan.connections < 100 {
            return Err("--connections must be at least 100".into());
        }
        Ok(plan)
    }

    fn connections(self, group: &Group) -> u32 {
        if group.tls {
            self.connections / 4
        } else {
            self.connections
        }
    }
}

/// Measures, prints tables and the verdict.
pub(crate) fn bench_probe(arguments: &[&str]) -> Result<ExitCode, Box<dyn Error>> {
    let plan = Plan::parse(arguments)?;
    let start = Instant::now();
    let load_before = cpu::load_average()?;
    let mut verdict = None;
    let mut envoy = String::new();
    for (number, group) in variant::GROUPS.iter().enumerate() {
        let running = group
            .variants
            .iter()
            .map(Running::start)
            .collect::<Result<Vec<_>, _>>()?;
        if let (0, Some(first)) = (number, running.first()) {
            envoy = version(&first.stack)?;
            println!(
                "CPU time of Envoy for each connection, 1 worker, direct response; {} rounds in turn, of {} connections ({} with TLS)\n",
                plan.rounds,
                plan.connections,
                plan.connections / 4
            );
        }
        let samples = measure(group, &running, plan)?;
        println!("{}\n\n{}", group.title, report(group, &samples));
        if number == 0 {
            verdict = overhead_of(group, &samples, TARGET);
        }
    }
    println!(
        "{envoy}, {}, load average {load_before} before and {} after, {:.0} s",
        cpu::machine()?,
        cpu::load_average()?,
        start.elapsed().as_secs_f64()
    );
    let verdict = verdict.ok_or("the variant with the target was not measured")?;
    println!("{}", in_words(&verdict));
    Ok(match verdict.against(LIMIT) {
        Verdict::Within => ExitCode::SUCCESS,
        Verdict::Above => ExitCode::FAILURE,
        Verdict::Unclear => ExitCode::from(UNCLEAR),
    })
}

/// One variant with its Envoy.
struct Running {
    stack: Stack,
}

impl Running {
    fn start(variant: &'static Variant) -> Result<Self, StackError> {
        Stack::start(variant.options()).map(|stack| Self { stack })
    }

    fn address(&self, tls: bool) -> SocketAddr {
        let ports = self.stack.ports();
        (Ipv4Addr::LOCALHOST, if tls { ports.tls } else { ports.http }).into()
    }

    /// Microseconds of CPU time for each of `connections`.
    fn sample(&self, tls: bool, connections: u32) -> Result<f64, Box<dyn Error>> {
        let pid = self.stack.envoy_pid();
        let before = cpu::time_of(pid)?;
        load::run(self.address(tls), tls, connections)?;
        std::thread::sleep(SETTLE);
        let spent = cpu::time_of(pid)?.saturating_sub(before);
        Ok(spent.as_secs_f64() * 1e6 / f64::from(connections))
    }
}

/// For each variant what it cost in each round, µs for each connection.
fn measure(group: &Group, running: &[Running], plan: Plan) -> Result<Vec<Vec<f64>>, Box<dyn Error>> {
    let connections = plan.connections(group);
    for (variant, running) in group.variants.iter().zip(running) {
        // A probe that hands nothing over would cost nothing.
        let seen = load::evidence(running.address(group.tls), group.tls)?;
        variant.check(&seen)?;
        running.sample(group.tls, connections)?;
    }
    let mut samples = vec![Vec::new(); running.len()];
    for round in 0..plan.rounds {
        let mut turn: Vec<_> = running.iter().zip(&mut samples).collect();
        if round % 2 == 1 {
            turn.reverse();
        }
        for (running, samples) in turn {
            samples.push(running.sample(group.tls, connections)?);
        }
    }
    Ok(samples)
}

fn report(group: &Group, samples: &[Vec<f64>]) -> String {
    let mut table = Table::new(["variant", "µs, median", "quartiles", "to the first", "surely within"]);
    let baseline = samples.first();
    for (number, (variant, samples)) in group.variants.iter().zip(samples).enumerate() {
        let quartiles = Quartiles::of(samples);
        let estimate = baseline
            .filter(|_| number > 0)
            .and_then(|baseline| Estimate::of(samples, baseline));
        table.row([
            Some(variant.name.to_owned()),
            quartiles.as_ref().map(|quartiles| format!("{:.1}", quartiles.median)),
            quartiles
                .as_ref()
                .map(|quartiles| format!("{:.1} to {:.1}", quartiles.lower, quartiles.upper)),
            estimate.as_ref().map(|estimate| percent(estimate.median)),
            estimate
                .as_ref()
                .map(|estimate| format!("{} to {}", percent(estimate.low), percent(estimate.high))),
        ]);
    }
    table.to_string()
}

fn overhead_of(group: &Group, samples: &[Vec<f64>], name: &str) -> Option<Estimate> {
    let number = group.variants.iter().position(|variant| variant.name == name)?;
    Estimate::of(samples.get(number)?, samples.first()?)
}

fn in_words(estimate: &Estimate) -> String {
    let Estimate { low, median, high } = estimate;
    let found = format!(
        "{TARGET}: {} for each connection (surely between {} and {}), allowed is {}",
        percent(*median),
        percent(*low),
        percent(*high),
        percent(LIMIT)
    );
    match estimate.against(LIMIT) {
        Verdict::Within => format!("within the target: {found}"),
        Verdict::Above => format!("ABOVE THE TARGET: {found}"),
        Verdict::Unclear => format!("CANNOT BE TOLD on so busy a machine, or with so few rounds: {found}"),
    }
}

/// With its sign, as a difference is.
fn percent(share: f64) -> String {
    format!("{:+.1} %", share * 100.0)
}

/// `Envoy 1.40.0`, as it says of itself.
fn version(stack: &Stack) -> Result<String, StackError> {
    let info = stack.admin().get_json("/server_info")?;
    let version = info
        .get("version")
        .and_then(serde_json::Value::as_str)
        .unwrap_or_default();
    // COMMIT/VERSION/STATE/BUILD/TLS-LIBRARY
    Ok(format!("Envoy {}", version.split('/').nth(1).unwrap_or(version)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_with_too_few_rounds_to_tell_is_refused() {
        assert_eq!(Plan::parse(&[]).unwrap(), Plan::USUAL);
        let plan = Plan::parse(&["--rounds", "9", "--connections", "4000"]).unwrap();
        assert_eq!((plan.rounds, plan.connections), (9, 4000));
        assert!(Plan::parse(&["--rounds", "5"]).is_err());
        assert!(Plan::parse(&["--connections", "0"]).is_err());
        assert!(Plan::parse(&["--quick"]).is_err());
    }

    #[test]
    fn a_difference_has_its_sign() {
        assert_eq!(percent(0.0525), "+5.2 %");
        assert_eq!(percent(-0.01), "-1.0 %");
    }

    #[test]
    fn the_target_is_one_of_the_variants_of_the_first_group() {
        let first = &variant::GROUPS[0];
        let samples = vec![vec![100.0; 9], vec![105.0; 9]];
        let estimate = overhead_of(first, &samples, TARGET).unwrap();
        assert!((estimate.median - 0.05).abs() < 1e-9);
        assert!(in_words(&estimate).starts_with("within the target: syn rtt: +5.0 %"));
    }
}
