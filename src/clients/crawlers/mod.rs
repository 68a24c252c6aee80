//! Crawlers, agents, link previewers and monitors: who runs each, what for, and whether a client that claims to be one comes from
//! an address of its operator's.
//!
//! A User-Agent is free to write, and the names of crawlers are worth writing: sites let them pass. What tells the real one is
//! where it comes from. Operators publish their addresses, and change them every few weeks; so the table (`crawlers.json`) has
//! none: it says where each operator publishes them and in which format, `layerprint crawlers` makes a configuration of what is
//! published, and [`Crawlers::add_ranges`] takes it. Without addresses nothing is held against a claim.

mod table;

use core::net::IpAddr;
use std::sync::LazyLock;

use ipnet::IpNet;
use prefix_trie::joint::JointPrefixSet;
use serde::Deserialize;

pub use super::provenance::{Error, Level, Provenance};
use crate::evidence::claims::{Claims, Family, Kind, Product, UserAgent};
pub use table::{is_date, is_name};

/// What a crawler fetches pages for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// To train models.
    Training,
    /// To find pages again: search engines, and the search of assistants.
    SearchIndex,
    /// Because a person asked for this page, now.
    UserFetch,
    /// To show what a link leads to.
    Preview,
    /// To see whether a service is up.
    Monitoring,
    /// To check pages that ads lead to.
    Ads,
    /// To sell what it learns of sites and their links.
    Seo,
    /// To keep a copy.
    Archive,
    /// To find what is open, broken or harmful.
    Security,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Training,
        Self::SearchIndex,
        Self::UserFetch,
        Self::Preview,
        Self::Monitoring,
        Self::Ads,
        Self::Seo,
        Self::Archive,
        Self::Security,
    ];

    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Training => "training",
            Self::SearchIndex => "search-index",
            Self::UserFetch => "user-fetch",
            Self::Preview => "preview",
            Self::Monitoring => "monitoring",
            Self::Ads => "ads",
            Self::Seo => "seo",
            Self::Archive => "archive",
            Self::Security => "security",
        }
    }
}

/// What a site that has no reason of its own does with a crawler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Advice {
    /// Let it pass: people find the site through it.
    Allow,
    /// Let it pass, and see how much it takes.
    Log,
    /// Let so many requests pass: it takes more than it brings.
    Limit,
    /// Keep it out: it brings nothing.
    Block,
}

impl Advice {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Allow, Self::Log, Self::Limit, Self::Block];

    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Log => "log",
            Self::Limit => "limit",
            Self::Block => "block",
        }
    }
}

/// How an operator says from where its crawler comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// JSON with a list of prefixes.
    Prefixes,
    /// Text, with one address or prefix on each line.
    Lines,
    /// JSON pasted into a page.
    Embedded,
    /// All that an autonomous system announces.
    Routes,
    /// A page, for people to read.
    Page,
    /// The address has a name under the operator's domain, and the name has the address: two look-ups that a filter cannot wait for.
    ReverseDns,
    /// It runs where its user puts it.
    Own,
    /// Not at all.
    None,
}

impl Format {
    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prefixes => "prefixes",
            Self::Lines => "lines",
            Self::Embedded => "embedded",
            Self::Routes => "routes",
            Self::Page => "page",
            Self::ReverseDns => "reverse-dns",
            Self::Own => "own",
            Self::None => "none",
        }
    }

    /// Whether there is a list to be had.
    pub const fn is_published(self) -> bool {
        match self {
            Self::Prefixes | Self::Lines | Self::Embedded | Self::Routes | Self::Page => true,
            Self::ReverseDns | Self::Own | Self::None => false,
        }
    }
}

/// The addresses that a crawler comes from, as configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Ranges {
    prefixes: JointPrefixSet<IpNet>,
    as_of: Option<String>,
}

/// One crawler, agent, previewer or monitor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crawler {
    name: String,
    operator: String,
    purpose: Purpose,
    advice: Advice,
    claim: Option<String>,
    robots: Vec<String>,
    format: Format,
    urls: Vec<String>,
    docs: Option<String>,
    notes: String,
    provenance: Vec<Provenance>,
    ranges: Option<Ranges>,
}

impl Crawler {
    /// One of the operator's own, without addresses.
    pub fn own(name: String, claim: Claim, operator: String, purpose: Purpose, advice: Advice) -> Self {
        Self {
            name,
            operator,
            purpose,
            advice,
            claim: Some(claim.0),
            robots: Vec::new(),
            format: Format::Own,
            urls: Vec::new(),
            docs: None,
            notes: String::new(),
            provenance: Vec::new(),
            ranges: None,
        }
    }

