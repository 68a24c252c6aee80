//! `rules` and `connection.rules`: what an operator says of what was seen. The first rule that matches wins.
//!
//! ```json
//! {"rules": [{"name": "scrapers", "match": {"ja4": "t13d*_8daaf6152771_*", "network": ["datacenter", "vpn"], "l7": {"min": 25}},
//!             "unless": {"client_ip": ["192.0.2.0/24"]}, "missing": "no-match", "action": "challenge", "mode": "enforce"}]}
//! ```
//! All conditions of `match` have to hold, and none of `unless`; of a list, one value is enough. See [`crate::policy::rules`].

use super::MODES;
use super::networks::{CIDR, prefix};
use super::routes::name;
use super::section::{Problem, Refused, Section, quoted};
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
pub(super) struct Known {
    texts: &'static [Field],
    numbers: &'static [Number],
}

/// What rules for requests can ask for.
pub(super) const OF_REQUESTS: Known = Known {
    texts: &Field::ALL,
    numbers: &Number::ALL,
};

/// What rules for connections can ask for.
pub(super) const OF_CONNECTIONS: Known = Known {
    texts: &Field::OF_CONNECTION,
    numbers: &Number::OF_CONNECTION,
};

/// Reads `rules`, with `actions` by their names.
pub(super) fn rules<A: Copy>(root: &mut Section<'_>, known: &Known, actions: &[(&'static str, A)]) -> Rules<A> {
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
    known: &Known,
    actions: &[(&'static str, A)],
    names: &mut BTreeSet<String>,
    values: &mut usize,
) -> Option<Rule<A>> {
    let name = name(section, names);
    section.need("match", "an object of at least one condition".to_owned());
    let mut read = |key| conditions(section, key, known, values);
    let (conditions, unless) = (read("match"), read("unless"));
    let missing = section.choice(
        "missing",
        &[("match", Missing::Match), ("no-match", Missing::NoMatch)],
        Missing::default(),
    );
    let action = section.needed_choice("action", actions);
    Some(Rule {
        mode: section.choice_if_given("mode", &MODES),
        name: name?,
        conditions,
        unless,
        missing,
        action: action?,
    })
}

/// Reads the object of conditions under `key`. One that is there has to say something.
fn conditions(section: &mut Section<'_>, key: &'static str, known: &Known, values: &mut usize) -> Vec<Condition> {
    section.section_of_some(key, "an object of at least one condition", |section| {
        let mut conditions = Vec::new();
        for field in known.texts {
            conditions.extend(text_condition(section, *field, values));
        }
        for number in known.numbers {
            conditions.extend(number_condition(section, *number));
        }
        conditions.extend(ip_condition(section, values));
        conditions
    })
}

fn text_condition(section: &mut Section<'_>, field: Field, values: &mut usize) -> Option<Condition> {
    let key = field.as_str();
    if !section.has(key) {
        section.knows(key);
        return None;
    }
    let words = field.words();
    let accepted = words.as_ref().map(|words| quoted(words.iter().copied()));
    let accepted = accepted.unwrap_or_else(|| TEXT.to_owned());
    let mut wanted = Texts::default();
    section.one_or_some_texts(key, &accepted, |text| {
        *values = values.saturating_add(1);
        let pattern = TextPattern::parse(text).map_err(refused)?;
        let pattern = if field.ignores_case() {
            pattern.in_lower_case()
        } else {
            pattern
        };
        if let (Some(words), TextPattern::Exact(exact)) = (&words, &pattern)
            && !words.contains(&&**exact)
        {
            return Err(Refused {
                why: "is not accepted",
                accepted: accepted.clone(),
            });
        }
        wanted.add(pattern);
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
    Some(Condition::ClientIp(Prefixes::new(prefixes)))
}

fn refused(error: PatternError) -> Refused {
    let (why, accepted) = match error {
        PatternError::Empty => ("is empty", TEXT.to_owned()),
        PatternError::TooLong => ("is too long", format!("at most {} bytes", TextPattern::MAX)),
        PatternError::OpenEscape => (r"ends with a \", r"\\ for a backslash".to_owned()),
    };
    Refused { why, accepted }
}
