//! One mistake in a configuration, in words: where it stands, what is wrong, what would be right.

use core::fmt;
use serde_json::Value;

/// One mistake in a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where: `annotate.headers[2]`.
    pub path: String,
    /// What is wrong.
    pub what: String,
    /// What would be right.
    pub accepted: String,
}

impl Problem {
    /// The table of `what` that comes with the filter cannot be read.
    pub fn of_table(what: &str, error: &impl fmt::Display) -> Self {
        Self {
            path: format!("(the table of {what})"),
            what: error.to_string(),
            accepted: "a build whose tests pass".to_owned(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; accepted: {}", self.path, self.what, self.accepted)
    }
}

/// Why a text is refused, behind the text: `has no prefix length`; and what would be right.
pub(super) struct Refused {
    pub(super) why: &'static str,
    pub(super) accepted: String,
}

pub(super) fn join(path: &str, key: &str) -> String {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let key = if !key.is_empty() && key.len() <= SHOWN && key.bytes().all(is_word) {
        key
    } else {
        &shown(key)
    };
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

pub(super) fn not_accepted(value: &Value) -> String {
    match value {
        Value::Null => "null is not accepted".to_owned(),
        Value::Bool(value) => format!("{value} is not accepted"),
        Value::String(text) => format!("{} is not accepted", shown(text)),
        Value::Number(number) => format!("{number} is not accepted"),
        Value::Array(_) => "an array is not accepted".to_owned(),
        Value::Object(_) => "an object is not accepted".to_owned(),
    }
}

/// The most characters of what was given that a message repeats.
const SHOWN: usize = 40;

/// A text as it was given, in quotes and on one line. Long ones are cut: they would drown the message, and may be secrets in
/// the wrong place.
pub(super) fn shown(text: &str) -> String {
    let quoted = format!("{text:?}");
    match quoted.char_indices().nth(SHOWN) {
        None => quoted,
        Some((end, _)) => format!("{}…", quoted.get(..end).unwrap_or_default()),
    }
}

pub(super) fn quoted(names: impl Iterator<Item = &'static str>) -> String {
    names.map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}
