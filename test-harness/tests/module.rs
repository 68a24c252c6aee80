//! The real module on the wasmtime host, where a scenario's cleartext connection is not enough: TLS facts, roles in two VMs,
//! refused configurations, and how many calls to the proxy each phase makes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use layerprint_harness::host::{
    Action, Client, Connection, Exchange, Headers, HostError, Message, Module, Plugin, Proxy, Role, Vm, headers,
};
use layerprint_harness::repo;
use serde_json::Value;
use std::sync::OnceLock;

const OPENING: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\
    \0\0\x12\x04\0\0\0\0\0\0\x01\0\x01\0\0\0\x02\0\0\0\0\0\x04\0\x60\0\0\
    \0\0\x04\x08\0\0\0\0\0\0\xef\0\x01\
    \0\0\x01\x01\x05\0\0\0\x01\x82";
const FORM: &str = "1:65536;2:0;4:6291456|15663105|0|m,a,s,p";
const JA3: &str = "773906b0efdefa24a7f2b8eb6985bf37";
const JA4: &str = "t13d1516h2_8daaf6152771_e5627efa2ab1";

fn module() -> &'static Module {
    static MODULE: OnceLock<Module> = OnceLock::new();
    MODULE.get_or_init(|| {
        let path = repo::module();
        Module::load(&path).unwrap_or_else(|error| panic!("{}: {error}; `make wasm` builds it", path.display()))
    })
}

/// Both roles in one VM, as `envoy/envoy.yaml` has them.
struct Filter {
    proxy: Proxy,
    vm: Vm,
    connection_role: Role,
    request_role: Role,
}

impl Filter {
    fn start() -> Self {
        let proxy = Proxy::new();
        let vm = proxy.vm(module(), "layerprint").unwrap();
        let connection_role = vm.start(Plugin::new("connection")).unwrap();
        let request_role = vm.start(Plugin::new("request")).unwrap();
        Self {
            proxy,
            vm,
            connection_role,
            request_role,
        }
    }

    fn request(&self, client: &Client) -> Exchange {
        self.vm.request(&self.request_role, client, chrome()).unwrap()
    }
}

fn chrome() -> Headers {
    headers(&[
        (":method", "GET"),
        (":authority", "a.example"),
        (":scheme", "https"),
        (":path", "/"),
        ("user-agent", "Mozilla/5.0"),
        ("accept", "*/*"),
    ])
}

fn over_tls() -> Connection {
    Connection::tls()
        .source("192.0.2.7:4000")
        .server_name("a.example")
        .protocol("HTTP/2")
        .filter_state("layerprint.tls.ja3", JA3)
        .filter_state("layerprint.tls.ja4", JA4)
}

fn line(exchange: &Exchange) -> Value {
    serde_json::from_slice(&exchange.filter_state("wasm.layerprint").unwrap()).unwrap()
}

#[test]
fn a_browser_over_tls_has_all_its_fingerprints() {
    let filter = Filter::start();
    let client = filter.proxy.accept(over_tls());
    let tcp = filter.vm.open(&filter.connection_role, &client).unwrap();
    tcp.downstream(OPENING).unwrap();
    let exchange = filter.request(&client);
    assert_eq!(exchange.header_text("x-layerprint-ja4").as_deref(), Some(JA4));
    assert_eq!(exchange.header_text("x-layerprint-h2").as_deref(), Some(FORM));
    let line = line(&exchange);
    assert_eq!(line["ja3"], JA3);
    assert_eq!(line["sni"], "a.example");
    assert_eq!(line["tls_version"], "TLSv1.3");
    assert_eq!(line["source"], "192.0.2.7:4000");
    assert_eq!(line["agreement"], "partial");
    assert_eq!(
        line["missing"],
        serde_json::json!({
            "ja3n": "not-provided", "ja4s1": "not-provided", "h1_case": "other-protocol", "tcp": "no-probe", "os": "no-probe",
            "rtt_us": "not-provided", "handshake_us": "not-provided", "rtt_gap_us": "not-provided", "hint_brand": "not-sent", "hint_mobile": "not-sent", "hint_platform": "not-sent",
        })
    );
}

#[test]
fn twenty_requests_read_their_connection_once() {
    let filter = Filter::start();
    let client = filter.proxy.accept(over_tls());
    let tcp = filter.vm.open(&filter.connection_role, &client).unwrap();
    tcp.downstream(OPENING).unwrap();
    for _ in 0..20 {
        filter.request(&client).finish().unwrap();
    }
    let calls = filter.proxy.calls();
    for once in [
        "source.address",
        "connection.tls_version",
        "connection.requested_server_name",
        "request.protocol",
    ] {
        assert_eq!(calls.reads_of(once), 1, "{once}\n{calls}");
    }
    assert_eq!(calls.reads_of("filter_state.layerprint.tls.ja4"), 1, "{calls}");
    assert_eq!(
        calls.reads_of("connection.id"),
        21,
        "the connection role's, and one for each request\n{calls}"
    );
    assert_eq!(filter.proxy.metric("layerprint.connection_evidence"), Some(1));
    let requests = "layerprint.requests.verdict.allow.route.default.agreement.partial.mode.observe";
    assert_eq!(filter.proxy.metric(requests), Some(20));
}

