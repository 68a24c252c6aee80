//! The upstream is gone, and comes back.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use layerprint_harness::availability::require_or_skip;
use layerprint_harness::echo::Echo;
use layerprint_harness::stack::{Stack, StackOptions};
use layerprint_harness::traffic::{Connection, source};
use serde_json::json;

use crate::look::{traps, wait_until_idle, wasm_memory};

const REQUESTS: u64 = 500;

#[test]
fn without_an_upstream_clients_get_503_and_the_log_has_its_verdicts() {
    let test = "without_an_upstream_clients_get_503_and_the_log_has_its_verdicts";
    if !require_or_skip(test, [Stack::availability()]) {
        return;
    }
    let upstream = Echo::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let address = upstream.address();
    let to_it = move |config: &mut serde_json::Value| {
        let clusters = config["static_resources"]["clusters"].as_array_mut().unwrap();
        let cluster = clusters.iter_mut().find(|one| one["name"] == "upstream").unwrap();
        let endpoint = &mut cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"];
        endpoint["address"]["socket_address"]["port_value"] = json!(address.port());
    };
    let stack = Stack::start(StackOptions::new(test).edit(to_it)).unwrap();
    let ask = |number| {
        let connection = Connection::open(source(number), stack.ports().http);
        connection.unwrap().get("/", "connection: close\r\n").unwrap().status
    };
    // So that each has its memory.
    for number in 0..REQUESTS {
        assert_eq!(ask(number), 200);
    }
    drop(upstream);
    assert_eq!(ask(0), 503);
    wait_until_idle(&stack);
    let before = wasm_memory(&stack);
    for number in 0..REQUESTS {
        assert_eq!(ask(number), 503);
    }
    wait_until_idle(&stack);
    assert_eq!(wasm_memory(&stack), before, "nothing is kept of them");

    let _upstream = Echo::start(address).unwrap();
    assert_eq!(ask(0), 200);
    assert_eq!(traps(&stack), 0);
    let all = usize::try_from(2 * REQUESTS + 2).unwrap();
    let lines = stack.access_log().wait_for(all, Duration::from_secs(10)).unwrap();
    let refused: Vec<_> = lines.iter().filter(|line| line["status"] == 503).collect();
    assert_eq!(refused.len(), usize::try_from(REQUESTS + 1).unwrap());
    for line in refused {
        assert!(
            line["flags"].as_str().unwrap().contains("UF"),
            "Envoy says whose fault it was: {line}"
        );
        assert!(
            line["layerprint"]["decision"].is_object() || line["layerprint"]["verdict"].is_string(),
            "{line}"
        );
    }
}
