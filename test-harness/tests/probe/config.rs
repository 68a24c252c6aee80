//! The configuration string: a bad one is refused, by both Envoys, with our words.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use layerprint_harness::repo;
use layerprint_harness::stack::config;
use serde_json::{Value, json};

use crate::lab::{Lab, configure, on_each_envoy};

/// A listener with the probe and nothing of ours besides.
fn listener() -> Value {
    let fragment = fs::read_to_string(repo::root().join("envoy/probe/listener.yaml")).unwrap();
    let mut listener = config::parse(&fragment).unwrap();
    listener["listener_filters"][0]["typed_config"]["dynamic_module_config"]["module"]["local"]["filename"] =
        json!(repo::probe());
    listener["address"] = json!({ "socket_address": { "address": "127.0.0.1", "port_value": 0 } });
    listener["filter_chains"] = json!([{ "filters": [{
        "name": "envoy.filters.network.echo",
        "typed_config": { "@type": "type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo" },
    }] }]);
    listener
}

/// What `envoy --mode validate` says of it.
fn validate(test: &str, envoy: &Path, listener: &Value) -> Output {
    let file = std::env::temp_dir().join(format!("{test}-{}.json", std::process::id()));
    let config = json!({ "static_resources": { "listeners": [listener] } });
    fs::write(&file, config.to_string()).unwrap();
    let output = Command::new(envoy)
        .args(["--mode", "validate", "-c"])
        .arg(&file)
        .output()
        .unwrap();
    fs::remove_file(file).unwrap();
    output
}

#[test]
fn a_bad_configuration_is_refused_with_the_problem_and_what_is_accepted() {
    let test = "a_bad_configuration_is_refused_with_the_problem_and_what_is_accepted";
    on_each_envoy(test, |envoy| {
        let accepted = "accepted: one or more of syn, rtt, client_hello, separated by spaces";
        for (words, problem) in [
            ("syn,rtt", "has the unknown word \"syn,rtt\""),
            ("syn ja4", "has the unknown word \"ja4\""),
            ("rtt rtt", "has the word \"rtt\" twice"),
            ("", "names nothing to hand over"),
        ] {
            let mut listener = listener();
            configure(&mut listener, words);
            let output = validate(test, envoy, &listener);
            let log = String::from_utf8_lossy(&output.stderr);
            assert!(!output.status.success(), "{words:?} passes");
            assert!(
                log.contains(&format!("layerprint-probe: filter_config {problem}; {accepted}")),
                "{words:?}: {log}"
            );
        }

        let mut bare = listener();
        let filter = bare["listener_filters"][0]["typed_config"].as_object_mut().unwrap();
        filter.remove("filter_config");
        let output = validate(test, envoy, &bare);
        assert!(!output.status.success(), "no configuration at all passes");
        assert!(String::from_utf8_lossy(&output.stderr).contains("names nothing to hand over"));
    });
}

#[test]
fn a_good_one_passes() {
    let test = "a_good_one_passes";
    on_each_envoy(test, |envoy| {
        for words in ["syn", "syn rtt", " client_hello  syn\nrtt "] {
            let mut listener = listener();
            configure(&mut listener, words);
            let output = validate(test, envoy, &listener);
            assert!(
                output.status.success(),
                "{words:?}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
    });
}

#[test]
fn envoy_knows_the_version_of_its_interface() {
    let test = "envoy_knows_the_version_of_its_interface";
    on_each_envoy(test, |envoy| {
        let log = Lab::start(test, envoy).stack.envoy_log();
        let version = log.lines().find(|line| line.contains("ABI version")).unwrap();
        assert!(version.contains("matched"), "{version}");
    });
}
