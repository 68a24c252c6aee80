//! Whoever is not the balancer or the proxy in front cannot hand over anything, nor get in at all.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpStream};

use layerprint_harness::stack::Stack;

use crate::balancer::{Balancer, SYN, connect};
use crate::lab::{
    CLIENT, H1, H2, HEADER, LINUX, PROXY_PROTOCOL, SOON, STRANGER, WINDOWS, behind_a_front, hex, hex_from, line,
    loopback, on_each_envoy, options, refused, start,
};

#[test]
fn a_client_that_forges_a_tlv_is_refused() {
    let test = "a_client_that_forges_a_tlv_is_refused";
    on_each_envoy(test, |envoy| {
        let stack = start(
            options(test, envoy)
                .with_fragment_in("tls", PROXY_PROTOCOL)
                .with_fragment_in("cleartext", PROXY_PROTOCOL),
        );
        let syn = hex(WINDOWS.0);
        // Also one that says it is the balancer.
        for client in ["203.0.113.7:5555", "127.0.0.1:5555"] {
            let forger = |port, from| {
                let forger = Balancer::to(loopback(port)).from(from);
                forger.for_client(client, &[(SYN, syn.as_bytes())]).start().port()
            };
            let before = refused(&stack);
            let tls = forger(stack.ports().tls, STRANGER);
            H2.get(&format!("https://localhost:{tls}/"), &[]).unwrap_err();
            let cleartext = forger(stack.ports().http, STRANGER);
            H1.get(&format!("http://localhost:{cleartext}/"), &[]).unwrap_err();
            assert_eq!(refused(&stack), before + 2);
        }
        nothing_was_served(&stack);
    });
}

#[test]
fn a_connection_without_a_proxy_header_is_closed() {
    let test = "a_connection_without_a_proxy_header_is_closed";
    on_each_envoy(test, |envoy| {
        let stack = start(options(test, envoy).with_fragment(PROXY_PROTOCOL));
        for url in [stack.tls_url("/"), stack.http_url("/"), stack.passthrough_url("/")] {
            H1.get(&url, &[]).unwrap_err();
        }
        nothing_was_served(&stack);
    });
}

#[test]
fn a_client_that_forges_the_header_is_refused() {
    let test = "a_client_that_forges_the_header_is_refused";
    on_each_envoy(test, |envoy| {
        let stack = start(
            options(test, envoy)
                .filter(behind_a_front())
                .with_fragment_in("cleartext", HEADER),
        );
        let syn = hex_from(LINUX.0, CLIENT);
        let request = format!("GET / HTTP/1.1\r\nhost: h\r\nx-forwarded-for: {CLIENT}\r\nx-client-syn: {syn}\r\n\r\n");
        assert_eq!(answer(connect(STRANGER, loopback(stack.ports().http)), &request), "");
        assert_eq!(refused(&stack), 1);
        nothing_was_served(&stack);

        // The same from the proxy in front.
        let trusted = connect(IpAddr::V4(Ipv4Addr::LOCALHOST), loopback(stack.ports().http));
        assert!(answer(trusted, &request).starts_with("HTTP/1.1 200"));
        assert_eq!(line(&stack, 1)["tcp"], LINUX.1);
    });
}

fn nothing_was_served(stack: &Stack) {
    assert_eq!(stack.access_log().lines().unwrap(), Vec::<serde_json::Value>::new());
}

/// All that is answered until the connection is closed.
fn answer(mut connection: TcpStream, request: &str) -> String {
    connection.set_read_timeout(Some(SOON)).unwrap();
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // Closed with bytes unread, a connection ends with a reset.
    let _ = connection.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}
