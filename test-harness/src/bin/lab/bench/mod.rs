//! Benches of what is added to Envoy: `bench`, all there is to choose from, in one table; `bench-probe`, what the probe costs for each connection, `bench-limits`, what limits cost for
//! each request, and `bench-challenge`, what a challenge costs to give, to check, and to have passed.
//!
//! Each variant is an Envoy of its own with one worker, and all get the same from the same clients in many short
//! rounds, in an order that turns around each time: what slows the machine down for a while slows all of them. Counted is the
//! CPU time of Envoy's process, which a busy machine disturbs far less than the time on the clock. Each round compares a
//! variant with its baseline of the same round; the median of these comparisons is the result, and their spread says how far
//! it can be trusted. One process can be a little slower than its twin for all its life, by where its memory lies: so all
//! are started anew every few rounds, and a second Envoy like the baseline is measured too: it shows how far equal ones differ.
//!
//! Exit code 0: all targets are shown to be met. 1: one is shown to be missed, or something failed. 3: the rounds, or
//! two equal Envoys, differ so much that neither is shown.

mod challenge;
mod cpu;
mod edit;
mod http1;
mod http2;
mod limits;
mod measure;
mod plan;
mod probe;
mod report;
mod statistics;
mod table;
mod times;

use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;

use self::statistics::Verdict;

pub(crate) use self::challenge::bench_challenge;
pub(crate) use self::limits::bench_limits;
pub(crate) use self::probe::bench_probe;
pub(crate) use self::table::bench;

/// The exit code for "cannot be told".
const UNCLEAR: u8 = 3;

/// One run of a bench: says at its end where and how long it ran, and what came out.
struct Run {
    start: Instant,
    load_before: String,
}

impl Run {
    fn begin() -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            start: Instant::now(),
            load_before: cpu::load_average()?,
        })
    }

    /// Prints the last lines, one for each target. `envoy` is what was measured.
    fn end(self, envoy: &str, targets: &[(Verdict, String)]) -> Result<ExitCode, Box<dyn Error>> {
        println!(
            "{envoy}, {}, load average {} before and {} after, {:.0} s",
            cpu::machine()?,
            self.load_before,
            cpu::load_average()?,
            self.start.elapsed().as_secs_f64()
        );
        for (_, words) in targets {
            println!("{words}");
        }
        Ok(match Verdict::of_all(targets.iter().map(|(verdict, _)| *verdict)) {
            Verdict::Within => ExitCode::SUCCESS,
            Verdict::Above => ExitCode::FAILURE,
            Verdict::Unclear => ExitCode::from(UNCLEAR),
        })
    }
}
