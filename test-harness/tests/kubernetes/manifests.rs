//! Reads the manifests, and holds them against definitions: those of fields.yaml, and the projects' own where there are any.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use layerprint_harness::availability::{Availability, require_or_skip, skip};
use layerprint_harness::repo;
use serde_json::{Value, json};

/// Every manifest that we ship.
const FILES: [&str; 6] = [
    "envoy/istio/wasmplugin.yaml",
    "envoy/istio/envoyfilter.yaml",
    "envoy/gateway/extension-policy.yaml",
    "envoy/gateway/client-traffic-policy.yaml",
    "envoy/gateway/envoy-proxy.yaml",
    "envoy/gateway/patch-policy.yaml",
];

/// The documents of a file of the repository.
pub(crate) fn documents(path: &str) -> Vec<Value> {
    of_file(&repo::root().join(path))
}

/// The one document of a file.
pub(crate) fn document(path: &str) -> Value {
    let [only] = <[Value; 1]>::try_from(documents(path)).unwrap();
    only
}

fn of_file(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    // One by one: the parser's budget is for a document, and definitions are large.
    let documents = text.split("\n---\n").map(|text| {
        let parsed = serde_saphyr::from_str(text);
        parsed.unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    });
    documents.filter(|document: &Value| !document.is_null()).collect()
}

fn checker() -> Availability {
    let python = repo::venv().join("bin/python");
    let found = Command::new(python).args(["-c", "import jsonschema"]).output();
    if found.is_ok_and(|output| output.status.success()) {
        return Availability::Here;
    }
    Availability::missing("jsonschema is not in .venv: run `make setup`")
}

/// The mistakes of each.
fn mistakes(definitions: &Value, manifests: &[Value]) -> Vec<Vec<String>> {
    let mut process = Command::new(repo::venv().join("bin/python"))
        .arg(repo::root().join("test-harness/crd.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let given = json!({ "definitions": definitions, "manifests": manifests });
    let mut input = process.stdin.take().unwrap();
    input.write_all(given.to_string().as_bytes()).unwrap();
    drop(input);
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

fn our_definitions() -> Value {
    let path = repo::root().join("test-harness/tests/kubernetes/fields.yaml");
    serde_saphyr::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn assert_all_fit(definitions: &Value) {
    for path in FILES {
        let documents = documents(path);
        let found: Vec<String> = mistakes(definitions, &documents).into_iter().flatten().collect();
        assert_eq!(found, <[String; 0]>::default(), "{path}");
    }
}

#[test]
fn every_manifest_has_the_fields_of_its_kind() {
    if require_or_skip("every_manifest_has_the_fields_of_its_kind", [checker()]) {
        assert_all_fit(&our_definitions());
    }
}

#[test]
fn every_manifest_fits_the_definitions_that_the_projects_publish() {
    let test = "every_manifest_fits_the_definitions_that_the_projects_publish";
    let Some(folder) = std::env::var_os("LAYERPRINT_CRDS") else {
        // Not ours to ship, and no package has them.
        return skip(test, "LAYERPRINT_CRDS names no folder of CustomResourceDefinitions");
    };
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let definitions: Vec<Value> = files.flat_map(|path| of_file(&path)).collect();
    assert_all_fit(&json!(definitions));
}

#[test]
fn a_mistake_is_found_with_its_place() {
    if !require_or_skip("a_mistake_is_found_with_its_place", [checker()]) {
        return;
    }
    let cases = [
        // An unknown field, which an API server would drop in silence.
        ("/spec/fialStrategy", json!("FAIL_RELOAD"), "$.spec: "),
        ("/spec/type", json!("LISTENER"), "$.spec.type: "),
        ("/spec/pluginName", json!(1), "$.spec.pluginName: "),
        ("/apiVersion", json!("extensions.istio.io/v1"), "has no version v1"),
        ("/kind", json!("WasmPlugins"), "nothing defines WasmPlugins"),
    ];
    for (place, value, expected) in cases {
        let mut plugin = documents(FILES[0]).remove(0);
        let (parent, key) = place.rsplit_once('/').unwrap();
        let parent = plugin.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        parent.insert(key.to_owned(), value);
        let found = mistakes(&our_definitions(), &[plugin]).remove(0);
        assert!(
            found.iter().any(|mistake| mistake.contains(expected)),
            "{place}: {found:?}"
        );
    }
}
