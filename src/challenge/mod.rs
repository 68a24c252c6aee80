//! The challenge: a page that a browser solves by itself, and the clearance that it earns.
//!
//! Nothing is kept of either. A puzzle is a signed token; its answer is the token with the work; a clearance is another signed
//! token, in a cookie. All are bound to the host, to the client's network and to what its TLS and HTTP look like.

pub mod answer;
pub mod attempts;
mod bound;
mod cookie;
mod endpoint;
mod keys;
mod load;
pub mod page;
mod reason;
mod target;
mod token;
pub mod work;

pub use bound::Bound;
pub use endpoint::{Event, Reply, Served};
pub use reason::Reason;
pub use target::encoded;

use crate::evidence::fields::{Fields, first, values};
use crate::memory::store::Moment;
use crate::policy::Class;
use crate::policy::config::Config;
use crate::policy::config::challenge::{Challenge, Difficulty};
use bound::Digested;
use core::cell::Cell;
use keys::Keyring;
use load::Load;
use page::{Page, Pages, Shown, WayBack};
use std::rc::Rc;
use token::{Kind, RouteTag, Token, seconds};

/// How far the clocks of two proxies may be apart.
const SKEW_S: u32 = 30;

/// All that challenges need, compiled from the configuration.
#[derive(Debug)]
pub struct Challenges {
    settings: Challenge,
    keys: Keyring,
    pages: Pages,
    routes: Vec<(RouteTag, Rc<str>)>,
    load: Load,
    /// The highest that any ladder asks for: what a person is asked for who comes to the page itself.
    hardest: Difficulty,
    salt: Cell<u32>,
}

/// A request, as far as a challenge is about it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Its method.
    pub method: &'a [u8],
    /// Its host as it was sent, perhaps with a port.
    pub authority: &'a [u8],
    /// Its path with its query, as it was sent.
    pub path: &'a [u8],
    /// Its headers.
    pub fields: &'a Fields<'a>,
    /// Who has to be there later.
    pub bound: Bound<'a>,
    /// Whether it came over HTTP/3.
    pub is_http3: bool,
    /// Whether its client speaks TLS, with us or with a proxy in front: what is not sent over TLS, no clearance comes with.
    pub is_secure: bool,
    /// What the proxy calls it.
    pub reference: Option<&'a str>,
    /// When it came.
    pub now: Moment,
}

/// What a request shows of challenges that were passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clearance {
    /// There are no challenges.
    #[default]
    Off,
    /// It has none.
    NotSent,
    /// It has one, which cost as much.
    Valid(Difficulty),
    /// It has one that is not believed.
    Refused(Reason),
}

impl Challenges {
    /// What `config` says; none where it has no keys.
    pub fn new(config: &Config) -> Option<Self> {
        let settings = config.challenge.as_ref()?;
        let policy = &config.policy;
        let names = policy.routes.all().map(|route| &route.name);
        let of_ladders = Class::ALL.map(|class| policy.difficulty(class));
        Some(Self {
            keys: Keyring::new(&settings.keys)?,
            pages: Pages::new(settings),
            routes: names.map(|name| (RouteTag::of(name), Rc::clone(name))).collect(),
            load: Load::default(),
            hardest: of_ladders.into_iter().fold(settings.difficulty, Difficulty::max),
            salt: Cell::new(0),
            settings: settings.clone(),
        })
    }

    /// What it is configured by.
    pub const fn settings(&self) -> &Challenge {
        &self.settings
    }

    /// Whether the filter answers `path` itself.
    pub fn serves(&self, path: &[u8]) -> bool {
        path.split(|byte| *byte == b'?').next() == Some(self.settings.path.as_bytes())
    }

    /// Whether the request brings something that may be a clearance.
    pub fn is_shown(&self, fields: &Fields<'_>) -> bool {
        cookie::is_there(values(fields, "cookie"), &self.settings.clearance.cookie)
    }

    /// The cookies without ours, when there is one of ours among them.
    pub fn without_ours(&self, fields: &Fields<'_>) -> Option<Vec<u8>> {
        cookie::without(values(fields, "cookie"), &self.settings.clearance.cookie)
    }

    /// What the request shows of challenges that were passed: one clearance that is believed is enough.
    pub fn clearance(&self, asked: &Asked<'_>) -> Clearance {
        let name = &self.settings.clearance.cookie;
        let mut first = Clearance::NotSent;
        let digested = self.digested(asked);
        for value in cookie::of_name(values(asked.fields, "cookie"), name, asked.is_http3) {
            match self.believed(value, &digested, asked.now) {
                Ok(difficulty) => return Clearance::Valid(difficulty),
                Err(reason) if first == Clearance::NotSent => first = Clearance::Refused(reason),
                Err(_) => {}
            }
        }
        first
    }

