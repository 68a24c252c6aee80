//! Which route a request is on: by its host, then by its path and method, as the crate `matchit` finds it.
//!
//! A host's own routes come before those of the wildcard that it falls under (the longest first), and those before the routes
//! for any host; what one of them does not know, the next may. A path that none of them knows is tried without its extension. Among the patterns of a host that hold for the method, the most
//! specific wins, in any case, as `matchit` has it: a segment as it is written before `{one}`, that before `{*all}`. Of two routes with the same
//! pattern, the one that names the method wins.

mod compile;
mod defaults;
mod host;
mod pattern;

pub use compile::{Clash, Place};
pub use host::HostPattern;
pub use pattern::{Pattern, PatternError};

use super::{Class, Mode};
use compile::Table;
use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

/// A method that a route can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// `GET`
    Get,
    /// `HEAD`
    Head,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `PATCH`
    Patch,
    /// `DELETE`
    Delete,
    /// `OPTIONS`
    Options,
    /// `CONNECT`
    Connect,
    /// `TRACE`
    Trace,
}

impl Method {
    /// All of them: RFC 9110, 9.3, and RFC 5789.
    pub const ALL: [Self; 9] = [
        Self::Get,
        Self::Head,
        Self::Post,
        Self::Put,
        Self::Patch,
        Self::Delete,
        Self::Options,
        Self::Connect,
        Self::Trace,
    ];

    /// The method as it is sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
            Self::Connect => "CONNECT",
            Self::Trace => "TRACE",
        }
    }
}

/// What is known of a route, wherever its patterns are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Its name: a metric's label and a token of a Structured Field.
    pub name: Rc<str>,
    /// What it is for.
    pub class: Class,
    /// What a request to it costs, beside one that costs 1; 1 to 100.
    pub cost: u8,
    /// Whether its verdicts are carried out; none when its ladder says so.
    pub mode: Option<Mode>,
}

impl Route {
    /// The name of the route for everything that no pattern matches.
    pub const DEFAULT: &'static str = "default";
}

/// A route as it is written in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The route.
    pub route: Rc<Route>,
    /// Its paths, each with its place in the configuration's array.
    pub paths: Vec<(usize, Pattern)>,
    /// Its methods; any when there are none.
    pub methods: Vec<Method>,
    /// Its hosts; any when there are none.
    pub hosts: Vec<HostPattern>,
}

/// How a request came to its route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// By a pattern.
    Pattern,
    /// No pattern matched.
    Default,
    /// The path is over [`super::path::MAX_PATH`], and no pattern was tried.
    PathTooLong,
}

/// All routes, ready for look-ups.
#[derive(Clone, Debug)]
pub struct Routes {
    listed: Vec<Listed>,
    hosts: HashMap<Box<str>, Table>,
    /// By what stands behind `*.`.
    wildcards: HashMap<Box<str>, Table>,
    any: Table,
    default: Rc<Route>,
}

/// Everything else follows from what is listed.
impl PartialEq for Routes {
    fn eq(&self, other: &Self) -> bool {
        self.listed == other.listed
    }
}

impl Eq for Routes {}

impl Routes {
    /// Compiles `listed`.
    ///
    /// # Errors
    /// Every pattern that clashes with another one.
    pub fn new(listed: Vec<Listed>) -> Result<Self, Vec<Clash>> {
        compile::compile(listed)
    }

    /// The routes of a configuration that names none.
    pub fn built_in() -> Self {
        Self::new(defaults::listed()).unwrap_or_else(|_| Self::none())
    }

    /// No route but the default one.
    pub fn none() -> Self {
        Self {
            listed: Vec::new(),
            hosts: HashMap::new(),
            wildcards: HashMap::new(),
            any: Table::default(),
            default: Rc::new(Route {
                name: Route::DEFAULT.into(),
                class: Class::Page,
                cost: Class::Page.cost(),
                mode: None,
            }),
        }
    }

    /// The routes as they are written, in their order; without the default one.
    pub fn listed(&self) -> impl Iterator<Item = &Route> {
        self.listed.iter().map(|listed| listed.route.as_ref())
    }

    /// All of them: as they are written, then the default one.
    pub fn all(&self) -> impl Iterator<Item = &Route> {
        self.listed().chain([&*self.default])
    }

    /// The route of a request. `host` and `path` are in their forms ([`normal_host`], [`super::path::normal`]), the path in lower
    /// case ([`super::path::lower`]).
    pub fn find(&self, method: &[u8], host: Option<&str>, path: &str) -> (&Rc<Route>, Found) {
        let tables = || {
            host.into_iter().flat_map(|host| {
                let own = self.hosts.get(host).into_iter();
                own.chain(wider(host, self.wildcards.is_empty()).filter_map(|host| self.wildcards.get(host)))
            })
        };

        let of = |path: &str| tables().chain([&self.any]).find_map(|table| table.find(method, path));
        // `/login.json` is `/login` to many servers.
        match of(path).or_else(|| without_extension(path).and_then(of)) {
            Some(route) => (route, Found::Pattern),
            None => (&self.default, Found::Default),
        }
    }

    /// The route of every request that no pattern is tried for.
    pub fn default_route(&self) -> &Rc<Route> {
        &self.default
    }
}

/// `path` without the extension of its last segment, if that has one and a name before it.
fn without_extension(path: &str) -> Option<&str> {
    let (stem, extension) = path.rsplit_once('.')?;
    let is_one = !stem.ends_with('/') && !extension.is_empty() && !extension.contains('/');
    is_one.then_some(stem)
}

/// What stands behind each dot of `host`, the longest first.
fn wider(host: &str, nothing: bool) -> impl Iterator<Item = &str> {
    let dots = host.match_indices('.').take(if nothing { 0 } else { usize::MAX });
    dots.filter_map(|(at, _)| host.get(at.saturating_add(1)..))
}

/// A host as routes and rules know it: in lower case, without its port and without a dot at its end. None when it is no host: empty,
/// over 255 bytes, or with bytes that no host has.
pub fn normal_host(host: &[u8]) -> Option<Cow<'_, str>> {
    let host = str::from_utf8(host).ok()?;
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !open_bracket(name) => name,
        _ => host,
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_host = (1..=HostPattern::MAX).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_host {
        return None;
    }
    let is_lower = !name.bytes().any(|byte| byte.is_ascii_uppercase());
    Some(if is_lower {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(name.to_ascii_lowercase())
    })
}

/// Whether a colon behind `name` belongs to an IPv6 address in brackets.
fn open_bracket(name: &str) -> bool {
    name.starts_with('[') && !name.ends_with(']')
}

#[cfg(test)]
mod tests;
