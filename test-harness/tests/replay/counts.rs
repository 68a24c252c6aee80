//! `layerprint replay`: which lines are read, which are refused, and what is counted.

use super::{empty_config, evidence, fixture, layerprint, log, spawn};
use layerprint_harness::replay::{Logged, Request};
use layerprint_harness::repo;
use serde_json::{Value, json};
use std::io::Write;

fn replay(input: &str) -> (Option<i32>, Value, String) {
    let output = layerprint(&["replay", "--config", &empty_config(), "--json", "-"], input);
    let told = String::from_utf8(output.stderr).unwrap();
    (
        output.status.code(),
        serde_json::from_slice(&output.stdout).unwrap(),
        told,
    )
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
