//! What is added to a request, held against what a filter that does nothing adds.

use super::measure::lives;
use super::statistics::{Estimate, Quartiles, Verdict, differences};

/// What was added, and what may be.
#[derive(Debug)]
pub(super) struct Added {
    pub(super) verdict: Verdict,
    /// µs.
    pub(super) added: Estimate,
    /// µs: so many times what the filter that does nothing adds.
    pub(super) allowed: f64,
    /// How far two equal Envoys differ, in µs.
    pub(super) twins: Estimate,
}

impl Added {
    /// Of what each round added, what the filter that does nothing added in the same round, and what equal ones differed by.
    pub(super) fn at_most(times: f64, added: Vec<f64>, no_op: &[f64], twins: Vec<f64>) -> Option<Self> {
        let twins = Estimate::of(&lives(twins))?;
        let allowed: Vec<f64> = no_op.iter().map(|cost| cost * times).collect();
        // Of each round by itself, as everywhere: what slows a round down slows both sides of it.
        let over = Estimate::of(&lives(differences(&added, &allowed)))?;
        let allowed = Quartiles::of(&allowed)?.median;
        // Where half of what is allowed lies between equal ones, nothing can be told.
        let verdict = if twins.median.abs() > allowed / 2.0 {
            Verdict::Unclear
        } else {
            over.side_of(0.0)
        };
        Some(Self {
            verdict,
            added: Estimate::of(&lives(added))?,
            allowed,
            twins,
        })
    }
}
