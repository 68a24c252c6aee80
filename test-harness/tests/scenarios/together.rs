//! What requests show together, by the real module in two VMs, as two workers of one proxy have it: what one of them counts the other
//! knows, over a worker's restart and a configuration that is loaded anew. The same stories run in Envoy, in the test `behaviour`.

use super::scenario::Fields;
use super::wasm::{map, module};
use super::wire;
use layerprint_harness::host::{Connection, Plugin, Proxy, Role, Vm, headers};
use serde_json::{Value, json};
use std::time::Duration;

const CHROME: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";

/// SETTINGS that make a shape.
const BOT: [(u16, u32); 3] = [(1, 65_536), (3, 1_000), (4, 6_291_456)];
const PERSON: [(u16, u32); 3] = [(1, 65_536), (2, 0), (4, 131_072)];

/// One worker.
struct Worker {
    vm: Vm,
    connection: Role,
    request: Role,
}

impl Worker {
    fn start(proxy: &Proxy, configuration: &str) -> Self {
        let vm = proxy.vm(module(), "layerprint").unwrap();
        let start = |role: &str| vm.start(Plugin::new(role).configuration(configuration)).unwrap();
        let (connection, request) = (start("connection"), start("request"));
        Self {
            vm,
            connection,
            request,
        }
    }

    /// A request over a connection of its own, answered by the upstream with `status`; its line, and the status that the client got.
    fn ask(&self, proxy: &Proxy, ask: &Ask<'_>) -> (Value, u16) {
        let fields = ask.fields();
        let source = format!("{}:4000", ask.from);
        let client = proxy.accept(Connection::plain().source(&source).protocol("HTTP/2"));
        let tcp = self.vm.open(&self.connection, &client).unwrap();
        let opening = [wire::opening(ask.shape, 15_663_105), wire::http2_request(1, &fields)];
        tcp.downstream(opening.concat()).unwrap();
        let exchange = self.vm.request(&self.request, &client, map(&fields)).unwrap();
        let line = exchange.filter_state("wasm.layerprint").unwrap();
        let status = match exchange.local_reply() {
            Some(reply) => u16::try_from(reply.status).unwrap(),
            None => {
                exchange
                    .respond(headers(&[(":status", ask.status.to_string())]))
                    .unwrap();
                ask.status
            }
        };
        exchange.finish().unwrap();
        tcp.close().unwrap();
        (serde_json::from_slice(&line).unwrap(), status)
    }
}

/// A request.
#[derive(Clone, Copy)]
struct Ask<'a> {
    shape: &'a [(u16, u32)],
    from: &'a str,
    method: &'a str,
    path: &'a str,
    cookie: Option<&'a str>,
    status: u16,
}

impl Ask<'_> {
    fn fields(&self) -> Fields {
        let mut pairs = vec![
            (":method", self.method),
            (":authority", "a.example"),
            (":scheme", "http"),
            (":path", self.path),
            ("user-agent", CHROME),
            ("accept", "*/*"),
        ];
        pairs.extend(self.cookie.map(|cookie| ("cookie", cookie)));
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.as_bytes().to_vec());
        pairs.into_iter().map(owned).collect()
    }
}

const LOGIN: Ask<'static> = Ask {
    shape: &BOT,
    from: "192.0.2.7",
    method: "POST",
    path: "/login",
    cookie: None,
    status: 401,
};

fn has(line: &Value, code: &str) -> bool {
    let findings = line["findings"].as_array().unwrap();
    findings.iter().any(|finding| finding["code"] == code)
}

/// Sends to the two workers in turn, from a /24 of its own each time.
fn run(proxy: &Proxy, workers: &[Worker; 2], ask: Ask<'_>, times: usize) -> Vec<Value> {
    (0..times)
        .map(|n| {
            let from = format!("198.51.{n}.1");
            workers[n % 2].ask(proxy, &Ask { from: &from, ..ask }).0
        })
        .collect()
}

#[test]
fn passwords_tried_from_everywhere_with_one_shape_are_found_within_fifty_requests() {
    let proxy = Proxy::new();
    let workers = [Worker::start(&proxy, "{}"), Worker::start(&proxy, "{}")];
    let lines = run(&proxy, &workers, LOGIN, 50);
    let first = |code: &str| lines.iter().position(|line| has(line, code));
    assert!(
        first("login-failures").is_some_and(|n| (10..50).contains(&n)),
        "{:?}",
        first("login-failures")
    );
    assert!(
        first("rotation").is_some_and(|n| (15..50).contains(&n)),
        "{:?}",
        first("rotation")
    );
    // The password fits, at the other worker.
    let (line, _) = workers[1].ask(&proxy, &Ask { status: 302, ..LOGIN });
    assert!(has(&line, "login-failures"));
    assert_eq!(proxy.metric("layerprint.login_alarms.of.shape"), Some(1));
    // Another shape, in the same minute, is nobody that is suspected.
    let (line, _) = workers[0].ask(
        &proxy,
        &Ask {
            shape: &PERSON,
            ..LOGIN
        },
    );
    assert!(!has(&line, "login-failures") && !has(&line, "rotation"), "{line}");
}

