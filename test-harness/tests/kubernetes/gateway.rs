//! What Envoy Gateway 1.9 does with the policies (internal/xds/translator/{listener,wasm}.go, internal/utils/jsonpatch): just as much as
//! ours need.

use std::fs;
use std::path::Path;

use layerprint_harness::repo;
use layerprint_harness::stack::config::{self, visit};
use serde_json::{Value, json};

use crate::manifests::document;
use crate::plain::{
    CONNECTION_MANAGER, Handover, TLS_INSPECTOR, assert_annotates, assert_lacks_the_opening, listener_filters, start,
};

const EXTENSION: &str = "envoy/gateway/extension-policy.yaml";
const CLIENT: &str = "envoy/gateway/client-traffic-policy.yaml";
const PATCH: &str = "envoy/gateway/patch-policy.yaml";
const PROXY: &str = "envoy/gateway/envoy-proxy.yaml";

/// Our listener `tls` is what `https` of the gateway `eg` becomes.
fn apply(config: &mut Value, directory: &Path, handover: Handover) {
    let listeners = config["static_resources"]["listeners"].as_array_mut().unwrap();
    let listener = listeners.iter_mut().find(|listener| listener["name"] == "tls").unwrap();
    client_traffic(listener, &document(CLIENT));
    let policy = document(EXTENSION);
    for (n, wasm) in policy["spec"]["wasm"].as_array().unwrap().iter().enumerate() {
        extension(listener, &policy, n, wasm, handover);
    }
    access_log(listener, &document(PROXY));
    let patch = document(PATCH);
    for patch in patch["spec"]["jsonPatches"].as_array().unwrap() {
        assert_eq!(patch["name"], "default/eg/https");
        json_patch(listener, &patch["operation"], handover);
    }
    // Another file with the same bytes than the one of the extension policy, as there.
    let (mounted, copy) = (mounted(), directory.join("plugin.wasm"));
    fs::copy(repo::module(), &copy).unwrap();
    visit(listener, &mut |object| {
        if object.get("filename").is_some_and(|name| name == &mounted) {
            object.insert("filename".to_owned(), json!(copy));
        }
    });
}

/// Where the volume has the module: in the image it is plugin.wasm.
fn mounted() -> String {
    let proxy = document(PROXY);
    let mount = proxy.pointer("/spec/provider/kubernetes/envoyDeployment/container/volumeMounts/0/mountPath");
    format!("{}/plugin.wasm", mount.unwrap().as_str().unwrap())
}

fn client_traffic(listener: &mut Value, policy: &Value) {
    for kind in policy["spec"]["tls"]["fingerprints"].as_array().unwrap() {
        let key = format!("enable_{}_fingerprinting", kind.as_str().unwrap().to_lowercase());
        for filter in listener_filters(listener) {
            if filter["name"] == TLS_INSPECTOR {
                filter["typed_config"][&key] = json!(true);
            }
        }
    }
}

/// In the listener it is disabled, in the route enabled; the VM has a name of its own.
fn extension(listener: &mut Value, policy: &Value, n: usize, wasm: &Value, handover: Handover) {
    assert_eq!(wasm["code"]["type"], "Image");
    assert_eq!(wasm["config"], Handover::FilterState.config(), "as we ship it");
    let meta = &policy["metadata"];
    let id = format!(
        "envoyextensionpolicy/{}/{}/wasm/{n}",
        meta["namespace"].as_str().unwrap(),
        meta["name"].as_str().unwrap()
    );
    let filter = format!("envoy.filters.http.wasm/{id}");
    let made = json!({
        "name": filter,
        "disabled": true,
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
            "config": {
                "name": wasm["name"],
                "root_id": wasm["rootID"],
                "fail_open": wasm["failOpen"],
                "vm_config": {
                    "vm_id": id,
                    "runtime": "envoy.wasm.runtime.v8",
                    "code": { "local": { "filename": repo::module() } },
                },
                "configuration": {
                    "@type": "type.googleapis.com/google.protobuf.StringValue",
                    "value": handover.config().to_string(),
                },
            },
        },
    });
    // false is protobuf's default, which is not written out.
    let mut made = made;
    made["typed_config"]["config"]
        .as_object_mut()
        .unwrap()
        .retain(|_, value| value != &json!(false));
    for manager in managers(listener) {
        let filters = manager["http_filters"].as_array_mut().unwrap();
        filters.insert(filters.len() - 1, made.clone());
        let route = &mut manager["route_config"]["virtual_hosts"][0]["routes"][0];
        route["typed_per_filter_config"][&filter] = json!({
            "@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig",
            "config": {},
        });
    }
}

