//! SYNs that the kernel keeps nothing of, and SYNs that are sent twice.

use std::process::{Command, Stdio};
use std::time::Duration;

use layerprint_harness::availability::Availability;
use serde_json::{Value, json};

use crate::net::{NAMES, Network, check};
use crate::site::{CLEARTEXT, Site, TLS, can_run, micros, network_availability};

#[test]
fn under_syn_cookies_there_is_neither_a_syn_nor_a_round_trip_time_and_the_request_is_served() {
    let test = "under_syn_cookies_there_is_neither_a_syn_nor_a_round_trip_time_and_the_request_is_served";
    if !can_run(test, [network_availability()]) {
        return;
    }
    let site = Site::open(test, Network::direct());
    for (cookies, seen) in [("2", false), ("0", true), ("2", false)] {
        site.network
            .server
            .set(&[&format!("net.ipv4.tcp_syncookies={cookies}")]);
        for name in NAMES {
            for url in [format!("http://{name}:{CLEARTEXT}/"), format!("https://{name}:{TLS}/")] {
                let visit = site.curl(&[&url]);
                let line = site.line_of(visit.client);
                assert_eq!(line["tcp"].is_string(), seen, "{line:#}");
                assert_eq!(line["rtt_us"].is_u64(), seen, "{line:#}");
                if !seen {
                    assert_eq!(line["missing"]["tcp"], "no-probe");
                    assert_eq!(line["missing"]["rtt_us"], "not-provided");
                    assert!(line["missing"]["rtt_gap_us"].is_string(), "{line:#}");
                    assert_eq!(line["agreement"], "partial");
                    assert_eq!(line["verdict"], "allow");
                }
                let evidence = site.lab.evidence_of(visit.client);
                assert_eq!((evidence.syn.is_some(), evidence.rtt_us.is_some()), (seen, seen));
            }
        }
    }
    let log = site.lab.stack.envoy_log();
    assert!(log.contains("a connection came without a saved SYN"), "{log}");
}

/// Answers to SYNs are lost on their way, until the table is deleted.
const LOSE_ANSWERS: &str = "\
table inet loss {
    chain input {
        type filter hook input priority 0
        tcp flags & (syn | ack) == (syn | ack) drop
    }
}";

#[test]
fn of_a_syn_that_was_sent_twice_the_first_is_kept() {
    let test = "of_a_syn_that_was_sent_twice_the_first_is_kept";
    let nft = match Command::new("nft").arg("--version").output() {
        Ok(_) => Availability::Here,
        Err(_) => Availability::missing("nft (nftables) is not installed"),
    };
    if !can_run(test, [network_availability(), nft]) {
        return;
    }
    let mut site = Site::open(test, Network::direct());
    // With timestamps the kernel knows which of its answers was answered; without, it measures nothing.
    for (timestamps, name, port) in [
        ("1", NAMES[0], 20_001),
        ("1", NAMES[1], 20_002),
        ("0", NAMES[0], 20_003),
    ] {
        let client = &site.network.client;
        client.set(&[&format!("net.ipv4.tcp_timestamps={timestamps}")]);
        check(client.command("nft").arg(LOSE_ANSWERS));
        let mut curl = client.command("curl");
        let url = format!("http://{name}:{CLEARTEXT}/");
        let local_port = port.to_string();
        curl.args(["-q", "-sS", "--max-time", "20", "--local-port", &local_port, &url]);
        let curl = curl.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let first = site.capture.syn_between(port, CLEARTEXT);
        let second = site.capture.syn_between(port, CLEARTEXT);
        check(client.command("nft").args(["delete", "table", "inet", "loss"]));
        let output = curl.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");

        assert_ne!(first, second, "each carries its own IP ID, flow label or time");
        let from = if name == NAMES[0] { "10.77.2.1" } else { "[fd77:2::1]" };
        let address = format!("{from}:{port}").parse().unwrap();
        assert_eq!(site.lab.evidence_of(address).syn, Some(first));
        let line = site.line_of(address);
        assert!(line["tcp"].is_string(), "{line:#}");
        println!("sent twice, timestamps {timestamps}, {name}: rtt_us {}", line["rtt_us"]);
        if timestamps == "1" {
            assert!(
                micros(&line, "rtt_us") < 500_000,
                "not the second that was waited: {line:#}"
            );
        } else {
            assert_eq!(line["missing"]["rtt_us"], "not-provided");
        }
    }
}

/// Has each connection's round-trip time from Envoy too.
fn with_the_proxys_time(listener: &mut Value) {
    let time = json!({
        "object_key": "layerprint.tcp.rtt_ms",
        "factory_key": "envoy.string",
        "format_string": { "text_format_source": { "inline_string": "%DOWNSTREAM_CX_RTT%" } },
    });
    let filter = json!({
        "name": "envoy.filters.network.set_filter_state",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.set_filter_state.v3.Config",
            "on_new_connection": [time],
        },
    });
    for chain in listener["filter_chains"].as_array_mut().unwrap() {
        chain["filters"].as_array_mut().unwrap().insert(0, filter.clone());
    }
}

/// Under SYN cookies the kernel measures by timestamps or not at all, and Envoy then says 0.
#[test]
fn a_time_that_was_not_measured_makes_no_gap() {
    let test = "a_time_that_was_not_measured_makes_no_gap";
    if !can_run(test, [network_availability()]) {
        return;
    }
    let network = Network::delayed(Duration::from_millis(50));
    let site = Site::open_with(test, network, with_the_proxys_time);
    site.network.server.set(&["net.ipv4.tcp_syncookies=2"]);
    for timestamps in [false, true] {
        let setting = format!("net.ipv4.tcp_timestamps={}", u8::from(timestamps));
        site.network.client.set(&[&setting]);
        let visit = site.curl(&[&format!("https://{}:{TLS}/", NAMES[0])]);
        let line = site.line_of(visit.client);
        println!(
            "cookies, timestamps {timestamps}: {} {}",
            line["rtt_us"], line["rtt_gap_us"]
        );
        assert_eq!(line["missing"]["tcp"], "no-probe");
        assert!(micros(&line, "first_bytes_us") >= 100_000, "{line:#}");
        if timestamps {
            assert_eq!(line["rtt_source"], "proxy");
            assert!(micros(&line, "rtt_us") >= 100_000, "{line:#}");
        } else {
            assert_eq!(line["missing"]["rtt_us"], "not-provided", "{line:#}");
            assert_eq!(line["missing"]["rtt_gap_us"], "not-provided", "{line:#}");
        }
    }
}
