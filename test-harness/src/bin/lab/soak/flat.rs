//! Whether something grows. Of the second half of all samples, the slope between each two is taken; their median is the growth (Theil and
//! Sen), and by Kendall's test of rank how sure it is. Memory that is taken in steps and given back late has no normal distribution, and
//! this test asks for none.

/// The fewest samples in that half.
const FEWEST: usize = 20;
/// 95 % of a normal distribution lie within so many standard deviations.
const SURE: f64 = 1.96;

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Growth {
    /// The median of all samples of the half.
    level: f64,
    /// What is added over the half, and at 95 % between which two.
    low: f64,
    median: f64,
    high: f64,
    /// What may be added over the half.
    allowed: f64,
    unit: &'static str,
}

impl Growth {
    /// Of samples as they were taken, one after another in the same steps of time; none of too few. So much growth over the half is still
    /// called flat.
    pub(super) fn of(samples: &[f64], allowed: f64, unit: &'static str) -> Option<Self> {
        let half = samples.get(samples.len() / 2..)?;
        if half.len() < FEWEST {
            return None;
        }
        let numbered: Vec<(f64, f64)> = (0_u32..).map(f64::from).zip(half.iter().copied()).collect();
        let mut slopes = Vec::new();
        for (n, (at, value)) in numbered.iter().enumerate() {
            for (later, other) in numbered.iter().skip(n + 1) {
                slopes.push((other - value) / (later - at));
            }
        }
        slopes.sort_by(f64::total_cmp);
        let count = f64::from(u32::try_from(half.len()).ok()?);
        let pairs = f64::from(u32::try_from(slopes.len()).ok()?);
        let spread = SURE * (count * (count - 1.0) * (2.0 * count + 5.0) / 18.0).sqrt();
        let over_half = |share: f64| Some(at(&slopes, share)? * count);
        let mut sorted = half.to_vec();
        sorted.sort_by(f64::total_cmp);
        Some(Self {
            level: at(&sorted, 0.5)?,
            low: over_half(((pairs - spread) / 2.0 / pairs).max(0.0))?,
            median: over_half(0.5)?,
            high: over_half(((pairs + spread) / 2.0 / pairs).min(1.0))?,
            allowed,
            unit,
        })
    }

    /// Whether more growth than is allowed is neither shown nor likely.
    pub(super) fn is_flat(&self) -> bool {
        self.median <= self.allowed
    }

    pub(super) fn words(&self) -> String {
        format!(
            "{}: {:.2} {unit}, over the second half {:+.3} {unit} (at 95 % between {:+.3} and {:+.3}); {:.3} are allowed",
            if self.is_flat() { "flat" } else { "GROWS" },
            self.level,
            self.median,
            self.low,
            self.high,
            self.allowed,
            unit = self.unit,
        )
    }
}

/// The value at this share of a sorted list.
fn at(sorted: &[f64], share: f64) -> Option<f64> {
    let mut wanted = f64::from(u32::try_from(sorted.len().checked_sub(1)?).ok()?) * share;
    let mut values = sorted.iter();
    while wanted >= 1.0 {
        values.next();
        wanted -= 1.0;
    }
    values.next().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn growth(make: impl Fn(u32) -> f64) -> Growth {
        let samples: Vec<f64> = (0..300).map(make).collect();
        Growth::of(&samples, 1.0, "MiB").unwrap()
    }

    #[test]
    fn what_fills_up_and_then_stays_is_flat() {
        assert!(growth(|n| f64::from(n.min(120))).is_flat());
        assert!(growth(|n| 100.0 + f64::from(n * 7919 % 5)).is_flat());
    }

    #[test]
    fn a_small_leak_shows_through_noise() {
        let leak = growth(|n| 100.0 + f64::from(n) * 0.02 + f64::from(n * 7919 % 5) * 0.2);
        assert!(!leak.is_flat(), "{}", leak.words());
        assert!((leak.median - 3.0).abs() < 0.3, "{}", leak.words());
        assert!(leak.words().starts_with("GROWS"));
    }

    #[test]
    fn one_step_late_is_no_trend_and_many_are() {
        assert!(growth(|n| if n < 290 { 10.0 } else { 10.5 }).is_flat());
        assert!(!growth(|n| 10.0 + f64::from(n / 20) * 0.5).is_flat());
    }

    #[test]
    fn of_few_samples_nothing_is_said() {
        assert_eq!(Growth::of(&[1.0; 30], 1.0, "MiB"), None);
    }
}
