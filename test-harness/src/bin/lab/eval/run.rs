//! Sends each case's requests, a few cases at a time, and finds them again in the access log.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use layerprint_harness::availability::Availability;
use layerprint_harness::clients::browser::Page;
use layerprint_harness::clients::{Browser, Client, Request};
use serde_json::Value;

use super::cases::{Case, Claim, Route, Sender, headers};
use super::network::Network;
use super::sites::{FORM_MARK, Running, Sites};

/// How long the log may take to show a request that was answered.
const LOGGED_WITHIN: Duration = Duration::from_secs(5);
/// How long a browser may take for all that its page says, on a machine that is busy.
const BROWSED_WITHIN: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What became of one case.
#[derive(Debug)]
pub(super) enum Outcome {
    Seen(Vec<Seen>),
    Skipped(String),
    Failed(String),
}

/// What was said of one request.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) route: Route,
    /// What the client says it is, as the filter understood it.
    pub(super) claim: Option<String>,
    pub(super) agreement: String,
    pub(super) verdict: String,
    pub(super) l4: u64,
    pub(super) l7: u64,
    pub(super) reasons: Vec<String>,
}

impl Seen {
    /// From the line's evidence.
    pub(super) fn of(route: Route, line: &Value) -> Self {
        let text = |name: &str| line.get(name).and_then(Value::as_str).unwrap_or("none").to_owned();
        let score = |name: &str| line.get(name).and_then(Value::as_u64).unwrap_or_default();
        let findings = line.get("findings").and_then(Value::as_array).into_iter().flatten();
        Self {
            route,
            claim: claim(line),
            agreement: text("agreement"),
            verdict: text("verdict"),
            l4: score("l4"),
            l7: score("l7"),
            reasons: findings
                .filter_map(|finding| finding.get("code")?.as_str())
                .map(str::to_owned)
                .collect(),
        }
    }
}

/// "chrome 131.0 on windows"
fn claim(line: &Value) -> Option<String> {
    let agent = line.get("user_agent")?;
    let part = |name: &str| agent.get(name).and_then(Value::as_str);
    let mut text = part("product")?.to_owned();
    for (before, name) in [(" ", "version"), (" on ", "platform")] {
        if let Some(part) = part(name).filter(|part| *part != "unstated") {
            text += &format!("{before}{part}");
        }
    }
    Some(text)
}

/// Runs all cases; the outcomes are in their order.
pub(super) fn all(cases: &[Case], sites: &Sites) -> Vec<Outcome> {
    let next = AtomicUsize::new(0);
    let outcomes: Mutex<Vec<Option<Outcome>>> = Mutex::new(cases.iter().map(|_| None).collect());
    // One more than there are processors: clients wait now and then.
    let workers = thread::available_parallelism().map_or(2, usize::from) + 1;
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(number) else { break };
                    let outcome = run(number, case, sites);
                    let mut outcomes = outcomes.lock().unwrap_or_else(PoisonError::into_inner);
                    if let Some(slot) = outcomes.get_mut(number) {
                        *slot = Some(outcome);
                    }
                }
            });
        }
    });
    let outcomes = outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
    let or_panicked = |outcome: Option<Outcome>| outcome.unwrap_or_else(|| Outcome::Failed("panicked".to_owned()));
    outcomes.into_iter().map(or_panicked).collect()
}

fn run(number: usize, case: &Case, sites: &Sites) -> Outcome {
    if let Availability::Missing(why) = case.availability() {
        return Outcome::Skipped(why);
    }
    let site = match sites.of(case) {
        Ok(site) => site,
        Err(why) => return Outcome::Skipped(why.to_owned()),
    };
    let sent = match &case.sender {
        Sender::Client(client) => send(number, case, client, site, sites.network()),
        Sender::Browser(browser) => return browse(number, case, *browser, site, sites.network()),
        Sender::ByHand(syn) => by_hand(number, case, syn, site, sites.network()),
    };
    match sent {
        Ok(()) => wait_for(number, case, site, LOGGED_WITHIN, || true),
        Err(why) => Outcome::Failed(why),
    }
}

/// Each request over a connection of its own.
fn send(number: usize, case: &Case, client: &Client, site: &Running, network: Option<&Network>) -> Result<(), String> {
    let own_agent = match case.claim {
        Claim::OfThisMachine => Some(own_agent(client, site)?),
        Claim::Own | Claim::ChromeOnWindows => None,
    };
    let headers = headers(case.claim, own_agent.as_deref());
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    for route in case.routes() {
        let url = site.url(case.scheme, number, &route.path(number));
        let request = Request {
            url: &url,
            headers: &headers,
            form: route.form(),
            namespace: network.map(Network::of_clients),
        };
        client
            .send(&request)
            .map_err(|error| format!("{}: {error}", route.as_str()))?;
    }
    Ok(())
}

