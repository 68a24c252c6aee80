//! What holds for any bytes read as a configuration.

use layerprint::compare::{Assessment, Code, Confidence, Coverage};
use layerprint::evidence::forwarded::MAX_TRUSTED_HOPS;
use layerprint::evidence::{Evidence, Reason};
use layerprint::policy::config::{Config, MAX_PREFIXES, Problem, Variables};
use layerprint::policy::connection::ConnectionVerdict;
use layerprint::policy::rules::{Field, Number, Subject};
use layerprint::wire::opening::MAX_OPENING;
use prost::Message;
use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value as ProtoValue};
use serde_json::Value;
use std::net::IpAddr;

type Answer = Result<Config, Vec<Problem>>;

/// JSON nested deeper is read, but the decoder of protobuf refuses the same as a Struct: each level takes three of its own.
const DEEPEST: usize = 24;

/// Checks every law for `bytes`; panics at the first that is broken.
pub(crate) fn holds(bytes: &[u8]) {
    let answer = parse(bytes);
    assert_eq!(parse(bytes), answer, "the same bytes, the same answer");
    match &answer {
        Ok(config) => config_holds(config),
        Err(problems) => {
            assert!(!problems.is_empty());
            problems.iter().for_each(problem_holds);
        }
    }
    if let Some(value) = whole(bytes, &answer) {
        for place in ["/challenge/keys", "/annotate/signature/key"] {
            if let (Some(keys), Err(problems)) = (value.pointer(place), &answer) {
                keys_hold(keys, problems);
            }
        }
        same(&answer, &value.to_string().into_bytes(), "written again");
        if let Value::Object(object) = &value
            && depth(&value) <= DEEPEST
        {
            let message = message(object.clone());
            same(&answer, &message.encode_to_vec(), "as a Struct");
        }
    }
}

/// Every variable with an even number of letters is set, to the same key.
fn parse(bytes: &[u8]) -> Answer {
    let key = |name: &str| {
        name.len()
            .is_multiple_of(2)
            .then(|| b"rB3VQmzqQW5o8zq0t1P2mG4mS3wYxX1dX6m8o3wq9yE=".to_vec())
    };
    Config::parse_with(bytes, Variables(&key))
}

/// No problem repeats anything of `keys` that could be one: whatever is no name of a variable.
fn keys_hold(keys: &Value, problems: &[Problem]) {
    match keys {
        Value::String(text) => key_holds(text, problems),
        Value::Array(items) => items.iter().for_each(|item| keys_hold(item, problems)),
        Value::Object(object) => object.iter().for_each(|(key, value)| {
            key_holds(key, problems);
            keys_hold(value, problems);
        }),
        _ => {}
    }
}

fn key_holds(text: &str, problems: &[Problem]) {
    let is_name = text.len() <= 42
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    // Shorter texts are words of messages by chance.
    if text.len() < 20 || is_name {
        return;
    }
    let in_their_place = |path: &str| {
        ["challenge.keys", "annotate.signature.key"]
            .iter()
            .any(|place| path.starts_with(place))
    };
    let of_keys = problems.iter().filter(|problem| in_their_place(&problem.path));
    let begin: String = text.chars().take(20).collect();
    for Problem { path, what, .. } in of_keys {
        assert!(
            !path.contains(&begin) && !what.contains(&begin),
            "{path}: {what} shows a key"
        );
    }
}

/// The JSON value that `bytes` are, with each key once.
fn whole(bytes: &[u8], answer: &Answer) -> Option<Value> {
    let is_json = |problem: &Problem| !problem.what.starts_with("not JSON");
    let read = answer
        .as_ref()
        .err()
        .is_none_or(|problems| problems.iter().all(is_json));
    serde_json::from_slice(bytes).ok().filter(|_| read)
}

