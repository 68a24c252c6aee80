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
    with_variables(text, &[])
}

/// The same, where these variables are set.
fn with_variables(text: &[u8], variables: &[(&str, &str)]) -> Output {
    let mut process = Command::new(env!("CARGO_BIN_EXE_layerprint"))
        .args(["check", "-"])
        .env_remove("LAYERPRINT_CHALLENGE_KEY")
        .envs(variables.iter().copied())
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
    for text in [b"".as_slice(), b"{}", br#"{"mode":"enforce","challenge":false}"#] {
        let output = check(text);
        assert_eq!(
            (output.status.code(), lines(&output)),
            (Some(0), vec!["-: ok".to_owned()])
        );
    }
}

#[test]
fn a_challenge_is_told_in_a_line_and_so_is_a_key_that_is_not_set_here() {
    let whole = std::fs::read(repo::root().join("tests/fixtures/config/whole.json")).unwrap();
    let output = check(&whole);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        lines(&output),
        [
            "-: ok",
            "-: challenge: difficulty 17, up to 22 under load; at /.well-known/challenge; a clearance lasts 3600 s; 2 keys, of which the \
             first signs; enforced: ladders.login.conflict.high challenges on the route login",
            "-: LAYERPRINT_CHALLENGE_KEY is not set here, and something stands in for its key: the filter takes none but a real one",
        ]
    );
    let text = r#"{"ladders":{"login":{"difficulty":19},"admin":{"difficulty":20}},
        "challenge":{"keys":["MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="]}}"#;
    let told = lines(&check(text.as_bytes()));
    assert_eq!(
        told[1],
        "-: challenge: difficulty 18 (login 19, admin 20), up to 21 under load; at /.layerprint/challenge; a clearance lasts 1800 s; \
         1 key; nothing challenges in mode enforce"
    );
}

#[test]
fn a_key_that_is_set_here_is_looked_at_and_never_shown() {
    let text = br#"{"challenge":{"keys":[{"env":"LAYERPRINT_CHALLENGE_KEY"},{"env":"SHORT"}]}}"#;
    let key = "Zm9vYmFyWjlxWFk3a0xwUTJ3RTR0UjZ5VThpTzBwQTE=";
    let output = with_variables(text, &[("LAYERPRINT_CHALLENGE_KEY", key), ("SHORT", "Zm9vYmFyWjlx")]);
    assert_eq!(output.status.code(), Some(1));
    let told = lines(&output).join("\n");
    assert!(
        told.starts_with("-: challenge.keys[1]: the key in the variable SHORT has 9 bytes, which is too short; "),
        "{told}"
    );
    assert!(!told.contains("Zm9v") && !told.contains("fooba"), "{told}");
    let right = br#"{"challenge":{"keys":[{"env":"LAYERPRINT_CHALLENGE_KEY"}]}}"#;
    let told = lines(&with_variables(right, &[("LAYERPRINT_CHALLENGE_KEY", key)]));
    assert_eq!(told.len(), 2, "nothing stands in: {told:?}");
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
