//! `rules` and `connection.rules`: what an operator says of what was seen. The first rule that matches wins.
//!
//! ```json
//! {"rules": [{"name": "scrapers", "match": {"ja4": "t13d*_8daaf6152771_*", "network": ["datacenter", "vpn"], "l7": {"min": 25}},
//!             "unless": {"client_ip": ["192.0.2.0/24"]}, "missing": "no-match", "action": "challenge", "mode": "enforce"}]}
//! ```
//! All conditions of `match` have to hold, and none of `unless`; of a list, one value is enough. See [`crate::policy::rules`].

use super::MODES;
use super::networks::{CIDR, prefix};
use super::problem::{Problem, Refused, quoted};
use super::routes::name;
use super::section::Section;
use crate::policy::rules::{
    Condition, Field, Missing, Number, PatternError, Prefixes, Rule, Rules, TextPattern, Texts,
};
use std::collections::BTreeSet;

/// The most rules.
pub(super) const MAX_RULES: usize = 10_000;

/// The most texts and networks that all rules ask for, taken together.
pub(super) const MAX_VALUES: usize = 100_000;

const TEXT: &str = r"a text, in which * is any run of characters, ? is one, and \ makes the next one ordinary";

/// What rules can ask for.
pub(super) struct Known<'k> {
    texts: &'static [Field],
    numbers: &'static [Number],
    /// The names of routes.
    routes: Option<&'k BTreeSet<String>>,
}

impl<'k> Known<'k> {
    /// What rules for requests can ask for, where there are these routes.
    pub(super) const fn of_requests(routes: &'k BTreeSet<String>) -> Self {
        Self {
            texts: &Field::ALL,
            numbers: &Number::ALL,
            routes: Some(routes),
        }
    }

    /// What rules for connections can ask for.
    pub(super) const OF_CONNECTIONS: Self = Self {
        texts: &Field::OF_CONNECTION,
        numbers: &Number::OF_CONNECTION,
        routes: None,
    };

    /// Whether `text` is a value that `field` can have at all, as far as those are known; what they are, if not.
    fn check(&self, field: Field, text: &str) -> Result<(), Refused> {
        let is_route = |names: &BTreeSet<String>| names.contains(text);
        let (is_known, accepted) = match (field, self.routes, field.words()) {
            (Field::Route, Some(names), _) => (is_route(names), "the name of a route".to_owned()),
            (_, _, Some(words)) => (words.contains(&text), quoted(words.into_iter())),
            (_, _, None) => return Ok(()),
        };
        let why = "is not accepted";
        if is_known {
            Ok(())
        } else {
            Err(Refused { why, accepted })
        }
    }
}

