//! How many connections each source prefix and each family of TCP stacks opens, and how many of them come to nothing. Floods and
//! scans are told by what they do not do: ask for anything, or finish a handshake.
//!
//! Counted in data that all workers share: it does not matter which worker a connection comes to. A connection is counted when its
//! fate is known, which costs one change of its prefix, and one of its family where there is a SYN. Until then it is invisible, and
//! so is a flood that holds its connections open: where the connection policy looks for floods, each is also counted when it is
//! accepted, which costs one change more ([`Sources::wait`]).
//!
//! Two tables of fixed size: 6,656 prefixes in 1 MiB at most, 128 families in 5 KiB. The seldom and the silent give way first; a
//! prefix that says nothing any more gives way at once.

mod flood;
mod site;

use self::site::{Family, Site};
use super::key::{Key, Keys};
use super::spans::Merge;
use super::store::{Moment, Store, Unavailable};
use super::table::{Change, Table, Tally};
use crate::clients::stacks::Named;
use crate::compare::Finding;
use crate::evidence::NetworkTags;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

pub use flood::{MIN_CONNECTIONS, MIN_PERCENT};

/// How long a connection counts: at least this, at most twice. Counts are kept for two spans, the present and the one before.
pub const SPAN: Duration = Duration::from_secs(300);

/// How long a connection may be open before it counts as one without a request: at least this, at most twice. Handshakes over bad
/// networks take seconds.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// The part of an address that stands for one site: /24 of IPv4, /48 of IPv6, which is what one customer is given at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Prefix(IpAddr);

impl Prefix {
    /// The prefix that `address` is in. An IPv4 address in IPv6 clothes is IPv4.
    pub const fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                Self(IpAddr::V4(Ipv4Addr::new(a, b, c, 0)))
            }
            IpAddr::V6(address) => {
                let [a, b, c, ..] = address.segments();
                Self(IpAddr::V6(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0)))
            }
        }
    }

    /// The part of `address` that stands for one client: all of IPv4, /64 of IPv6, of which a client has all addresses.
    pub const fn of_client(address: IpAddr) -> Self {
        match address.to_canonical() {
            address @ IpAddr::V4(_) => Self(address),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Self(IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)))
            }
        }
    }
}

/// A connection, as far as it is counted by.
#[derive(Clone, Copy, Debug)]
pub struct Met<'a> {
    /// Where it comes from.
    pub prefix: Prefix,
    /// Who wrote its SYN; none where that was not seen, or is somebody else's.
    pub stack: Option<&'a Named>,
    /// When it is counted.
    pub at: Moment,
}

/// How a connection ended, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It brought a request, or is passed through unopened.
    Used,
    /// It sent something, or finished a handshake, and no request.
    NoRequest,
    /// It began TLS, and nothing came out of it.
    Unfinished,
    /// It sent nothing.
    Silent,
}

/// Whether a connection was counted when it was accepted, as one that is waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Awaited {
    /// It was.
    Yes,
    /// It was not.
    #[default]
    No,
}

/// The connections of one prefix or family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All.
    pub connections: u32,
    /// Those without a request, for whatever reason.
    pub without_request: u32,
    /// Those of them whose handshake was not finished.
    pub unfinished: u32,
}

impl From<Fate> for Counts {
    fn from(fate: Fate) -> Self {
        Self {
            connections: 1,
            without_request: (fate != Fate::Used).into(),
            unfinished: (fate == Fate::Unfinished).into(),
        }
    }
}

impl Merge for Counts {
    fn merge(&self, other: &Self) -> Self {
        Self {
            connections: self.connections.saturating_add(other.connections),
            without_request: self.without_request.saturating_add(other.without_request),
            unfinished: self.unfinished.saturating_add(other.unfinished),
        }
    }
}

/// What a source has brought of late.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pressure {
    /// The connections of its prefix. Those that are waited for are among them; after [`PATIENCE`] they are without a request.
    pub source: Counts,
    /// Those of its family from anywhere; none where there is no SYN. None of them is waited for.
    pub family: Option<Counts>,
    /// That they are a flood. Few are, and each connection keeps its own.
    pub flood: Option<Box<Finding>>,
}

impl Pressure {
    /// That they are a flood, less where the client's networks are known for odd transport.
    pub fn flood_on(&self, networks: NetworkTags) -> Option<Finding> {
        let flood = self.flood.as_deref();
        flood.map(|flood| flood.clone().softened_on(networks))
    }
}

/// All that is remembered of sources.
#[derive(Debug)]
pub struct Sources {
    sites: Table<Site>,
    families: Table<Family>,
}

impl Default for Sources {
    fn default() -> Self {
        Self {
            // 3,952 bytes a shard: a change costs what one of 4 KiB does, 2.5 µs.
            sites: Table::new("sites.1", 256, 26),
            // The names of families are the table's, and few.
            families: Table::new("families.1", 8, 16),
        }
    }
}

impl Sources {
    /// Counts a connection whose fate is known, and gives what its source has brought with it.
    ///
    /// # Errors
    /// [`Unavailable`] when the proxy does not give its shared data.
    pub fn count(
        &self,
        store: &impl Store,
        keys: &Keys,
        met: Met<'_>,
        fate: Fate,
        awaited: Awaited,
    ) -> Result<Pressure, Unavailable> {
        let (site, family) = (
            site_key(keys, met.prefix),
            met.stack.map(|stack| family_key(keys, stack)),
        );
        let (source, both) = self.sites.update(store, site, met.at, |site| {
            site.advance(met.at);
            site.count(family, fate, awaited);
            (Change::Made, (site.all(), family.map(|family| site.of(family))))
        })?;
        let of_family = match family {
            Some(family) => Some(self.families.update(store, family, met.at, |family| {
                family.advance(met.at);
                family.count(fate);
                (Change::Made, family.all())
            })?),
            None => None,
        };
        Ok(Pressure::of(met.stack, source, both, of_family))
    }

    /// Counts a connection that was accepted, and whose fate is not known yet.
    ///
    /// # Errors
    /// [`Unavailable`] when the proxy does not give its shared data.
    pub fn wait(&self, store: &impl Store, keys: &Keys, met: Met<'_>) -> Result<(), Unavailable> {
        self.sites.update(store, site_key(keys, met.prefix), met.at, |site| {
            site.advance(met.at);
            site.wait();
            (Change::Made, ())
        })
    }

    /// What the source of a connection has brought before it; nothing, when it is not remembered.
    ///
    /// # Errors
    /// [`Unavailable`] when the proxy does not give its shared data.
    pub fn of(&self, store: &impl Store, keys: &Keys, met: Met<'_>) -> Result<Pressure, Unavailable> {
        let family = met.stack.map(|stack| family_key(keys, stack));
        let mut site = self.sites.read(store, site_key(keys, met.prefix))?;
        site.advance(met.at);
        let both = family.map(|family| site.of(family));
        let of_family = match family {
            Some(family) => {
                let mut family = self.families.read(store, family)?;
                family.advance(met.at);
                Some(family.all())
            }
            None => None,
        };
        Ok(Pressure::of(met.stack, site.all(), both, of_family))
    }

    /// What became of changes since this was asked last.
    pub fn take_tally(&self) -> Tally {
        self.sites.take_tally().plus(self.families.take_tally())
    }
}

fn site_key(keys: &Keys, prefix: Prefix) -> Key {
    keys.key("site", prefix)
}

fn family_key(keys: &Keys, stack: &Named) -> Key {
    keys.key("stack", stack.as_str())
}

#[cfg(test)]
mod tests;
