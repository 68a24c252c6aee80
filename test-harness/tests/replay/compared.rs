//! `layerprint replay --against`: what another configuration would change, and how an operator uses that.

use super::{compared, configuration, evidence, explained_by, layerprint, log, tells};
use layerprint::compare::{Assessment, Code, Confidence, Coverage};
use layerprint::policy::ladders::Band;
use layerprint::policy::routes::Found;
use layerprint::policy::{Class, Decision, Mode, Verdict};
use layerprint_harness::replay::Tally;
use serde_json::{Value, json};

#[test]
fn another_configuration_is_compared_by_its_networks_ladders_and_rules() {
    let now = configuration("now", "{}");
    // The SYN of line 5 and 7 weighs a quarter behind a shared address: 5 falls to clean, 7 to conflict. Line 2 is the rule's.
    let then = configuration(
        "then",
        r#"{"networks":[{"tag":"shared","cidrs":["127.0.0.0/8"]}],
            "ladders":{"page":{"clean":{"low":"review"}}},
            "rules":[{"name":"forgers","match":{"reason":"forged-annotation"},"action":"block"}]}"#,
    );
    let whole = compared(&now, &then, &log("access.log"));
    assert_eq!(
        whole["comparison"],
        json!({
            "changed": 3,
            "matrix": [
                {"from": "allow", "to": "allow", "count": 4},
                {"from": "log", "to": "review", "count": 1},
                {"from": "slow", "to": "block", "count": 1},
                {"from": "block", "to": "slow", "count": 1},
            ],
            "changes": [
                {"route": "api", "reason": "os-tcp-ua", "from": "block", "to": "slow", "count": 1},
                {"route": "default", "reason": "os-tcp-ua", "from": "log", "to": "review", "count": 1},
                {"route": "search", "reason": "forged-annotation", "from": "slow", "to": "block", "count": 1},
            ],
        })
    );
    let back = compared(&then, &now, &log("access.log"));
    assert_eq!(back["comparison"]["changed"], 3, "and the same the other way round");
    let output = layerprint(
        &["replay", "--config", &now, "--against", &then, "-"],
        &log("access.log"),
    );
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("3 requests change; down: under the first configuration, across: under the second\n"));
    assert!(
        text.contains("default  os-tcp-ua          log    review  1\n"),
        "{text}"
    );
}

fn decision(route: &str, verdict: Verdict) -> Decision {
    Decision {
        verdict,
        mode: Mode::Observe,
        route: route.into(),
        class: Class::Page,
        rule: None,
        limit: None,
        over: Vec::new(),
        cleared: false,
        unsolved: None,
        cost: 1,
        found: Found::Default,
        band: Band::None,
    }
}

#[test]
fn two_configurations_are_compared_by_what_changes() {
    let mut tally = Tally::default();
    let forged = Assessment::of(
        Coverage::Both,
        Confidence::of(100),
        vec![Code::OrderFamily.into(), Code::ForgedAnnotation.into()],
    );
    let quiet = Assessment::of(Coverage::Both, Confidence::of(100), vec![]);
    let mut count = |of: &Assessment, route, before, after| {
        tally.count(of, &decision(route, before), Some(&decision(route, after)));
    };
    for _ in 0..3 {
        count(&forged, "login", Verdict::Log, Verdict::Challenge);
    }
    count(&forged, "page", Verdict::Log, Verdict::Block);
    count(&quiet, "page", Verdict::Allow, Verdict::Allow);
    count(&quiet, "page", Verdict::Log, Verdict::Log);
    assert_eq!((tally.lines.requests, tally.changed()), (6, 4));
    assert_eq!(tally.moved(Verdict::Log, Verdict::Challenge), 3);
    assert_eq!(tally.moved(Verdict::Challenge, Verdict::Log), 0);
    assert_eq!(
        tally.to_json(true)["comparison"],
        json!({
            "changed": 4,
            "matrix": [
                {"from": "allow", "to": "allow", "count": 1},
                {"from": "log", "to": "log", "count": 1},
                {"from": "log", "to": "challenge", "count": 3},
                {"from": "log", "to": "block", "count": 1},
            ],
            "changes": [
                {"route": "login", "reason": "forged-annotation", "from": "log", "to": "challenge", "count": 3},
                {"route": "page", "reason": "forged-annotation", "from": "log", "to": "block", "count": 1},
            ],
        })
    );
}

/// The Chrome on macOS with a Linux SYN, had it come to log in.
fn challenged_login() -> String {
    let all = log("access.log");
    let mut outer: Value = serde_json::from_str(all.lines().nth(4).unwrap()).unwrap();
    let mut line = evidence(4);
    for (member, value) in [
        ("verdict", "challenge"),
        ("route", "login"),
        ("class", "login"),
        ("method", "POST"),
        ("path", "/login"),
    ] {
        line[member] = json!(value);
    }
    outer["method"] = json!("POST");
    outer["path"] = json!("/login");
    outer["layerprint"] = json!(line.to_string());
    outer.to_string()
}

#[test]
fn an_operator_sees_why_a_login_was_challenged_and_what_a_rule_or_a_network_would_change() {
    let login = challenged_login();
    let now = configuration("story-now", "{}");
    let text = explained_by(&now, &["-"], &login);
    tells(
        &text,
        &[
            "POST /login at localhost:",
            "  User-Agent: chrome 131.0, browser, engine blink 131.0, on macos frozen, device desktop\n",
            "  ClientHello of: chromium\n  HTTP/2 opening of: chromium\n",
            "  Layer 4, weight 60: os-tcp-ua: the SYN was written by linux, and the client claims to run on macos, which",
            "  ladder of class login: conflict × high → challenge\n",
            "What the log says\n  the same\n",
        ],
    );

    // It is the office's proxy: a rule for its logins changes those, and nothing else in the day's log.
    let rule = configuration(
        "story-rule",
        r#"{"rules":[{"name":"office-logins","match":{"route":"login","client_ip":["127.0.0.0/8"]},"action":"allow"}]}"#,
    );
    let day = log("access.log") + &login;
    let login_only = json!([{"route": "login", "reason": "os-tcp-ua", "from": "challenge", "to": "allow", "count": 1}]);
    assert_eq!(compared(&now, &rule, &day)["comparison"]["changes"], login_only);
    let text = explained_by(&rule, &["-"], &login);
    tells(
        &text,
        &[
            "  rule office-logins: route is \"login\", and client_ip is in 127.0.0.0/8 → allow\n",
            "    route of this request: login\n",
            "  without that rule, the ladder of class login: conflict × high → challenge, if no later rule matches\n",
            "  verdict: challenge, where it is allow here\n  rule: none, where it is office-logins here\n",
        ],
    );

    // A network with a tag weighs the SYN less everywhere: the page and the false Chrome are judged by less, too.
    let network = configuration(
        "story-network",
        r#"{"networks":[{"tag":"shared","cidrs":["127.0.0.0/8"]}]}"#,
    );
    assert_eq!(
        compared(&now, &network, &day)["comparison"]["changes"],
        json!([
            {"route": "api", "reason": "os-tcp-ua", "from": "block", "to": "slow", "count": 1},
            {"route": "default", "reason": "os-tcp-ua", "from": "log", "to": "allow", "count": 1},
            {"route": "login", "reason": "os-tcp-ua", "from": "challenge", "to": "allow", "count": 1},
        ])
    );
    let text = explained_by(&network, &["-"], &login);
    assert!(text.contains("in networks tagged shared; in the log: none\n"), "{text}");
    assert!(
        text.contains("  finding os-tcp-ua, weight 60, where it is 15 here\n"),
        "{text}"
    );
}