/// What the client calls itself, asked of the upstream directly: Envoy sees nothing of it.
fn own_agent(client: &Client, site: &Running) -> Result<String, String> {
    let reply = client
        .get(&site.upstream_url(), &[])
        .map_err(|error| error.to_string())?;
    let agent = reply.received("user-agent").map(str::to_owned);
    agent.ok_or_else(|| "sends no User-Agent".to_owned())
}

fn by_hand(number: usize, case: &Case, syn: &str, site: &Running, network: Option<&Network>) -> Result<(), String> {
    let network = network.ok_or("there is no network for it")?;
    let headers = headers(case.claim, None);
    for route in case.routes() {
        let request = request(&route.path(number), &headers, route.form());
        network.ask_by_hand(number, syn, (case.scheme, site.port(case.scheme)), &request)?;
    }
    Ok(())
}

/// HTTP/1.1, with nothing but what is asked for.
fn request(path: &str, headers: &[(&str, String)], form: Option<&str>) -> String {
    let method = if form.is_some() { "POST" } else { "GET" };
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: shop.test\r\n");
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    if let Some(form) = form {
        text += "Content-Type: application/x-www-form-urlencoded\r\n";
        text += &format!("Content-Length: {}\r\n", form.len());
    }
    text + "Connection: close\r\n\r\n" + form.unwrap_or_default()
}

/// One window that does all the case asks for: the page it is opened on has a picture, a script, and a form that sends itself.
fn browse(number: usize, case: &Case, browser: Browser, site: &Running, network: Option<&Network>) -> Outcome {
    let agent = match case.claim {
        Claim::OfThisMachine => match browser.usual_agent() {
            Ok(agent) => Some(agent),
            Err(error) => return Outcome::Failed(error.to_string()),
        },
        Claim::Own | Claim::ChromeOnWindows => None,
    };
    let url = site.browser_url(case.scheme, number, &(Route::Page.path(number) + "&" + FORM_MARK));
    let page = Page {
        url: &url,
        agent: agent.as_deref(),
        certificate: &site.certificate(),
        namespace: network.map(Network::of_clients),
        http3: None,
    };
    match browser.open(&page) {
        Ok(mut window) => wait_for(number, case, site, BROWSED_WITHIN, || window.is_open()),
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

/// Waits until each request of the case is in the log.
fn wait_for(
    number: usize,
    case: &Case,
    site: &Running,
    within: Duration,
    mut may_still_come: impl FnMut() -> bool,
) -> Outcome {
    let start = Instant::now();
    loop {
        let comes = may_still_come();
        let lines = match site.lines() {
            Ok(lines) => lines,
            Err(error) => return Outcome::Failed(error.to_string()),
        };
        let find = |route: &Route| {
            let path = route.path(number);
            let line = lines.iter().find(|line| is_for(line, &path))?;
            Some(Seen::of(*route, line.get("layerprint")?))
        };
        let found: Vec<Option<Seen>> = case.routes().iter().map(find).collect();
        if let Some(all) = found.iter().cloned().collect() {
            return Outcome::Seen(all);
        }
        if !comes || start.elapsed() > within {
            let missing = case.routes().iter().zip(&found).filter(|(_, found)| found.is_none());
            let missing: Vec<&str> = missing.map(|(route, _)| route.as_str()).collect();
            return Outcome::Failed(format!("not in the access log: {}", missing.join(", ")));
        }
        thread::sleep(LOOK_EVERY);
    }
}

fn is_for(line: &Value, path: &str) -> bool {
    let found = line.get("path").and_then(Value::as_str);
    let rest = found.and_then(|found| found.strip_prefix(path));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('&'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_line_is_found_by_its_case_and_not_by_another_that_begins_the_same() {
        assert!(is_for(&json!({"path": "/page?case=1"}), "/page?case=1"));
        assert!(is_for(&json!({"path": "/page?case=1&form"}), "/page?case=1"));
        assert!(!is_for(&json!({"path": "/page?case=12"}), "/page?case=1"));
    }

    #[test]
    fn a_form_has_its_length_and_a_page_has_no_body() {
        let form = request("/login", &[("User-Agent", "x".to_owned())], Some("a=b"));
        assert!(form.starts_with("POST /login HTTP/1.1\r\nHost: shop.test\r\nUser-Agent: x\r\n"));
        assert!(form.contains("Content-Length: 3\r\n") && form.ends_with("\r\n\r\na=b"));
        assert!(request("/page", &[], None).starts_with("GET /page "));
    }

    #[test]
    fn the_claim_is_what_the_filter_understood() {
        let line = json!({"user_agent": {"product": "chrome", "version": "131.0", "platform": "windows"}});
        assert_eq!(claim(&line).as_deref(), Some("chrome 131.0 on windows"));
        let tool = json!({"user_agent": {"product": "curl", "version": "7.88", "platform": "unstated"}});
        assert_eq!(claim(&tool).as_deref(), Some("curl 7.88"));
        assert_eq!(claim(&json!({"missing": {}})), None);
    }
}