/// Reads `rules`, with `actions` by their names.
pub(super) fn rules<A: Copy>(root: &mut Section<'_>, known: &Known<'_>, actions: &[(&'static str, A)]) -> Rules<A> {
    let mut names = BTreeSet::new();
    let mut values = 0_usize;
    let mut count = 0_usize;
    let mut listed = Vec::new();
    root.sections("rules", |section| {
        count = count.saturating_add(1);
        listed.extend(rule(section, known, actions, &mut names, &mut values));
    });
    for (count, most, what) in [
        (count, MAX_RULES, "rules"),
        (values, MAX_VALUES, "texts and networks in rules"),
    ] {
        if count > most {
            root.refuse_all(
                "rules",
                format!("{count} {what} are too many"),
                format!("at most {most} {what}"),
            );
            listed.clear();
        }
    }
    Rules::new(listed)
}

fn rule<A: Copy>(
    section: &mut Section<'_>,
    known: &Known<'_>,
    actions: &[(&'static str, A)],
    names: &mut BTreeSet<String>,
    values: &mut usize,
) -> Option<Rule<A>> {
    let matched = matched(section, known, names, values, Matching::Some);
    let action = section.needed_choice("action", actions)?;
    matched(action)
}

/// What has to be said of what a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Matching {
    /// Something.
    Some,
    /// Nothing stands for all.
    SomeOrAll,
}

/// Reads all of a rule but its action: name, conditions, what becomes of it where evidence is missing, mode. None comes of it without
/// a name.
pub(super) fn matched<A>(
    section: &mut Section<'_>,
    known: &Known<'_>,
    names: &mut BTreeSet<String>,
    values: &mut usize,
    matching: Matching,
) -> impl FnOnce(A) -> Option<Rule<A>> + use<A> {
    let name = name(section, names);
    if matching == Matching::Some {
        section.need("match", "an object of at least one condition".to_owned());
    }
    let mut read = |key| conditions(section, key, known, values);
    let (conditions, unless) = (read("match"), read("unless"));
    let missing = section.choice(
        "missing",
        &[("match", Missing::Match), ("no-match", Missing::NoMatch)],
        Missing::default(),
    );
    let mode = section.choice_if_given("mode", &MODES);
    move |action| {
        Some(Rule {
            mode,
            name: name?,
            conditions,
            unless,
            missing,
            action,
        })
    }
}

/// Reads the object of conditions under `key`. One that is there has to say something.
fn conditions(section: &mut Section<'_>, key: &'static str, known: &Known<'_>, values: &mut usize) -> Vec<Condition> {
    section.section_of_some(key, "an object of at least one condition", |section| {
        let mut conditions = Vec::new();
        for field in known.texts {
            conditions.extend(text_condition(section, *field, known, values));
        }
        for number in known.numbers {
            conditions.extend(number_condition(section, *number));
        }
        conditions.extend(ip_condition(section, values));
        conditions
    })
}

fn text_condition(section: &mut Section<'_>, field: Field, known: &Known<'_>, values: &mut usize) -> Option<Condition> {
    let key = field.as_str();
    if !section.has(key) {
        section.knows(key);
        return None;
    }
    let mut wanted = Texts::default();
    section.one_or_some_texts(key, TEXT, |text| {
        *values = values.saturating_add(1);
        let pattern = TextPattern::parse(text).map_err(refused)?;
        if let TextPattern::Exact(exact) = &pattern {
            known.check(field, exact)?;
        }
        let ignores_case = field.ignores_case();
        wanted.add(if ignores_case { pattern.in_lower_case() } else { pattern });
        Ok(())
    });
    Some(Condition::Text(field, wanted))
}

fn number_condition(section: &mut Section<'_>, number: Number) -> Option<Condition> {
    let key = number.as_str();
    if !section.has(key) {
        section.knows(key);
        return None;
    }
    section.section_of_some(key, r#"an object with "min", "max" or both"#, |section| {
        let (min, max) = (section.number_if_given("min"), section.number_if_given("max"));
        if let (Some(min), Some(max)) = (min, max)
            && min > max
        {
            section.problem(Problem {
                path: section.place().to_owned(),
                what: format!("min {min} is above max {max}"),
                accepted: "a min that is no greater than max".to_owned(),
            });
        }
        Some(Condition::Number(number, min.unwrap_or(0), max.unwrap_or(u64::MAX)))
    })
}

fn ip_condition(section: &mut Section<'_>, values: &mut usize) -> Option<Condition> {
    if !section.has("client_ip") {
        section.knows("client_ip");
        return None;
    }
    let mut prefixes = BTreeSet::new();
    section.one_or_some_texts("client_ip", CIDR, |text| {
        *values = values.saturating_add(1);
        prefixes.insert(prefix(text)?);
        Ok(())
    });
    Some(Condition::ClientIp(Box::new(Prefixes::new(prefixes))))
}

fn refused(error: PatternError) -> Refused {
    let (why, accepted) = match error {
        PatternError::Empty => ("is empty", TEXT.to_owned()),
        PatternError::TooLong => ("is too long", format!("at most {} bytes", TextPattern::MAX)),
        PatternError::OpenEscape => (r"ends with a \", r"\\ for a backslash".to_owned()),
    };
    Refused { why, accepted }
}

#[cfg(test)]
mod tests {
    use super::super::{Config, tests::problems};
    use super::*;
    use crate::policy::connection::ConnectionVerdict;
    use crate::policy::{Mode, Verdict};

    #[test]
    fn every_key_of_a_rule_is_read() {
        let text = r#"{"challenge":false,"rules":[{"name":"a","match":{"ja4":["t13*","x"],"sni":"A.b","l7":{"min":25.0},"client_ip":"10.0.0.0/8"},
            "unless":{"network":"office"},"missing":"match","action":"challenge","mode":"enforce"}]}"#;
        let texts = |list: &[&str]| {
            let mut texts = Texts::default();
            list.iter()
                .for_each(|text| texts.add(TextPattern::parse(text).unwrap()));
            texts
        };
        let expected = Rule {
            name: "a".into(),
            conditions: vec![
                Condition::Text(Field::Ja4, texts(&["t13*", "x"])),
                Condition::Text(Field::Sni, texts(&["a.b"])),
                Condition::Number(Number::L7, 25, u64::MAX),
                Condition::ClientIp(Box::new(Prefixes::new(["10.0.0.0/8".parse().unwrap()].into()))),
            ],
            unless: vec![Condition::Text(Field::Network, texts(&["office"]))],
            missing: Missing::Match,
            action: Verdict::Challenge,
            mode: Some(Mode::Enforce),
        };
        let config = Config::parse(text.as_bytes()).unwrap();
        assert_eq!(config.policy.rules.listed(), [expected]);
    }

    #[test]
    fn each_field_and_number_can_be_asked_for() {
        let conditions = |names: &[&str], wanted: &str| {
            let conditions: Vec<_> = names.iter().map(|name| format!(r#""{name}":{wanted}"#)).collect();
            conditions.join(",")
        };
        let known = |names: &[&str]| conditions(names, r#""*""#);
        let numbers = |names: &[&str]| conditions(names, r#"{"min":1}"#);
        let of_requests = format!(
            r#"{{"rules":[{{"name":"r","match":{{{},{}}},"action":"log"}}]}}"#,
            known(&Field::ALL.map(Field::as_str)),
            numbers(&Number::ALL.map(Number::as_str))
        );
        let config = Config::parse(of_requests.as_bytes()).unwrap();
        assert_eq!(config.policy.asked().texts.len(), Field::ALL.len());
        assert_eq!(config.policy.asked().numbers.len(), Number::ALL.len());
        let of_connections = format!(
            r#"{{"connection":{{"rules":[{{"name":"r","match":{{{},{}}},"action":"close"}}]}}}}"#,
            known(&Field::OF_CONNECTION.map(Field::as_str)),
            numbers(&Number::OF_CONNECTION.map(Number::as_str))
        );
        let config = Config::parse(of_connections.as_bytes()).unwrap();
        assert_eq!(
            config.connection.policy.fields().texts.len(),
            Field::OF_CONNECTION.len()
        );
    }

    #[test]
    fn a_rule_for_connections_asks_only_for_what_is_known_by_then() {
        let text = r#"{"connection":{"mode":"observe","ladder":{"high":"close"},"rules":[
            {"name":"a","match":{"path":"/x"},"action":"block"},{"name":"b","match":{"ja4":"x"},"action":"close"}]}}"#;
        let known = r#""ja3", "ja3n", "ja4", "ja4s1", "tcp", "os", "mss_class", "lp1_tcp", "lp1_tls", "sni", "network", "reason", "tls_client", "hops", "rtt_us", "source_connections", "source_without_request", "source_unfinished", "family_connections", "family_without_request", "family_unfinished", "client_ip""#;
        assert_eq!(
            problems(text),
            [
                format!("connection.rules[0].match.path: unknown key; accepted: {known}"),
                r#"connection.rules[0].action: "block" is not accepted; accepted: "allow", "log", "close""#.to_owned(),
            ]
        );
        let right = text.replace("path", "sni").replace("block", "allow");
        let policy = Config::parse(right.as_bytes()).unwrap().connection.policy;
        assert_eq!(policy.rules.listed().len(), 2);
        assert_eq!(policy.ladder.high, ConnectionVerdict::Close);
        assert_eq!(policy.ladder.severe, ConnectionVerdict::Log);
    }

    #[test]
    fn each_mistake_in_a_rule_is_told() {
        let text = r#"{"rules":[{},
            {"name":"a","match":{},"action":"deny"},
            {"name":"a","match":7,"unless":{},"action":"log","missing":"skip"},
            {"name":"b","match":{"ja4":"","h2":["a\\",7],"class":"logn","reason":["tls-ua","tls-*","tls"],"network":[]},"action":"log"},
            {"name":"c","match":{"l4":{"min":5,"max":4},"hops":{},"version":9,"forged":{"min":-1,"mx":1}},"action":"log"},
            {"name":"d","match":{"client_ip":["10.0.0.1","10.0.0.0/8"]},"action":"log"},
            {"name":"e","match":{"ja5":"x","product":"curl"},"action":"log"},
            {"name":"f","match":{"route":["login","default","logn","log*"]},"action":"log"}]}"#;
        let found = problems(text);
        let begins: Vec<&str> = found
            .iter()
            .map(|line| line.split("; accepted: ").next().unwrap())
            .collect();
        assert_eq!(
            begins,
            [
                "rules[0].name: is missing",
                "rules[0].match: is missing",
                "rules[0].action: is missing",
                "rules[1].match: is empty",
                r#"rules[1].action: "deny" is not accepted"#,
                r#"rules[2].name: "a" is taken"#,
                "rules[2].match: 7 is not accepted",
                "rules[2].unless: is empty",
                r#"rules[2].missing: "skip" is not accepted"#,
                r#"rules[3].match.ja4: "" is empty"#,
                r#"rules[3].match.h2[0]: "a\\" ends with a \"#,
                "rules[3].match.h2[1]: 7 is not accepted",
                "rules[3].match.network: is empty",
                r#"rules[3].match.class: "logn" is not accepted"#,
                r#"rules[3].match.reason[2]: "tls" is not accepted"#,
                "rules[4].match.l4: min 5 is above max 4",
                "rules[4].match.hops: is empty",
                "rules[4].match.forged.min: -1 is not accepted",
                "rules[4].match.forged.mx: unknown key",
                "rules[4].match.version: 9 is not accepted",
                r#"rules[5].match.client_ip[0]: "10.0.0.1" has no prefix length"#,
                "rules[6].match.ja5: unknown key",
                r#"rules[7].match.route[2]: "logn" is not accepted"#,
            ]
        );
        assert!(found.iter().all(|line| line.len() < 1_000), "{found:#?}");
    }

    #[test]
    fn there_are_bounds_on_rules_and_on_what_they_list() {
        let list = |rules: usize, texts: usize| {
            let texts: Vec<_> = (0..texts).map(|n| format!("\"{n}\"")).collect();
            let texts = texts.join(",");
            let rule = |n| format!(r#"{{"name":"r{n}","match":{{"ja4":[{texts}]}},"action":"log"}}"#);
            let rules: Vec<_> = (0..rules).map(rule).collect();
            format!(r#"{{"rules":[{}]}}"#, rules.join(","))
        };
        let config = Config::parse(list(MAX_RULES, 1).as_bytes()).unwrap();
        assert_eq!(config.policy.rules.listed().len(), MAX_RULES);
        assert_eq!(
            problems(&list(MAX_RULES + 1, 1)),
            ["rules: 10001 rules are too many; accepted: at most 10000 rules"]
        );
        assert_eq!(
            problems(&list(10, MAX_VALUES / 10 + 1)),
            [
                "rules: 100010 texts and networks in rules are too many; accepted: at most 100000 texts and networks in rules"
            ]
        );
    }
}
