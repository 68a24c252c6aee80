//! What was measured, as a table and as a verdict in words.

use super::statistics::{Estimate, Quartiles, Verdict};
use super::variant::{CONTROL, Group, TARGET};
use super::{LIMIT, Plan};
use layerprint_harness::table::Table;

/// A title, and a row for each variant.
pub(super) fn table(group: &Group, plan: Plan, samples: &[Vec<f64>]) -> String {
    let mut table = Table::new(["variant", "µs, median", "quartiles", "to the first", "at 95 % between"]);
    for (number, (variant, of_variant)) in group.variants.iter().zip(samples).enumerate() {
        let quartiles = Quartiles::of(of_variant);
        let quartiles = quartiles.as_ref();
        let estimate = samples.first().filter(|_| number > 0);
        let estimate = estimate.and_then(|first| Estimate::of(of_variant, first));
        let estimate = estimate.as_ref();
        table.row([
            Some(variant.name.to_owned()),
            quartiles.map(|found| format!("{:.1}", found.median)),
            quartiles.map(|found| format!("{:.1} to {:.1}", found.lower, found.upper)),
            estimate.map(|found| percent(found.median)),
            estimate.map(|found| format!("{} and {}", percent(found.low), percent(found.high))),
        ]);
    }
    let Plan { rounds, connections } = plan;
    format!(
        "{}; {rounds} rounds of {connections} connections\n\n{table}",
        group.title
    )
}

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
            Estimate::of(samples.get(number)?, samples.first()?)
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
        let verdict = match self.verdict() {
            Verdict::Within => "within the target",
            Verdict::Above => "ABOVE THE TARGET",
            Verdict::Unclear => "CANNOT BE TOLD with so few rounds on so busy a machine",
        };
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

/// With its sign, as a difference is.
fn percent(share: f64) -> String {
    format!("{:+.1} %", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::super::variant::GROUPS;
    use super::*;

    #[test]
    fn a_difference_has_its_sign() {
        assert_eq!(percent(0.0525), "+5.2 %");
        assert_eq!(percent(-0.01), "-1.0 %");
    }

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

    #[test]
    fn the_table_compares_each_with_the_first() {
        let group = &GROUPS[0];
        let samples = [vec![50.0; 9], vec![50.0; 9], vec![53.0; 9]];
        let text = table(
            group,
            Plan {
                rounds: 9,
                connections: 100,
            },
            &samples,
        );
        let row = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap();
        assert!(row("bare").ends_with("–"), "{text}");
        assert!(row("syn rtt").contains("+6.0 %"), "{text}");
    }
}
