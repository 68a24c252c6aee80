//! The files in which operators publish addresses. There is no standard: most are JSON after Google's fashion, some are lines.
//!
//! A list that holds the addresses of more than one service says so in its entries (`service`, `scope`); whoever took all of them
//! for one crawler's would let a whole cloud pass. So an entry with anything but a prefix in it is refused, and what stands in a
//! file beside its lists is named.

use ipnet::IpNet;
use layerprint::clients::crawlers::is_date;
use serde_json::{Map, Value};
use std::net::{IpAddr, Ipv6Addr};

/// The keys under which lists stand, and an object that holds such keys.
const LISTS: [&str; 6] = [
    "prefixes",
    "ipv6_prefixes",
    "ips",
    "addresses",
    "prefixes_ipv4",
    "prefixes_ipv6",
];
const WRAPPERS: [&str; 1] = ["synthetics"];

/// The keys of an entry.
const ENTRIES: [&str; 8] = [
    "ipv4Prefix",
    "ipv6Prefix",
    "ip_prefix",
    "ipv6_prefix",
    "prefix",
    "cidr",
    "ip",
    "ip_address",
];

/// The shortest prefixes that are taken: no crawler comes from more.
const SHORTEST_V4: u8 = 8;
const SHORTEST_V6: u8 = 16;

const ACCEPTED: &str = r#"an address, or a prefix such as "192.0.2.0/24" or "2001:db8::/32""#;

/// What the files say.
#[derive(Debug, Default)]
pub(super) struct Published {
    /// All prefixes, as they came.
    pub(super) prefixes: Vec<IpNet>,
    /// The oldest date that a file says it is from.
    pub(super) created: Option<String>,
    /// Where else there was something.
    pub(super) left_out: Vec<String>,
}

impl Published {
    /// Takes what another file says.
    pub(super) fn add(&mut self, other: Self) {
        self.prefixes.extend(other.prefixes);
        self.left_out.extend(other.left_out);
        self.created = match (self.created.take(), other.created) {
            (Some(one), Some(another)) => Some(one.min(another)),
            (one, another) => one.or(another),
        };
    }
}

/// Reads one file.
///
/// # Errors
/// Every problem, each with its place in the file.
pub(super) fn read(bytes: &[u8]) -> Result<Published, Vec<String>> {
    let text = str::from_utf8(bytes).map_err(|error| vec![format!("byte {}: not UTF-8", error.valid_up_to())])?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reading = Reading::default();
    match text.trim_start().chars().next() {
        Some('{' | '[') => match serde_json::from_str(text) {
            Ok(value) => reading.whole(&value),
            Err(error) => reading.problems.push(format!("not JSON: {error}")),
        },
        Some('<') => reading
            .problems
            .push("an HTML page: copy the JSON or the addresses out of it, into a file of their own".to_owned()),
        _ => reading.lines(text),
    }
    if reading.problems.is_empty() && reading.published.prefixes.is_empty() {
        reading.problems.push("holds no addresses".to_owned());
    }
    if reading.problems.is_empty() {
        Ok(reading.published)
    } else {
        Err(reading.problems)
    }
}

#[derive(Default)]
struct Reading {
    published: Published,
    problems: Vec<String>,
}

impl Reading {
    fn whole(&mut self, value: &Value) {
        match value {
            Value::Array(items) => self.list("$", items),
            Value::Object(object) => {
                if !self.object("$", object) {
                    let lists = LISTS.map(|key| format!("{key:?}")).join(", ");
                    self.problems
                        .push(format!("$: no list of addresses; accepted: {lists}"));
                }
            }
            _ => self.problems.push("$: neither an object nor an array".to_owned()),
        }
    }

    /// Reads the lists of an object, and tells whether there are any.
    fn object(&mut self, path: &str, object: &Map<String, Value>) -> bool {
        let mut any = false;
        for (key, value) in object {
            let path = format!("{path}.{}", shown(key));
            match value {
                Value::Array(items) if LISTS.contains(&key.as_str()) => {
                    self.list(&path, items);
                    any = true;
                }
                Value::Object(inner) if WRAPPERS.contains(&key.as_str()) => any |= self.object(&path, inner),
                Value::String(text) if key == "creationTime" || key == "modified" => self.created(&path, text),
                Value::Array(_) | Value::Object(_) => self.published.left_out.push(path),
                _ if LISTS.contains(&key.as_str()) => self.problems.push(format!("{path}: no array")),
                _ => {}
            }
        }
        any
    }

