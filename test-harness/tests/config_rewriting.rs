//! `envoy/envoy.yaml` as the launcher changes it: what is set is set everywhere, and what is not stays as written.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do: by panicking"
)]

use std::path::Path;

use layerprint_harness::repo;
use layerprint_harness::stack::config::{self, ConfigError, Rewrite};
use layerprint_harness::stack::{Ports, fragment};
use serde_json::{Value, json};

fn shipped() -> Value {
    config::parse(&std::fs::read_to_string(repo::root().join("envoy/envoy.yaml")).unwrap()).unwrap()
}

fn rewritten(filter: Option<&str>) -> Value {
    let mut config = shipped();
    let rewrite = Rewrite {
        root: Path::new("/root-of-repo"),
        ports: &Ports {
            tls: 1,
            http: 2,
            passthrough: 3,
            admin: 4,
            upstream: 5,
        },
        upstream: "127.0.0.1:6".parse().unwrap(),
        logs: Path::new("/run"),
        tls: Path::new("/run/tls"),
        module: Path::new("/built/layerprint.wasm"),
        probe: Path::new("/built/liblayerprint_probe.so"),
        filter,
    };
    rewrite.apply(&mut config).unwrap();
    config
}

/// Every value that stands under this key, anywhere.
fn all<'a>(value: &'a Value, key: &str) -> Vec<&'a Value> {
    let mut found = Vec::new();
    match value {
        Value::Object(object) => {
            found.extend(object.get(key));
            object.values().for_each(|value| found.extend(all(value, key)));
        }
        Value::Array(items) => items.iter().for_each(|value| found.extend(all(value, key))),
        _ => {}
    }
    found
}

#[test]
fn each_port_goes_to_its_place() {
    let config = rewritten(None);
    assert_eq!(config["admin"]["address"]["socket_address"]["port_value"], 4);
    let listeners = &config["static_resources"]["listeners"];
    assert_eq!(listeners[0]["address"]["socket_address"]["port_value"], 1);
    assert_eq!(listeners[1]["address"]["socket_address"]["port_value"], 2);
    assert_eq!(listeners[2]["address"]["socket_address"]["port_value"], 3);
    // Passed-through connections end at the HTTPS listener, requests at the upstream.
    let clusters = all(&config["static_resources"]["clusters"], "port_value");
    assert_eq!(clusters, [&json!(1), &json!(6)]);
}

#[test]
fn the_shipped_ports_are_the_usual_ones() {
    let config = shipped();
    let ports: Vec<u64> = all(&config, "port_value")
        .into_iter()
        .filter_map(Value::as_u64)
        .collect();
    let usual = Ports::USUAL;
    assert_eq!(
        ports,
        [
            usual.admin,
            usual.tls,
            usual.http,
            usual.passthrough,
            usual.tls,
            usual.upstream
        ]
        .map(u64::from)
    );
}

#[test]
fn no_path_stays_relative() {
    let config = rewritten(None);
    let files = all(&config, "filename");
    assert!(files.contains(&&json!("/run/tls/cert.pem")), "{files:?}");
    assert!(files.contains(&&json!("/run/tls/key.pem")), "{files:?}");
    assert!(files.contains(&&json!("/built/layerprint.wasm")), "{files:?}");
    assert!(
        files.iter().all(|file| file.as_str().unwrap().starts_with('/')),
        "{files:?}"
    );
    let logs: Vec<_> = all(&config, "path")
        .into_iter()
        .filter(|path| path.is_string())
        .collect();
    assert!(
        logs.contains(&&json!("/run/access.log")) && logs.contains(&&json!("/run/connections.log")),
        "{logs:?}"
    );
    assert!(
        logs.iter().all(|log| !log.as_str().unwrap().starts_with('.')),
        "{logs:?}"
    );
}

#[test]
fn the_filter_configuration_is_passed_on_to_the_letter() {
    let text = "{ \"mode\": \"enforce\" /* not JSON */";
    let config = rewritten(Some(text));
    let configurations = all(&config, "configuration");
    assert_eq!(
        configurations.len(),
        6,
        "two roles in two listeners, one in the two chains of the third"
    );
    assert!(
        configurations
            .iter()
            .all(|configuration| configuration["value"] == text)
    );
}

#[test]
fn without_one_the_shipped_configuration_is_empty_json() {
    for configuration in all(&rewritten(None), "configuration") {
        assert_eq!(
            configuration["@type"],
            "type.googleapis.com/google.protobuf.StringValue"
        );
        let value: Value = serde_json::from_str(configuration["value"].as_str().unwrap()).unwrap();
        assert_eq!(value, json!({}));
    }
}

#[test]
fn both_roles_share_one_vm_until_they_are_parted() {
    let mut config = shipped();
    let ids = |config: &Value| all(config, "vm_id").into_iter().cloned().collect::<Vec<_>>();
    assert_eq!(ids(&config), vec![json!("layerprint"); 6]);
    config::with_separate_vms(&mut config);
    assert_eq!(
        ids(&config),
        [
            "connection",
            "request",
            "connection",
            "request",
            "connection",
            "connection"
        ]
        .map(Value::from)
    );
}

#[test]
fn the_connection_role_can_be_left_out() {
    let mut config = shipped();
    config::without_connection_role(&mut config);
    assert_eq!(all(&config, "root_id"), [&json!("request"), &json!("request")]);
}

