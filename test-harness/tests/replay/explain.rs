//! `layerprint explain`: what is told of one request.

use super::{configuration, empty_config, evidence, explained, explained_by, layerprint, log, tells};
use serde_json::{Value, json};

#[test]
fn a_request_is_explained_from_who_it_says_it_is_to_what_follows() {
    let text = explained(&["--line", "2", "-"], &log("access.log"));
    tells(
        &text,
        &[
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
        ],
    );
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
    tells(
        &unverifiable,
        &[
            "  crawler: googlebot, of Google, for search-index; to do with it, by the table: allow\n",
            "  crawler, unverifiable: the configuration has no addresses of it, and nothing follows\n",
            "  Client Hints: none",
            "What was found\n  nothing\n",
            "  ladder of class login: clean × none → allow\n",
        ],
    );
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
            r#"{"mode":"enforce","challenge":false}"#,
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
            r#"{"mode":"enforce","challenge":false,"rules":[{"name":"try","match":{"forged":{"min":1}},"action":"block","mode":"observe"}]}"#,
            "observe, of the rule: it is written down, and the request passes",
        ),
    ] {
        let config = configuration("mode", config);
        let text = explained_by(&config, &["--line", "2", "-"], &log("access.log"));
        assert!(text.contains(&format!("  mode: {told}")), "{told} in\n{text}");
    }
}

#[test]
fn a_rule_is_told_with_its_exceptions_and_with_what_it_passes_over() {
    let config = configuration(
        "exceptions",
        r#"{"rules":[{"name":"no-tls","match":{"ja4":"t13d*","h1_case":["title","lower"]},"missing":"match",
                      "unless":{"client_ip":["192.0.2.0/24"],"forged":{"min":1}},"action":"review"}]}"#,
    );
    let text = explained_by(&config, &["--line", "4", "-"], &log("access.log"));
    tells(
        &text,
        &[
            "unless forged is 1 or more, or client_ip is in 192.0.2.0/24 → review\n",
            "    ja4 is missing, which the rule passes over\n",
            "    h1_case of this request: title\n",
            "  without that rule, the ladder of class static: clean × none → allow, if no later rule matches\n",
            "  verdict: review, which means that the request passes, marked for a closer look\n",
        ],
    );
}

/// A line of a request to a path that is guarded, with these members.
fn guarded(more: &Value) -> String {
    let mut line = evidence(1);
    for (member, value) in more.as_object().unwrap() {
        line[member] = value.clone();
    }
    let config = configuration(
        "challenge",
        r#"{"mode":"enforce","challenge":{"keys":["rB3VQmzqQW5o8zq0t1P2mG4mS3wYxX1dX6m8o3wq9yE="],"difficulty":12,
                                          "attempts":{"count":3,"then":"block"}},
            "ladders":{"login":{"difficulty":14}},
            "rules":[{"name":"guarded","match":{"method":"GET"},"action":"challenge"}]}"#,
    );
    explained_by(&config, &["-"], &line.to_string())
}

#[test]
fn a_challenge_is_told_with_what_it_costs_what_was_passed_and_what_was_tried() {
    let first = guarded(&json!({"unsolved": 2, "challenge": "issued"}));
    tells(
        &first,
        &[
            " → challenge\n",
            "  challenged in vain before this: 2, each second with a challenge counted once\n",
            "  difficulty: 12, of all: 4096 hashes on average, more under load\n",
            "  verdict: challenge, which means that the client is asked to solve a challenge\n",
            "What the log says\n  challenge: issued: a page with a puzzle was given out\n",
        ],
    );
    let given_up = guarded(&json!({"unsolved": 3, "challenge": "given-up"}));
    tells(
        &given_up,
        &[
            ": 3, each second with a challenge counted once; that is too often, so that the challenge becomes a block\n",
            "  verdict: block, ",
            "  challenge: given-up: the client had been challenged too often in vain, and got another answer\n",
        ],
    );
    assert!(!given_up.contains("difficulty:"), "{given_up}");
    let cleared = guarded(&json!({"clearance": 12}));
    tells(
        &cleared,
        &["  clearance: one of 12 bits was shown, so that a challenge becomes a log\n  verdict: log, "],
    );
    let cheap = guarded(&json!({"clearance": 10}));
    tells(
        &cheap,
        &[
            "  clearance: one of 10 bits was shown, less than the 12 that are asked for here\n",
            "  verdict: challenge, ",
        ],
    );
    let idle = guarded(&json!({"clearance": 12, "method": "POST"}));
    tells(
        &idle,
        &["  clearance: one of 12 bits was shown, and nothing challenges the request\n"],
    );
    let other = guarded(&json!({"clearance_refused": "network", "missing": {"clearance": "refused"}}));
    tells(
        &other,
        &["  clearance: not believed: network: it was made in another network\n"],
    );
    let failed = guarded(&json!({"challenge": "failed", "challenge_failed": "work"}));
    tells(
        &failed,
        &["  challenge: failed: an answer was not believed: work: the work was not done\n"],
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
