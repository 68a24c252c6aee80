//! `layerprint replay` and `layerprint explain` as a user runs them, on lines that a real Envoy wrote (fixtures/log/record.sh).
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do: by panicking"
)]

use layerprint::annotate::recorded::Unreadable;
use layerprint::compare::{Assessment, Code, Confidence, Coverage};
use layerprint::policy::config::Config;
use layerprint::policy::ladders::Band;
use layerprint::policy::routes::Found;
use layerprint::policy::{Class, Decision, Mode, Verdict};
use layerprint_harness::replay::{Judge, Logged, Request, Tally};
use layerprint_harness::repo;
use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

fn fixture(name: &str) -> PathBuf {
    repo::root().join("test-harness/tests/fixtures").join(name)
}

fn log(name: &str) -> String {
    std::fs::read_to_string(fixture("log").join(name)).unwrap()
}

fn empty_config() -> String {
    repo::root()
        .join("tests/fixtures/config/empty.json")
        .display()
        .to_string()
}

fn spawn(arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_layerprint"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn layerprint(arguments: &[&str], input: &str) -> Output {
    let mut process = spawn(arguments);
    // Whoever stops for wrong arguments does not read.
    let _ = process.stdin.take().unwrap().write_all(input.as_bytes());
    process.wait_with_output().unwrap()
}

fn replay(input: &str) -> (Option<i32>, Value, String) {
    let output = layerprint(&["replay", "--config", &empty_config(), "--json", "-"], input);
    let told = String::from_utf8(output.stderr).unwrap();
    (
        output.status.code(),
        serde_json::from_slice(&output.stdout).unwrap(),
        told,
    )
}

/// The filter's object in a line of the access log.
fn evidence(line: usize) -> Value {
    let line: Value = serde_json::from_str(log("access.log").lines().nth(line).unwrap()).unwrap();
    serde_json::from_str(line["layerprint"].as_str().unwrap()).unwrap()
}

#[test]
fn a_log_becomes_counts_by_route_reason_and_verdict() {
    let (code, whole, told) = replay(&(log("access.log") + &log("connections.log")));
    assert_eq!((code, told.as_str()), (Some(0), ""));
    assert_eq!(
        whole["lines"],
        json!({"requests": 7, "connections": 1, "unseen": 1, "refused": 0})
    );
    assert_eq!(
        whole["table"],
        json!([{"route": "default", "reason": "-", "verdict": "allow", "count": 2},
               {"route": "api", "reason": "os-tcp-ua", "verdict": "block", "count": 1},
               {"route": "default", "reason": "os-tcp-ua", "verdict": "log", "count": 1},
               {"route": "login", "reason": "-", "verdict": "allow", "count": 1},
               {"route": "search", "reason": "forged-annotation", "verdict": "slow", "count": 1},
               {"route": "static", "reason": "-", "verdict": "allow", "count": 1}])
    );
    assert_eq!(whole["comparison"], Value::Null);
}

#[test]
fn files_are_read_one_after_another_and_the_table_is_for_people_too() {
    let files =
        ["access.log", "connections.log", "access.log"].map(|name| fixture("log").join(name).display().to_string());
    let output = layerprint(
        &[
            "replay",
            "--config",
            &empty_config(),
            "--against",
            &empty_config(),
            &files[0],
            &files[1],
            &files[2],
        ],
        "",
    );
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.starts_with("14 requests; 1 connections, 2 requests that the filter never saw, 0 lines refused\n"),
        "{text}"
    );
    for row in [
        "default  -                  allow    4\n",
        "api      os-tcp-ua          block    2\n",
        "search   forged-annotation  slow     2\n",
        "0 requests change",
        "allow  8      0    0     0\n",
        "block  0      0    0     2\n",
    ] {
        assert!(text.contains(row), "{row}: {text}");
    }
}

#[test]
fn the_filters_object_is_found_wherever_a_line_has_it() {
    let own = evidence(1);
    for line in [
        own.clone(),
        json!({"layerprint": own.to_string()}),
        json!({"layerprint": own}),
        json!({"path": "/{", "fp": own.to_string()}),
        json!({"log": {"http": {"evidence": own}}}),
    ] {
        let (code, whole, told) = replay(&line.to_string());
        assert_eq!((code, told.as_str()), (Some(0), ""), "{line}");
        assert_eq!(whole["table"][0]["reason"], "forged-annotation", "{line}");
    }
}

