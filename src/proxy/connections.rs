//! What is known of each live connection of this worker: the place where the two roles meet when they share a VM.
//!
//! The connection role puts an entry in and takes it out when the connection ends. Where that role is not installed, or runs
//! in another VM, nothing tells when a connection ends: the request role's own entries are bounded, and the oldest give way.

use super::early::Early;
use super::recurring::Recurring;
use crate::clients::layer4::Layer4;
use crate::clients::shown::Shown;
use crate::evidence::{Evidence, Facts, Micros, Text};
use crate::fingerprint::client::ConnectionPrint;
use crate::memory::sources::{Awaited, Pressure};
use crate::policy::connection::ConnectionDecision;
use crate::wire::opening::Opening;
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

/// Entries that the request role may make on its own. At most 4 KiB each; an evicted one is read again, no more.
pub const MAX_BORROWED: usize = 1_024;

/// A connection's number, unique within the proxy's process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConnectionId(u64);

impl ConnectionId {
    /// The number in the property `connection.id`.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(u64::from_le_bytes).map(Self)
    }
}

/// One connection.
#[derive(Debug)]
pub struct Record {
    /// Its first bytes.
    pub opening: Evidence<Opening>,
    /// What was read when it was accepted, until it is wanted.
    pub early: Option<Box<Early>>,
    /// What was decided on it then; none when nobody looked.
    pub decision: Option<ConnectionDecision>,
    /// What the connection role saw when its first bytes came.
    pub arrival: Option<Arrival>,
    /// Whether its source is waited for to show what it is for.
    pub awaited: Awaited,
    /// What was read at its first request.
    pub known: Option<Known>,
    /// How many requests it has brought.
    pub requests: u64,
}

impl Record {
    /// A connection of which `opening` is known so far.
    pub fn new(opening: Evidence<Opening>) -> Self {
        Self {
            opening,
            early: None,
            decision: None,
            arrival: None,
            awaited: Awaited::No,
            known: None,
            requests: 0,
        }
    }

    /// What was read early, to be used now or never.
    pub(super) fn take_early(&mut self) -> Early {
        self.early.take().map_or_else(Early::default, |early| *early)
    }
}

/// A connection when its first bytes come.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// When that was; none when the proxy does not tell.
    pub at: Option<Duration>,
    /// How long after its acceptance that was.
    pub first_bytes: Evidence<Micros>,
    /// The peer's address and port. In the request role the proxy may have put in their place what a header says.
    pub source: Evidence<Text>,
}

/// What is read once, at a connection's first request.
#[derive(Debug)]
pub struct Known {
    /// What the proxy knows of it.
    pub facts: Facts,
    /// Its fingerprints.
    pub print: ConnectionPrint,
    /// Who its client looks like.
    pub shown: Shown,
    /// What it shows below TLS. Whether that is a request's client's own is for each request to say.
    pub layer4: Layer4,
    /// What its source has brought so far, this connection with it; none when the connection role did not see it.
    pub of_source: Option<Pressure>,
    /// What its requests have in common.
    pub(super) recurring: Recurring,
}

/// The most bytes that are kept of a connection after its opening.
pub const MAX_BYTES: usize = 4_096;

impl Known {
    /// How many bytes are left for what can be made anew.
    pub(super) fn room(&self) -> usize {
        /// More than all else takes: what the SYN shows, and who fits.
        const REST: usize = 384;
        let Facts {
            source,
            sni,
            tls_version,
            ..
        } = &self.facts;
        // The source is kept twice.
        let facts = [source, source, sni, tls_version];
        let facts = facts
            .into_iter()
            .filter_map(Evidence::seen)
            .map(|text| text.as_str().len());
        let http2 = self.print.http2.seen();
        let texts = [
            http2.map(|http2| http2.form.len()),
            http2.map(|http2| http2.extended.len()),
            self.shown.raw.as_ref().map(|raw| raw.ja4_r.len()),
        ];
        let taken = facts.chain(texts.into_iter().flatten()).sum::<usize>();
        MAX_BYTES
            .saturating_sub(size_of::<Record>() + REST)
            .saturating_sub(taken)
    }
}

/// A record that both roles hold.
pub type SharedRecord = Rc<RefCell<Record>>;

/// The connections of one VM.
#[derive(Clone, Debug, Default)]
pub struct Connections(Rc<RefCell<Table>>);

#[derive(Debug, Default)]
struct Table {
    records: BTreeMap<ConnectionId, SharedRecord>,
    /// Those among `records` that the request role made, oldest first.
    borrowed: VecDeque<ConnectionId>,
}

impl Connections {
    /// The connection role has met a new connection.
    pub fn open(&self, id: ConnectionId) -> SharedRecord {
        let record = Rc::new(RefCell::new(Record::new(Evidence::Pending)));
        self.0.borrow_mut().records.insert(id, Rc::clone(&record));
        record
    }

    /// The connection role's connection has ended.
    pub fn close(&self, id: ConnectionId) {
        self.0.borrow_mut().records.remove(&id);
    }

    /// The record of a request's connection; `read` makes it when there is none.
    pub fn of_request(&self, id: ConnectionId, read: impl FnOnce() -> Evidence<Opening>) -> SharedRecord {
        if let Some(record) = self.0.borrow().records.get(&id) {
            return Rc::clone(record);
        }
        let record = Rc::new(RefCell::new(Record::new(read())));
        let mut table = self.0.borrow_mut();
        if table.borrowed.len() >= MAX_BORROWED
            && let Some(oldest) = table.borrowed.pop_front()
        {
            table.records.remove(&oldest);
        }
        table.borrowed.push_back(id);
        table.records.insert(id, Rc::clone(&record));
        record
    }

    /// How many connections are known.
    pub fn len(&self) -> usize {
        self.0.borrow().records.len()
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Reason;

    fn id(number: u64) -> ConnectionId {
        ConnectionId::parse(&number.to_le_bytes()).unwrap()
    }

    #[test]
    fn a_request_finds_the_record_of_its_connection() {
        let connections = Connections::default();
        let opened = connections.open(id(7));
        let found = connections.of_request(id(7), || panic!("made anew"));
        assert!(Rc::ptr_eq(&opened, &found));
        connections.close(id(7));
        assert!(connections.is_empty());
    }

    #[test]
    fn entries_that_nobody_closes_are_bounded() {
        let connections = Connections::default();
        let read = || Evidence::Missing(Reason::NoConnectionRole);
        for number in 0..3_000 {
            connections.of_request(id(number), read);
        }
        assert_eq!(connections.len(), MAX_BORROWED);
        connections.of_request(id(2_999), || panic!("the newest was evicted"));
    }

    #[test]
    fn a_connection_id_has_eight_bytes() {
        assert_eq!(ConnectionId::parse(&[1, 0, 0, 0, 0, 0, 0, 0]), Some(ConnectionId(1)));
        assert_eq!(ConnectionId::parse(&[1, 0]), None);
    }
}
