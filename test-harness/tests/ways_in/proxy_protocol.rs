//! `proxy-protocol.yaml`: a balancer in front hands the SYN over in the PROXY protocol.

use std::path::Path;
use std::time::Duration;

use layerprint_harness::availability::require_or_skip;
use layerprint_harness::stack::Stack;
use serde_json::Value;

use crate::balancer::{Balancer, RTT, SYN};
use crate::lab::{
    CLIENT, H1, H2, LINUX, PROXY_PROTOCOL, SOON, WINDOWS, assert_missing, hex_from, line, loopback, on_each_envoy,
    on_the_current_envoy, on_the_previous_envoy, options, start,
};

const SOURCE: &str = "203.0.113.7:5555";

#[test]
fn the_syn_in_the_tlv_is_the_clients() {
    let test = "the_syn_in_the_tlv_is_the_clients";
    on_each_envoy(test, |envoy| {
        let stack = start(options(test, envoy).with_fragment_in("tls", PROXY_PROTOCOL));
        for (n, (name, signature)) in [LINUX, WINDOWS].into_iter().enumerate() {
            let syn = hex_from(name, CLIENT);
            let balancer = balancer(&stack, SOURCE, &[(SYN, syn.as_bytes()), (RTT, b"23456")]);
            let reply = H2.get(&balancer, &[]).unwrap();
            assert_eq!(reply.received("x-layerprint-tcp"), Some(signature));
            let line = line(&stack, n + 1);
            assert_eq!(line["tcp"], signature);
            assert_eq!((&line["rtt_us"], &line["rtt_source"]), (&23456.into(), &"probe".into()));
            assert_eq!(line["source"], SOURCE);
            // TLS is the client's own: it ends here.
            assert!(line["ja4"].is_string(), "{line}");
        }
    });
}

#[test]
fn the_handshake_is_timed_from_the_client_to_envoy() {
    let test = "the_handshake_is_timed_from_the_client_to_envoy";
    let way = Duration::from_millis(40);
    let syn = hex_from(LINUX.0, CLIENT);
    let seen = |envoy: &Path| {
        let stack = start(options(test, envoy).with_fragment_in("tls", PROXY_PROTOCOL));
        let balancer = Balancer::to(loopback(stack.ports().tls)).for_client(SOURCE, &[(SYN, syn.as_bytes())]);
        let url = format!("https://localhost:{}/", balancer.far_away(way).start().port());
        H2.get(&url, &[]).unwrap();
        line(&stack, 1)
    };
    on_the_current_envoy(test, |envoy| {
        let line = seen(envoy);
        assert!(line["handshake_us"].as_u64().unwrap() >= 80_000, "{line}");
        assert_missing(&line, "rtt_us", "relayed");
    });
    on_the_previous_envoy(test, |envoy| {
        assert_missing(&seen(envoy), "handshake_us", "not-provided")
    });
}

#[test]
fn an_ipv6_client_is_one_too() {
    let test = "an_ipv6_client_is_one_too";
    on_the_current_envoy(test, |envoy| {
        let stack = start(options(test, envoy).with_fragment_in("tls", PROXY_PROTOCOL));
        let syn = hex_from("linux-v6", "2001:db8::7");
        H2.get(&balancer(&stack, "[2001:db8::7]:5555", &[(SYN, syn.as_bytes())]), &[])
            .unwrap();
        let line = line(&stack, 1);
        assert!(line["tcp"].as_str().unwrap().starts_with("6:64+0:"), "{line}");
        assert_eq!(line["source"], "[2001:db8::7]:5555");
    });
}

#[test]
fn without_a_syn_nothing_of_the_balancers_connection_is_taken_for_the_clients() {
    let test = "without_a_syn_nothing_of_the_balancers_connection_is_taken_for_the_clients";
    on_each_envoy(test, |envoy| {
        let stack = start(options(test, envoy).with_fragment_in("tls", PROXY_PROTOCOL));
        // No TLV; an empty one; a time whose SYN is not there, as under SYN cookies.
        let cases: [&[(u8, &[u8])]; 3] = [&[], &[(SYN, b""), (RTT, b"")], &[(SYN, b""), (RTT, b"23456")]];
        for (n, tlvs) in cases.into_iter().enumerate() {
            let reply = H2.get(&balancer(&stack, SOURCE, tlvs), &[]).unwrap();
            assert_eq!(reply.received("x-layerprint-tcp"), None);
            let line = line(&stack, n + 1);
            assert_missing(&line, "tcp", "relayed");
            assert_missing(&line, "rtt_us", "relayed");
            assert_eq!(line["source"], SOURCE);
        }
    });
}

