//! What is counted together and what apart, what takes nothing from a limit, and what a limit keeps when it is loaded anew.

use super::*;
use crate::compare::{Assessment, Code, Confidence, Coverage};
use crate::evidence::{Evidence, Reason};
use crate::memory::store::tests::Shelf;
use crate::memory::store::{Swap, Unavailable, Version};
use crate::policy::config::Config;
use crate::policy::rules::tests::Seen;
use crate::policy::rules::{Field, Number};
use crate::policy::{Counting as With, Decision, Policy};
use core::cell::Cell;
use core::net::IpAddr;
use core::time::Duration;

fn policy(text: &str) -> Policy {
    Config::parse(text.as_bytes())
        .unwrap_or_else(|problems| panic!("{problems:?}"))
        .policy
}

/// A policy with these limits, carried out.
fn limited(rates: &str) -> Policy {
    policy(&format!(
        r#"{{"mode":"enforce","challenge":false,"limits":{{"rates":[{rates}]}}}}"#
    ))
}

/// A proxy that requests come to.
#[derive(Default)]
struct Site {
    shelf: Shelf,
    counters: Counters,
    keys: Keys,
    now: Cell<Duration>,
}

impl Site {
    fn new() -> Self {
        let site = Self::default();
        site.now.set(Duration::from_secs(1_700_000_000));
        site
    }

    fn wait(&self, seconds: u64) {
        self.now.set(self.now.get() + Duration::from_secs(seconds));
    }

    fn ask(&self, policy: &Policy, path: &str, subject: &impl Subject) -> Decision {
        self.ask_with(policy, path, subject, &[])
    }

    fn ask_with(&self, policy: &Policy, path: &str, subject: &impl Subject, codes: &[Code]) -> Decision {
        let found = codes.iter().map(|code| (*code).into()).collect();
        let assessment = Assessment::of(Coverage::Both, Confidence::of(100), found);
        let placed = policy.place(b"POST", b"a.example", path.as_bytes());
        let with = With {
            counters: &self.counters,
            store: &self.shelf,
            keys: &self.keys,
            now: || Some(Moment(self.now.get())),
        };
        let hits = policy.count(&placed, subject, &assessment, &with);
        policy.decide(&placed, subject, &assessment, &hits)
    }

    /// How many of `count` requests at once pass.
    fn passes(&self, policy: &Policy, path: &str, subject: &impl Subject, count: usize) -> usize {
        let asked = (0..count).map(|_| self.ask(policy, path, subject));
        asked.filter(|decision| !decision.verdict.is_answer()).count()
    }
}

fn from(ip: &str) -> Seen {
    Seen::default().with_ip(ip)
}