    /// Its stable name: that of the family that its User-Agent claims, where it has one.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Who runs it.
    pub fn operator(&self) -> &str {
        &self.operator
    }

    /// What it is for.
    pub const fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// What to do with it, where nothing else is said.
    pub const fn advice(&self) -> Advice {
        self.advice
    }

    /// Whether clients can claim to be it. Google-Extended and Applebot-Extended are names in robots.txt alone.
    pub const fn is_claimed(&self) -> bool {
        self.claim.is_some()
    }

    /// The names by which robots.txt speaks of it.
    pub fn robots(&self) -> &[String] {
        &self.robots
    }

    /// How its operator publishes where it comes from.
    pub const fn format(&self) -> Format {
        self.format
    }

    /// Where: URLs; for routes, the command.
    pub fn urls(&self) -> &[String] {
        &self.urls
    }

    /// The operator's page on it.
    pub fn docs(&self) -> Option<&str> {
        self.docs.as_deref()
    }

    /// What else there is to know of it.
    pub fn notes(&self) -> &str {
        &self.notes
    }

    /// Where the row comes from; nothing, for one of the configuration's own.
    pub fn provenance(&self) -> &[Provenance] {
        &self.provenance
    }

    /// How many prefixes are known of it, each counted once.
    pub fn prefixes(&self) -> usize {
        self.ranges.as_ref().map_or(0, |ranges| ranges.prefixes.len())
    }

    /// From when its addresses are, `YYYY-MM-DD`: the oldest of what was given.
    pub fn as_of(&self) -> Option<&str> {
        self.ranges.as_ref()?.as_of.as_deref()
    }
}

/// The product name that a User-Agent gives itself, as crawlers are looked up by it: in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim(String);

/// Why a User-Agent cannot stand for a crawler of one's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoClaim {
    /// There is no product name in it.
    Unreadable,
    /// Browsers and tools of all kinds say so: each of them would be held to be a false crawler.
    Common,
}

impl Claim {
    /// What a client with this User-Agent claims to be.
    ///
    /// # Errors
    /// Why it cannot be told from others by that.
    pub fn of(user_agent: &str) -> Result<Self, NoClaim> {
        let claimed = UserAgent::parse(user_agent.as_bytes());
        let claimed = claimed.seen().ok_or(NoClaim::Unreadable)?;
        match claimed.product {
            Product::Known(family) if !matches!(family.kind(), Kind::Crawler | Kind::Monitor) => Err(NoClaim::Common),
            // A string of shared tokens and one more is what browsers send.
            Product::Other(_) if matches!(claimed.kind, Kind::Browser | Kind::InApp | Kind::Headless) => {
                Err(NoClaim::Common)
            }
            product => Ok(Self(product.name().to_ascii_lowercase())),
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why nothing can be said of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unverifiable {
    /// No addresses of this crawler are configured.
    NoRanges,
    /// The client's address is not known.
    NoAddress,
}

impl Unverifiable {
    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoRanges => "no-ranges",
            Self::NoAddress => "no-address",
        }
    }
}

/// Whether a client is the crawler that it claims to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verification<'a> {
    /// It claims to be none that is known.
    NotClaimed,
    /// It comes from an address of this one's operator.
    Verified(&'a Crawler),
    /// It claims to be this one, and comes from elsewhere.
    Refuted(&'a Crawler),
    /// It claims to be this one, and that is all there is.
    Unverifiable(&'a Crawler, Unverifiable),
}

impl<'a> Verification<'a> {
    /// Its stable name; of what cannot be told, the reason.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotClaimed => "not-claimed",
            Self::Verified(_) => "verified",
            Self::Refuted(_) => "refuted",
            Self::Unverifiable(_, why) => why.as_str(),
        }
    }

    /// The crawler that is claimed.
    pub const fn crawler(self) -> Option<&'a Crawler> {
        match self {
            Self::NotClaimed => None,
            Self::Verified(crawler) | Self::Refuted(crawler) | Self::Unverifiable(crawler, _) => Some(crawler),
        }
    }
}

/// The table, and the addresses that are configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crawlers {
    date: String,
    rows: Vec<Crawler>,
    /// What is claimed, in lower case and in order, and the row.
    claims: Vec<(String, usize)>,
}

impl Crawlers {
    /// The table that comes with the filter, without addresses. It is read once: each configuration begins with it.
    ///
    /// # Errors
    /// None, or the tests do not pass.
    pub fn built_in() -> Result<Self, Error> {
        static BUILT_IN: LazyLock<Result<Crawlers, Error>> =
            LazyLock::new(|| Crawlers::parse(include_str!("crawlers.json")));
        BUILT_IN.clone()
    }

