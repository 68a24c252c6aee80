//! `timing.yaml`: no SYN, only the times that Envoy itself knows.

use std::time::Duration;

use layerprint_harness::availability::require_or_skip;
use layerprint_harness::stack::{Stack, StackOptions};
use serde_json::Value;

use crate::balancer::Balancer;
use crate::lab::{
    H1, H2, SOON, TIMING, TIMING_1_39, assert_missing, line, loopback, on_the_current_envoy, on_the_previous_envoy,
    options, start,
};

/// How long a relay between client and Envoy takes for each way. It ends TCP and not TLS, as a tunnel does.
const WAY: Duration = Duration::from_millis(40);
const WAY_US: u64 = 40_000;
/// A loaded machine takes its time; it does not take this much.
const MUCH_US: u64 = 2_000_000;

#[test]
fn the_handshake_takes_a_round_trip_to_where_tls_ends() {
    let test = "the_handshake_takes_a_round_trip_to_where_tls_ends";
    on_the_current_envoy(test, |envoy| {
        let stack = start(options(test, envoy).with_fragment(TIMING));
        for n in 1..4 {
            H2.get(&from_afar(&stack), &[]).unwrap();
            let line = line(&stack, n);
            let handshake = line["handshake_us"].as_u64().unwrap();
            assert!((2 * WAY_US..MUCH_US).contains(&handshake), "{line}");
            assert_tcp_is_near(&line);
            assert_missing(&line, "tcp", "no-probe");
        }
        // Without the relay.
        H2.get(&stack.tls_url("/"), &[]).unwrap();
        let near = line(&stack, 4);
        assert!(near["handshake_us"].as_u64().unwrap() < 2 * WAY_US, "{near}");
    });
}

#[test]
fn beside_the_probe_its_own_round_trip_time_counts() {
    let test = "beside_the_probe_its_own_round_trip_time_counts";
    on_the_current_envoy(test, |envoy| {
        if !require_or_skip(test, [Stack::probe_availability()]) {
            return;
        }
        let stack = start(options(test, envoy).with_probe().with_fragment(TIMING));
        H2.get(&from_afar(&stack), &[]).unwrap();
        let line = line(&stack, 1);
        assert!(line["handshake_us"].as_u64().unwrap() >= 2 * WAY_US, "{line}");
        assert_eq!(line["rtt_source"], "probe");
        assert!(line["tcp"].is_string(), "{line}");
    });
}

#[test]
fn without_tls_there_is_no_handshake() {
    let test = "without_tls_there_is_no_handshake";
    on_the_current_envoy(test, |envoy| {
        let stack = start(options(test, envoy).with_fragment(TIMING));
        H1.get(&stack.http_url("/"), &[]).unwrap();
        let cleartext = line(&stack, 1);
        assert_tcp_is_near(&cleartext);
        assert_missing(&cleartext, "handshake_us", "cleartext");

        // Passed through: the handshake is not Envoy's.
        H2.get(&stack.passthrough_url("/"), &[]).unwrap();
        let unopened = stack.connections_log().wait_for(1, SOON).unwrap()[0]["layerprint"].clone();
        assert_tcp_is_near(&unopened);
        assert_missing(&unopened, "handshake_us", "other-protocol");
    });
}

#[test]
fn on_the_previous_envoy_there_is_only_the_handshake_with_the_hello_on_its_way() {
    let test = "on_the_previous_envoy_there_is_only_the_handshake_with_the_hello_on_its_way";
    on_the_previous_envoy(test, |envoy| {
        let options = || options(test, envoy);
        let stack = start(options().with_fragment_in("tls", TIMING_1_39));
        H2.get(&from_afar(&stack), &[]).unwrap();
        let line = line(&stack, 1);
        let handshake = line["handshake_us"].as_u64().unwrap();
        assert!((3 * WAY_US..MUCH_US).contains(&handshake), "{line}");
        assert_eq!(handshake % 1000, 0, "whole milliseconds");
        assert_missing(&line, "rtt_us", "not-provided");

        assert_refused(options().with_fragment(TIMING), "DOWNSTREAM_CX_RTT");
    });
}

/// Envoy does not start, and says this.
fn assert_refused(options: StackOptions, why: &str) {
    let error = Stack::start(options).unwrap_err().to_string();
    assert!(error.contains(why), "{error}");
}

/// To Envoy, TCP ends on this machine: 0 ms, which is taken for not measured. tests/layer4/timing.rs has a client further away.
fn assert_tcp_is_near(line: &Value) {
    match line["rtt_us"].as_u64() {
        Some(rtt) => assert!(rtt < WAY_US && line["rtt_source"] == "proxy", "{line}"),
        None => assert_missing(line, "rtt_us", "not-provided"),
    }
}

fn from_afar(stack: &Stack) -> String {
    let relay = Balancer::to(loopback(stack.ports().tls)).far_away(WAY).start();
    format!("https://localhost:{}/", relay.port())
}
