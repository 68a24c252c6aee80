//! The matrix: a row for each request, as text or as a Markdown table.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use layerprint_harness::table::Table;

use super::cases::Case;
use super::expectations::Expectations;
use super::run::Seen;

const TITLES: [&str; 9] = [
    "client",
    "claim",
    "route",
    "agreement",
    "verdict",
    "l4",
    "l7",
    "reasons",
    "expected",
];

/// One request, and how it differs from what was expected.
#[derive(Debug)]
pub(super) struct Row {
    client: String,
    group: &'static str,
    seen: Seen,
    deviations: Vec<String>,
}

impl Row {
    pub(super) fn of(case: &Case, seen: Seen, expectations: &Expectations) -> Self {
        let deviations = match expectations.of(case, seen.route) {
            Some(expected) => expected.deviations(&seen),
            None => vec!["nothing is said of it in the expectations".to_owned()],
        };
        Self {
            client: case.name.clone(),
            group: case.group,
            seen,
            deviations,
        }
    }

    pub(super) fn holds(&self) -> bool {
        self.deviations.is_empty()
    }

    /// One line that names them all.
    pub(super) fn deviation(&self) -> Option<String> {
        let (client, route) = (&self.client, self.seen.route.as_str());
        let what = self.deviations.join("; ");
        (!self.holds()).then(|| format!("DEVIATES {client}, {route}: {what}"))
    }

    fn cells(&self) -> [Option<String>; TITLES.len()] {
        let seen = &self.seen;
        [
            Some(self.client.clone()),
            seen.claim.clone(),
            Some(seen.route.as_str().to_owned()),
            Some(seen.agreement.clone()),
            Some(seen.verdict.clone()),
            Some(seen.l4.to_string()),
            Some(seen.l7.to_string()),
            Some(seen.reasons.join(", ")),
            Some(if self.holds() { "yes" } else { "NO" }.to_owned()),
        ]
    }
}

/// The cells of a table.
type Rows<const COLUMNS: usize> = Vec<[Option<String>; COLUMNS]>;

/// One line for each request.
pub(super) fn in_full(rows: &[Row], markdown: bool) -> String {
    shown(TITLES, rows.iter().map(Row::cells).collect(), markdown)
}

/// One line for each group and route: how many requests, and all that was said of any of them, how often.
pub(super) fn in_short(rows: &[Row], markdown: bool) -> String {
    let mut lines: Vec<Vec<&Row>> = Vec::new();
    for row in rows {
        let is_same = |line: &&mut Vec<&Row>| {
            let first = line.first();
            first.is_some_and(|first| first.group == row.group && first.seen.route == row.seen.route)
        };
        match lines.iter_mut().find(is_same) {
            Some(line) => line.push(row),
            None => lines.push(vec![row]),
        }
    }
    let cells = lines.iter().map(|line| {
        let first = line.first();
        let said = |what: fn(&Row) -> Vec<&str>| Some(counted(line.iter().flat_map(|row| what(row))));
        let as_expected = line.iter().filter(|row| row.holds()).count();
        [
            first.map(|row| row.group.to_owned()),
            first.map(|row| row.seen.route.as_str().to_owned()),
            Some(line.len().to_string()),
            said(|row| vec![row.seen.agreement.as_str()]),
            said(|row| vec![row.seen.verdict.as_str()]),
            said(|row| row.seen.reasons.iter().map(String::as_str).collect()),
            Some(as_expected.to_string()),
        ]
    });
    let titles = [
        "group",
        "route",
        "requests",
        "agreement",
        "verdict",
        "reasons",
        "expected",
    ];
    shown(titles, cells.collect(), markdown)
}

/// "block 30, log 2": the most frequent first, those that are equally frequent by name.
fn counted<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for word in words {
        *counts.entry(word).or_default() += 1;
    }
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| Reverse(*count));
    let parts: Vec<String> = counts.iter().map(|(word, count)| format!("{word} {count}")).collect();
    parts.join(", ")
}

fn shown<const COLUMNS: usize>(titles: [&str; COLUMNS], rows: Rows<COLUMNS>, markdown: bool) -> String {
    let mut table = Table::new(titles);
    rows.into_iter().for_each(|row| table.row(row));
    if markdown { table.markdown() } else { table.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::eval::cases::Route;

    fn row(client: &str, line: &serde_json::Value, deviations: Vec<String>) -> Row {
        Row {
            client: client.to_owned(),
            group: "tool",
            seen: Seen::of(Route::Page, line),
            deviations,
        }
    }

    #[test]
    fn markdown_has_a_line_for_each_row_and_a_dash_for_nothing() {
        let line = json!({"verdict": "log", "agreement": "clean", "l4": 1, "l7": 2});
        let table = in_full(&[row("a | b", &line, vec!["x".to_owned()])], true);
        let last = table.lines().last().unwrap();
        assert_eq!(last, "| a \\| b | – | page | clean | log | 1 | 2 | – | NO |");
        assert_eq!(table.lines().count(), 3);
    }

    #[test]
    fn in_short_a_group_is_one_line_with_all_that_was_said() {
        let line =
            |verdict: &str, code: &str| json!({"verdict": verdict, "agreement": "clean", "findings": [{"code": code}]});
        let rows = [
            row("a", &line("log", "x"), Vec::new()),
            row("b", &line("block", "y"), vec!["z".to_owned()]),
            row("c", &line("block", "y"), Vec::new()),
        ];
        let table = in_short(&rows, true);
        let last = table.lines().last().unwrap();
        assert_eq!(last, "| tool | page | 3 | clean 3 | block 2, log 1 | y 2, x 1 | 2 |");
        assert_eq!(table.lines().count(), 3);
    }
}
