//! What a few noisy measurements show: quartiles, a difference and how sure it is, a verdict.

/// The fewest rounds, as the target asks for. Of fewer than six there would be no interval either.
pub(super) const FEWEST_ROUNDS: u32 = 7;
/// The median of all rounds there could be lies outside the interval at most this often, on each side.
const OUTSIDE: f64 = 0.025;

/// Median and quartiles.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Quartiles {
    pub(super) lower: f64,
    pub(super) median: f64,
    pub(super) upper: f64,
}

impl Quartiles {
    /// Of these values; `None` of none.
    pub(super) fn of(values: &[f64]) -> Option<Self> {
        let sorted = sorted(values);
        Some(Self {
            lower: at_quarter(&sorted, 1)?,
            median: at_quarter(&sorted, 2)?,
            upper: at_quarter(&sorted, 3)?,
        })
    }
}

/// The median over the rounds, and an interval that holds the true median with at least 95 % probability if the rounds are
/// independent. On a busy machine neighbours are not quite, so it is a little too narrow there: that is what a control is for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Estimate {
    pub(super) low: f64,
    pub(super) median: f64,
    pub(super) high: f64,
}

/// How much dearer one variant is than another in each round, as a share: 0.05 is 5 % more.
pub(super) fn shares(variant: &[f64], baseline: &[f64]) -> Vec<f64> {
    let pairs = variant.iter().zip(baseline);
    pairs.map(|(variant, baseline)| variant / baseline - 1.0).collect()
}

/// The same in their own unit.
pub(super) fn differences(variant: &[f64], baseline: &[f64]) -> Vec<f64> {
    let pairs = variant.iter().zip(baseline);
    pairs.map(|(variant, baseline)| variant - baseline).collect()
}

/// The median of each `life` rounds. One process can be dearer than its twin in all rounds of its life: where that is more than
/// the target, lives are what is independent, not rounds.
pub(super) fn by_lives(rounds: &[f64], life: usize) -> Vec<f64> {
    let lives = rounds.chunks(life.max(1)).map(Quartiles::of);
    lives.flatten().map(|life| life.median).collect()
}

/// What an estimate says about a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The whole interval is at or below it.
    Within,
    /// The whole interval is above it.
    Above,
    /// The limit lies inside the interval, or what should be equal is not.
    Unclear,
}

impl Verdict {
    /// One missed target is a miss, and one that is not shown to be met leaves the whole open.
    pub(super) fn of_all(verdicts: impl IntoIterator<Item = Self>) -> Self {
        verdicts.into_iter().fold(Self::Within, |all, one| match (all, one) {
            (Self::Above, _) | (_, Self::Above) => Self::Above,
            (Self::Unclear, _) | (_, Self::Unclear) => Self::Unclear,
            (Self::Within, Self::Within) => Self::Within,
        })
    }

    /// As the last lines of a bench begin.
    pub(super) fn in_words(self) -> &'static str {
        match self {
            Self::Within => "within the target",
            Self::Above => "ABOVE THE TARGET",
            Self::Unclear => "CANNOT BE TOLD with so few rounds on so busy a machine",
        }
    }
}

impl Estimate {
    /// Of one value for each round; `None` when there are fewer than [`FEWEST_ROUNDS`].
    pub(super) fn of(rounds: &[f64]) -> Option<Self> {
        let sorted = sorted(rounds);
        let rounds = u32::try_from(sorted.len())
            .ok()
            .filter(|rounds| *rounds >= FEWEST_ROUNDS)?;
        let cut = usize::try_from(rank_outside(rounds)).ok()?;
        Some(Self {
            low: *sorted.get(cut)?,
            median: at_quarter(&sorted, 2)?,
            high: *sorted.iter().rev().nth(cut)?,
        })
    }

    /// Whether the limit is shown to be kept. `control` compares two that are equal: where half of the limit lies between
    /// them, no difference can be trusted.
    pub(super) fn against(&self, limit: f64, control: &Self) -> Verdict {
        if control.median.abs() > limit / 2.0 {
            Verdict::Unclear
        } else {
            self.side_of(limit)
        }
    }

    /// On which side of the limit the interval lies.
    pub(super) fn side_of(&self, limit: f64) -> Verdict {
        if self.high <= limit {
            Verdict::Within
        } else if self.low > limit {
            Verdict::Above
        } else {
            Verdict::Unclear
        }
    }

    /// How far from nothing the interval reaches, on either side.
    pub(super) fn reach(&self) -> f64 {
        self.low.abs().max(self.high.abs())
    }
}