fn managers(listener: &mut Value) -> impl Iterator<Item = &mut Value> {
    let chains = listener["filter_chains"].as_array_mut().unwrap().iter_mut();
    chains
        .flat_map(|chain| chain["filters"].as_array_mut().unwrap())
        .filter(|filter| filter["name"] == CONNECTION_MANAGER)
        .map(|filter| &mut filter["typed_config"])
}

fn access_log(listener: &mut Value, proxy: &Value) {
    let settings = &proxy["spec"]["telemetry"]["accessLog"]["settings"][0];
    assert_eq!(
        (&settings["format"]["type"], &settings["sinks"][0]["type"]),
        (&json!("JSON"), &json!("File"))
    );
    for manager in managers(listener) {
        manager["access_log"] = json!([{
            "name": "envoy.access_loggers.file",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
                "path": settings["sinks"][0]["file"]["path"],
                "log_format": { "json_format": settings["format"]["json"] },
            },
        }]);
    }
}

/// `add` at every place that the JSONPath finds, with `path` behind it. Two forms of JSONPath are known here.
fn json_patch(listener: &mut Value, operation: &Value, handover: Handover) {
    assert_eq!(operation["op"], "add");
    let path = operation["path"].as_str().unwrap();
    let mut value = operation["value"].clone();
    visit(&mut value, &mut |object| {
        if let Some(configuration) = object.get_mut("configuration") {
            let shipped: Value = serde_json::from_str(configuration["value"].as_str().unwrap()).unwrap();
            assert_eq!(shipped, Handover::FilterState.config(), "as the other role has it");
            configuration["value"] = json!(handover.config().to_string());
        }
    });
    let found = locate(listener, operation["jsonPath"].as_str().unwrap());
    assert!(
        !found.is_empty(),
        "Envoy Gateway refuses a patch whose JSONPath finds nothing"
    );
    for place in found {
        match path.split_once('/') {
            Some((list, n)) => {
                let list = place[list].as_array_mut().unwrap();
                list.insert(n.parse().unwrap(), value.clone());
            }
            None => place[path] = value.clone(),
        }
    }
}

fn locate<'a>(listener: &'a mut Value, path: &str) -> Vec<&'a mut Value> {
    if path == "$.filter_chains[*]" {
        return listener["filter_chains"].as_array_mut().unwrap().iter_mut().collect();
    }
    let name = path
        .strip_prefix("..http_filters[?(@.name=='")
        .and_then(|rest| rest.strip_suffix("')].typed_config.config"))
        .unwrap_or_else(|| panic!("a JSONPath that this test does not know: {path}"));
    managers(listener)
        .flat_map(|manager| manager["http_filters"].as_array_mut().unwrap())
        .filter(|filter| filter["name"] == name)
        .map(|filter| &mut filter["typed_config"]["config"])
        .collect()
}

#[test]
fn what_envoy_gateway_makes_of_the_policies_annotates_requests() {
    let test = "what_envoy_gateway_makes_of_the_policies_annotates_requests";
    let Some(stack) = start(test, |config, directory| {
        apply(config, directory, Handover::FilterState)
    }) else {
        return;
    };
    assert_annotates(stack, test);
}

#[test]
fn named_as_envoy_gateway_names_it_the_vm_is_shared() {
    let test = "named_as_envoy_gateway_names_it_the_vm_is_shared";
    let Some(stack) = start(test, |config, directory| {
        apply(config, directory, Handover::SharedVmOnly)
    }) else {
        return;
    };
    assert_annotates(stack, test);
}

/// What the test above would see, were the VMs two: the control, for Istio's as well.
#[test]
fn with_a_vm_each_and_no_handover_the_opening_is_lost() {
    let test = "with_a_vm_each_and_no_handover_the_opening_is_lost";
    let made = |config: &mut Value, directory: &Path| {
        apply(config, directory, Handover::SharedVmOnly);
        config::with_separate_vms(config);
    };
    let Some(stack) = start(test, made) else { return };
    assert_lacks_the_opening(stack, test);
}

#[test]
fn all_policies_are_for_the_same_gateway() {
    let target = &document(PATCH)["spec"]["targetRef"];
    for path in [EXTENSION, CLIENT] {
        assert_eq!(document(path)["spec"]["targetRefs"], json!([target]), "{path}");
    }
}
