//! Stories of sources: workers that share counts, floods, people behind one address, and what costs no memory.

use super::super::store::tests::Shelf;
use super::super::table::Record;
use super::*;
use crate::clients::stacks::{Confidence, Deviations, Kind};
use core::cell::Cell;

/// The workers of a proxy, whose connections come to each in turn.
struct Proxy {
    shelf: Shelf,
    keys: Keys,
    workers: [Sources; 2],
    next: Cell<usize>,
}

impl Proxy {
    fn new() -> Self {
        Self {
            shelf: Shelf::default(),
            keys: Keys::new([1, 2]),
            workers: [Sources::default(), Sources::default()],
            next: Cell::default(),
        }
    }

    fn worker(&self) -> &Sources {
        self.next.set(self.next.get() + 1);
        &self.workers[self.next.get() % self.workers.len()]
    }

    fn count(&self, met: Met<'_>, fate: Fate) -> Pressure {
        self.end(met, fate, Awaited::No)
    }

    fn end(&self, met: Met<'_>, fate: Fate, awaited: Awaited) -> Pressure {
        self.worker()
            .count(&self.shelf, &self.keys, met, fate, awaited)
            .unwrap()
    }

    fn wait(&self, met: Met<'_>, times: u32) {
        for _ in 0..times {
            self.worker().wait(&self.shelf, &self.keys, met).unwrap();
        }
    }

    fn of(&self, met: Met<'_>) -> Pressure {
        self.worker().of(&self.shelf, &self.keys, met).unwrap()
    }
}

fn prefix(address: &str) -> Prefix {
    Prefix::of(address.parse().unwrap())
}

fn met(address: &str, seconds: u64) -> Met<'static> {
    Met {
        prefix: prefix(address),
        stack: None,
        at: Moment(Duration::from_secs(seconds)),
    }
}

fn stack(name: &str, kind: Kind) -> Named {
    Named::Known {
        name: name.into(),
        kind,
        confidence: Confidence::of(100),
        deviations: Deviations::default(),
    }
}

