//! `bench-limits`: what limits cost Envoy for each request, on the route that they are about and on another one, beside what any
//! Wasm filter costs.

mod outcome;
mod variant;

use std::error::Error;
use std::process::ExitCode;

use layerprint_harness::stack::FilterConfig;

use self::variant::{LOADS, Variant};
use super::Run;
use super::http2::AT_A_TIME;
use super::measure::{Measured, ROUNDS_OF_A_LIFE, lives, measure};
use super::plan::{Accepted, Plan};
use super::report::{self, Row};
use super::statistics::FEWEST_ROUNDS;

const ACCEPTED: Accepted = Accepted {
    what: "requests",
    usual: Plan { rounds: 120, each: 400 },
    least: Plan {
        rounds: FEWEST_ROUNDS * ROUNDS_OF_A_LIFE,
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
    let variants = match FilterConfig::from_environment() {
        FilterConfig::AsWritten => {
            variant::prove()?;
            [variant::variants(variant::limits()), variant::pairs()].concat()
        }
        // What another configuration does is for those to know who wrote it.
        other => variant::variants(other),
    };
    let run = Run::begin()?;
    println!(
        "CPU time of Envoy for each request; 1 worker, direct response, HTTP/2 in cleartext, {AT_A_TIME} requests at a time\n"
    );
    let measured = measure(&variants, plan, Variant::start)?;
    let series = [0, 1].map(|load| Series {
        variants: &variants,
        measured: &measured,
        load,
    });
    for (series, (path, class)) in series.iter().zip(LOADS) {
        let title = report::title(&format!("Requests to {path}, of class {class}"), plan, ACCEPTED.what);
        println!("{title}\n\n{}", report::table(&series.rows(), lives));
    }
    let [login, about] = series;
    let targets = [
        outcome::on_the_limited_route(|name| login.samples(name)),
        outcome::on_another_route(|name| about.samples(name)),
    ];
    let targets: Option<Vec<_>> = targets.into_iter().collect();
    run.end(
        &measured.version,
        &targets.ok_or("a variant with a target was not measured")?,
    )
}

/// What was measured under one load.
struct Series<'a> {
    variants: &'a [Variant],
    measured: &'a Measured,
    /// The place of the load among [`LOADS`].
    load: usize,
}

impl<'a> Series<'a> {
    fn samples(&self, name: &str) -> Option<&'a [f64]> {
        let number = self.variants.iter().position(|variant| variant.name == name)?;
        self.measured.of(number, self.load)
    }

    fn rows(&self) -> Vec<Row<'a>> {
        let row = |variant: &'a Variant| {
            let beside = variant.beside.and_then(|name| Some((name, self.samples(name)?)));
            let row = Row::new(variant.name, self.samples(variant.name)?);
            Some(Row { beside, ..row })
        };
        self.variants.iter().filter_map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_has_its_own_samples_and_those_of_the_one_beside_it_under_the_same_load() {
        let variants = variant::variants(variant::limits());
        let samples = (1..=5_u8).map(|cost| [10, 20].map(|load| vec![f64::from(load + cost); 9]).to_vec());
        let measured = Measured {
            samples: samples.collect(),
            version: String::new(),
        };
        let series = Series {
            variants: &variants,
            measured: &measured,
            load: 1,
        };
        let rows = series.rows();
        let own: Vec<_> = rows.iter().map(|row| row.samples[0]).collect();
        assert_eq!(own, [21.0, 22.0, 23.0, 24.0, 25.0]);
        let beside: Vec<_> = rows
            .iter()
            .map(|row| row.beside.map(|(_, samples)| samples[0]))
            .collect();
        assert_eq!(beside, [None, Some(21.0), Some(21.0), Some(23.0), Some(23.0)]);
    }
}
