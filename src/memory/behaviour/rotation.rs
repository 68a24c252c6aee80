//! One shape from many networks: a run that changes its address with every few requests keeps what its TLS and HTTP/2 look like.
//!
//! So does everybody who has the same browser. Found is a shape on a route that is dear when
//! - it came there from at least [`Settings::networks`] networks in the last five to ten minutes (by HyperLogLog: ± 9 %),
//! - at least [`Settings::share_percent`] of all that it asked for of late was that route: people load pages and what belongs to them,
//! - that is at least twice the share that the route has with all others, where others brought enough to tell: a host on which
//!   everybody does nothing but log in shows no such contrast,
//! - and it brought sessions (cookies, tokens) to it for at most half as many as there were networks: people have their own, and so have
//!   the apps that call an API from everywhere.
//!
//! What nobody else calls has no contrast to show. On an API that is how an app looks whose tokens stand in headers that we do not
//! know: there, others have to be there to compare with. On other routes it is found all the same: a run may come at night.
//!
//! It misses a run that loads pages and parts of them as people do, or brings a session of its own for each address, or looks like a
//! browser that many have; those are for `login-failures` and limits. It is wrong about an app that knows its users by none of
//! cookies and `authorization`, on a host where others load pages: its weight alone makes no layer high.
//!
//! Shares are those that this worker sees, a sample, in which what is five minutes old counts half. Networks and sessions are counted
//! across workers, in one table of fixed size: 1,792 shapes and routes in 0.9 MiB. Only what is dear costs a call to the proxy: a read,
//! and a write where network or session is new.

use super::{Step, Visit};
use crate::compare::{Code, Finding};
use crate::memory::bytes::{Reader, Writer};
use crate::memory::distinct::Distinct;
use crate::memory::key::Key;
use crate::memory::spans::{Merge, Spans};
use crate::memory::store::{Moment, Store};
use crate::memory::table::{Change, Record, Table, Tally};
use crate::memory::top::Top;
use core::cell::RefCell;
use core::time::Duration;

/// How long a network counts at least; at most twice as long.
pub const SPAN: Duration = Duration::from_secs(300);

/// How many requests a share is of, at least: of fewer it says nothing.
const LEAST_OF_SHAPE: u32 = 5;

/// The same of all others.
const LEAST_OF_OTHERS: u32 = 50;

/// How much larger the share has to be than that of all others.
const CONTRAST: u64 = 2;

/// From when on rotation is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `networks`: from so many.
    pub networks: u32,
    /// `share_percent`: where so many of a hundred requests of the shape are for the one route.
    pub share_percent: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            networks: 20,
            share_percent: 50,
        }
    }
}

/// What one shape brought to one route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Reach {
    networks: Distinct,
    sessions: Distinct,
}

impl Reach {
    /// The bytes that it takes.
    const SIZE: usize = 2 * Distinct::SIZE;

    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            networks: Distinct::read(reader),
            sessions: Distinct::read(reader),
        }
    }

    fn write(&self, writer: &mut Writer<'_>) {
        self.networks.write(writer);
        self.sessions.write(writer);
    }
}

impl Merge for Reach {
    fn merge(&self, other: &Self) -> Self {
        Self {
            networks: self.networks.union(&other.networks),
            sessions: self.sessions.union(&other.sessions),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Shape(Spans<Reach>);

impl Record for Shape {
    const SIZE: usize = Spans::<Reach>::size(Reach::SIZE);

    fn read(bytes: &[u8]) -> Self {
        Self(Spans::read(&mut Reader::new(bytes), Reach::read))
    }

    fn write(&self, bytes: &mut [u8]) {
        self.0.write(&mut Writer::new(bytes), Reach::write);
    }

    fn worth(&self, now: Moment) -> Option<u64> {
        (!self.0.is_over(now, SPAN)).then(|| self.0.both().networks.estimate().into())
    }
}

/// What this worker has seen of shares: 16 KiB.
#[derive(Debug, Default)]
struct Shares {
    /// The number of the present span since 1970.
    span: u64,
    shapes: Top<256>,
    routes: Top<256>,
    both: Top<512>,
}

/// What is remembered of shapes.
#[derive(Debug)]
pub struct Rotation {
    reach: Table<Shape>,
    shares: RefCell<Shares>,
}

impl Default for Rotation {
    fn default() -> Self {
        Self {
            reach: Table::new("rotation.1", 256, 7),
            shares: RefCell::default(),
        }
    }
}

impl Rotation {
    /// Counts a request; what those before it show.
    pub fn visit(&self, store: &impl Store, settings: &Settings, visit: &Visit) -> Option<Finding> {
        let shape = visit.shape?;
        let on_route = shape.with(visit.route);
        self.shares.borrow_mut().add(shape, on_route, visit);
        if matches!(visit.step, Step::Page | Step::Asset) {
            return None;
        }
        let network = visit.network?;
        let change = |of: &mut Shape| {
            of.0.advance(visit.at, SPAN);
            let is_new = of.0.present.networks.insert(network);
            let is_new = visit
                .session
                .is_some_and(|session| of.0.present.sessions.insert(session))
                || is_new;
            let change = if is_new { Change::Made } else { Change::None };
            (change, of.0.both())
        };
        let reach = self.reach.update(store, on_route, visit.at, change).ok()?;
        let networks = reach.networks.estimate();
        let has_few_sessions = || reach.sessions.estimate() <= networks / 2;
        let is_concentrated = || self.shares.borrow().are_concentrated(shape, on_route, visit, settings);
        (networks >= settings.networks && has_few_sessions() && is_concentrated()).then(|| {
            let why = format!(
                "this shape of TLS and HTTP has come to this route from some {networks} networks of late, with few sessions, and for \
                 little else"
            );
            Finding::new(Code::Rotation, why)
        })
    }

    /// What became of changes since this was asked last.
    pub fn take_tally(&self) -> Tally {
        self.reach.take_tally()
    }

    /// The most bytes that the table takes.
    pub fn max_bytes(&self) -> usize {
        self.reach.max_bytes()
    }
}

impl Shares {
    /// Counts a request.
    fn add(&mut self, shape: Key, on_route: Key, visit: &Visit) {
        let span = visit.at.seconds() / SPAN.as_secs();
        // All three have met as much, and forget as much. A clock that was set back makes them forget too.
        for _ in 0..span.abs_diff(self.span).min(u32::BITS.into()) {
            self.shapes.halve();
            self.routes.halve();
            self.both.halve();
        }
        self.span = span;
        self.shapes.add(shape);
        self.routes.add(visit.route);
        self.both.add(on_route);
    }

    /// Whether the shape asks for its route far more than for all else, and than all others do.
    fn are_concentrated(&self, shape: Key, on_route: Key, visit: &Visit, settings: &Settings) -> bool {
        let of_shape = self.shapes.count(shape).most;
        // What is not certain speaks for the client.
        let here = self.both.count(on_route).least;
        let of_route = self.routes.count(visit.route).most;
        let others = self.shapes.total().saturating_sub(of_shape);
        let others_here = of_route.saturating_sub(here);
        let share = |of: u32, all: u32| u64::from(of).saturating_mul(100) / u64::from(all.max(1));
        let own = share(here, of_shape);
        let contrasts = if others < LEAST_OF_OTHERS {
            visit.step != Step::Api
        } else {
            own >= share(others_here, others).saturating_mul(CONTRAST)
        };
        of_shape >= LEAST_OF_SHAPE && own >= settings.share_percent.into() && contrasts
    }
}
