//! Where the rows of our tables come from, and what may be wrong with a table: shared by the TCP stacks and the catalogue.

use core::fmt;

use serde::Deserialize;

/// Why a table was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Where: the way to the row, or empty.
    pub row: String,
    /// What is wrong, and what is accepted.
    pub problem: String,
}

impl Error {
    /// A problem that is not yet known to be in a row.
    pub(super) const fn new(problem: String) -> Self {
        Self {
            row: String::new(),
            problem,
        }
    }

    /// The same, found below `row`.
    pub(super) fn below(self, row: &str) -> Self {
        let row = match &*self.row {
            "" => row.to_owned(),
            inner => format!("{row}.{inner}"),
        };
        Self { row, ..self }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.row {
            "" => f.write_str(&self.problem),
            row => write!(f, "{row}: {}", self.problem),
        }
    }
}

/// Where a row came from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// How good that is.
    pub level: Level,
    /// What was run, read or taken over.
    pub from: String,
    /// When, `YYYY-MM-DD`.
    pub date: String,
}

/// How well a row is founded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// It was recorded by us, and the recording is a test.
    Measured,
    /// The program that sends it was read.
    Source,
    /// Somebody published it, byte for byte.
    Published,
    /// It is said to be so.
    Unverified,
}

/// A row's name: short, and the same in logs, counters and configurations.
pub(super) fn check_name(name: &str) -> Result<(), Error> {
    let is_word = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'-';
    // A letter first: names are tokens of Structured Fields.
    let begins = name.starts_with(|first: char| first.is_ascii_lowercase());
    if !begins || name.len() > 32 || !name.bytes().all(is_word) {
        return Err(Error::new(
            "a name has 1 to 32 of a-z, 0-9 and -, a letter first".to_owned(),
        ));
    }
    Ok(())
}

/// At least one source, each with where and when.
pub(super) fn check_sources(sources: &[Provenance]) -> Result<(), Error> {
    if sources.is_empty() || sources.iter().any(|source| source.from.is_empty()) {
        return Err(Error::new("where does it come from? provenance is empty".to_owned()));
    }
    sources.iter().try_for_each(|source| check_date(&source.date))
}

/// `YYYY-MM-DD`, in a year that can be.
pub(super) fn check_date(text: &str) -> Result<(), Error> {
    let mut parts = text.split('-');
    let mut number = |digits: usize| {
        let part = parts.next().filter(|part| part.len() == digits)?;
        part.parse::<u16>().ok()
    };
    let (year, month, day) = (number(4), number(2), number(2));
    let is_date =
        matches!((year, month, day), (Some(2013..=2099), Some(1..=12), Some(1..=31))) && parts.next().is_none();
    is_date
        .then_some(())
        .ok_or_else(|| Error::new(format!("date {text:?}: YYYY-MM-DD")))
}
