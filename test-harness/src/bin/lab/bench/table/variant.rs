//! What stands side by side: `envoy/envoy.yaml` made small, under TLS, with something different in the filter's place.

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use layerprint_harness::repo;
use layerprint_harness::stack::{FilterConfig, Stack, StackOptions};
use serde_json::{Value, json};

use super::super::edit::{Roles, Small, answer, each_chain, listeners};
use super::super::http1;
use super::filters;
use super::service::Service;
use super::talk::{Manner, Protocol, Talk};

/// A filter that does nothing, built beside.
const NO_OP: &str = "test-harness/bench/noop/target/wasm32-wasip1/release/layerprint_noop.wasm";
/// A configuration in which everything runs.
const FULL: &str = "test-harness/bench/full.json";

/// A request with this header is told what the filter made of it.
const LOOK: &str = "x-look";
const VERDICT: &str = "x-verdict";

const INSPECTOR: &str = "envoy.filters.listener.tls_inspector";
const PROBE: &str = "envoy.filters.listener.dynamic_modules";

/// What runs in an Envoy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setup {
    /// No filter.
    Bare,
    /// No filter, and the probe with all that it hands over.
    Probe,
    /// A WebAssembly filter that does nothing.
    NoOp,
    /// The same, that makes the calls to the proxy that layerprint makes for a later request, and nothing of them.
    Calls,
    /// layerprint with `{}`: the HTTP filter alone.
    Request,
    /// layerprint with `{}` in both roles, with the probe: as `make run` has it, without its access log.
    Observe,
    /// The same with all that there is, enforced, and the access log.
    Full,
    /// A Lua script that sets the same headers.
    Lua,
    /// A service in Rust, asked about each request.
    Service,
}

/// One Envoy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Variant {
    pub(super) name: &'static str,
    pub(super) setup: Setup,
    /// What it is, for those who read the table alone.
    pub(super) what: &'static str,
}

/// Two Envoys that are equal: how much they differ is how little can be told.
pub(super) const BARE: &str = "bare";
pub(super) const TWIN: &str = "bare, a second one";
pub(super) const PROBED: &str = "bare + probe";
pub(super) const DOES_NOTHING: &str = "no-op Wasm filter";
pub(super) const REQUEST: &str = "layerprint, HTTP role alone";
pub(super) const OBSERVE: &str = "layerprint, observe";
pub(super) const FULLY: &str = "layerprint, full";

/// All of them.
pub(super) const VARIANTS: [Variant; 10] = [
    Variant {
        name: BARE,
        setup: Setup::Bare,
        what: "Envoy without a filter",
    },
    Variant {
        name: TWIN,
        setup: Setup::Bare,
        what: "the same: what differs here is chance",
    },
    Variant {
        name: PROBED,
        setup: Setup::Probe,
        what: "the native listener filter hands over SYN, round-trip time and ClientHello to nobody",
    },
    Variant {
        name: DOES_NOTHING,
        setup: Setup::NoOp,
        what: "made with the same SDK, in V8",
    },
    Variant {
        name: "no-op with layerprint's calls",
        setup: Setup::Calls,
        what: "the same, and the ten calls to Envoy that layerprint makes for a later request, with constant values: what is left when nothing is computed",
    },
    Variant {
        name: REQUEST,
        setup: Setup::Request,
        what: "`{}`: observe, default annotations; `tls_inspector`; no network role, no probe",
    },
    Variant {
        name: OBSERVE,
        setup: Setup::Observe,
        what: "`{}` as envoy/envoy.yaml loads it, both roles, `tls_inspector`, with the probe; no access log",
    },
    Variant {
        name: FULLY,
        setup: Setup::Full,
        what: "both roles and probe; enforce, all ladders, rules, limits, behaviour, challenge, all annotations (test-harness/bench/full.json); access log with the line",
    },
    Variant {
        name: "Lua",
        setup: Setup::Lua,
        what: "six request headers with constant values, and no lookup",
    },
    Variant {
        name: "external service",
        setup: Setup::Service,
        what: "ext_authz over HTTP/1.1 on loopback: the same code compiled natively, on the headers alone",
    },
];

/// An Envoy that has shown to be what it is called.
pub(super) struct Site {
    // Envoy goes first, so that it never sees its service gone.
    pub(super) stack: Stack,
    pub(super) service: Option<Service>,
    pub(super) to: SocketAddr,
}

impl Variant {
    /// Starts it, and looks whether it is what it is called.
    pub(super) fn start(&self) -> Result<Site, Box<dyn Error>> {
        let service = match self.setup {
            Setup::Service => Some(Service::start("{}")?),
            _ => None,
        };
        let stack = Stack::start(self.options(service.as_ref().map(|service| service.address)))?;
        let to = (Ipv4Addr::LOCALHOST, stack.ports().tls).into();
        let manner = Manner::with(to, Protocol::Http1, &[(LOOK, "1")])?;
        let look = Talk::open(&manner)?.look(&manner)?;
        let vms = stack
            .admin()
            .stat("wasm.envoy.wasm.runtime.v8.active")?
            .unwrap_or_default();
        self.check(&look, vms)?;
        Ok(Site { stack, service, to })
    }

    fn options(&self, service: Option<SocketAddr>) -> StackOptions {
        let setup = self.setup;
        let options = StackOptions::new("bench")
            .concurrency(1)
            .edit(move |config| edit(config, setup, service));
        let options = match setup {
            Setup::Probe | Setup::Observe | Setup::Full => options.with_probe(),
            _ => options,
        };
        match setup {
            Setup::NoOp => options.module(repo::root().join(NO_OP)),
            Setup::Calls => options
                .module(repo::root().join(NO_OP))
                .filter(json!({ "calls": true })),
            Setup::Full => options.filter(FilterConfig::File(full())),
            Setup::Request | Setup::Observe => options.filter(json!({})),
            Setup::Bare | Setup::Probe | Setup::Lua | Setup::Service => options,
        }
    }

