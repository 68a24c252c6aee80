//! One path pattern: the router's own syntax, checked, and with its parameters renamed so that the router sees alike what is alike.

use crate::policy::path;
use matchit::{InsertError, Router};

/// A path pattern: `/users/{id}`, `/static/{*rest}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pattern {
    /// The pattern in lower case, with its parameters named by their position. Two patterns that match the same paths are the same
    /// text.
    pub(super) text: String,
    /// Of `/static/{*rest}`: `/static`, which it matches as well.
    pub(super) prefix: Option<String>,
}

/// What is wrong with a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatternError {
    /// It does not begin with a slash.
    NoSlash,
    /// It is over [`Pattern::MAX`].
    TooLong,
    /// Its braces are not the router's.
    Braces(InsertError),
    /// It matches no path in the form in which requests are matched. The form that it would have, when that is a pattern.
    NeverMatches(String),
}

impl Pattern {
    /// The longest pattern, in bytes.
    pub const MAX: usize = 512;

    /// Reads a pattern. A slash at its end does not matter, nor does case: many servers do not tell `/Login` from `/login`, and a
    /// route that did would be left by a shift key.
    ///
    /// # Errors
    /// See [`PatternError`].
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        if !text.starts_with('/') {
            return Err(PatternError::NoSlash);
        }
        if text.len() > Self::MAX {
            return Err(PatternError::TooLong);
        }
        // The router's errors come from its own reading, on a text without anything that could divide a character.
        let as_written = if text.is_ascii() { text } else { "/" };
        Router::new().insert(as_written, ()).map_err(PatternError::Braces)?;
        let shorter = text.strip_suffix('/').filter(|shorter| !shorter.is_empty());
        let text = shorter.unwrap_or(text);
        let Pieces {
            renamed,
            sample,
            prefix,
        } = Pieces::of(text);
        match path::normal(sample.as_bytes()) {
            Ok(form) if form == sample => {}
            Ok(form) => return Err(PatternError::NeverMatches(form.into_owned())),
            Err(path::TooLong) => return Err(PatternError::TooLong),
        }
        Ok(Self { text: renamed, prefix })
    }
}

struct Pieces {
    /// The pattern with its parameters renamed.
    renamed: String,
    /// A path that it matches.
    sample: String,
    /// What stands before its `{*rest}`, without the slash there.
    prefix: Option<String>,
}

impl Pieces {
    /// Takes apart what the router takes: braces are closed, or doubled and then stand for themselves.
    fn of(text: &str) -> Self {
        let (mut renamed, mut sample) = (String::new(), String::new());
        let mut prefix = None;
        let mut count = 0_usize;
        let mut left = text;
        while let Some(first) = left.chars().next() {
            if let Some(behind) = left.strip_prefix("{{").or_else(|| left.strip_prefix("}}")) {
                renamed.extend([first, first]);
                sample.push(first);
                left = behind;
            } else if let Some((name, behind)) = left.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
                let star = if name.starts_with('*') { "*" } else { "" };
                if !star.is_empty() {
                    let before = renamed.strip_suffix('/').unwrap_or(&renamed);
                    prefix = Some(if before.is_empty() { "/" } else { before }.to_owned());
                }
                renamed.push_str(&format!("{{{star}p{count}}}"));
                sample.push('p');
                count = count.saturating_add(1);
                left = behind;
            } else {
                renamed.push(first.to_ascii_lowercase());
                sample.push(first);
                left = left.get(first.len_utf8()..).unwrap_or_default();
            }
        }
        Self {
            renamed,
            sample,
            prefix,
        }
    }
}
