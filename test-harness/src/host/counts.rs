//! Counts of host calls: each costs a request time, so tests hold the filter to exact numbers.

use std::collections::BTreeMap;
use std::fmt;

/// How often each host function was called and each property was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    functions: BTreeMap<&'static str, u64>,
    properties: BTreeMap<String, u64>,
}

impl Calls {
    /// The calls of one function, such as `proxy_get_property`.
    pub fn of(&self, function: &str) -> u64 {
        self.functions.get(function).copied().unwrap_or(0)
    }

    /// The reads of one property, its path joined by dots: `connection.id`, `filter_state.layerprint.tls.ja4`.
    pub fn reads_of(&self, property: &str) -> u64 {
        self.properties.get(property).copied().unwrap_or(0)
    }

    /// All calls of all functions.
    pub fn total(&self) -> u64 {
        self.functions.values().sum()
    }

    /// What was called since an earlier snapshot; functions that were not called are left out.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let functions = self
            .functions
            .iter()
            .map(|(name, count)| (*name, count.saturating_sub(earlier.of(name))));
        let properties = self
            .properties
            .iter()
            .map(|(path, count)| (path.clone(), count.saturating_sub(earlier.reads_of(path))));
        Self {
            functions: functions.filter(|(_, count)| *count > 0).collect(),
            properties: properties.filter(|(_, count)| *count > 0).collect(),
        }
    }

    /// In one line: `1 get_header_map_pairs, 1 get_property of connection.id`; `none` if there were none.
    pub fn in_words(&self) -> String {
        let reads = || {
            let reads = self.properties.iter().map(|(path, count)| match count {
                1 => path.clone(),
                count => format!("{path} ({count} times)"),
            });
            reads.collect::<Vec<_>>().join(", ")
        };
        let calls = self.functions.iter().map(|(name, count)| {
            let short = name.strip_prefix("proxy_").unwrap_or(name);
            match *name {
                "proxy_get_property" => format!("{count} {short} of {}", reads()),
                _ => format!("{count} {short}"),
            }
        });
        let calls: Vec<_> = calls.collect();
        if calls.is_empty() {
            "none".to_owned()
        } else {
            calls.join("; ")
        }
    }

    pub(super) fn count(&mut self, function: &'static str) {
        let count = self.functions.entry(function).or_default();
        *count = count.saturating_add(1);
    }

    pub(super) fn count_property(&mut self, path: &[u8]) {
        let path = String::from_utf8_lossy(path).trim_end_matches('\0').replace('\0', ".");
        let count = self.properties.entry(path).or_default();
        *count = count.saturating_add(1);
    }
}

impl fmt::Display for Calls {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (function, count) in &self.functions {
            writeln!(out, "{count:>6} {function}")?;
        }
        for (property, count) in &self.properties {
            writeln!(out, "{count:>6} read of {property}")?;
        }
        Ok(())
    }
}
