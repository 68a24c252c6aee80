//! Where the clients stand: a stack for each site that a case needs, and what stands before it.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::path::PathBuf;

use layerprint_harness::availability::Availability;
use layerprint_harness::clients::browser::PLAIN_HOST;
use layerprint_harness::repo;
use layerprint_harness::stack::{FilterConfig, Stack, StackError, StackOptions};
use serde_json::{Value, json};

use super::cases::{Case, Scheme, Sender, Site};
use super::front::Front;
use super::network::{self, Network};

/// What the filter runs with on every site.
const CONFIG: &str = "test-harness/eval/config.json";

/// The query parameter that asks for the page of a browser in place of the upstream's answer.
pub(super) const FORM_MARK: &str = "form";

/// Once the browser has asked for the picture and the script for the items, the form sends itself. The case's number stays in
/// each address.
const PAGE: &str = r#"<!DOCTYPE html><title>shop</title>
<form method="post"><input name="username" value="ada"><input name="password" value="correct-horse"></form>
<script>
const q = "?" + location.search.slice(1).split("&")[0], form = document.forms[0], picture = new Image();
const shown = new Promise(done => picture.onload = picture.onerror = done);
picture.src = "/static/picture.png" + q;
form.action = "/login" + q;
Promise.all([shown, fetch("/api/items" + q)]).then(() => form.submit());
</script>"#;

/// All sites in use.
#[derive(Debug)]
pub(super) struct Sites {
    // Dropped in this order: what listens in the network leaves before it does.
    open: BTreeMap<Site, Result<Running, String>>,
    network: Result<Network, String>,
}

/// One site.
#[derive(Debug)]
pub(super) struct Running {
    // Dropped in this order: what stands before the stack leaves first.
    front: Option<Front>,
    stack: Stack,
    directory: PathBuf,
    site: Site,
    /// Whether it listens in the network; on loopback it does in any case.
    in_network: bool,
}

impl Sites {
    /// Those that the cases need.
    pub(super) fn open(cases: &[Case]) -> Result<Self, Box<dyn Error>> {
        let path = repo::root().join(CONFIG);
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let config: Value = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        let network = Network::open(cases);
        let laid = network.as_ref().ok();
        let needed: BTreeSet<Site> = cases.iter().map(|case| case.site).collect();
        let start = |site| Ok((site, Running::start(site, &config, laid)?));
        let open = needed.into_iter().map(start).collect::<Result<_, StackError>>()?;
        Ok(Self { open, network })
    }

    /// The site of this case; why it cannot be had.
    pub(super) fn of(&self, case: &Case) -> Result<&Running, &str> {
        if let (Sender::ByHand(_), Err(why)) = (&case.sender, &self.network) {
            return Err(why);
        }
        match self.open.get(&case.site) {
            Some(Ok(running)) => Ok(running),
            Some(Err(why)) => Err(why),
            None => Err("its site was not opened"),
        }
    }

    /// The network that the clients are in, unless they are on loopback.
    pub(super) fn network(&self) -> Option<&Network> {
        self.network.as_ref().ok()
    }

    /// Why they are on loopback, if they are.
    pub(super) fn without_network(&self) -> Option<&str> {
        self.network.as_ref().err().map(String::as_str)
    }

    /// The ends of the logs.
    pub(super) fn log_tail(&self) -> String {
        let running = self.open.values().filter_map(|site| site.as_ref().ok());
        running.map(|site| site.stack.envoy_log_tail()).collect()
    }
}

impl Running {
    /// Starts it; the inner error says what this machine lacks for it.
    fn start(site: Site, config: &Value, network: Option<&Network>) -> Result<Result<Self, String>, StackError> {
        if let Availability::Missing(why) = Availability::all([Stack::availability(), Stack::probe_availability()]) {
            return Err(StackError::Missing(why));
        }
        if let (Site::BehindProxy, Availability::Missing(why)) = (site, Front::availability()) {
            return Ok(Err(why));
        }
        let name = format!("eval-{}", site.as_str());
        let directory = repo::run_directory().join(format!("{name}-{}", std::process::id()));
        let mut options = StackOptions::new(name)
            .directory(&directory)
            .filter(FilterConfig::from(configured(config.clone(), site)))
            .with_probe()
            .edit(add_page);
        if let Some(network) = network {
            options = options.edit(network.listen([("tls", site.port()), ("cleartext", site.cleartext_port())]));
        }
        let stack = Stack::start(options)?;
        let front = match site {
            Site::BehindProxy => {
                let envoy = network.map_or(stack.ports().tls, |_| site.port());
                match Front::start(network, envoy, &directory) {
                    Ok(front) => Some(front),
                    Err(why) => return Ok(Err(why)),
                }
            }
            Site::Edge | Site::Mobile => None,
        };
        Ok(Ok(Self {
            front,
            stack,
            directory,
            site,
            in_network: network.is_some(),
        }))
    }

