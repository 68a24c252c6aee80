//! How much is measured, and the options that say so.

use lexopt::Arg::Long;
use lexopt::ValueExt;

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// Rounds that count. Many short ones tell more than a few long ones: the two sides of a comparison are then closer in time.
    pub(super) rounds: u32,
    /// Connections or requests of each variant in each round.
    pub(super) each: u32,
}

/// What a bench accepts.
pub(super) struct Accepted {
    /// What is counted, in the plural: `connections`, `requests`.
    pub(super) what: &'static str,
    /// The plan without options.
    pub(super) usual: Plan,
    /// The smallest plan that can tell anything.
    pub(super) least: Plan,
}

impl Accepted {
    /// Reads `--rounds N` and `--WHAT N`.
    pub(super) fn parse(&self, arguments: &[&str]) -> Result<Plan, lexopt::Error> {
        let mut plan = self.usual;
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Long("rounds") => plan.rounds = parser.value()?.parse()?,
                Long(what) if what == self.what => plan.each = parser.value()?.parse()?,
                other => return Err(other.unexpected()),
            }
        }
        if plan.rounds < self.least.rounds {
            return Err(format!("--rounds must be at least {}", self.least.rounds).into());
        }
        if plan.each < self.least.each {
            return Err(format!("--{} must be at least {}", self.what, self.least.each).into());
        }
        Ok(plan)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_with_too_few_rounds_to_tell_is_refused() {
        let accepted = Accepted {
            what: "requests",
            usual: Plan { rounds: 100, each: 240 },
            least: Plan { rounds: 10, each: 8 },
        };
        assert_eq!(accepted.parse(&[]).unwrap(), accepted.usual);
        let plan = accepted.parse(&["--rounds", "30", "--requests", "400"]).unwrap();
        assert_eq!(plan, Plan { rounds: 30, each: 400 });
        assert!(accepted.parse(&["--rounds", "9"]).is_err());
        assert!(accepted.parse(&["--requests", "0"]).is_err());
        assert!(accepted.parse(&["--connections", "400"]).is_err());
        assert!(accepted.parse(&["--quick"]).is_err());
    }
}
