//! A running Envoy is given a bad configuration: it says everything that is wrong with it, and goes on with the old one.
//!
//! The listeners come from a file that Envoy watches (LDS), as they come from a control plane in production.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use layerprint_harness::availability::require_or_skip;
use layerprint_harness::clients::{Annotation, Client, CurlHttp};
use layerprint_harness::repo;
use layerprint_harness::stack::{Stack, StackOptions};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(30);

/// Twelve mistakes of twelve kinds. `layerprint check` is tested with the same file.
const MISTAKES: &str = "tests/fixtures/config/twelve.json";

#[test]
fn envoy_says_each_of_twelve_mistakes_and_keeps_serving_with_the_old_configuration() {
    let name = "envoy_says_each_of_twelve_mistakes_and_keeps_serving_with_the_old_configuration";
    let curl = Client::Curl(CurlHttp::Http2);
    if !require_or_skip(name, [Stack::availability(), curl.availability()]) {
        return;
    }
    let watched = repo::run_directory().join(format!("lds-{}", std::process::id()));
    fs::create_dir_all(&watched).unwrap();
    let file = watched.join("listeners.json");
    let options = StackOptions::new("refused_update").filter(json!({"mode": "enforce"}));
    let stack = Stack::start(options.edit({
        let file = file.clone();
        move |config| listeners_from(config, &file)
    }))
    .unwrap();
    let verdict = || Annotation::read(&curl.get(&stack.tls_url("/page"), &[]).unwrap()).unwrap();
    assert_eq!(verdict().parameter("mode"), Some("enforce"));

    let mistakes = fs::read_to_string(repo::root().join(MISTAKES)).unwrap();
    let mut lds: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    lds["version_info"] = json!("2");
    set_filter(&mut lds, &mistakes);
    replace(&file, &lds);
    let expected = layerprint::policy::config::Config::parse(mistakes.as_bytes()).unwrap_err();
    assert_eq!(expected.len(), 12);
    let waits_since = Instant::now();
    for problem in expected {
        let message = format!("configuration refused: {problem}");
        while !stack.envoy_log().contains(&message) {
            assert!(
                waits_since.elapsed() < PATIENCE,
                "not in Envoy's log: {message}\n{}",
                stack.envoy_log_tail()
            );
            thread::sleep(Duration::from_millis(50));
        }
    }
    // Once more after it has had the time to take it.
    thread::sleep(Duration::from_millis(500));
    assert_eq!(verdict().parameter("mode"), Some("enforce"), "the old one is in force");

    // A good one that comes later is taken.
    lds["version_info"] = json!("3");
    set_filter(&mut lds, r#"{"mode":"observe"}"#);
    replace(&file, &lds);
    let waits_since = Instant::now();
    while verdict().parameter("mode") != Some("observe") {
        assert!(waits_since.elapsed() < PATIENCE, "{}", stack.envoy_log_tail());
        thread::sleep(Duration::from_millis(50));
    }
    fs::remove_dir_all(&watched).unwrap();
}

/// Moves the listeners into `file`, which Envoy then watches.
fn listeners_from(config: &mut Value, file: &Path) {
    let listeners = config["static_resources"]
        .as_object_mut()
        .unwrap()
        .remove("listeners")
        .unwrap();
    let resources: Vec<Value> = listeners
        .as_array()
        .unwrap()
        .iter()
        .map(|listener| {
            let mut resource = listener.clone();
            resource["@type"] = json!("type.googleapis.com/envoy.config.listener.v3.Listener");
            resource
        })
        .collect();
    replace(file, &json!({"version_info": "1", "resources": resources}));
    config["dynamic_resources"] = json!({"lds_config": {
        "resource_api_version": "V3",
        "path_config_source": {"path": file, "watched_directory": {"path": file.parent().unwrap()}},
    }});
    config["node"] = json!({"id": "test", "cluster": "test"});
}

/// Gives both roles, on every listener, this configuration.
fn set_filter(value: &mut Value, text: &str) {
    match value {
        Value::Object(object) => {
            let is_plugin = object.contains_key("vm_config") && object.contains_key("root_id");
            if is_plugin {
                object["configuration"]["value"] = json!(text);
            }
            object.values_mut().for_each(|value| set_filter(value, text));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| set_filter(item, text)),
        _ => {}
    }
}

/// Envoy looks when a file is moved into place.
fn replace(file: &Path, value: &Value) {
    let new = file.with_extension("new");
    fs::write(&new, value.to_string()).unwrap();
    fs::rename(&new, file).unwrap();
}