    /// The table in `json`.
    ///
    /// # Errors
    /// The first thing in it that is wrong.
    pub fn parse(json: &str) -> Result<Self, Error> {
        let (date, rows) = table::parse(json)?;
        let mut crawlers = Self {
            date,
            ..Self::default()
        };
        for row in rows {
            let name = row.name.clone();
            let added = crawlers.add(row);
            added.map_err(|taken| Error::new(format!("its name is that of {taken:?}")).below(&name))?;
        }
        Ok(crawlers)
    }

    /// Adds a crawler.
    ///
    /// # Errors
    /// The name of the one that has its name, or is claimed by the same product name.
    pub fn add(&mut self, crawler: Crawler) -> Result<(), String> {
        if let Some(row) = self.named(&crawler.name) {
            return Err(row.name.clone());
        }
        if let Some(claim) = &crawler.claim {
            if let Some(row) = self.find(claim) {
                return Err(row.name.clone());
            }
            let at = self.claims.partition_point(|(known, _)| known < claim);
            self.claims.insert(at, (claim.clone(), self.rows.len()));
        }
        self.rows.push(crawler);
        Ok(())
    }

    /// From here on the crawler `name` comes from `prefixes` too, as they were on the day `as_of`, `YYYY-MM-DD`. Nothing
    /// happens when no crawler has that name.
    pub fn add_ranges(&mut self, name: &str, prefixes: impl IntoIterator<Item = IpNet>, as_of: Option<String>) {
        let Some(row) = self.rows.iter_mut().find(|row| row.name == name) else {
            return;
        };
        let ranges = row.ranges.get_or_insert_default();
        for prefix in prefixes {
            ranges.prefixes.insert(prefix);
        }
        // Together they are as good as the oldest of them.
        ranges.as_of = match (ranges.as_of.take(), as_of) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }

    /// When the table was last changed, `YYYY-MM-DD`.
    pub fn date(&self) -> &str {
        &self.date
    }

    /// The rows.
    pub fn rows(&self) -> &[Crawler] {
        &self.rows
    }

    /// The crawler of this stable name.
    pub fn named(&self, name: &str) -> Option<&Crawler> {
        self.rows.iter().find(|row| row.name == name)
    }

    /// The crawler that is known by `claim`.
    pub fn claim(&self, claim: &Claim) -> Option<&Crawler> {
        self.find(claim.as_str())
    }

    /// The crawler that `claimed` claims to be.
    pub fn claimed(&self, claimed: &UserAgent<'_>) -> Option<&Crawler> {
        self.find(claimed.product.name())
    }

    /// The crawler that is known by this product name, in any case.
    fn find(&self, product: &str) -> Option<&Crawler> {
        let order = |known: &str| known.bytes().cmp(product.bytes().map(|byte| byte.to_ascii_lowercase()));
        let at = self.claims.binary_search_by(|(known, _)| order(known)).ok()?;
        let (_, row) = self.claims.get(at)?;
        self.rows.get(*row)
    }

    /// Whether a request with these `claims` is from the crawler that its User-Agent claims, if it claims one: see [`Self::verify`].
    pub fn verify_claim(&self, claims: &Claims<'_>, client: Option<IpAddr>) -> Verification<'_> {
        let agent = claims.user_agent.seen();
        agent.map_or(Verification::NotClaimed, |agent| self.verify(agent, client))
    }

    /// Whether the client at `ip` is the crawler that it claims to be. An IPv4 address mapped into IPv6 is the IPv4 address that it
    /// is. Allocates nothing: one search by name, one way down a trie.
    pub fn verify(&self, claimed: &UserAgent<'_>, ip: Option<IpAddr>) -> Verification<'_> {
        let Some(crawler) = self.claimed(claimed) else {
            return Verification::NotClaimed;
        };
        let Some(ranges) = &crawler.ranges else {
            return Verification::Unverifiable(crawler, Unverifiable::NoRanges);
        };
        let Some(ip) = ip else {
            return Verification::Unverifiable(crawler, Unverifiable::NoAddress);
        };
        let host = IpNet::from(ip.to_canonical());
        match ranges.prefixes.get_lpm(&host) {
            Some(_) => Verification::Verified(crawler),
            None => Verification::Refuted(crawler),
        }
    }
}

/// The claim that the family of a row's name makes; none when there is no such family.
fn claim_of_family(name: &str) -> Option<Claim> {
    Family::named(name).map(|family| Claim(family.name().to_ascii_lowercase()))
}
