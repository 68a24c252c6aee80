//! The stack of this machine in many settings, over Ethernet and through a router, IPv4 and IPv6.

use serde_json::{Value, json};

use crate::net::{NAMES, Network};
use crate::site::{CLEARTEXT, PASSTHROUGH, Site, TLS, can_run, connection_line_of, network_availability, parts};

const USUAL: [&str; 8] = [
    "net.ipv4.ip_default_ttl=64",
    "net.ipv6.conf.c0.hop_limit=64",
    "net.ipv4.tcp_timestamps=1",
    "net.ipv4.tcp_sack=1",
    "net.ipv4.tcp_window_scaling=1",
    "net.ipv4.tcp_ecn=2",
    "net.ipv6.auto_flowlabels=1",
    "net.ipv4.ip_no_pmtu_disc=0",
];

/// What is set, the MTU, and the signatures that come of it over IPv4 and IPv6. The window is what the machine's memory makes it.
type Variation = (&'static [&'static str], u16, [&'static str; 2]);

const VARIATIONS: [Variation; 9] = [
    (
        &[],
        1500,
        [
            "4:64+0:0:1460:*:mss,sok,ts,nop,ws:df,id+:0",
            "6:64+0:0:1440:*:mss,sok,ts,nop,ws:flow:0",
        ],
    ),
    (
        &["net.ipv4.ip_default_ttl=128", "net.ipv6.conf.c0.hop_limit=128"],
        1500,
        [
            "4:128+0:0:1460:*:mss,sok,ts,nop,ws:df,id+:0",
            "6:128+0:0:1440:*:mss,sok,ts,nop,ws:flow:0",
        ],
    ),
    (
        &[],
        1400,
        [
            "4:64+0:0:1360:*:mss,sok,ts,nop,ws:df,id+:0",
            "6:64+0:0:1340:*:mss,sok,ts,nop,ws:flow:0",
        ],
    ),
    (
        &["net.ipv4.tcp_timestamps=0"],
        1500,
        [
            "4:64+0:0:1460:*:mss,nop,nop,sok,nop,ws:df,id+:0",
            "6:64+0:0:1440:*:mss,nop,nop,sok,nop,ws:flow:0",
        ],
    ),
    (
        &["net.ipv4.tcp_sack=0"],
        1500,
        [
            "4:64+0:0:1460:*:mss,nop,nop,ts,nop,ws:df,id+:0",
            "6:64+0:0:1440:*:mss,nop,nop,ts,nop,ws:flow:0",
        ],
    ),
    (
        &["net.ipv4.tcp_window_scaling=0"],
        1500,
        [
            "4:64+0:0:1460:*:mss,sok,ts:df,id+:0",
            "6:64+0:0:1440:*:mss,sok,ts:flow:0",
        ],
    ),
    (
        &["net.ipv4.tcp_ecn=1"],
        1500,
        [
            "4:64+0:0:1460:*:mss,sok,ts,nop,ws:df,id+,ecn:0",
            "6:64+0:0:1440:*:mss,sok,ts,nop,ws:ecn,flow:0",
        ],
    ),
    (
        &["net.ipv4.ip_no_pmtu_disc=1", "net.ipv6.auto_flowlabels=0"],
        1500,
        [
            "4:64+0:0:1460:*:mss,sok,ts,nop,ws::0",
            "6:64+0:0:1440:*:mss,sok,ts,nop,ws::0",
        ],
    ),
    (
        &[
            "net.ipv4.tcp_timestamps=0",
            "net.ipv4.tcp_sack=0",
            "net.ipv4.tcp_window_scaling=0",
        ],
        1500,
        ["4:64+0:0:1460:*:mss:df,id+:0", "6:64+0:0:1440:*:mss:flow:0"],
    ),
];

fn without_window(signature: &Value) -> String {
    let mut parts = parts(signature);
    parts[4] = "*";
    parts.join(":")
}

#[test]
fn every_setting_of_the_stack_shows_in_the_line_as_it_was_on_the_wire() {
    let test = "every_setting_of_the_stack_shows_in_the_line_as_it_was_on_the_wire";
    if !can_run(test, [network_availability()]) {
        return;
    }
    let mut site = Site::open(test, Network::direct());
    for (settings, mtu, expected) in VARIATIONS {
        let client = &site.network.client;
        client.set(&[&USUAL, settings].concat());
        client.ip(&format!("link set c0 mtu {mtu}"));
        for (name, expected) in NAMES.into_iter().zip(expected) {
            let visit = site.curl(&[&format!("http://{name}:{CLEARTEXT}/")]);
            let line = site.line_of(visit.client);
            assert_eq!(without_window(&line["tcp"]), expected, "{settings:?} over {name}");
            let window = parts(&line["tcp"])[4];
            assert_eq!(window.ends_with(",0"), !expected.contains("ws"), "{window}");
            assert_eq!(line["hops"], 0);
            assert!(line["rtt_us"].is_u64() && line["rtt_source"] == "probe", "{line:#}");
            assert_eq!(line["missing"]["rtt_gap_us"], "cleartext");
            site.assert_the_syn_is_that_on_the_wire(visit.client, CLEARTEXT);
            let told = visit.received["headers"].as_array().unwrap();
            assert!(told.contains(&json!(["x-layerprint-tcp", line["tcp"]])), "{told:?}");
        }
    }
}

#[test]
fn a_router_on_the_way_is_counted_and_changes_nothing_of_who_the_client_is() {
    let test = "a_router_on_the_way_is_counted_and_changes_nothing_of_who_the_client_is";
    if !can_run(test, [network_availability()]) {
        return;
    }
    let mut site = Site::open(test, Network::routed());
    let mut ids = Vec::new();
    for (name, ttl) in NAMES.into_iter().zip(["63+1", "63+1"]) {
        let visit = site.curl(&[&format!("https://{name}:{TLS}/")]);
        let line = site.line_of(visit.client);
        assert_eq!(
            (parts(&line["tcp"])[1], &line["hops"]),
            (ttl, &json!(1)),
            "{name}: {line:#}"
        );
        assert_eq!(line["missing"]["tcp"], Value::Null);
        site.assert_the_syn_is_that_on_the_wire(visit.client, TLS);
        ids.push(line["id"].clone());
    }
    assert_eq!(ids[0], ids[1], "one client, over IPv4 and IPv6");
}

#[test]
fn a_connection_that_is_passed_through_unopened_shows_its_tcp_too() {
    let test = "a_connection_that_is_passed_through_unopened_shows_its_tcp_too";
    if !can_run(test, [network_availability()]) {
        return;
    }
    let mut site = Site::open(test, Network::direct());
    for (name, version) in NAMES.into_iter().zip(["4", "6"]) {
        let visit = site.curl(&[&format!("https://{name}:{PASSTHROUGH}/")]);
        let line = connection_line_of(&site.lab, visit.client);
        assert_eq!((&line["of"], &line["sni"]), (&json!("connection"), &json!(name)));
        assert_eq!(parts(&line["tcp"])[0], version);
        assert_eq!((&line["hops"], &line["tls_source"]), (&json!(0), &json!("opening")));
        assert!(line["rtt_us"].is_u64(), "{line:#}");
        assert!(line["id"].as_str().unwrap().split('_').nth(1) != Some("000000000000"));
        assert_eq!(line["missing"]["rtt_gap_us"], "other-protocol", "TLS ends elsewhere");
        site.assert_the_syn_is_that_on_the_wire(visit.client, PASSTHROUGH);
    }
}
