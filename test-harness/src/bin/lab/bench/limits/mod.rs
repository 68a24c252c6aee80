//! `bench-limits`: what limits cost Envoy for each request, on the route that they are about and on another one, beside what any
//! Wasm filter costs.

mod http2;
mod outcome;
mod variant;

use std::error::Error;
use std::process::ExitCode;

use layerprint_harness::stack::FilterConfig;

use self::http2::AT_A_TIME;
use self::variant::{Group, groups};
use super::Run;
use super::measure::{Measured, measure};
use super::plan::{Accepted, Plan};
use super::report::{self, Row};
use super::statistics::FEWEST_ROUNDS;

const ACCEPTED: Accepted = Accepted {
    what: "requests",
    usual: Plan { rounds: 60, each: 1000 },
    least: Plan {
        rounds: FEWEST_ROUNDS,
        each: AT_A_TIME,
    },
};

/// Measures, prints tables and the verdicts.
pub(crate) fn bench_limits(arguments: &[&str]) -> Result<ExitCode, Box<dyn Error>> {
    let plan = ACCEPTED.parse(arguments)?;
    let plan = Plan {
        each: plan.each / AT_A_TIME * AT_A_TIME,
        ..plan
    };
    let (limits, pairs) = match FilterConfig::from_environment() {
        FilterConfig::AsWritten => {
            variant::prove()?;
            (variant::limits(), variant::pairs())
        }
        // What another configuration does is for those to know who wrote it.
        other => (other, Vec::new()),
    };
    let run = Run::begin()?;
    println!(
        "CPU time of Envoy for each request; 1 worker, direct response, one HTTP/2 connection in cleartext, {AT_A_TIME} requests at a \
         time\n"
    );
    let [on_it, beside_it] = groups(&limits);
    let limited = Shown::measure(on_it, plan)?;
    let other = Shown::measure(beside_it, plan)?;
    for pair in pairs {
        Shown::measure(pair, plan)?;
    }
    let targets = [
        outcome::on_the_limited_route(|name| limited.samples(name)),
        outcome::on_another_route(|name| other.samples(name)),
    ];
    let targets: Option<Vec<_>> = targets.into_iter().collect();
    run.end(
        &limited.measured.version,
        &targets.ok_or("a variant with a target was not measured")?,
    )
}

/// A group that has been measured, and its table printed.
struct Shown {
    group: Group,
    measured: Measured,
}

impl Shown {
    fn measure(group: Group, plan: Plan) -> Result<Self, Box<dyn Error>> {
        let measured = measure(&group.variants, plan, |variant| group.start(variant))?;
        let shown = Self { group, measured };
        let title = report::title(&shown.group.title, plan, ACCEPTED.what);
        println!("{title}\n\n{}", report::table(&shown.rows()));
        Ok(shown)
    }

    fn samples(&self, name: &str) -> Option<&[f64]> {
        let number = self.group.variants.iter().position(|variant| variant.name == name)?;
        self.measured.samples.get(number).map(Vec::as_slice)
    }

    fn rows(&self) -> Vec<Row<'_>> {
        let variants = self.group.variants.iter().zip(&self.measured.samples);
        variants
            .map(|(variant, samples)| Row {
                beside: variant.beside.and_then(|name| Some((name, self.samples(name)?))),
                ..Row::new(variant.name, samples)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_has_the_samples_of_the_one_beside_it() {
        let [group, _] = groups(&variant::limits());
        let samples = (1..=5_u8).map(|cost| vec![f64::from(cost); 9]).collect();
        let version = String::new();
        let shown = Shown {
            group,
            measured: Measured { samples, version },
        };
        let rows = shown.rows();
        let beside: Vec<_> = rows
            .iter()
            .map(|row| row.beside.map(|(_, samples)| samples[0]))
            .collect();
        assert_eq!(beside, [None, Some(1.0), Some(1.0), Some(3.0), Some(3.0)]);
        assert_eq!(rows[4].samples[0], 5.0);
    }
}