/// Header map, connection id, four headers (verdict, id, ja4, h2), log line, one counter.
#[test]
fn a_request_on_a_known_connection_makes_nine_calls() {
    let filter = Filter::start();
    let client = filter.proxy.accept(over_tls());
    let tcp = filter.vm.open(&filter.connection_role, &client).unwrap();
    tcp.downstream(OPENING).unwrap();
    filter.request(&client).finish().unwrap();
    let before = filter.proxy.calls();
    let _second = filter.request(&client);
    let calls = filter.proxy.calls().since(&before);
    // One of them the clock, for what is remembered of clients.
    assert_eq!(calls.total(), 9, "{calls}");
}

/// Headers that lie in the map as those of the request before are not read again. What they may not bring through, they still do not.
#[test]
fn what_is_forged_again_is_taken_away_again() {
    let filter = Filter::start();
    let client = filter.proxy.accept(over_tls());
    let tcp = filter.vm.open(&filter.connection_role, &client).unwrap();
    tcp.downstream(OPENING).unwrap();
    for (number, path) in (1..).zip(["/", "/login", "/login", "/"]) {
        let mut forged = chrome();
        forged.replace(":path", path);
        forged.add("x-layerprint-verdict", "allow;own");
        let exchange = filter.vm.request(&filter.request_role, &client, forged).unwrap();
        let upstream = exchange.upstream_headers();
        let verdicts = upstream.all("x-layerprint-verdict");
        assert_eq!(verdicts.len(), 1, "{upstream:?}");
        assert_ne!(verdicts[0], b"allow;own");
        let line = line(&exchange);
        assert_eq!((&line["forged"], &line["path"]), (&1.into(), &path.into()));
        assert_eq!(filter.proxy.metric("layerprint.forged_headers"), Some(number));
        exchange.finish().unwrap();
    }
    // The next one without it has nothing forged.
    assert_eq!(line(&filter.request(&client))["forged"], 0);
}

/// Envoy enters the VM for each callback that is there: for each piece of a body, each piece sent on a connection, each line of its log.
#[test]
fn the_module_exports_the_callbacks_that_it_has_a_use_for() {
    let wasm = std::fs::read(repo::module()).unwrap();
    for (name, is_wanted) in [
        ("proxy_on_request_headers", true),
        ("proxy_on_response_headers", true),
        ("proxy_on_downstream_data", true),
        ("proxy_on_upstream_data", false),
        ("proxy_on_request_body", false),
        ("proxy_on_response_body", false),
        ("proxy_on_log", false),
    ] {
        // As an export is written: the length of its name, the name, and that it is a function.
        let length = u8::try_from(name.len()).unwrap();
        let export = [&[length], name.as_bytes(), &[0]].concat();
        let is_there = wasm.windows(export.len()).any(|bytes| bytes == export);
        assert_eq!(is_there, is_wanted, "{name}");
    }
}

#[test]
fn bytes_after_the_opening_make_no_call() {
    let filter = Filter::start();
    let client = filter.proxy.accept(over_tls());
    let tcp = filter.vm.open(&filter.connection_role, &client).unwrap();
    tcp.downstream(OPENING).unwrap();
    let before = filter.proxy.calls();
    for _ in 0..10 {
        assert_eq!(
            tcp.downstream(b"\0\0\x08\x06\0\0\0\0\0abcdefgh").unwrap(),
            Action::Continue
        );
    }
    let calls = filter.proxy.calls().since(&before);
    assert_eq!(calls.total(), 0, "{calls}");
}

#[test]
fn roles_in_two_vms_meet_in_filter_state() {
    let proxy = Proxy::new();
    let connection_vm = proxy.vm(module(), "one").unwrap();
    let request_vm = proxy.vm(module(), "two").unwrap();
    let connection_role = connection_vm.start(Plugin::new("connection")).unwrap();
    let request_role = request_vm.start(Plugin::new("request")).unwrap();
    let client = proxy.accept(over_tls());
    let tcp = connection_vm.open(&connection_role, &client).unwrap();
    tcp.downstream(OPENING).unwrap();
    for _ in 0..3 {
        let exchange = request_vm.request(&request_role, &client, chrome()).unwrap();
        assert_eq!(exchange.header_text("x-layerprint-h2").as_deref(), Some(FORM));
    }
    let calls = proxy.calls();
    assert_eq!(calls.reads_of("filter_state.wasm.layerprint.opening"), 1, "{calls}");
    assert_eq!(proxy.metric("layerprint.connection_evidence"), Some(1));
}

