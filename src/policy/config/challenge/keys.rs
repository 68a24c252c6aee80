//! `challenge.keys`: the secrets.

use super::super::problem::Problem;
use super::super::secret::{key, kind};
use super::super::section::Section;
use super::{Secret, Variables};
use serde_json::Value;

/// One signs, and one is still believed while keys change.
const MAX_KEYS: usize = 2;

/// What is accepted in all.
pub(super) const KEYS: &str = r#"one or two keys (openssl rand -base64 32), each as base64 or {"env": "NAME"}"#;

/// Reads `keys`, which has to be there.
pub(super) fn keys(section: &mut Section<'_>, variables: Variables<'_>) -> Vec<Secret> {
    section.need("keys", KEYS.to_owned());
    let (items, path) = match (section.secret("keys"), section.path_of("keys")) {
        (None, _) => return Vec::new(),
        (Some(Value::Array(items)), path) => (items, path),
        (Some(other), _) => {
            section.refuse_all("keys", format!("{} is not accepted", kind(&other)), KEYS.to_owned());
            return Vec::new();
        }
    };
    if !(1..=MAX_KEYS).contains(&items.len()) {
        let what = format!("{} keys are not accepted", items.len());
        section.refuse_all("keys", what, KEYS.to_owned());
    }
    let mut keys: Vec<Secret> = Vec::new();
    for (n, item) in items.iter().enumerate().take(MAX_KEYS) {
        let key = key(item, variables).and_then(|key| {
            if keys.contains(&key) {
                return Err(("is the same key again".to_owned(), "another key, or one".to_owned()));
            }
            Ok(key)
        });
        match key {
            Ok(key) => keys.push(key),
            Err((what, accepted)) => section.note(Problem {
                path: format!("{path}[{n}]"),
                what,
                accepted,
            }),
        }
    }
    keys
}
