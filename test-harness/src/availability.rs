//! What this machine has. A test that cannot run says so by name; where everything is required, it fails instead.

use std::fmt;
use std::io::Write;

/// Whether a client or a program can be had on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Availability {
    /// It is here and can be used.
    Here,
    /// It cannot be had, and why.
    Missing(String),
}

impl Availability {
    /// Missing, for this reason.
    pub fn missing(why: impl Into<String>) -> Self {
        Self::Missing(why.into())
    }

    /// The first that is missing; `Here` when none is.
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        parts.into_iter().find(|part| *part != Self::Here).unwrap_or(Self::Here)
    }
}

impl fmt::Display for Availability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Here => f.write_str("available"),
            Self::Missing(why) => f.write_str(why),
        }
    }
}

/// Whether the test may go on. If not, it has said `SKIP <test>: <why>` on stderr.
///
/// # Panics
///
/// When something is missing and `LAYERPRINT_REQUIRE=all`: where everything is meant to be there, a skip is a failure.
pub fn require_or_skip(test: &str, needs: impl IntoIterator<Item = Availability>) -> bool {
    let Availability::Missing(why) = Availability::all(needs) else {
        return true;
    };
    assert!(
        !everything_is_required(),
        "{test} may not be skipped (LAYERPRINT_REQUIRE=all): {why}"
    );
    skip(test, &why);
    false
}

/// Says `SKIP <test>: <why>` on stderr, also where everything is required: for what no distribution has, and who has it names.
pub fn skip(test: &str, why: &str) {
    // Not `eprintln!`: the test runner would swallow it, and a skip has to be seen.
    // A closed stderr leaves nobody to tell.
    let _ = writeln!(std::io::stderr(), "SKIP {test}: {why}");
}

/// Whether `LAYERPRINT_REQUIRE=all`: where everything is meant to be there, what is missing is a failure.
pub fn everything_is_required() -> bool {
    std::env::var_os("LAYERPRINT_REQUIRE").is_some_and(|value| value == "all")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_missing_part_is_the_reason() {
        let parts = [
            Availability::Here,
            Availability::missing("no curl"),
            Availability::missing("no python"),
        ];
        assert_eq!(Availability::all(parts), Availability::missing("no curl"));
    }

    #[test]
    fn a_test_that_needs_nothing_goes_on() {
        assert!(require_or_skip("anything", []));
    }
}
