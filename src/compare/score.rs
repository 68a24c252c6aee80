//! The numbers of a comparison: the layers and their scores.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_end_at_a_hundred() {
        assert_eq!(Score::new(200).value(), 100);
        assert_eq!(Score::new(60).plus(Score::new(60)).value(), 100);
    }
}
