//! What a whole log amounts to: counts that grow with routes and reasons, not with lines.

use layerprint::compare::Assessment;
use layerprint::policy::{Decision, Verdict};
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The reason of a request without findings.
pub const NONE: &str = "-";

/// How many lines there were of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests that were decided on.
    pub requests: u64,
    /// Connections passed through unopened, on which nothing is decided.
    pub connections: u64,
    /// Requests that the filter never saw.
    pub unseen: u64,
    /// Lines that were refused.
    pub refused: u64,
}

impl Counts {
    fn to_json(self) -> Value {
        let Self {
            requests,
            connections,
            unseen,
            refused,
        } = self;
        json!({"requests": requests, "connections": connections, "unseen": unseen, "refused": refused})
    }
}

/// Requests of one route that have the same strongest reason and the same verdict.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    /// The route, by its name.
    pub route: String,
    /// The code of the strongest finding; `-` where there was none.
    pub reason: &'static str,
    /// The verdict.
    pub verdict: Verdict,
}

impl Row {
    /// The row of a request.
    pub fn of(assessment: &Assessment, decision: &Decision) -> Self {
        Self {
            route: decision.route.to_string(),
            reason: assessment
                .findings
                .first()
                .map_or(NONE, |finding| finding.code.as_str()),
            verdict: decision.verdict,
        }
    }
}

/// Requests of one route and reason that get another verdict.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// What they are and get under the first configuration.
    pub before: Row,
    /// What they get under the second.
    pub verdict: Verdict,
}

/// The counts of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The lines, by kind.
    pub lines: Counts,
    rows: BTreeMap<Row, u64>,
    matrix: BTreeMap<(Verdict, Verdict), u64>,
    changes: BTreeMap<Change, u64>,
}

impl Tally {
    /// Counts a request: what it is and gets under one configuration, and perhaps under another.
    pub fn count(&mut self, assessment: &Assessment, decision: &Decision, other: Option<&Decision>) {
        let row = Row::of(assessment, decision);
        self.count_row(row, other.map(|other| other.verdict));
    }

    /// Counts a request by its row, and perhaps by another verdict.
    pub fn count_row(&mut self, row: Row, other: Option<Verdict>) {
        self.lines.requests += 1;
        if let Some(verdict) = other {
            *self.matrix.entry((row.verdict, verdict)).or_default() += 1;
            if verdict != row.verdict {
                let change = Change {
                    before: row.clone(),
                    verdict,
                };
                *self.changes.entry(change).or_default() += 1;
            }
        }
        *self.rows.entry(row).or_default() += 1;
    }

    /// Adds what another part of the log amounts to.
    pub fn merge(&mut self, other: Self) {
        let Counts {
            requests,
            connections,
            unseen,
            refused,
        } = other.lines;
        self.lines.requests += requests;
        self.lines.connections += connections;
        self.lines.unseen += unseen;
        self.lines.refused += refused;
        add(&mut self.rows, other.rows);
        add(&mut self.matrix, other.matrix);
        add(&mut self.changes, other.changes);
    }

    /// The rows, most requests first.
    pub fn rows(&self) -> Vec<(&Row, u64)> {
        most_first(&self.rows)
    }

    /// How many requests get the second verdict where they got the first.
    pub fn moved(&self, from: Verdict, to: Verdict) -> u64 {
        self.matrix.get(&(from, to)).copied().unwrap_or_default()
    }

    /// What changes, most requests first.
    pub fn changes(&self) -> Vec<(&Change, u64)> {
        most_first(&self.changes)
    }

    /// How many requests change.
    pub fn changed(&self) -> u64 {
        self.changes.values().sum()
    }

    /// All of it; the comparison only where there was one.
    pub fn to_json(&self, is_compared: bool) -> Value {
        let rows = self.rows().into_iter().map(|(row, count)| {
            json!({"route": row.route, "reason": row.reason, "verdict": row.verdict.as_str(), "count": count})
        });
        let (lines, table) = (self.lines.to_json(), rows.collect::<Vec<_>>());
        if !is_compared {
            return json!({"lines": lines, "table": table});
        }
        let matrix = self
            .matrix
            .iter()
            .map(|((from, to), count)| json!({"from": from.as_str(), "to": to.as_str(), "count": count}));
        let changes = self.changes().into_iter().map(|(change, count)| {
            let Row { route, reason, verdict } = &change.before;
            json!({"route": route, "reason": reason, "from": verdict.as_str(), "to": change.verdict.as_str(), "count": count})
        });
        let comparison = json!({
            "changed": self.changed(),
            "matrix": matrix.collect::<Vec<_>>(),
            "changes": changes.collect::<Vec<_>>(),
        });
        json!({"lines": lines, "table": table, "comparison": comparison})
    }
}

fn add<K: Ord>(counts: &mut BTreeMap<K, u64>, others: BTreeMap<K, u64>) {
    for (key, count) in others {
        *counts.entry(key).or_default() += count;
    }
}

fn most_first<K: Ord>(counts: &BTreeMap<K, u64>) -> Vec<(&K, u64)> {
    let mut rows: Vec<_> = counts.iter().map(|(key, count)| (key, *count)).collect();
    rows.sort_by_key(|(_, count)| Reverse(*count));
    rows
}
