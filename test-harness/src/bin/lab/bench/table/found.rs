//! All that was measured, by the names of variants and the numbers of loads.

use super::super::measure::{Measured, lives};
use super::super::statistics::{Estimate, Quartiles, differences, shares};
use super::sample::{Cost, Rates, Timing};
use super::variant::{BARE, DOES_NOTHING, VARIANTS};

/// What came out of a run.
pub(super) struct Found {
    pub(super) costs: Measured<Cost>,
    pub(super) timings: Measured<Vec<Timing>>,
    pub(super) rates: Rates,
}

/// How long answers took at one rate: the medians of the rounds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Latency {
    pub(super) p50: f64,
    pub(super) p99: f64,
    /// Whether Envoy kept up with the rate in most rounds.
    pub(super) kept_up: bool,
}

impl Found {
    /// What each round cost Envoy, in µs.
    pub(super) fn envoy(&self, name: &str, load: usize) -> Option<Vec<f64>> {
        Some(self.costs(name, load)?.iter().map(|cost| cost.envoy).collect())
    }

    /// What each round cost the service beside it; none where there is none.
    pub(super) fn service(&self, name: &str, load: usize) -> Option<Vec<f64>> {
        self.costs(name, load)?.iter().map(|cost| cost.service).collect()
    }

    /// How many requests a second were answered in each round.
    pub(super) fn per_s(&self, name: &str, load: usize) -> Option<Vec<f64>> {
        Some(self.costs(name, load)?.iter().map(|cost| cost.per_s).collect())
    }

    /// How much more each round cost Envoy than without a filter.
    pub(super) fn added(&self, name: &str, load: usize) -> Option<Vec<f64>> {
        Some(differences(&self.envoy(name, load)?, &self.envoy(BARE, load)?))
    }

    /// The same as a share.
    pub(super) fn share(&self, name: &str, load: usize) -> Option<Estimate> {
        Estimate::of(&lives(shares(&self.envoy(name, load)?, &self.envoy(BARE, load)?)))
    }

    /// How many times as much is added as the filter that does nothing adds.
    pub(super) fn times(&self, name: &str, load: usize) -> Option<Estimate> {
        let of_lives = |name| Some(lives(self.added(name, load)?));
        let pairs = of_lives(name)?.into_iter().zip(of_lives(DOES_NOTHING)?);
        Estimate::of(&pairs.map(|(own, no_op)| own / no_op).collect::<Vec<_>>())
    }

    /// The rounds at one of the rates of a load.
    pub(super) fn timings(&self, name: &str, load: usize, rate: usize) -> Option<Vec<Timing>> {
        let rounds = self.timings.of(place(name)?, load)?;
        rounds.iter().map(|rates| rates.get(rate).copied()).collect()
    }

    /// How long answers took at one of the rates of a load.
    pub(super) fn latency(&self, name: &str, load: usize, rate: usize) -> Option<Latency> {
        let rounds = self.timings(name, load, rate)?;
        let median = |of: fn(&Timing) -> f64| Some(Quartiles::of(&rounds.iter().map(of).collect::<Vec<_>>())?.median);
        let kept_up = rounds.iter().filter(|timing| timing.kept_up).count();
        Some(Latency {
            p50: median(|timing| timing.p50)?,
            p99: median(|timing| timing.p99)?,
            kept_up: kept_up * 2 > rounds.len(),
        })
    }

    fn costs(&self, name: &str, load: usize) -> Option<&[Cost]> {
        self.costs.of(place(name)?, load)
    }
}

fn place(name: &str) -> Option<usize> {
    VARIANTS.iter().position(|variant| variant.name == name)
}

/// Made-up runs, for the tests of what is made of runs.
#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use super::super::super::measure::ROUNDS_OF_A_LIFE;
    use super::super::load::KINDS;
    use super::*;

    /// A run in which this is what each variant costs and how long its answers take at the 99th percentile, in any load.
    pub(in super::super) fn made(cost: impl Fn(&str) -> f64, p99: impl Fn(&str) -> f64) -> Found {
        let rounds = usize::try_from(ROUNDS_OF_A_LIFE).unwrap() * 8;
        let paces = [1.0, 1.1, 0.9, 1.0, 1.3, 1.0, 0.95, 1.05, 1.0];
        let costs = VARIANTS.iter().map(|variant| {
            let of_rounds = paces.iter().cycle().take(rounds).map(|pace| Cost {
                envoy: cost(variant.name) * pace,
                service: (variant.name == "external service").then_some(7.0),
                per_s: 1e6 / cost(variant.name),
            });
            vec![of_rounds.collect(); KINDS.len()]
        });
        let timings = VARIANTS.iter().map(|variant| {
            let p99 = p99(variant.name);
            let timing = Timing {
                p50: 50.0,
                p99,
                kept_up: p99 < 1e4,
            };
            vec![vec![vec![timing; 2]; 10]; KINDS.len()]
        });
        Found {
            costs: Measured {
                samples: costs.collect(),
                version: "Envoy 1".to_owned(),
            },
            timings: Measured {
                samples: timings.collect(),
                version: "Envoy 1".to_owned(),
            },
            rates: Rates {
                of: vec![vec![1000.0, 500.0]; KINDS.len()],
                last: Duration::from_millis(1),
            },
        }
    }

    #[test]
    fn a_ratio_is_of_what_is_added() {
        let found = made(
            |name| match name {
                BARE => 20.0,
                DOES_NOTHING => 25.0,
                _ => 30.0,
            },
            |_| 100.0,
        );
        let times = found.times(super::super::variant::OBSERVE, 0).unwrap();
        assert!((times.median - 2.0).abs() < 1e-9, "{times:?}");
        assert_eq!(found.service("external service", 0).unwrap().first(), Some(&7.0));
        assert_eq!(found.service(BARE, 0), None);
    }
}
