//! `header.yaml`: a proxy in front ends the client's connection, and says in a header of each request what its SYN was.

use std::path::Path;

use layerprint_harness::stack::config::{parse, with_separate_vms, without_connection_role};
use layerprint_harness::stack::{Stack, StackOptions, fragment};
use serde_json::{Value, json};

use crate::front::Connection;
use crate::lab::{
    CLIENT, H2, H2C, HEADER, LINUX, WINDOWS, assert_missing, behind_a_front, hex_from, line, loopback, on_each_envoy,
    on_the_current_envoy, options, start,
};

#[test]
fn the_syn_in_the_header_is_the_clients_and_goes_no_further() {
    let test = "the_syn_in_the_header_is_the_clients_and_goes_no_further";
    on_each_envoy(test, |envoy| {
        let stack = start(behind(test, envoy).with_fragment_in("cleartext", HEADER));
        let sent = format!(
            "X-Client-SYN: {}\r\nX-Client-Rtt-Us: 23456\r\n",
            hex_from(WINDOWS.0, CLIENT)
        );
        let answer = front(&stack).ask(&sent).unwrap();
        assert_eq!(answer.values("x-layerprint-tcp"), [WINDOWS.1]);
        assert!(answer.values("x-client-syn").is_empty() && answer.values("x-client-rtt-us").is_empty());
        let line = line(&stack, 1);
        assert_eq!((&line["tcp"], &line["rtt_us"]), (&WINDOWS.1.into(), &23456.into()));
        assert_eq!(line["rtt_source"], "probe");
    });
}

#[test]
fn it_does_without_the_connection_role_and_without_a_shared_vm() {
    let test = "it_does_without_the_connection_role_and_without_a_shared_vm";
    on_the_current_envoy(test, |envoy| {
        for edit in [without_connection_role, with_separate_vms] {
            let stack = start(behind(test, envoy).with_fragment_in("cleartext", HEADER).edit(edit));
            let answer = front(&stack).ask(&syn(LINUX.0)).unwrap();
            assert_eq!(answer.values("x-layerprint-tcp"), [LINUX.1]);
        }
    });
}

#[test]
fn without_the_header_nothing_of_the_connection_is_taken_for_the_clients() {
    let test = "without_the_header_nothing_of_the_connection_is_taken_for_the_clients";
    on_each_envoy(test, |envoy| {
        let stack = start(behind(test, envoy).with_fragment_in("cleartext", HEADER));
        for (n, sent) in ["", "x-client-syn:\r\n", "x-client-rtt-us: 23456\r\n"]
            .into_iter()
            .enumerate()
        {
            let answer = front(&stack).ask(sent).unwrap();
            assert!(answer.values("x-layerprint-tcp").is_empty());
            let line = line(&stack, n + 1);
            assert_missing(&line, "tcp", "relayed");
            assert_missing(&line, "rtt_us", "relayed");
        }
    });
}

#[test]
fn unless_the_front_is_believed_about_the_address_the_syn_is_not_the_clients() {
    let test = "unless_the_front_is_believed_about_the_address_the_syn_is_not_the_clients";
    on_the_current_envoy(test, |envoy| {
        let stack = start(options(test, envoy).with_fragment_in("cleartext", HEADER));
        let answer = front(&stack).ask(&syn(LINUX.0)).unwrap();
        assert!(answer.values("x-layerprint-tcp").is_empty());
        assert_missing(&line(&stack, 1), "tcp", "relayed");
    });
}

#[test]
fn of_two_headers_the_first_counts_and_none_goes_further() {
    let test = "of_two_headers_the_first_counts_and_none_goes_further";
    on_each_envoy(test, |envoy| {
        let stack = start(behind(test, envoy).with_fragment_in("cleartext", HEADER));
        let answer = front(&stack).ask(&(syn(LINUX.0) + &syn(WINDOWS.0))).unwrap();
        assert_eq!(answer.values("x-layerprint-tcp"), [LINUX.1]);
        assert!(answer.values("x-client-syn").is_empty());
    });
}

#[test]
fn each_connection_serves_one_request_so_no_client_gets_anothers_syn() {
    let test = "each_connection_serves_one_request_so_no_client_gets_anothers_syn";
    on_each_envoy(test, |envoy| {
        let stack = start(behind(test, envoy).with_fragment_in("cleartext", HEADER));
        for (name, signature) in [LINUX, WINDOWS, LINUX] {
            let mut connection = front(&stack);
            let answer = connection.ask(&syn(name)).unwrap();
            assert_eq!(answer.values("x-layerprint-tcp"), [signature]);
            assert!(answer.closes);
            assert!(connection.ask(&syn(name)).is_none());
        }
        // Nor are several requests to be had at once.
        H2C.get(&stack.http_url("/"), &[]).unwrap_err();
    });
}

