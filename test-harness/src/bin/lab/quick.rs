//! `envoy/envoy.yaml` for long and for heavy loads: Envoy answers itself, and lines of the log, which are made, go nowhere.

use layerprint_harness::stack::config::visit;
use serde_json::{Map, Value, json};

/// Answers requests under this path with two letters.
pub(crate) fn answer(config: &mut Value, prefix: &str) {
    visit(config, &mut |object| {
        if let Some(Value::Array(routes)) = object.get_mut("routes") {
            let answer = json!({"status": 200, "body": {"inline_string": "ok"}});
            routes.insert(0, json!({"match": {"prefix": prefix}, "direct_response": answer}));
        }
    });
}

/// There would be gigabytes.
pub(crate) fn log_to_nowhere(config: &mut Value) {
    let is_log = |object: &Map<String, Value>| {
        let kind = object.get("@type").and_then(Value::as_str);
        kind.is_some_and(|kind| kind.ends_with(".FileAccessLog"))
    };
    visit(config, &mut |object| {
        if is_log(object) {
            object.insert("path".to_owned(), json!("/dev/null"));
        }
    });
}
