//! What istiod 1.30 does with a WasmPlugin and an EnvoyFilter for a gateway (pilot/pkg/model/extensions.go,
//! pilot/pkg/networking/core/envoyfilter/listener_patch.go), and what its agent does with the image (pkg/wasm/convert.go): just as much as
//! ours need.

use std::fs;
use std::path::Path;

use layerprint_harness::repo;
use layerprint_harness::stack::Stack;
use serde_json::{Value, json};

use crate::manifests::{document, documents};
use crate::plain::{
    CONNECTION_MANAGER, Handover, assert_annotates, assert_lacks_the_opening, chains, listener_filters, start,
};

const PLUGINS: &str = "envoy/istio/wasmplugin.yaml";
const FILTER: &str = "envoy/istio/envoyfilter.yaml";

/// Plugins first, EnvoyFilters over what they made: so istiod does it.
fn apply(config: &mut Value, directory: &Path, plugins: &[Value], filter: &Value) {
    // Discovery wants to know who asks.
    config["node"] = json!({ "id": "router", "cluster": "istio-ingress" });
    for listener in config["static_resources"]["listeners"].as_array_mut().unwrap() {
        // Those that Istio makes for servers with TLS and HTTP; it never mixes those with our passthrough.
        for plugin in plugins {
            add_plugin(listener, directory, plugin);
        }
        for patch in filter["spec"]["configPatches"].as_array().unwrap() {
            apply_patch(listener, patch);
        }
    }
}

fn add_plugin(listener: &mut Value, directory: &Path, plugin: &Value) {
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
    let kind = format!("type.googleapis.com/envoy.extensions.filters.{kind}.wasm.v3.Wasm");
    let mut made = json!({
        "@type": kind,
        "config": {
            "name": name,
            "root_id": spec["pluginName"],
            "failure_policy": policy,
            // No vm_id. The agent has fetched the image, and takes Istio's own variables out.
            "vm_config": { "runtime": "envoy.wasm.runtime.v8", "code": { "local": { "filename": repo::module() } } },
            "configuration": {
                "@type": "type.googleapis.com/google.protobuf.StringValue",
                "value": spec["pluginConfig"].to_string(),
            },
        },
    });
    if let Some(variables) = variables(&spec["vmConfig"]) {
        made["config"]["vm_config"]["environment_variables"] = variables;
    }
    let made = discovered(
        directory,
        &format!("extensions.istio.io/wasmplugin/{name}"),
        &kind,
        &made,
    );
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

fn variables(vm: &Value) -> Option<Value> {
    let variables = vm["env"].as_array()?.iter().map(|variable| {
        assert_eq!(variable["valueFrom"], "HOST");
        variable["name"].clone()
    });
    Some(json!({ "host_env_keys": variables.collect::<Vec<_>>() }))
}

/// A filter whose configuration comes by extension discovery, as Istio sends it; from a file here, in the place of its service.
fn discovered(directory: &Path, name: &str, kind: &str, plugin: &Value) -> Value {
    let response = json!({
        "version_info": "1",
        "resources": [{
            "@type": "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig",
            "name": name,
            "typed_config": plugin,
        }],
    });
    let path = directory.join(format!("{}.json", name.replace('/', ".")));
    fs::write(&path, response.to_string()).unwrap();
    json!({
        "name": name,
        "config_discovery": {
            "config_source": { "path_config_source": { "path": path }, "resource_api_version": "V3" },
            "type_urls": [kind],
        },
    })
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

fn start_with(test: &str, plugins: Vec<Value>) -> Option<Stack> {
    start(test, move |config, directory| {
        apply(config, directory, &plugins, &document(FILTER));
    })
}

#[test]
fn what_istio_makes_of_the_manifests_annotates_requests() {
    let test = "what_istio_makes_of_the_manifests_annotates_requests";
    let Some(stack) = start_with(test, plugins(Handover::FilterState)) else {
        return;
    };
    assert_annotates(stack, test);
}

#[test]
fn without_a_vm_id_the_two_plugins_share_one_vm() {
    let test = "without_a_vm_id_the_two_plugins_share_one_vm";
    let Some(stack) = start_with(test, plugins(Handover::SharedVmOnly)) else {
        return;
    };
    assert_annotates(stack, test);
}

#[test]
fn so_they_do_where_both_have_a_key_from_the_environment() {
    let test = "so_they_do_where_both_have_a_key_from_the_environment";
    let mut plugins = plugins(Handover::SharedVmOnly);
    plugins.iter_mut().for_each(give_a_key);
    let Some(stack) = start_with(test, plugins) else { return };
    assert_annotates(stack, test);
}

#[test]
fn where_one_alone_has_it_the_vms_are_two() {
    let test = "where_one_alone_has_it_the_vms_are_two";
    let mut plugins = plugins(Handover::SharedVmOnly);
    plugins.iter_mut().skip(1).for_each(give_a_key);
    let Some(stack) = start_with(test, plugins) else { return };
    assert_lacks_the_opening(stack, test);
}

fn give_a_key(plugin: &mut Value) {
    plugin["spec"]["vmConfig"] = json!({ "env": [{ "name": "PATH", "valueFrom": "HOST" }] });
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
