//! What each layer says of a client, and whether the two agree.
//!
//! A layer that was not seen says nothing: it is never held against a client. Only findings raise a score.

use core::fmt;

/// The layer that a finding speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// TCP and the path.
    Transport,
    /// TLS, HTTP and behaviour.
    Application,
}

impl Layer {
    /// The layer's number.
    pub const fn number(self) -> u8 {
        match self {
            Self::Transport => 4,
            Self::Application => 7,
        }
    }
}

/// 0 (nothing against the client) to 100.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Score(u8);

impl Score {
    /// From here on a layer counts as high.
    pub const HIGH: Self = Self(50);

    /// `value`, at most 100.
    pub const fn new(value: u8) -> Self {
        if value > 100 { Self(100) } else { Self(value) }
    }

    /// Both together, at most 100.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self::new(self.0.saturating_add(other.0))
    }

    /// The number.
    pub const fn value(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What was found, by its stable code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The client sent headers that are ours to set.
    ForgedAnnotation,
}

impl Code {
    /// All codes.
    pub const ALL: [Self; 1] = [Self::ForgedAnnotation];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ForgedAnnotation => "forged-annotation",
        }
    }

    /// The layer that it speaks for.
    pub const fn layer(self) -> Layer {
        match self {
            Self::ForgedAnnotation => Layer::Application,
        }
    }

    /// How much it weighs. A forged annotation has no innocent sender: no client ever has a reason to know these names.
    pub const fn weight(self) -> Score {
        match self {
            Self::ForgedAnnotation => Score::new(60),
        }
    }

    /// Why it counts, in one sentence.
    pub const fn why(self) -> &'static str {
        match self {
            Self::ForgedAnnotation => "the client sent x-layerprint headers, which only this proxy sets",
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

/// 0.00 to 1.00, kept in hundredths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Confidence(u8);

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
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
    pub findings: Vec<Code>,
}

impl Assessment {
    /// Weighs `findings` under the `coverage` that there was.
    pub fn of(coverage: Coverage, mut findings: Vec<Code>) -> Self {
        findings.sort_by_key(|code| core::cmp::Reverse(code.weight()));
        let score = |layer| {
            let own = findings.iter().filter(|code| code.layer() == layer);
            own.fold(Score::default(), |sum, code| sum.plus(code.weight()))
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
            confidence: Confidence(confidence),
            findings,
        }
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
        let assessment = Assessment::of(Coverage::Both, vec![Code::ForgedAnnotation]);
        assert_eq!((assessment.l4.value(), assessment.l7.value()), (0, 60));
        assert_eq!(assessment.agreement, Agreement::Conflict);
    }

    #[test]
    fn scores_end_at_a_hundred() {
        assert_eq!(Score::new(200).value(), 100);
        assert_eq!(Score::new(60).plus(Score::new(60)).value(), 100);
    }
}
