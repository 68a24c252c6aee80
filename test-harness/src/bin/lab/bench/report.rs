//! What was measured, as a table.

use super::plan::Plan;
use super::statistics::{Estimate, Quartiles, differences, shares};
use layerprint_harness::table::Table;

/// One variant in a table.
pub(super) struct Row<'a> {
    pub(super) name: &'a str,
    /// µs in each round.
    pub(super) samples: &'a [f64],
    /// What it is compared with, and what that cost in the same rounds.
    pub(super) beside: Option<(&'a str, &'a [f64])>,
}

impl<'a> Row<'a> {
    /// Compared with nothing.
    pub(super) fn new(name: &'a str, samples: &'a [f64]) -> Self {
        Self {
            name,
            samples,
            beside: None,
        }
    }
}

/// A title, with how much was measured of `what`.
pub(super) fn title(title: &str, plan: Plan, what: &str) -> String {
    format!("{title}; {} rounds of {} {what}", plan.rounds, plan.each)
}

/// A line for each variant. What `over` makes of the comparisons of all rounds is what the estimates are of.
pub(super) fn table(rows: &[Row<'_>], over: impl Fn(Vec<f64>) -> Vec<f64>) -> String {
    let mut table = Table::new([
        "variant",
        "µs, median",
        "quartiles",
        "beside",
        "µs more",
        "share",
        "at 95 % between",
    ]);
    for row in rows {
        let quartiles = Quartiles::of(row.samples);
        let quartiles = quartiles.as_ref();
        let beside = row.beside.map(|(_, samples)| samples);
        let more = beside.and_then(|other| Estimate::of(&over(differences(row.samples, other))));
        let share = beside.and_then(|other| Estimate::of(&over(shares(row.samples, other))));
        let share = share.as_ref();
        table.row([
            Some(row.name.to_owned()),
            quartiles.map(|found| format!("{:.1}", found.median)),
            quartiles.map(|found| format!("{:.1} to {:.1}", found.lower, found.upper)),
            row.beside.map(|(name, _)| name.to_owned()),
            more.map(|found| format!("{:+.1}", found.median)),
            share.map(|found| percent(found.median)),
            share.map(|found| format!("{} and {}", percent(found.low), percent(found.high))),
        ]);
    }
    table.to_string()
}

/// With its sign, as a difference is.
pub(super) fn percent(share: f64) -> String {
    format!("{:+.1} %", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_has_its_sign() {
        assert_eq!(percent(0.0525), "+5.2 %");
        assert_eq!(percent(-0.01), "-1.0 %");
    }

    #[test]
    fn the_table_compares_each_with_what_stands_beside_it() {
        let (bare, probe) = ([50.0; 9], [53.0; 9]);
        let mut rows = [Row::new("bare", &bare), Row::new("syn rtt", &probe)];
        rows[1].beside = Some(("bare", &bare));
        let text = table(&rows, |rounds| rounds);
        let row = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap();
        assert!(row("bare").ends_with("–"), "{text}");
        assert!(row("syn rtt").contains("bare    +3.0     +6.0 %"), "{text}");
    }
}
