//! Who a client claims or is: a family, which implementations it shows, and what it sends since which version.

use super::tls::TlsShape;
use crate::clients::provenance::Provenance;
use crate::evidence::claims::{Engine, Kind, Platform, UserAgent, Version};

/// The versions from one on and up to another, both included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Versions {
    since: Option<Version>,
    until: Option<Version>,
}

impl Versions {
    /// `16.4-17`, `89-`, `-118`. A last version without its second number includes all that begin with it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (since, until) = text.split_once('-')?;
        let end = |text: &str| match text {
            "" => Some(None),
            _ if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') => {
                Version::read(text.as_bytes()).map(Some)
            }
            _ => None,
        };
        let whole = |last: Version| match until.contains('.') {
            true => last,
            false => Version {
                minor: u32::MAX,
                ..last
            },
        };
        let versions = Self {
            since: end(since)?,
            until: end(until)?.map(whole),
        };
        let is_empty = matches!((versions.since, versions.until), (Some(first), Some(last)) if first > last);
        (!is_empty && text != "-").then_some(versions)
    }

    /// Whether `version` is one of them; a version that is not known may be any.
    pub fn has(self, version: Option<Version>) -> bool {
        version.is_none_or(|version| {
            self.since.is_none_or(|first| version >= first) && self.until.is_none_or(|last| version <= last)
        })
    }

    /// Whether `version` is one of them for certain: one that is not known is none of some.
    pub(super) fn surely_has(self, version: Option<Version>) -> bool {
        self == Self::default() || version.is_some() && self.has(version)
    }
}

/// Whether a family sends something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sends {
    /// It does, over TLS and to hosts that count as secure.
    Yes,
    /// It does not.
    No,
    /// It depends on what is not known here.
    Unstated,
}

/// Since when a family sends a group of headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Since {
    Never,
    Version(Versions),
    Unstated,
}

impl Since {
    fn says(self, version: Option<Version>) -> Sends {
        match (self, version) {
            (Self::Never, _) => Sends::No,
            (Self::Unstated, _) | (Self::Version(_), None) => Sends::Unstated,
            (Self::Version(versions), Some(_)) if versions.has(version) => Sends::Yes,
            (Self::Version(_), Some(_)) => Sends::No,
        }
    }
}

/// How a User-Agent claims a family: all that is stated has to hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Claim {
    pub(super) products: Vec<String>,
    pub(super) engine: Option<Engine>,
    pub(super) platforms: Vec<Platform>,
    pub(super) kinds: Vec<Kind>,
    pub(super) versions: Versions,
}

impl Claim {
    pub(super) fn is_made_by(&self, claims: &UserAgent<'_>) -> bool {
        let version = if self.engine.is_some() {
            claims.engine_version
        } else {
            claims.version
        };
        (self.products.is_empty()
            || self
                .products
                .iter()
                .any(|name| name.eq_ignore_ascii_case(claims.product.name())))
            && self.engine.is_none_or(|engine| claims.engine == Some(engine))
            && (self.platforms.is_empty() || self.platforms.contains(&claims.platform))
            && (self.kinds.is_empty() || self.kinds.contains(&claims.kind))
            && self.versions.has(version)
    }
}

/// An implementation that a family shows, by its place in the table, and in which versions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shows {
    pub(super) row: u8,
    pub(super) versions: Versions,
}

/// Which of `shows` hold for `version`, as bits.
pub(super) fn rows(shows: &[Shows], version: Option<Version>) -> u64 {
    let shown = shows.iter().filter(|shows| shows.versions.has(version));
    shown.fold(0, |rows, shows| {
        rows | 1_u64.checked_shl(u32::from(shows.row)).unwrap_or(0)
    })
}

/// What a family's TLS has anyhow, in some versions.
#[derive(Clone, Debug)]
pub(super) struct Must {
    pub(super) shape: TlsShape,
    pub(super) versions: Versions,
}

/// A family of clients: who they claim to be, and what they show.
#[derive(Clone, Debug)]
pub struct Family {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) generic: bool,
    pub(super) claims: Vec<Claim>,
    pub(super) tls: Vec<Shows>,
    pub(super) http2: Vec<Shows>,
    pub(super) orders: Vec<Shows>,
    pub(super) must: Vec<Must>,
    pub(super) lenient: bool,
    pub(super) client_hints: Since,
    pub(super) fetch_metadata: Since,
    pub(super) notes: String,
    pub(super) provenance: Vec<Provenance>,
}

impl Family {
    /// Its stable name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What kind of client it is.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether it stands for all that is built on it: an engine, a library. Others show the same, and it is named for them.
    pub const fn is_generic(&self) -> bool {
        self.generic
    }

    /// Whether a person browses with it.
    pub const fn is_browser(&self) -> bool {
        matches!(self.kind, Kind::Browser | Kind::InApp | Kind::Headless)
    }

    /// Whether this version sends Client Hints with every request to a secure host.
    pub fn client_hints(&self, version: Option<Version>) -> Sends {
        self.client_hints.says(version)
    }

    /// Whether this version sends Fetch Metadata with every request to a secure host.
    pub fn fetch_metadata(&self, version: Option<Version>) -> Sends {
        self.fetch_metadata.says(version)
    }

    /// How many implementations it may show: the fewer, the more it says that it was seen.
    pub(super) fn breadth(&self) -> usize {
        self.tls.len() + self.http2.len() + self.orders.len()
    }

    /// What else there is to know of the row.
    pub fn notes(&self) -> &str {
        &self.notes
    }

    /// Where the row comes from.
    pub fn provenance(&self) -> &[Provenance] {
        &self.provenance
    }
}
