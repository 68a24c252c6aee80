//! Routes as they are written → routers, one for each host and method that are named, each with all that holds there.

use super::{HostPattern, Listed, Method, Route, Routes};
use matchit::{InsertError, Router};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

/// Where a pattern stands in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The route's place among the routes.
    pub route: usize,
    /// The pattern's place among its paths.
    pub path: usize,
}

/// Two patterns that cannot stand beside each other for one host and method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Clash {
    /// The later one.
    pub at: Place,
    /// The earlier one.
    pub with: Place,
    /// Whether both match the very same paths. Else the router cannot tell which of them is the more specific one.
    pub same: bool,
}

/// The patterns of one host.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    /// By method: the patterns that name it and those that name none.
    named: Vec<(Method, Router<Rc<Route>>)>,
    /// The patterns that name no method.
    other: Router<Rc<Route>>,
}

impl Table {
    pub(super) fn find(&self, method: &[u8], path: &str) -> Option<&Rc<Route>> {
        let named = self.named.iter().find(|(known, _)| known.as_str().as_bytes() == method);
        let router = named.map_or(&self.other, |(_, router)| router);
        router.at(path).ok().map(|found| found.value)
    }
}

/// One pattern for one host.
#[derive(Clone, Copy)]
struct Entry<'l> {
    listed: &'l Listed,
    text: &'l str,
    place: Place,
    /// Whether it stands there as it is: not what a `{*rest}` matches as well.
    written: bool,
}

impl Entry<'_> {
    /// Which of two entries with the same text counts.
    fn rank(&self) -> (bool, bool) {
        (self.written, !self.listed.methods.is_empty())
    }
}

pub(super) fn compile(listed: Vec<Listed>) -> Result<Routes, Vec<Clash>> {
    let mut by_host: BTreeMap<Option<HostPattern>, Vec<Entry<'_>>> = BTreeMap::new();
    for (number, one) in listed.iter().enumerate() {
        let entries = entries(number, one);
        if one.hosts.is_empty() {
            by_host.entry(None).or_default().extend(&entries);
        }
        for host in &one.hosts {
            by_host.entry(Some(host.clone())).or_default().extend(&entries);
        }
    }
    let mut clashes = BTreeSet::new();
    let (mut hosts, mut wildcards, mut any) = (HashMap::new(), HashMap::new(), Table::default());
    for (host, entries) in by_host {
        let table = table(&entries, &mut clashes);
        match host {
            None => any = table,
            Some(HostPattern::Exact(name)) => drop(hosts.insert(name, table)),
            Some(HostPattern::Below(name)) => drop(wildcards.insert(name, table)),
        }
    }
    if !clashes.is_empty() {
        return Err(clashes.into_iter().collect());
    }
    Ok(Routes {
        hosts,
        wildcards,
        any,
        listed,
        ..Routes::none()
    })
}

fn entries(number: usize, listed: &Listed) -> Vec<Entry<'_>> {
    let mut entries = Vec::new();
    for (path, pattern) in &listed.paths {
        let place = Place {
            route: number,
            path: *path,
        };
        let texts = [(Some(&pattern.text), true), (pattern.prefix.as_ref(), false)];
        entries.extend(texts.into_iter().filter_map(|(text, written)| {
            Some(Entry {
                listed,
                text: text?,
                place,
                written,
            })
        }));
    }
    entries
}

fn table(entries: &[Entry<'_>], clashes: &mut BTreeSet<Clash>) -> Table {
    let methods: BTreeSet<Method> = entries
        .iter()
        .flat_map(|entry| &entry.listed.methods)
        .copied()
        .collect();
    let named = methods.into_iter().map(|method| {
        let holds = |entry: &&Entry<'_>| entry.listed.methods.is_empty() || entry.listed.methods.contains(&method);
        (method, router(entries.iter().filter(holds), clashes))
    });
    let named = named.collect();
    let other = router(entries.iter().filter(|entry| entry.listed.methods.is_empty()), clashes);
    Table { named, other }
}

fn router<'l>(entries: impl Iterator<Item = &'l Entry<'l>>, clashes: &mut BTreeSet<Clash>) -> Router<Rc<Route>> {
    let mut by_text: BTreeMap<&str, &Entry<'_>> = BTreeMap::new();
    for entry in entries {
        match by_text.get(entry.text) {
            Some(other) if other.rank() == entry.rank() && entry.written => {
                clashes.insert(clash(other.place, entry.place, true));
            }
            Some(other) if other.rank() >= entry.rank() => {}
            Some(_) | None => drop(by_text.insert(entry.text, entry)),
        }
    }
    let mut router = Router::new();
    for (text, entry) in &by_text {
        if let Err(InsertError::Conflict { with }) = router.insert(*text, Rc::clone(&entry.listed.route)) {
            let with = by_text.get(with.as_str()).map_or(entry.place, |other| other.place);
            clashes.insert(clash(with, entry.place, false));
        }
    }
    router
}

fn clash(one: Place, other: Place, same: bool) -> Clash {
    Clash {
        at: one.max(other),
        with: one.min(other),
        same,
    }
}