#[test]
fn what_was_asked_for_is_taken_from_beside_it() {
    let read = |line: &Value| Logged::read(line.to_string().as_bytes()).unwrap();
    let envoys = log("access.log");
    let logged = Logged::read(envoys.lines().nth(1).unwrap().as_bytes()).unwrap();
    let request = logged.request();
    assert_eq!((request.method, request.path), (Some("GET"), Some("/search?q=1")));
    assert!(request.host.unwrap().starts_with("localhost:"));
    let with_host = read(&json!({"host": "a.example", "path": null, "lp": evidence(1)}));
    let expected = Request {
        host: Some("a.example"),
        ..Request::default()
    };
    assert_eq!(with_host.request(), expected);
    assert_eq!(read(&evidence(1)).request(), Request::default());
}

#[test]
fn lines_that_cannot_be_read_are_named_and_counted_and_the_others_still_are() {
    let mut newer = evidence(0);
    newer["v"] = json!(2);
    let without = |member| {
        let mut line = evidence(0);
        line.as_object_mut().unwrap().shift_remove(member);
        line.to_string()
    };
    let mut unknown = evidence(1);
    unknown["channel"] = json!("pigeon");
    let good = log("access.log");
    let good = good.lines().next().unwrap();
    let lines = [
        good.to_owned(),
        r#"{"path":"/""}"#.to_owned(),
        String::new(),
        "[1]".to_owned(),
        r#"{"path":"/","layerprint":"{}"}"#.to_owned(),
        newer.to_string(),
        json!({"v": 1, "of": "weather"}).to_string(),
        without("sent"),
        without("channel"),
        unknown.to_string(),
        json!({"x": "y".repeat(1 << 20)}).to_string(),
        good.chars().take(700).collect(),
        good.to_owned(),
    ];
    let (code, whole, told) = replay(&lines.join("\n"));
    assert_eq!(code, Some(0));
    assert_eq!(
        whole["lines"],
        json!({"requests": 2, "connections": 0, "unseen": 0, "refused": 10})
    );
    let expected = [
        "layerprint: -:2: not JSON: ",
        "layerprint: -:4: JSON, but no object",
        "layerprint: -:5: no member is the object that the filter writes, as an object or as text",
        "layerprint: -:6: the filter's object has version 2, where 1 is read",
        r#"layerprint: -:7: the filter's object is of "weather", where "request" and "connection" are read"#,
        "layerprint: -:8: it has no `sent`: a release wrote it whose lines cannot be compared anew",
        "layerprint: -:9: it has no `channel`: a release wrote it whose lines cannot be compared anew",
        "layerprint: -:10: its `channel` is none of `secure`, `cleartext`, `relayed`",
        "layerprint: -:11: longer than 1048576 bytes",
        "layerprint: -:12: not JSON: EOF",
    ];
    let told: Vec<_> = told.lines().collect();
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.starts_with(expected), "{told}");
    }
}

#[test]
fn nothing_to_decide_on_a_wrong_configuration_and_wrong_arguments_are_told_apart() {
    for input in ["", "\n\n", &log("connections.log"), "no\n"] {
        let (code, whole, told) = replay(input);
        assert_eq!((code, &whole["lines"]["requests"]), (Some(1), &json!(0)));
        assert!(told.ends_with("no request to decide on\n"), "{told}");
    }
    let wrong = repo::root()
        .join("tests/fixtures/config/wrong.json")
        .display()
        .to_string();
    for arguments in [
        ["replay", "--config", &wrong, "-"],
        ["explain", "--config", &wrong, "-"],
        ["replay", "--config", "/nowhere.json", "-"],
    ] {
        let output = layerprint(&arguments, &log("access.log"));
        assert_eq!(
            (output.status.code(), output.stdout.len()),
            (Some(1), 0),
            "{arguments:?}"
        );
    }
    let told = layerprint(&["replay", "--config", &wrong, "-"], "").stderr;
    assert!(String::from_utf8_lossy(&told).contains("; accepted: "));
    let empty = empty_config();
    for arguments in [
        &["replay"][..],
        &["replay", "-"],
        &["replay", "--config", &empty],
        &["replay", "--config", &empty, "--fast", "-"],
        &["explain", "-"],
        &["explain", "--config", &empty],
        &["explain", "--config", &empty, "--line", "one", "-"],
    ] {
        assert_eq!(layerprint(arguments, "").status.code(), Some(2), "{arguments:?}");
    }
    for subcommand in ["replay", "explain"] {
        assert_eq!(layerprint(&[subcommand, "--help"], "").status.code(), Some(0));
    }
    let missing = layerprint(&["replay", "--config", &empty, "/nowhere.log"], "");
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("/nowhere.log"));
}

