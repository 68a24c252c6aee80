//! What is compared: configurations of one Envoy that differ in what is measured and in nothing else. Each comes from
//! `envoy/envoy.yaml` and `envoy/probe/listener.yaml`, made small.

use std::error::Error;
use std::net::Ipv4Addr;

use layerprint_harness::stack::{Stack, StackOptions};
use serde_json::{Value, json};

use super::super::edit::{Roles, Small, answer, listeners};
use super::super::measure::{Load, Running};
use super::load::{self, Connections, Seen};

/// The variant that the target is about.
pub(super) const TARGET: &str = "syn rtt";
/// The variant that is the same as the first of its group.
pub(super) const CONTROL: &str = "bare, a second one";

const PROBE: &str = "envoy.filters.listener.dynamic_modules";
const INSPECTOR: &str = "envoy.filters.listener.tls_inspector";

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
    /// Starts its Envoy, and looks whether it is what it is called: a probe that hands nothing over is cheap.
    pub(super) fn start(&'static self, tls: bool) -> Result<Running, Box<dyn Error>> {
        let stack = Stack::start(self.options())?;
        let ports = stack.ports();
        let to = (Ipv4Addr::LOCALHOST, if tls { ports.tls } else { ports.http }).into();
        self.check(&load::evidence(to, tls)?)?;
        let loads: Vec<Box<dyn Load>> = vec![Box::new(Connections { to, tls })];
        Ok(Running { loads, stack })
    }

    fn options(&'static self) -> StackOptions {
        let options = StackOptions::new("bench")
            .concurrency(1)
            .edit(|config| self.edit(config));
        match self.probe {
            Some(_) => options.with_probe(),
            None => options,
        }
    }

    /// Whether a connection showed what it should, and nothing else.
    fn check(&self, seen: &Seen) -> Result<(), String> {
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
        let small = Small {
            listener_filters: if self.inspector { &[PROBE, INSPECTOR] } else { &[PROBE] },
            roles: if self.module { Roles::Both } else { Roles::None },
            routes: routes(),
        };
        small.apply(config);
        for listener in listeners(config) {
            let filters = listener.get_mut("listener_filters").and_then(Value::as_array_mut);
            for words in filters
                .into_iter()
                .flatten()
                .filter_map(|filter| filter.pointer_mut("/typed_config/filter_config/value"))
            {
                *words = json!(self.probe);
            }
        }
    }
}

/// `/` is answered with two letters; `/evidence` tells in headers what is in the connection's filter state. The first byte
/// is enough, and of the round-trip time nothing else would be the same on each connection.
fn routes() -> Value {
    let evidence = ["tcp.syn", "tcp.rtt_us", "tls.client_hello"].map(|key| {
        let value = format!("%FILTER_STATE(layerprint.{key}:PLAIN):1%");
        (format!("x-{}", key.replace(['.', '_'], "-")), value)
    });
    json!([
        answer(json!({ "path": "/" }), &[]),
        answer(json!({ "path": "/evidence" }), &evidence),
    ])
}