/// How many of the sorted values are left out at each end of the interval. Each round falls below the true median as a coin
/// falls (the sign test): so many as the lower tail of that distribution holds with a probability of [`OUTSIDE`] at most.
fn rank_outside(rounds: u32) -> u32 {
    let mut probability = 0.5_f64.powf(f64::from(rounds));
    let mut tail = probability;
    let mut below = 0;
    while tail <= OUTSIDE {
        probability *= f64::from(rounds - below) / f64::from(below + 1);
        tail += probability;
        below += 1;
    }
    // The tail reached with `below` heads is too much; with one fewer it was not, and it is that value which bounds.
    below.saturating_sub(1)
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// The value at 1, 2 or 3 quarters of the way, between its neighbours where it falls between two.
fn at_quarter(sorted: &[f64], quarters: usize) -> Option<f64> {
    let steps = sorted.len().checked_sub(1)? * quarters;
    let below = sorted.get(steps / 4)?;
    let above = sorted.get(steps.div_ceil(4))?;
    let part = match steps % 4 {
        0 => 0.0,
        1 => 0.25,
        2 => 0.5,
        _ => 0.75,
    };
    Some(below + (above - below) * part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_fall_between_values_where_they_must() {
        let quartiles = Quartiles::of(&[4.0, 1.0, 3.0, 2.0]).unwrap();
        assert_eq!((quartiles.lower, quartiles.median, quartiles.upper), (1.75, 2.5, 3.25));
        let quartiles = Quartiles::of(&[5.0, 1.0, 4.0, 2.0, 3.0]).unwrap();
        assert_eq!((quartiles.lower, quartiles.median, quartiles.upper), (2.0, 3.0, 4.0));
        assert_eq!(Quartiles::of(&[]), None);
    }

    /// The ranks that tables of the sign test give for a two-sided 95 %.
    #[test]
    fn the_interval_leaves_out_what_the_tables_say() {
        let ranks = [7, 9, 11, 12, 15, 17, 20, 25, 30].map(rank_outside);
        assert_eq!(ranks, [0, 1, 1, 2, 3, 4, 5, 7, 9]);
    }

    #[test]
    fn a_slow_round_slows_both_and_changes_nothing() {
        let baseline = [40.0, 80.0, 40.0, 44.0, 40.0, 60.0, 40.0];
        let variant = baseline.map(|cost| cost * 1.05);
        let estimate = Estimate::of(&shares(&variant, &baseline)).unwrap();
        for share in [estimate.low, estimate.median, estimate.high] {
            assert!((share - 0.05).abs() < 1e-9, "{share}");
        }
    }

    #[test]
    fn one_wild_round_of_nine_does_not_move_the_interval() {
        let baseline = [100.0; 9];
        let mut variant = [104.0, 105.0, 106.0, 104.0, 105.0, 106.0, 104.0, 105.0, 106.0];
        let before = Estimate::of(&shares(&variant, &baseline)).unwrap();
        variant[8] = 300.0;
        assert_eq!(Estimate::of(&shares(&variant, &baseline)).unwrap(), before);
        assert_eq!(before.against(0.10, &of(-0.01, 0.01)), Verdict::Within);
    }

    #[test]
    fn a_difference_is_taken_round_by_round() {
        assert_eq!(differences(&[5.0, 9.0], &[3.0, 10.0]), [2.0, -1.0]);
    }

    #[test]
    fn a_life_counts_once_however_long_it_was_dear() {
        let rounds = [1.0, 2.0, 90.0, 7.0, 7.0, 8.0, 3.0];
        assert_eq!(by_lives(&rounds, 3), [2.0, 7.0, 3.0]);
        assert_eq!(by_lives(&[], 3), [0.0; 0]);
    }

    #[test]
    fn one_missed_target_outweighs_one_that_is_open() {
        use Verdict::{Above, Unclear, Within};
        assert_eq!(Verdict::of_all([Within, Within]), Within);
        assert_eq!(Verdict::of_all([Unclear, Within]), Unclear);
        assert_eq!(Verdict::of_all([Unclear, Above, Within]), Above);
    }

    #[test]
    fn the_reach_is_that_of_the_farther_end() {
        assert_eq!((of(-0.03, 0.01).reach(), of(-0.01, 0.02).reach()), (0.03, 0.02));
    }

    #[test]
    fn a_limit_inside_the_interval_is_not_decided() {
        let equal = of(-0.01, 0.02);
        assert_eq!(of(0.03, 0.10).against(0.10, &equal), Verdict::Within);
        assert_eq!(of(0.03, 0.11).against(0.10, &equal), Verdict::Unclear);
        assert_eq!(of(0.09, 0.30).against(0.10, &equal), Verdict::Unclear);
        assert_eq!(of(0.11, 0.30).against(0.10, &equal), Verdict::Above);
    }

    #[test]
    fn nothing_is_decided_when_two_equal_ones_differ() {
        assert_eq!(of(0.01, 0.03).against(0.10, &of(0.04, 0.08)), Verdict::Unclear);
        assert_eq!(of(0.20, 0.30).against(0.10, &of(-0.08, -0.04)), Verdict::Unclear);
    }

    fn of(low: f64, high: f64) -> Estimate {
        Estimate {
            low,
            median: (low + high) / 2.0,
            high,
        }
    }

    #[test]
    fn too_few_rounds_give_no_estimate() {
        assert_eq!(Estimate::of(&[1.0; 6]), None);
    }
}
