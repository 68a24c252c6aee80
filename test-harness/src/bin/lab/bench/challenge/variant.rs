//! What `bench-challenge` compares: `envoy/envoy.yaml` made small, as for `bench-limits`, with challenges and without, and the
//! requests that each of the two is asked.

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};

use layerprint::challenge::answer::HEADER;
use layerprint_harness::solver::Puzzle;
use layerprint_harness::stack::{Stack, StackOptions};
use serde_json::{Value, json};

use super::super::edit::{Roles, Small, answer, listeners, tell_ja4};
use super::super::http2::{AUTHORITY, Client, Request, Steady};
use super::super::measure::{Load, Running};

/// The names of the loads that are compared.
pub(super) const ABOUT: &str = "without a clearance";
pub(super) const ABOUT_AGAIN: &str = "the same again";
pub(super) const CLEARED: &str = "with a clearance";
pub(super) const FROM_ELSEWHERE: &str = "with one of another host";
const LARGE: &str = "as large a page of Envoy's own";
pub(super) const BLOCKED: &str = "blocked";
pub(super) const CHALLENGED: &str = "challenged";
pub(super) const METHOD: &str = "refused at the path";
pub(super) const ANSWERED: &str = "a right answer";
pub(super) const MISTAKEN: &str = "a wrong answer";

/// One kind of request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) name: &'static str,
    kind: Kind,
    /// The name of what it is alike.
    pub(super) beside: Option<&'static str>,
}

/// All of them.
pub(super) const LOADS: [Asked; 13] = [
    asked(ABOUT, Kind::Page(Cookies::None), None),
    asked(ABOUT_AGAIN, Kind::Page(Cookies::None), None),
    asked(CLEARED, Kind::Page(Cookies::Own), Some(ABOUT)),
    asked(
        "with one that was tampered with",
        Kind::Page(Cookies::Tampered),
        Some(ABOUT),
    ),
    asked(FROM_ELSEWHERE, Kind::Page(Cookies::OfElsewhere), Some(ABOUT)),
    asked(
        "with four of another host",
        Kind::Page(Cookies::FourOfElsewhere),
        Some(ABOUT),
    ),
    asked(LARGE, Kind::Large, Some(ABOUT)),
    asked(BLOCKED, Kind::Blocked, None),
    asked(CHALLENGED, Kind::Guarded(Cookies::None), Some(BLOCKED)),
    asked("challenged, with a clearance", Kind::Guarded(Cookies::Own), Some(ABOUT)),
    asked(METHOD, Kind::Method, None),
    asked(MISTAKEN, Kind::Answer(Work::Undone), Some(METHOD)),
    asked(ANSWERED, Kind::Answer(Work::Done), Some(METHOD)),
];

const fn asked(name: &'static str, kind: Kind, beside: Option<&'static str>) -> Asked {
    Asked { name, kind, beside }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A page that everybody gets.
    Page(Cookies),
    /// One as large as that with a puzzle, by Envoy itself: what sending so much takes.
    Large,
    /// One that nobody gets.
    Blocked,
    /// One that takes a clearance.
    Guarded(Cookies),
    /// A method that the path of the challenge has no answer for.
    Method,
    /// An answer to a puzzle.
    Answer(Work),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cookies {
    None,
    Own,
    Tampered,
    OfElsewhere,
    /// As many as are looked at.
    FourOfElsewhere,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    Done,
    /// All of it but for the last part.
    Undone,
}

/// One Envoy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Site {
    /// Who is challenged gets the page that anyone gets who is blocked.
    Without,
    /// Who is challenged gets a puzzle.
    With,
}

/// Both.
pub(super) const VARIANTS: [Site; 2] = [Site::Without, Site::With];

/// Where Envoy has a page of so many bytes.
const LARGE_PATH: &str = "/large";
const LARGE_BYTES: usize = 9_300;

const PATH: &str = "/.layerprint/challenge";
const COOKIE: &str = "__Host-layerprint";
const OF_BROWSERS: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

impl Asked {
    /// Whether a site without challenges answers it alike.
    pub(super) const fn is_alike_without(&self) -> bool {
        matches!(self.kind, Kind::Page(_) | Kind::Large | Kind::Blocked)
    }

