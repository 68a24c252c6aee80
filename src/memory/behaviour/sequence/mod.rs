//! What one client does, in which order and how fast. A client is an address and what its TLS and HTTP/2 look like.
//!
//! - `no-navigation`: who says to be a browser asks for what is dear, and neither it nor its session has asked for a page or a part of
//!   one before. An app in a browser has, however long ago it was loaded: as long as its client goes on, and its session has not
//!   changed, for [`Settings::remembered`]. Where this worker shows hardly any pages, nothing follows.
//! - `hammering`: one call, far more often than the people who share the client make it: those are its sessions that came more than
//!   once, or the pages of the last minute.
//! - `regular-pacing`: requests by the clock. Apps ask their API by the clock, and once loaded, for whatever they watch: then only
//!   logins and searches count.
//! - `route-concentration`: one route and nothing else, where everybody else seldom asks for it.
//! - `cache-busting`: what the client asks for is in no cache, on routes that are with everybody else.
//!
//! None of them weighs enough to decide alone, and who knows them evades each: a program that loads a page, waits at random and makes
//! some detours shows none.
//!
//! Remembered across workers in two tables of fixed size: 32,768 clients in 3.9 MiB, 65,536 sessions in 0.75 MiB of shared data. A
//! request for something dear reads and writes a shard of 4,032 bytes; a page seldom does, see [`marks`].

mod cache;
mod calls;
mod client;
mod findings;
mod marks;
mod pacing;
mod settings;
mod site;
#[cfg(test)]
mod tests;

pub use cache::CacheHeader;
pub use settings::{
    CacheBusting, Hammering, MAX_COUNT, MAX_IDLE, MAX_REMEMBERED, NoNavigation, RegularPacing, RouteConcentration,
    Settings,
};

use super::{Attempt, CacheOutcome, Step, Visit};
use crate::compare::Finding;
use crate::memory::key::Key;
use crate::memory::store::{Store, Unavailable};
use crate::memory::table::{Change, Table, Tally};
use client::{Client, Pending, Second, Session};
use core::cell::RefCell;
use marks::{Due, Marks, Shown};
use site::{Of, Site};

/// What is remembered of clients.
#[derive(Debug)]
pub struct Sequences {
    clients: Table<Client>,
    sessions: Table<Session>,
    worker: RefCell<Worker>,
}

/// What this worker knows by itself.
#[derive(Debug, Default)]
struct Worker {
    marks: Marks,
    site: Site,
}

impl Default for Sequences {
    fn default() -> Self {
        Self {
            clients: Table::new("sequence.1.clients", 1_024, 32),
            sessions: Table::new("sequence.1.sessions", 1_024, 64),
            worker: RefCell::default(),
        }
    }
}

impl Sequences {
    /// Counts a request; what those before it show.
    pub fn visit(&self, store: &impl Store, settings: &Settings, visit: &Visit) -> Vec<Finding> {
        let Some(client) = visit.client else {
            return Vec::new();
        };
        let found = match shown(visit) {
            Some(shown) => self.show(store, settings, visit, client, shown),
            None => self.ask(store, settings, visit, client),
        };
        // Without shared data nothing is found.
        found.unwrap_or_default()
    }

    /// Counts whether a cache had what was asked for. It costs no call: what is counted is written with the client's next request.
    pub fn cached(&self, _: &impl Store, settings: &Settings, visit: &Visit, outcome: CacheOutcome) {
        let Some(client) = visit.client else { return };
        let mut worker = self.worker.borrow_mut();
        let Worker { marks, site } = &mut *worker;
        let mark = marks.client(client);
        if mark.counts(Of::Answer, Second::of(visit.at)) {
            site.answer(visit.route, outcome);
        }
        // What nobody finds in the cache is held against nobody.
        let misses = site.misses_percent(visit.route);
        if misses.is_some_and(|percent| percent <= settings.cache.site_misses_percent) {
            mark.answer(outcome);
        }
    }

    /// What became of changes since this was asked last.
    pub fn take_tally(&self) -> Tally {
        self.clients.take_tally().plus(self.sessions.take_tally())
    }

