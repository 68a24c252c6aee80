//! Requests over time, whatever the period: columns as narrow as their number allows, and wider ones when there are too many. A
//! log of ten seconds shows seconds, one of a year weeks, and neither takes more memory.

use super::per::Per;
use layerprint::compare::Agreement;
use std::collections::BTreeMap;

/// How wide columns may be, in seconds: each divides the next, so that narrow ones can be put together.
const WIDTHS: [i64; 17] = [
    1,
    5,
    10,
    30,
    60,
    300,
    600,
    1_800,
    3_600,
    10_800,
    21_600,
    43_200,
    86_400,
    604_800,
    2_419_200,
    31_449_600,
    314_496_000,
];

/// How many columns are held.
const MOST_HELD: usize = 1_024;

/// How many are shown.
const MOST_SHOWN: i64 = 72;

/// The counts.
#[derive(Debug, Default)]
pub(in super::super) struct Timeline {
    width: usize,
    columns: BTreeMap<i64, Per<Agreement>>,
    period: Option<(i64, i64)>,
    undated: u64,
}

/// A column as it is shown.
pub(in super::super) struct Column {
    /// When it begins, in seconds since 1970.
    pub(in super::super) begins: i64,
    /// What was counted.
    pub(in super::super) counts: Per<Agreement>,
}

impl Timeline {
    pub(super) fn add(&mut self, second: Option<i64>, agreement: Agreement) {
        let Some(second) = second else {
            self.undated = self.undated.saturating_add(1);
            return;
        };
        self.reach(second, second);
        let begins = begin(second, self.seconds());
        self.columns.entry(begins).or_default().add(agreement);
        self.widen();
    }

    /// The first and the last second.
    pub(in super::super) const fn period(&self) -> Option<(i64, i64)> {
        self.period
    }

    /// Requests whose line has no time.
    pub(in super::super) const fn undated(&self) -> u64 {
        self.undated
    }

    /// The columns, without a gap, and the seconds that each stands for.
    pub(in super::super) fn columns(&self) -> (i64, Vec<Column>) {
        let Some((first, last)) = self.period else {
            return (1, Vec::new());
        };
        let fits = |width: &i64| {
            let columns = (begin(last, *width).saturating_sub(begin(first, *width))) / width;
            *width >= self.seconds() && columns < MOST_SHOWN
        };
        let width = WIDTHS.into_iter().find(fits).unwrap_or(i64::MAX);
        let mut shown: BTreeMap<i64, Per<Agreement>> = BTreeMap::new();
        let mut begins = begin(first, width);
        while begins <= last {
            shown.insert(begins, Per::default());
            begins = begins.saturating_add(width);
        }
        for (begins, counts) in &self.columns {
            shown.entry(begin(*begins, width)).or_default().merge(counts);
        }
        let shown = shown.into_iter().map(|(begins, counts)| Column { begins, counts });
        (width, shown.collect())
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.undated = self.undated.saturating_add(other.undated);
        if let Some((first, last)) = other.period {
            self.reach(first, last);
        }
        self.width = self.width.max(other.width);
        self.gather();
        let width = self.seconds();
        for (begins, counts) in other.columns {
            self.columns.entry(begin(begins, width)).or_default().merge(&counts);
        }
        self.widen();
    }

    fn reach(&mut self, first: i64, last: i64) {
        let (from, to) = self.period.unwrap_or((first, last));
        self.period = Some((from.min(first), to.max(last)));
    }

    fn seconds(&self) -> i64 {
        WIDTHS.get(self.width).copied().unwrap_or(i64::MAX)
    }

    fn widen(&mut self) {
        while self.columns.len() > MOST_HELD && self.width < WIDTHS.len() {
            self.width = self.width.saturating_add(1);
            self.gather();
        }
    }

    /// Puts the columns together to those of the present width.
    fn gather(&mut self) {
        let width = self.seconds();
        for (begins, counts) in std::mem::take(&mut self.columns) {
            self.columns.entry(begin(begins, width)).or_default().merge(&counts);
        }
    }
}

/// Where the column begins in which `second` lies.
const fn begin(second: i64, width: i64) -> i64 {
    second.saturating_sub(second.rem_euclid(width))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(seconds: impl IntoIterator<Item = i64>) -> (i64, Vec<(i64, u64)>) {
        let mut timeline = Timeline::default();
        seconds
            .into_iter()
            .for_each(|second| timeline.add(Some(second), Agreement::Clean));
        let (width, columns) = timeline.columns();
        (
            width,
            columns
                .iter()
                .map(|column| (column.begins, column.counts.total()))
                .collect(),
        )
    }

    #[test]
    fn the_columns_fit_the_period_and_have_no_gap() {
        assert_eq!(shown([]), (1, vec![]));
        assert_eq!(shown([7]), (1, vec![(7, 1)]));
        assert_eq!(shown([7, 9, 9]), (1, vec![(7, 1), (8, 0), (9, 2)]));
        let (width, columns) = shown((0..86_400).step_by(7));
        assert_eq!((width, columns.len()), (1_800, 48));
        assert_eq!(columns.iter().map(|(_, count)| count).sum::<u64>(), 12_343);
        let (width, columns) = shown([0, 3_000_000_000]);
        assert_eq!((width, columns.len()), (314_496_000, 10));
    }

    #[test]
    fn any_period_takes_bounded_memory_and_parts_of_a_log_are_added() {
        let mut parts = [Timeline::default(), Timeline::default()];
        for n in 0..50_000_i64 {
            let part = usize::from(n % 2 == 0);
            parts[part].add(Some(n * if part == 0 { 1 } else { 100 }), Agreement::Hostile);
            assert!(parts[part].columns.len() <= MOST_HELD);
        }
        parts[0].add(None, Agreement::Clean);
        let [mut all, other] = parts;
        all.merge(other);
        assert_eq!((all.period(), all.undated()), (Some((0, 4_999_800)), 1));
        let (_, columns) = all.columns();
        assert_eq!(
            columns
                .iter()
                .map(|column| column.counts.of(Agreement::Hostile))
                .sum::<u64>(),
            50_000
        );
    }
}
