//! The table of costs that is kept in the repository, and what has changed since it was written.
//!
//! It is Markdown: a heading for each configuration and client, and a row for each phase with its instructions and host calls.
//! Host calls must be the same, one for one; instructions may differ by [`TOLERANCE`].

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

use super::clients::everyone;
use super::{CONFIGURATIONS, Meter, Phase};
use crate::host::Module;

/// By how much instructions may differ before the table has to be written again, in percent, either way: a table that is not true
/// any more hides the next growth.
pub const TOLERANCE: u64 = 5;

/// A difference that is too small to be one, in instructions: where the allocator finds room makes as much in phases that do little.
const NOTHING: u64 = 300;

/// What each phase of each case costs: instructions, and host calls in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table(Vec<(String, Vec<Row>)>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    phase: String,
    instructions: u64,
    calls: String,
}

/// What has changed in one phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change(String);

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Table {
    /// Counts all cases.
    ///
    /// # Errors
    /// When the module cannot be run, or a recording is missing.
    pub fn count(module: &[u8]) -> Result<Self, Box<dyn Error>> {
        let module = Module::metered(module)?;
        let mut sections = Vec::new();
        for case in CONFIGURATIONS {
            let started = Meter::start(&module, case.configuration, None)?;
            sections.push((case.name.to_owned(), rows(started.phases())));
            for client in everyone()?.iter().filter(|client| case.clients.contains(&client.name)) {
                // A VM of its own for each: none sees what another left behind.
                let phases = Meter::start(&module, case.configuration, None)?.play(client)?;
                sections.push((format!("{}, {}", case.name, client.name), rows(&phases)));
            }
        }
        Ok(Self(sections))
    }

    /// Reads what [`fmt::Display`] wrote; lines that are no rows are skipped.
    pub fn parse(text: &str) -> Self {
        let mut sections: Vec<(String, Vec<Row>)> = Vec::new();
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("## ") {
                sections.push((name.to_owned(), Vec::new()));
            } else if let (Some(row), Some((_, rows))) = (Row::parse(line), sections.last_mut()) {
                rows.push(row);
            }
        }
        Self(sections)
    }

    /// What is different now.
    pub fn changes(&self, now: &Self) -> Vec<Change> {
        let (kept, now) = (self.by_phase(), now.by_phase());
        let gone = kept.keys().filter(|key| !now.contains_key(*key));
        let gone = gone.map(|(case, phase)| Change(format!("{case}: {phase}: is not there any more")));
        let changed = now.iter().flat_map(|((case, phase), now)| {
            let changes = match kept.get(&(*case, *phase)) {
                None => vec!["is new".to_owned()],
                Some(kept) => kept.changes(now),
            };
            changes
                .into_iter()
                .map(move |change| Change(format!("{case}: {phase}: {change}")))
        });
        gone.chain(changed).collect()
    }

    fn by_phase(&self) -> BTreeMap<(&str, &str), &Row> {
        let rows = self
            .0
            .iter()
            .flat_map(|(case, rows)| rows.iter().map(move |row| ((case.as_str(), row.phase.as_str()), row)));
        rows.collect()
    }
}

fn rows(phases: &[Phase]) -> Vec<Row> {
    let row = |phase: &Phase| Row {
        phase: phase.name.to_owned(),
        instructions: phase.instructions,
        calls: phase.calls.in_words(),
    };
    phases.iter().map(row).collect()
}

impl Row {
    fn parse(line: &str) -> Option<Self> {
        let mut cells = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ");
        let phase = cells.next()?.to_owned();
        let instructions = cells.next()?.replace(',', "").parse().ok()?;
        let calls = cells.next()?.to_owned();
        Some(Self {
            phase,
            instructions,
            calls,
        })
    }

    fn changes(&self, now: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        let difference = self.instructions.abs_diff(now.instructions);
        if difference > NOTHING && difference.saturating_mul(100) > self.instructions.saturating_mul(TOLERANCE) {
            let which = if now.instructions > self.instructions {
                "more"
            } else {
                "fewer"
            };
            changes.push(format!(
                "{} instructions, {which} than {}",
                grouped(now.instructions),
                grouped(self.instructions)
            ));
        }
        if self.calls != now.calls {
            changes.push(format!("asks the proxy for {}; for {} before", now.calls, self.calls));
        }
        changes
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (case, rows) in &self.0 {
            writeln!(f, "## {case}\n")?;
            writeln!(f, "| Phase | Instructions | Host calls |\n| --- | ---: | --- |")?;
            for row in rows {
                writeln!(f, "| {} | {} | {} |", row.phase, grouped(row.instructions), row.calls)?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// With a comma for each thousand.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && digits.len().saturating_sub(n) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(instructions: u64, calls: &str) -> Table {
        let row = Row {
            phase: "later request".to_owned(),
            instructions,
            calls: calls.to_owned(),
        };
        Table(vec![("default".to_owned(), vec![row])])
    }

    #[test]
    fn a_table_written_is_read_back() {
        let written = table(1_234_567, "1 get_property of connection.id");
        assert_eq!(Table::parse(&format!("# Title\n\nProse.\n\n{written}")), written);
    }

    #[test]
    fn five_percent_either_way_are_a_change_and_one_call_is() {
        let kept = table(100_000, "none");
        assert_eq!(kept.changes(&table(105_000, "none")), []);
        assert_eq!(kept.changes(&table(95_000, "none")), []);
        let changes = |now: &Table| kept.changes(now).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            changes(&table(105_001, "none")),
            ["default: later request: 105,001 instructions, more than 100,000"]
        );
        assert_eq!(changes(&table(94_999, "none")).len(), 1);
        assert_eq!(
            changes(&table(100_000, "1 log")),
            ["default: later request: asks the proxy for 1 log; for none before"]
        );
    }

    #[test]
    fn a_phase_that_comes_or_goes_is_a_change() {
        let kept = table(1, "none");
        assert_eq!(kept.changes(&Table::default()).len(), 1);
        assert_eq!(Table::default().changes(&kept).len(), 1);
    }

    #[test]
    fn a_few_instructions_are_no_change() {
        assert_eq!(table(100, "none").changes(&table(400, "none")), []);
        assert_eq!(table(100, "none").changes(&table(401, "none")).len(), 1);
    }
}