/// A log of many times the memory that is allowed is read all the same.
#[test]
#[cfg(target_os = "linux")]
fn a_log_is_never_held_whole() {
    let log = log("access.log");
    let mut process = spawn(&["replay", "--config", &empty_config(), "--json", "-"]);
    let mut input = process.stdin.take().unwrap();
    let mut written = 0;
    while written < 64 << 20 {
        input.write_all(log.as_bytes()).unwrap();
        written += log.len();
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    drop(input);
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: usize = peak.trim().strip_suffix(" kB").unwrap().trim().parse().unwrap();
    assert!(peak < 32 << 10, "{peak} KiB for {written} bytes");
    let output = process.wait_with_output().unwrap();
    let whole: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(whole["lines"]["requests"], written / log.len() * 7);
}

fn decision(route: &str, verdict: Verdict) -> Decision {
    Decision {
        verdict,
        mode: Mode::Observe,
        route: route.into(),
        class: Class::Page,
        rule: None,
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

/// What a live filter made of a request, its line makes again: nothing that is decided on is left out of the line.
#[test]
fn a_line_is_decided_on_as_its_request_was() {
    let judge = Judge::new(Config::default()).unwrap();
    let log = log("access.log");
    let logged = log.lines().map(|line| Logged::read(line.as_bytes()).unwrap());
    let mut requests = 0;
    for logged in logged {
        let Logged::Request { evidence: line, .. } = &logged else {
            continue;
        };
        // What the access log has beside the line is not needed.
        for request in [logged.request(), Request::default()] {
            let (assessment, decision) = judge.decide(line, request).unwrap();
            assert_eq!(json!(decision.verdict.as_str()), line["verdict"], "{line}");
            assert_eq!(json!(&*decision.route), line["route"]);
            assert_eq!(json!(assessment.agreement.as_str()), line["agreement"]);
            assert_eq!(json!(assessment.l4.value()), line["l4"]);
            assert_eq!(json!(assessment.l7.value()), line["l7"]);
            let confidence: Option<f64> = assessment.confidence.to_string().parse().ok();
            assert_eq!(confidence, line["confidence"].as_f64());
            let codes: Vec<_> = assessment.findings.iter().map(|found| found.code.as_str()).collect();
            let logged = line["findings"].as_array().unwrap().iter();
            assert_eq!(
                codes,
                logged.map(|found| found["code"].as_str().unwrap()).collect::<Vec<_>>()
            );
        }
        requests += 1;
    }
    assert_eq!(requests, 7);
}

#[test]
fn a_line_that_tells_too_little_is_refused_with_what_it_lacks() {
    let judge = Judge::new(Config::default()).unwrap();
    for (member, value, why) in [
        ("v", json!(2), Unreadable::Version),
        ("of", json!("connection"), Unreadable::NoRequest),
        ("sent", Value::Null, Unreadable::TooOld("sent")),
        ("channel", Value::Null, Unreadable::TooOld("channel")),
        ("channel", json!("pigeon"), Unreadable::Channel),
    ] {
        let mut line = evidence(1);
        line[member] = value;
        assert_eq!(judge.decide(&line, Request::default()).unwrap_err(), why);
    }
}

#[test]
fn a_configuration_looks_at_old_requests_with_its_own_networks_and_rules() {
    let line = evidence(6);
    assert_eq!(line["verdict"], "block", "a curl that said it was Chrome on Windows");
    let judge = |text: &str| Judge::new(Config::parse(text.as_bytes()).unwrap()).unwrap();
    let verdict = |text: &str| judge(text).decide(&line, Request::default()).unwrap().1.verdict;
    assert_eq!(verdict("{}"), Verdict::Block);
    let rule = r#"{"rules":[{"name":"ours","match":{"tls_client":"openssl*","os":"linux","path":"/api/*"},"action":"limit"}]}"#;
    assert_eq!(verdict(rule), Verdict::Limit);
    let shared = r#"{"networks":[{"tag":"shared","cidrs":["127.0.0.0/8"]}]}"#;
    let (assessment, decision) = judge(shared).decide(&line, Request::default()).unwrap();
    // Behind a shared address another system may have written the SYN: a quarter of 60 is left.
    assert_eq!((assessment.l4.value(), assessment.l7.value()), (15, 100));
    assert_eq!(assessment.agreement.as_str(), "conflict");
    assert_eq!(decision.band, Band::Severe);
    assert_eq!(decision.verdict, Verdict::Slow);
}

fn explained(arguments: &[&str], input: &str) -> String {
    explained_by(&empty_config(), arguments, input)
}

fn explained_by(config: &str, arguments: &[&str], input: &str) -> String {
    let output = layerprint(&[&["explain", "--config", config], arguments].concat(), input);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_request_is_explained_from_who_it_says_it_is_to_what_follows() {
    let text = explained(&["--line", "2", "-"], &log("access.log"));
    for part in [
        "GET /search?q=1 at localhost:",
        "from 127.0.0.1, by peer, in no network with a tag\n",
        "  User-Agent: curl ",
        "  Client Hints: none: the client did not send it\n",
        "  channel: secure, the client's own TLS ends here\n",
        "  JA4: t13d",
        "  ClientHello of: openssl\n  HTTP/2 opening of: curl\n  all of it looks like: curl, a tool\n",
        "  SYN written by: linux, confidence 1",
        "What was missing, and why; nothing follows from it\n",
        "  hint_mobile: not-sent (the client did not send it)\n",
        "  h1_case: other-protocol (the protocol has no such thing)\n",
        "  Layer 7, weight 60: forged-annotation: the client sent x-layerprint headers, which only this proxy sets\n",
        "  Layer 4: 0 of 100, low\n  Layer 7: 60 of 100, high\n  agreement: conflict, confidence 0.50\n",
        "  band: high, by the higher of the two, 60\n",
        "  route: search, by one of its paths; class search, cost 5\n",
        "  ladder of class search: conflict × high → slow\n",
        "  verdict: slow, which means that the request passes later\n",
        "  mode: observe, of the whole configuration: it is written down, and the request passes\n",
        "What the log says\n  the same\n",
    ] {
        assert!(text.contains(part), "{part:?} in\n{text}");
    }
}

#[test]
fn every_member_of_the_filters_object_is_told() {
    let all = log("access.log");
    for (n, line) in all
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.contains("\"layerprint\":null"))
    {
        let text = explained(&["-"], line);
        for (key, value) in evidence(n).as_object().unwrap() {
            let value = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                _ => continue,
            };
            // The version, and what the object is of: a request is explained.
            assert!(
                ["v", "of", "os_kind"].contains(&key.as_str()) || text.contains(&value),
                "{key}: {value} in\n{text}"
            );
        }
    }
}

#[test]
fn one_object_over_several_lines_is_explained_and_control_characters_are_not_printed() {
    let mut line = evidence(1);
    line["user_agent"]["product"] = json!("x\u{7}y");
    line["path"] = json!("/a\u{1b}[31m\nb");
    line["verdict"] = json!("block\u{7}");
    let text = explained(&["-"], &format!("{line:#}"));
    assert!(
        text.starts_with("GET /a\u{fffd}[31m\u{fffd}b at localhost:"),
        "what the line says is asked for: {text}"
    );
    assert!(text.contains("  User-Agent: x\u{fffd}y"), "{text}");
    // That path is on no route but the default one, of pages.
    assert!(text.contains("  route: default, since no route has this path; class page, cost 1\n"));
    assert!(
        text.contains("  verdict: block\u{fffd}, where it is log here\n"),
        "{text}"
    );
    let others = |char: char| char.is_control() && char != '\n';
    assert!(!text.contains(others), "{text}");
}

#[test]
fn a_crawler_is_told_with_who_runs_it_and_whether_that_is_so() {
    let text = |config: &str| {
        let config = configuration("crawler", config);
        explained_by(&config, &["--line", "3", "-"], &log("access.log"))
    };
    let unverifiable = text("{}");
    for part in [
        "  crawler: googlebot, of Google, for search-index; to do with it, by the table: allow\n",
        "  crawler, unverifiable: the configuration has no addresses of it, and nothing follows\n",
        "  Client Hints: none",
        "What was found\n  nothing\n",
        "  ladder of class login: clean × none → allow\n",
    ] {
        assert!(unverifiable.contains(part), "{part:?} in\n{unverifiable}");
    }
    let ranges = |cidr| format!(r#"{{"clients":{{"crawlers":[{{"name":"googlebot","cidrs":["{cidr}"]}}]}}}}"#);
    assert!(
        text(&ranges("127.0.0.0/8"))
            .contains("  crawler, verified: it comes from an address of its operator; in the log: unverifiable\n")
    );
    let refuted = text(&ranges("192.0.2.0/24"));
    assert!(
        refuted.contains("  crawler, refuted: its operator does not have this address; in the log: unverifiable\n")
    );
    assert!(refuted.contains(": crawler-"), "{refuted}");
    assert!(refuted.contains(", which is one here\n"), "{refuted}");
}

#[test]
fn whose_word_the_mode_is_is_told() {
    for (config, told) in [
        (
            r#"{"mode":"enforce"}"#,
            "enforce, of the whole configuration: it is carried out",
        ),
        (
            r#"{"ladders":{"search":{"mode":"enforce"}}}"#,
            "enforce, of the ladder of class search: ",
        ),
        (
            r#"{"routes":[{"name":"find","class":"search","paths":["/search"],"mode":"enforce"}],"ladders":{"search":{"mode":"observe"}}}"#,
            "enforce, of the route find: ",
        ),
        (
            r#"{"mode":"enforce","rules":[{"name":"try","match":{"forged":{"min":1}},"action":"block","mode":"observe"}]}"#,
            "observe, of the rule: it is written down, and the request passes",
        ),
    ] {
        let config = configuration("mode", config);
        let text = explained_by(&config, &["--line", "2", "-"], &log("access.log"));
        assert!(text.contains(&format!("  mode: {told}")), "{told} in\n{text}");
    }
}

/// A configuration's file, and its path.
fn configuration(name: &str, text: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("replay-{name}-{}.json", std::process::id()));
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

fn compared(config: &str, against: &str, input: &str) -> Value {
    let output = layerprint(
        &["replay", "--config", config, "--against", against, "--json", "-"],
        input,
    );
    assert_eq!((output.status.code(), &*output.stderr), (Some(0), &b""[..]));
    serde_json::from_slice(&output.stdout).unwrap()
}

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
    for part in [
        "POST /login at localhost:",
        "  User-Agent: chrome 131.0, browser, engine blink 131.0, on macos frozen, device desktop\n",
        "  ClientHello of: chromium\n  HTTP/2 opening of: chromium\n",
        "  Layer 4, weight 60: os-tcp-ua: the SYN was written by linux, and the client claims to run on macos, which",
        "  ladder of class login: conflict × high → challenge\n",
        "What the log says\n  the same\n",
    ] {
        assert!(text.contains(part), "{part:?} in\n{text}");
    }

    // It is the office's proxy: a rule for its logins changes those, and nothing else in the day's log.
    let rule = configuration(
        "story-rule",
        r#"{"rules":[{"name":"office-logins","match":{"route":"login","client_ip":["127.0.0.0/8"]},"action":"allow"}]}"#,
    );
    let day = log("access.log") + &login;
    let login_only = json!([{"route": "login", "reason": "os-tcp-ua", "from": "challenge", "to": "allow", "count": 1}]);
    assert_eq!(compared(&now, &rule, &day)["comparison"]["changes"], login_only);
    let text = explained_by(&rule, &["-"], &login);
    for part in [
        "  rule office-logins: route is \"login\", and client_ip is in 127.0.0.0/8 → allow\n",
        "    route of this request: login\n",
        "  without that rule, the ladder of class login: conflict × high → challenge, if no later rule matches\n",
        "  verdict: challenge, where it is allow here\n  rule: none, where it is office-logins here\n",
    ] {
        assert!(text.contains(part), "{part:?} in\n{text}");
    }

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

#[test]
fn what_cannot_be_explained_is_told() {
    let config = empty_config();
    let told = |arguments: &[&str], input: &str| {
        let output = layerprint(&[&["explain", "--config", &config], arguments].concat(), input);
        assert_eq!(output.stdout.len(), 0);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let all = log("access.log");
    let is = |(code, text): (Option<i32>, String), expected: (i32, &str)| {
        assert!(code == Some(expected.0) && text.contains(expected.1), "{code:?} {text}");
    };
    is(told(&["-"], &all), (2, "which of 8 lines? --line N says it"));
    is(told(&["-"], &log("connections.log")), (1, "nothing is decided on it"));
    is(
        told(&["--line", "8", "-"], &all),
        (1, "-:8: the request never reached the filter"),
    );
    is(
        told(&["--line", "9", "-"], &all),
        (1, "-:9: no such line, or an empty one"),
    );
    is(
        told(&["--line", "2", "-"], "{}\n\n{}"),
        (1, "-:2: no such line, or an empty one"),
    );
    is(told(&["-"], "{\n"), (1, "-: not JSON: EOF"));
    is(told(&["-"], ""), (1, "-: not JSON: EOF"));
}
