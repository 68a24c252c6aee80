//! `behaviour`: what is looked for over several requests, and from when on it is found. `false` in the place of a section switches it off.
//!
//! ```json
//! {"behaviour": {"login": {"failure_statuses": [401], "success_statuses": [302],
//!                          "failure_header": {"name": "x-login", "values": ["failed"]},
//!                          "failures": 20, "failures_of_client": 10, "ratio_percent": 80, "networks": 10},
//!                "rotation": {"networks": 20, "share_percent": 50},
//!                "sequence": false}}
//! ```
//!
//! For `sequence` see [`super::sequence`].

use super::rates::{HEADER, header};
use super::section::Section;
use crate::memory::behaviour::{Settings, login, rotation};

/// The most that is counted before something is found.
const MAX_COUNT: usize = 1_000_000;

/// Reads `behaviour`.
pub(super) fn behaviour(section: &mut Section<'_>, default: Settings) -> Settings {
    Settings {
        login: section.section_or_off("login", default.login, login),
        rotation: section.section_or_off("rotation", default.rotation, rotation),
        sequence: section.section_or_off("sequence", default.sequence, super::sequence::sequence),
    }
}

fn login(section: &mut Section<'_>, default: login::Settings) -> login::Settings {
    let failure_statuses = statuses(section, "failure_statuses").unwrap_or(default.failure_statuses);
    let success_statuses = statuses(section, "success_statuses").or(default.success_statuses);
    let failure_header = if section.has("failure_header") {
        section.section("failure_header", |section| {
            let name = section.needed_text("name", HEADER, header);
            let mut values = Vec::new();
            section.some_texts("values", "a value of the header", |_, value| {
                values.push(value.trim().to_ascii_lowercase().into());
                Ok(())
            });
            name.map(|name| login::FailureHeader { name, values })
        })
    } else {
        section.knows("failure_header");
        default.failure_header
    };
    let mut count = |key, default| count(section, key, 1..=MAX_COUNT, default);
    login::Settings {
        failure_statuses,
        success_statuses,
        failure_header,
        failures: count("failures", default.failures),
        failures_of_client: count("failures_of_client", default.failures_of_client),
        networks: count("networks", default.networks),
        ratio_percent: self::count(section, "ratio_percent", 1..=100, default.ratio_percent),
    }
}

fn rotation(section: &mut Section<'_>, default: rotation::Settings) -> rotation::Settings {
    rotation::Settings {
        networks: count(section, "networks", 2..=MAX_COUNT, default.networks),
        share_percent: count(section, "share_percent", 1..=100, default.share_percent),
    }
}

/// A count within `range`.
pub(super) fn count(
    section: &mut Section<'_>,
    key: &'static str,
    range: core::ops::RangeInclusive<usize>,
    default: u32,
) -> u32 {
    let or = usize::try_from(default).unwrap_or(MAX_COUNT);
    u32::try_from(section.number(key, range, or)).unwrap_or(default)
}

/// The statuses under `key`, if there are any.
fn statuses(section: &mut Section<'_>, key: &'static str) -> Option<Vec<u16>> {
    if !section.has(key) {
        section.knows(key);
        return None;
    }
    let statuses = section.numbers(key, 200..=599);
    Some(
        statuses
            .into_iter()
            .filter_map(|status| u16::try_from(status).ok())
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::super::{Config, tests::problems};
    use super::*;

    fn behaviour(text: &str) -> Settings {
        Config::parse(text.as_bytes()).unwrap().behaviour
    }

    #[test]
    fn behaviour_is_read_and_each_part_may_be_left_out_or_switched_off() {
        let text = r#"{"behaviour":{"login":{"failure_statuses":[401,200.0],"success_statuses":[302],
            "failure_header":{"name":"X-Login","values":["Failed"]},"failures":5,"failures_of_client":3,"ratio_percent":50,"networks":2},
            "rotation":{"networks":30,"share_percent":60},"sequence":false}}"#;
        let read = behaviour(text);
        let login = login::Settings {
            failure_statuses: vec![401, 200],
            success_statuses: Some(vec![302]),
            failure_header: Some(login::FailureHeader {
                name: "x-login".into(),
                values: vec!["failed".into()],
            }),
            failures: 5,
            failures_of_client: 3,
            ratio_percent: 50,
            networks: 2,
        };
        assert_eq!(read.login, Some(login));
        let (networks, share_percent) = (30, 60);
        assert_eq!(
            read.rotation,
            Some(rotation::Settings {
                networks,
                share_percent
            })
        );
        assert_eq!(read.sequence, None);
        assert_eq!(behaviour(r#"{"behaviour":{"login":{}}}"#), Settings::default());
        let off = behaviour(r#"{"behaviour":{"login":false,"rotation":false,"sequence":false}}"#);
        assert!(off.is_idle());
    }

    #[test]
    fn each_mistake_is_told() {
        let text = r#"{"behaviour":{"login":{"failure_statuses":[99,"a"],"failure_header":{"values":[]},"failures":0,"ratio_percent":101},
            "rotation":true,"logins":{}}}"#;
        let found = problems(text);
        let begins: Vec<&str> = found
            .iter()
            .map(|line| line.split("; accepted: ").next().unwrap())
            .collect();
        assert_eq!(
            begins,
            [
                "behaviour.login.failure_statuses[0]: 99 is not accepted",
                r#"behaviour.login.failure_statuses[1]: "a" is not accepted"#,
                "behaviour.login.failure_header.name: is missing",
                "behaviour.login.failure_header.values: is empty",
                "behaviour.login.failures: 0 is not accepted",
                "behaviour.login.ratio_percent: 101 is not accepted",
                "behaviour.rotation: true is not accepted",
                "behaviour.logins: unknown key",
            ]
        );
    }
}
