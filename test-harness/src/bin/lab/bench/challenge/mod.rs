//! `bench-challenge`: what the filter takes to make a page with a puzzle, to check the answer to one, and to believe a clearance.
//!
//! Each is compared with what is alike but for that, in the same process: a page with another page, an answer with another request that
//! the filter answers at the same path, a request with a clearance with one without. What Envoy takes for a larger page or one more header counts too.

mod outcome;
mod variant;

use std::error::Error;
use std::process::ExitCode;

use self::outcome::TARGETS;
use self::variant::{LOADS, Site, VARIANTS};
use super::Run;
use super::http2::AT_A_TIME;
use super::measure::{Measured, ROUNDS_OF_A_LIFE, lives, measure};
use super::plan::{Accepted, Plan};
use super::report::{self, Row};
use super::statistics::FEWEST_ROUNDS;

const ACCEPTED: Accepted = Accepted {
    what: "requests",
    // Twenty lives: of a dozen, the interval reaches over the target on a machine whose pace changes.
    usual: Plan { rounds: 200, each: 200 },
    least: Plan {
        rounds: FEWEST_ROUNDS * ROUNDS_OF_A_LIFE,
        each: AT_A_TIME,
    },
};

/// Measures, prints tables and the verdicts.
pub(crate) fn bench_challenge(arguments: &[&str]) -> Result<ExitCode, Box<dyn Error>> {
    let plan = ACCEPTED.parse(arguments)?;
    let plan = Plan {
        each: plan.each / AT_A_TIME * AT_A_TIME,
        ..plan
    };
    let run = Run::begin()?;
    println!(
        "CPU time of Envoy for each request; 1 worker, direct response, HTTP/2 in cleartext, {AT_A_TIME} requests at a time\n"
    );
    let measured = measure(&VARIANTS, plan, |site| site.start())?;
    let with = report::title(
        "With challenges, beside what is alike in the same process",
        plan,
        ACCEPTED.what,
    );
    println!("{with}\n\n{}", report::table(&beside_alike(&measured), lives));
    let without = report::title("The same, beside an Envoy without challenges", plan, ACCEPTED.what);
    println!("{without}\n\n{}", report::table(&beside_without(&measured), lives));
    let targets = TARGETS.map(|target| target.judged(|load| samples(&measured, Site::With, load)));
    let targets: Option<Vec<_>> = targets.into_iter().collect();
    run.end(
        &measured.version,
        &targets.ok_or("a load with a target was not measured")?,
    )
}

fn samples<'m>(measured: &'m Measured, site: Site, load: &str) -> Option<&'m [f64]> {
    let variant = VARIANTS.iter().position(|variant| *variant == site)?;
    let load = LOADS.iter().position(|known| known.name == load)?;
    measured.of(variant, load)
}

fn beside_alike(measured: &Measured) -> Vec<Row<'_>> {
    let rows = LOADS.iter().filter_map(|load| {
        let of = |name| samples(measured, Site::With, name);
        let beside = load.beside.and_then(|name| Some((name, of(name)?)));
        Some(Row {
            beside,
            ..Row::new(load.name, of(load.name)?)
        })
    });
    rows.collect()
}

fn beside_without(measured: &Measured) -> Vec<Row<'_>> {
    let rows = LOADS.iter().filter(|load| load.is_alike_without()).filter_map(|load| {
        let beside = samples(measured, Site::Without, load.name)?;
        Some(Row {
            beside: Some(("without challenges", beside)),
            ..Row::new(load.name, samples(measured, Site::With, load.name)?)
        })
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_stands_beside_the_samples_of_what_is_alike() {
        let loads = u8::try_from(LOADS.len()).unwrap();
        let site = |first: u8| (0..loads).map(move |load| vec![f64::from(first + load); 9]);
        let measured = Measured {
            samples: vec![site(0).collect(), site(100).collect()],
            version: String::new(),
        };
        for row in beside_alike(&measured) {
            assert!(row.samples[0] >= 100.0, "{}", row.name);
            assert!(
                row.beside.is_none_or(|(_, samples)| samples[0] < row.samples[0]),
                "{}",
                row.name
            );
        }
        let without = beside_without(&measured);
        assert!(without.len() >= 3);
        for row in without {
            assert_eq!(row.samples[0] - row.beside.unwrap().1[0], 100.0, "{}", row.name);
        }
    }
}
