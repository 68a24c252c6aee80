//! The file of limits, in the format of envoyproxy/ratelimit: a tree of descriptors. Of that format it knows `domain`, `key`, `value`,
//! `rate_limit` with `unit` and `requests_per_unit`, and nested `descriptors`; any other key is refused, as is a second limit for the
//! same descriptor.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use envoy_types::pb::envoy::extensions::common::ratelimit::v3::rate_limit_descriptor::Entry;
use limitador::limit::{Condition, Limit};
use serde::Deserialize;

/// What the file says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    /// Whose descriptors these are.
    pub(crate) domain: String,
    descriptors: Vec<Rule>,
}

/// One descriptor, or all with this key where there is no value.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    key: String,
    value: Option<String>,
    rate_limit: Option<RateLimit>,
    #[serde(default)]
    descriptors: Vec<Rule>,
}

/// How much in which time.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(crate) struct RateLimit {
    /// The time.
    pub(crate) unit: Unit,
    /// How much.
    pub(crate) requests_per_unit: u32,
}

/// A time.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Unit {
    /// `second`
    Second,
    /// `minute`
    Minute,
    /// `hour`
    Hour,
    /// `day`
    Day,
}

impl Unit {
    /// Its length.
    pub(crate) fn seconds(self) -> u32 {
        match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }
}

/// The limit that a descriptor falls under.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// The keys, and the values that the file names, from the root of the tree.
    path: String,
    /// What is allowed.
    pub(crate) limit: RateLimit,
}

/// Why a file is no file of limits.
#[derive(Debug)]
pub(crate) enum LimitsError {
    /// It is not YAML of this form.
    Form(String),
    /// It has two descriptors of this path.
    Twice(String),
}

impl std::error::Error for LimitsError {}

impl fmt::Display for LimitsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form(why) => f.write_str(why),
            Self::Twice(path) => write!(f, "{path} is there twice"),
        }
    }
}

impl Limits {
    /// Reads the file.
    pub(crate) fn parse(yaml: &str) -> Result<Self, LimitsError> {
        let limits: Self = serde_saphyr::from_str(yaml).map_err(|error| LimitsError::Form(error.to_string()))?;
        let mut paths = BTreeSet::new();
        for (path, _, _) in limits.rules() {
            if !paths.insert(path.clone()) {
                return Err(LimitsError::Twice(path));
            }
        }
        Ok(limits)
    }

    /// Each limit as limitador has it: one counter for each combination of the descriptor's values.
    pub(crate) fn all(&self) -> Result<Vec<Limit>, LimitsError> {
        let rules = self.rules().into_iter();
        let limited = rules.filter_map(|(path, depth, rule)| Some((path, depth, rule.rate_limit?)));
        limited
            .map(|(path, depth, limit)| {
                let condition = format!("path == \"{path}\"");
                let condition = Condition::try_from(condition).map_err(|error| LimitsError::Form(error.to_string()))?;
                let (most, seconds) = (limit.requests_per_unit.into(), limit.unit.seconds().into());
                let values = (0..depth).map(value_name);
                Ok(Limit::new(self.domain.as_str(), most, seconds, [condition], values))
            })
            .collect()
    }

    /// The limit for a descriptor: that of its last entry. A rule that names the value comes before one that does not. None when the
    /// file has no such rule, or one without a limit.
    pub(crate) fn find(&self, entries: &[Entry]) -> Option<Found> {
        let (mut rules, mut path, mut last) = (&self.descriptors, String::new(), None);
        for entry in entries {
            let of_key = || rules.iter().filter(|rule| rule.key == entry.key);
            let named = of_key().find(|rule| rule.value.as_ref() == Some(&entry.value));
            let rule = named.or_else(|| of_key().find(|rule| rule.value.is_none()))?;
            path = rule.path_below(&path);
            rules = &rule.descriptors;
            last = rule.rate_limit;
        }
        last.map(|limit| Found { path, limit })
    }

