//! `envoy/layer4/timing.yaml` without the probe: a client whose distance Envoy itself can tell.

use std::fs;
use std::time::Duration;

use layerprint_harness::repo;
use layerprint_harness::stack::{config, fragment};
use serde_json::{Value, json};

use crate::net::{NAMES, Network};
use crate::site::{CLEARTEXT, Site, TLS, can_run, micros, network_availability};

/// One way.
const DELAY: Duration = Duration::from_millis(50);
const THERE_AND_BACK: u64 = 100_000;
const MUCH: u64 = 1_000_000;

#[test]
fn envoy_itself_tells_how_far_a_client_is_in_tcp_and_in_tls() {
    let test = "envoy_itself_tells_how_far_a_client_is_in_tcp_and_in_tls";
    if !can_run(test, [network_availability()]) {
        return;
    }
    let site = Site::open_with(test, Network::delayed(DELAY), timing_in_place_of_the_probe);
    for name in NAMES {
        let visit = site.curl(&[&format!("https://{name}:{TLS}/")]);
        let line = site.line_of(visit.client);
        for member in ["rtt_us", "handshake_us"] {
            assert!((THERE_AND_BACK..MUCH).contains(&micros(&line, member)), "{line:#}");
        }
        assert_eq!(line["rtt_source"], "proxy");
        assert_eq!(micros(&line, "rtt_us") % 1_000, 0, "whole milliseconds: {line:#}");
        assert!(micros(&line, "rtt_gap_us") < THERE_AND_BACK, "{line:#}");
        assert_eq!(line["missing"]["tcp"], "no-probe");

        let visit = site.curl(&[&format!("http://{name}:{CLEARTEXT}/")]);
        let line = site.line_of(visit.client);
        assert!((THERE_AND_BACK..MUCH).contains(&micros(&line, "rtt_us")), "{line:#}");
        assert_eq!(line["missing"]["handshake_us"], "cleartext");
    }
}

fn timing_in_place_of_the_probe(listener: &mut Value) {
    let filters = listener["listener_filters"].as_array_mut().unwrap();
    filters.retain(|filter| filter["name"] != "envoy.filters.listener.dynamic_modules");
    listener.as_object_mut().unwrap().remove("socket_options");

    let file = fs::read_to_string(repo::root().join("envoy/layer4/timing.yaml")).unwrap();
    let mut config = json!({ "static_resources": { "listeners": [listener.take()] } });
    fragment::add(&mut config, &config::parse(&file).unwrap(), None).unwrap();
    *listener = config["static_resources"]["listeners"][0].take();
}
