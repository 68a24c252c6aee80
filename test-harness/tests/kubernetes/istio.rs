//! What istiod 1.30 does with a WasmPlugin and an EnvoyFilter for a gateway (pilot/pkg/model/extensions.go,
//! pilot/pkg/networking/core/envoyfilter/listener_patch.go), and what its agent does with the image (pkg/wasm/convert.go): just as much as
//! ours need.

use layerprint_harness::repo;
use layerprint_harness::stack::config;
use serde_json::{Value, json};

use crate::manifests::{document, documents};
use crate::plain::{
    CONNECTION_MANAGER, Handover, assert_annotates, assert_lacks_the_opening, chains, listener_filters, start,
};

const PLUGINS: &str = "envoy/istio/wasmplugin.yaml";
const FILTER: &str = "envoy/istio/envoyfilter.yaml";

/// Plugins first, EnvoyFilters over what they made: so istiod does it.
fn apply(config: &mut Value, plugins: &[Value], filter: &Value) {
    for listener in config["static_resources"]["listeners"].as_array_mut().unwrap() {
        // Those that Istio makes for servers with TLS and HTTP; it never mixes those with our passthrough.
        for plugin in plugins {
            add_plugin(listener, plugin);
        }
        for patch in filter["spec"]["configPatches"].as_array().unwrap() {
            apply_patch(listener, patch);
        }
    }
}

fn add_plugin(listener: &mut Value, plugin: &Value) {
    let spec = &plugin["spec"];
    let (filters, kind) = match spec["type"].as_str().unwrap() {
        "NETWORK" => ("filters", "network"),
        "HTTP" => ("http_filters", "http"),
        other => panic!("type {other}"),
    };
    let policy = match spec["failStrategy"].as_str().unwrap() {
        "FAIL_CLOSE" => "FAIL_CLOSED",
        same => same,
    };
    let name = format!(
        "{}.{}",
        plugin["metadata"]["namespace"].as_str().unwrap(),
        plugin["metadata"]["name"].as_str().unwrap()
    );
    assert!(spec["url"].as_str().unwrap().starts_with("oci://"));
    let made = json!({
        "name": format!("extensions.istio.io/wasmplugin/{name}"),
        "typed_config": {
            "@type": format!("type.googleapis.com/envoy.extensions.filters.{kind}.wasm.v3.Wasm"),
            "config": {
                "name": name,
                "root_id": spec["pluginName"],
                "failure_policy": policy,
                // No vm_id. The agent has fetched the image, and takes its own variables out.
                "vm_config": { "runtime": "envoy.wasm.runtime.v8", "code": { "local": { "filename": repo::module() } } },
                "configuration": {
                    "@type": "type.googleapis.com/google.protobuf.StringValue",
                    "value": spec["pluginConfig"].to_string(),
                },
            },
        },
    });
    for chain in chains(listener) {
        let Some(manager) = manager(chain) else { continue };
        match filters {
            // Behind what there is, in front of the connection manager, which ends the chain.
            "filters" => {
                let filters = chain["filters"].as_array_mut().unwrap();
                filters.insert(filters.len() - 1, made.clone());
            }
            // phase AUTHN: in front of Istio's own.
            _ => {
                assert_eq!(spec["phase"], "AUTHN");
                manager["typed_config"]["http_filters"]
                    .as_array_mut()
                    .unwrap()
                    .insert(0, made.clone());
            }
        }
    }
}

fn manager(chain: &mut Value) -> Option<&mut Value> {
    let filters = chain["filters"].as_array_mut().unwrap();
    filters.iter_mut().find(|filter| filter["name"] == CONNECTION_MANAGER)
}

fn apply_patch(listener: &mut Value, patch: &Value) {
    assert_eq!(patch["match"]["context"], "GATEWAY");
    let (matched, operation, value) = (
        &patch["match"]["listener"],
        patch["patch"]["operation"].as_str().unwrap(),
        &patch["patch"]["value"],
    );
    match (patch["applyTo"].as_str().unwrap(), operation) {
        ("LISTENER_FILTER", "MERGE") => {
            for filter in listener_filters(listener) {
                if filter["name"] == matched["listenerFilter"] {
                    merge(filter, value);
                }
            }
        }
        ("NETWORK_FILTER", operation) => {
            let name = &matched["filterChain"]["filter"]["name"];
            for chain in chains(listener) {
                let filters = chain["filters"].as_array_mut().unwrap();
                let Some(found) = filters.iter_mut().find(|filter| filter["name"] == *name) else {
                    continue;
                };
                match operation {
                    "MERGE" => merge(found, value),
                    "INSERT_FIRST" => filters.insert(0, value.clone()),
                    other => panic!("operation {other}"),
                }
            }
        }
        other => panic!("{other:?}"),
    }
}

/// As protobuf merges: lists grow, the rest is replaced.
fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (Value::Array(into), Value::Array(from)) => into.extend(from.iter().cloned()),
        (into, from) => *into = from.clone(),
    }
}

fn plugins(handover: Handover) -> Vec<Value> {
    let mut plugins = documents(PLUGINS);
    for plugin in &mut plugins {
        assert_eq!(
            plugin["spec"]["pluginConfig"],
            Handover::FilterState.config(),
            "as we ship it"
        );
        plugin["spec"]["pluginConfig"] = handover.config();
    }
    plugins
}

#[test]
fn what_istio_makes_of_the_manifests_annotates_requests() {
    let test = "what_istio_makes_of_the_manifests_annotates_requests";
    let made = |config: &mut Value| apply(config, &plugins(Handover::FilterState), &document(FILTER));
    let Some(stack) = start(test, made) else { return };
    assert_annotates(stack, test);
}

#[test]
fn without_a_vm_id_the_two_plugins_share_one_vm() {
    let test = "without_a_vm_id_the_two_plugins_share_one_vm";
    let made = |config: &mut Value| apply(config, &plugins(Handover::SharedVmOnly), &document(FILTER));
    let Some(stack) = start(test, made) else { return };
    assert_annotates(stack, test);
}

/// What the test above would see, were the VMs two: the control.
#[test]
fn with_a_vm_each_and_no_handover_the_opening_is_lost() {
    let test = "with_a_vm_each_and_no_handover_the_opening_is_lost";
    let made = |config: &mut Value| {
        apply(config, &plugins(Handover::SharedVmOnly), &document(FILTER));
        config::with_separate_vms(config);
    };
    let Some(stack) = start(test, made) else { return };
    assert_lacks_the_opening(stack, test);
}

#[test]
fn both_plugins_name_the_same_image_gateway_and_configuration() {
    let plugins = documents(PLUGINS);
    let [connection, request] = <[Value; 2]>::try_from(plugins).unwrap();
    for same in [
        "/spec/url",
        "/spec/selector",
        "/spec/pluginConfig",
        "/metadata/namespace",
    ] {
        assert_eq!(
            connection.pointer(same).unwrap(),
            request.pointer(same).unwrap(),
            "{same}"
        );
    }
    assert_eq!(
        document(FILTER).pointer("/spec/workloadSelector/labels"),
        request.pointer("/spec/selector/matchLabels")
    );
}
