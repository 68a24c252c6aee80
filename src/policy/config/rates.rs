//! `limits.rates`: how much may come in a while, counted by what.
//!
//! ```json
//! {"limits": {"rates": [{"name": "login", "match": {"class": "login"}, "unless": {"network": "office"}, "missing": "no-match",
//!             "key": ["lp1_tls", "client_net", {"header": "x-tenant"}], "requests": 100, "per_s": 10, "burst": 20,
//!             "action": "limit", "mode": "enforce"}]}}
//! ```
//! `match` and `unless` are those of `rules`; without them all requests count. `cost` in the place of `requests` counts what the
//! requests' routes cost. See [`crate::policy::limits`].

use super::problem::Refused;
use super::rules::{Known, MAX_VALUES, Matching, matched};
use super::section::Section;
use crate::memory::window::Terms;
use crate::policy::Verdict;
use crate::policy::limits::{Limit, Part, Unit};
use std::collections::BTreeSet;

/// The most limits: each one that is about a request costs two calls to the proxy.
const MAX_LIMITS: usize = 100;

/// The most parts of a key.
const MAX_PARTS: usize = 8;

/// The most that may come in a window.
const MAX_AMOUNT: usize = 1_000_000_000;

/// The longest window, in seconds: a day.
const MAX_WINDOW_S: usize = 86_400;

/// What can become of a request that is over a limit. None of it is final.
const ACTIONS: [(&str, Verdict); 4] = [
    ("limit", Verdict::Limit),
    ("slow", Verdict::Slow),
    ("challenge", Verdict::Challenge),
    ("log", Verdict::Log),
];

/// Reads `rates` of `limits`.
pub(super) fn rates(limits: &mut Section<'_>, known: &Known<'_>) -> Vec<Limit> {
    let mut names = BTreeSet::new();
    let mut values = 0_usize;
    let mut count = 0_usize;
    let mut listed = Vec::new();
    limits.sections("rates", |section| {
        count = count.saturating_add(1);
        listed.extend(limit(section, known, &mut names, &mut values));
    });
    for (count, most, what) in [
        (count, MAX_LIMITS, "limits"),
        (values, MAX_VALUES, "texts and networks in limits"),
    ] {
        if count > most {
            limits.refuse_all(
                "rates",
                format!("{count} {what} are too many"),
                format!("at most {most} {what}"),
            );
            listed.clear();
        }
    }
    listed
}

fn limit(
    section: &mut Section<'_>,
    known: &Known<'_>,
    names: &mut BTreeSet<String>,
    values: &mut usize,
) -> Option<Limit> {
    let matched = matched(section, known, names, values, Matching::SomeOrAll);
    let key = key(section);
    let (unit, most) = amount(section);
    section.need("per_s", format!("a whole number from 1 to {MAX_WINDOW_S}"));
    let window_s = section.number("per_s", 1..=MAX_WINDOW_S, 1);
    let burst = burst(section, most);
    let action = section.choice("action", &ACTIONS, Verdict::Limit);
    let terms = Terms {
        most: u32::try_from(most).ok()?,
        window_ms: u32::try_from(window_s).ok()?.checked_mul(1_000)?,
        burst,
    };
    Some(Limit::new(matched(action)?, key, unit, terms))
}

/// Reads `burst`, of a limit of `most`.
fn burst(section: &mut Section<'_>, most: usize) -> Option<u32> {
    if !section.has("burst") {
        section.knows("burst");
        return None;
    }
    let burst = section.number("burst", 1..=MAX_AMOUNT, 1);
    if burst > most {
        section.refuse_all(
            "burst",
            format!("{burst} is more than may come in all"),
            format!("a whole number from 1 to {most}"),
        );
    }
    u32::try_from(burst).ok()
}

/// Reads `requests` or `cost`: one of them.
fn amount(section: &mut Section<'_>) -> (Unit, usize) {
    let range = || 1..=MAX_AMOUNT;
    match (section.has("requests"), section.has("cost")) {
        (true, false) => {
            section.knows("cost");
            (Unit::Requests, section.number("requests", range(), 1))
        }
        (false, true) => {
            section.knows("requests");
            (Unit::Cost, section.number("cost", range(), 1))
        }
        (true, true) => {
            section.refuse_all("cost", "stands beside requests".to_owned(), "one of the two".to_owned());
            section.number("cost", range(), 1);
            (Unit::Requests, section.number("requests", range(), 1))
        }
        (false, false) => {
            section.knows("cost");
            section.need("requests", format!("a whole number from 1 to {MAX_AMOUNT}; or cost"));
            (Unit::Requests, 1)
        }
    }
}

