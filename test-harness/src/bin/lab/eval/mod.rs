//! `eval`: real clients through the real Envoy with the probe, and what is said of each, held against what should be said.
//!
//! A case is a client, what it claims to be, and where it stands: at the edge, behind a proxy that ends TLS, or in a mobile network.
//! It belongs to a group, and the group's expectations are in `test-harness/eval/expectations.json`. What was seen is read from the
//! access log, one row for each request. Every stack runs with `test-harness/eval/config.json`, in observe mode, so that no answer
//! keeps a client from its next request.
//!
//! Exit code 0: every expectation holds. 1: one does not, or a client failed, or, with LAYERPRINT_REQUIRE=all, one is not here.

mod cases;
mod expectations;
mod front;
mod matrix;
mod network;
mod run;
mod sites;

use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;

use layerprint_harness::availability::everything_is_required;
use lexopt::Arg::Long;
use lexopt::ValueExt;

use self::expectations::Expectations;
use self::matrix::Row;
use self::run::Outcome;
use self::sites::Sites;

/// How the evaluation is to be done.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    /// A Markdown table.
    markdown: bool,
    /// A line for each group and route in place of one for each request.
    summary: bool,
    /// Only cases whose name or group holds this text, in any case.
    only: Option<String>,
}

impl Options {
    fn parse(arguments: &[&str]) -> Result<Self, lexopt::Error> {
        let mut options = Self::default();
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Long("summary") => options.summary = true,
                Long("markdown") => options.markdown = true,
                Long("only") => options.only = Some(parser.value()?.string()?.to_lowercase()),
                other => return Err(other.unexpected()),
            }
        }
        Ok(options)
    }

    fn wants(&self, case: &cases::Case) -> bool {
        let has = |text: &str, part: &str| text.to_lowercase().contains(part);
        let wanted = |part: &String| has(&case.name, part) || has(case.group, part);
        self.only.as_ref().is_none_or(wanted)
    }
}

pub(crate) fn eval(arguments: &[&str]) -> Result<ExitCode, Box<dyn Error>> {
    let options = Options::parse(arguments)?;
    let start = Instant::now();
    let expectations = Expectations::read()?;
    let mut cases = cases::all()?;
    cases.retain(|case| options.wants(case));
    let sites = Sites::open(&cases)?;
    let outcomes = run::all(&cases, &sites);

    let mut rows = Vec::new();
    let mut skipped = Vec::new();
    let mut failed = Vec::new();
    for (case, outcome) in cases.iter().zip(outcomes) {
        match outcome {
            Outcome::Skipped(why) => skipped.push(format!("skipped {}: {why}", case.name)),
            Outcome::Failed(why) => failed.push(format!("FAILED  {}: {why}", case.name)),
            Outcome::Seen(seen) => rows.extend(seen.into_iter().map(|seen| Row::of(case, seen, &expectations))),
        }
    }
    let show = if options.summary {
        matrix::in_short
    } else {
        matrix::in_full
    };
    println!("{}", show(&rows, options.markdown));
    let deviations: Vec<String> = rows.iter().filter_map(Row::deviation).collect();
    for line in skipped.iter().chain(&failed).chain(&deviations) {
        eprintln!("{line}");
    }
    let deviating = deviations.len();
    eprintln!(
        "{} cases, {} requests in {:.0} s: {} as expected, {deviating} not; {} clients failed, {} skipped",
        cases.len(),
        rows.len(),
        start.elapsed().as_secs_f64(),
        rows.len() - deviating,
        failed.len(),
        skipped.len(),
    );
    if !failed.is_empty() {
        eprintln!("\nThe end of Envoy's log:\n{}", sites.log_tail());
    }
    if let Some(why) = sites.without_network() {
        eprintln!("all clients had one address, and loopback for a network: {why}");
    }
    let short = !skipped.is_empty() && everything_is_required();
    let good = deviating == 0 && failed.is_empty() && !short && !rows.is_empty();
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_and_others_refused() {
        let options = Options::parse(&["--only", "Safari", "--markdown", "--summary"]).unwrap();
        assert_eq!(options.only.as_deref(), Some("safari"));
        assert!(options.markdown && options.summary);
        assert!(Options::parse(&["--fast"]).is_err());
    }

    #[test]
    fn every_case_has_expectations_for_each_of_its_routes_and_a_name_of_its_own() {
        let expectations = Expectations::read().unwrap();
        let mut names = std::collections::BTreeSet::new();
        for case in cases::all().unwrap() {
            for route in case.routes() {
                assert!(
                    expectations.of(&case, *route).is_some(),
                    "{}: {}",
                    case.name,
                    route.as_str()
                );
            }
            assert!(names.insert(case.name.clone()), "twice: {}", case.name);
        }
    }
}
