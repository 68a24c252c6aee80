//! `envoy/config.schema.json` says what the parser says: of a corpus, and of every way to get one key of it wrong. A schema cannot
//! say all; what it leaves to the parser is listed here.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do: by panicking"
)]

use layerprint::clients::crawlers::{Advice, Purpose};
use layerprint::compare::Agreement;
use layerprint::evidence::NetworkTag;
use layerprint::policy::config::texts::Word;
use layerprint::policy::config::{Config, Header, Problem, Variables};
use layerprint::policy::connection::ConnectionVerdict;
use layerprint::policy::ladders::Band;
use layerprint::policy::limits::Part;
use layerprint::policy::routes::Method;
use layerprint::policy::rules::{Field, Number};
use layerprint::policy::{Class, Verdict};
use layerprint_harness::availability::{Availability, require_or_skip};
use layerprint_harness::repo;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

/// What only the parser refuses, by the words of its messages.
const BEYOND_A_SCHEMA: [&str; 27] = [
    "is taken",
    "is the same as routes[",
    "cannot be told to be more or less specific than",
    "matches nothing: before matching",
    "is no pattern",
    "is no prefix",
    "has bits set behind its prefix",
    "is given twice",
    "is above max",
    "is more than may come in all",
    // A route of this name is not there.
    r#""logn" is not accepted"#,
    "is no date",
    "names no product",
    "is what browsers and tools of all kinds say",
    "is defined already",
    "is not known",
    // The tables' own readers.
    "missing field",
    // What challenges needs keys, and keys have to be strong.
    "is missing, and ",
    "the key has the same byte throughout",
    "the key is no base64",
    "is the same key again",
    "the variable NOT_SET is not set",
    "is below challenge.difficulty",
    "is no shorter than answer_within_s",
    "has too many words",
    "is covered in any case",
    "does not reach the upstream as it is here",
];

/// The variables of whoever reads the corpus.
const VARIABLES: Variables<'_> = Variables(&|name| {
    (name == "LAYERPRINT_CHALLENGE_KEY").then(|| b"ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=".to_vec())
});

fn parse(value: &Value) -> Result<Config, Vec<Problem>> {
    Config::parse_with(value.to_string().as_bytes(), VARIABLES)
}

fn schema_file() -> std::path::PathBuf {
    repo::root().join("envoy/config.schema.json")
}

fn schema() -> Value {
    serde_json::from_slice(&std::fs::read(schema_file()).unwrap()).unwrap()
}

