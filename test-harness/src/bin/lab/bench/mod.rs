//! `bench-probe`: what the probe costs Envoy for each connection, measured against the same Envoy without it.
//!
//! Each variant is an Envoy of its own with one worker, and all get the same connections from the same clients in many short
//! rounds, in an order that turns around each time: what slows the machine down for a while slows all of them. Counted is the
//! CPU time of Envoy's process, which a busy machine disturbs far less than the time on the clock. Each round compares a
//! variant with the baseline of the same round; the median of these comparisons is the result, and their spread says how far
//! it can be trusted. One process can be a little slower than its twin for all its life, by where its memory lies: so all
//! are started anew every few rounds, and a second bare Envoy is measured too: it shows how far equal ones differ.
//!
//! Exit code 0: the probe is shown to be within its target. 1: it is shown to be above it, or something failed. 3: the rounds, or
//! the two bare Envoys, differ so much that neither is shown.

mod cpu;
mod load;
mod measure;
mod report;
mod statistics;
mod variant;

use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;

use lexopt::Arg::Long;
use lexopt::ValueExt;

use self::measure::{Measured, measure};
use self::report::Outcome;
use self::statistics::{FEWEST_ROUNDS, Verdict};
use self::variant::Group;

/// The target: how much dearer SYN and round-trip time may make a connection, as a share.
const LIMIT: f64 = 0.10;
/// The exit code for "cannot be told".
const UNCLEAR: u8 = 3;
/// How many connections are open at a time. A round has a multiple of it.
const CLIENTS: u32 = 4;

/// What TLS gets of the rounds and of the connections: a connection is some five times as dear there, and the target is not
/// about it.
const TLS_ROUNDS: u32 = 3;
const TLS_CONNECTIONS: u32 = 2;

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan {
    /// Rounds that count. Many short ones tell more than a few long ones: the two sides of a comparison are then closer in time.
    rounds: u32,
    /// Connections of each variant in each round.
    connections: u32,
}

impl Plan {
    const USUAL: Self = Self {
        rounds: 100,
        connections: 240,
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
        let least = Self {
            rounds: FEWEST_ROUNDS * TLS_ROUNDS,
            connections: CLIENTS * TLS_CONNECTIONS,
        };
        if plan.rounds < least.rounds {
            return Err(format!("--rounds must be at least {}", least.rounds).into());
        }
        if plan.connections < least.connections {
            return Err(format!("--connections must be at least {}", least.connections).into());
        }
        Ok(plan)
    }

    /// What one group gets.
    fn of(self, group: &Group) -> Self {
        let (rounds, connections) = if group.tls {
            (TLS_ROUNDS, TLS_CONNECTIONS)
        } else {
            (1, 1)
        };
        Self {
            rounds: self.rounds / rounds,
            connections: self.connections / connections / CLIENTS * CLIENTS,
        }
    }
}

/// Measures, prints tables and the verdict.
pub(crate) fn bench_probe(arguments: &[&str]) -> Result<ExitCode, Box<dyn Error>> {
    let plan = Plan::parse(arguments)?;
    let start = Instant::now();
    let load_before = cpu::load_average()?;
    println!("CPU time of Envoy for each connection; 1 worker, direct response\n");
    let mut outcome = None;
    let mut envoy = String::new();
    for group in &variant::GROUPS {
        let plan = plan.of(group);
        let Measured { samples, version } = measure(group, plan)?;
        println!("{}", report::table(group, plan, &samples));
        outcome = outcome.or_else(|| Outcome::of(group, &samples));
        envoy = version;
    }
    println!(
        "{envoy}, {}, load average {load_before} before and {} after, {:.0} s",
        cpu::machine()?,
        cpu::load_average()?,
        start.elapsed().as_secs_f64()
    );
    let outcome = outcome.ok_or("the variant with the target was not measured")?;
    println!("{}", outcome.in_words());
    Ok(match outcome.verdict() {
        Verdict::Within => ExitCode::SUCCESS,
        Verdict::Above => ExitCode::FAILURE,
        Verdict::Unclear => ExitCode::from(UNCLEAR),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_with_too_few_rounds_to_tell_is_refused() {
        assert_eq!(Plan::parse(&[]).unwrap(), Plan::USUAL);
        let plan = Plan::parse(&["--rounds", "30", "--connections", "400"]).unwrap();
        assert_eq!((plan.rounds, plan.connections), (30, 400));
        assert!(Plan::parse(&["--rounds", "9"]).is_err());
        assert!(Plan::parse(&["--connections", "0"]).is_err());
        assert!(Plan::parse(&["--quick"]).is_err());
    }

    #[test]
    fn the_clients_can_share_the_connections_of_a_round() {
        for group in &variant::GROUPS {
            let plan = Plan {
                rounds: 21,
                connections: 251,
            }
            .of(group);
            assert_eq!(plan.connections % CLIENTS, 0);
            assert!(plan.rounds >= FEWEST_ROUNDS);
        }
    }
}