    fn request(&self, site: Site, earned: &Earned) -> Request {
        let (method, path, status) = match (self.kind, site) {
            (Kind::Page(_), _) => ("GET", "/about", 200),
            (Kind::Large, _) => ("GET", LARGE_PATH, 200),
            (Kind::Blocked, _) => ("GET", "/blocked", 403),
            (Kind::Guarded(Cookies::Own), Site::With) => ("GET", "/guarded", 200),
            (Kind::Guarded(_), _) => ("GET", "/guarded", 403),
            (Kind::Method, Site::With) => ("PATCH", PATH, 405),
            (Kind::Method, Site::Without) => ("PATCH", PATH, 200),
            (Kind::Answer(_), Site::Without) => ("POST", PATH, 200),
            (Kind::Answer(Work::Done), Site::With) => ("POST", PATH, 204),
            (Kind::Answer(Work::Undone), Site::With) => ("POST", PATH, 403),
        };
        let mut fields = vec![
            ("accept", OF_BROWSERS.to_owned()),
            ("x-forwarded-proto", "https".to_owned()),
        ];
        match self.kind {
            Kind::Page(cookies) | Kind::Guarded(cookies) => fields.extend(earned.cookies(cookies)),
            Kind::Answer(work) => fields.push((HEADER, earned.answer(work))),
            Kind::Large | Kind::Blocked | Kind::Method => {}
        }
        Request {
            method,
            scheme: "http",
            path: path.to_owned(),
            authority: AUTHORITY.to_owned(),
            fields,
            status,
        }
    }
}

/// What was earned of a site before it is measured; made up where there is nothing to earn.
struct Earned {
    answer: String,
    mistaken: String,
    clearance: String,
    of_elsewhere: String,
}

impl Earned {
    fn cookies(&self, cookies: Cookies) -> Vec<(&'static str, String)> {
        let own = &self.clearance;
        let values = match cookies {
            Cookies::None => Vec::new(),
            Cookies::Own => vec![own.clone()],
            Cookies::Tampered => vec![other_letter_at(own, own.len() / 2)],
            Cookies::OfElsewhere => vec![self.of_elsewhere.clone()],
            Cookies::FourOfElsewhere => vec![self.of_elsewhere.clone(); 4],
        };
        let cookies = values.iter().map(|value| ("cookie", format!("{COOKIE}={value}")));
        cookies.collect()
    }

    fn answer(&self, work: Work) -> String {
        match work {
            Work::Done => self.answer.clone(),
            Work::Undone => self.mistaken.clone(),
        }
    }

    /// Does the work that the site asks for: once for itself, once for another host.
    fn of(to: SocketAddr) -> Result<Self, Box<dyn Error>> {
        let (puzzle, answer, clearance) = earn(to, AUTHORITY)?;
        let (.., of_elsewhere) = earn(to, "elsewhere.example")?;
        Ok(Self {
            answer,
            mistaken: puzzle.miss_last(),
            clearance,
            of_elsewhere,
        })
    }

    fn made_up() -> Self {
        let token = "A".repeat(78);
        let answer = format!("{token}~{}", "A".repeat(86));
        Self {
            mistaken: answer.clone(),
            answer,
            clearance: token.clone(),
            of_elsewhere: token,
        }
    }
}

/// A puzzle for `host`, the answer to it, and the clearance that this earns.
fn earn(to: SocketAddr, host: &str) -> Result<(Puzzle, String, String), Box<dyn Error>> {
    let mut client = Client::connect(to)?;
    let as_load = |method, path: &str, status| Request {
        method,
        scheme: "http",
        path: path.to_owned(),
        authority: host.to_owned(),
        fields: vec![
            ("accept", OF_BROWSERS.to_owned()),
            ("x-forwarded-proto", "https".to_owned()),
        ],
        status,
    };
    let page = client.ask(&as_load("GET", "/guarded", 403))?;
    let html = String::from_utf8_lossy(&page.body);
    let puzzle = Puzzle::on_page(&html).ok_or_else(|| format!("no page with a puzzle: {html}"))?;
    let answer = puzzle.solve().answer;
    let mut request = as_load("POST", PATH, 204);
    request.fields.push((HEADER, answer.clone()));
    let answered = client.ask(&request)?;
    let cookie = answered.field("set-cookie").unwrap_or_default();
    let value = cookie.strip_prefix(COOKIE).and_then(|rest| rest.strip_prefix('='));
    let value = value.and_then(|rest| rest.split(';').next());
    Ok((puzzle, answer, value.ok_or("an answer earned no cookie")?.to_owned()))
}