fn fixture(name: &str) -> Value {
    let path = repo::root().join("tests/fixtures/config").join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn validator() -> Availability {
    let python = repo::venv().join("bin/python");
    let found = Command::new(python)
        .args(["-c", "import jsonschema"])
        .stderr(Stdio::null())
        .status();
    match found {
        Ok(status) if status.success() => Availability::Here,
        Ok(_) | Err(_) => Availability::missing("jsonschema is not in .venv: run `make setup`"),
    }
}

/// Which of `values` the schema accepts.
fn accepted(values: &[Value]) -> Vec<bool> {
    let mut process = Command::new(repo::venv().join("bin/python"))
        .arg(repo::root().join("test-harness/schema.py"))
        .arg(schema_file())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let text = serde_json::to_vec(values).unwrap();
    process.stdin.take().unwrap().write_all(&text).unwrap();
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success(), "the validator ran");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Asserts that schema and parser agree on each of `values`; how many both accept.
fn agree(values: &[Value]) -> usize {
    let accepted = accepted(values);
    assert_eq!(accepted.len(), values.len());
    let mut both = 0;
    for (value, accepted) in values.iter().zip(accepted) {
        match (accepted, parse(value)) {
            (true, Ok(_)) => both += 1,
            (false, Err(_)) => {}
            (false, Ok(_)) => panic!("only the parser accepts {value}"),
            (true, Err(problems)) => {
                for problem in problems {
                    let known = BEYOND_A_SCHEMA.iter().any(|words| problem.what.contains(words));
                    assert!(known, "only the schema accepts {value}: {problem}");
                }
            }
        }
    }
    both
}

fn names<T: Copy, const N: usize>(all: [T; N], name: impl Fn(T) -> &'static str) -> Vec<&'static str> {
    all.map(name).to_vec()
}

fn object<T: Copy>(all: &[T], name: impl Fn(T) -> &'static str, value: impl Fn(T) -> Value) -> Map<String, Value> {
    all.iter().map(|one| (name(*one).to_owned(), value(*one))).collect()
}

fn conditions(fields: &[Field], numbers: &[Number]) -> Value {
    let text = |field: Field| match field {
        Field::Route => json!(["login", "*"]),
        _ => field.words().map_or(json!(["*a?", "\\*"]), |words| json!(words)),
    };
    let mut conditions = object(fields, Field::as_str, text);
    conditions.extend(object(
        numbers,
        Number::as_str,
        |_| json!({"min": 0, "max": 9_007_199_254_740_991_u64}),
    ));
    conditions.insert("client_ip".to_owned(), json!("2001:db8::/32"));
    Value::Object(conditions)
}

/// A configuration with every key, and every word that a key accepts.
fn everything() -> Value {
    let rungs = |verdict: &'static str| Value::Object(object(&Band::ALL, Band::as_str, |_| json!(verdict)));
    let ladder = |class: Class| {
        let verdict = Verdict::ALL
            .iter()
            .zip(Class::ALL)
            .find(|(_, of)| *of == class)
            .unwrap()
            .0;
        let mut ladder = object(&Agreement::ALL, Agreement::as_str, |_| rungs(verdict.as_str()));
        ladder.insert("mode".to_owned(), json!("observe"));
        ladder.insert("difficulty".to_owned(), json!(26));
        Value::Object(ladder)
    };
    let route = |class: Class| {
        let name = class.as_str();
        json!({"name": name, "class": name, "paths": [format!("/{name}/{{*rest}}")], "hosts": ["*.example.com", "[2001:db8::1]"],
               "methods": names(Method::ALL, Method::as_str), "cost": 100, "mode": "enforce"})
    };
    let rule = |action: &'static str, conditions: &Value| json!({"name": action, "match": conditions, "unless": conditions, "missing": "no-match", "action": action, "mode": "observe"});
    let of_requests = conditions(&Field::ALL, &Number::ALL);
    let of_connections = conditions(&Field::OF_CONNECTION, &Number::OF_CONNECTION);
    let whole = fixture("whole.json");
    let mut all = json!({
        "routes": Class::ALL.map(route),
        "ladders": object(&Class::ALL, Class::as_str, ladder),
        "rules": Verdict::ALL.map(|verdict| rule(verdict.as_str(), &of_requests)),
        "networks": NetworkTag::ALL.map(|tag| json!({"tag": tag.as_str(), "cidrs": ["10.0.0.0/8"]})),
        "annotate": {"headers": names(Header::ALL, Header::key), "signature": signature()},
        "limits": {"slow": {"delay_ms": 10_000, "held": 0}, "retry_after_s": 86_400, "rates": rates(&of_requests)},
        "connection": {"opening_bytes": 1_024, "handover": false, "mode": "observe",
            "rules": ConnectionVerdict::ALL.map(|verdict| rule(verdict.as_str(), &of_connections)),
            "ladder": object(&Band::ALL, Band::as_str, |_| json!("close"))},
        "behaviour": behaviour(),
        "challenge": challenge("none", "limit", json!("contact")),
        "failure": "open",
    });
    for key in ["mode", "forwarded", "log"] {
        all[key] = whole[key].clone();
    }
    all["ladders"]["page"]["clean"] = json!("log");
    all["rules"][0]["missing"] = json!("match");
    all
}

/// A configuration with a challenge that is right but for this.
fn with_challenge(key: &str, value: Value) -> Value {
    let mut challenge = challenge("lax", "limit", json!("contact"));
    challenge[key] = value;
    json!({ "challenge": challenge })
}

/// Every key of the challenge, with these words.
fn challenge(same_site: &str, then: &str, no_script: Value) -> Value {
    json!({
        "keys": ["MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY", {"env": "LAYERPRINT_CHALLENGE_KEY"}], "path": "/x", "difficulty": 10,
        "load": {"per_s": 1_000_000, "max_difficulty": 26}, "answer_within_s": 3_600,
        "clearance": {"cookie": "x", "for_s": 2_592_000, "same_site": same_site},
        "bind": {"ipv4_prefix": 0, "ipv6_prefix": 0, "tls": false, "http": false},
        "attempts": {"count": 1, "per_s": 86_400, "then": then}, "noscript": no_script, "contact": "https://example.com/help",
        "texts": {"en": object(&Word::ALL, |(name, _)| name, |_| json!("text"))},
    })
}

/// Every key of a signature.
fn signature() -> Value {
    json!({
        "keyid": "edge-1", "key": {"env": "LAYERPRINT_CHALLENGE_KEY"},
        "components": ["@method", "@authority", "@scheme", "@path", "@query", "Cookie"], "expires_s": 86_400,
    })
}

/// A configuration with a signature that is right but for this.
fn with_signature(key: &str, value: Value) -> Value {
    let mut signature = signature();
    signature[key] = value;
    json!({"annotate": { "signature": signature }})
}

/// Every key of what is looked for over several requests.
fn behaviour() -> Value {
    json!({
        "login": {"failure_statuses": [401, 200], "success_statuses": [302], "failures": 1, "failures_of_client": 1_000_000,
            "failure_header": {"name": "X-Login", "values": ["failed"]}, "ratio_percent": 100, "networks": 1},
        "rotation": {"networks": 2, "share_percent": 1},
        "sequence": {"idle_s": 60, "remembered_s": 86_400, "no_navigation": {"requests": 30_000}, "hammering": {"per_minute": 1},
            "regular_pacing": {"intervals": 2, "deviation_percent": 100},
            "route_concentration": {"requests": 1, "share_percent": 1, "site_share_percent": 100},
            "cache": {"header": "x-cache", "answers": 1, "misses_percent": 1, "site_misses_percent": 100}},
    })
}

/// Limits with every key, and every word of one.
fn rates(conditions: &Value) -> Vec<Value> {
    let words: Vec<_> = Part::words().collect();
    // A key has eight parts at most.
    let by_words = words.chunks(8).enumerate().map(|(n, words)| {
        let action = ["limit", "slow", "challenge", "log"][n % 4];
        json!({"name": format!("r{n}"), "match": conditions, "unless": conditions, "missing": "match", "key": words, "requests": 100,
               "per_s": 86_400, "burst": 1, "action": action, "mode": "observe"})
    });
    let of_all = json!({"name": "all", "key": [{"header": "X-Api-Key"}], "missing": "no-match", "cost": 1_000_000_000, "per_s": 1});
    by_words.chain([of_all]).collect()
}

/// The crawlers of the corpus: the tables beside them have readers of their own.
fn crawlers() -> Value {
    let mut clients = fixture("clients.json");
    for table in ["stacks", "catalogue"] {
        clients["clients"].as_object_mut().unwrap().remove(table);
    }
    let own = |(n, purpose): (usize, Purpose)| {
        let (name, agent) = (format!("own-{n}"), format!("own-{n}/1.0"));
        let advice = Advice::ALL[n % Advice::ALL.len()].as_str();
        json!({"name": name, "user_agent": agent, "purpose": purpose.as_str(), "advice": advice})
    };
    let all = clients["clients"]["crawlers"].as_array_mut().unwrap();
    all.extend(Purpose::ALL.into_iter().enumerate().map(own));
    clients
}

/// All keys and texts in `value`.
fn words(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => drop(into.insert(text.clone())),
        Value::Array(items) => items.iter().for_each(|item| words(item, into)),
        Value::Object(object) => object.iter().for_each(|(key, value)| {
            into.insert(key.clone());
            words(value, into);
        }),
        _ => {}
    }
}

/// The keys of all `properties` in the schema, and the values of all its `enum`s.
fn words_of_schema(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| words_of_schema(item, into)),
        Value::Object(object) => {
            if let Some(Value::Object(properties)) = object.get("properties") {
                into.extend(properties.keys().cloned());
            }
            if let Some(values) = object.get("enum") {
                words(values, into);
            }
            object.values().for_each(|value| words_of_schema(value, into));
        }
        _ => {}
    }
}