#[test]
fn under_tls_the_listener_may_not_offer_h2() {
    let test = "under_tls_the_listener_may_not_offer_h2";
    on_the_current_envoy(test, |envoy| {
        let with = |alpn: &'static [&str]| {
            start(behind(test, envoy).with_fragment_in("tls", HEADER).edit(move |config| {
                let chain = &mut config["static_resources"]["listeners"][0]["filter_chains"][0];
                chain["transport_socket"]["typed_config"]["common_tls_context"]["alpn_protocols"] = json!(alpn);
            }))
        };
        let sent = hex_from(LINUX.0, CLIENT);
        let header = [("x-client-syn", sent.as_str()), ("x-forwarded-for", CLIENT)];
        let offers_both = with(&["h2", "http/1.1"]);
        H2.get(&offers_both.tls_url("/"), &header).unwrap_err();

        let offers_http1 = with(&["http/1.1"]);
        let reply = H2.get(&offers_http1.tls_url("/"), &header).unwrap();
        assert_eq!(reply.received("x-layerprint-tcp"), Some(LINUX.1));
    });
}

/// Why the shipped file closes connections.
#[test]
fn a_connection_that_serves_several_clients_would_give_all_the_first_ones_syn() {
    let test = "a_connection_that_serves_several_clients_would_give_all_the_first_ones_syn";
    on_the_current_envoy(test, |envoy| {
        let stack = start(behind(test, envoy).edit(keeping_connections));
        let mut connection = front(&stack);
        for (name, _) in [LINUX, WINDOWS] {
            let answer = connection.ask(&syn(name)).unwrap();
            assert_eq!(answer.values("x-layerprint-tcp"), [LINUX.1], "{name}");
            assert!(!answer.closes);
        }
    });
}

/// The other way out: a proxy in front, here another Envoy, that keeps a connection for each client.
#[test]
fn a_front_with_a_connection_for_each_client_may_keep_them() {
    let test = "a_front_with_a_connection_for_each_client_may_keep_them";
    on_the_current_envoy(test, |envoy| {
        let stack = start(behind(test, envoy).edit(keeping_connections));
        for own_connections in [true, false] {
            let before = stack.access_log().lines().unwrap().len();
            let in_front = envoy_in_front(test, &stack, own_connections);
            // Two clients, which the front tells apart as it would by their SYNs, take turns.
            let mut clients = [LINUX, WINDOWS].map(|(name, _)| (Connection::to(loopback(in_front.ports().http)), name));
            for _ in 0..2 {
                for (client, name) in &mut clients {
                    client.ask(&syn(name)).unwrap();
                }
            }
            let seen: Vec<Value> = (1..=4).map(|n| line(&stack, before + n)["tcp"].clone()).collect();
            let kept_apart = [LINUX.1, WINDOWS.1, LINUX.1, WINDOWS.1];
            assert_eq!(seen == kept_apart, own_connections, "{own_connections}: {seen:?}");
        }
    });
}

/// An Envoy with one worker, and so one pool, whose cleartext listener leads to that of `stack`. It believes what its clients
/// say of where they come from, and adds nothing to it.
fn envoy_in_front(test: &str, stack: &Stack, own_connections: bool) -> Stack {
    let port = stack.ports().http;
    let options = StackOptions::new(format!("{test}-front")).concurrency(1);
    start(options.edit(move |config| {
        without_connection_role(config);
        let http = &mut config["static_resources"]["listeners"][1]["filter_chains"][0]["filters"][0]["typed_config"];
        http["skip_xff_append"] = json!(true);
        let upstream = config["static_resources"]["clusters"].as_array_mut().unwrap();
        let upstream = upstream
            .iter_mut()
            .find(|cluster| cluster["name"] == "upstream")
            .unwrap();
        upstream["connection_pool_per_downstream_connection"] = json!(own_connections);
        let endpoint = &mut upstream["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"];
        endpoint["address"]["socket_address"]["port_value"] = json!(port);
    }))
}

/// The shipped file without its part that makes each connection serve one request.
fn keeping_connections(config: &mut Value) {
    let file = layerprint_harness::repo::root().join(HEADER);
    let mut parts = parse(&std::fs::read_to_string(file).unwrap()).unwrap();
    parts
        .as_object_mut()
        .unwrap()
        .remove("http_connection_manager")
        .unwrap();
    fragment::add(config, &parts, Some("cleartext")).unwrap();
}

fn behind(test: &str, envoy: &Path) -> StackOptions {
    options(test, envoy).filter(behind_a_front())
}

fn front(stack: &Stack) -> Connection {
    Connection::to(loopback(stack.ports().http))
}

fn syn(name: &str) -> String {
    format!("x-client-syn: {}\r\n", hex_from(name, CLIENT))
}
