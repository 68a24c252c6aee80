//! What `challenge` becomes, how each mistake in it is told, and that no message shows a key.

use super::super::tests::problems;
use super::super::texts::Word;
use super::super::{Config, Problem};
use super::*;
use crate::policy::Class;

/// `0123456789abcdef0123456789abcdef`
const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
/// `fedcba9876543210fedcba9876543210`, without padding.
const OTHER: &str = "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA";

fn parse(text: &str) -> Result<Config, Vec<Problem>> {
    let variable = |name: &str| match name {
        "LAYERPRINT_CHALLENGE_KEY" => Some(format!("{OTHER}\n").into_bytes()),
        "SHORT" => Some(b"c2hvcnQ=".to_vec()),
        "NOT_BASE64" => Some(b"not base64, 32 bytes or more of it".to_vec()),
        _ => None,
    };
    Config::parse_with(text.as_bytes(), Variables(&variable))
}

fn challenge(members: &str) -> Challenge {
    let text = format!(r#"{{"challenge":{{"keys":["{KEY}"]{members}}}}}"#);
    parse(&text).unwrap().challenge.unwrap()
}

/// What is said of these members; `keys` is right.
fn told(members: &str) -> Vec<String> {
    problems(&format!(r#"{{"challenge":{{"keys":["{KEY}"],{members}}}}}"#))
}

/// What is said of this in the place of the keys.
fn told_of_keys(keys: &str) -> Vec<String> {
    let refused = parse(&format!(r#"{{"challenge":{{"keys":{keys}}}}}"#)).unwrap_err();
    refused.iter().map(ToString::to_string).collect()
}

#[test]
fn every_key_is_read() {
    let text = format!(
        r#"{{"ladders":{{"login":{{"difficulty":19}}}},"challenge":{{"keys":[{{"env":"LAYERPRINT_CHALLENGE_KEY"}},"{KEY}"],
        "path":"/x/~Y.z_1-2","difficulty":17.0,"load":{{"per_s":7,"max_difficulty":20}},"answer_within_s":60,
        "clearance":{{"cookie":"seen","for_s":2592000,"same_site":"none"}},
        "bind":{{"ipv4_prefix":0,"ipv6_prefix":128,"tls":false,"http":false}},
        "attempts":{{"count":3,"per_s":10,"then":"block"}},"noscript":{{"wait_s":15}},"contact":"mailto:help@example.com",
        "texts":{{"de":{{"title":"Einen Moment"}}}}}}}}"#
    );
    let config = parse(&text).unwrap();
    let secret = |text: &[u8; 32]| Secret::new(text).unwrap();
    let expected = Challenge {
        keys: vec![
            secret(b"fedcba9876543210fedcba9876543210"),
            secret(b"0123456789abcdef0123456789abcdef"),
        ],
        path: "/x/~Y.z_1-2".into(),
        difficulty: Difficulty(17),
        load: Load {
            per_second: 7,
            most: Difficulty(20),
        },
        answer_within: Duration::from_secs(60),
        clearance: Clearance {
            cookie: "seen".into(),
            lasts: Duration::from_secs(2_592_000),
            same_site: SameSite::None,
        },
        bind: Bind {
            ipv4_prefix: 0,
            ipv6_prefix: 128,
            tls: Switch::Off,
            http: Switch::Off,
        },
        attempts: Attempts {
            count: 3,
            per: Duration::from_secs(10),
            then: Verdict::Block,
        },
        no_script: NoScript::Wait(Duration::from_secs(15)),
        contact: Some("mailto:help@example.com".into()),
        texts: vec![Texts {
            language: "de".into(),
            words: vec![(Word::Title, "Einen Moment".into())],
        }],
    };
    assert_eq!(config.challenge, Some(expected));
    let ladders = config.policy.ladders;
    let of = |class| ladders.of(class).difficulty;
    assert_eq!((of(Class::Login), of(Class::Page)), (Some(Difficulty(19)), None));
}

#[test]
fn all_but_the_keys_may_be_left_out() {
    let default = Challenge::default();
    let read = challenge("");
    assert_eq!(
        Challenge {
            keys: Vec::new(),
            ..read.clone()
        },
        default
    );
    assert_eq!(read.keys.len(), 1);
    assert_eq!(challenge(r#","noscript":"contact""#), read);
    assert_eq!(
        problems(r#"{"challenge":{}}"#),
        [
            r#"challenge.keys: is missing; accepted: one or two keys (openssl rand -base64 32), each as base64 or {"env": "NAME"}"#
        ]
    );
    for none in [
        "{}",
        r#"{"challenge":false}"#,
        r#"{"challenge":false,"mode":"enforce"}"#,
    ] {
        assert_eq!(parse(none).unwrap().challenge, None, "{none}");
    }
}

#[test]
fn who_challenges_without_keys_is_told_what_challenges() {
    let told = problems(r#"{"ladders":{"login":{"mode":"enforce"}}}"#);
    let expected = "challenge.keys: is missing, and ladders.login.conflict.high challenges on the route login; accepted: \
        one or two keys (openssl rand -base64 32), each as base64 or {\"env\": \"NAME\"}; or \"challenge\": false, which leaves a plain 403";
    assert_eq!(told, [expected]);
    // One mistake is told once.
    assert_eq!(problems(r#"{"mode":"enforce","challenge":{"keys":[]}}"#).len(), 1);
    let keys = format!(r#"{{"mode":"enforce","challenge":{{"keys":["{KEY}"]}}}}"#);
    assert!(parse(&keys).is_ok());
}

#[test]
fn each_mistake_is_told() {
    let text = r#""path":"x","difficulty":9,"load":{"per_s":0,"max_difficulty":27},"answer_within_s":9,
        "clearance":{"cookie":"a b","for_s":9,"same_site":"Lax"},"bind":{"ipv4_prefix":33,"ipv6_prefix":129,"tls":1,"http":null},
        "attempts":{"count":0,"per_s":9,"then":"log"},"noscript":"wait","contact":"help","texts":7,"key":7"#;
    let begins: Vec<String> = told(text)
        .iter()
        .map(|line| line.split("; accepted: ").next().unwrap().to_owned())
        .collect();
    assert_eq!(
        begins,
        [
            r#"challenge.path: "x" does not begin with a slash"#,
            "challenge.difficulty: 9 is not accepted",
            "challenge.load.per_s: 0 is not accepted",
            "challenge.load.max_difficulty: 27 is not accepted",
            "challenge.answer_within_s: 9 is not accepted",
            r#"challenge.clearance.cookie: "a b" is not accepted"#,
            "challenge.clearance.for_s: 9 is not accepted",
            r#"challenge.clearance.same_site: "Lax" is not accepted"#,
            "challenge.bind.ipv4_prefix: 33 is not accepted",
            "challenge.bind.ipv6_prefix: 129 is not accepted",
            "challenge.bind.tls: 1 is not accepted",
            "challenge.bind.http: null is not accepted",
            "challenge.attempts.count: 0 is not accepted",
            "challenge.attempts.per_s: 9 is not accepted",
            r#"challenge.attempts.then: "log" is not accepted"#,
            r#"challenge.noscript: "wait" is not accepted"#,
            r#"challenge.contact: "help" is not accepted"#,
            "challenge.texts: 7 is not accepted",
            "challenge.key: unknown key",
        ]
    );
    assert_eq!(
        problems(r#"{"challenge":true}"#),
        ["challenge: true is not accepted; accepted: an object, false"]
    );
}

#[test]
fn numbers_have_bounds() {
    for (right, wrong) in [
        (r#""difficulty":26"#, r#""difficulty":27"#),
        (r#""answer_within_s":3600"#, r#""answer_within_s":3601"#),
        (r#""clearance":{"for_s":10}"#, r#""clearance":{"for_s":2592001}"#),
        (r#""attempts":{"count":1000}"#, r#""attempts":{"count":1001}"#),
        (r#""attempts":{"per_s":86400}"#, r#""attempts":{"per_s":86401}"#),
        (r#""load":{"per_s":1000000}"#, r#""load":{"per_s":1000001}"#),
        (r#""noscript":{"wait_s":5}"#, r#""noscript":{"wait_s":4}"#),
        (
            r#""noscript":{"wait_s":300},"answer_within_s":301"#,
            r#""noscript":{"wait_s":300}"#,
        ),
        (
            r#""noscript":{"wait_s":59},"answer_within_s":60"#,
            r#""noscript":{"wait_s":60},"answer_within_s":60"#,
        ),
    ] {
        challenge(&format!(",{right}"));
        assert_eq!(told(wrong).len(), 1, "{wrong}");
    }
    assert_eq!(
        told(r#""noscript":{}"#),
        ["challenge.noscript.wait_s: is missing; accepted: a whole number from 5 to 300"]
    );
}

#[test]
fn load_makes_nothing_easier() {
    let at_most = |members: &str| challenge(members).load.most.bits();
    assert_eq!((at_most(""), at_most(r#","difficulty":23"#)), (21, 23));
    let text = format!(r#"{{"ladders":{{"admin":{{"difficulty":24}}}},"challenge":{{"keys":["{KEY}"]}}}}"#);
    assert_eq!(parse(&text).unwrap().challenge.unwrap().load.most, Difficulty(24));
    let below = text.replace(r#"{"keys""#, r#"{"load":{"max_difficulty":23},"keys""#);
    assert_eq!(
        problems(&below),
        [
            "challenge.load.max_difficulty: 23 is below ladders.admin.difficulty, which is 24; accepted: a whole number from 24 to 26"
        ]
    );
    assert_eq!(
        told(r#""difficulty":20,"load":{"max_difficulty":19}"#),
        [
            "challenge.load.max_difficulty: 19 is below challenge.difficulty, which is 20; accepted: a whole number from 20 to 26"
        ]
    );
    assert_eq!(
        problems(r#"{"ladders":{"page":{"difficulty":27}}}"#),
        ["ladders.page.difficulty: 27 is not accepted; accepted: a whole number from 10 to 26"]
    );
}

#[test]
fn the_path_is_one_that_everybody_leaves_alone() {
    let long = format!("/{}", "x".repeat(99));
    for right in ["/x", "/.well-known/layerprint", &long] {
        assert_eq!(&*challenge(&format!(r#","path":"{right}""#)).path, right);
    }
    let longer = format!("{long}x");
    for wrong in [
        "",
        "/",
        "x",
        "//x",
        "/x//y",
        "/x/",
        "/x?y",
        "/x#y",
        "/x y",
        "/x;y",
        "/%78",
        "/ä",
        "/a/../b",
        "/./x",
        "/x\\\\y",
        "http://a/x",
        &longer,
    ] {
        assert_eq!(told(&format!(r#""path":"{wrong}""#)).len(), 1, "{wrong:?}");
    }
}

#[test]
fn a_cookies_name_is_a_token_and_an_address_of_help_cannot_break_the_page() {
    let long = "c".repeat(64);
    for right in ["__Host-layerprint", "__Secure-x", "a", "a.b!#$%&'*+-^_`|~", &long] {
        let read = challenge(&format!(r#","clearance":{{"cookie":"{right}"}}"#));
        assert_eq!(&*read.clearance.cookie, right);
    }
    let longer = format!("{long}c");
    for wrong in [
        "", "a=b", "a;b", "a,b", "a b", "a\\\"b", "a\\u0000", "ä", "a/b", "[a]", &longer,
    ] {
        assert_eq!(
            told(&format!(r#""clearance":{{"cookie":"{wrong}"}}"#)).len(),
            1,
            "{wrong:?}"
        );
    }
    let long = format!("https://{}", "x".repeat(292));
    for right in ["mailto:a@b.example?subject=x&y", "https://example.com/help", &long] {
        let read = challenge(&format!(r#","contact":"{right}""#));
        assert_eq!(read.contact.as_deref(), Some(right));
    }
    let longer = format!("{long}x");
    for wrong in [
        "",
        "mailto:",
        "https://",
        "http://a",
        "javascript:alert(1)",
        "https://a b",
        "https://a'b",
        "https://a\\\"b",
        "https://a<b",
        "https://a>b",
        "https://ä",
        "https://a\\nb",
        "HTTPS://a",
        &longer,
    ] {
        assert_eq!(told(&format!(r#""contact":"{wrong}""#)).len(), 1, "{wrong:?}");
    }
}

#[test]
fn weak_keys_are_refused_and_each_is_told_why() {
    let same = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=";
    let short = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZQ==";
    for (keys, told) in [
        ("[]".to_owned(), "challenge.keys: 0 keys are not accepted"),
        (
            format!(r#"["{KEY}","{OTHER}","{short}"]"#),
            "challenge.keys: 3 keys are not accepted",
        ),
        (
            format!(r#"["{short}"]"#),
            "challenge.keys[0]: the key has 31 bytes, which is too short",
        ),
        (
            format!(r#"["{same}"]"#),
            "challenge.keys[0]: the key has the same byte throughout",
        ),
        (
            format!(r#"["{KEY}","{}"]"#, KEY.trim_end_matches('=')),
            "challenge.keys[1]: is the same key again",
        ),
        (
            format!(r#"["{OTHER}",{{"env":"LAYERPRINT_CHALLENGE_KEY"}}]"#),
            "challenge.keys[1]: is the same key again",
        ),
        (
            r#"["not base64"]"#.to_owned(),
            "challenge.keys[0]: the key is no base64",
        ),
        (
            r#"[{"env":"SHORT"}]"#.to_owned(),
            "challenge.keys[0]: the key in the variable SHORT has 5 bytes, which is too short",
        ),
        (
            r#"[{"env":"NOT_BASE64"}]"#.to_owned(),
            "challenge.keys[0]: the key in the variable NOT_BASE64 is no base64",
        ),
        (
            r#"[{"env":"NOT_SET"}]"#.to_owned(),
            "challenge.keys[0]: the variable NOT_SET is not set",
        ),
    ] {
        let lines = told_of_keys(&keys);
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].starts_with(&format!("{told}; accepted: ")), "{}", lines[0]);
    }
}

/// Whatever is wrong with it, and wherever around `challenge.keys` it was put.
#[test]
fn no_message_shows_a_key() {
    // No part of it is a word of a message.
    let secret = "Zm9vYmFyWjlxWFk3a0xwUTJ3RTR0UjZ5VThpTzBwQTE=";
    let forms = [
        format!(r#"{{"challenge":"{secret}"}}"#),
        format!(r#"{{"challenge":["{secret}"]}}"#),
        format!(r#"{{"challenge":{{"key":"{secret}"}}}}"#),
        format!(r#"{{"challenge":{{"keys":"{secret}"}}}}"#),
        format!(r#"{{"challenge":{{"keys":{{"env":"{secret}"}}}}}}"#),
        format!(r#"{{"challenge":{{"keys":{{"{secret}":"env"}}}}}}"#),
        format!(r#"{{"challenge":{{"keys":["{secret}","{secret}"]}}}}"#),
        format!(r#"{{"challenge":{{"keys":["{secret}","{secret}","{secret}"]}}}}"#),
        format!(r#"{{"challenge":{{"keys":["{secret}!"]}}}}"#),
        format!(r#"{{"challenge":{{"keys":["{}"]}}}}"#, &secret[..40]),
        format!(r#"{{"challenge":{{"keys":[["{secret}"]]}}}}"#),
        format!(r#"{{"challenge":{{"keys":[{{"env":"{secret}"}}]}}}}"#),
        format!(r#"{{"challenge":{{"keys":[{{"env":["{secret}"]}}]}}}}"#),
        format!(r#"{{"challenge":{{"keys":[{{"env":"A","{secret}":1}}]}}}}"#),
        format!(r#"{{"challenge":{{"keys":[{{"base64":"{secret}"}}]}}}}"#),
        format!(r#"{{"challenge":{{"keys":[{{"env":"{}"}}]}}}}"#, "ZM9".repeat(15)),
    ];
    for text in forms {
        let told = problems(&text);
        assert!(!told.is_empty());
        for piece in ["Zm9v", "bGF5", "ZM9", "YmFy"] {
            assert!(!told.join("\n").contains(piece), "{told:?}");
        }
    }
    let numbers = problems(r#"{"challenge":{"keys":[8271828182845904523536,271828]}}"#).join("\n");
    assert!(!numbers.contains("2718"), "{numbers}");
    let shown = format!("{:?}", challenge(""));
    assert!(shown.contains("Secret(…)") && !shown.contains("MDEy"), "{shown}");
    assert!(!shown.contains("48, 49, 50"), "{shown}");
}