    /// A page, or a part of one.
    fn show(
        &self,
        store: &impl Store,
        settings: &Settings,
        visit: &Visit,
        client: Key,
        shown: Shown,
    ) -> Result<Vec<Finding>, Unavailable> {
        let now = Second::of(visit.at);
        let mut worker = self.worker.borrow_mut();
        let Worker { marks, site } = &mut *worker;
        let mark = marks.client(client);
        if mark.counts(Of::Request, now) {
            site.show(visit.route);
        }
        if mark.show(shown, now) == Due::Now {
            let record = self.settled(store, settings, visit, client, mark.pending, |_| {})?;
            mark.written(now, findings::busting(&record, visit, &settings.cache));
        }
        let found = mark.busting.map(findings::cache_busting);
        if let Some(session) = visit.session {
            marks.meet(session);
            self.remember(store, marks, visit, session, now)?;
        }
        Ok(found.into_iter().collect())
    }

    /// Something dear.
    fn ask(
        &self,
        store: &impl Store,
        settings: &Settings,
        visit: &Visit,
        client: Key,
    ) -> Result<Vec<Finding>, Unavailable> {
        let now = Second::of(visit.at);
        let mut worker = self.worker.borrow_mut();
        let Worker { marks, site } = &mut *worker;
        // Who sends another session with each request is not as many people.
        let returning = visit.session.filter(|session| marks.meet(*session));
        let mark = marks.client(client);
        if mark.counts(Of::Request, now) {
            site.ask(visit.route);
        }
        let mut record = self.settled(store, settings, visit, client, mark.pending, |record| {
            record.ask(visit, returning);
        })?;
        mark.written(now, findings::busting(&record, visit, &settings.cache));
        let busting = mark.busting;
        if let Some(session) = visit.session {
            if record.shown().is_none()
                && let Some(shown) = self.sessions.read(store, session)?.shown(settings, now)
            {
                // The session goes on under another address.
                let nothing = Pending::default();
                record = self.settled(store, settings, visit, client, nothing, |record| {
                    record.navigated(shown)
                })?;
            }
            if let Some(shown) = record.shown() {
                self.remember(store, marks, visit, session, shown)?;
            }
        }
        let mut found = findings::of_asking(&record, visit, site, settings);
        found.extend(busting.map(findings::cache_busting));
        Ok(found)
    }

    /// The record of `client` with what is `pending`, changed by `change`.
    fn settled(
        &self,
        store: &impl Store,
        settings: &Settings,
        visit: &Visit,
        client: Key,
        pending: Pending,
        change: impl Fn(&mut Client),
    ) -> Result<Client, Unavailable> {
        self.clients.update(store, client, visit.at, |record| {
            record.settle(&pending, settings, visit.at);
            change(record);
            (Change::Made, *record)
        })
    }

    /// Remembers that `session` was shown a page at `shown`, where others do not know it.
    fn remember(
        &self,
        store: &impl Store,
        marks: &mut Marks,
        visit: &Visit,
        session: Key,
        shown: Second,
    ) -> Result<(), Unavailable> {
        if marks.is_due(session, shown) == Due::Later {
            return Ok(());
        }
        let now = Second::of(visit.at);
        self.sessions.update(store, session, visit.at, |record| {
            let known = record.shown.map(|known| known.min(now));
            let latest = known.max(Some(shown));
            let change = if latest == record.shown {
                Change::None
            } else {
                Change::Made
            };
            record.shown = latest;
            (change, ())
        })?;
        marks.written(session, shown);
        Ok(())
    }
}

/// Whether it is for a page or a part of one. The page with the form to log in is one.
const fn shown(visit: &Visit) -> Option<Shown> {
    match (visit.step, visit.attempt) {
        (Step::Page, _) | (Step::Login, Attempt::No) => Some(Shown::Page),
        (Step::Asset, _) => Some(Shown::Part),
        (Step::Login, Attempt::Yes) | (Step::Checkout | Step::Search | Step::Api | Step::Admin, _) => None,
    }
}