fn numbers(counts: Counts) -> (u32, u32, u32) {
    (counts.connections, counts.without_request, counts.unfinished)
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
fn what_came_to_nothing_is_counted_apart_by_all_workers_and_forgotten_in_time() {
    let proxy = Proxy::new();
    let at = |seconds, fate| numbers(proxy.count(met("192.0.2.7", seconds), fate).source);
    assert_eq!(at(3_000, Fate::Used), (1, 0, 0));
    assert_eq!(at(3_001, Fate::NoRequest), (2, 1, 0));
    assert_eq!(at(3_002, Fate::Silent), (3, 2, 0));
    assert_eq!(at(3_299, Fate::Unfinished), (4, 3, 1));
    assert_eq!(at(3_300, Fate::Used), (5, 3, 1), "the span before still counts");
    assert_eq!(at(3_600, Fate::Used), (2, 0, 0), "and then no more");
    assert_eq!(at(9_000, Fate::Used), (1, 0, 0));
    assert_eq!(at(10, Fate::Used), (1, 0, 0), "the clock was set back");
    assert_eq!(proxy.of(met("192.0.2.8", 20)).source.connections, 1);
    assert_eq!(proxy.of(met("192.0.3.7", 20)).source.connections, 0);
}

#[test]
fn a_family_is_counted_from_everywhere_and_within_each_prefix() {
    let proxy = Proxy::new();
    let (linux, windows) = (stack("linux", Kind::Os), stack("windows", Kind::Os));
    let from = |address, stack| Met {
        stack,
        ..met(address, 3_000)
    };
    proxy.count(from("192.0.2.7", Some(&linux)), Fate::Unfinished);
    proxy.count(from("198.51.100.7", Some(&linux)), Fate::Used);
    let seen = proxy.count(from("198.51.100.7", Some(&windows)), Fate::NoRequest);
    assert_eq!(seen.family.map(numbers), Some((1, 1, 0)));
    assert_eq!(numbers(seen.source), (2, 1, 0));
    let seen = proxy.of(from("203.0.113.7", Some(&linux)));
    assert_eq!(seen.family.map(numbers), Some((2, 1, 1)));
    assert_eq!(numbers(seen.source), (0, 0, 0));
    assert_eq!(proxy.of(from("192.0.2.7", None)).family, None, "without a SYN");
}

fn why(pressure: &Pressure) -> Option<&str> {
    pressure.flood.as_ref().map(|flood| &*flood.why)
}

#[test]
fn a_source_whose_connections_nearly_all_come_to_nothing_is_a_flood() {
    let proxy = Proxy::new();
    let from = met("192.0.2.7", 3_000);
    proxy.count(from, Fate::Used);
    for _ in 0..MIN_CONNECTIONS - 1 {
        assert_eq!(proxy.count(from, Fate::Silent).flood, None);
    }
    let found = proxy.count(from, Fate::Unfinished);
    assert_eq!(
        why(&found),
        Some("50 of 51 connections from the same network of late brought no request")
    );
    assert_eq!(
        proxy.of(met("192.0.3.7", 3_000)).flood,
        None,
        "its neighbours have no part in it"
    );
    assert!(proxy.of(met("192.0.2.7", 3_599)).flood.is_some());
    assert_eq!(proxy.of(met("192.0.2.7", 3_600)).flood, None, "it is forgotten");
}

#[test]
fn who_connects_ahead_of_need_is_none_and_neither_are_many_people_behind_one_address() {
    let proxy = Proxy::new();
    let from = met("192.0.2.7", 3_000);
    for _ in 0..1_000 {
        // Five of six connections of a browser came to nothing: worse than any does.
        for _ in 0..5 {
            assert_eq!(proxy.count(from, Fate::NoRequest).flood.map(|_| ()), None);
        }
        proxy.count(from, Fate::Used);
    }
}

#[test]
fn who_scans_from_behind_a_shared_address_is_found_and_who_browses_from_there_is_not() {
    let proxy = Proxy::new();
    let (linux, windows) = (stack("linux", Kind::Os), stack("windows", Kind::Os));
    let from = |stack| Met {
        stack: Some(stack),
        ..met("192.0.2.7", 3_000)
    };
    for _ in 0..60 {
        proxy.count(from(&windows), Fate::Used);
        proxy.count(from(&linux), Fate::Unfinished);
    }
    assert_eq!(
        why(&proxy.of(from(&linux))),
        Some("60 of 60 connections from the same network whose SYN is linux's of late brought no request")
    );
    assert_eq!(proxy.of(from(&windows)).flood, None);
    let elsewhere = Met {
        prefix: prefix("198.51.100.7"),
        ..from(&linux)
    };
    let seen = proxy.of(elsewhere);
    assert_eq!(
        (seen.family.map(numbers), seen.flood),
        (Some((60, 60, 60)), None),
        "a system has innocent users elsewhere"
    );
}

#[test]
fn a_scanner_is_found_wherever_it_comes_from_and_an_unknown_stack_is_not() {
    let (zmap, unknown) = (stack("zmap", Kind::Scanner), Named::Unknown);
    for (stack, is_found) in [(&zmap, true), (&unknown, false)] {
        let proxy = Proxy::new();
        let from = |n: u32| Met {
            prefix: Prefix::of(IpAddr::V4((n << 8).into())),
            stack: Some(stack),
            at: Moment(Duration::from_secs(3_000)),
        };
        for n in 0..60 {
            proxy.count(from(n), Fate::Silent);
        }
        assert_eq!(proxy.of(from(99)).flood.is_some(), is_found, "{stack:?}");
    }
}

#[test]
fn within_a_prefix_the_family_that_leaves_most_connections_is_never_forgotten_for_others() {
    let proxy = Proxy::new();
    let flooder = stack("flooder", Kind::Os);
    fn from(stack: &Named) -> Met<'_> {
        Met {
            stack: Some(stack),
            ..met("192.0.2.7", 3_000)
        }
    }
    for n in 0..300 {
        proxy.count(from(&flooder), Fate::Silent);
        proxy.count(from(&stack(&format!("other-{n}"), Kind::Os)), Fate::Used);
    }
    assert!(proxy.of(from(&flooder)).flood.is_some());
    assert_eq!(proxy.of(from(&stack("other-299", Kind::Os))).flood, None);
}

#[test]
fn connections_that_are_held_open_show_when_they_have_been_for_long() {
    let proxy = Proxy::new();
    let at = |seconds| met("192.0.2.7", seconds);
    proxy.wait(at(3_005), 60);
    assert_eq!(numbers(proxy.of(at(3_009)).source), (60, 0, 0));
    assert_eq!(proxy.of(at(3_019)).flood, None, "they have hardly begun");
    assert_eq!(
        why(&proxy.of(at(3_020))),
        Some("60 of 60 connections from the same network of late brought no request")
    );
    assert_eq!(numbers(proxy.of(at(3_300)).source), (60, 60, 0), "they last a span");
    assert_eq!(numbers(proxy.of(at(3_600)).source), (0, 0, 0), "and are forgotten");
}

