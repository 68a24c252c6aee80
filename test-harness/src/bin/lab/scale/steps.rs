//! What grows, and the configurations and requests that it grows in.

use layerprint::policy::config::Config;
use layerprint_harness::stack::config::{visit, without_connection_role};
use serde_json::{Value, json};

/// What can be many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Rules, none of which is about the request.
    Rules,
    /// Fingerprints and networks that one rule asks for.
    Values,
    /// Routes, each with four patterns.
    Routes,
    /// Prefixes of networks.
    Networks,
    /// Keys that a limit counts.
    Keys,
    /// Connections that are open, and each with one request behind it.
    Connections,
    /// Headers of the request.
    Headers,
}

/// A step of a curve.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) count: u64,
    /// Without layerprint, for what costs Envoy too.
    pub(super) is_bare: bool,
}

impl Kind {
    pub(super) const ALL: [Self; 7] = [
        Self::Rules,
        Self::Values,
        Self::Routes,
        Self::Networks,
        Self::Keys,
        Self::Connections,
        Self::Headers,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Rules => "rules",
            Self::Values => "values in a rule",
            Self::Routes => "routes",
            Self::Networks => "networks",
            Self::Keys => "keys",
            Self::Connections => "connections",
            Self::Headers => "headers",
        }
    }

    pub(super) fn steps(self) -> Vec<Step> {
        let most = [10, 1_000, most_connections()];
        let counts: &[u64] = match self {
            Self::Rules => &[10, 1_000, 10_000],
            Self::Values | Self::Networks | Self::Keys => &[10, 1_000, 100_000],
            Self::Routes => &[4, 32, 256],
            Self::Connections => &most,
            Self::Headers => &[5, 20, 50, 100],
        };
        let bare = matches!(self, Self::Headers | Self::Connections);
        let step = |is_bare| move |count: &u64| Step { count: *count, is_bare };
        let ours = counts.iter().map(step(false));
        let bares = counts.iter().filter(|_| bare).map(step(true));
        ours.chain(bares).collect()
    }

    /// The filter's configuration with so many.
    pub(super) fn configuration(self, count: u64) -> Value {
        match self {
            Self::Rules => json!({"rules": (0..count).map(rule).collect::<Vec<_>>()}),
            Self::Values => {
                let (half, rest) = (count / 2, count - count / 2);
                let prints: Vec<String> = (0..half).map(ja4).collect();
                let networks: Vec<String> = (0..rest).map(network).collect();
                json!({"rules": [
                    {"name": "prints", "match": {"ja4": prints}, "action": "challenge", "mode": "observe"},
                    {"name": "networks", "match": {"client_ip": networks}, "action": "challenge", "mode": "observe"},
                ], "challenge": false})
            }
            Self::Routes => json!({"routes": (0..count).map(route).collect::<Vec<_>>()}),
            Self::Networks => {
                json!({"networks": [{"tag": "vpn", "cidrs": (0..count).map(network).collect::<Vec<_>>()}]})
            }
            Self::Keys => json!({"limits": {"rates": [
                {"name": "each", "key": [{"header": "x-key"}], "requests": 1_000_000, "per_s": 600, "action": "limit"},
            ]}}),
            Self::Connections | Self::Headers => json!({}),
        }
    }

    /// The request's headers.
    pub(super) fn fields(self, count: u64) -> Vec<(String, String)> {
        let mut fields = vec![
            ("user-agent".to_owned(), "curl/8.5.0".to_owned()),
            ("accept".to_owned(), "*/*".to_owned()),
        ];
        if self == Self::Headers {
            let more = (2..count).map(|n| (format!("x-header-{n}"), "a value of usual length".to_owned()));
            fields.extend(more);
        }
        fields
    }
}

/// As many as this process may have open, and Envoy, whose limit is the same; some are needed for else.
fn most_connections() -> u64 {
    const WANTED: u64 = 20_000;
    const ELSE: u64 = 1_000;
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let most = line.and_then(|line| line.split_ascii_whitespace().next()?.parse::<u64>().ok());
    most.map_or(WANTED, |most| most.saturating_sub(ELSE).min(WANTED))
}

/// The key of this number.
pub(super) fn key(number: u64) -> String {
    format!("key-{number:07}")
}

/// Envoy without the module.
pub(super) fn without_layerprint(config: &mut Value) {
    without_connection_role(config);
    visit(config, &mut |object| {
        if let Some(Value::Array(filters)) = object.get_mut("http_filters") {
            filters.retain(|filter| filter.get("name").is_none_or(|name| name != "envoy.filters.http.wasm"));
        }
    });
}

/// What becomes of more than may be.
pub(super) fn too_many() -> String {
    let mut text = "of more than these a configuration is refused:\n".to_owned();
    for (kind, count) in [(Kind::Rules, 100_000), (Kind::Routes, 1_000), (Kind::Networks, 100_001)] {
        let configuration = kind.configuration(count).to_string();
        let problems = Config::parse(configuration.as_bytes()).err().unwrap_or_default();
        let first = problems
            .first()
            .map_or("it is accepted".to_owned(), ToString::to_string);
        text += &format!("  {count} {}: {first}\n", kind.name());
    }
    text
}

/// Digits as a digest has them, and none twice.
fn digits(n: u64) -> String {
    format!("{:012x}", n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16)
}

fn ja4(n: u64) -> String {
    format!("t13d1516h2_8daaf6152771_{}", digits(n))
}

/// No two are alike, and none is of this machine.
fn network(n: u64) -> String {
    let [low, middle, high, ..] = n.to_le_bytes();
    format!("{}.{middle}.{low}.0/24", 11 + u16::from(high))
}

fn rule(n: u64) -> Value {
    let condition = match n % 6 {
        0 => json!({"ja4": ja4(n)}),
        1 => json!({"client_ip": network(n)}),
        2 => json!({"path": format!("/old/{n}/*.php"), "method": "POST"}),
        3 => json!({"product": format!("bot-{}", digits(n)), "version": {"max": 9}}),
        4 => json!({"host": format!("*.shop-{n}.example"), "l7": {"min": 25}}),
        _ => json!({"network": "datacenter", "path": format!("/api/v1/{}/*", digits(n))}),
    };
    json!({"name": format!("r{n}"), "match": condition, "action": "log"})
}

fn route(n: u64) -> Value {
    let paths: Vec<String> = ["", "/{id}", "/{id}/edit", "/files/{*rest}"]
        .iter()
        .map(|end| format!("/area-{n}{end}"))
        .collect();
    json!({"name": format!("route-{n}"), "class": "api", "paths": paths})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_is_accepted_and_what_is_more_is_not() {
        for kind in Kind::ALL {
            for step in kind.steps() {
                let configuration = kind.configuration(step.count).to_string();
                let parsed = Config::parse(configuration.as_bytes());
                assert!(parsed.is_ok(), "{kind:?} {}: {:?}", step.count, parsed.err());
            }
        }
        let text = too_many();
        assert!(!text.contains("it is accepted"), "{text}");
    }
}
