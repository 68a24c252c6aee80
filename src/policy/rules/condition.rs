//! One condition of a rule: what has to be seen of one piece of evidence.

use super::super::routes::Route;
use super::field::{Field, Number};
use super::pattern::{Glob, TextPattern};
use super::subject::{Subject, texts};
use crate::evidence::Evidence;
use core::fmt::{self, Display};
use core::net::IpAddr;
use ipnet::IpNet;
use prefix_trie::joint::JointPrefixMap;
use std::collections::BTreeSet;

/// What has to be seen of one piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// One of its values is one of these.
    Text(Field, Texts),
    /// It lies within these bounds, both included.
    Number(Number, u64, u64),
    /// The client's address is in one of these networks.
    ClientIp(Box<Prefixes>),
}

/// Texts, of which one has to be there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// Sorted.
    exact: Vec<Box<str>>,
    globs: Vec<Glob>,
}

/// Networks, of which one has to hold the address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prefixes {
    pub(super) listed: BTreeSet<IpNet>,
    table: JointPrefixMap<IpNet, ()>,
}

impl Condition {
    /// Whether it holds; none where the evidence is missing.
    pub(super) fn holds<S: Subject + ?Sized>(&self, subject: &S) -> Option<bool> {
        match self {
            Self::Text(field, wanted) => {
                let mut found = false;
                let state = texts(subject, *field, &mut |text| found = found || wanted.has(text));
                matches!(state, Evidence::Seen(())).then_some(found)
            }
            Self::Number(number, min, max) => {
                let value = subject.number(*number);
                value.seen().map(|value| (min..=max).contains(&value))
            }
            Self::ClientIp(prefixes) => {
                let ip = subject.client_ip();
                ip.seen().map(|ip| prefixes.have(*ip))
            }
        }
    }
}

/// As people read it: `ja4 is "t13d*" or "q13d*"`, `l7 is from 25 to 49`. Of a long list, the first few.
impl Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(field, wanted) => {
                write!(f, "{} is ", field.as_str())?;
                let exact = wanted.exact.iter().map(|text| TextPattern::Exact(text.clone()));
                let globs = wanted.globs.iter().map(|glob| TextPattern::Glob(glob.clone()));
                either(f, exact.chain(globs), wanted.len())
            }
            Self::Number(number, min, max) => {
                write!(f, "{} is ", number.as_str())?;
                match (*min, *max) {
                    (min, max) if min == max => write!(f, "{min}"),
                    (0, max) => write!(f, "{max} or less"),
                    (min, u64::MAX) => write!(f, "{min} or more"),
                    (min, max) => write!(f, "from {min} to {max}"),
                }
            }
            Self::ClientIp(prefixes) => {
                f.write_str("client_ip is in ")?;
                either(f, prefixes.listed.iter(), prefixes.listed.len())
            }
        }
    }
}

/// The most values of a condition that are displayed: a rule may have thousands.
const MAX_SHOWN: usize = 5;

/// Writes the first few of `count` values.
fn either<V: Display>(f: &mut fmt::Formatter<'_>, values: impl Iterator<Item = V>, count: usize) -> fmt::Result {
    for (place, value) in values.take(MAX_SHOWN).enumerate() {
        let or = if place > 0 { " or " } else { "" };
        write!(f, "{or}{value}")?;
    }
    match count.saturating_sub(MAX_SHOWN) {
        0 => Ok(()),
        more => write!(f, " or one of {more} more"),
    }
}

impl Condition {
    /// Whether what is asked for tells alone if it holds.
    pub const fn is_of_target(&self) -> bool {
        matches!(self, Self::Text(Field::Method | Field::Host | Field::Path, _))
    }

    /// Whether it holds for every request on `route`; none where the route does not tell.
    pub fn holds_on(&self, route: &Route) -> Option<bool> {
        match self {
            Self::Text(Field::Route, wanted) => Some(wanted.has(&route.name)),
            Self::Text(Field::Class, wanted) => Some(wanted.has(route.class.as_str())),
            Self::Text(..) | Self::Number(..) | Self::ClientIp(_) => None,
        }
    }
}

impl Texts {
    /// Adds a pattern.
    pub fn add(&mut self, pattern: TextPattern) {
        match pattern {
            TextPattern::Glob(glob) => self.globs.push(glob),
            TextPattern::Exact(text) => {
                if let Err(at) = self.exact.binary_search(&text) {
                    self.exact.insert(at, text);
                }
            }
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.exact.len().saturating_add(self.globs.len())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn exact(&self) -> &[Box<str>] {
        &self.exact
    }

    pub(super) fn globs(&self) -> &[Glob] {
        &self.globs
    }

    fn has(&self, text: &str) -> bool {
        let is_exact = self.exact.binary_search_by(|known| (**known).cmp(text)).is_ok();
        is_exact || self.globs.iter().any(|glob| glob.matches(text))
    }
}

impl Prefixes {
    /// These networks.
    pub fn new(listed: BTreeSet<IpNet>) -> Self {
        Self {
            table: listed.iter().map(|prefix| (*prefix, ())).collect(),
            listed,
        }
    }

    fn have(&self, ip: IpAddr) -> bool {
        self.table.get_lpm(&IpNet::from(ip.to_canonical())).is_some()
    }
}