/// `value` with one place in it wrong, in every way and at every place.
fn mistakes(value: &Value) -> Vec<Value> {
    let instead = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(2.0),
        json!(1e17),
        json!(100_001),
        json!(""),
        json!("x"),
        json!("/"),
        json!("a\\"),
        json!("10.0.0.0/8"),
        json!("block"),
        json!([]),
        json!(["x"]),
        json!([7]),
        json!([[]]),
        json!({}),
        json!({"x": 1}),
    ];
    let mut all = instead.to_vec();
    match value {
        Value::Array(items) => {
            for (n, item) in items.iter().enumerate() {
                let with = |item: Value| {
                    let mut items = items.clone();
                    items[n] = item;
                    Value::Array(items)
                };
                all.extend(mistakes(item).into_iter().map(with));
            }
            all.push(Value::Array(items.iter().chain(items.first()).cloned().collect()));
        }
        Value::Object(object) => {
            for (key, inner) in object {
                let without = || {
                    object
                        .iter()
                        .filter(|(other, _)| *other != key)
                        .map(|(key, value)| (key.clone(), value.clone()))
                };
                all.push(without().collect());
                all.push(without().chain([(format!("{key}x"), inner.clone())]).collect());
                let with = |inner: Value| without().chain([(key.clone(), inner)]).collect::<Value>();
                all.extend(mistakes(inner).into_iter().map(with));
            }
        }
        _ => {}
    }
    all
}

