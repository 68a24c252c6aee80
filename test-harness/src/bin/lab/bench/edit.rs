//! `envoy/envoy.yaml` made small: no upstream and no access log, so that the cost of what is measured is not hidden behind
//! theirs.

use layerprint_harness::stack::config::without_connection_role;
use serde_json::{Value, json};

use super::http1::BODY;

const CONNECTION_MANAGER: &str = "envoy.filters.network.http_connection_manager";
const ROUTER: &str = "envoy.filters.http.router";

/// Which roles of the Wasm module run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Roles {
    /// It is not loaded.
    None,
    /// The HTTP filter.
    Request,
    /// The network filter too.
    Both,
}

/// What is left.
pub(super) struct Small<'a> {
    /// The names of the listener filters that stay, if they are there.
    pub(super) listener_filters: &'a [&'a str],
    pub(super) roles: Roles,
    /// The routes, each answered by Envoy itself.
    pub(super) routes: Value,
}

impl Small<'_> {
    /// Takes all else out of each listener.
    pub(super) fn apply(&self, config: &mut Value) {
        if self.roles == Roles::Request {
            without_connection_role(config);
        }
        for listener in listeners(config) {
            if let Some(filters) = listener.get_mut("listener_filters").and_then(Value::as_array_mut) {
                filters.retain(|filter| self.listener_filters.contains(&name(filter)));
            }
            for filters in chains(listener) {
                self.apply_to_chain(filters);
            }
        }
    }

    fn apply_to_chain(&self, filters: &mut Vec<Value>) {
        // Filter state is set for the module alone.
        let own = |filter: &Value| name(filter).ends_with(".wasm") || name(filter).ends_with(".set_filter_state");
        filters.retain(|filter| self.roles != Roles::None || !own(filter));
        for filter in filters {
            let is_http = name(filter) == CONNECTION_MANAGER;
            let Some(settings) = filter.get_mut("typed_config").and_then(Value::as_object_mut) else {
                continue;
            };
            settings.remove("access_log");
            if !is_http {
                continue;
            }
            let hosts = json!({ "virtual_hosts": [{ "name": "all", "domains": ["*"], "routes": self.routes }] });
            settings.insert("route_config".to_owned(), hosts);
            if let Some(filters) = settings.get_mut("http_filters").and_then(Value::as_array_mut) {
                filters.retain(|filter| self.roles != Roles::None || name(filter) == ROUTER);
            }
        }
    }
}

/// All listeners.
pub(super) fn listeners(config: &mut Value) -> impl Iterator<Item = &mut Value> {
    config
        .pointer_mut("/static_resources/listeners")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
}

/// A route that answers two letters, with these headers: each a name and what Envoy is to write into it.
pub(super) fn answer(matched: Value, headers: &[(String, String)]) -> Value {
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| json!({ "header": { "key": name, "value": value } }))
        .collect();
    json!({
        "match": matched,
        "direct_response": { "status": 200, "body": { "inline_string": BODY } },
        "response_headers_to_add": headers,
    })
}

/// JA4 in form, of no client there is: nothing is known of it, and so nothing found.
const JA4: &str = "t13d1516h2_000000000001_000000000002";

/// Puts [`JA4`] where the filter looks for what Envoy made of the ClientHello: connections in cleartext have none.
pub(super) fn tell_ja4(config: &mut Value) {
    let told = json!({
        "name": "envoy.filters.network.set_filter_state",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.set_filter_state.v3.Config",
            "on_new_connection": [{
                "object_key": "layerprint.tls.ja4",
                "factory_key": "envoy.string",
                "format_string": { "text_format_source": { "inline_string": JA4 } },
            }],
        },
    });
    for listener in listeners(config) {
        let filters = listener
            .pointer_mut("/filter_chains/0/filters")
            .and_then(Value::as_array_mut);
        if let Some(filters) = filters {
            filters.insert(0, told.clone());
        }
    }
}

/// Changes the network filters of each chain of each listener.
pub(super) fn each_chain(config: &mut Value, mut change: impl FnMut(&mut Vec<Value>)) {
    for listener in listeners(config) {
        chains(listener).for_each(&mut change);
    }
}

fn chains(listener: &mut Value) -> impl Iterator<Item = &mut Vec<Value>> {
    let parts = listener.as_object_mut().into_iter().flatten();
    let chains = parts.flat_map(|(key, value)| match (key.as_str(), value) {
        ("filter_chains", Value::Array(chains)) => chains.iter_mut().collect(),
        ("default_filter_chain", chain) => vec![chain],
        _ => Vec::new(),
    });
    chains.filter_map(|chain| chain.get_mut("filters")?.as_array_mut())
}

fn name(filter: &Value) -> &str {
    filter.get("name").and_then(Value::as_str).unwrap_or_default()
}
