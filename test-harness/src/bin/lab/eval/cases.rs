//! The cases: which client, what it says it is, and where it stands.

use layerprint_harness::availability::Availability;
use layerprint_harness::clients::{Browser, CHROME_ON_WINDOWS, Client, ClientError, CurlHttp, Library};

/// One client under one claim.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) name: String,
    /// Its group in the expectations.
    pub(super) group: &'static str,
    pub(super) sender: Sender,
    pub(super) claim: Claim,
    pub(super) site: Site,
    pub(super) scheme: Scheme,
}

/// Who sends.
#[derive(Clone, Debug)]
pub(super) enum Sender {
    Client(Client),
    Browser(Browser),
    /// A TCP connection made by hand, which this SYN of `tests/fixtures/syn` opens.
    ByHand(&'static str),
}

/// What it says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// What it says unless told otherwise. For curl_cffi: the browser, on the system that it gives it.
    Own,
    /// Chrome on Windows, by its User-Agent and nothing else.
    ChromeOnWindows,
    /// The same browser on Linux, in each header that names a system. For a browser: itself with a window.
    OfThisMachine,
}

/// Where the client stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Site {
    /// Before Envoy.
    Edge,
    /// Before a HAProxy that ends TLS.
    BehindProxy,
    /// Before Envoy, in a network that is tagged mobile.
    Mobile,
}

impl Site {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Edge => "edge",
            Self::BehindProxy => "proxy",
            Self::Mobile => "mobile",
        }
    }

    /// Where its Envoy listens for TLS in the network.
    pub(super) fn port(self) -> u16 {
        match self {
            Self::Edge => 8443,
            Self::BehindProxy => 9443,
            Self::Mobile => 10443,
        }
    }

    /// The same for cleartext.
    pub(super) fn cleartext_port(self) -> u16 {
        self.port() + 1
    }
}

/// Over what it speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Https,
    Http,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// `GET /page`.
    Page,
    /// `GET /static/picture.png`, as part of a page.
    Asset,
    /// `GET /api/items`, by a script of the page.
    Api,
    /// `POST /login`, a form.
    Login,
}

impl Route {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Asset => "asset",
            Self::Api => "api",
            Self::Login => "login",
        }
    }

    /// What is sent there, if anything.
    pub(super) fn form(self) -> Option<&'static str> {
        (self == Self::Login).then_some("username=ada&password=correct-horse")
    }

    /// Where it is, for the case of this number: no two requests of one evaluation ask for the same.
    pub(super) fn path(self, case: usize) -> String {
        let path = match self {
            Self::Page => "/page",
            Self::Asset => "/static/picture.png",
            Self::Api => "/api/items",
            Self::Login => "/login",
        };
        format!("{path}?case={case}")
    }
}

/// The system that an impersonation names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    /// Linux, or Android, whose TCP stack is that of Linux.
    ThisOne,
    /// One that has the same browser on Linux too.
    AnotherOrThisOne,
    /// Apple's, which nothing else has.
    Another,
}

impl Case {
    fn of(name: impl Into<String>, group: &'static str, sender: Sender, claim: Claim) -> Self {
        Self {
            name: name.into(),
            group,
            sender,
            claim,
            site: Site::Edge,
            scheme: Scheme::Https,
        }
    }

    fn at(mut self, site: Site) -> Self {
        self.site = site;
        self
    }

    fn over(mut self, scheme: Scheme) -> Self {
        self.scheme = scheme;
        self
    }

    /// What it asks for, in this order.
    pub(super) fn routes(&self) -> &'static [Route] {
        match self.sender {
            Sender::Browser(_) => &[Route::Page, Route::Asset, Route::Api, Route::Login],
            Sender::ByHand(_) | Sender::Client(_) if self.group == "tool" => &[Route::Page],
            Sender::ByHand(_) | Sender::Client(_) => &[Route::Page, Route::Login],
        }
    }

    pub(super) fn availability(&self) -> Availability {
        match &self.sender {
            Sender::Client(client) => client.availability(),
            Sender::Browser(browser) => browser.availability(),
            // Its site says it.
            Sender::ByHand(_) => Availability::Here,
        }
    }
}

/// All cases. Those of curl_cffi are what its installed version can be; where it is not installed, one stands for them all, to be
/// named as skipped.
pub(super) fn all() -> Result<Vec<Case>, ClientError> {
    let mut cases = browsers();
    cases.extend(tools());
    cases.extend(liars_on_both_layers());
    let targets = match Client::impersonate("chrome131").availability() {
        Availability::Here => Client::impersonations()?,
        Availability::Missing(_) => vec!["chrome131".to_owned()],
    };
    cases.extend(targets.iter().flat_map(|target| impersonations(target)));
    cases.extend(behind_a_proxy());
    let phones = targets.iter().filter(|target| target.ends_with("_ios"));
    cases.extend(phones.map(|target| {
        let sender = Sender::Client(Client::impersonate(target));
        let name = format!("curl_cffi {target}, in a mobile network");
        Case::of(name, "mobile-network", sender, Claim::Own).at(Site::Mobile)
    }));
    Ok(cases)
}