fn config_holds(config: &Config) {
    let headers = &config.annotate.headers;
    let is_first = |(n, header)| !headers[..n].contains(header);
    assert!(headers.iter().enumerate().all(is_first), "each header once");
    assert!(config.networks.len() <= MAX_PREFIXES);
    assert!(config.forwarded.hops <= MAX_TRUSTED_HOPS);
    assert!((1_024..=MAX_OPENING).contains(&config.connection.opening_bytes));
    decisions_hold(config);
}

/// A request of which nothing was seen but what it asks for is decided on, whatever that is.
fn decisions_hold(config: &Config) {
    for coverage in [Coverage::Both, Coverage::Neither] {
        let assessment = Assessment::of(coverage, Confidence::of(100), vec![Code::TlsUa.into()]);
        for path in PATHS {
            let decision = config
                .policy
                .decide(&config.policy.place(path, path, path), &Unseen, &assessment, &[]);
            assert!((1..=100).contains(&decision.cost));
            let rules = config.policy.rules.listed();
            let of_rule = decision
                .rule
                .map(|name| rules.iter().find(|rule| rule.name == name).unwrap().action);
            let ladder = config.policy.ladders.of(decision.class);
            let of_ladder = ladder.rungs(assessment.agreement).at(decision.band);
            assert_eq!(decision.verdict, of_rule.unwrap_or(of_ladder));
        }
        let decision = config.connection.policy.decide(&Unseen, &assessment);
        assert!(!config.connection.policy.is_idle() || decision.verdict == ConnectionVerdict::Allow);
    }
}

const PATHS: [&[u8]; 8] = [
    b"",
    b"*",
    b"/",
    b"/a/b/c/d",
    b"/login;x/..;/%2e%2E\\%6cogin?a",
    b"http://a.example:80/%%34%31",
    b"\xff\0%",
    &[b'/'; 8_193],
];

/// Nothing is known of it.
struct Unseen;

impl Subject for Unseen {
    fn texts(&self, _: Field, _: &mut dyn FnMut(&str)) -> Evidence<()> {
        Evidence::Missing(Reason::NotProvided)
    }

    fn number(&self, _: Number) -> Evidence<u64> {
        Evidence::Missing(Reason::NotProvided)
    }

    fn client_ip(&self) -> Evidence<IpAddr> {
        Evidence::Missing(Reason::NotProvided)
    }
}

fn problem_holds(problem: &Problem) {
    let Problem { path, what, accepted } = problem;
    assert!(
        !path.is_empty() && !what.is_empty() && !accepted.is_empty(),
        "{problem:?}"
    );
    let line = problem.to_string();
    assert!(!line.chars().any(char::is_control), "{line:?} is not one line");
    assert!(line.len() <= 1_000, "{line} is no message, but the whole configuration");
}

/// `other` says the same: the same configuration, or problems in the same places. How a number is written may differ.
fn same(answer: &Answer, other: &[u8], how: &str) {
    let places = |answer: Answer| {
        answer.map_err(|problems| {
            let mut places: Vec<_> = problems
                .into_iter()
                .map(|problem| (problem.path, problem.accepted))
                .collect();
            places.sort_unstable();
            places
        })
    };
    assert_eq!(places(parse(other)), places(answer.clone()), "{how}");
}

fn depth(value: &Value) -> usize {
    let inner = match value {
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(object) => object.values().map(depth).max(),
        _ => return 0,
    };
    1 + inner.unwrap_or(0)
}

fn message(object: serde_json::Map<String, Value>) -> Struct {
    let fields = object.into_iter();
    Struct {
        fields: fields.map(|(key, value)| (key, proto(value))).collect(),
    }
}

fn proto(value: Value) -> ProtoValue {
    let kind = match value {
        Value::Null => Kind::NullValue(0),
        Value::Bool(value) => Kind::BoolValue(value),
        Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap()),
        Value::String(text) => Kind::StringValue(text),
        Value::Array(items) => Kind::ListValue(ListValue {
            values: items.into_iter().map(proto).collect(),
        }),
        Value::Object(object) => Kind::StructValue(message(object)),
    };
    ProtoValue { kind: Some(kind) }
}
