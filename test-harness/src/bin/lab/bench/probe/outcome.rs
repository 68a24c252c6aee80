//! The verdict on the probe, in words.

use super::super::report::percent;
use super::super::statistics::{Estimate, Verdict, shares};
use super::variant::{CONTROL, Group, TARGET};

/// The target: how much dearer SYN and round-trip time may make a connection, as a share.
const LIMIT: f64 = 0.10;

/// What the target is about, and what two equal Envoys differ by.
pub(super) struct Outcome {
    target: Estimate,
    control: Estimate,
}

impl Outcome {
    /// Of the group that has both.
    pub(super) fn of(group: &Group, samples: &[Vec<f64>]) -> Option<Self> {
        let to_the_first = |name| {
            let number = group.variants.iter().position(|variant| variant.name == name)?;
            Estimate::of(&shares(samples.get(number)?, samples.first()?))
        };
        Some(Self {
            target: to_the_first(TARGET)?,
            control: to_the_first(CONTROL)?,
        })
    }

    pub(super) fn verdict(&self) -> Verdict {
        self.target.against(LIMIT, &self.control)
    }

    pub(super) fn in_words(&self) -> String {
        let verdict = self.verdict().in_words();
        let Estimate { low, median, high } = self.target;
        format!(
            "{verdict}: with {TARGET} a cleartext connection costs {} (at 95 % between {} and {}); {} is allowed",
            percent(median),
            percent(low),
            percent(high),
            percent(LIMIT)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::variant::GROUPS;
    use super::*;

    #[test]
    fn the_target_is_judged_in_the_first_group_against_its_bare_envoy() {
        let first = &GROUPS[0];
        let costs = |variant: &str| if variant == TARGET { 105.0 } else { 100.0 };
        let samples: Vec<_> = first
            .variants
            .iter()
            .map(|variant| vec![costs(variant.name); 9])
            .collect();
        let outcome = Outcome::of(first, &samples).unwrap();
        assert_eq!(outcome.verdict(), Verdict::Within);
        let words = outcome.in_words();
        assert!(
            words.starts_with("within the target: with syn rtt a cleartext connection costs +5.0 %"),
            "{words}"
        );
        assert!(Outcome::of(&GROUPS[2], &samples[..2]).is_none());
    }
}
