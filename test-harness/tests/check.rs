//! `layerprint check` as a user runs it: every mistake is told, with its path and what is accepted, in the filter's own words.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do: by panicking"
)]

use layerprint::policy::config::Config;
use layerprint_harness::repo;
use std::io::Write;
use std::process::{Command, Output, Stdio};

/// Runs `check -` on `text`.
fn check(text: &[u8]) -> Output {
    let mut process = Command::new(env!("CARGO_BIN_EXE_layerprint"))
        .args(["check", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    process.stdin.take().unwrap().write_all(text).unwrap();
    process.wait_with_output().unwrap()
}

fn lines(output: &Output) -> Vec<String> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn twelve_mistakes_are_told_in_twelve_lines_each_with_its_path() {
    let fixtures = repo::root().join("tests/fixtures");
    let output = check(&std::fs::read(fixtures.join("config/twelve.json")).unwrap());
    assert_eq!(output.status.code(), Some(1));
    let messages = std::fs::read_to_string(fixtures.join("twelve_mistakes.txt")).unwrap();
    let expected: Vec<_> = messages.lines().map(|line| format!("-: {line}")).collect();
    assert_eq!(lines(&output), expected);
    assert_eq!(expected.len(), 12);
}

#[test]
fn the_lines_are_those_of_the_filter() {
    let text = std::fs::read(repo::root().join("tests/fixtures/config/wrong.json")).unwrap();
    let problems = Config::parse(&text).unwrap_err();
    let told: Vec<_> = problems.iter().map(|problem| format!("-: {problem}")).collect();
    assert!(told.len() > 5);
    assert_eq!(lines(&check(&text)), told);
}

#[test]
fn what_the_filter_takes_is_ok() {
    let whole = std::fs::read(repo::root().join("tests/fixtures/config/whole.json")).unwrap();
    for text in [b"".as_slice(), b"{}", &whole] {
        let output = check(text);
        assert_eq!(
            (output.status.code(), lines(&output)),
            (Some(0), vec!["-: ok".to_owned()])
        );
    }
}

#[test]
fn what_is_no_json_and_keys_given_twice_are_told() {
    for (text, told) in [
        (r#"{"mode":}"#, "not JSON"),
        ("7", "accepted: an object"),
        (r#"{"log":{},"log":{}}"#, "given twice"),
    ] {
        let output = check(text.as_bytes());
        assert_eq!(output.status.code(), Some(1), "{text}");
        let lines = lines(&output);
        assert!(lines.len() == 1 && lines[0].contains(told), "{lines:?}");
    }
}

#[test]
fn a_file_that_is_not_there_and_wrong_arguments_are_told_apart() {
    let run = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_layerprint"))
            .args(arguments)
            .output()
            .unwrap()
    };
    let missing = run(&["check", "/nowhere/config.json"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("/nowhere/config.json"));
    for wrong in [&["check"][..], &["check", "a", "b"], &["check", "--quick", "a"]] {
        assert_eq!(run(wrong).status.code(), Some(2), "{wrong:?}");
    }
    assert_eq!(run(&["check", "--help"]).status.code(), Some(0));
}
