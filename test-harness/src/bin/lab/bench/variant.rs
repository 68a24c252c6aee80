//! What is compared: configurations of one Envoy that differ in what is measured and in nothing else. Each comes from
//! `envoy/envoy.yaml` and `envoy/probe/listener.yaml`, made small: no upstream, no access log, so that the cost of what is
//! measured is not hidden behind theirs.

use layerprint_harness::stack::StackOptions;
use serde_json::{Value, json};

use super::load::Seen;

/// The variant that the target is about.
pub(super) const TARGET: &str = "syn rtt";
/// The variant that is the same as the first of its group.
pub(super) const CONTROL: &str = "bare, a second one";

const PROBE: &str = "envoy.filters.listener.dynamic_modules";
const INSPECTOR: &str = "envoy.filters.listener.tls_inspector";
const CONNECTION_MANAGER: &str = "envoy.filters.network.http_connection_manager";
const ROUTER: &str = "envoy.filters.http.router";

/// One configuration.
#[derive(Debug)]
pub(super) struct Variant {
    pub(super) name: &'static str,
    /// What the probe hands over; without it where there is nothing.
    probe: Option<&'static str>,
    /// Whether `tls_inspector` makes JA3 and JA4.
    inspector: bool,
    /// Whether the Wasm module runs, in both roles.
    module: bool,
}

/// Variants that are compared with the first of them.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) title: &'static str,
    pub(super) tls: bool,
    pub(super) variants: &'static [Variant],
}

const BARE: Variant = Variant {
    name: "bare",
    probe: None,
    inspector: false,
    module: false,
};

/// All comparisons; the first one has the target.
pub(super) const GROUPS: [Group; 3] = [
    Group {
        title: "Cleartext HTTP/1.1, one request for each connection",
        tls: false,
        variants: &[
            BARE,
            Variant { name: CONTROL, ..BARE },
            Variant {
                name: TARGET,
                probe: Some("syn rtt"),
                ..BARE
            },
        ],
    },
    Group {
        title: "The same under TLS 1.3, full handshakes of curl",
        tls: true,
        variants: &[
            BARE,
            Variant {
                name: TARGET,
                probe: Some("syn rtt"),
                ..BARE
            },
            Variant {
                name: "syn rtt client_hello",
                probe: Some("syn rtt client_hello"),
                ..BARE
            },
            Variant {
                name: "tls_inspector, JA3 and JA4",
                inspector: true,
                ..BARE
            },
        ],
    },
    Group {
        title: "The same under TLS 1.3, with the module in both roles and tls_inspector",
        tls: true,
        variants: &[
            Variant {
                name: "module",
                inspector: true,
                module: true,
                ..BARE
            },
            Variant {
                name: "module, syn rtt client_hello",
                probe: Some("syn rtt client_hello"),
                inspector: true,
                module: true,
            },
        ],
    },
];

impl Variant {
    /// How its Envoy is started.
    pub(super) fn options(&'static self) -> StackOptions {
        let options = StackOptions::new("bench")
            .concurrency(1)
            .edit(|config| self.edit(config));
        match self.probe {
            Some(_) => options.with_probe(),
            None => options,
        }
    }

    /// Whether a connection showed what it should, and nothing else.
    pub(super) fn check(&self, seen: &Seen) -> Result<(), String> {
        let asked = |word: &str| {
            self.probe
                .is_some_and(|words| words.split(' ').any(|asked| asked == word))
        };
        let expected = Seen {
            syn: asked("syn"),
            rtt: asked("rtt"),
            client_hello: asked("client_hello"),
        };
        if *seen == expected {
            return Ok(());
        }
        Err(format!(
            "{}: expected {expected:?}, but {seen:?} reached the filter state",
            self.name
        ))
    }

    fn edit(&self, config: &mut Value) {
        for listener in list(config, "/static_resources/listeners") {
            if let Some(filters) = listener.get_mut("listener_filters").and_then(Value::as_array_mut) {
                filters.retain(|filter| name(filter) == PROBE || (self.inspector && name(filter) == INSPECTOR));
                for words in filters
                    .iter_mut()
                    .filter_map(|filter| filter.pointer_mut("/typed_config/filter_config/value"))
                {
                    *words = json!(self.probe);
                }
            }
            for filters in ["/filter_chains/0/filters", "/default_filter_chain/filters"] {
                if let Some(filters) = listener.pointer_mut(filters).and_then(Value::as_array_mut) {
                    self.edit_chain(filters);
                }
            }
        }
    }

    fn edit_chain(&self, filters: &mut Vec<Value>) {
        let own = |filter: &Value| name(filter).ends_with(".wasm") || name(filter).ends_with(".set_filter_state");
        filters.retain(|filter| self.module || !own(filter));
        for filter in filters {
            let is_http = name(filter) == CONNECTION_MANAGER;
            let Some(settings) = filter.get_mut("typed_config").and_then(Value::as_object_mut) else {
                continue;
            };
            settings.remove("access_log");
            if !is_http {
                continue;
            }
            settings.insert("route_config".to_owned(), routes());
            if let Some(filters) = settings.get_mut("http_filters").and_then(Value::as_array_mut) {
                filters.retain(|filter| self.module || name(filter) == ROUTER);
            }
        }
    }
}

/// `/` is answered with two letters; `/evidence` tells in headers what is in the connection's filter state. The first byte
/// is enough, and of the round-trip time nothing else would be the same on each connection.
fn routes() -> Value {
    let evidence = ["tcp.syn", "tcp.rtt_us", "tls.client_hello"].map(|key| {
        let value = format!("%FILTER_STATE(layerprint.{key}:PLAIN):1%");
        json!({ "header": { "key": format!("x-{}", key.replace(['.', '_'], "-")), "value": value } })
    });
    let answer = json!({ "status": 200, "body": { "inline_string": "ok" } });
    json!({ "virtual_hosts": [{ "name": "all", "domains": ["*"], "routes": [
        { "match": { "path": "/" }, "direct_response": answer },
        { "match": { "path": "/evidence" }, "direct_response": answer, "response_headers_to_add": evidence },
    ] }] })
}

fn name(filter: &Value) -> &str {
    filter.get("name").and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(config: &'a mut Value, pointer: &str) -> impl Iterator<Item = &'a mut Value> {
    config
        .pointer_mut(pointer)
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
}
