//! What follows from an assessment, as the configuration says.

mod challenges;
pub mod config;
pub mod connection;
mod decide;
pub mod ladders;
pub mod limits;
pub mod path;
pub mod routes;
pub mod rules;

pub use decide::{Counting, Placed, Policy};

use crate::memory::behaviour::Step;
use ladders::Band;
use limits::Hit;
use routes::Found;
use std::rc::Rc;

/// Whether verdicts are carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// They are written down; every request passes.
    #[default]
    Observe,
    /// They are carried out.
    Enforce,
}

impl Mode {
    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Enforce => "enforce",
        }
    }
}

/// The answer to a request, mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Nothing against it.
    Allow,
    /// It passes; something is worth a look.
    Log,
    /// It passes, marked, so that the proxy can route it to a closer look.
    Review,
    /// It passes, later.
    Slow,
    /// It is answered with a challenge, which a browser can solve.
    Challenge,
    /// It is answered with 429 and may come again later.
    Limit,
    /// It is answered with 403.
    Block,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Allow,
        Self::Log,
        Self::Review,
        Self::Slow,
        Self::Challenge,
        Self::Limit,
        Self::Block,
    ];

    /// Whether the request is answered in the proxy, and never reaches the upstream.
    pub const fn is_answer(self) -> bool {
        matches!(self, Self::Challenge | Self::Limit | Self::Block)
    }

    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Log => "log",
            Self::Review => "review",
            Self::Slow => "slow",
            Self::Challenge => "challenge",
            Self::Limit => "limit",
            Self::Block => "block",
        }
    }
}

/// What a route is for, and so what a request to it costs and means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Where credentials are tried.
    Login,
    /// Where money moves.
    Checkout,
    /// What is dear to compute.
    Search,
    /// What programs call.
    Api,
    /// What few may do.
    Admin,
    /// What costs nothing.
    Static,
    /// All else.
    Page,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Login,
        Self::Checkout,
        Self::Search,
        Self::Api,
        Self::Admin,
        Self::Static,
        Self::Page,
    ];

    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Checkout => "checkout",
            Self::Search => "search",
            Self::Api => "api",
            Self::Admin => "admin",
            Self::Static => "static",
            Self::Page => "page",
        }
    }

    /// What a request to a route of this class costs, where the route does not say: in requests for a page.
    pub const fn cost(self) -> u8 {
        match self {
            // Each is a guess at a password.
            Self::Login => 10,
            Self::Checkout | Self::Search => 5,
            Self::Api | Self::Admin => 2,
            Self::Static | Self::Page => 1,
        }
    }
}

/// What a request asks for, as far as it matters to those who remember.
impl From<Class> for Step {
    fn from(class: Class) -> Self {
        match class {
            Class::Login => Self::Login,
            Class::Checkout => Self::Checkout,
            Class::Search => Self::Search,
            Class::Api => Self::Api,
            Class::Admin => Self::Admin,
            Class::Static => Self::Asset,
            Class::Page => Self::Page,
        }
    }
}

/// The verdict on one request, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The answer.
    pub verdict: Verdict,
    /// Whether it is carried out.
    pub mode: Mode,
    /// The route that the request matched, by its name.
    pub route: Rc<str>,
    /// What that route is for.
    pub class: Class,
    /// What the request costs, 1 to 100.
    pub cost: u8,
    /// How the request came to its route.
    pub found: Found,
    /// The band of the assessment's score.
    pub band: Band,
    /// The rule that decided, by its name; none when the ladder did.
    pub rule: Option<Rc<str>>,
    /// The limit that decided, with when there is room again.
    pub limit: Option<Hit>,
    /// The names of all limits that the request is over.
    pub over: Vec<Rc<str>>,
    /// Whether it would have been challenged, and its client has passed one already.
    pub cleared: bool,
    /// How often its client was challenged before and never came back with a clearance; none where it is not challenged.
    pub unsolved: Option<u16>,
}
