//! The story of a challenge, natively and in wasm: who is challenged and does the work passes, with what it earned, and nobody else
//! does. The line of each request is decided on as the request was. In Envoy, the test `challenge` tells the same story and many others.

use super::native::{self, plugin};
use super::scenario::Fields;
use super::wasm::{map, module};
use layerprint::challenge::answer::HEADER;
use layerprint::policy::config::Config;
use layerprint::proxy::plugin::Plugin;
use layerprint_harness::host;
use layerprint_harness::replay::{Judge, Request};
use layerprint_harness::solver::Puzzle;
use serde_json::{Value, json};
use std::rc::Rc;
use std::time::Duration;

const CONFIGURATION: &str = r#"{"mode":"enforce",
    "challenge":{"keys":["rB3VQmzqQW5o8zq0t1P2mG4mS3wYxX1dX6m8o3wq9yE="],"difficulty":10,
                 "attempts":{"count":3,"per_s":60,"then":"block"}},
    "rules":[{"name":"passed","match":{"path":"/vip","clearance":{"min":11}},"action":"allow"},
             {"name":"guarded","match":{"path":["/guarded","/vip"]},"action":"challenge"}]}"#;
const PATH: &str = "/.layerprint/challenge";
const COOKIE: &str = "__Host-layerprint";
const START: Duration = Duration::from_secs(1_000_000);

const HOME: &str = "192.0.2.7";
const NEXT_DOOR: &str = "192.0.2.200";
const ELSEWHERE: &str = "198.51.100.7";

/// What became of a request.
#[derive(Debug)]
struct Told {
    /// 200 where it went on.
    status: u16,
    headers: Fields,
    body: String,
    line: Value,
    /// The cookies that the upstream got.
    cookies: Vec<Vec<u8>>,
}

/// Where the story is told.
trait Site {
    /// A request from this address, on a connection of its own.
    fn ask(&mut self, from: &str, fields: &Fields) -> Told;
    /// Time goes on.
    fn pass(&self, by: Duration);
    /// How often it was counted.
    fn counted(&self, metric: &str) -> u64;
}

struct Native {
    proxy: native::Proxy,
    plugin: Rc<Plugin>,
    connections: u64,
}

impl Native {
    fn start() -> Self {
        let proxy = native::Proxy::cleartext("HTTP/2");
        proxy.clock.set(START);
        let plugin = plugin(&proxy, CONFIGURATION);
        Self {
            proxy,
            plugin,
            connections: 0,
        }
    }
}

impl Site for Native {
    fn ask(&mut self, from: &str, fields: &Fields) -> Told {
        self.connections += 1;
        self.proxy.set(&["connection", "id"], &self.connections.to_le_bytes());
        self.proxy
            .set(&["source", "address"], format!("{from}:4000").as_bytes());
        let before = self.proxy.answers.borrow().len();
        self.proxy.request(&self.plugin, fields);
        let status = self.proxy.answers.borrow().get(before).copied().unwrap_or(200);
        let (headers, body) = self.proxy.told.borrow().clone();
        Told {
            status,
            headers,
            body: String::from_utf8(body).unwrap(),
            line: self.proxy.line(),
            cookies: values(&self.proxy.headers.borrow(), "cookie"),
        }
    }

    fn pass(&self, by: Duration) {
        self.proxy.clock.set(self.proxy.clock.get() + by);
    }

    fn counted(&self, metric: &str) -> u64 {
        self.proxy.counter_of(metric)
    }
}

struct Wasm {
    proxy: host::Proxy,
    vm: host::Vm,
    request: host::Role,
}

impl Wasm {
    fn start() -> Self {
        let proxy = host::Proxy::new();
        proxy.set_time(START);
        let vm = proxy.vm(module(), "layerprint").unwrap();
        let request = vm
            .start(host::Plugin::new("request").configuration(CONFIGURATION))
            .unwrap();
        Self { proxy, vm, request }
    }
}