#[test]
fn what_was_counted_outlives_a_worker_and_a_configuration_that_changes_nothing_of_it() {
    let configuration = |requests: u32, other: &str| {
        format!(
            r#"{{"mode":"enforce","challenge":false,"behaviour":{{"login":false,"rotation":false,"sequence":false}},"limits":{{"rates":[{{"name":"login",
            "match":{{"class":"login"}},"key":["h2_md5"],"requests":{requests},"per_s":60}}]}}{other}}}"#
        )
    };
    let proxy = Proxy::new();
    let before = configuration(5, "");
    let workers = [Worker::start(&proxy, &before), Worker::start(&proxy, &before)];
    let passed = |workers: &[Worker; 2], times: usize| {
        let statuses = (0..times).map(|n| workers[n % 2].ask(&proxy, &LOGIN).1);
        statuses.filter(|status| *status != 429).count()
    };
    assert_eq!(passed(&workers, 3), 3);
    let anew = configuration(5, r#","log":{"filter_state":true}"#);
    let workers = [Worker::start(&proxy, &anew), Worker::start(&proxy, &anew)];
    assert_eq!(passed(&workers, 20), 2, "three of five were taken");
    let other = configuration(6, "");
    let workers = [Worker::start(&proxy, &other), Worker::start(&proxy, &other)];
    assert_eq!(passed(&workers, 20), 6, "another definition begins anew");
    proxy.set_time(proxy.time() - Duration::from_secs(30));
    assert_eq!(passed(&workers, 20), 0, "a clock that is set back frees nobody");
    proxy.advance(Duration::from_secs(120));
    assert_eq!(passed(&workers, 20), 6);
}

#[test]
fn a_request_over_its_limit_is_told_when_to_come_again_and_others_see_nothing() {
    let proxy = Proxy::new();
    let configuration = r#"{"mode":"enforce","challenge":false,"limits":{"rates":[{"name":"login","match":{"class":"login"},"key":["h2_md5"],
        "requests":2,"per_s":10}]}}"#;
    let workers = [
        Worker::start(&proxy, configuration),
        Worker::start(&proxy, configuration),
    ];
    let ask = |n: usize, ask: Ask<'_>| workers[n].ask(&proxy, &ask);
    assert_eq!([ask(0, LOGIN).1, ask(1, LOGIN).1], [401, 401]);
    let (line, status) = ask(0, LOGIN);
    assert_eq!(
        (status, &line["verdict"], &line["limit"]),
        (429, &json!("limit"), &json!("login"))
    );
    assert_eq!(line["limits"], json!(["login"]));
    assert_eq!(
        ask(
            1,
            Ask {
                shape: &PERSON,
                ..LOGIN
            }
        )
        .1,
        401,
        "another shape"
    );
    let (line, status) = ask(
        1,
        Ask {
            path: "/",
            status: 200,
            ..LOGIN
        },
    );
    assert_eq!((status, line.get("limits")), (200, None), "another route");
    assert_eq!(proxy.metric("layerprint.limited.limit.login.decided.enforced"), Some(1));
}

/// Requests of clients that come once each, and the limits that count each of them.
const FLOOD: (u32, u32) = (50_000, 20);

/// What all tables take in the proxy at most; the README says so.
const SHARED_BYTES: usize = 16 * 1_024 * 1_024;

/// What the module's own memory takes at most.
const WASM_BYTES: u64 = 4 * 1_024 * 1_024;

#[test]
fn a_million_keys_take_no_more_memory_than_is_documented() {
    let (requests, limits) = FLOOD;
    let proxy = Proxy::new();
    let rate = |n: u32| format!(r#"{{"name":"l{n}","key":["client_ip"],"requests":10,"per_s":600}}"#);
    let rates: Vec<_> = (0..limits).map(rate).collect();
    let configuration = format!(
        r#"{{"annotate":{{"headers":[]}},"log":{{"filter_state":false}},"forwarded":{{"trusted_hops":1,"peer_appended":false}},
        "limits":{{"rates":[{}]}}}}"#,
        rates.join(",")
    );
    let worker = Worker::start(&proxy, &configuration);
    let client = proxy.accept(Connection::plain().protocol("HTTP/1.1"));
    let mut after_half = 0;
    for n in 0..requests {
        let fields = headers(&[
            (":method", "POST".to_owned()),
            (":path", "/login".to_owned()),
            ("authorization", format!("Bearer {n}")),
            ("x-forwarded-for", format!("20.{}.{}.1", n / 256, n % 256)),
        ]);
        let exchange = worker.vm.request(&worker.request, &client, fields).unwrap();
        exchange.respond(headers(&[(":status", "401")])).unwrap();
        exchange.finish().unwrap();
        if n == requests / 2 {
            after_half = worker.vm.memory_pages();
        }
    }
    let keys = proxy.shared_keys("layerprint");
    let value = |key: &Vec<u8>| proxy.shared_data("layerprint", key).unwrap().len() + key.len();
    let shared: usize = keys.iter().map(value).sum();
    let wasm = worker.vm.memory_pages() * 65_536;
    println!(
        "{} keys of limits, {requests} clients: {shared} bytes of shared data in {} values, {wasm} bytes of Wasm memory",
        requests * limits,
        keys.len()
    );
    assert!(shared <= SHARED_BYTES && wasm <= WASM_BYTES, "{shared} {wasm}");
    assert_eq!(wasm, after_half * 65_536, "it does not grow");
    assert!(
        proxy
            .metric("layerprint.memory.table.limits.event.evicted")
            .is_some_and(|evicted| evicted > 900_000)
    );
}
