//! The real module on the wasmtime host.

use super::scenario::{self, Fields, Scenario, Seen};
use layerprint_harness::host::{Connection, Headers, Module, Plugin, Proxy, headers};
use layerprint_harness::repo;
use std::sync::OnceLock;

/// The module, compiled once for all tests of this process. `make wasm` builds it.
pub fn module() -> &'static Module {
    static MODULE: OnceLock<Module> = OnceLock::new();
    MODULE.get_or_init(|| {
        let path = repo::module();
        Module::load(&path).unwrap_or_else(|error| panic!("{}: {error}; `make wasm` builds it", path.display()))
    })
}

pub fn map(fields: &Fields) -> Headers {
    let pairs: Vec<_> = fields
        .iter()
        .map(|(name, value)| (name.as_bytes(), value.as_slice()))
        .collect();
    headers(&pairs)
}

pub fn run(scenario: &Scenario) -> Vec<Seen> {
    let (protocol, requests) = scenario.maps();
    let proxy = Proxy::new();
    let (name, value) = scenario::VARIABLE;
    proxy.set_variable(name, value);
    let vm = proxy.vm(module(), "layerprint").unwrap();
    let connection_role = vm
        .start(Plugin::new("connection").configuration(scenario.configuration))
        .unwrap();
    let request_role = vm
        .start(Plugin::new("request").configuration(scenario.configuration))
        .unwrap();
    let client = proxy.accept(Connection::plain().source("192.0.2.7:4000").protocol(&protocol));
    let tcp = vm.open(&connection_role, &client).unwrap();
    for piece in scenario.first_bytes() {
        tcp.downstream(&piece).unwrap();
    }
    let mut seen: Vec<_> = requests
        .into_iter()
        .map(|fields| {
            let exchange = vm.request(&request_role, &client, map(&fields)).unwrap();
            let line = exchange.filter_state("wasm.layerprint").unwrap();
            let upstream = exchange.upstream_headers();
            exchange.finish().unwrap();
            let headers = upstream
                .iter()
                .map(|(name, value)| (String::from_utf8(name.to_vec()).unwrap(), value.to_vec()));
            Seen {
                headers: headers.collect(),
                line: serde_json::from_slice(&line).unwrap(),
            }
        })
        .collect();
    if let scenario::Client::Tls(_) = scenario.client {
        let line = client.filter_state("wasm.layerprint").unwrap();
        seen.push(Seen::of_connection(serde_json::from_slice(&line).unwrap()));
    }
    tcp.close().unwrap();
    assert!(vm.is_alive());
    let once = u64::from(!seen.is_empty());
    assert_eq!(proxy.metric("layerprint.connection_evidence"), Some(once));
    seen
}