impl Site for Wasm {
    fn ask(&mut self, from: &str, fields: &Fields) -> Told {
        let connection = host::Connection::plain().source(&format!("{from}:4000"));
        let client = self.proxy.accept(connection.protocol("HTTP/2"));
        let exchange = self.vm.request(&self.request, &client, map(fields)).unwrap();
        let line = exchange.filter_state("wasm.layerprint").unwrap();
        let reply = exchange.local_reply();
        let owned = |headers: &host::Headers| -> Fields {
            let text = |name: &[u8]| String::from_utf8(name.to_vec()).unwrap();
            headers
                .iter()
                .map(|(name, value)| (text(name), value.to_vec()))
                .collect()
        };
        let told = Told {
            status: reply.as_ref().map_or(200, |reply| u16::try_from(reply.status).unwrap()),
            headers: reply.as_ref().map(|reply| owned(&reply.headers)).unwrap_or_default(),
            body: String::from_utf8(reply.map(|reply| reply.body).unwrap_or_default()).unwrap(),
            line: serde_json::from_slice(&line).unwrap(),
            cookies: values(&owned(&exchange.upstream_headers()), "cookie"),
        };
        exchange.finish().unwrap();
        told
    }

    fn pass(&self, by: Duration) {
        self.proxy.advance(by);
    }

    fn counted(&self, metric: &str) -> u64 {
        self.proxy.metric(metric).unwrap_or_default()
    }
}

fn values(fields: &Fields, name: &str) -> Vec<Vec<u8>> {
    let of_name = fields.iter().filter(|(known, _)| known == name);
    of_name.map(|(_, value)| value.clone()).collect()
}

fn request(method: &str, path: &str, own: &[(&str, &str)]) -> Fields {
    let pseudo = [
        (":method", method),
        (":authority", "a.example"),
        (":scheme", "https"),
        (":path", path),
        ("accept", "text/html"),
        ("x-forwarded-proto", "https"),
    ];
    let all = pseudo.iter().chain(own);
    all.map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
        .collect()
}

/// The story, and its lines.
fn tell(site: &mut impl Site) -> Vec<Value> {
    let second = Duration::from_secs(1);
    let mut lines = Vec::new();
    let mut ask = |site: &mut dyn Site, from: &str, fields: Fields| {
        let told = site.ask(from, &fields);
        lines.push(told.line.clone());
        told
    };
    let is = |told: &Told, status: u16, members: Value| {
        assert_eq!(told.status, status, "{told:?}");
        for (member, value) in members.as_object().unwrap() {
            assert_eq!(told.line[member], *value, "{member} of {}", told.line);
        }
    };

    let told = ask(site, HOME, request("GET", "/guarded", &[]));
    is(
        &told,
        403,
        json!({"verdict": "challenge", "mode": "enforce", "rule": "guarded", "challenge": "issued", "unsolved": 0}),
    );
    let puzzle = Puzzle::on_page(&told.body).unwrap();

    site.pass(second);
    let undone = format!("{}~{}", puzzle.token, "A".repeat(86));
    let told = ask(site, HOME, request("POST", PATH, &[(HEADER, &undone)]));
    is(&told, 403, json!({"challenge": "failed", "challenge_failed": "work"}));
    assert_eq!(values(&told.headers, "set-cookie").len(), 0);
    let answer = puzzle.solve().answer;
    let told = ask(site, ELSEWHERE, request("POST", PATH, &[(HEADER, &answer)]));
    is(
        &told,
        403,
        json!({"challenge": "failed", "challenge_failed": "network"}),
    );
    let told = ask(site, HOME, request("POST", PATH, &[(HEADER, &answer)]));
    is(&told, 204, json!({"verdict": "allow", "challenge": "solved"}));
    let set = String::from_utf8(values(&told.headers, "set-cookie").remove(0)).unwrap();
    let cookie = set.split(';').next().unwrap();

    site.pass(second);
    let sent = format!("a=1; {cookie}");
    let shows = |path| request("GET", path, &[("cookie", &sent)]);
    for from in [HOME, NEXT_DOOR] {
        let told = ask(site, from, shows("/guarded"));
        is(
            &told,
            200,
            json!({"verdict": "log", "rule": "guarded", "clearance": 10}),
        );
        assert_eq!(told.cookies, [b"a=1"], "ours goes no further");
    }
    let told = ask(site, HOME, shows("/vip"));
    is(
        &told,
        200,
        json!({"verdict": "log", "rule": "guarded", "clearance": 10}),
    );
    let told = ask(site, HOME, shows("/"));
    is(&told, 200, json!({"verdict": "allow", "clearance": 10}));
    let told = ask(site, ELSEWHERE, shows("/guarded"));
    is(
        &told,
        403,
        json!({"verdict": "challenge", "clearance_refused": "network", "challenge": "issued"}),
    );
    assert_eq!(told.line["missing"]["clearance"], "refused");
    let changed = format!("{COOKIE}=x{}", &cookie[COOKIE.len() + 2..]);
    let told = ask(site, HOME, request("GET", "/guarded", &[("cookie", &changed)]));
    is(&told, 403, json!({"clearance_refused": "malformed"}));

    for unsolved in 2..5 {
        site.pass(second);
        let told = ask(site, ELSEWHERE, request("GET", "/guarded", &[]));
        match unsolved {
            2 => is(&told, 403, json!({"verdict": "challenge", "unsolved": 2})),
            _ => is(
                &told,
                403,
                json!({"verdict": "block", "unsolved": unsolved, "challenge": "given-up"}),
            ),
        }
    }
    site.pass(Duration::from_secs(1_800));
    let told = ask(site, HOME, shows("/guarded"));
    is(
        &told,
        403,
        json!({"verdict": "challenge", "clearance_refused": "expired"}),
    );

    for (metric, count) in [
        ("challenges.event.solved.route.default", 1),
        ("challenges.event.given-up.route.default", 2),
        ("challenge_failures.reason.network", 1),
        ("challenge_failures.reason.work", 1),
        ("clearances.state.valid", 4),
        ("clearances.state.network", 1),
        ("clearances.state.malformed", 1),
        ("clearances.state.expired", 1),
    ] {
        assert_eq!(site.counted(&format!("layerprint.{metric}")), count, "{metric}");
    }
    lines
}