#[test]
fn a_connection_that_shows_what_it_is_for_is_waited_for_no_more() {
    let proxy = Proxy::new();
    let at = |seconds| met("192.0.2.7", seconds);
    // A whole office comes back after the proxy was started anew, and some of it is slow.
    proxy.wait(at(3_000), 200);
    for n in 0..200 {
        let seen = proxy.end(at(3_001 + n / 10), Fate::Used, Awaited::Yes);
        assert_eq!((seen.flood, seen.source.connections), (None, 200));
    }
    assert_eq!(numbers(proxy.of(at(3_040)).source), (200, 0, 0));
    // One that was not counted when it was accepted takes nothing from those that were.
    proxy.wait(at(3_040), 1);
    assert_eq!(
        numbers(proxy.end(at(3_040), Fate::NoRequest, Awaited::No).source),
        (202, 1, 0)
    );
    // One too few is waited for, for the record was forgotten meanwhile.
    let other = met("198.51.100.7", 3_040);
    assert_eq!(numbers(proxy.end(other, Fate::Used, Awaited::Yes).source), (1, 0, 0));
}

#[test]
fn a_clock_that_is_set_back_makes_no_flood() {
    let proxy = Proxy::new();
    proxy.wait(met("192.0.2.7", 3_290), 60);
    assert_eq!(proxy.of(met("192.0.2.7", 3_200)).flood, None);
    proxy.wait(met("192.0.2.7", 3_200), 1);
    assert_eq!(numbers(proxy.of(met("192.0.2.7", 3_220)).source), (1, 1, 0));
    // And one that goes far ahead makes none either.
    proxy.wait(met("192.0.2.7", 3_200), 60);
    assert_eq!(proxy.of(met("192.0.2.7", 90_000)).flood, None);
}

#[test]
fn ever_new_prefixes_cost_no_memory_and_who_comes_often_is_remembered() {
    let proxy = Proxy::new();
    let at = Moment(Duration::from_secs(3_000));
    let from = |n: u32| Met {
        prefix: Prefix::of(IpAddr::V6(Ipv6Addr::from_bits(u128::from(n) << 80))),
        stack: None,
        at,
    };
    // Unoptimised, a million take minutes.
    let many = if cfg!(debug_assertions) { 30_000 } else { 1_000_000 };
    let busy = Met {
        prefix: prefix("203.0.113.1"),
        ..from(0)
    };
    for _ in 0..60 {
        proxy.count(busy, Fate::Silent);
    }
    for n in 0..many {
        proxy.count(from(n), Fate::NoRequest);
    }
    assert!(proxy.of(busy).flood.is_some());
    let most = proxy.workers[0].sites.max_bytes();
    assert_eq!((proxy.shelf.bytes(), proxy.shelf.len()), (most, 256));
    assert!(most <= 1 << 20, "{most}");
    let kept = proxy.workers[0].sites.max_records();
    let tallies = proxy.workers.iter().map(Sources::take_tally);
    let evicted: u32 = tallies.map(|tally| tally.evicted).sum();
    assert_eq!(
        usize::try_from(evicted).unwrap(),
        usize::try_from(many).unwrap() + 1 - kept
    );
}

#[test]
fn where_nothing_is_shared_nothing_is_known() {
    struct Empty;
    impl Store for Empty {
        fn shared(&self, _: &str) -> Result<Option<(Vec<u8>, super::super::store::Version)>, Unavailable> {
            Err(Unavailable)
        }
        fn swap_shared(
            &self,
            _: &str,
            _: &[u8],
            _: Option<super::super::store::Version>,
        ) -> Result<super::super::store::Swap, Unavailable> {
            Err(Unavailable)
        }
    }
    let (sources, keys, from) = (Sources::default(), Keys::default(), met("192.0.2.7", 3_000));
    assert_eq!(
        sources.count(&Empty, &keys, from, Fate::Used, Awaited::No),
        Err(Unavailable)
    );
    assert_eq!(sources.of(&Empty, &keys, from), Err(Unavailable));
    assert_eq!(sources.wait(&Empty, &keys, from), Err(Unavailable));
    assert_eq!(sources.take_tally().failed, 3);
}

#[test]
fn any_bytes_are_a_record_and_a_record_is_read_back_as_it_was() {
    for seed in 0..=255_u8 {
        let bytes: Vec<_> = (0..Site::SIZE)
            .map(|n| {
                seed.wrapping_mul(31)
                    .wrapping_add(u8::try_from(n % 251).unwrap().wrapping_mul(seed))
            })
            .collect();
        let mut site = Site::read(&bytes);
        let mut written = vec![0; Site::SIZE];
        site.write(&mut written);
        assert_eq!(bytes, written);
        for seconds in [0, 3_000, u64::MAX] {
            let now = Moment(Duration::from_secs(seconds));
            site.advance(now);
            site.wait();
            site.count(Some(Key::of_bits(u64::from(seed))), Fate::Unfinished, Awaited::Yes);
            assert!(site.all().connections > 0);
            let _ = site.worth(now);
        }
        let mut written = vec![0; Family::SIZE];
        Family::read(&bytes).write(&mut written);
        assert_eq!(bytes[..Family::SIZE], written);
    }
}
