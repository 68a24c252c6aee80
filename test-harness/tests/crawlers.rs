//! `layerprint crawlers` as a user runs it: what operators publish becomes a configuration that the filter takes.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do: by panicking"
)]

use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Output, Stdio};

fn layerprint(arguments: &[&str], input: &[u8]) -> Output {
    let mut process = Command::new(env!("CARGO_BIN_EXE_layerprint"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Whoever stops for a wrong name does not read.
    let _ = process.stdin.take().unwrap().write_all(input);
    process.wait_with_output().unwrap()
}

/// The entries that come of `file`, after the filter's own check of the whole.
fn converted(name: &str, file: &str) -> Value {
    let output = layerprint(&["crawlers", name, "-"], file.as_bytes());
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{told}");
    let checked = layerprint(&["check", "-"], &output.stdout);
    assert_eq!(String::from_utf8_lossy(&checked.stdout), "-: ok\n");
    let whole: Value = serde_json::from_slice(&output.stdout).unwrap();
    whole["clients"]["crawlers"].clone()
}

fn cidrs(name: &str, file: &str) -> Vec<String> {
    let entries = converted(name, file);
    let cidrs = entries[0]["cidrs"].as_array().unwrap();
    cidrs.iter().map(|cidr| cidr.as_str().unwrap().to_owned()).collect()
}

fn complaint(file: &str) -> Vec<String> {
    let output = layerprint(&["crawlers", "gptbot", "-"], file.as_bytes());
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    let told = String::from_utf8(output.stderr).unwrap();
    told.lines().map(str::to_owned).collect()
}

const GOOGLES: &str = r#"{"creationTime": "2026-11-20T22:00:19.000000", "prefixes": [
    {"ipv6Prefix": "2001:db8:4860::/64"}, {"ipv4Prefix": "192.0.2.32/27"}, {"ipv4Prefix": "192.0.2.0/27"},
    {"ipv4Prefix": "192.0.2.0/28"}, {"ipv4Prefix": "198.51.100.7"}]}"#;

#[test]
fn googles_form_becomes_entries_merged_and_in_order() {
    assert_eq!(
        converted("googlebot", GOOGLES),
        json!([{"name": "googlebot", "as_of": "2026-11-20",
                "cidrs": ["192.0.2.0/26", "198.51.100.7/32", "2001:db8:4860::/64"]}])
    );
}

#[test]
fn the_other_forms_say_the_same() {
    let amazon = r#"{"creationTime":"2026-09-08","prefixes":[{"ip_prefix":"192.0.2.1/32"},{"ip_prefix":"192.0.2.0"}]}"#;
    assert_eq!(cidrs("amzn-searchbot", amazon), ["192.0.2.0/31"]);
    let ahrefs = r#"{"ips":[{"ip_address":"192.0.2.7"},{"ip_address":"2001:db8::7"}]}"#;
    assert_eq!(cidrs("ahrefsbot", ahrefs), ["192.0.2.7/32", "2001:db8::7/128"]);
    let datadog = r#"{"version":7,"modified":"2026-11-19-10-00-00","synthetics":{"prefixes_ipv4":["192.0.2.7/32"],
        "prefixes_ipv6":["2001:db8::/64"],"prefixes_ipv4_by_location":{"aws:eu-central-1":["192.0.2.7/32"]}}}"#;
    assert_eq!(
        converted("datadog-synthetics", datadog),
        json!([{"name": "datadog-synthetics", "as_of": "2026-11-19", "cidrs": ["192.0.2.7/32", "2001:db8::/64"]}])
    );
    assert_eq!(
        cidrs("pingdom", r#"["::ffff:192.0.2.7", " 192.0.2.9 "]"#),
        ["192.0.2.7/32", "192.0.2.9/32"]
    );
    let lines = "\u{feff}# probes\r\n192.0.2.7\r\n\r\n2001:db8::7 # Paris\r\n198.51.100.0/24\r\n";
    assert_eq!(
        cidrs("uptimerobot", lines),
        ["192.0.2.7/32", "198.51.100.0/24", "2001:db8::7/128"]
    );
    let whois = "route:      192.0.2.0/24\ndescr:      a, b\norigin:     AS64500\n\nroute6:     2001:db8::/32\norigin: AS64500\n";
    assert_eq!(cidrs("meta-externalagent", whois), ["192.0.2.0/24", "2001:db8::/32"]);
    assert_eq!(
        cidrs("meta-externalagent", "192.0.2.0/24,DE,DE-BE,Berlin,\n"),
        ["192.0.2.0/24"]
    );
}

#[test]
fn several_files_are_one_list_as_old_as_the_oldest_and_several_names_share_it() {
    let folder = tempfile();
    let (one, other) = (folder.join("one.json"), folder.join("other.json"));
    std::fs::write(&one, GOOGLES).unwrap();
    std::fs::write(
        &other,
        r#"{"creationTime":"2026-10-01T00:00:00","prefixes":[{"ipv4Prefix":"192.0.2.64/26"}]}"#,
    )
    .unwrap();
    let files = [one.to_str().unwrap(), other.to_str().unwrap()];
    let run = |more: &[&str]| -> Value {
        let output = layerprint(
            &[&["crawlers", "claudebot,claude-user"], &files[..], more].concat(),
            b"",
        );
        serde_json::from_slice::<Value>(&output.stdout).unwrap()["clients"]["crawlers"].clone()
    };
    let entries = run(&[]);
    assert_eq!(
        (&entries[0]["name"], &entries[1]["name"]),
        (&json!("claudebot"), &json!("claude-user"))
    );
    assert_eq!(entries[0]["cidrs"], entries[1]["cidrs"]);
    assert_eq!(entries[1]["cidrs"][0], "192.0.2.0/25");
    assert_eq!(entries[1]["as_of"], "2026-10-01");
    assert_eq!(run(&["--as-of", "2026-11-24"])[0]["as_of"], "2026-11-24");
    std::fs::remove_dir_all(folder).unwrap();
}

