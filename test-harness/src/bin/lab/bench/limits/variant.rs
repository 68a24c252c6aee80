//! What `bench-limits` compares. `envoy/envoy.yaml` made small: all is answered by Envoy itself, so that no upstream adds its
//! noise. A connection is in cleartext, and has a JA4 that Envoy is told: limits count by TLS, and TLS costs more than they do.

use std::error::Error;
use std::net::Ipv4Addr;
use std::path::PathBuf;

use layerprint_harness::repo;
use layerprint_harness::stack::{FilterConfig, Stack, StackOptions};
use serde_json::{Value, json};

use super::super::edit::{Roles, Small, answer, tell_ja4};
use super::super::http1;
use super::super::http2::{Request, Steady};
use super::super::measure::{Load, Running};

/// A limit that all requests to the login route count for, and that none is over.
const LIMITED: &str = r#"{"limits":{"rates":[{"name":"bench","match":{"class":"login"},"key":["lp1_tls","client_net"],"requests":1000000,"per_s":10,"action":"limit","mode":"enforce"}]}}"#;
/// What it allows.
const ALLOWED: &str = "1000000";

/// What is measured without a target: the name of the second configuration, which is held against the first.
const PAIRS: [Pair; 2] = [
    Pair(
        "tracked",
        r#"{"behaviour":{"login":false,"rotation":false,"sequence":false}}"#,
        "{}",
    ),
    Pair(
        "signed",
        r#"{"annotate":{"signature":false}}"#,
        r#"{"annotate":{"signature":{"keyid":"bench","key":"rB3VQmzqQW5o8zq0t1P2mG4mS3wYxX1dX6m8o3wq9yE="}}}"#,
    ),
];

/// Of the class that the limit is about.
const LOGIN: &str = "/login";
/// Of another one.
const ABOUT: &str = "/about";

/// What each Envoy is asked for, and the class it is of.
pub(super) const LOADS: [(&str, &str); 2] = [(LOGIN, "login"), (ABOUT, "page")];

/// The names of those with a target.
pub(super) const BARE: &str = "bare";
pub(super) const NO_OP: &str = "no-op";
pub(super) const PLAIN: &str = "layerprint";
pub(super) const TWIN: &str = "layerprint, a second one";
pub(super) const LIMITS: &str = "limited";

/// A request with this header is told what the filter made of it.
const LOOK: &str = "x-look";
const VERDICT: &str = "x-verdict";
const ID: &str = "x-id";

/// What runs in an Envoy.
#[derive(Clone, Debug, PartialEq)]
enum Setup {
    /// No Wasm.
    Bare,
    /// A filter that does nothing.
    NoOp,
    /// layerprint in both roles.
    Layerprint(FilterConfig),
}

/// One Envoy.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Variant {
    pub(super) name: &'static str,
    setup: Setup,
    /// The name of the one that it is compared with.
    pub(super) beside: Option<&'static str>,
}

