//! A plain table: columns as wide as they must be and never cut, because its values are there to be copied.

use std::fmt;

/// What stands where there is nothing.
const NOTHING: &str = "–";

/// A table of text.
pub(crate) struct Table<const COLUMNS: usize> {
    rows: Vec<[String; COLUMNS]>,
}

impl<const COLUMNS: usize> Table<COLUMNS> {
    pub(crate) fn new(titles: [&str; COLUMNS]) -> Self {
        Self {
            rows: vec![titles.map(str::to_owned)],
        }
    }

    /// Adds a row; an absent value shows as `–`.
    pub(crate) fn row(&mut self, cells: [Option<String>; COLUMNS]) {
        let shown = |cell: Option<String>| {
            cell.filter(|text| !text.is_empty())
                .unwrap_or_else(|| NOTHING.to_owned())
        };
        self.rows.push(cells.map(shown));
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths = vec![0; COLUMNS];
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        widths
    }
}

impl<const COLUMNS: usize> fmt::Display for Table<COLUMNS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        for (number, row) in self.rows.iter().enumerate() {
            let line: Vec<String> = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!("{cell:<width$}"))
                .collect();
            writeln!(f, "{}", line.join("  ").trim_end())?;
            if number == 0 {
                let rule: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
                writeln!(f, "{}", rule.join("  "))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_nothing_is_cut() {
        let mut table = Table::new(["a", "long"]);
        table.row([Some("wide cell".to_owned()), None]);
        table.row([None, Some("x".repeat(80))]);
        let text = table.to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "a          long");
        assert_eq!(lines[2], "wide cell  –");
        assert_eq!(lines[3], format!("–          {}", "x".repeat(80)));
    }
}
