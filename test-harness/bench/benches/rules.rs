//! `make bench`: what a decision costs with 10 rules and with 1,000, on the same request, none of them about it. Exit 1 when the
//! thousand cost more than 1.2 times the ten.
//!
//! Times are processor time. The two take turns, and of many short measurements the quickest counts: what disturbs one only
//! ever makes it slower.

mod cpu_time;

use cpu_time::CpuTime;
use criterion::measurement::Measurement;
use layerprint::compare::Assessment;
use layerprint::policy::Policy;
use layerprint_bench::rules;
use std::hint::black_box;
use std::process::ExitCode;

const MOST: f64 = 1.2;
const ROUNDS: usize = 300;
const DECISIONS: u32 = 2_000;

fn main() -> ExitCode {
    let (few, many) = (rules::policy(10), rules::policy(1_000));
    let assessment = rules::assessment();
    for policy in [&few, &many] {
        assert_eq!(
            rules::decide(policy, rules::PATH, &assessment).rule,
            None,
            "no rule is about the request"
        );
    }
    let mut best = [f64::MAX; 2];
    for _ in 0..ROUNDS {
        for (best, policy) in best.iter_mut().zip([&few, &many]) {
            *best = best.min(time(policy, &assessment));
        }
    }
    let [few, many] = best;
    let ratio = many / few;
    println!("a decision with 10 rules {few:.0} ns, with 1,000 rules {many:.0} ns, ratio {ratio:.2}");
    println!("target: at most {MOST}");
    if ratio <= MOST {
        ExitCode::SUCCESS
    } else {
        println!("MISSED");
        ExitCode::FAILURE
    }
}

/// Nanoseconds for one decision.
fn time(policy: &Policy, assessment: &Assessment) -> f64 {
    let begun = CpuTime.start();
    for _ in 0..DECISIONS {
        black_box(rules::decide(black_box(policy), rules::PATH, assessment));
    }
    CpuTime.to_f64(&CpuTime.end(begun)) / f64::from(DECISIONS)
}
