//! `layerprint fingerprint` as a user runs it.

use crate::made::{PLAIN, fixture, fixture_path};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn layerprint(arguments: &[&str]) -> Output {
    let command = Command::new(env!("CARGO_BIN_EXE_layerprint")).args(arguments).output();
    command.unwrap()
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn json_lines_have_the_keys_of_the_contract_in_its_order() {
    let output = layerprint(&["fingerprint", path(&fixture_path("refused.pcap")), "--json"]);
    let line = text(&output.stdout);
    let keys: Vec<_> = line
        .split(['{', ','])
        .filter_map(|part| part.strip_prefix('"')?.split_once("\":"))
        .collect();
    let names: Vec<_> = keys.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        [
            "src",
            "dst",
            "ja3",
            "ja3_raw",
            "ja3n",
            "ja4",
            "ja4_r",
            "ja4_o",
            "ja4_ro",
            "http2",
            "http2_md5",
            "tcp",
            "os",
            "lp1",
            "lp1_r"
        ]
    );
    assert!(line.contains("\"ja3\":null") && line.contains("\"os\":\"linux\""));
}

#[test]
fn text_lines_show_what_was_seen_and_standard_error_the_rest() {
    let output = layerprint(&["fingerprint", path(&fixture_path("curl-h2c.pcap"))]);
    assert!(text(&output.stdout).starts_with("127.0.0.1:"));
    assert!(text(&output.stdout).contains(" http2=3:100;4:33554432;2:0|33488897|0|m,p,s,a "));
    assert!(!text(&output.stdout).contains("ja3"));
    assert_eq!(
        text(&output.stderr),
        "layerprint: packets: 14, skipped: 0\nlayerprint: client connections shown: 1\n"
    );
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_dash_stands_for_standard_input() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_layerprint"))
        .args(["fingerprint", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(&fixture("three-interfaces.pcapng"))
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(text(&output.stdout), text(&fixture("three-interfaces.pcapng.jsonl")));
}

#[test]
fn what_cannot_be_read_ends_with_1_and_says_why() {
    let missing = layerprint(&["fingerprint", "/no/such.pcap"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(text(&missing.stderr).starts_with("layerprint: /no/such.pcap: cannot open it: No such file"));
    let script = fixture_path("record.sh");
    let other = layerprint(&["fingerprint", path(&script)]);
    assert_eq!((other.status.code(), &other.stdout[..]), (Some(1), &b""[..]));
    assert!(text(&other.stderr).contains("not a capture but a file that begins with the text"));
    let folder = layerprint(&["fingerprint", path(script.parent().unwrap())]);
    assert_eq!(folder.status.code(), Some(1));
}

#[test]
fn a_capture_broken_in_the_middle_shows_what_stands_before_and_ends_with_1() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = folder.join("broken.pcapng");
    let section = fixture("curl-h2c.pcapng");
    fs::write(&file, [&section[..], &PLAIN.u32(6), &PLAIN.u32(3), &[0; 100]].concat()).unwrap();
    let output = layerprint(&["fingerprint", path(&file), "--json"]);
    assert_eq!(text(&output.stdout), text(&fixture("curl-h2c.pcapng.jsonl")));
    assert!(
        text(&output.stderr).contains("the capture is broken after"),
        "{}",
        text(&output.stderr)
    );
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn an_empty_capture_is_no_failure() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("empty.pcap");
    fs::write(&file, PLAIN.pcap(1, &[])).unwrap();
    let output = layerprint(&["fingerprint", path(&file)]);
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(0), &b""[..]));
    assert!(text(&output.stderr).contains("the capture holds no packets"));
}

#[test]
fn wrong_arguments_end_with_2_and_say_what_there_is() {
    let unknown = layerprint(&["fingerprnt"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown.stderr).contains("no subcommand \"fingerprnt\""));
    assert!(text(&unknown.stderr).contains("  fingerprint   the fingerprints of"));
    for arguments in [
        &[][..],
        &["--nothing"],
        &["fingerprint"],
        &["fingerprint", "a", "b"],
        &["fingerprint", "--x", "a"],
    ] {
        assert_eq!(layerprint(arguments).status.code(), Some(2), "{arguments:?}");
    }
    for arguments in [&["--help"][..], &["-h"], &["fingerprint", "--help"]] {
        assert_eq!(layerprint(arguments).status.code(), Some(0), "{arguments:?}");
    }
}
