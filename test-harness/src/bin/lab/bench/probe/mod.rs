//! `bench-probe`: what the probe costs Envoy for each connection, measured against the same Envoy without it.

mod load;
mod outcome;
mod variant;

use std::error::Error;
use std::process::ExitCode;

use self::outcome::Outcome;
use self::variant::Group;
use super::Run;
use super::measure::{Measured, measure};
use super::plan::{Accepted, Plan};
use super::report::{self, Row};
use super::statistics::FEWEST_ROUNDS;

/// How many connections are open at a time. A round has a multiple of it.
const CLIENTS: u32 = 4;

/// What TLS gets of the rounds and of the connections: a connection is some five times as dear there, and the target is not
/// about it.
const TLS_ROUNDS: u32 = 3;
const TLS_CONNECTIONS: u32 = 2;

const ACCEPTED: Accepted = Accepted {
    what: "connections",
    usual: Plan { rounds: 100, each: 240 },
    least: Plan {
        rounds: FEWEST_ROUNDS * TLS_ROUNDS,
        each: CLIENTS * TLS_CONNECTIONS,
    },
};

/// What one group gets.
fn plan_of(group: &Group, plan: Plan) -> Plan {
    let (rounds, connections) = if group.tls {
        (TLS_ROUNDS, TLS_CONNECTIONS)
    } else {
        (1, 1)
    };
    Plan {
        rounds: plan.rounds / rounds,
        each: plan.each / connections / CLIENTS * CLIENTS,
    }
}

/// Measures, prints tables and the verdict.
pub(crate) fn bench_probe(arguments: &[&str]) -> Result<ExitCode, Box<dyn Error>> {
    let plan = ACCEPTED.parse(arguments)?;
    let run = Run::begin()?;
    println!("CPU time of Envoy for each connection; 1 worker, direct response\n");
    let mut outcome = None;
    let mut envoy = String::new();
    for group in &variant::GROUPS {
        let plan = plan_of(group, plan);
        let Measured { samples, version } = measure(group.variants, plan, |variant| variant.start(group.tls))?;
        let samples: Vec<Vec<f64>> = samples.into_iter().flatten().collect();
        let title = report::title(group.title, plan, ACCEPTED.what);
        println!("{title}\n\n{}", report::table(&rows(group, &samples), |rounds| rounds));
        outcome = outcome.or_else(|| Outcome::of(group, &samples));
        envoy = version;
    }
    let outcome = outcome.ok_or("the variant with the target was not measured")?;
    run.end(&envoy, &[(outcome.verdict(), outcome.in_words())])
}

/// Each variant beside the first of its group.
fn rows<'a>(group: &'a Group, samples: &'a [Vec<f64>]) -> Vec<Row<'a>> {
    let variants = group.variants.iter().zip(samples);
    let mut rows: Vec<Row<'_>> = variants
        .map(|(variant, samples)| Row::new(variant.name, samples))
        .collect();
    if let Some((first, others)) = rows.split_first_mut() {
        for row in others {
            row.beside = Some((first.name, first.samples));
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clients_can_share_the_connections_of_a_round() {
        for group in &variant::GROUPS {
            let plan = plan_of(group, Plan { rounds: 21, each: 251 });
            assert_eq!(plan.each % CLIENTS, 0);
            assert!(plan.rounds >= FEWEST_ROUNDS);
        }
    }

    #[test]
    fn each_variant_stands_beside_the_first_of_its_group() {
        let group = &variant::GROUPS[0];
        let samples = vec![vec![50.0; 9]; group.variants.len()];
        let rows = rows(group, &samples);
        let beside: Vec<_> = rows.iter().map(|row| row.beside.map(|(name, _)| name)).collect();
        assert_eq!(beside, [None, Some("bare"), Some("bare")]);
    }
}
