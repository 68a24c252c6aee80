//! `make bench`: both sides on the same inputs in one run, then a table, then whether the target is met. Exit 1 when it is not:
//! at least twice as fast, no more than one allocation per fingerprint. The library's documentation says what is compared.
//!
//! Times are processor time, so that other work on the machine does not count. `LAYERPRINT_BENCH_SECONDS` is how long each of the twelve measurements takes, 3 by default.

mod cpu_time;

use cpu_time::CpuTime;
use criterion::{BenchmarkId, Criterion, Throughput};
use layerprint_bench::rows::run;
use layerprint_bench::{Inputs, ROWS, Row, agreement};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

const LEAST_RATIO: f64 = 2.0;
const MOST_ALLOCATIONS: u64 = 1;

/// What was measured of one row.
struct Measured {
    row: Row,
    /// Median processor time for one fingerprint, in nanoseconds.
    ours: f64,
    theirs: f64,
    /// Allocations for the fingerprint that needs the most.
    our_allocations: u64,
    their_allocations: u64,
}

impl Measured {
    fn ratio(&self) -> f64 {
        self.theirs / self.ours
    }

    fn meets_target(&self) -> bool {
        !self.row.has_target || (self.ratio() >= LEAST_RATIO && self.our_allocations <= MOST_ALLOCATIONS)
    }
}

fn main() -> ExitCode {
    let inputs = Inputs::read();
    agreement::require(&inputs);

    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("criterion");
    // Nothing of an earlier run may be taken for this one's.
    let _ = std::fs::remove_dir_all(&folder);
    measure_time(&inputs, &folder);
    let rows = read_times(&inputs, &folder);

    println!(
        "{:<28} {:>10} {:>10} {:>7} {:>12} {:>12}",
        "per fingerprint", "ours", "theirs", "ratio", "our allocs", "their allocs"
    );
    for row in &rows {
        let verdict = match (row.row.has_target, row.meets_target()) {
            (true, true) => "",
            (true, false) => "  MISSED",
            (false, _) => "  no target",
        };
        println!(
            "{:<28} {:>7.0} ns {:>7.0} ns {:>6.1}x {:>12} {:>12}{verdict}",
            row.row.name,
            row.ours,
            row.theirs,
            row.ratio(),
            row.our_allocations,
            row.their_allocations
        );
    }
    println!("target: at least {LEAST_RATIO} x as fast, at most {MOST_ALLOCATIONS} allocation");
    if rows.iter().all(Measured::meets_target) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn measure_time(inputs: &Inputs, folder: &Path) {
    let mut criterion = Criterion::default()
        .with_measurement(CpuTime)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs_f64(seconds()))
        .output_directory(folder)
        .configure_from_args();
    for (number, row) in ROWS.iter().enumerate() {
        let cases = row.cases(inputs);
        let mut text = String::with_capacity(1_024);
        let mut group = criterion.benchmark_group(number.to_string());
        group.throughput(Throughput::Elements(cases.len() as u64));
        for (name, side) in [("ours", row.ours), ("theirs", row.theirs)] {
            group.bench_function(BenchmarkId::new(name, row.name), |bencher| {
                bencher.iter(|| run(side, &cases, &mut text));
            });
        }
        group.finish();
    }
}

fn seconds() -> f64 {
    let value = std::env::var("LAYERPRINT_BENCH_SECONDS").unwrap_or_else(|_| "3".to_owned());
    value
        .parse()
        .unwrap_or_else(|_| panic!("LAYERPRINT_BENCH_SECONDS is no number of seconds: {value:?}"))
}

/// The medians that criterion has just written, and the allocations, which another process counts.
fn read_times(inputs: &Inputs, folder: &Path) -> Vec<Measured> {
    let counted = Command::new(env!("CARGO_BIN_EXE_layerprint-allocations"))
        .output()
        .expect("the counter starts");
    assert!(counted.status.success(), "{}", String::from_utf8_lossy(&counted.stderr));
    let counted = String::from_utf8(counted.stdout).expect("the counter writes numbers");
    let mut counted = counted.lines();
    let mut row = |(number, row): (usize, &Row)| {
        let one = |side: &str| median(&folder.join(number.to_string()).join(side)) / row.cases(inputs).len() as f64;
        let (our_allocations, their_allocations) = counted
            .next()
            .and_then(|line| line.split_once('\t'))
            .expect("two counts a row");
        Measured {
            row: *row,
            ours: one("ours"),
            theirs: one("theirs"),
            our_allocations: our_allocations.parse().expect("a count"),
            their_allocations: their_allocations.parse().expect("a count"),
        }
    };
    ROWS.iter().enumerate().map(&mut row).collect()
}

/// The median of one measurement: criterion keeps a folder for its parameter, and its results in `new`.
fn median(side: &Path) -> f64 {
    let parameter = std::fs::read_dir(side)
        .ok()
        .and_then(|mut folders| folders.next()?.ok());
    let file = parameter.map_or_else(PathBuf::new, |folder| folder.path().join("new/estimates.json"));
    let text =
        std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("no result in {}: {error}", side.display()));
    let estimates: serde_json::Value = serde_json::from_str(&text).expect("criterion writes JSON");
    estimates["median"]["point_estimate"]
        .as_f64()
        .expect("criterion writes a median")
}
