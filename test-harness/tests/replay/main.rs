//! `layerprint replay`, `layerprint explain` and `layerprint report` as a user runs them, on lines that a real Envoy wrote (fixtures/log/record.sh).
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do: by panicking"
)]

mod compared;
mod counts;
mod explain;
mod judge;
mod report;

use layerprint_harness::repo;
use serde_json::Value;
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

/// The filter's object in a line of the access log.
fn evidence(line: usize) -> Value {
    let line: Value = serde_json::from_str(log("access.log").lines().nth(line).unwrap()).unwrap();
    serde_json::from_str(line["layerprint"].as_str().unwrap()).unwrap()
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

/// Each of `parts` stands in `text`.
fn tells(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} in\n{text}");
    }
}
