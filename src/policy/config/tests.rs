//! What a configuration becomes, and how each mistake in one is told.

use super::*;
use crate::evidence::NetworkTag;

pub(super) fn problems(text: &str) -> Vec<String> {
    Config::parse(text.as_bytes())
        .unwrap_err()
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn an_empty_configuration_is_the_default() {
    for text in ["", " \n", "{}", r#"{"annotate":{},"log":{},"connection":{}}"#] {
        assert_eq!(Config::parse(text.as_bytes()), Ok(Config::default()), "{text:?}");
    }
}

#[test]
fn every_key_is_read() {
    let text = r#"{"mode":"enforce","challenge":false,"networks":[{"tag":"office","cidrs":["192.0.2.0/24"]}],
        "forwarded":{"trusted_hops":2,"peer_appended":false},"annotate":{"headers":["order","id"]},"log":{"filter_state":false},
        "connection":{"opening_bytes":4096.0,"handover":false},"failure":"closed"}"#;
    let net = "192.0.2.0/24".parse().unwrap();
    let expected = Config {
        mode: Mode::Enforce,
        policy: Policy {
            mode: Mode::Enforce,
            ..Policy::default()
        },
        networks: Networks::new(&[(net, NetworkTag::Office)].into()),
        forwarded: Trust {
            hops: 2,
            peer_entry: PeerEntry::Absent,
        },
        clients: Clients::default(),
        annotate: Annotate {
            headers: vec![Header::Order, Header::Id],
            signature: None,
        },
        log: Log {
            filter_state: Switch::Off,
        },
        limits: Config::default().limits,
        connection: ConnectionRole {
            opening_bytes: 4_096,
            handover: Switch::Off,
            policy: ConnectionPolicy {
                mode: Mode::Enforce,
                ..ConnectionPolicy::default()
            },
        },
        behaviour: Settings::default(),
        challenge: None,
        failure: FailurePolicy::Closed,
    };
    assert_eq!(Config::parse(text.as_bytes()), Ok(expected));
}

#[test]
fn each_mistake_is_told_with_its_path_and_what_is_accepted() {
    let text = r#"{"mode":"block","Mode":1,"annotate":{"headers":["verdict","ja5",7,"verdict"],"x":null},
        "log":[],"connection":{"opening_bytes":12,"handover":"yes"},"failure":{}}"#;
    let expected = [
        r#"mode: "block" is not accepted; accepted: "observe", "enforce""#,
        r#"annotate.headers[1]: "ja5" is not accepted; accepted: "verdict", "reasons", "id", "ja3", "ja4", "h2", "tcp", "os", "client", "order", "route", "class", "cost""#,
        r#"annotate.headers[2]: 7 is not accepted; accepted: "verdict", "reasons", "id", "ja3", "ja4", "h2", "tcp", "os", "client", "order", "route", "class", "cost""#,
        r#"annotate.headers[3]: "verdict" is given twice; accepted: each value once"#,
        r#"annotate.x: unknown key; accepted: "headers", "signature""#,
        r#"log: an array is not accepted; accepted: an object"#,
        r#"connection.opening_bytes: 12 is not accepted; accepted: a whole number from 1024 to 65536"#,
        r#"connection.handover: "yes" is not accepted; accepted: true, false"#,
        r#"failure: an object is not accepted; accepted: "open", "closed""#,
        r#"Mode: unknown key; accepted: "mode", "routes", "ladders", "rules", "networks", "forwarded", "clients", "annotate", "log", "limits", "connection", "behaviour", "challenge", "failure""#,
    ];
    assert_eq!(problems(text), expected);
}

#[test]
fn what_is_no_json_object_is_told_where() {
    assert_eq!(problems("7"), ["(the whole): 7 is not accepted; accepted: an object"]);
    assert_eq!(
        problems("{\"mode\":}"),
        ["(the whole): not JSON: expected value at line 1 column 9; accepted: one JSON object"]
    );
    let twice = problems(r#"{"log":{"filter_state":true,"filter_state":false}}"#);
    assert!(
        twice[0].contains("key \"filter_state\" is given twice at line 1"),
        "{twice:?}"
    );
    assert_eq!(Config::parse(&[0xff, b'{']).unwrap_err().len(), 1);
}

#[test]
fn a_key_or_value_that_is_no_word_is_quoted_and_cut() {
    let text = format!(
        r#"{{"":1,"a\nb":1,"log.filter_state":1,"{}":1,"mode":"x\u007f{}"}}"#,
        "k".repeat(1_000),
        "v".repeat(1_000)
    );
    let found = problems(&text);
    let begins: Vec<&str> = found.iter().map(|line| line.split(": ").next().unwrap()).collect();
    let long = format!("\"{}…", "k".repeat(39));
    assert_eq!(
        begins,
        ["mode", r#""""#, r#""a\nb""#, r#""log.filter_state""#, long.as_str()]
    );
    assert!(found[0].contains(r#""x\u{7f}vvvv"#), "{}", found[0]);
    assert!(found.iter().all(|line| line.len() < 240), "{found:?}");
    let twice = format!(r#"{{"{0}":1,"{0}":2}}"#, "k".repeat(1_000));
    assert!(problems(&twice)[0].len() < 200);
}

#[test]
fn a_serialized_struct_is_read_as_the_object_that_it_is() {
    // {"mode": "enforce", "log": {"filter_state": false}, "challenge": false}, as protobuf writes it
    let mode = b"\x0a\x11\x0a\x04mode\x12\x09\x1a\x07enforce";
    let log = b"\x0a\x1d\x0a\x03log\x12\x16\x2a\x14\x0a\x12\x0a\x0cfilter_state\x12\x02\x20\x00";
    let challenge = b"\x0a\x0f\x0a\x09challenge\x12\x02\x20\x00";
    let config = Config::parse(&[&mode[..], log, challenge].concat()).unwrap();
    assert_eq!((config.mode, config.log.filter_state), (Mode::Enforce, Switch::Off));
    let unknown = b"\x0a\x11\x0a\x04mood\x12\x09\x1a\x07enforce";
    assert!(
        Config::parse(unknown).unwrap_err()[0]
            .to_string()
            .starts_with("mood: unknown key")
    );
    for cut in 2..mode.len() {
        assert!(Config::parse(&mode[..cut]).is_err(), "cut at {cut}");
    }
}

#[test]
fn numbers_must_be_whole_and_in_range() {
    for number in ["1023", "65537", "-1", "4096.5", "1e30", "true", "\"4096\"", "null"] {
        let text = format!(r#"{{"connection":{{"opening_bytes":{number}}}}}"#);
        assert_eq!(problems(&text).len(), 1, "{number}");
    }
}

#[test]
fn twelve_mistakes_have_twelve_messages_each_with_its_path() {
    let text = include_str!("../../../tests/fixtures/config/twelve.json");
    let told: Vec<_> = include_str!("../../../tests/fixtures/twelve_mistakes.txt")
        .lines()
        .collect();
    assert_eq!(problems(text), told);
    assert_eq!(told.len(), 12);
}
