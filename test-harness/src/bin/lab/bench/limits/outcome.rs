//! The verdicts on limits, in words.

use super::super::measure::lives;
use super::super::report::percent;
use super::super::statistics::{Estimate, Verdict, differences, shares};
use super::super::times::Added;
use super::variant::{BARE, LIMITS, NO_OP, PLAIN, TWIN};

/// The first target: how many times the added cost of a filter that does nothing a limit may add to a request it counts.
const TIMES: f64 = 3.0;
/// The second target: on other routes no cost that can be measured. What is below this share cannot be.
const MEASURABLE: f64 = 0.02;
/// Equal ones that may differ by more than this show a machine too busy for the question.
const COARSEST: f64 = 0.05;

/// What a limit adds to a request that it counts. `samples` gives those of a variant by its name.
pub(super) fn on_the_limited_route<'a>(samples: impl Fn(&str) -> Option<&'a [f64]>) -> Option<(Verdict, String)> {
    let added = differences(samples(LIMITS)?, samples(PLAIN)?);
    let no_op = differences(samples(NO_OP)?, samples(BARE)?);
    let twins = differences(samples(TWIN)?, samples(PLAIN)?);
    let Added {
        verdict,
        added: Estimate { low, median, high },
        allowed,
        twins,
    } = Added::at_most(TIMES, added, &no_op, twins)?;
    let words = format!(
        "{}: a limit adds {median:+.1} µs to a request that it counts (at 95 % between {low:+.1} and {high:+.1}); {allowed:.1} are \
         allowed, {TIMES} times what a filter that does nothing adds; a twin differs by {:+.1}",
        verdict.in_words(),
        twins.median
    );
    Some((verdict, words))
}

/// What a limit adds to a request that it does not count.
pub(super) fn on_another_route<'a>(samples: impl Fn(&str) -> Option<&'a [f64]>) -> Option<(Verdict, String)> {
    let added = Estimate::of(&lives(shares(samples(LIMITS)?, samples(PLAIN)?)))?;
    let twin = Estimate::of(&lives(shares(samples(TWIN)?, samples(PLAIN)?)))?;
    let limit = MEASURABLE.max(twin.reach());
    // Equal ones that differ by what is held to be measurable, or a limit that makes requests cheaper, say that something is
    // amiss with the measuring.
    let verdict = if twin.median.abs() > MEASURABLE || limit > COARSEST || added.high < -limit {
        Verdict::Unclear
    } else {
        added.side_of(limit)
    };
    let words = format!(
        "{}: it adds {} to a request that it does not count (at 95 % between {} and {}); {} cannot be told from nothing, and a twin \
         differs by {} (between {} and {})",
        verdict.in_words(),
        percent(added.median),
        percent(added.low),
        percent(added.high),
        percent(limit),
        percent(twin.median),
        percent(twin.low),
        percent(twin.high)
    );
    Some((verdict, words))
}

#[cfg(test)]
mod tests {
    use super::super::super::measure::ROUNDS_OF_A_LIFE;
    use super::*;

    /// Nine lives of each, in whose rounds only the machine's pace differs.
    fn judged(
        judge: impl Fn(&dyn Fn(&str) -> Option<&'static [f64]>) -> Option<(Verdict, String)>,
        twin: f64,
        limited: f64,
    ) -> (Verdict, String) {
        let paces = [1.0, 1.1, 0.9, 1.0, 1.3, 1.0, 0.95, 1.05, 1.0];
        let cost = |name: &str| match name {
            BARE => 13.0,
            NO_OP => 17.0,
            PLAIN => 40.0,
            TWIN => twin,
            _ => limited,
        };
        judge(&|name: &str| {
            let life = usize::try_from(ROUNDS_OF_A_LIFE).unwrap();
            let rounds = paces.iter().cycle().take(9 * life);
            let samples: Vec<f64> = rounds.map(|pace| pace * cost(name)).collect();
            Some(&*samples.leak())
        })
        .unwrap()
    }

    #[test]
    fn three_times_a_no_op_is_allowed_and_more_is_not() {
        let verdict = |limited| judged(|samples| on_the_limited_route(samples), 40.0, limited);
        let (kept, words) = verdict(44.0);
        assert_eq!(kept, Verdict::Within);
        assert!(words.contains("a limit adds +4.0 µs"), "{words}");
        assert!(words.contains("12.0 are allowed"), "{words}");
        assert_eq!(verdict(51.9).0, Verdict::Within);
        assert_eq!(verdict(52.1).0, Verdict::Above);
    }

    #[test]
    fn where_a_twin_differs_by_half_of_what_is_allowed_nothing_is_told() {
        let (verdict, words) = judged(|samples| on_the_limited_route(samples), 46.5, 41.0);
        assert_eq!(verdict, Verdict::Unclear);
        assert!(words.starts_with("CANNOT BE TOLD"), "{words}");
    }

    #[test]
    fn another_route_may_cost_nothing_that_can_be_measured() {
        let verdict = |twin, limited| judged(|samples| on_another_route(samples), twin, limited).0;
        assert_eq!(verdict(40.0, 40.0), Verdict::Within);
        assert_eq!(verdict(40.0, 40.7), Verdict::Within);
        assert_eq!(verdict(40.0, 40.9), Verdict::Above);
        assert_eq!(verdict(41.0, 40.0), Verdict::Unclear);
        assert_eq!(verdict(40.0, 38.0), Verdict::Unclear);
    }

    #[test]
    fn without_its_variants_nothing_is_judged() {
        assert_eq!(on_the_limited_route(|_| None), None);
        assert_eq!(on_another_route(|_| None), None);
    }
}