    /// `look` is the answer to a request that asks what was made of it, `vms` how many run.
    fn check(&self, look: &str, vms: u64) -> Result<(), String> {
        let verdict = http1::header(look, VERDICT);
        let says = |words: &str| verdict.is_some_and(|verdict| verdict.contains(words));
        let is_right = match self.setup {
            Setup::Bare | Setup::Probe => vms == 0 && verdict.is_none(),
            Setup::NoOp => vms > 0 && verdict.is_none(),
            Setup::Calls | Setup::Request | Setup::Observe => vms > 0 && says("allow;mode=observe"),
            Setup::Full => vms > 0 && says("allow;mode=enforce"),
            Setup::Lua | Setup::Service => vms == 0 && says("allow;mode=observe"),
        };
        if is_right {
            return Ok(());
        }
        Err(format!(
            "{} is not what it should be: {vms} Wasm VMs, verdict {verdict:?} in {look:?}",
            self.name
        ))
    }
}

/// The configuration in which everything runs.
pub(super) fn full() -> PathBuf {
    repo::root().join(FULL)
}

fn edit(config: &mut Value, setup: Setup, service: Option<SocketAddr>) {
    let roles = match setup {
        Setup::Bare | Setup::Probe | Setup::Lua | Setup::Service => Roles::None,
        Setup::NoOp | Setup::Calls | Setup::Request => Roles::Request,
        Setup::Observe | Setup::Full => Roles::Both,
    };
    let log = access_log(config).filter(|_| setup == Setup::Full);
    let look = json!({ "prefix": "/", "headers": [{ "name": LOOK, "present_match": true }] });
    let verdict = (VERDICT.to_owned(), "%REQ(x-layerprint-verdict)%".to_owned());
    let small = Small {
        listener_filters: match setup {
            Setup::Request | Setup::Observe | Setup::Full => &[PROBE, INSPECTOR],
            _ => &[PROBE],
        },
        roles,
        routes: json!([answer(look, &[verdict]), answer(json!({ "prefix": "/" }), &[])]),
    };
    small.apply(config);
    if matches!(setup, Setup::NoOp | Setup::Calls) {
        // What the filter that does nothing has no use for.
        each_chain(config, |filters| {
            filters.retain(|filter| {
                !filter
                    .get("name")
                    .is_some_and(|name| name == "envoy.filters.network.set_filter_state")
            });
        });
    }
    let in_place = match (setup, service) {
        (Setup::Lua, _) => Some(filters::lua()),
        (Setup::Service, Some(address)) => Some(filters::asking(address)),
        _ => None,
    };
    each_chain(config, |filters| {
        for filter in filters {
            let Some(settings) = filter.get_mut("typed_config").and_then(Value::as_object_mut) else {
                continue;
            };
            let http = settings.get_mut("http_filters").and_then(Value::as_array_mut);
            let is_http = http.is_some();
            if let (Some(http), Some(filter)) = (http, &in_place) {
                http.insert(0, filter.clone());
            }
            if let Some(log) = log.as_ref().filter(|_| is_http) {
                settings.insert("access_log".to_owned(), log.clone());
            }
        }
    });
    let clusters = config
        .pointer_mut("/static_resources/clusters")
        .and_then(Value::as_array_mut);
    if let (Some(clusters), Some(address)) = (clusters, service) {
        clusters.push(filters::cluster(address));
    }
}

/// The access log of requests, as `envoy/envoy.yaml` has it under TLS.
fn access_log(config: &mut Value) -> Option<Value> {
    let listener = listeners(config).find(|listener| listener.get("name").is_some_and(|name| name == "tls"))?;
    let filters = listener.pointer("/filter_chains/0/filters")?.as_array()?;
    filters
        .iter()
        .find_map(|filter| filter.pointer("/typed_config/access_log"))
        .cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variant_that_is_not_what_it_is_called_is_refused() {
        let check = |setup, look: &str, vms| {
            let variant = VARIANTS.iter().find(|variant| variant.setup == setup).unwrap();
            variant.check(look, vms).is_ok()
        };
        let observed = "x-verdict: allow;mode=observe;class=page\r\n";
        let enforced = "x-verdict: allow;mode=enforce;class=page\r\n";
        let conflict = "x-verdict: challenge;mode=enforce;class=page\r\n";
        assert!(check(Setup::Bare, "", 0));
        assert!(!check(Setup::Bare, "", 2));
        assert!(check(Setup::NoOp, "", 2));
        assert!(!check(Setup::NoOp, observed, 2));
        for setup in [Setup::Calls, Setup::Request, Setup::Observe] {
            assert!(check(setup, observed, 2));
            assert!(!check(setup, observed, 0));
            assert!(!check(setup, "", 2));
        }
        assert!(check(Setup::Full, enforced, 2));
        assert!(!check(Setup::Full, observed, 2));
        assert!(!check(Setup::Full, conflict, 2));
        for setup in [Setup::Lua, Setup::Service] {
            assert!(check(setup, observed, 0));
            assert!(!check(setup, "", 0));
        }
    }

    #[test]
    fn the_full_configuration_is_accepted() {
        let text = std::fs::read(full()).unwrap();
        layerprint::policy::config::Config::parse(&text).unwrap();
    }
}
