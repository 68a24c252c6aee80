//! Behind a balancer that speaks the PROXY protocol: its SYN is not handed over as the client's.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::lab::{GET, Lab, Sender, on_each_envoy, recorded_hello};

/// Puts `proxy_protocol` before the probe, as it has to stand.
fn behind_proxy_protocol(listener: &mut Value) {
    let filter = json!({
        "name": "envoy.filters.listener.proxy_protocol",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol",
        },
    });
    listener["listener_filters"].as_array_mut().unwrap().insert(0, filter);
}

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// A PROXY protocol v2 header for a TCP connection from `client` to port 443.
fn header(client: &str) -> Vec<u8> {
    let client: SocketAddr = client.parse().unwrap();
    let (family, addresses) = match client {
        SocketAddr::V4(client) => (0x11, [client.ip().octets(), [192, 0, 2, 1]].concat()),
        SocketAddr::V6(client) => (0x21, [client.ip().octets(), [0xfd; 16]].concat()),
    };
    let length = u16::try_from(addresses.len() + 4).unwrap().to_be_bytes();
    [
        SIGNATURE,
        &[0x21, family],
        &length,
        &addresses,
        &client.port().to_be_bytes(),
        &443_u16.to_be_bytes(),
    ]
    .concat()
}

#[test]
fn the_balancers_syn_is_not_handed_over_and_the_reason_is() {
    let test = "the_balancers_syn_is_not_handed_over_and_the_reason_is";
    on_each_envoy(test, |envoy| {
        let lab = Lab::with(test, envoy, behind_proxy_protocol);
        for client in ["203.0.113.7:5555", "[2001:db8::7]:5555", "127.0.0.1:5555"] {
            let mut balancer = Sender::connect(lab.cleartext()).send(&header(client)).send(GET);
            assert!(balancer.is_served());
            let address = balancer.address();
            drop(balancer);
            let evidence = lab.evidence_of(address);
            assert_eq!(evidence.origin.as_deref(), Some("proxy-protocol"), "{client}");
            assert_eq!((evidence.syn, evidence.rtt_us), (None, None), "{client}");
        }
    });
}

#[test]
fn the_hello_behind_a_proxy_header_is_the_clients() {
    let test = "the_hello_behind_a_proxy_header_is_the_clients";
    on_each_envoy(test, |envoy| {
        let lab = Lab::with(test, envoy, behind_proxy_protocol);
        let hello = recorded_hello();
        let sent = [header("203.0.113.7:5555"), hello.clone()].concat();
        for size in [sent.len(), 10] {
            let mut balancer = Sender::connect(lab.tls()).send_in_pieces(&sent, size);
            assert_eq!(balancer.first_answer()[0], 22);
            let address = balancer.address();
            drop(balancer);
            let evidence = lab.evidence_of(address);
            assert_eq!(evidence.client_hello.as_ref(), Some(&hello));
            assert_eq!(evidence.syn, None);
        }
    });
}

#[test]
fn a_balancers_own_connection_is_its_own() {
    let test = "a_balancers_own_connection_is_its_own";
    on_each_envoy(test, |envoy| {
        let lab = Lab::with(test, envoy, behind_proxy_protocol);
        let health_check = [SIGNATURE, &[0x20, 0, 0, 0]].concat();
        let mut balancer = Sender::connect(lab.cleartext()).send(&health_check).send(GET);
        assert!(balancer.is_served());
        let address = balancer.address();
        drop(balancer);
        let evidence = lab.evidence_of(address);
        assert!(evidence.syn.is_some());
        assert_eq!(evidence.origin, None);
    });
}
