//! Which rule wins, what missing evidence does to it, and that the index leaves out none that could.

use super::*;
use crate::evidence::{Evidence, Reason};
use crate::policy::Verdict;
use crate::policy::config::Config;
use core::net::IpAddr;
use proptest::collection::vec;
use proptest::prelude::*;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// What was seen of something; what is not listed is missing.
#[derive(Clone, Debug)]
pub(in crate::policy) enum Seen {
    /// These.
    Only {
        texts: BTreeMap<Field, Vec<String>>,
        numbers: BTreeMap<Number, u64>,
        ip: Option<IpAddr>,
    },
    /// Whoever asks for anything fails.
    Untouchable,
}

impl Default for Seen {
    fn default() -> Self {
        Self::Only {
            texts: BTreeMap::new(),
            numbers: BTreeMap::new(),
            ip: None,
        }
    }
}

impl Seen {
    pub(in crate::policy) fn text(field: Field, text: &str) -> Self {
        Self::default().with(field, &[text])
    }

    pub(in crate::policy) fn with(mut self, field: Field, values: &[&str]) -> Self {
        if let Self::Only { texts, .. } = &mut self {
            texts.insert(field, values.iter().map(|value| (*value).to_owned()).collect());
        }
        self
    }

    fn with_number(mut self, number: Number, value: u64) -> Self {
        if let Self::Only { numbers, .. } = &mut self {
            numbers.insert(number, value);
        }
        self
    }

    pub(in crate::policy) fn with_ip(mut self, text: &str) -> Self {
        if let Self::Only { ip, .. } = &mut self {
            *ip = Some(text.parse().unwrap());
        }
        self
    }
}

impl Subject for Seen {
    fn texts(&self, field: Field, take: &mut dyn FnMut(&str)) -> Evidence<()> {
        let Self::Only { texts, .. } = self else {
            panic!("{field:?} is asked for");
        };
        let Some(values) = texts.get(&field) else {
            return Evidence::Missing(Reason::NotProvided);
        };
        values.iter().for_each(|value| take(value));
        Evidence::Seen(())
    }

    fn number(&self, number: Number) -> Evidence<u64> {
        let Self::Only { numbers, .. } = self else {
            panic!("{number:?} is asked for");
        };
        Evidence::or_missing(numbers.get(&number).copied(), Reason::NotProvided)
    }

    fn client_ip(&self) -> Evidence<IpAddr> {
        let Self::Only { ip, .. } = self else {
            panic!("the address is asked for");
        };
        Evidence::or_missing(*ip, Reason::NotProvided)
    }
}

/// Notes what is asked for.
struct Noting<'a>(&'a Seen, RefCell<Asked>);

impl Subject for Noting<'_> {
    fn texts(&self, field: Field, take: &mut dyn FnMut(&str)) -> Evidence<()> {
        self.1.borrow_mut().texts.insert(field);
        self.0.texts(field, take)
    }

    fn number(&self, number: Number) -> Evidence<u64> {
        self.1.borrow_mut().numbers.insert(number);
        self.0.number(number)
    }

    fn client_ip(&self) -> Evidence<IpAddr> {
        self.1.borrow_mut().client_ip = true;
        self.0.client_ip()
    }
}