    fn digested<'a>(&self, asked: &Asked<'a>) -> Digested<'a> {
        Digested::new(asked.bound, self.settings.bind)
    }

    fn believed(&self, value: &[u8], digested: &Digested<'_>, now: Moment) -> Result<Difficulty, Reason> {
        let (token, key) = Token::open(Kind::Clearance, value, &self.keys)?;
        if token.at <= seconds(now.0) {
            return Err(Reason::Expired);
        }
        digested.hold_against(&token.bound, key)?;
        Ok(token.difficulty)
    }

    /// A new page for a request on `route` that is to be challenged.
    pub fn page(&self, asked: &Asked<'_>, route: &str, base: Difficulty) -> Page {
        let way_back = match asked.method {
            b"GET" | b"HEAD" => WayBack::Reload {
                path: target::asked(asked.path),
            },
            _ => WayBack::Form {
                to: target::form(asked.fields, asked.authority, asked.path),
            },
        };
        self.issue(asked, route, base, way_back)
    }

    fn issue(&self, asked: &Asked<'_>, route: &str, base: Difficulty, way_back: WayBack<'_>) -> Page {
        let accept_language = first(asked.fields, "accept-language").unwrap_or_default();
        if !asked.is_secure {
            let host = str::from_utf8(asked.authority).ok();
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
            let host = host.filter(|host| !host.is_empty() && host.bytes().all(is_plain));
            let url = host.map(|host| format!("https://{host}{}", target::asked(asked.path)));
            return self.pages.insecure(accept_language, url.as_deref());
        }
        let key = self.keys.signing();
        let salt = self.salt.get().wrapping_add(1);
        self.salt.set(salt);
        let difficulty = self.load.raise(base, asked.now, self.settings.load);
        let token = Token {
            kind: Kind::Puzzle,
            at: seconds(asked.now.0),
            difficulty,
            route: self.tag(route),
            bound: self.digested(asked).under(key),
            salt: asked
                .now
                .0
                .subsec_nanos()
                .wrapping_add(salt.rotate_left(16))
                .to_be_bytes(),
        };
        self.pages.page(&Shown {
            token: &token.seal(key),
            difficulty,
            way_back,
            accept_language,
            reference: asked.reference,
        })
    }

    /// What stands for the route of this name.
    fn tag(&self, route: &str) -> RouteTag {
        let known = self.routes.iter().find(|(_, name)| **name == *route);
        known.map_or_else(|| RouteTag::of(route), |(tag, _)| *tag)
    }

    /// A puzzle that `letters` is, when it is one for this request, and what route it was for.
    fn puzzle(&self, letters: &[u8], digested: &Digested<'_>, now: Moment) -> (Result<Token, Reason>, Option<Rc<str>>) {
        let (token, key) = match Token::open(Kind::Puzzle, letters, &self.keys) {
            Ok(opened) => opened,
            Err(reason) => return (Err(reason), None),
        };
        let mut routes = self.routes.iter();
        let route = routes
            .find(|(tag, _)| *tag == token.route)
            .map(|(_, name)| Rc::clone(name));
        let now = seconds(now.0);
        let result = if token.at > now.saturating_add(SKEW_S) {
            Err(Reason::Early)
        } else if now.saturating_sub(token.at) > seconds(self.settings.answer_within) {
            Err(Reason::Expired)
        } else {
            digested.hold_against(&token.bound, key)
        };
        (result.map(|()| token), route)
    }

    /// The `Set-Cookie` that the puzzle with these letters earns, if it is one for this request and passes `check`; and what route it was
    /// for.
    fn earn(
        &self,
        asked: &Asked<'_>,
        letters: &[u8],
        check: impl FnOnce(&Token) -> Result<(), Reason>,
    ) -> (Result<String, Reason>, Option<Rc<str>>) {
        let digested = self.digested(asked);
        let (puzzle, route) = self.puzzle(letters, &digested, asked.now);
        let earned = puzzle.and_then(|puzzle| {
            check(&puzzle)?;
            Ok(self.cookie(&puzzle, &digested, asked))
        });
        (earned, route)
    }

    /// The `Set-Cookie` with the clearance for `puzzle`, which was passed.
    fn cookie(&self, puzzle: &Token, digested: &Digested<'_>, asked: &Asked<'_>) -> String {
        let key = self.keys.signing();
        let token = Token {
            kind: Kind::Clearance,
            at: seconds(asked.now.0).saturating_add(seconds(self.settings.clearance.lasts)),
            bound: digested.under(key),
            ..*puzzle
        };
        cookie::set(&self.settings.clearance, asked.is_http3, &token.seal(key))
    }
}

#[cfg(test)]
mod tests;
