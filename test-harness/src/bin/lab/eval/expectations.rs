//! What should be said of each group of clients: `test-harness/eval/expectations.json`, read and held against what was said.
//!
//! ```json
//! {"groups": {"tool": {"why": "…", "page": {"agreement": ["clean"], "verdict": ["allow", "log"],
//!   "any_of": ["tls-ua"], "all_of": [], "none_of": ["os-tcp-ua"]}}},
//!  "cases": {"PHP streams": {"why": "…", "page": {…}}}}
//! ```
//!
//! A list that is absent asks nothing. What `cases` has for a route of one case stands in place of what its group has.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;

use layerprint_harness::repo;
use serde_json::{Map, Value};

use super::cases::{Case, Route};
use super::run::Seen;

const FILE: &str = "test-harness/eval/expectations.json";

/// All expectations, by group or case and by route.
#[derive(Debug)]
pub(super) struct Expectations {
    groups: BTreeMap<(String, String), Expected>,
    cases: BTreeMap<(String, String), Expected>,
}

/// What should be said of one request.
#[derive(Debug, Default)]
pub(super) struct Expected {
    /// One of these agreements.
    agreement: Option<Vec<String>>,
    /// One of these verdicts.
    verdict: Option<Vec<String>>,
    /// At least one of these reasons.
    any_of: Vec<String>,
    /// Each of these reasons.
    all_of: Vec<String>,
    /// None of these reasons.
    none_of: Vec<String>,
}

impl Expectations {
    pub(super) fn read() -> Result<Self, Box<dyn Error>> {
        let path = repo::root().join(FILE);
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Self::parse(&text).map_err(|error| format!("{}: {error}", path.display()).into())
    }

    fn parse(text: &str) -> Result<Self, Box<dyn Error>> {
        let file: Map<String, Value> = serde_json::from_str(text)?;
        let mut read = Self {
            groups: BTreeMap::new(),
            cases: BTreeMap::new(),
        };
        for (key, value) in &file {
            match key.as_str() {
                "about" => {}
                "groups" => read.groups = by_route(key, value)?,
                "cases" => read.cases = by_route(key, value)?,
                _ => return Err(format!("{key}: unknown key; accepted: about, groups, cases").into()),
            }
        }
        Ok(read)
    }

    /// What is expected of this case on this route.
    pub(super) fn of(&self, case: &Case, route: Route) -> Option<&Expected> {
        let key = |name: &str| (name.to_owned(), route.as_str().to_owned());
        let own = self.cases.get(&key(&case.name));
        own.or_else(|| self.groups.get(&key(case.group)))
    }
}

impl Expected {
    /// How what was said differs from it, in words; nothing when it does not.
    pub(super) fn deviations(&self, seen: &Seen) -> Vec<String> {
        let mut found = Vec::new();
        for (what, said, expected) in [
            ("agreement", &seen.agreement, &self.agreement),
            ("verdict", &seen.verdict, &self.verdict),
        ] {
            if let Some(expected) = expected.as_ref().filter(|expected| !expected.contains(said)) {
                found.push(format!("{what} is {said}, expected {}", expected.join(" or ")));
            }
        }
        let has = |reason: &String| seen.reasons.contains(reason);
        if !self.any_of.is_empty() && !self.any_of.iter().any(has) {
            found.push(format!("lacks a reason of {}", self.any_of.join(", ")));
        }
        found.extend(
            self.all_of
                .iter()
                .filter(|reason| !has(reason))
                .map(|reason| format!("lacks the reason {reason}")),
        );
        found.extend(
            self.none_of
                .iter()
                .filter(|reason| has(reason))
                .map(|reason| format!("has the reason {reason}")),
        );
        found
    }
}

fn by_route(path: &str, value: &Value) -> Result<BTreeMap<(String, String), Expected>, String> {
    let mut found = BTreeMap::new();
    for (name, routes) in object(path, value)? {
        let path = format!("{path}.{name}");
        for (route, expected) in object(&path, routes)? {
            match route.as_str() {
                "why" => {}
                "page" | "asset" | "api" | "login" => {
                    let expected = Expected::parse(&format!("{path}.{route}"), expected)?;
                    found.insert((name.clone(), route.clone()), expected);
                }
                _ => {
                    return Err(format!(
                        "{path}.{route}: unknown key; accepted: why, page, asset, api, login"
                    ));
                }
            }
        }
    }
    Ok(found)
}

impl Expected {
    fn parse(path: &str, value: &Value) -> Result<Self, String> {
        let mut expected = Self::default();
        for (key, value) in object(path, value)? {
            let path = format!("{path}.{key}");
            match key.as_str() {
                "agreement" => expected.agreement = Some(words(&path, value)?),
                "verdict" => expected.verdict = Some(words(&path, value)?),
                "any_of" => expected.any_of = words(&path, value)?,
                "all_of" => expected.all_of = words(&path, value)?,
                "none_of" => expected.none_of = words(&path, value)?,
                _ => {
                    let accepted = "agreement, verdict, any_of, all_of, none_of";
                    return Err(format!("{path}: unknown key; accepted: {accepted}"));
                }
            }
        }
        Ok(expected)
    }
}

fn object<'a>(path: &str, value: &'a Value) -> Result<&'a Map<String, Value>, String> {
    value
        .as_object()
        .ok_or_else(|| format!("{path}: an object belongs here"))
}

fn words(path: &str, value: &Value) -> Result<Vec<String>, String> {
    let words = || -> Option<Vec<String>> {
        let list = value.as_array()?.iter();
        list.map(|word| word.as_str().map(str::to_owned)).collect()
    };
    words().ok_or_else(|| format!("{path}: a list of strings belongs here"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(agreement: &str, verdict: &str, reasons: &[&str]) -> Seen {
        Seen {
            agreement: agreement.to_owned(),
            verdict: verdict.to_owned(),
            reasons: reasons.iter().map(|&reason| reason.to_owned()).collect(),
            ..Seen::of(Route::Page, &Value::Null)
        }
    }

    fn expected(json: &str) -> Expected {
        Expected::parse("", &serde_json::from_str(json).unwrap()).unwrap()
    }

    #[test]
    fn each_deviation_is_named() {
        let expected = expected(
            r#"{"agreement": ["clean"], "verdict": ["allow", "log"], "any_of": ["a", "b"], "all_of": ["c"], "none_of": ["d"]}"#,
        );
        assert_eq!(
            expected.deviations(&seen("conflict", "block", &["d"])),
            [
                "agreement is conflict, expected clean",
                "verdict is block, expected allow or log",
                "lacks a reason of a, b",
                "lacks the reason c",
                "has the reason d"
            ]
        );
        assert!(expected.deviations(&seen("clean", "log", &["b", "c"])).is_empty());
    }

    #[test]
    fn what_is_not_asked_is_not_a_deviation() {
        assert!(expected("{}").deviations(&seen("hostile", "block", &["d"])).is_empty());
    }

    #[test]
    fn mistakes_in_the_file_are_named_by_their_path() {
        for (text, message) in [
            (r#"{"group": {}}"#, "group: unknown key; accepted: about, groups, cases"),
            (
                r#"{"groups": {"tool": {"pages": {}}}}"#,
                "groups.tool.pages: unknown key; accepted: why, page, asset, api, login",
            ),
            (
                r#"{"groups": {"tool": {"page": {"verdict": "log"}}}}"#,
                "groups.tool.page.verdict: a list of strings belongs here",
            ),
        ] {
            assert_eq!(Expectations::parse(text).unwrap_err().to_string(), message);
        }
    }
}