fn tempfile() -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("layerprint-crawlers-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn each_mistake_is_told_with_its_place() {
    let wrong = r#"{"prefixes":[{"ipv4Prefix":"192.0.2.0/33"},{"ipv4Prefix":"192.0.2.7/24"},7,{},{"ipv4Prefix":8},
        {"ipv4Prefix":"192.0.2.0/24","service":"CLOUD","scope":"eu"},{"ipv4Prefix":"0.0.0.0/0"}],"ips":"192.0.2.7"}"#;
    let accepted = r#"accepted: an address, or a prefix such as "192.0.2.0/24" or "2001:db8::/32""#;
    let expected = [
        format!(r#"layerprint: -: $.prefixes[0].ipv4Prefix: "192.0.2.0/33" is no prefix; {accepted}"#),
        r#"-: $.prefixes[1].ipv4Prefix: "192.0.2.7/24" has bits set behind its prefix; accepted: "192.0.2.0/24""#
            .to_owned(),
        "-: $.prefixes[2]: neither a text nor an object".to_owned(),
        r#"-: $.prefixes[3]: no prefix; accepted: one of "ipv4Prefix", "#.to_owned(),
        format!("-: $.prefixes[4].ipv4Prefix: no text; {accepted}"),
        "-: $.prefixes[5].service: an entry with more than its prefix in it, as lists of many services have them"
            .to_owned(),
        r#"-: $.prefixes[6].ipv4Prefix: "0.0.0.0/0" is wider than any operator's network; accepted: /8 and longer"#
            .to_owned(),
        "-: $.ips: no array".to_owned(),
    ];
    let told = complaint(wrong);
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (told, expected) in told.iter().zip(&expected) {
        assert!(told.starts_with(expected), "{told}\n{expected}");
    }
    let lines = complaint("192.0.2.7\nnot an address\n");
    assert_eq!(
        lines,
        [format!(
            r#"layerprint: -: line 2: "not an address" is no prefix; {accepted}"#
        )]
    );
    assert_eq!(
        complaint(&"x\n".repeat(1_000)).last().unwrap(),
        "-: and 980 more of the kind"
    );
}

#[test]
fn what_holds_no_list_is_told() {
    for (file, told) in [
        ("", "holds no addresses"),
        ("# nothing\n", "holds no addresses"),
        (r#"{"prefixes":[]}"#, "holds no addresses"),
        (r#"{"prefixs":[]}"#, "$: no list of addresses; accepted: \"prefixes\""),
        (r#"{"prefixes":["#, "not JSON: EOF"),
        (
            "<!DOCTYPE html>",
            "an HTML page: copy the JSON or the addresses out of it",
        ),
    ] {
        let lines = complaint(file);
        assert!(lines[0].starts_with(&format!("layerprint: -: {told}")), "{lines:?}");
    }
    let output = layerprint(&["crawlers", "gptbot", "/nowhere/gptbot.json"], b"");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("/nowhere/gptbot.json"));
}

#[test]
fn what_stands_beside_the_lists_is_named() {
    let file =
        r#"{"creationTime":"yesterday","prefixes":["192.0.2.0/24"],"agents":{"prefixes_ipv4":["198.51.100.0/24"]}}"#;
    let output = layerprint(&["crawlers", "gptbot", "-"], file.as_bytes());
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        told.contains("not read: $.creationTime: yesterday is no date"),
        "{told}"
    );
    assert!(told.contains("not read: $.agents\n"), "{told}");
    assert!(told.contains("--as-of DATE"), "{told}");
}

#[test]
fn who_else_says_a_name_is_told_before_anybody_relies_on_its_list() {
    let output = layerprint(&["crawlers", "facebookexternalhit", "-"], GOOGLES.as_bytes());
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0));
    assert!(
        told.contains("the table knows of no list that Meta publishes"),
        "{told}"
    );
    assert!(told.contains("facebookexternalhit: Meta fetches from"), "{told}");
    assert_eq!(layerprint(&["crawlers", "gptbot", "-"], GOOGLES.as_bytes()).stderr, b"");
}

#[test]
fn a_name_that_is_not_known_and_one_that_nobody_claims_are_told() {
    for (name, told) in [
        ("gptbott", r#"layerprint: "gptbott" is not known; accepted: one of"#),
        (
            "google-extended",
            r#"layerprint: "google-extended" is a name in robots.txt alone"#,
        ),
        ("gptbot,", r#"layerprint: "" is not known"#),
    ] {
        let output = layerprint(&["crawlers", name, "-"], GOOGLES.as_bytes());
        assert_eq!(output.status.code(), Some(1));
        let lines = String::from_utf8(output.stderr).unwrap();
        assert!(lines.starts_with(told), "{lines}");
    }
}

#[test]
fn all_names_can_be_listed_and_wrong_arguments_are_told_apart() {
    let output = layerprint(&["crawlers", "--list"], b"");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("gptbot\tOpenAI\ttraining\tlimit\tprefixes\thttps://openai.com/gptbot.json\n"),
        "{text}"
    );
    assert!(text.lines().count() > 90);
    for wrong in [
        &["crawlers"][..],
        &["crawlers", "gptbot"],
        &["crawlers", "gptbot", "-", "--as-of", "now"],
        &["crawlers", "gptbot", "--quick", "-"],
    ] {
        assert_eq!(layerprint(wrong, b"").status.code(), Some(2), "{wrong:?}");
    }
    assert_eq!(layerprint(&["crawlers", "--help"], b"").status.code(), Some(0));
}