#[test]
fn without_the_connection_role_requests_are_annotated_with_less() {
    let proxy = Proxy::new();
    let vm = proxy.vm(module(), "layerprint").unwrap();
    let role = vm.start(Plugin::new("")).unwrap();
    let client = proxy.accept(over_tls());
    let exchange = vm.request(&role, &client, chrome()).unwrap();
    assert_eq!(exchange.header_text("x-layerprint-ja4").as_deref(), Some(JA4));
    assert_eq!(exchange.header("x-layerprint-h2"), None);
    assert_eq!(line(&exchange)["missing"]["h2"], "no-connection-role");
}

#[test]
fn what_the_proxy_hands_over_malformed_is_missing_as_malformed() {
    let filter = Filter::start();
    let connection = over_tls()
        .filter_state("layerprint.tls.ja3", [0xff; 32])
        .filter_state("layerprint.tls.ja4", "t13d1516h2_8daaf6152771")
        .server_name("a\u{1}b");
    let exchange = filter.request(&filter.proxy.accept(connection));
    let line = line(&exchange);
    for name in ["ja3", "ja4", "sni"] {
        assert_eq!(line["missing"][name], "malformed", "{name}: {line}");
    }
    assert_eq!(exchange.header("x-layerprint-ja4"), None);
}

#[test]
fn forged_trailers_do_not_reach_the_upstream() {
    let filter = Filter::start();
    let client = filter.proxy.accept(over_tls());
    let post: Message = chrome().then_body();
    let exchange = filter.vm.request(&filter.request_role, &client, post).unwrap();
    exchange.body_part("a=b").unwrap();
    let trailers = headers(&[
        ("x-layerprint-verdict", "allow"),
        ("grpc-status", "0"),
        ("x-layerprint-id", "1"),
    ]);
    exchange.trailers(trailers).unwrap();
    assert_eq!(exchange.upstream_trailers().unwrap().names(), ["grpc-status"]);
    assert_eq!(filter.proxy.metric("layerprint.forged_headers"), Some(2));
}

#[test]
fn trailers_signed_in_our_name_do_not_reach_the_upstream() {
    let proxy = Proxy::new();
    let vm = proxy.vm(module(), "layerprint").unwrap();
    let signs =
        r#"{"annotate": {"signature": {"keyid": "edge-1", "key": "rB3VQmzqQW5o8zq0t1P2mG4mS3wYxX1dX6m8o3wq9yE="}}}"#;
    let role = vm.start(Plugin::new("request").configuration(signs)).unwrap();
    let cases: [(&str, &[&str]); 2] = [
        ("sig1=(), layerprint=()", &["grpc-status"]),
        ("sig1=()", &["signature-input", "grpc-status"]),
    ];
    for (sent, left) in cases {
        let client = proxy.accept(over_tls());
        let post: Message = chrome().then_body();
        let exchange = vm.request(&role, &client, post).unwrap();
        let input = exchange.header_text("signature-input").unwrap();
        assert!(input.starts_with("layerprint=(\"@method\" "), "{input}");
        exchange.body_part("a=b").unwrap();
        exchange
            .trailers(headers(&[("signature-input", sent), ("grpc-status", "0")]))
            .unwrap();
        assert_eq!(exchange.upstream_trailers().unwrap().names(), left);
    }
    assert_eq!(proxy.metric("layerprint.forged_headers"), Some(1));
}

#[test]
fn connections_without_a_request_are_counted() {
    let filter = Filter::start();
    for bytes in [&b""[..], b"PRI * HT", b"\x16\x03\x01"] {
        let client = filter.proxy.accept(Connection::plain());
        let tcp = filter.vm.open(&filter.connection_role, &client).unwrap();
        if !bytes.is_empty() {
            tcp.downstream(bytes).unwrap();
        }
        tcp.close().unwrap();
    }
    assert_eq!(filter.proxy.metric("layerprint.connections"), Some(3));
    assert_eq!(filter.proxy.metric("layerprint.connections_without_request"), Some(3));
}

#[test]
fn memory_stays_flat_over_many_connections() {
    let filter = Filter::start();
    let serve = |count: u32| {
        for _ in 0..count {
            let client = filter.proxy.accept(over_tls());
            let tcp = filter.vm.open(&filter.connection_role, &client).unwrap();
            tcp.downstream(OPENING).unwrap();
            filter.request(&client).finish().unwrap();
            tcp.close().unwrap();
        }
    };
    serve(200);
    let pages = filter.vm.memory_pages();
    serve(2_000);
    assert_eq!(filter.vm.memory_pages(), pages);
}

#[test]
fn a_wrong_configuration_is_refused_with_every_mistake() {
    let proxy = Proxy::new();
    let vm = proxy.vm(module(), "layerprint").unwrap();
    let refused = |plugin: Plugin| match vm.start(plugin) {
        Err(HostError::Refused { .. }) => (),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("accepted"),
    };
    refused(Plugin::new("request").configuration(r#"{"mode": "block", "limit": {}}"#));
    refused(Plugin::new("requests"));
    let log = format!("{:?}", proxy.logs());
    for message in ["mode: ", "limit: unknown key", "root_id: "] {
        assert!(log.contains(message), "{message} in {log}");
    }
}