fn rules(list: &[String]) -> Rules<Verdict> {
    let list: Vec<_> = list
        .iter()
        .enumerate()
        .map(|(n, body)| format!(r#"{{"name":"r{n}",{body},"action":"log"}}"#))
        .collect();
    let text = format!(r#"{{"rules":[{}]}}"#, list.join(","));
    let config = Config::parse(text.as_bytes()).unwrap_or_else(|problems| panic!("{text}: {problems:?}"));
    config.policy.rules
}

/// The first rule of `list` that matches.
fn first(list: &[&str], seen: &Seen) -> Option<String> {
    let list: Vec<_> = list.iter().map(|body| (*body).to_owned()).collect();
    rules(&list).first(seen).map(|rule| rule.name.to_string())
}

const JA4: &str = "t13d1516h2_8daaf6152771_e5627efa2ab1";

#[test]
fn the_first_rule_that_matches_wins_whatever_it_hangs_on() {
    let seen = Seen::text(Field::Ja4, JA4)
        .with(Field::Product, &["chrome"])
        .with_number(Number::Hops, 3)
        .with_ip("192.0.2.7");
    let all = [
        r#""match":{"product":"chrome"}"#,
        r#""match":{"client_ip":"192.0.2.0/24"}"#,
        r#""match":{"ja4":"*_8daaf6152771_*"}"#,
        r#""match":{"ja4":"t13d1516h2_8daaf6152771_e5627efa2ab1"}"#,
        r#""match":{"hops":{"max":5}}"#,
        r#""match":{"ja4":"*"}"#,
    ];
    for (n, one) in all.iter().enumerate() {
        for other in &all[n + 1..] {
            for list in [[*one, *other], [*other, *one]] {
                assert_eq!(first(&list, &seen).as_deref(), Some("r0"), "{list:?}");
            }
        }
    }
    let firefox = r#""match":{"product":"firefox"}"#;
    assert_eq!(first(&[firefox, all[5], all[0]], &seen).as_deref(), Some("r1"));
    assert_eq!(first(&[firefox], &seen), None);
    assert_eq!(first(&[], &Seen::Untouchable), None);
}

#[test]
fn all_conditions_have_to_hold_and_one_value_of_each() {
    let rule = r#""match":{"network":["vpn","datacenter"],"product":["curl","python-*"],"version":{"min":8,"max":9}}"#;
    let seen = Seen::text(Field::Network, "office")
        .with(Field::Network, &["office", "vpn"])
        .with(Field::Product, &["python-requests"]);
    let fits = |seen: &Seen| first(&[rule], seen).is_some();
    for (version, expected) in [(7, false), (8, true), (9, true), (10, false)] {
        assert_eq!(
            fits(&seen.clone().with_number(Number::Version, version)),
            expected,
            "{version}"
        );
    }
    let seen = seen.with_number(Number::Version, 8);
    assert!(!fits(&seen.clone().with(Field::Network, &["office"])));
    assert!(!fits(&seen.clone().with(Field::Network, &[])));
    assert!(!fits(&seen.with(Field::Product, &["wget"])));
}

#[test]
fn an_exception_that_holds_keeps_the_rule_away() {
    let rule = [r#""match":{"ja4":"t13*"},"unless":{"network":"office","product":"chrome"}"#];
    let seen = Seen::text(Field::Ja4, JA4)
        .with(Field::Network, &[])
        .with(Field::Product, &["curl"]);
    assert!(first(&rule, &seen).is_some());
    assert_eq!(first(&rule, &seen.clone().with(Field::Network, &["office"])), None);
    assert_eq!(first(&rule, &seen.with(Field::Product, &["chrome"])), None);
}

#[test]
fn missing_evidence_decides_as_the_rule_says_on_both_sides() {
    let rule = |missing: &str| format!(r#""match":{{"ja4":"t13*"}},"unless":{{"network":"office"}}{missing}"#);
    let no_match = rule("");
    let said = rule(r#","missing":"no-match""#);
    let matches = rule(r#","missing":"match""#);
    let fits = |rule: &str, seen: &Seen| first(&[rule], seen).is_some();
    let nothing = Seen::default();
    let ja4 = Seen::text(Field::Ja4, JA4);
    let outside = Seen::default().with(Field::Network, &[]);
    for rule in [&no_match, &said] {
        assert!(!fits(rule, &nothing) && !fits(rule, &ja4) && !fits(rule, &outside));
        assert!(fits(rule, &ja4.clone().with(Field::Network, &[])));
    }
    assert!(fits(&matches, &nothing) && fits(&matches, &ja4) && fits(&matches, &outside));
    assert!(!fits(&matches, &Seen::text(Field::Network, "office")));
    assert!(!fits(&matches, &Seen::text(Field::Ja4, "t12")));
    for (condition, field) in [(r#""client_ip":"::/0""#, "ip"), (r#""hops":{"min":1}"#, "hops")] {
        let rule = format!(r#""match":{{{condition}}},"missing":"match""#);
        assert!(fits(&rule, &nothing), "{field}");
        assert!(!fits(
            &rule
                .replace("\"match\"", "\"no-match\"")
                .replacen("\"no-match\":{", "\"match\":{", 1),
            &nothing
        ));
    }
}

#[test]
fn hosts_have_no_case_and_fingerprints_have() {
    let sni = [r#""match":{"sni":"*.Example.COM"}"#];
    for (text, expected) in [
        ("www.example.com", true),
        ("WWW.EXAMPLE.com", true),
        ("example.com", false),
    ] {
        assert_eq!(first(&sni, &Seen::text(Field::Sni, text)).is_some(), expected, "{text}");
    }
    let exact = [r#""match":{"sni":"A.example"}"#];
    assert!(first(&exact, &Seen::text(Field::Sni, "a.EXAMPLE")).is_some());
    assert!(first(&exact, &Seen::text(Field::Sni, &"a".repeat(300))).is_none());
    assert!(first(&[r#""match":{"ja4":"T13D*"}"#], &Seen::text(Field::Ja4, JA4)).is_none());
}

#[test]
fn networks_nest_and_an_address_is_found_by_each_that_holds_it() {
    let list = [
        r#""match":{"client_ip":"10.1.0.0/16","product":"curl"}"#,
        r#""match":{"client_ip":["10.0.0.0/8","2001:db8::/32"]}"#,
    ];
    for (ip, expected) in [
        ("10.1.2.3", Some("r1")),
        ("10.2.0.0", Some("r1")),
        ("::ffff:10.2.0.0", Some("r1")),
        ("2001:db8::1", Some("r1")),
        ("192.0.2.7", None),
    ] {
        assert_eq!(first(&list, &Seen::default().with_ip(ip)).as_deref(), expected, "{ip}");
    }
    let curl = Seen::text(Field::Product, "curl").with_ip("10.1.2.3");
    assert_eq!(first(&list, &curl).as_deref(), Some("r0"));
}

#[test]
fn what_no_rule_asks_for_is_never_read() {
    let list = [
        r#""match":{"ja4":"x*","product":"curl"},"unless":{"client_ip":"10.0.0.0/8"}"#.to_owned(),
        r#""match":{"hops":{"min":1}}"#.to_owned(),
    ];
    let rules = rules(&list);
    let expected = Asked {
        texts: [Field::Ja4, Field::Product].into(),
        numbers: [Number::Hops].into(),
        client_ip: true,
    };
    assert_eq!(rules.asked(), expected);
    let read = |seen: &Seen| {
        let noting = Noting(seen, RefCell::default());
        rules.first(&noting);
        noting.1.into_inner()
    };
    // The first rule is found by its JA4; the rest of it is read only when that fits.
    let of_one = Asked {
        texts: [Field::Ja4].into(),
        numbers: [Number::Hops].into(),
        client_ip: false,
    };
    assert_eq!(read(&Seen::text(Field::Ja4, "y")), of_one);
    assert_eq!(
        read(&Seen::text(Field::Ja4, "xy").with(Field::Product, &["curl"])),
        expected
    );
}

/// A condition over few fields and few values, so that many hold.
fn condition() -> impl Strategy<Value = String> {
    prop_oneof![
        "\"ja4\":\"[ab*?]{1,3}\"",
        "\"path\":\\[\"/[ab]\",\"\\*[ab]{1,2}\"\\]",
        "\"network\":\"(vpn|office|\\*)\"",
        "\"hops\":\\{\"min\":[0-3]\\}",
        "\"client_ip\":\"10\\.[01]\\.0\\.0/16\"",
        Just("\"client_ip\":\"10.0.0.0/8\"".to_owned()),
    ]
}

fn rule() -> impl Strategy<Value = String> {
    let object = |conditions: Vec<String>| {
        let by_key: BTreeMap<_, _> = conditions
            .iter()
            .map(|one| (one.split(':').next().unwrap(), one.clone()))
            .collect();
        by_key.into_values().collect::<Vec<_>>().join(",")
    };
    let missing = prop_oneof!["", Just(r#","missing":"match""#.to_owned())];
    (vec(condition(), 1..4), vec(condition(), 0..3), missing).prop_map(move |(conditions, unless, missing)| {
        let unless = match object(unless) {
            unless if unless.is_empty() => unless,
            unless => format!(r#","unless":{{{unless}}}"#),
        };
        format!(r#""match":{{{}}}{unless}{missing}"#, object(conditions))
    })
}

fn seen() -> impl Strategy<Value = Seen> {
    let some = |values: &'static str| prop::option::of(values);
    let tags = prop::option::of(prop::sample::subsequence(vec!["vpn", "office"], 0..=2));
    (
        some("[ab]{1,3}"),
        some("/[ab]{1,2}"),
        tags,
        prop::option::of(0..4_u64),
        some("10\\.[0-2]\\.0\\.1"),
    )
        .prop_map(|(ja4, path, tags, hops, ip)| {
            let mut seen = Seen::default();
            for (field, text) in [(Field::Ja4, ja4), (Field::Path, path)] {
                seen = text.map_or(seen.clone(), |text| seen.with(field, &[&text]));
            }
            seen = tags.map_or(seen.clone(), |tags| seen.with(Field::Network, &tags));
            seen = hops.map_or(seen.clone(), |hops| seen.with_number(Number::Hops, hops));
            ip.map_or(seen.clone(), |ip| seen.with_ip(&ip))
        })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn the_index_finds_what_a_walk_over_all_rules_finds(list in vec(rule(), 1..12), all in vec(seen(), 1..8)) {
        let rules = rules(&list);
        for seen in &all {
            let walked = rules.listed().iter().find(|rule| rule.matches(seen));
            prop_assert_eq!(rules.first(seen), walked, "{:?}", seen);
        }
    }
}

#[test]
fn a_condition_is_displayed_as_it_is_written() {
    let shown = |text: &str| {
        let rules = format!(r#"{{"rules":[{{"name":"r","match":{text},"action":"log"}}]}}"#);
        let policy = Config::parse(rules.as_bytes()).unwrap().policy;
        let conditions = policy.rules.listed()[0].conditions.iter();
        conditions.map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    for (text, expected) in [
        (r#"{"ja4":"t13d*_??_*"}"#, r#"ja4 is "t13d*_??_*""#),
        (r#"{"path":["/a\\*b","/c*"]}"#, r#"path is "/a\*b" or "/c*""#),
        (r#"{"l7":{"min":25,"max":49}}"#, "l7 is from 25 to 49"),
        (r#"{"l7":{"min":25}}"#, "l7 is 25 or more"),
        (r#"{"l7":{"max":49}}"#, "l7 is 49 or less"),
        (r#"{"forged":{"min":1,"max":1}}"#, "forged is 1"),
        (r#"{"clearance":{"min":18}}"#, "clearance is 18 or more"),
        (
            r#"{"client_ip":["192.0.2.0/24","2001:db8::/32"]}"#,
            "client_ip is in 192.0.2.0/24 or 2001:db8::/32",
        ),
        (
            r#"{"os":["a","b","c","d","e","f","g"]}"#,
            r#"os is "a" or "b" or "c" or "d" or "e" or one of 2 more"#,
        ),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
}
