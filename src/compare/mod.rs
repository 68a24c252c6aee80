//! What each layer says of a client, and whether the two agree.
//!
//! A layer that was not seen says nothing: it is never held against a client. Only findings raise a score.

mod code;
mod score;

pub use code::Code;
pub use score::{Confidence, Layer, Score};

use std::borrow::Cow;

/// Something that was found of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub code: Code,
    /// What it weighs here, at most [`Code::weight`].
    pub weight: Score,
    /// What was seen and why it counts, in one sentence.
    pub why: Cow<'static, str>,
}

impl From<Code> for Finding {
    fn from(code: Code) -> Self {
        Self {
            code,
            weight: code.weight(),
            why: Cow::Borrowed(code.why()),
        }
    }
}

/// How the layers stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Agreement {
    /// Both were seen and are low.
    Clean,
    /// One is high and the other low.
    Conflict,
    /// Both are high.
    Hostile,
    /// One was not seen.
    Partial,
    /// Neither was seen.
    Unknown,
}

impl Agreement {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Clean, Self::Conflict, Self::Hostile, Self::Partial, Self::Unknown];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Conflict => "conflict",
            Self::Hostile => "hostile",
            Self::Partial => "partial",
            Self::Unknown => "unknown",
        }
    }
}

/// Which layers gave any evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// Both.
    Both,
    /// One of them.
    One(Layer),
    /// Neither.
    Neither,
}

/// What the layers say of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment {
    /// The score of Layer 4.
    pub l4: Score,
    /// The score of Layer 7.
    pub l7: Score,
    /// How they stand to each other.
    pub agreement: Agreement,
    /// How much the comparison is worth: nothing, where there were not two layers to compare.
    pub confidence: Confidence,
    /// What was found, strongest first.
    pub findings: Vec<Finding>,
}

impl Assessment {
    /// Weighs `findings` under the `coverage` that there was.
    pub fn of(coverage: Coverage, mut findings: Vec<Finding>) -> Self {
        findings.sort_by_key(|finding| core::cmp::Reverse(finding.weight));
        let score = |layer| {
            let own = findings.iter().filter(|finding| finding.code.layer() == layer);
            own.fold(Score::default(), |sum, finding| sum.plus(finding.weight))
        };
        let (l4, l7) = (score(Layer::Transport), score(Layer::Application));
        let (agreement, confidence) = match coverage {
            Coverage::Neither => (Agreement::Unknown, 0),
            Coverage::One(_) => (Agreement::Partial, 0),
            Coverage::Both => match (l4 >= Score::HIGH, l7 >= Score::HIGH) {
                (false, false) => (Agreement::Clean, 100),
                (true, true) => (Agreement::Hostile, 100),
                _ => (Agreement::Conflict, 50),
            },
        };
        Self {
            l4,
            l7,
            agreement,
            confidence: Confidence::hundredths(confidence),
            findings,
        }
    }

    /// The higher of the two scores.
    pub fn score(&self) -> Score {
        self.l4.max(self.l7)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_found_and_one_layer_seen_is_partial_and_worth_nothing() {
        let assessment = Assessment::of(Coverage::One(Layer::Application), Vec::new());
        assert_eq!((assessment.l4.value(), assessment.l7.value()), (0, 0));
        assert_eq!(assessment.agreement, Agreement::Partial);
        assert_eq!(assessment.confidence.to_string(), "0.00");
    }

    #[test]
    fn a_finding_raises_its_own_layer_only() {
        let assessment = Assessment::of(Coverage::Both, vec![Code::ForgedAnnotation.into()]);
        assert_eq!((assessment.l4.value(), assessment.l7.value()), (0, 60));
        assert_eq!(assessment.agreement, Agreement::Conflict);
    }
}
