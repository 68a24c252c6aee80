//! A plain table: columns as wide as they must be and never cut, because its values are there to be copied.

use std::fmt;

/// What stands where there is nothing.
const NOTHING: &str = "–";

/// A table of text.
#[derive(Clone, Debug)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns.
    pub fn new<T: Into<String>>(titles: impl IntoIterator<Item = T>) -> Self {
        Self {
            rows: vec![titles.into_iter().map(Into::into).collect()],
        }
    }

    /// Adds a row, with as many cells as there are titles; an absent value shows as `–`.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Option<String>>) {
        let shown = |cell: Option<String>| {
            cell.filter(|text| !text.is_empty())
                .unwrap_or_else(|| NOTHING.to_owned())
        };
        self.rows.push(cells.into_iter().map(shown).collect());
    }

    /// The same in Markdown.
    pub fn markdown(&self) -> String {
        // A bar would end the cell.
        let line = |row: &[String]| {
            let cells: Vec<_> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
            format!("| {} |\n", cells.join(" | "))
        };
        let Some((titles, rows)) = self.rows.split_first() else {
            return String::new();
        };
        let rule = vec!["---".to_owned(); titles.len()];
        let rows: String = rows.iter().map(|row| line(row)).collect();
        line(titles) + &line(&rule) + &rows
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths = vec![0; self.rows.first().map_or(0, Vec::len)];
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        widths
    }
}

impl fmt::Display for Table {
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

    #[test]
    fn in_markdown_a_bar_ends_no_cell() {
        let mut table = Table::new(["a", "b"]);
        table.row([Some("x | y".to_owned()), None]);
        assert_eq!(table.markdown(), "| a | b |\n| --- | --- |\n| x \\| y | – |\n");
    }
}
