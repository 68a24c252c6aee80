//! The verdicts on challenges, in words.

use super::super::measure::lives;
use super::super::statistics::{Estimate, Verdict, differences};
use super::variant::{ABOUT, ABOUT_AGAIN, ANSWERED, BLOCKED, CHALLENGED, CLEARED, FROM_ELSEWHERE, METHOD, MISTAKEN};

/// What each may take, in µs.
const ALLOWED: f64 = 20.0;

/// One thing that may take [`ALLOWED`].
pub(super) struct Target {
    what: &'static str,
    load: &'static str,
    beside: &'static str,
}

/// All of them.
pub(super) const TARGETS: [Target; 5] = [
    target("a page with a puzzle takes", CHALLENGED, BLOCKED),
    target("an answer that is right takes", ANSWERED, METHOD),
    target("an answer that is wrong takes", MISTAKEN, METHOD),
    target("a clearance that is believed takes", CLEARED, ABOUT),
    target("a clearance that is not takes", FROM_ELSEWHERE, ABOUT),
];

const fn target(what: &'static str, load: &'static str, beside: &'static str) -> Target {
    Target { what, load, beside }
}

impl Target {
    /// Judges the samples, which are given by the name of their load.
    pub(super) fn judged<'a>(&self, samples: impl Fn(&str) -> Option<&'a [f64]>) -> Option<(Verdict, String)> {
        let added = |load, beside| Some(Estimate::of(&lives(differences(samples(load)?, samples(beside)?))));
        let twin = added(ABOUT_AGAIN, ABOUT)??;
        let found = added(self.load, self.beside)??;
        let verdict = found.against(ALLOWED, &twin);
        let words = format!(
            "{}: {} {:+.1} µs (at 95 % between {:+.1} and {:+.1}) more than what is {}; {ALLOWED} are allowed; a twin differs by {:+.1}",
            verdict.in_words(),
            self.what,
            found.median,
            found.low,
            found.high,
            self.beside,
            twin.median
        );
        Some((verdict, words))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::measure::ROUNDS_OF_A_LIFE;
    use super::*;

    fn judged(more: f64, twin: f64) -> (Verdict, String) {
        let rounds = 9 * usize::try_from(ROUNDS_OF_A_LIFE).unwrap();
        let cost = |name: &str| match name {
            CHALLENGED => 50.0 + more,
            ABOUT_AGAIN => 50.0 + twin,
            _ => 50.0,
        };
        let samples = |name: &str| Some(&*vec![cost(name); rounds].leak());
        TARGETS[0].judged(samples).unwrap()
    }

    #[test]
    fn twenty_microseconds_are_allowed_and_more_are_not() {
        let (verdict, words) = judged(19.9, 0.1);
        assert_eq!(verdict, Verdict::Within);
        assert!(words.contains("a page with a puzzle takes +19.9 µs"), "{words}");
        assert_eq!(judged(20.1, 0.1).0, Verdict::Above);
        assert_eq!(judged(1.0, 10.5).0, Verdict::Unclear);
    }

    #[test]
    fn what_was_not_measured_is_not_judged() {
        assert_eq!(TARGETS[0].judged(|_| None), None);
    }
}
