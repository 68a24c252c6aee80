//! The matrix: a row for each request, as text or as a Markdown table.

use std::fmt::Write;

use super::cases::Case;
use super::expectations::Expectations;
use super::run::Seen;
use layerprint_harness::table::Table;

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

pub(super) fn text(rows: &[Row]) -> String {
    let mut table = Table::new(TITLES);
    rows.iter().for_each(|row| table.row(row.cells()));
    table.to_string()
}

pub(super) fn markdown(rows: &[Row]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut out = line(&TITLES.map(str::to_owned));
    out += &line(&TITLES.map(|_| "---".to_owned()));
    for row in rows {
        let shown = row.cells().map(|cell| {
            let text = cell.unwrap_or_default();
            // A bar would end the cell.
            if text.is_empty() {
                "–".to_owned()
            } else {
                text.replace('|', "\\|")
            }
        });
        // Writing to a String cannot fail.
        let _ = write!(out, "{}", line(&shown));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::cases::Route;

    #[test]
    fn markdown_has_a_line_for_each_row_and_a_dash_for_nothing() {
        let row = Row {
            client: "a | b".to_owned(),
            seen: Seen::of(
                Route::Page,
                &serde_json::json!({"verdict": "log", "agreement": "clean", "l4": 1, "l7": 2}),
            ),
            deviations: vec!["x".to_owned()],
        };
        let table = markdown(&[row]);
        let last = table.lines().last().unwrap();
        assert_eq!(last, "| a \\| b | – | page | clean | log | 1 | 2 | – | NO |");
        assert_eq!(table.lines().count(), 3);
    }
}
