//! The rounds: Envoys are started, warmed up, and given their load in turn.

use std::error::Error;
use std::thread;
use std::time::Duration;

use layerprint_harness::stack::{Stack, StackError};

use super::cpu;
use super::plan::Plan;

/// How many rounds an Envoy runs before all of its group are started anew.
const ROUNDS_OF_A_LIFE: usize = 10;
/// How many times a round's load a new Envoy gets before it counts: its memory is then there, its module compiled.
const WARM_UP: u32 = 2;
/// How long Envoy may take to be done with the last of a round.
const SETTLE: Duration = Duration::from_millis(30);

/// What gives one Envoy its load.
pub(super) trait Load {
    /// So many connections or requests, all of them answered before it returns.
    fn run(&mut self, each: u32) -> Result<(), Box<dyn Error>>;
}

/// One variant with its Envoy, which has shown to be what it is called.
pub(super) struct Running {
    pub(super) load: Box<dyn Load>,
    pub(super) stack: Stack,
}

/// What came out.
pub(super) struct Measured {
    /// For each variant its cost in each round: µs of CPU time for each connection or request.
    pub(super) samples: Vec<Vec<f64>>,
    /// `Envoy 1.40.0`, as it says of itself.
    pub(super) version: String,
}

/// Measures these variants, all of them in each round.
pub(super) fn measure<'v, V>(
    variants: &'v [V],
    plan: Plan,
    start: impl Fn(&'v V) -> Result<Running, Box<dyn Error>>,
) -> Result<Measured, Box<dyn Error>> {
    let mut measured = Measured {
        samples: vec![Vec::new(); variants.len()],
        version: String::new(),
    };
    let rounds: Vec<usize> = (0..usize::try_from(plan.rounds)?).collect();
    for life in rounds.chunks(ROUNDS_OF_A_LIFE) {
        let mut envoys = variants.iter().map(&start).collect::<Result<Vec<_>, _>>()?;
        for envoy in &mut envoys {
            envoy.load.run(plan.each * WARM_UP)?;
            measured.version = version(&envoy.stack)?;
        }
        for round in life {
            for number in turn(*round, envoys.len()) {
                if let (Some(envoy), Some(samples)) = (envoys.get_mut(number), measured.samples.get_mut(number)) {
                    samples.push(envoy.sample(plan.each)?);
                }
            }
        }
    }
    Ok(measured)
}

/// The order of the variants in a round: backwards in every other one, and each of them comes first, last and in between.
fn turn(round: usize, variants: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..variants).collect();
    order.rotate_left((round / 2).checked_rem(variants).unwrap_or_default());
    if round % 2 == 1 {
        order.reverse();
    }
    order
}

impl Running {
    /// One round: microseconds of CPU time for each.
    fn sample(&mut self, each: u32) -> Result<f64, Box<dyn Error>> {
        let pid = self.stack.envoy_pid();
        let before = cpu::time_of(pid)?;
        self.load.run(each)?;
        thread::sleep(SETTLE);
        let spent = cpu::time_of(pid)?.saturating_sub(before);
        Ok(spent.as_secs_f64() * 1e6 / f64::from(each))
    }
}

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
    fn in_the_long_run_no_variant_has_the_better_place() {
        for variants in 1..=4 {
            let mut places = vec![vec![0; variants]; variants];
            for round in 0..2 * variants {
                for (place, variant) in turn(round, variants).into_iter().enumerate() {
                    places[variant][place] += 1;
                }
            }
            assert_eq!(places, vec![vec![2; variants]; variants]);
        }
    }
}