/// See [`PAIRS`].
struct Pair(&'static str, &'static str, &'static str);

/// Those with a target. `limits` is what [`limits`] gives, or another configuration.
pub(super) fn variants(limits: FilterConfig) -> Vec<Variant> {
    let plain = || Setup::Layerprint(json!({}).into());
    vec![
        variant(BARE, Setup::Bare, None),
        variant(NO_OP, Setup::NoOp, Some(BARE)),
        variant(PLAIN, plain(), Some(BARE)),
        variant(TWIN, plain(), Some(PLAIN)),
        variant(LIMITS, Setup::Layerprint(limits), Some(PLAIN)),
    ]
}

/// Those without.
pub(super) fn pairs() -> Vec<Variant> {
    let layerprint = |text: &str| Setup::Layerprint(FilterConfig::Text(text.to_owned()));
    let both = |Pair(name, without, with): &Pair| {
        [
            variant(without, layerprint(without), None),
            variant(name, layerprint(with), Some(without)),
        ]
    };
    PAIRS.iter().flat_map(both).collect()
}

/// The limit that is measured.
pub(super) fn limits() -> FilterConfig {
    FilterConfig::Text(LIMITED.to_owned())
}

/// Shows that the limit counts what it should: of the same that allows one request, the second is over. Otherwise cheapness
/// would prove nothing.
pub(super) fn prove() -> Result<(), Box<dyn Error>> {
    let narrow = FilterConfig::Text(LIMITED.replace(ALLOWED, "1"));
    let stack = Stack::start(variant(LIMITS, Setup::Layerprint(narrow), None).options())?;
    let to = (Ipv4Addr::LOCALHOST, stack.ports().http).into();
    let statuses = [ABOUT, LOGIN, ABOUT, LOGIN].map(|path| {
        http1::ask(to, path, AS_LOAD).map(|answer| String::from_utf8_lossy(&answer).get(9..12).map(str::to_owned))
    });
    let mut seen = Vec::new();
    for status in statuses {
        seen.push(status?.unwrap_or_default());
    }
    if seen == ["200", "200", "200", "429"] {
        return Ok(());
    }
    Err(format!(
        "a limit of one request should have answered {ABOUT} with 200 and the second {LOGIN} with 429, not {seen:?}"
    )
    .into())
}

/// What the load sends too.
const AS_LOAD: &str = "user-agent: curl/8.5.0\r\naccept: */*\r\n";

const fn variant(name: &'static str, setup: Setup, beside: Option<&'static str>) -> Variant {
    Variant { name, setup, beside }
}

impl Variant {
    /// Starts its Envoy, and looks whether it is what it is called. It has a load for each of [`LOADS`].
    pub(super) fn start(&self) -> Result<Running, Box<dyn Error>> {
        let stack = Stack::start(self.options())?;
        let to = (Ipv4Addr::LOCALHOST, stack.ports().http).into();
        let vms = stack.admin().stat("wasm.envoy.wasm.runtime.v8.active")?;
        let mut loads: Vec<Box<dyn Load>> = Vec::new();
        for (path, class) in LOADS {
            let look = http1::get(to, path, &format!("{AS_LOAD}{LOOK}: 1\r\n"))?;
            self.check(&String::from_utf8_lossy(&look), vms.unwrap_or_default(), class)?;
            loads.push(Box::new(Steady::connect(to, &Request::get(path))?));
        }
        Ok(Running { loads, stack })
    }

    fn options(&self) -> StackOptions {
        let roles = match self.setup {
            Setup::Bare => Roles::None,
            Setup::NoOp => Roles::Request,
            Setup::Layerprint(_) => Roles::Both,
        };
        let options = StackOptions::new("bench")
            .concurrency(1)
            .edit(move |config| edit(config, roles));
        match &self.setup {
            Setup::Bare => options,
            Setup::NoOp => options.module(no_op()),
            Setup::Layerprint(config) => options.filter(config.clone()),
        }
    }

    /// `look` is the answer to a request that asks what the filter made of it, `vms` how many run.
    fn check(&self, look: &str, vms: u64, class: &str) -> Result<(), String> {
        let verdict = http1::header(look, VERDICT);
        let id = http1::header(look, ID);
        let is_right = match self.setup {
            Setup::Bare => vms == 0,
            Setup::NoOp => vms > 0 && verdict.is_none(),
            Setup::Layerprint(_) => {
                let is_of_class = verdict.is_some_and(|verdict| verdict.ends_with(&format!(";class={class}")));
                // The second part is that of TLS, by which limits count.
                let part = id.and_then(|id| id.split('_').nth(2));
                is_of_class && part.is_some_and(|part| !part.trim_matches('0').is_empty())
            }
        };
        if is_right {
            return Ok(());
        }
        Err(format!(
            "{} is not what it should be: {vms} Wasm VMs, verdict {verdict:?} where the class is {class}, id {id:?}",
            self.name
        ))
    }
}

/// [`no_op.wat`](no_op.wat), made a module.
fn no_op() -> PathBuf {
    repo::root().join("test-harness/src/bin/lab/bench/limits/no_op.wasm")
}

fn edit(config: &mut Value, roles: Roles) {
    let verdict = |name: &str, header: &str| (name.to_owned(), format!("%REQ(x-layerprint-{header})%"));
    let small = Small {
        listener_filters: &[],
        roles,
        routes: json!([
            answer(
                json!({ "prefix": "/", "headers": [{ "name": LOOK, "present_match": true }] }),
                &[verdict(VERDICT, "verdict"), verdict(ID, "id")]
            ),
            answer(json!({ "prefix": "/" }), &[]),
        ]),
    };
    small.apply(config);
    tell_ja4(config);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// Makes it anew when its text has changed, and fails once, so that the module goes under version control with its text.
    #[test]
    fn the_no_op_module_is_what_its_text_says() {
        let made = wat::parse_file(no_op().with_extension("wat")).unwrap();
        let is_same = fs::read(no_op()).is_ok_and(|kept| kept == made);
        fs::write(no_op(), made).unwrap();
        assert!(is_same, "no_op.wasm was not what no_op.wat says; it is now: commit it");
    }

    #[test]
    fn each_variant_stands_beside_one_that_is_measured_too() {
        let all = [variants(limits()), pairs()].concat();
        for beside in all.iter().filter_map(|variant| variant.beside) {
            assert!(all.iter().any(|variant| variant.name == beside), "{beside}");
        }
    }

    #[test]
    fn the_twin_is_the_same_and_the_limited_one_differs() {
        let all = variants(limits());
        let setup = |name| &all.iter().find(|variant| variant.name == name).unwrap().setup;
        assert_eq!(setup(PLAIN), setup(TWIN));
        assert_ne!(setup(PLAIN), setup(LIMITS));
    }

    #[test]
    fn the_limit_that_proves_itself_allows_one() {
        assert_eq!(LIMITED.matches(ALLOWED).count(), 1);
    }

    #[test]
    fn a_variant_that_is_not_what_it_is_called_is_refused() {
        let all = variants(limits());
        let check = |name: &str, look: &str, vms| {
            let variant = all.iter().find(|variant| variant.name == name).unwrap();
            variant.check(look, vms, "login").is_ok()
        };
        let login = "x-verdict: allow;mode=observe;class=login\r\nx-id: lp1_000000000000_0123456789ab_0123456789ab\r\n";
        assert!(check(BARE, "", 0));
        assert!(!check(BARE, "", 2));
        assert!(check(NO_OP, "", 2));
        assert!(!check(NO_OP, "", 0));
        assert!(!check(NO_OP, login, 2));
        assert!(check(PLAIN, login, 2));
        assert!(!check(PLAIN, "", 2));
        assert!(!check(PLAIN, &login.replace("login", "page"), 2));
        assert!(!check(PLAIN, &login.replacen("0123456789ab", "000000000000", 1), 2));
    }
}