#[test]
fn a_syn_from_another_address_than_the_header_names_is_not_the_clients() {
    let test = "a_syn_from_another_address_than_the_header_names_is_not_the_clients";
    on_the_current_envoy(test, |envoy| {
        let stack = start(options(test, envoy).with_fragment_in("tls", PROXY_PROTOCOL));
        let syn = hex_from(LINUX.0, "203.0.113.8");
        let url = balancer(&stack, SOURCE, &[(SYN, syn.as_bytes()), (RTT, b"23456")]);
        assert_eq!(H2.get(&url, &[]).unwrap().received("x-layerprint-tcp"), None);
        let line = line(&stack, 1);
        assert_missing(&line, "tcp", "relayed");
        assert_missing(&line, "rtt_us", "relayed");
    });
}

#[test]
fn a_syn_that_is_not_sent_as_hex_is_malformed_and_the_request_goes_on() {
    let test = "a_syn_that_is_not_sent_as_hex_is_malformed_and_the_request_goes_on";
    on_each_envoy(test, |envoy| {
        let stack = start(options(test, envoy).with_fragment_in("tls", PROXY_PROTOCOL));
        // Raw: Envoy has no room for bytes that are not text.
        let raw = b"\x45\0\0\x3c\xb5\xf4\x40\0\x40\x06\x70\x2b\x0a\x4d\0\x01\x0a\x4d\0\x02\xdb\x5e";
        let cut = &hex_from(LINUX.0, CLIENT)[..60];
        for (n, value) in [&raw[..], b"no hex", cut.as_bytes()].into_iter().enumerate() {
            let reply = H2.get(&balancer(&stack, SOURCE, &[(SYN, value)]), &[]).unwrap();
            assert_eq!((reply.status, reply.received("x-layerprint-tcp")), (200, None));
            assert_missing(&line(&stack, n + 1), "tcp", "malformed");
        }
    });
}

#[test]
fn it_works_where_tls_is_passed_through_and_where_there_is_none() {
    let test = "it_works_where_tls_is_passed_through_and_where_there_is_none";
    on_the_current_envoy(test, |envoy| {
        let stack = start(
            options(test, envoy)
                .with_fragment_in("passthrough", PROXY_PROTOCOL)
                .with_fragment_in("cleartext", PROXY_PROTOCOL),
        );
        let syn = hex_from(LINUX.0, CLIENT);
        let through = |port| {
            Balancer::to(loopback(port))
                .for_client(SOURCE, &[(SYN, syn.as_bytes())])
                .start()
        };
        let cleartext = through(stack.ports().http);
        let reply = H1.get(&format!("http://{cleartext}/"), &[]).unwrap();
        assert_eq!(reply.received("x-layerprint-tcp"), Some(LINUX.1));

        let unopened = through(stack.ports().passthrough);
        // By name, which chooses a filter chain, and without, which ends in the default one.
        for (n, host) in ["localhost", "127.0.0.1"].into_iter().enumerate() {
            H1.get(&format!("https://{host}:{}/", unopened.port()), &[]).unwrap();
            let line = stack.connections_log().wait_for(n + 1, SOON).unwrap()[n]["layerprint"].clone();
            assert_eq!(line["tcp"], LINUX.1, "{host}");
        }
    });
}

#[test]
fn the_probe_behind_it_adds_the_client_hello_and_leaves_the_syn_alone() {
    let test = "the_probe_behind_it_adds_the_client_hello_and_leaves_the_syn_alone";
    on_each_envoy(test, |envoy| {
        if !require_or_skip(test, [Stack::probe_availability()]) {
            return;
        }
        let stack = start(
            options(test, envoy)
                .with_probe()
                .with_fragment_in("tls", PROXY_PROTOCOL),
        );
        let syn = hex_from(WINDOWS.0, CLIENT);
        H2.get(&balancer(&stack, SOURCE, &[(SYN, syn.as_bytes())]), &[])
            .unwrap();
        let line = line(&stack, 1);
        assert_eq!(line["tcp"], WINDOWS.1);
        assert_eq!(line["tls_source"], "filter-state");
        // The time that the probe could read is the balancer's.
        assert_eq!(line["rtt_us"], Value::Null, "{line}");
    });
}

/// The URL of a balancer before the listener of HTTPS.
fn balancer(stack: &Stack, client: &str, tlvs: &[(u8, &[u8])]) -> String {
    let balancer = Balancer::to(loopback(stack.ports().tls))
        .for_client(client, tlvs)
        .start();
    format!("https://localhost:{}/", balancer.port())
}
