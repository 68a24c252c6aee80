//! What follows from an assessment, as the configuration says.

pub mod config;

use crate::compare::{Assessment, Score};

/// Whether verdicts are carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// They are written down; every request passes.
    #[default]
    Observe,
    /// They are carried out.
    Enforce,
}

impl Mode {
    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Enforce => "enforce",
        }
    }
}

/// The answer to a request. Both let it pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Nothing against it.
    Allow,
    /// Something worth a look.
    Log,
}

impl Verdict {
    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Log => "log",
        }
    }
}

/// The verdict on one request, and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The answer.
    pub verdict: Verdict,
    /// Whether it is carried out.
    pub mode: Mode,
    /// The route that the request matched.
    pub route: &'static str,
    /// What that route is for.
    pub class: &'static str,
}

/// Decides on one request: any finding at all is worth a look.
pub fn decide(mode: Mode, assessment: &Assessment) -> Decision {
    let quiet = assessment.l4.max(assessment.l7) == Score::default();
    let verdict = if quiet { Verdict::Allow } else { Verdict::Log };
    Decision {
        verdict,
        mode,
        route: "default",
        class: "page",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::{Code, Coverage};

    #[test]
    fn a_finding_is_logged_and_its_absence_allowed() {
        let verdict = |findings| decide(Mode::Observe, &Assessment::of(Coverage::Neither, findings)).verdict;
        assert_eq!(verdict(vec![]), Verdict::Allow);
        assert_eq!(verdict(vec![Code::ForgedAnnotation]), Verdict::Log);
    }
}