/// `text` with another letter at `place`.
fn other_letter_at(text: &str, place: usize) -> String {
    let other = |(at, letter)| match (at == place, letter) {
        (false, letter) => letter,
        (true, 'A') => 'B',
        (true, _) => 'A',
    };
    text.chars().enumerate().map(other).collect()
}

impl Site {
    /// Starts its Envoy, and earns what it has to give. It has a load for each of [`LOADS`].
    pub(super) fn start(self) -> Result<Running, Box<dyn Error>> {
        let options = StackOptions::new("bench").concurrency(1).filter(self.configuration());
        let stack = Stack::start(options.edit(edit))?;
        let to = (Ipv4Addr::LOCALHOST, stack.ports().http).into();
        let earned = match self {
            Self::With => Earned::of(to)?,
            Self::Without => Earned::made_up(),
        };
        let mut loads: Vec<Box<dyn Load>> = Vec::new();
        for asked in LOADS {
            // That each has its own status shows that it is what it is called.
            loads.push(Box::new(Steady::connect(to, &asked.request(self, &earned))?));
        }
        Ok(Running { loads, stack })
    }

    fn configuration(self) -> Value {
        let challenge = match self {
            Self::Without => json!(false),
            // Nothing gets harder or is given up while it is measured.
            Self::With => json!({
                "keys": ["rB3VQmzqQW5o8zq0t1P2mG4mS3wYxX1dX6m8o3wq9yE="],
                "difficulty": 10,
                "load": { "per_s": 1_000_000, "max_difficulty": 10 },
                "answer_within_s": 3_600,
                "attempts": { "count": 1_000, "per_s": 10 },
            }),
        };
        json!({
            "mode": "enforce",
            "challenge": challenge,
            // Who asks so often is a crowd to them.
            "behaviour": { "login": false, "rotation": false, "sequence": false },
            "rules": [
                { "name": "blocked", "match": { "path": "/blocked" }, "action": "block" },
                { "name": "guarded", "match": { "path": "/guarded" }, "action": "challenge" },
            ],
        })
    }
}

fn edit(config: &mut Value) {
    let small = Small {
        listener_filters: &[],
        roles: Roles::Both,
        routes: json!([large(), answer(json!({ "prefix": "/" }), &[])]),
    };
    small.apply(config);
    tell_ja4(config);
    // The load says that it comes over TLS, and is believed as a proxy in front would be.
    for listener in listeners(config) {
        let chains = listener.get_mut("filter_chains").and_then(Value::as_array_mut);
        let filters = chains.into_iter().flatten();
        let filters = filters.filter_map(|chain| chain.get_mut("filters")?.as_array_mut());
        for filter in filters.flatten() {
            if let Some(setting) = filter.pointer_mut("/typed_config/use_remote_address") {
                *setting = json!(false);
            }
            if let Some(routes) = filter
                .pointer_mut("/typed_config/route_config")
                .and_then(Value::as_object_mut)
            {
                routes.insert("max_direct_response_body_size_bytes".to_owned(), json!(LARGE_BYTES));
            }
        }
    }
}

fn large() -> Value {
    let mut route = answer(json!({ "path": LARGE_PATH }), &[]);
    if let Some(body) = route.pointer_mut("/direct_response/body/inline_string") {
        *body = json!("x".repeat(LARGE_BYTES));
    }
    route
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stands_beside_one_that_is_measured_before_it() {
        for (place, load) in LOADS.iter().enumerate() {
            if let Some(beside) = load.beside {
                assert!(LOADS[..place].iter().any(|other| other.name == beside), "{beside}");
            }
        }
    }

    #[test]
    fn another_letter_is_another_one_and_the_rest_stays() {
        assert_eq!(other_letter_at("AbA", 0), "BbA");
        assert_eq!(other_letter_at("AbA", 1), "AAA");
    }
}
