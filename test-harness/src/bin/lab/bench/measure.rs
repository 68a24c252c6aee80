//! The rounds: Envoys are started, warmed up, and given their load in turn.

use std::error::Error;
use std::thread;
use std::time::Duration;

use layerprint_harness::process;
use layerprint_harness::stack::{Stack, StackError};

use super::plan::Plan;
use super::statistics::by_lives;

/// How many rounds an Envoy runs before all of its group are started anew.
pub(super) const ROUNDS_OF_A_LIFE: u32 = 10;
/// How many times a round's load a new Envoy gets before it counts: its memory is then there, its module compiled.
pub(super) const WARM_UP: u32 = 2;

/// What gives one Envoy its load.
pub(super) trait Load: Send {
    /// So many connections or requests, all of them answered before it returns.
    fn run(&mut self, each: u32) -> Result<(), Box<dyn Error>>;

    /// How long Envoy may take to be done with the last of them.
    fn settle(&self) -> Duration;
}

/// What stands for a variant in the rounds.
pub(super) trait Subject: Send {
    /// What a round shows of it under one of its loads.
    type Sample: Clone;

    /// Prepares it: rounds then find it as it will stay.
    fn warm_up(&mut self, each: u32) -> Result<(), Box<dyn Error>>;

    /// One round, under each load in turn. All variants of a group have as many loads.
    fn sample(&mut self, each: u32) -> Result<Vec<Self::Sample>, Box<dyn Error>>;

    /// Its Envoy.
    fn stack(&self) -> &Stack;
}

/// One variant with its Envoy, which has shown to be what it is called.
pub(super) struct Running {
    /// Each is measured by itself. All variants of a group have as many.
    pub(super) loads: Vec<Box<dyn Load>>,
    pub(super) stack: Stack,
}

/// What came out.
pub(super) struct Measured<S = f64> {
    /// For each variant, for each of its loads, what each round showed: most often µs of CPU time for each connection or request.
    pub(super) samples: Vec<Vec<Vec<S>>>,
    /// `Envoy 1.40.0`, as it says of itself.
    pub(super) version: String,
}

impl<S> Measured<S> {
    /// The samples of one variant under one load, by their numbers.
    pub(super) fn of(&self, variant: usize, load: usize) -> Option<&[S]> {
        Some(self.samples.get(variant)?.get(load)?.as_slice())
    }
}

/// One value for each life of the Envoys: what is added to a request costs less than one process may by itself be dearer than the next.
pub(super) fn lives(rounds: Vec<f64>) -> Vec<f64> {
    by_lives(&rounds, usize::try_from(ROUNDS_OF_A_LIFE).unwrap_or(usize::MAX))
}

/// Measures these variants, all of them in each round.
pub(super) fn measure<'v, V: Sync, S: Subject>(
    variants: &'v [V],
    plan: Plan,
    start: impl Fn(&'v V) -> Result<S, Box<dyn Error>> + Sync,
) -> Result<Measured<S::Sample>, Box<dyn Error>> {
    let mut measured = Measured {
        samples: vec![Vec::new(); variants.len()],
        version: String::new(),
    };
    let rounds: Vec<usize> = (0..usize::try_from(plan.rounds)?).collect();
    for life in rounds.chunks(usize::try_from(ROUNDS_OF_A_LIFE)?) {
        let mut envoys = start_all(variants, &start)?;
        for envoy in &mut envoys {
            envoy.warm_up(plan.each)?;
            measured.version = version(envoy.stack())?;
        }
        for round in life {
            for number in turn(*round, envoys.len()) {
                if let (Some(envoy), Some(of_variant)) = (envoys.get_mut(number), measured.samples.get_mut(number)) {
                    let samples = envoy.sample(plan.each)?;
                    of_variant.resize(samples.len(), Vec::new());
                    for (all, sample) in of_variant.iter_mut().zip(samples) {
                        all.push(sample);
                    }
                }
            }
        }
    }
    Ok(measured)
}

/// All at once: each compiles the module for a second or two, mostly in one thread.
fn start_all<'v, V: Sync, S: Send>(
    variants: &'v [V],
    start: &(impl Fn(&'v V) -> Result<S, Box<dyn Error>> + Sync),
) -> Result<Vec<S>, Box<dyn Error>> {
    thread::scope(|scope| {
        let starting: Vec<_> = variants
            .iter()
            // An error of any kind cannot leave its thread; its words can.
            .map(|variant| scope.spawn(move || start(variant).map_err(|error| error.to_string())))
            .collect();
        let mut envoys = Vec::new();
        for envoy in starting {
            envoys.push(envoy.join().map_err(|_| "the start of an Envoy panicked")??);
        }
        Ok(envoys)
    })
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

impl Subject for Running {
    /// Microseconds of CPU time for each connection or request.
    type Sample = f64;

    fn warm_up(&mut self, each: u32) -> Result<(), Box<dyn Error>> {
        self.loads.iter_mut().try_for_each(|load| load.run(each * WARM_UP))
    }

    fn sample(&mut self, each: u32) -> Result<Vec<f64>, Box<dyn Error>> {
        let pid = self.stack.envoy_pid();
        let mut samples = Vec::new();
        for load in &mut self.loads {
            let before = process::cpu_time(pid)?;
            load.run(each)?;
            thread::sleep(load.settle());
            let spent = process::cpu_time(pid)?.saturating_sub(before);
            samples.push(spent.as_secs_f64() * 1e6 / f64::from(each));
        }
        Ok(samples)
    }

    fn stack(&self) -> &Stack {
        &self.stack
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