fn browsers() -> Vec<Case> {
    let of = |browser: Browser| {
        let case = |what: &str, claim| Case::of(format!("{browser}{what}"), "browser", Sender::Browser(browser), claim);
        [
            case(", headless", Claim::Own),
            case("", Claim::OfThisMachine),
            case(", cleartext", Claim::OfThisMachine).over(Scheme::Http),
        ]
    };
    Browser::ALL.into_iter().flat_map(of).collect()
}

fn tools() -> Vec<Case> {
    let mut tools = vec![
        Client::Curl(CurlHttp::Http2),
        Client::Curl(CurlHttp::Http1),
        Client::Wget,
        Client::Httpx { http2: true },
        Client::Httpx { http2: false },
        Client::H2load,
    ];
    tools.extend(Library::ALL.map(Client::Library));
    let both = |tool: Client| {
        let case =
            |what: &str, group, claim| Case::of(format!("{tool}{what}"), group, Sender::Client(tool.clone()), claim);
        [
            case("", "tool", Claim::Own),
            case(", lying", "lying-tool", Claim::ChromeOnWindows),
        ]
    };
    tools.into_iter().flat_map(both).collect()
}

fn liars_on_both_layers() -> Vec<Case> {
    let case = |(name, syn, scheme)| {
        let claim = Claim::ChromeOnWindows;
        Case::of(name, "both-layers", Sender::ByHand(syn), claim).over(scheme)
    };
    [
        ("scanner (zmap's SYN), lying", "made-zmap", Scheme::Https),
        ("scanner (masscan's SYN), lying", "made-masscan", Scheme::Https),
        ("scanner (zmap's SYN), cleartext, lying", "made-zmap", Scheme::Http),
        (
            "scanner (masscan's SYN), cleartext, lying",
            "made-masscan",
            Scheme::Http,
        ),
    ]
    .map(case)
    .into()
}

fn impersonations(target: &str) -> Vec<Case> {
    let case = |what: &str, group, claim| {
        let sender = Sender::Client(Client::impersonate(target));
        Case::of(format!("curl_cffi {target}{what}"), group, sender, claim)
    };
    let another = || case("", "impersonation-of-another-system", Claim::Own);
    let this_one = |what, claim| case(what, "impersonation-of-this-system", claim);
    match named(target) {
        Named::ThisOne => vec![this_one("", Claim::Own)],
        Named::Another => vec![another()],
        Named::AnotherOrThisOne => vec![another(), this_one(", on Linux", Claim::OfThisMachine)],
    }
}

fn named(target: &str) -> Named {
    match target {
        target if target.ends_with("_android") => Named::ThisOne,
        target if target.starts_with("safari") => Named::Another,
        _ => Named::AnotherOrThisOne,
    }
}

fn behind_a_proxy() -> Vec<Case> {
    let clients = [
        Client::impersonate("chrome131"),
        Client::impersonate("firefox135"),
        Client::impersonate("safari184_ios"),
        Client::Curl(CurlHttp::Http2),
        Client::Library(Library::Requests),
    ];
    let case = |client: Client| {
        let name = format!("{client}, behind a proxy");
        Case::of(name, "behind-a-proxy", Sender::Client(client), Claim::Own).at(Site::BehindProxy)
    };
    clients.into_iter().map(case).collect()
}

/// The headers by which a client other than a browser says what the case has it say.
pub(super) fn headers(claim: Claim, own_agent: Option<&str>) -> Vec<(&'static str, String)> {
    match (claim, own_agent) {
        (Claim::ChromeOnWindows, _) => vec![("User-Agent", CHROME_ON_WINDOWS.to_owned())],
        (Claim::OfThisMachine, Some(agent)) => {
            let mut headers = vec![("User-Agent", on_linux(agent))];
            if agent.contains("Chrome/") {
                headers.push(("sec-ch-ua-platform", "\"Linux\"".to_owned()));
            }
            headers
        }
        (Claim::Own | Claim::OfThisMachine, _) => Vec::new(),
    }
}

/// A browser's User-Agent with Linux for its system: the first part in brackets, where Firefox has its version too.
fn on_linux(agent: &str) -> String {
    let parts = || {
        let (before, rest) = agent.split_once('(')?;
        let (system, after) = rest.split_once(')')?;
        let version = system.split("; ").find(|part| part.starts_with("rv:"));
        Some((before, version.map(|version| format!("; {version}")), after))
    };
    parts().map_or_else(
        || agent.to_owned(),
        |(before, version, after)| {
            let version = version.unwrap_or_default();
            format!("{before}(X11; Linux x86_64{version}){after}")
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_on_linux_keeps_all_but_its_system() {
        assert_eq!(
            on_linux("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:135.0) Gecko/20100101 Firefox/135.0"),
            "Mozilla/5.0 (X11; Linux x86_64; rv:135.0) Gecko/20100101 Firefox/135.0"
        );
        assert_eq!(
            on_linux("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0"),
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0"
        );
    }

    #[test]
    fn only_chrome_sends_its_platform_in_a_hint() {
        let headers = headers(
            Claim::OfThisMachine,
            Some("Mozilla/5.0 (Windows NT 10.0; rv:1.0) Firefox/1.0"),
        );
        assert_eq!(headers.len(), 1, "{headers:?}");
    }
}
