//! How far away a client is: the kernel's round-trip time over a link that is really slow, and what a relay that answers TCP from
//! nearby cannot hide under TLS.

use std::net::SocketAddr;
use std::time::Duration;

use layerprint_harness::clients::{Client, CurlHttp};
use layerprint_harness::stack::envoy_program;
use serde_json::Value;

use crate::lab::Lab;
use crate::net::{NAMES, Network};
use crate::relay::Relay;
use crate::site::{CLEARTEXT, Site, TLS, can_run, micros, network_availability, wait_for};

/// One way.
const DELAY: Duration = Duration::from_millis(50);
const THERE_AND_BACK: u64 = 100_000;
/// What a busy machine may add to a round trip, and a client to a handshake.
const NOISE: u64 = 40_000;
/// Of so many measurements the least disturbed one counts.
const ATTEMPTS: usize = 5;

fn least(lines: &[Value], member: &str) -> u64 {
    lines.iter().map(|line| micros(line, member)).min().unwrap()
}

/// What was measured, for who looks: `cargo test --test layer4 distance -- --nocapture`.
#[allow(
    clippy::print_stdout,
    reason = "a passing test keeps its figures to itself otherwise"
)]
fn show(what: &str, lines: &[Value]) {
    for member in ["rtt_us", "handshake_us", "first_bytes_us", "rtt_gap_us"] {
        let all: Vec<_> = lines.iter().map(|line| line[member].to_string()).collect();
        println!("{what}: {member} {}", all.join(" "));
    }
}

#[test]
fn a_client_on_a_slow_link_is_as_far_away_in_tcp_as_in_tls() {
    let test = "a_client_on_a_slow_link_is_as_far_away_in_tcp_as_in_tls";
    if !can_run(test, [network_availability()]) {
        return;
    }
    let mut site = Site::open(test, Network::delayed(DELAY));
    for name in NAMES {
        let lines: Vec<_> = (0..ATTEMPTS)
            .map(|_| {
                let visit = site.curl(&[&format!("https://{name}:{TLS}/")]);
                site.assert_the_syn_is_that_on_the_wire(visit.client, TLS);
                site.line_of(visit.client)
            })
            .collect();
        show(&format!("slow link, {name}"), &lines);
        for line in &lines {
            assert!(micros(line, "rtt_us") >= THERE_AND_BACK, "{line:#}");
            assert!(micros(line, "first_bytes_us") >= THERE_AND_BACK, "{line:#}");
            assert_eq!(line["rtt_source"], "probe");
            assert_eq!(line["hops"], 0, "it is slow, not long");
        }
        assert!(least(&lines, "rtt_us") < THERE_AND_BACK + NOISE, "{lines:#?}");
        assert!(least(&lines, "rtt_gap_us") < NOISE, "{lines:#?}");

        let visit = site.curl(&[&format!("http://{name}:{CLEARTEXT}/")]);
        let line = site.line_of(visit.client);
        assert!(micros(&line, "rtt_us") >= THERE_AND_BACK, "{line:#}");
        assert_eq!(line["missing"]["rtt_gap_us"], "cleartext");
    }
}

/// Needs no root: the relay is a program like any other, and the loopback interface is nearby.
#[test]
fn a_relay_nearby_with_its_client_far_away_shows_as_a_gap_and_a_direct_client_does_not() {
    let test = "a_relay_nearby_with_its_client_far_away_shows_as_a_gap_and_a_direct_client_does_not";
    let curl = Client::Curl(CurlHttp::Http2);
    if !can_run(test, [curl.availability()]) {
        return;
    }
    let lab = Lab::start(test, &envoy_program().unwrap());
    let relay = Relay::start(lab.tls(), DELAY);
    let visit = |to: SocketAddr| -> Vec<Value> {
        let mut lines = Vec::new();
        for _ in 0..ATTEMPTS {
            let before = lab.stack.access_log().lines().unwrap().len();
            let reply = curl.get(&format!("https://localhost:{}/", to.port()), &[]).unwrap();
            assert_eq!(reply.status, 200);
            let line = wait_for(&lab, || lab.stack.access_log().lines().unwrap().get(before).cloned());
            lines.push(line["layerprint"].clone());
        }
        lines
    };
    let direct = visit(lab.tls());
    show("direct", &direct);
    assert!(least(&direct, "rtt_gap_us") < NOISE, "{direct:#?}");

    let relayed = visit(relay.address);
    show("relay", &relayed);
    for line in &relayed {
        assert!(micros(line, "first_bytes_us") >= THERE_AND_BACK, "{line:#}");
    }
    assert!(least(&relayed, "rtt_us") < NOISE, "{relayed:#?}");
    assert!(least(&relayed, "rtt_gap_us") >= THERE_AND_BACK - NOISE, "{relayed:#?}");
    assert_eq!(
        direct[0]["ja4"], relayed[0]["ja4"],
        "in all else the two are one client"
    );
    assert_eq!(direct[0]["tcp"], relayed[0]["tcp"], "here even the machine is the same");
}