/// What a line shows of the decision, by the names that it has there.
fn replayed_alike(lines: &[Value]) {
    let judge = Judge::new(Config::parse(CONFIGURATION.as_bytes()).unwrap()).unwrap();
    for line in lines {
        let (_, decision) = judge.decide(line, Request::default()).unwrap();
        assert_eq!(json!(decision.verdict.as_str()), line["verdict"], "{line}");
        assert_eq!(json!(decision.mode.as_str()), line["mode"], "{line}");
        assert_eq!(json!(decision.rule.as_deref()), line["rule"], "{line}");
        let unsolved = decision.unsolved.map_or(Value::Null, Value::from);
        assert_eq!(unsolved, line["unsolved"], "{line}");
    }
    let seen = |member: &str, value: Value| lines.iter().any(|line| line[member] == value);
    assert!(
        seen("verdict", json!("block")) && seen("clearance", json!(10)) && seen("clearance_refused", json!("network"))
    );
}

#[test]
fn who_does_the_work_passes_natively_and_each_line_is_decided_on_alike() {
    replayed_alike(&tell(&mut Native::start()));
}

#[test]
fn who_does_the_work_passes_in_wasm_and_each_line_is_decided_on_alike() {
    replayed_alike(&tell(&mut Wasm::start()));
}

#[test]
fn a_clearance_in_an_old_line_is_worth_what_another_configuration_asks_for() {
    let lines = tell(&mut Native::start());
    let judge = |difficulty: u8, attempts: u8| {
        let config = CONFIGURATION
            .replace(r#""difficulty":10"#, &format!(r#""difficulty":{difficulty}"#))
            .replace(r#""count":3"#, &format!(r#""count":{attempts}"#));
        Judge::new(Config::parse(config.as_bytes()).unwrap()).unwrap()
    };
    let verdicts = |judge: &Judge, is_wanted: &dyn Fn(&Value) -> bool| -> Vec<&'static str> {
        let wanted = lines.iter().filter(|line| is_wanted(line) && line["rule"] == "guarded");
        let decided = wanted.map(|line| judge.decide(line, Request::default()).unwrap().1);
        decided.map(|decision| decision.verdict.as_str()).collect()
    };
    let cleared = |line: &Value| line["clearance"] == 10;
    assert_eq!(verdicts(&judge(10, 3), &cleared), ["log"; 3]);
    assert_eq!(verdicts(&judge(11, 3), &cleared), ["challenge"; 3]);
    let given_up = |line: &Value| line["challenge"] == "given-up";
    assert_eq!(verdicts(&judge(10, 3), &given_up), ["block"; 2]);
    assert_eq!(verdicts(&judge(10, 4), &given_up), ["challenge", "block"]);
}
