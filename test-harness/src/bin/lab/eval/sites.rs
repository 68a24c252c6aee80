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

use super::by_hand::Wire;
use super::cases::{Case, Scheme, Sender, Site};
use super::front::Front;

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
    open: BTreeMap<Site, Result<Running, String>>,
    wire: Option<Result<Wire, String>>,
}

/// One site.
#[derive(Debug)]
pub(super) struct Running {
    // Dropped in this order: what stands before the stack leaves first.
    front: Option<Front>,
    stack: Stack,
    directory: PathBuf,
}

impl Sites {
    /// Those that the cases need.
    pub(super) fn open(cases: &[Case]) -> Result<Self, Box<dyn Error>> {
        let path = repo::root().join(CONFIG);
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let config: Value = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        let by_hand = cases.iter().any(|case| matches!(case.sender, Sender::ByHand(_)));
        let wire = by_hand.then(Wire::open);
        let laid = wire.as_ref().and_then(|wire| wire.as_ref().ok());
        let needed: BTreeSet<Site> = cases.iter().map(|case| case.site).collect();
        let start = |site| Ok((site, Running::start(site, &config, laid)?));
        let open = needed.into_iter().map(start).collect::<Result<_, StackError>>()?;
        Ok(Self { open, wire })
    }

    /// The site of this case; why it cannot be had.
    pub(super) fn of(&self, case: &Case) -> Result<&Running, &str> {
        if let (Sender::ByHand(_), Some(Err(why))) = (&case.sender, &self.wire) {
            return Err(why);
        }
        match self.open.get(&case.site) {
            Some(Ok(running)) => Ok(running),
            Some(Err(why)) => Err(why),
            None => Err("its site was not opened"),
        }
    }

    /// What connections made by hand go over.
    pub(super) fn wire(&self) -> Result<&Wire, String> {
        match &self.wire {
            Some(Ok(wire)) => Ok(wire),
            Some(Err(why)) => Err(why.clone()),
            None => Err("no wire was laid".to_owned()),
        }
    }

    /// The ends of the logs.
    pub(super) fn log_tail(&self) -> String {
        let running = self.open.values().filter_map(|site| site.as_ref().ok());
        running.map(|site| site.stack.envoy_log_tail()).collect()
    }
}

impl Running {
    /// Starts it; the inner error says what this machine lacks for it.
    fn start(site: Site, config: &Value, wire: Option<&Wire>) -> Result<Result<Self, String>, StackError> {
        if let Availability::Missing(why) = Availability::all([Stack::availability(), Stack::probe_availability()]) {
            return Err(StackError::Missing(why));
        }
        if let (Site::BehindProxy, Availability::Missing(why)) = (site, Front::availability()) {
            return Ok(Err(why));
        }
        let name = match site {
            Site::Edge => "eval-edge",
            Site::BehindProxy => "eval-proxy",
            Site::Mobile => "eval-mobile",
        };
        let directory = repo::run_directory().join(format!("{name}-{}", std::process::id()));
        let mut options = StackOptions::new(name)
            .directory(&directory)
            .filter(FilterConfig::from(configured(config.clone(), site)))
            .with_probe()
            .edit(add_page);
        if let (Site::Edge, Some(wire)) = (site, wire) {
            let listen = wire.listen();
            options = options.edit(move |config| listen(config));
        }
        let stack = Stack::start(options)?;
        let front = match site {
            Site::BehindProxy => match Front::start(&stack, &directory) {
                Ok(front) => Some(front),
                Err(why) => return Ok(Err(why)),
            },
            Site::Edge | Site::Mobile => None,
        };
        Ok(Ok(Self {
            front,
            stack,
            directory,
        }))
    }

    /// Where clients other than browsers ask.
    pub(super) fn url(&self, scheme: Scheme, path: &str) -> String {
        match (scheme, &self.front) {
            (Scheme::Https, Some(front)) => front.url(path),
            (Scheme::Https, None) => self.stack.tls_url(path),
            (Scheme::Http, _) => self.stack.http_url(path),
        }
    }

    /// Where browsers ask. Cleartext by a name that is not this machine's: to localhost they send what they otherwise send under TLS
    /// alone.
    pub(super) fn browser_url(&self, scheme: Scheme, path: &str) -> String {
        match scheme {
            Scheme::Https => self.url(scheme, path),
            Scheme::Http => format!("http://{PLAIN_HOST}:{}{path}", self.stack.ports().http),
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
        Site::Mobile => Some(("networks", json!([{ "tag": "mobile", "cidrs": ["127.0.0.0/8"] }]))),
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