#[test]
fn the_schema_has_every_key_and_word_that_the_parser_has_and_no_others() {
    let mut known = BTreeSet::new();
    words_of_schema(&schema(), &mut known);
    let mut said = BTreeSet::new();
    words(&everything(), &mut said);
    words(&fixture("whole.json"), &mut said);
    words(&challenge("lax", "block", json!({"wait_s": 5})), &mut said);
    words(&crawlers(), &mut said);
    for word in ["stacks", "catalogue"] {
        said.insert(word.to_owned());
    }
    let unsaid: Vec<_> = known.difference(&said).collect();
    assert!(unsaid.is_empty(), "no part of a whole configuration: {unsaid:?}");
    if require_or_skip("schema: the whole", [validator()]) {
        assert_eq!(agree(&[everything()]), 1);
    }
}

#[test]
fn a_corpus_of_configurations_is_accepted_and_refused_by_both() {
    if !require_or_skip("schema: the corpus", [validator()]) {
        return;
    }
    let fixtures = ["empty.json", "whole.json", "policy.json", "clients.json"].map(fixture);
    assert_eq!(agree(&fixtures), fixtures.len());
    assert_eq!(
        agree(&[fixture("wrong.json"), json!([]), json!(7), json!("x"), json!(null)]),
        0
    );
    let right = [
        json!({"forwarded": {"trusted_hops": 0}}),
        json!({"forwarded": {"trusted_hops": 16.0, "peer_appended": false}}),
        json!({"routes": []}),
        json!({"rules": [], "connection": {"rules": [], "ladder": {}}}),
        json!({"rules": [{"name": "a", "match": {"reason": "tls-*"}, "action": "log"}]}),
        json!({"limits": {"rates": []}}),
        json!({"limits": {"rates": [{"name": "a", "key": [], "requests": 1.0, "per_s": 1}]}}),
        json!({"rules": [{"name": "a", "match": {"ja4": "\\*\\\\"}, "action": "log"}]}),
        json!({"behaviour": {"login": false, "rotation": false, "sequence": false}}),
        json!({"challenge": false, "mode": "enforce"}),
        json!({"challenge": {"keys": ["MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="]}, "mode": "enforce"}),
        json!({"annotate": {"signature": false}}),
        json!({"annotate": {"signature": {"keyid": "!", "key": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"}}}),
        json!({"challenge": challenge("strict", "block", json!({"wait_s": 300.0}))}),
    ];
    assert_eq!(agree(&right), right.len());
    let wrong = [
        json!({"forwarded": {"trusted_hops": 1}}),
        json!({"routes": [{"name": "default", "class": "api", "paths": ["/x"]}]}),
        json!({"routes": [{"name": "x".repeat(33), "class": "api", "paths": ["/x"]}]}),
        json!({"routes": [{"name": "x", "class": "api", "paths": ["/x"], "hosts": ["a:80"]}]}),
        json!({"routes": [{"name": "x", "class": "api", "paths": ["/caf\u{e9}"]}]}),
        json!({"rules": [{"name": "a", "match": {"reason": "tls"}, "action": "log"}]}),
        json!({"limits": {"rates": [{"name": "a", "key": [], "requests": 1, "cost": 1, "per_s": 1}]}}),
        json!({"limits": {"rates": [{"name": "a", "key": [], "per_s": 1}]}}),
        json!({"limits": {"rates": [{"name": "a", "key": ["ip"], "cost": 1, "per_s": 1}]}}),
        json!({"limits": {"rates": [{"name": "a", "key": [{"header": "a b"}], "cost": 1, "per_s": 1}]}}),
        json!({"limits": {"rates": [{"name": "a", "key": [], "cost": 1, "per_s": 1, "action": "block"}]}}),
        json!({"rules": [{"name": "a", "match": {"network": "\\"}, "action": "log"}]}),
        json!({"connection": {"rules": [{"name": "a", "match": {"path": "/"}, "action": "log"}]}}),
        json!({"connection": {"rules": [{"name": "a", "match": {"ja4": "x"}, "action": "block"}]}}),
        json!({"behaviour": false}),
        json!({"behaviour": {"rotation": {"networks": 1}}}),
        json!({"challenge": true}),
        json!({"challenge": {}}),
        with_challenge("keys", json!([{"env": "lower"}])),
        with_challenge("keys", json!([{"env": "A", "b": 1}])),
        with_challenge("keys", json!(["c2hvcnQ="])),
        with_challenge("path", json!("/a/../b")),
        with_challenge("path", json!("/a?b")),
        with_challenge("path", json!(format!("/{}", "x".repeat(100)))),
        with_challenge("contact", json!("http://a")),
        with_challenge("contact", json!("https://a\"b")),
        with_challenge("clearance", json!({"cookie": "a b"})),
        with_challenge("noscript", json!({})),
        with_challenge("texts", json!({"de_DE": {}})),
        with_challenge("texts", json!({"de": {"title": "a".repeat(301)}})),
        json!({"ladders": {"page": {"difficulty": 27}}}),
        json!({"annotate": {"signature": true}}),
        json!({"annotate": {"signature": {"keyid": "a"}}}),
        json!({"annotate": {"signature": {"key": {"env": "LAYERPRINT_CHALLENGE_KEY"}}}}),
        with_signature("keyid", json!("a b")),
        with_signature("keyid", json!("a\"b")),
        with_signature("keyid", json!("a".repeat(43))),
        with_signature("components", json!(["@target-uri"])),
        with_signature("components", json!(["a b"])),
        with_signature("expires_s", json!(86_401)),
    ];
    assert_eq!(agree(&wrong), 0);
}

#[test]
fn what_a_schema_cannot_say_the_parser_does() {
    let route = |name: &str, path: &str| json!({"name": name, "class": "api", "paths": [path]});
    let rule = |conditions: Value| json!({"rules": [{"name": "a", "match": conditions, "action": "log"}]});
    let crawler = |crawler: Value| json!({"clients": {"crawlers": [crawler]}});
    let left = [
        json!({"routes": [route("a", "/a"), route("a", "/b")]}),
        json!({"routes": [route("a", "/a"), route("b", "/a/")]}),
        json!({"routes": [route("a", "/a/{b}"), route("b", "/a/{*rest}")]}),
        json!({"routes": [route("a", "/a//b")]}),
        json!({"routes": [route("a", "/{")]}),
        rule(json!({"client_ip": "10.0.0.0/33"})),
        rule(json!({"client_ip": "10.0.0.1/8"})),
        json!({"routes": [{"name": "a", "class": "api", "paths": ["/a"], "hosts": ["a", "A"]}]}),
        rule(json!({"l4": {"min": 2, "max": 1}})),
        json!({"limits": {"rates": [{"name": "a", "key": [], "cost": 10, "per_s": 1, "burst": 11}]}}),
        rule(json!({"route": "logn"})),
        crawler(json!({"name": "googlebot", "cidrs": ["10.0.0.0/8"], "as_of": "2026-13-01"})),
        crawler(json!({"name": "ours", "user_agent": "()", "purpose": "seo"})),
        crawler(json!({"name": "ours", "user_agent": "curl/8.5.0", "purpose": "seo"})),
        crawler(json!({"name": "googlebot", "user_agent": "ours/1.0", "purpose": "seo"})),
        crawler(json!({"name": "gogglebot", "cidrs": ["10.0.0.0/8"]})),
        json!({"clients": {"stacks": {}}}),
        json!({"mode": "enforce"}),
        with_challenge("keys", json!(["QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="])),
        with_challenge("keys", json!(["MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY9="])),
        with_challenge(
            "keys",
            json!([
                "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
                "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"
            ]),
        ),
        with_challenge("keys", json!([{"env": "NOT_SET"}])),
        json!({"challenge": {"keys": [{"env": "LAYERPRINT_CHALLENGE_KEY"}], "difficulty": 20, "load": {"max_difficulty": 19}}}),
        json!({"challenge": {"keys": [{"env": "LAYERPRINT_CHALLENGE_KEY"}], "answer_within_s": 60, "noscript": {"wait_s": 60}}}),
        with_challenge(
            "texts",
            json!({"de": object(&Word::ALL, |(name, _)| name, |_| json!("a".repeat(300)))}),
        ),
        with_signature("components", json!(["x-layerprint-id"])),
        with_signature("components", json!(["Host"])),
    ];
    for (words, value) in BEYOND_A_SCHEMA.iter().zip(&left) {
        let problems = parse(value).unwrap_err();
        assert!(problems[0].what.contains(words), "{words}: {problems:?}");
    }
    if require_or_skip("schema: what it leaves to the parser", [validator()]) {
        assert_eq!(accepted(&left), [true; 27]);
    }
}

#[test]
fn every_single_mistake_is_refused_by_both_and_what_is_none_accepted_by_both() {
    if !require_or_skip("schema: single mistakes", [validator()]) {
        return;
    }
    let corpus = [
        ("whole.json", fixture("whole.json"), 500),
        ("policy.json", fixture("policy.json"), 1_000),
        ("clients.json", crawlers(), 500),
        ("behaviour", json!({"behaviour": behaviour()}), 200),
        ("challenge", with_challenge("noscript", json!({"wait_s": 5})), 300),
        ("signature", json!({"annotate": {"signature": signature()}}), 100),
    ];
    for (name, right, least) in corpus {
        let all = mistakes(&right);
        let both = agree(&all);
        println!("{name}: {} changes, {both} of them no mistakes", all.len());
        assert!(
            both >= 10 && all.len() - both > least,
            "{name}: {both} of {}",
            all.len()
        );
    }
}