#[test]
fn a_limit_lets_so_much_through_says_so_and_is_of_its_own_routes_alone() {
    let policy = limited(r#"{"name":"login","match":{"class":"login"},"key":[],"requests":10,"per_s":10}"#);
    let site = Site::new();
    assert_eq!(site.passes(&policy, "/", &Seen::Untouchable, 50), 50);
    assert_eq!(site.shelf.len(), 0, "nobody is asked for what is not about the request");
    assert_eq!(site.passes(&policy, "/login", &Seen::default(), 50), 10);
    let decision = site.ask(&policy, "/login", &Seen::default());
    assert_eq!(
        (decision.verdict, decision.mode, decision.over.as_slice()),
        (Verdict::Limit, Mode::Enforce, &["login".into()][..])
    );
    let hit = decision.limit.unwrap();
    assert_eq!((hit.quota.left, hit.quota.reset), (0, Duration::from_secs(11)));
    site.wait(11);
    assert_eq!(site.passes(&policy, "/login", &Seen::default(), 50), 10);
}

#[test]
fn each_value_of_a_key_has_its_own_count() {
    let policy = limited(r#"{"name":"a","key":["ja4","h2"],"requests":1,"per_s":10}"#);
    let site = Site::new();
    let of = |ja4: &[&str], h2: &[&str]| Seen::default().with(Field::Ja4, ja4).with(Field::H2, h2);
    for seen in [
        of(&["x"], &["y"]),
        of(&["y"], &["x"]),
        of(&["x", "y"], &[]),
        of(&[], &["x", "y"]),
        of(&["x"], &["y", ""]),
        of(&["xy"], &[""]),
    ] {
        assert_eq!(site.passes(&policy, "/", &seen, 3), 1, "{seen:?}");
    }
}

#[test]
fn parts_of_ja4_and_of_addresses_stand_for_all_that_share_them() {
    let site = Site::new();
    let key = |part: &str| {
        limited(&format!(
            r#"{{"name":"{part}","key":["{part}"],"requests":1,"per_s":10}}"#
        ))
    };
    let together = |part: &str, one: &Seen, other: &Seen| {
        let policy = key(part);
        assert_eq!(site.passes(&policy, "/", one, 1), 1, "{part} {one:?}");
        site.passes(&policy, "/", other, 1) == 0
    };
    let ja4 = |text| Seen::text(Field::Ja4, text);
    assert!(together("ja4_a", &ja4("t13_aa_bb"), &ja4("t13_cc_dd")));
    assert!(!together("ja4_b", &ja4("t13_aa_bb"), &ja4("t13_cc_bb")));
    assert!(together("ja4_c", &ja4("t13_aa_bb"), &ja4("t12_cc_bb")));
    assert!(!together("client_ip", &from("192.0.2.1"), &from("192.0.2.2")));
    assert!(together("client_net", &from("192.0.2.1"), &from("192.0.2.2")));
    assert!(!together("client_net", &from("198.51.100.1"), &from("198.51.101.1")));
    site.wait(100);
    assert!(together(
        "client_ip",
        &from("2001:db8:1:2::1"),
        &from("2001:db8:1:2:3::")
    ));
    assert!(!together(
        "client_ip",
        &from("2001:db8:2:2::1"),
        &from("2001:db8:2:3::1")
    ));
    site.wait(100);
    assert!(together(
        "client_net",
        &from("2001:db8:1:2::1"),
        &from("2001:db8:1:3::")
    ));
    assert!(!together("client_net", &from("2001:db8:3::1"), &from("2001:db8:4::1")));
}

/// A request with headers.
struct Sends(&'static [(&'static str, &'static str)]);

impl Subject for Sends {
    fn texts(&self, _: Field, _: &mut dyn FnMut(&str)) -> Evidence<()> {
        Evidence::Missing(Reason::NotProvided)
    }

    fn number(&self, _: Number) -> Evidence<u64> {
        Evidence::Missing(Reason::NotProvided)
    }

    fn client_ip(&self) -> Evidence<IpAddr> {
        Evidence::Missing(Reason::NotProvided)
    }

    fn header(&self, name: &str, take: &mut dyn FnMut(&[u8])) -> Evidence<()> {
        let values: Vec<_> = self.0.iter().filter(|(found, _)| *found == name).collect();
        values.iter().for_each(|(_, value)| take(value.as_bytes()));
        Evidence::or_missing((!values.is_empty()).then_some(()), Reason::NotSent)
    }
}

#[test]
fn a_header_counts_by_its_values_and_what_has_none_by_what_missing_says() {
    let site = Site::new();
    let key = |missing| {
        limited(&format!(
            r#"{{"name":"k","key":[{{"header":"X-Api-Key"}}],"missing":"{missing}","requests":2,"per_s":10}}"#
        ))
    };
    let policy = key("no-match");
    assert_eq!(site.passes(&policy, "/", &Sends(&[("x-api-key", "a")]), 5), 2);
    assert_eq!(site.passes(&policy, "/", &Sends(&[("x-api-key", "b")]), 5), 2);
    let twice = Sends(&[("x-api-key", "a"), ("x-api-key", "b")]);
    assert_eq!(site.passes(&policy, "/", &twice, 5), 2);
    assert_eq!(site.passes(&policy, "/", &Sends(&[]), 5), 5);
    assert_eq!(site.passes(&key("match"), "/", &Sends(&[]), 5), 2);
    assert_eq!(site.passes(&key("match"), "/", &Sends(&[("x-api-key", "")]), 5), 2);
}

#[test]
fn what_a_request_costs_is_counted_where_the_limit_says_so() {
    let policy = limited(r#"{"name":"cost","key":[],"cost":100,"per_s":10}"#);
    let site = Site::new();
    assert_eq!(site.passes(&policy, "/login", &Seen::default(), 9), 9);
    assert_eq!(site.passes(&policy, "/", &Seen::default(), 50), 10);
    // Less than one login costs.
    let small = limited(r#"{"name":"small","key":[],"cost":7,"per_s":10,"burst":4}"#);
    assert_eq!(site.passes(&small, "/login", &Seen::default(), 9), 1);
}

#[test]
fn what_slows_counts_attempts_and_what_limits_counts_what_is_let_through() {
    let site = Site::new();
    let over = |policy: &Policy| {
        let decision = site.ask(policy, "/", &Seen::default());
        !decision.over.is_empty()
    };
    let slow = limited(r#"{"name":"s","key":[],"requests":5,"per_s":10,"action":"slow"}"#);
    let limit = limited(r#"{"name":"l","key":[],"requests":5,"per_s":10}"#);
    for _ in 0..6 {
        for _ in 0..4 {
            over(&slow);
            over(&limit);
        }
        site.wait(3);
    }
    // Four in three seconds are more than five in ten: who is slowed stays slowed, who is limited gets what the limit says.
    assert!(over(&slow));
    site.wait(7);
    assert!(!over(&limit));
    let decision = site.ask(&slow, "/", &Seen::default());
    assert_eq!(decision.verdict, Verdict::Slow);
}

#[test]
fn a_definition_that_stays_keeps_its_counts_and_another_begins_anew() {
    let site = Site::new();
    let of = |body: &str| limited(&format!(r#"{{"name":"l","key":["ja4"],{body}}}"#));
    let seen = Seen::text(Field::Ja4, "x");
    let first = r#""match":{"class":"page"},"requests":5,"per_s":10"#;
    assert_eq!(site.passes(&of(first), "/", &seen, 9), 5);
    assert_eq!(site.passes(&of(first), "/", &seen, 9), 0, "loaded anew");
    let enforced = r#""per_s":10.0,"requests":5,"match":{"class":["page"]},"mode":"enforce""#;
    assert_eq!(site.passes(&of(enforced), "/", &seen, 9), 0, "the same in other words");
    for other in [
        r#""match":{"class":"page"},"requests":6,"per_s":10"#,
        r#""match":{"class":"page"},"requests":5,"per_s":11"#,
        r#""match":{"class":"page"},"requests":5,"per_s":10,"burst":5"#,
        r#""match":{"class":"page"},"requests":5,"per_s":10,"missing":"match""#,
        r#""match":{"class":"page"},"cost":5,"per_s":10"#,
        r#""match":{"class":["page","api"]},"requests":5,"per_s":10"#,
    ] {
        assert!(site.passes(&of(other), "/", &seen, 9) >= 5, "{other}");
    }
}

#[test]
fn what_is_answered_anyway_takes_nothing_from_a_limit() {
    let rates = |first: &str, second: &str| {
        format!(
            r#""limits":{{"rates":[{{"name":"own","key":["ja4"],"requests":5,"per_s":10{first}}},
                                   {{"name":"all","key":[],"requests":20,"per_s":10{second}}}]}}"#
        )
    };
    let block = r#""rules":[{"name":"bad","match":{"ja4":"bad"},"action":"block""#;
    let (bad, flood, other) = ("bad", "flood", "other");
    let left = |text: &str, ja4: &str| {
        let (site, policy) = (Site::new(), policy(text));
        let by = |ja4: &str| Seen::text(Field::Ja4, ja4);
        site.passes(&policy, "/", &by(ja4), 100);
        // By ever new clients: what is left for all of them.
        let others = (0..40).map(|n| site.ask(&policy, "/", &by(&format!("{other}{n}"))));
        others.filter(|decision| decision.over.is_empty()).count()
    };
    let (observe, enforce) = (r#","mode":"observe""#, r#","mode":"enforce""#);
    let with_rule = |rule: &str, of_limit: &str| format!(r#"{{{block}{rule}}}],{}}}"#, rates("", of_limit));
    assert_eq!(left(&with_rule(enforce, enforce), bad), 20, "a rule answers");
    assert_eq!(left(&with_rule(observe, observe), bad), 20, "and would answer");
    assert_eq!(left(&with_rule(enforce, observe), bad), 20);
    assert_eq!(left(&with_rule(observe, enforce), bad), 0, "it passes, and counts");
    let of_limits = |first: &str, second: &str| format!("{{{}}}", rates(first, second));
    assert_eq!(left(&of_limits(enforce, enforce), flood), 15, "a limit before answers");
    assert_eq!(left(&of_limits("", ""), flood), 15, "and would answer");
    assert_eq!(left(&of_limits(observe, enforce), flood), 0);
    assert_eq!(
        left(&of_limits(r#","action":"log""#, ""), flood),
        0,
        "what is logged passes"
    );
}

#[test]
fn a_rule_that_allows_spares_from_limits_which_count_all_the_same() {
    let site = Site::new();
    let policy = policy(
        r#"{"mode":"enforce","challenge":false,"rules":[{"name":"ours","match":{"ja4":"ours"},"action":"allow"}],
            "limits":{"rates":[{"name":"own","key":["ja4"],"requests":5,"per_s":10},{"name":"all","key":[],"requests":20,"per_s":10}]}}"#,
    );
    let ours = Seen::text(Field::Ja4, "ours");
    assert_eq!(site.passes(&policy, "/", &ours, 50), 50);
    let decision = site.ask(&policy, "/", &ours);
    assert_eq!((decision.verdict, decision.over.len()), (Verdict::Allow, 2));
    assert_eq!((decision.rule.as_deref(), decision.limit), (Some("ours"), None));
    assert_eq!(site.passes(&policy, "/", &Seen::text(Field::Ja4, "x"), 5), 0);
}

/// Shared data that the proxy does not give.
struct Nothing;

impl Store for Nothing {
    fn shared(&self, _: &str) -> Result<Option<(Vec<u8>, Version)>, Unavailable> {
        Err(Unavailable)
    }

    fn swap_shared(&self, _: &str, _: &[u8], _: Option<Version>) -> Result<Swap, Unavailable> {
        Err(Unavailable)
    }
}

#[test]
fn without_shared_data_or_a_clock_nothing_is_limited_and_the_failure_is_counted() {
    let policy = limited(r#"{"name":"a","key":[],"requests":1,"per_s":10}"#);
    let assessment = Assessment::of(Coverage::Neither, Confidence::default(), Vec::new());
    let placed = policy.place(b"GET", b"a.example", b"/");
    let (counters, keys, shelf) = (Counters::default(), Keys::default(), Shelf::default());
    let now = Some(Moment(Duration::from_secs(1_700_000_000)));
    for _ in 0..3 {
        let without_data = With {
            counters: &counters,
            store: &Nothing,
            keys: &keys,
            now: || now,
        };
        assert_eq!(policy.count(&placed, &Seen::default(), &assessment, &without_data), []);
        let without_clock = With {
            counters: &counters,
            store: &shelf,
            keys: &keys,
            now: || None,
        };
        assert_eq!(policy.count(&placed, &Seen::default(), &assessment, &without_clock), []);
    }
    assert_eq!(counters.take_tally().failed, 3);
    assert_eq!(shelf.len(), 0);
}

#[test]
fn what_is_carried_out_comes_before_what_is_observed_and_then_what_is_stricter() {
    use Mode::{Enforce, Observe};
    use Verdict::{Allow, Block, Challenge, Limit, Log, Slow};
    let words = |mode: Mode, verdict: Verdict| (mode.as_str(), verdict.as_str());
    // Rule, limit, what is decided, and whether the limit decides it.
    for (rule, limit, decided, by_limit) in [
        ((Enforce, Block), (Enforce, Limit), (Enforce, Block), false),
        ((Enforce, Slow), (Enforce, Limit), (Enforce, Limit), true),
        ((Enforce, Slow), (Enforce, Slow), (Enforce, Slow), false),
        ((Enforce, Challenge), (Observe, Limit), (Enforce, Challenge), false),
        ((Observe, Block), (Enforce, Slow), (Enforce, Slow), true),
        ((Observe, Block), (Observe, Limit), (Observe, Block), false),
        ((Observe, Slow), (Observe, Limit), (Observe, Limit), true),
        // What does nothing to the request hides nothing that would.
        ((Enforce, Log), (Observe, Limit), (Observe, Limit), true),
        ((Observe, Block), (Enforce, Log), (Observe, Block), false),
        ((Observe, Log), (Enforce, Limit), (Enforce, Limit), true),
        ((Enforce, Allow), (Enforce, Limit), (Enforce, Allow), false),
    ] {
        let ((rule_mode, rule_action), (limit_mode, limit_action)) = (words(rule.0, rule.1), words(limit.0, limit.1));
        let policy = policy(&format!(
            r#"{{"challenge":false,"rules":[{{"name":"r","match":{{"ja4":"x"}},"action":"{rule_action}","mode":"{rule_mode}"}}],
                 "limits":{{"rates":[{{"name":"l","key":[],"requests":1,"per_s":10,"action":"{limit_action}","mode":"{limit_mode}"}}]}}}}"#
        ));
        let hits = policy.limits.recorded(|name| name == "l");
        let placed = policy.place(b"GET", b"a.example", b"/");
        let assessment = Assessment::of(Coverage::Both, Confidence::of(100), Vec::new());
        let decision = policy.decide(&placed, &Seen::text(Field::Ja4, "x"), &assessment, &hits);
        assert_eq!((decision.mode, decision.verdict), decided, "{rule:?} {limit:?}");
        assert_eq!(decision.limit.is_some(), by_limit, "{rule:?} {limit:?}");
        assert_eq!(decision.rule.is_some(), !by_limit, "{rule:?} {limit:?}");
        assert_eq!(decision.over, ["l".into()]);
    }
}

#[test]
fn the_mode_of_a_limit_is_its_own_else_the_routes_else_the_ladders_else_that_of_all() {
    let policy = policy(
        r#"{"mode":"enforce","challenge":false,"ladders":{"login":{"mode":"observe"}},
            "routes":[{"name":"in","class":"login","paths":["/in"]},{"name":"buy","class":"checkout","paths":["/buy"],"mode":"observe"}],
            "limits":{"rates":[{"name":"a","match":{"ja4":"a"},"key":[],"requests":1,"per_s":10},
                               {"name":"b","match":{"ja4":"b"},"key":[],"requests":1,"per_s":10,"mode":"enforce"}]}}"#,
    );
    let site = Site::new();
    for (path, ja4, expected) in [
        ("/", "a", Mode::Enforce),
        ("/in", "a", Mode::Observe),
        ("/in", "b", Mode::Enforce),
        ("/buy", "a", Mode::Observe),
        ("/buy", "b", Mode::Enforce),
    ] {
        site.ask(&policy, path, &Seen::text(Field::Ja4, ja4));
        let decision = site.ask(&policy, path, &Seen::text(Field::Ja4, ja4));
        assert_eq!(
            (decision.verdict, decision.mode),
            (Verdict::Limit, expected),
            "{path} {ja4}"
        );
        site.wait(100);
    }
}

#[test]
fn ladders_answer_too_and_findings_can_be_asked_for() {
    let policy = limited(
        r#"{"name":"odd","match":{"reason":"tls-ua"},"key":[],"requests":5,"per_s":10},
           {"name":"all","key":[],"requests":5,"per_s":10}"#,
    );
    let site = Site::new();
    let both = [Code::OsTcpUa, Code::TlsUa];
    for _ in 0..20 {
        let decision = site.ask_with(&policy, "/login", &Seen::default(), &both);
        assert_eq!((decision.verdict, decision.over.len()), (Verdict::Block, 0));
    }
    assert_eq!(site.passes(&policy, "/login", &Seen::default(), 20), 5);
}

#[test]
fn a_flood_of_new_keys_takes_no_more_than_the_table_and_frees_nobody_who_is_limited() {
    let policy = limited(r#"{"name":"ip","key":["client_ip"],"requests":5,"per_s":60}"#);
    let site = Site::new();
    let heavy = from("192.0.2.1");
    assert_eq!(site.passes(&policy, "/", &heavy, 9), 5);
    for n in 0..70_000_u32 {
        let ip = IpAddr::from((0x0a00_0000 + n).to_be_bytes());
        site.ask(&policy, "/", &from(&ip.to_string()));
    }
    assert!(site.shelf.bytes() <= site.counters.max_bytes());
    assert!(site.counters.max_bytes() <= 5 << 20);
    assert_eq!(site.passes(&policy, "/", &heavy, 9), 0);
}