    fn created(&mut self, path: &str, text: &str) {
        match text.get(..10).filter(|day| is_date(day)) {
            Some(day) => self.published.created = Some(day.to_owned()),
            None => self
                .published
                .left_out
                .push(format!("{path}: {} is no date", shown(text))),
        }
    }

    fn list(&mut self, path: &str, items: &[Value]) {
        for (n, item) in items.iter().enumerate() {
            let path = format!("{path}[{n}]");
            match item {
                Value::String(text) => self.prefix(&path, text),
                Value::Object(entry) => self.entry(&path, entry),
                _ => self.problems.push(format!("{path}: neither a text nor an object")),
            }
        }
    }

    fn entry(&mut self, path: &str, entry: &Map<String, Value>) {
        if let Some(key) = entry.keys().find(|key| !ENTRIES.contains(&key.as_str())) {
            self.problems.push(format!(
                "{path}.{}: an entry with more than its prefix in it, as lists of many services have them; keep only the crawler's own entries, and of those the prefixes",
                shown(key)
            ));
            return;
        }
        if entry.is_empty() {
            let keys = ENTRIES.map(|key| format!("{key:?}")).join(", ");
            self.problems
                .push(format!("{path}: no prefix; accepted: one of {keys}"));
        }
        for (key, value) in entry {
            let path = format!("{path}.{key}");
            match value.as_str() {
                Some(text) => self.prefix(&path, text),
                None => self.problems.push(format!("{path}: no text; accepted: {ACCEPTED}")),
            }
        }
    }

    /// Text: of whois the routes, else one address a line.
    fn lines(&mut self, text: &str) {
        let is_whois = text.lines().any(|line| route(line).is_some());
        for (n, line) in text.lines().enumerate() {
            let line = if is_whois {
                route(line).unwrap_or_default()
            } else {
                line
            };
            let line = line.split(['#', ',']).next().unwrap_or_default().trim();
            if !line.is_empty() {
                self.prefix(&format!("line {}", n + 1), line);
            }
        }
    }

    fn prefix(&mut self, path: &str, text: &str) {
        match prefix(text.trim()) {
            Ok(prefix) => self.published.prefixes.push(prefix),
            Err(why) => self.problems.push(format!("{path}: {} {why}", shown(text))),
        }
    }
}

/// The route of an object of the routing registry (RFC 2622, RFC 4012).
fn route(line: &str) -> Option<&str> {
    let (key, value) = line.split_once(':')?;
    matches!(key, "route" | "route6")
        .then(|| value.trim())
        .filter(|value| value.contains('/'))
}

/// `text` as a prefix: an address is one by itself. IPv4 mapped into IPv6 is the IPv4 that it is.
fn prefix(text: &str) -> Result<IpNet, String> {
    let no_prefix = || format!("is no prefix; accepted: {ACCEPTED}");
    let given = match text.parse::<IpAddr>() {
        Ok(ip) => IpNet::from(ip.to_canonical()),
        Err(_) => unmapped(text.parse().map_err(|_| no_prefix())?),
    };
    if given.trunc() != given {
        return Err(format!(
            "has bits set behind its prefix; accepted: \"{}\"",
            given.trunc()
        ));
    }
    let shortest = if given.addr().is_ipv4() {
        SHORTEST_V4
    } else {
        SHORTEST_V6
    };
    if given.prefix_len() < shortest {
        return Err(format!(
            "is wider than any operator's network; accepted: /{shortest} and longer"
        ));
    }
    Ok(given)
}

fn unmapped(prefix: IpNet) -> IpNet {
    let IpNet::V6(inner) = prefix else { return prefix };
    let ip: Option<_> = Ipv6Addr::to_ipv4_mapped(&inner.addr());
    let mapped = ip.zip(inner.prefix_len().checked_sub(96));
    let mapped = mapped.and_then(|(ip, length)| IpNet::new(ip.into(), length).ok());
    mapped.unwrap_or(prefix)
}

/// A text of a file, on one line and not too long.
fn shown(text: &str) -> String {
    let is_plain = text.len() <= 40
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if is_plain {
        return text.to_owned();
    }
    let cut: String = text.chars().take(40).collect();
    format!("{cut:?}{}", if cut.len() < text.len() { "…" } else { "" })
}