    /// Every rule with its path and its depth.
    fn rules(&self) -> Vec<(String, usize, &Rule)> {
        let mut found = Vec::new();
        let mut open: Vec<_> = self
            .descriptors
            .iter()
            .map(|rule| (rule.path_below(""), 1, rule))
            .collect();
        while let Some((path, depth, rule)) = open.pop() {
            open.extend(
                rule.descriptors
                    .iter()
                    .map(|below| (below.path_below(&path), depth + 1, below)),
            );
            found.push((path, depth, rule));
        }
        found
    }
}

impl Rule {
    fn path_below(&self, path: &str) -> String {
        match &self.value {
            Some(value) => format!("{path}/{}={value}", self.key),
            None => format!("{path}/{}", self.key),
        }
    }
}

impl Found {
    /// What limitador is asked with, so that this limit and no other applies.
    pub(crate) fn context(&self, entries: &[Entry]) -> HashMap<String, String> {
        let values = entries
            .iter()
            .enumerate()
            .map(|(n, entry)| (value_name(n), entry.value.clone()));
        let path = ("path".to_owned(), self.path.clone());
        values.chain([path]).collect()
    }
}

/// The variable of a descriptor's `n`th value.
fn value_name(n: usize) -> String {
    format!("v{n}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: &str = "
        domain: a
        descriptors:
          - key: lp1
            descriptors:
              - { key: route, value: login, rate_limit: { unit: minute, requests_per_unit: 3 } }
              - { key: route, rate_limit: { unit: hour, requests_per_unit: 9 } }
          - { key: lp1, value: known }
    ";

    fn find(entries: &[(&str, &str)]) -> Option<(String, u32)> {
        let entry = |(key, value): &(&str, &str)| Entry {
            key: (*key).to_owned(),
            value: (*value).to_owned(),
        };
        let entries: Vec<_> = entries.iter().map(entry).collect();
        let found = Limits::parse(LIMITS).unwrap().find(&entries)?;
        Some((found.path, found.limit.requests_per_unit))
    }

    #[test]
    fn a_rule_for_the_value_comes_before_one_for_any() {
        assert_eq!(
            find(&[("lp1", "x"), ("route", "login")]),
            Some(("/lp1/route=login".to_owned(), 3))
        );
        assert_eq!(
            find(&[("lp1", "x"), ("route", "page")]),
            Some(("/lp1/route".to_owned(), 9))
        );
    }

    #[test]
    fn a_descriptor_that_no_rule_is_for_has_no_limit() {
        assert_eq!(find(&[("lp1", "x")]), None);
        assert_eq!(find(&[("lp1", "known")]), None);
        assert_eq!(find(&[("lp1", "known"), ("route", "login")]), None);
        assert_eq!(find(&[("route", "login")]), None);
        assert_eq!(find(&[("lp1", "x"), ("route", "login"), ("more", "y")]), None);
    }

    #[test]
    fn each_limit_is_one_of_limitadors() {
        let mut limits = Limits::parse(LIMITS).unwrap().all().unwrap();
        limits.sort_by_key(Limit::max_value);
        let facts: Vec<_> = limits
            .iter()
            .map(|limit| (limit.max_value(), limit.seconds(), limit.variables().len()))
            .collect();
        assert_eq!(facts, [(3, 60, 2), (9, 3_600, 2)]);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for more in [
            "shadow_mode: true",
            "rate_limit: { unit: week, requests_per_unit: 1 }",
            "rate_limit: { unit: day }",
        ] {
            let text = format!("domain: a\ndescriptors:\n  - key: lp1\n    {more}\n");
            assert!(matches!(Limits::parse(&text), Err(LimitsError::Form(_))), "{more}");
        }
        let twice = "domain: a\ndescriptors: [{key: lp1}, {key: lp1}]";
        assert_eq!(Limits::parse(twice).unwrap_err().to_string(), "/lp1 is there twice");
    }
}
