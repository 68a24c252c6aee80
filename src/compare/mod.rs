//! What each layer says of a client, and whether the two agree.
//!
//! A layer that was not seen says nothing: it is never held against a client. Only findings raise a score.

mod code;
mod findings;
mod score;
mod view;

pub use crate::clients::stacks::Confidence;
pub use code::Code;
pub use score::{Layer, Score};
pub use view::{Channel, Known, Own, View};

use crate::clients::catalogue::Likeness;
use crate::clients::stacks::Named;
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
    /// How much the comparison is worth: nothing, where there were not two layers to compare; else how much of the evidence was
    /// recognised, less what was found where the layers agree, and half of it where they do not.
    pub confidence: Confidence,
    /// What was found, strongest first.
    pub findings: Vec<Finding>,
}

impl Assessment {
    /// Weighs `findings` under the `coverage` that there was, and what of it was `recognised`.
    pub fn of(coverage: Coverage, recognised: Confidence, mut findings: Vec<Finding>) -> Self {
        findings.sort_by_key(|finding| core::cmp::Reverse(finding.weight));
        let score = |layer| {
            let own = findings.iter().filter(|finding| finding.code.layer() == layer);
            own.fold(Score::default(), |sum, finding| sum.plus(finding.weight))
        };
        let (l4, l7) = (score(Layer::Transport), score(Layer::Application));
        let agreement = match coverage {
            Coverage::Neither => Agreement::Unknown,
            Coverage::One(_) => Agreement::Partial,
            Coverage::Both => match (l4 >= Score::HIGH, l7 >= Score::HIGH) {
                (false, false) => Agreement::Clean,
                (true, true) => Agreement::Hostile,
                _ => Agreement::Conflict,
            },
        };
        let confidence = match agreement {
            // There is nothing to compare.
            Agreement::Unknown | Agreement::Partial => 0,
            Agreement::Clean => recognised.hundredths().saturating_sub(l4.max(l7).value()),
            Agreement::Hostile => recognised.hundredths(),
            // The layers speak against each other, and one of them is wrong.
            Agreement::Conflict => recognised.hundredths() / 2,
        };
        Self {
            l4,
            l7,
            agreement,
            confidence: Confidence::of(confidence),
            findings,
        }
    }

    /// The higher of the two scores.
    pub fn score(&self) -> Score {
        self.l4.max(self.l7)
    }
}

/// What the layers say of all requests that send the same headers over one connection, as long as their client is in the same
/// networks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    coverage: Coverage,
    recognised: Confidence,
    findings: Vec<Finding>,
}

impl Standing {
    /// What they say of those that are like the one in `view`.
    pub fn of(view: &View<'_>, known: Known<'_>) -> Self {
        Self {
            coverage: coverage(view),
            recognised: recognised(view),
            findings: findings::standing(view, known),
        }
    }

    /// What they say of one of them, with what is its `own`.
    pub fn with(&self, own: &Own<'_>) -> Assessment {
        let mut findings = self.findings.clone();
        findings.extend(findings::of_request(own));
        Assessment::of(self.coverage, self.recognised, findings)
    }
}

/// Compares the layers of one request.
pub fn compare(view: &View<'_>, known: Known<'_>) -> Assessment {
    Standing::of(view, known).with(&view.own)
}

/// The same before there is a request: what TCP and the path alone show.
pub fn compare_connection(view: &View<'_>) -> Assessment {
    Assessment::of(coverage(view), recognised(view), findings::of_connection(view))
}

/// Which layers were seen. A claim alone is nothing that was seen.
fn coverage(view: &View<'_>) -> Coverage {
    let application = view.tls.seen().is_some()
        || view.http2.seen().is_some()
        || view.case.seen().is_some()
        || view.order.seen().is_some();
    match (view.stack.seen().is_some(), application) {
        (true, true) => Coverage::Both,
        (true, false) => Coverage::One(Layer::Transport),
        (false, true) => Coverage::One(Layer::Application),
        (false, false) => Coverage::Neither,
    }
}

/// How much of what was seen was recognised, the mean of the two layers. An unknown fingerprint is held against nobody, and says little.
fn recognised(view: &View<'_>) -> Confidence {
    const UNKNOWN: u8 = 25;
    let transport = match view.stack.seen() {
        None => 0,
        Some(Named::Known { confidence, .. }) => confidence.hundredths(),
        Some(Named::Ambiguous(..)) => 50,
        Some(Named::Unknown) => UNKNOWN,
    };
    let of = |likeness: &Likeness| if likeness.is_unknown() { UNKNOWN } else { 100 };
    let tls = view.tls.seen().map(|shown| of(&shown.likeness));
    let http2 = view.http2.seen().map(|likeness| of(likeness));
    let application = match (tls, http2) {
        (Some(tls), Some(http2)) => mean(tls, http2),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => UNKNOWN,
    };
    Confidence::of(mean(transport, application))
}

const fn mean(one: u8, other: u8) -> u8 {
    one.midpoint(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_found_and_one_layer_seen_is_partial_and_worth_nothing() {
        let assessment = Assessment::of(Coverage::One(Layer::Application), Confidence::of(100), Vec::new());
        assert_eq!((assessment.l4.value(), assessment.l7.value()), (0, 0));
        assert_eq!(assessment.agreement, Agreement::Partial);
        assert_eq!(assessment.confidence.to_string(), "0.00");
    }

    #[test]
    fn a_finding_raises_its_own_layer_only() {
        let assessment = Assessment::of(Coverage::Both, Confidence::of(90), vec![Code::ForgedAnnotation.into()]);
        assert_eq!((assessment.l4.value(), assessment.l7.value()), (0, 60));
        assert_eq!(assessment.agreement, Agreement::Conflict);
        assert_eq!(assessment.confidence.to_string(), "0.45");
    }
}