    /// Where clients other than browsers ask for the path in the case of this number.
    pub(super) fn url(&self, scheme: Scheme, number: usize, path: &str) -> String {
        let host = |loopback: &str| {
            if self.in_network {
                network::name(number)
            } else {
                loopback.to_owned()
            }
        };
        match scheme {
            Scheme::Https => format!("https://{}:{}{path}", host("localhost"), self.port(scheme)),
            Scheme::Http => format!("http://{}:{}{path}", host("127.0.0.1"), self.port(scheme)),
        }
    }

    /// Where browsers ask. Cleartext by a name that is not this machine's: to localhost they send what they otherwise send under TLS
    /// alone.
    pub(super) fn browser_url(&self, scheme: Scheme, number: usize, path: &str) -> String {
        match scheme {
            Scheme::Http if !self.in_network => format!("http://{PLAIN_HOST}:{}{path}", self.port(scheme)),
            _ => self.url(scheme, number, path),
        }
    }

    /// Where this scheme is spoken.
    pub(super) fn port(&self, scheme: Scheme) -> u16 {
        match scheme {
            Scheme::Https => self.tls_port(),
            Scheme::Http => self.cleartext_port(),
        }
    }

    fn tls_port(&self) -> u16 {
        match &self.front {
            Some(front) => front.port(),
            None if self.in_network => self.site.port(),
            None => self.stack.ports().tls,
        }
    }

    fn cleartext_port(&self) -> u16 {
        if self.in_network {
            self.site.cleartext_port()
        } else {
            self.stack.ports().http
        }
    }

    /// The upstream, past Envoy.
    pub(super) fn upstream_url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.stack.ports().upstream)
    }

    /// What the TLS listener shows.
    pub(super) fn certificate(&self) -> PathBuf {
        self.directory.join("tls/cert.pem")
    }

    pub(super) fn lines(&self) -> Result<Vec<Value>, StackError> {
        self.stack.access_log().lines()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // What cannot be removed is a few small files in an ignored directory.
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// What a site adds to the configuration.
fn configured(mut config: Value, site: Site) -> Value {
    let addition = match site {
        Site::Edge => None,
        Site::BehindProxy => Some(("forwarded", json!({ "trusted_hops": 1, "peer_appended": true }))),
        Site::Mobile => Some((
            "networks",
            json!([{ "tag": "mobile", "cidrs": ["127.0.0.0/8", network::CLIENTS] }]),
        )),
    };
    if let (Some((key, value)), Some(config)) = (addition, config.as_object_mut()) {
        config.insert(key.to_owned(), value);
    }
    config
}

/// Has Envoy answer with the page of browsers where it is asked for. The filter sees the request as any other.
fn add_page(config: &mut Value) {
    let route = json!({
        "match": {
            "path": "/page",
            "query_parameters": [{ "name": FORM_MARK, "present_match": true }],
        },
        "direct_response": { "status": 200, "body": { "inline_string": PAGE } },
        "response_headers_to_add": [{ "header": { "key": "content-type", "value": "text/html; charset=utf-8" } }],
    });
    put_first(config, &route);
}

/// In front of every list of routes, wherever it stands.
fn put_first(config: &mut Value, route: &Value) {
    match config {
        Value::Object(object) => {
            for (key, inner) in object {
                match inner {
                    Value::Array(routes) if key == "routes" => routes.insert(0, route.clone()),
                    inner => put_first(inner, route),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|inner| put_first(inner, route)),
        _ => {}
    }
}