fn key(section: &mut Section<'_>) -> Vec<Part> {
    let accepted = || {
        let words: Vec<_> = Part::words().map(|word| format!("\"{word}\"")).collect();
        format!(r#"{}, {{"header": NAME}}"#, words.join(", "))
    };
    section.need(
        "key",
        format!("an array of {}; an empty one counts all together", accepted()),
    );
    let mut parts: Vec<Part> = Vec::new();
    section.texts_or_sections("key", &accepted(), |item| {
        let part = match item {
            Ok(word) => Part::of_word(word).ok_or_else(|| Refused {
                why: "is not accepted",
                accepted: accepted(),
            })?,
            Err(section) => match section.needed_text("header", HEADER, header) {
                Some(name) => Part::Header(name),
                None => return Ok(()),
            },
        };
        if parts.contains(&part) {
            return Err(Refused {
                why: "is given twice",
                accepted: "each part once".to_owned(),
            });
        }
        parts.push(part);
        Ok(())
    });
    if parts.len() > MAX_PARTS {
        section.refuse_all(
            "key",
            format!("{} parts are too many", parts.len()),
            format!("at most {MAX_PARTS} parts"),
        );
    }
    parts
}

pub(super) const HEADER: &str = "the name of a header";

/// Whether tokens of HTTP have this byte (RFC 9110, 5.6.2).
pub(super) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// A header's name (RFC 9110, 5.1), which has no case.
pub(super) fn header(name: &str) -> Result<Box<str>, Refused> {
    if name.is_empty() || name.len() > 128 || !name.bytes().all(is_token) {
        return Err(Refused {
            why: "is not accepted",
            accepted: HEADER.to_owned(),
        });
    }
    Ok(name.to_ascii_lowercase().into())
}

#[cfg(test)]
mod tests {
    use super::super::{Config, tests::problems};
    use super::*;
    use crate::policy::Mode;
    use crate::policy::rules::Field;

    fn limits(text: &str) -> Vec<Limit> {
        Config::parse(text.as_bytes()).unwrap().policy.limits.listed().to_vec()
    }

    #[test]
    fn every_key_of_a_limit_is_read() {
        let text = r#"{"limits":{"retry_after_s":3,"rates":[{"name":"login","match":{"class":"login"},"unless":{"network":"office"},
            "missing":"match","key":["lp1_tls","ja4_b","client_net",{"header":"X-Tenant"}],"cost":100.0,"per_s":10,"burst":20,
            "action":"slow","mode":"enforce"},{"name":"all","key":[],"requests":5,"per_s":1}]}}"#;
        let read = limits(text);
        let [login, all] = read.as_slice() else {
            panic!("{read:?}")
        };
        let header = Part::Header("x-tenant".into());
        assert_eq!(
            login.key,
            [Part::Field(Field::Lp1Tls), Part::Ja4(1), Part::Network, header]
        );
        let terms = |most, window_ms, burst| Terms { most, window_ms, burst };
        assert_eq!((login.unit, login.terms), (Unit::Cost, terms(100, 10_000, Some(20))));
        assert_eq!(
            (login.rule.action, login.rule.mode),
            (Verdict::Slow, Some(Mode::Enforce))
        );
        assert_eq!((login.rule.conditions.len(), login.rule.unless.len()), (1, 1));
        assert_eq!((all.unit, all.terms), (Unit::Requests, terms(5, 1_000, None)));
        assert_eq!(
            (all.rule.action, all.rule.mode, all.key.len()),
            (Verdict::Limit, None, 0)
        );
    }

    #[test]
    fn each_mistake_in_a_limit_is_told() {
        let text = r#"{"limits":{"rates":[{},
            {"name":"a","key":["ip"],"requests":1,"cost":2,"per_s":0},
            {"name":"a","key":["ja4","ja4",{"header":"a b"},{"heder":"x"},7],"requests":0,"per_s":86401,"burst":0,"action":"block"},
            {"name":"b","match":{},"key":"ja4","requests":10,"per_s":1,"burst":11,"rate":3}]}}"#;
        let found = problems(text);
        let begins: Vec<&str> = found
            .iter()
            .map(|line| line.split("; accepted: ").next().unwrap())
            .collect();
        assert_eq!(
            begins,
            [
                "limits.rates[0].name: is missing",
                "limits.rates[0].key: is missing",
                "limits.rates[0].requests: is missing",
                "limits.rates[0].per_s: is missing",
                r#"limits.rates[1].key[0]: "ip" is not accepted"#,
                "limits.rates[1].cost: stands beside requests",
                "limits.rates[1].per_s: 0 is not accepted",
                r#"limits.rates[2].name: "a" is taken"#,
                r#"limits.rates[2].key[1]: "ja4" is given twice"#,
                r#"limits.rates[2].key[2].header: "a b" is not accepted"#,
                "limits.rates[2].key[3].header: is missing",
                "limits.rates[2].key[3].heder: unknown key",
                "limits.rates[2].key[4]: 7 is not accepted",
                "limits.rates[2].requests: 0 is not accepted",
                "limits.rates[2].per_s: 86401 is not accepted",
                "limits.rates[2].burst: 0 is not accepted",
                r#"limits.rates[2].action: "block" is not accepted"#,
                "limits.rates[3].match: is empty",
                r#"limits.rates[3].key: "ja4" is not accepted"#,
                "limits.rates[3].burst: 11 is more than may come in all",
                "limits.rates[3].rate: unknown key",
            ]
        );
    }

    #[test]
    fn there_is_a_bound_on_limits() {
        let rates: Vec<_> = (0..=MAX_LIMITS)
            .map(|n| format!(r#"{{"name":"r{n}","key":[],"requests":1,"per_s":1}}"#))
            .collect();
        let text = format!(r#"{{"limits":{{"rates":[{}]}}}}"#, rates.join(","));
        assert_eq!(
            problems(&text),
            ["limits.rates: 101 limits are too many; accepted: at most 100 limits"]
        );
    }
}