#[test]
fn the_probe_goes_into_each_listener_in_front_of_the_filters_that_are_there() {
    let before = shipped();
    let probe = std::fs::read_to_string(repo::root().join("envoy/probe/listener.yaml")).unwrap();
    let mut config = before.clone();
    fragment::add(&mut config, &config::parse(&probe).unwrap(), None).unwrap();

    let listeners = |config: &Value| config["static_resources"]["listeners"].as_array().unwrap().clone();
    for (before, after) in listeners(&before).iter().zip(&listeners(&config)) {
        let filters = after["listener_filters"].as_array().unwrap();
        assert_eq!(filters[0]["name"], "envoy.filters.listener.dynamic_modules");
        let others = before["listener_filters"].as_array().map_or(&[][..], Vec::as_slice);
        assert_eq!(&filters[1..], others);
        assert_eq!(after["socket_options"][0]["name"], 27);
    }
}

#[test]
fn each_part_of_a_fragment_goes_to_its_place_in_the_listener_that_is_named() {
    let before = shipped();
    let parts = json!({
        "filters": [{ "name": "first" }],
        "http_connection_manager": { "codec_type": "HTTP1", "common_http_protocol_options": { "max_requests_per_connection": 1 } },
        "http_filters": [{ "name": "first-http" }],
    });
    let mut config = before.clone();
    fragment::add(&mut config, &parts, Some("cleartext")).unwrap();

    let listeners = |config: &Value| config["static_resources"]["listeners"].clone();
    let (before, after) = (listeners(&before), listeners(&config));
    assert_eq!((&after[0], &after[2]), (&before[0], &before[2]), "the others stay");
    let filters = &after[1]["filter_chains"][0]["filters"];
    assert_eq!(filters[0]["name"], "first");
    let http = &filters[2]["typed_config"];
    assert_eq!(http["codec_type"], "HTTP1");
    let options = &http["common_http_protocol_options"];
    assert_eq!(
        options,
        &json!({ "max_headers_count": 1000, "max_requests_per_connection": 1 })
    );
    assert_eq!(http["http_filters"][0]["name"], "first-http");
    assert_eq!(http["http_filters"][1]["name"], "envoy.filters.http.wasm");
}

#[test]
fn a_fragment_reaches_the_default_filter_chain_too() {
    let mut config = shipped();
    let parts = json!({ "filters": [{ "name": "first" }] });
    fragment::add(&mut config, &parts, Some("passthrough")).unwrap();
    let listener = &config["static_resources"]["listeners"][2];
    assert_eq!(listener["filter_chains"][0]["filters"][0]["name"], "first");
    assert_eq!(listener["default_filter_chain"]["filters"][0]["name"], "first");
}

#[test]
fn the_clusters_of_a_fragment_stand_behind_those_that_there_are() {
    let mut config = shipped();
    let parts = json!({ "clusters": [{ "name": "review" }] });
    fragment::add(&mut config, &parts, Some("tls")).unwrap();
    let clusters = config["static_resources"]["clusters"].as_array().unwrap();
    let names: Vec<_> = clusters
        .iter()
        .map(|cluster| cluster["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["https", "upstream", "review"]);
}

#[test]
fn of_a_configuration_beside_it_come_the_listeners_and_the_clusters_that_are_new() {
    let before = shipped();
    let mut config = before.clone();
    let other = json!({ "static_resources": {
        "listeners": [{ "name": "fleet" }],
        "clusters": [{ "name": "ratelimit" }, { "name": "upstream", "type": "EDS" }],
    }});
    fragment::put_beside(&mut config, other).unwrap();
    let resources = |key| {
        (
            &before["static_resources"][key],
            config["static_resources"][key].as_array().unwrap(),
        )
    };
    for (key, new) in [("listeners", "fleet"), ("clusters", "ratelimit")] {
        let (before, after) = resources(key);
        let (last, rest) = after.split_last().unwrap();
        assert_eq!((&json!(rest), last), (before, &json!({ "name": new })));
    }
}

#[test]
fn a_fragment_that_fits_nowhere_is_refused() {
    let add = |parts, listener| fragment::add(&mut shipped(), &parts, listener).unwrap_err().to_string();
    assert!(add(json!({ "admin": {} }), None).contains("admin"));
    assert!(add(json!({ "filters": {} }), None).contains("list"));
    assert!(add(json!({ "filters": [] }), Some("other")).contains("listener"));
    assert!(add(json!([]), None).contains("part"));
}

#[test]
fn a_file_that_lacks_what_must_be_set_is_refused_by_name() {
    let mut config = json!({ "admin": { "address": { "socket_address": { "port_value": 1 } } } });
    let rewrite = Rewrite {
        root: Path::new("/"),
        ports: &Ports::FREE,
        upstream: "127.0.0.1:6".parse().unwrap(),
        logs: Path::new("/a"),
        tls: Path::new("/t"),
        module: Path::new("/m"),
        probe: Path::new("/p"),
        filter: None,
    };
    let error = rewrite.apply(&mut config).unwrap_err();
    assert!(matches!(error, ConfigError::Lacks("static listeners")), "{error}");
}

#[test]
fn text_that_is_not_yaml_is_refused() {
    assert!(matches!(config::parse("a: [1, 2"), Err(ConfigError::Yaml(_))));
}
