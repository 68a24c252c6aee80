//! `envoy/envoy.yaml` without layerprint, as a control plane has its listeners before it reads our manifests, and what is asked of every
//! Envoy once it has.

use std::path::Path;
use std::time::Duration;

use layerprint_harness::availability::require_or_skip;
use layerprint_harness::clients::Client;
use layerprint_harness::clients::CurlHttp;
use layerprint_harness::repo;
use layerprint_harness::stack::config::visit;
use layerprint_harness::stack::{Stack, StackOptions};
use serde_json::{Value, json};

pub(crate) const CONNECTION_MANAGER: &str = "envoy.filters.network.http_connection_manager";
pub(crate) const TLS_INSPECTOR: &str = "envoy.filters.listener.tls_inspector";

const SOON: Duration = Duration::from_secs(10);

/// How the two roles can meet.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Handover {
    /// The opening goes into filter state as well: what we ship.
    FilterState,
    /// It does not: the request role finds it only in a VM that the two share.
    SharedVmOnly,
}

impl Handover {
    /// The filter's configuration.
    pub(crate) fn config(self) -> Value {
        match self {
            Self::FilterState => json!({ "mode": "observe" }),
            Self::SharedVmOnly => json!({ "mode": "observe", "connection": { "handover": false } }),
        }
    }
}

/// Takes layerprint and the access logs out of every listener.
pub(crate) fn take_out_layerprint(config: &mut Value) {
    for listener in config["static_resources"]["listeners"].as_array_mut().unwrap() {
        for filter in listener_filters(listener) {
            if filter["name"] == TLS_INSPECTOR {
                filter["typed_config"] = json!({
                    "@type": "type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector"
                });
            }
        }
        for chain in chains(listener) {
            let filters = chain["filters"].as_array_mut().unwrap();
            filters.retain(|filter| !is_ours(filter));
            for filter in filters {
                let settings = filter["typed_config"].as_object_mut().unwrap();
                settings.remove("access_log");
                if let Some(filters) = settings.get_mut("http_filters") {
                    filters.as_array_mut().unwrap().retain(|filter| !is_ours(filter));
                }
            }
        }
    }
}

fn is_ours(filter: &Value) -> bool {
    let name = filter["name"].as_str().unwrap();
    name.ends_with(".wasm") || name.ends_with(".set_filter_state")
}

pub(crate) fn listener_filters(listener: &mut Value) -> impl Iterator<Item = &mut Value> {
    listener
        .get_mut("listener_filters")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
}

/// The filter chains, and the default one.
pub(crate) fn chains(listener: &mut Value) -> Vec<&mut Value> {
    let parts = listener.as_object_mut().unwrap().iter_mut();
    parts
        .flat_map(|(key, value)| match (key.as_str(), value) {
            ("filter_chains", Value::Array(chains)) => chains.iter_mut().collect(),
            ("default_filter_chain", chain) => vec![chain],
            _ => Vec::new(),
        })
        .collect()
}

/// Starts Envoy with what `made` does to the bare configuration. What it logs to its stdout goes to the access log's file.
pub(crate) fn start(test: &str, made: impl FnOnce(&mut Value, &Path) + Send + 'static) -> Option<Stack> {
    let needs = [Stack::availability(), Client::Curl(CurlHttp::Http2).availability()];
    if !require_or_skip(test, needs) {
        return None;
    }
    let directory = repo::run_directory().join(format!("{test}-{}", std::process::id()));
    let (log, folder) = (directory.join("access.log"), directory.clone());
    let options = StackOptions::new(test).directory(&directory).edit(move |config| {
        take_out_layerprint(config);
        made(config, &folder);
        visit(config, &mut |object| {
            if object.get("path").is_some_and(|path| path == "/dev/stdout") {
                object.insert("path".to_owned(), json!(log));
            }
        });
    });
    Some(Stack::start(options).unwrap())
}

/// curl over TLS: the annotations reach the upstream, a forged one does not, and the line has what each part brings.
pub(crate) fn assert_annotates(stack: Stack, test: &str) {
    let forged = [("X-Layerprint-Verdict", "allow;forged")];
    let reply = Client::Curl(CurlHttp::Http2)
        .get(&stack.tls_url("/page"), &forged)
        .unwrap();
    assert_eq!((reply.status, reply.protocol.as_str()), (200, "HTTP/2"));
    let verdicts = reply.received_all("x-layerprint-verdict");
    assert_eq!(verdicts.len(), 1, "{verdicts:?}");
    assert!(!verdicts[0].contains("forged"), "{verdicts:?}");
    assert!(
        reply.received("x-layerprint-ja4").unwrap().starts_with("t13d"),
        "the bridge"
    );
    assert!(
        reply.received("x-layerprint-h2").unwrap().contains("|m,p,s,a"),
        "the connection role"
    );

    let line = stack.access_log().wait_for(1, SOON).unwrap()[0].clone();
    assert_eq!((&line["method"], &line["status"]), (&json!("GET"), &json!(200)));
    let line = &line["layerprint"];
    assert_eq!(line["ja3"].as_str().unwrap().len(), 32);
    assert_eq!(line["tls_source"], "proxy");
    assert!(line["h2"].as_str().unwrap().contains("|m,p,s,a"));
    end(stack, test);
}

/// The same where the request role finds nothing of the connection: annotated all the same, with less.
pub(crate) fn assert_lacks_the_opening(stack: Stack, test: &str) {
    let reply = Client::Curl(CurlHttp::Http2).get(&stack.tls_url("/page"), &[]).unwrap();
    assert_eq!(reply.status, 200);
    assert!(reply.received("x-layerprint-ja4").is_some());
    assert_eq!(reply.received("x-layerprint-h2"), None);
    end(stack, test);
}

fn end(stack: Stack, test: &str) {
    drop(stack);
    let _ = std::fs::remove_dir_all(repo::run_directory().join(format!("{test}-{}", std::process::id())));
}
