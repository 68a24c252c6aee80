//! How many connections each source prefix opens, and how many of them come to nothing. Floods and scans are told by what they
//! do not do: ask for anything, or finish a handshake.
//!
//! Counted in each VM by itself, that is by each worker of the proxy: with connections spread evenly, each sees its share.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::num::NonZeroUsize;
use core::time::Duration;
use lru::LruCache;

/// Prefixes that are remembered: 64 bytes each, about.
pub const MAX_SOURCES: NonZeroUsize = NonZeroUsize::MIN.saturating_add(4_095);

/// How long a connection counts: at least this, at most twice. Counts are kept for two spans, the present and the one before.
pub const SPAN: Duration = Duration::from_secs(300);

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

/// The connections of one prefix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All.
    pub connections: u32,
    /// Those without a request, for whatever reason.
    pub without_request: u32,
    /// Those of them whose handshake was not finished.
    pub unfinished: u32,
}

impl Counts {
    fn add(&mut self, fate: Fate) {
        self.connections = self.connections.saturating_add(1);
        if fate != Fate::Used {
            self.without_request = self.without_request.saturating_add(1);
        }
        if fate == Fate::Unfinished {
            self.unfinished = self.unfinished.saturating_add(1);
        }
    }

    const fn plus(self, other: Self) -> Self {
        Self {
            connections: self.connections.saturating_add(other.connections),
            without_request: self.without_request.saturating_add(other.without_request),
            unfinished: self.unfinished.saturating_add(other.unfinished),
        }
    }
}

/// The counts of a prefix over the present span and the one before.
#[derive(Debug, Default)]
struct Entry {
    span: u64,
    present: Counts,
    before: Counts,
}

impl Entry {
    fn advance(&mut self, span: u64) {
        // A clock that was set back begins anew.
        (self.present, self.before) = match span.checked_sub(self.span) {
            Some(0) => (self.present, self.before),
            Some(1) => (Counts::default(), self.present),
            _ => Default::default(),
        };
        self.span = span;
    }
}

/// The prefixes met last.
#[derive(Debug)]
pub struct Sources(LruCache<Prefix, Entry>);

impl Default for Sources {
    fn default() -> Self {
        Self(LruCache::new(MAX_SOURCES))
    }
}

impl Sources {
    /// Counts a connection of `prefix` at `now`, and gives the counts with it.
    pub fn count(&mut self, prefix: Prefix, fate: Fate, now: Duration) -> Counts {
        let entry = self.0.get_or_insert_mut(prefix, Entry::default);
        entry.advance(now.as_secs() / SPAN.as_secs());
        entry.present.add(fate);
        entry.present.plus(entry.before)
    }

    /// What `prefix` has brought at `now`; nothing, when it is not remembered.
    pub fn of(&mut self, prefix: Prefix, now: Duration) -> Counts {
        self.0.get_mut(&prefix).map_or_else(Counts::default, |entry| {
            entry.advance(now.as_secs() / SPAN.as_secs());
            entry.present.plus(entry.before)
        })
    }

    /// How many prefixes are remembered.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(address: &str) -> Prefix {
        Prefix::of(address.parse().unwrap())
    }

    #[test]
    fn neighbours_share_a_prefix_over_either_version() {
        assert_eq!(prefix("192.0.2.7"), prefix("192.0.2.250"));
        assert_eq!(prefix("192.0.2.7"), prefix("::ffff:192.0.2.9"));
        assert_ne!(prefix("192.0.2.7"), prefix("192.0.3.7"));
        assert_eq!(prefix("2001:db8:7:1::1"), prefix("2001:db8:7:ffff::2"));
        assert_ne!(prefix("2001:db8:7::1"), prefix("2001:db8:8::1"));
    }

    #[test]
    fn what_came_to_nothing_is_counted_apart_and_forgotten_in_time() {
        let mut sources = Sources::default();
        let mut at = |seconds, fate| {
            let counts = sources.count(prefix("192.0.2.7"), fate, Duration::from_secs(seconds));
            (counts.connections, counts.without_request, counts.unfinished)
        };
        assert_eq!(at(3_000, Fate::Used), (1, 0, 0));
        assert_eq!(at(3_001, Fate::NoRequest), (2, 1, 0));
        assert_eq!(at(3_002, Fate::Silent), (3, 2, 0));
        assert_eq!(at(3_299, Fate::Unfinished), (4, 3, 1));
        assert_eq!(at(3_300, Fate::Used), (5, 3, 1), "the span before still counts");
        assert_eq!(at(3_600, Fate::Used), (2, 0, 0), "and then no more");
        assert_eq!(at(9_000, Fate::Used), (1, 0, 0));
        assert_eq!(at(10, Fate::Used), (1, 0, 0), "the clock was set back");
    }

    #[test]
    fn a_source_of_ever_new_addresses_costs_no_memory() {
        let mut sources = Sources::default();
        let now = Duration::from_secs(3_000);
        let address = |n: u32| Prefix::of(IpAddr::V4((n << 8).into()));
        for n in 0..10_000 {
            sources.count(address(n), Fate::NoRequest, now);
            sources.count(prefix("203.0.113.1"), Fate::Used, now);
        }
        assert_eq!(sources.len(), MAX_SOURCES.get());
        let busy = sources.count(prefix("203.0.113.1"), Fate::Used, now);
        assert_eq!(busy.connections, 10_001, "who comes often is not forgotten");
        assert_eq!(
            sources.count(address(0), Fate::Used, now).connections,
            1,
            "who came once is"
        );
    }
}
