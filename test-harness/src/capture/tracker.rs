//! All connections of a capture. Finds each packet's own, ends those that have told all, and keeps within its bounds.

use super::client::Client;
use super::connection::{Connection, Ends, Outlook};
use super::packet::{Datagram, Packet, Segment};
use super::queue::{Finished, Queue};
use super::quic::{self, InitialKeys, Path, initials};
use super::summary::{Gap, Skip, Summary};
use std::collections::HashMap;

/// Connections at once, open or finished but behind an open one. Over it, the oldest is shown as far as it is known.
pub const MAX_CONNECTIONS: usize = 16_384;
/// Bytes that they hold together, about. One alone can hold 64 KiB of its opening and 64 KiB out of order.
pub const MAX_HELD: usize = 64 * 1024 * 1024;
/// Finished connections that are remembered, so that what they go on to send is not taken for a new one.
pub const MAX_FINISHED: usize = 65_536;

#[derive(Clone, Copy, Debug)]
enum Key {
    Tcp(Ends),
    Quic(Path),
}

/// An open connection, with its number in the queue.
#[derive(Debug)]
struct Open<C> {
    number: u64,
    connection: C,
    /// What it holds, as counted in [`Tracker::held`].
    charged: usize,
}

/// The connections.
#[derive(Debug)]
pub(super) struct Tracker {
    tcp: HashMap<Ends, Open<Connection>>,
    tcp_finished: Finished<Ends, Option<u32>>,
    quic: HashMap<Path, Open<quic::Connection>>,
    quic_finished: Finished<Path, InitialKeys>,
    queue: Queue<Key>,
    held: usize,
    pub(super) summary: Summary,
}

impl Default for Tracker {
    fn default() -> Self {
        Self {
            tcp: HashMap::new(),
            tcp_finished: Finished::with_limit(MAX_FINISHED),
            quic: HashMap::new(),
            quic_finished: Finished::with_limit(MAX_FINISHED),
            queue: Queue::default(),
            held: 0,
            summary: Summary::default(),
        }
    }
}

impl Tracker {
    /// Takes a packet.
    pub(super) fn take(&mut self, packet: &Packet<'_>) {
        match packet {
            Packet::Tcp(segment) => self.take_segment(segment),
            Packet::Udp(datagram) => {
                if let Err(skip) = self.take_datagram(datagram) {
                    self.summary.skip(skip);
                }
            }
        }
        while (self.queue.len() > MAX_CONNECTIONS || self.held + self.queue.held() > MAX_HELD)
            && let Some(oldest) = self.queue.oldest()
        {
            self.summary.gap(Gap::Evicted);
            self.finish(oldest);
        }
    }

    /// The next client to show.
    pub(super) fn pop(&mut self) -> Option<Client> {
        let client = self.queue.pop()?;
        self.summary.connections += 1;
        Some(client)
    }

    /// The capture is over.
    pub(super) fn finish_all(&mut self) {
        while let Some(oldest) = self.queue.oldest() {
            self.finish(oldest);
        }
    }

    fn take_segment(&mut self, segment: &Segment<'_>) {
        let ends = Ends::of(segment);
        let is_syn = segment.flags.syn && !segment.flags.ack;
        if let Some(syn) = self.tcp_finished.find(&ends) {
            if !is_syn || *syn == Some(segment.sequence) {
                return;
            }
            self.tcp_finished.forget(&ends);
        }
        if is_syn
            && self
                .tcp
                .get(&ends)
                .is_some_and(|open| open.connection.is_another(segment))
        {
            self.finish(Key::Tcp(ends));
            self.tcp_finished.forget(&ends);
        }
        // What neither opens a connection nor carries data tells nothing about one that is not known.
        let tells = (segment.flags.syn || !segment.payload.is_empty()) && !segment.flags.rst;
        if !self.tcp.contains_key(&ends) && !tells {
            return;
        }
        let queue = &mut self.queue;
        let open = self.tcp.entry(ends).or_insert_with(|| Open {
            number: queue.begin(Key::Tcp(ends)),
            connection: Connection::new(ends),
            charged: 0,
        });
        self.held -= open.charged;
        let outlook = open.connection.take(segment);
        open.charged = open.connection.held();
        self.held += open.charged;
        if outlook == Outlook::Finished {
            self.finish(Key::Tcp(ends));
        }
    }

    fn take_datagram(&mut self, datagram: &Datagram<'_>) -> Result<(), Skip> {
        let path = Path {
            from: datagram.from,
            to: datagram.to,
        };
        let mut answer = Err(Skip::NotQuic);
        for initial in initials(datagram.payload) {
            if self.take_initial(path, &initial) {
                answer = Ok(());
            } else if answer.is_err() {
                answer = Err(Skip::Undecrypted);
            }
        }
        answer
    }

    /// Takes an Initial; false when no client's keys open it.
    fn take_initial(&mut self, path: Path, initial: &quic::Initial<'_>) -> bool {
        if let Some(open) = self.quic.get_mut(&path) {
            self.held -= open.charged;
            let taken = open.connection.take(initial) || (initial.has_token && open.connection.take_retried(initial));
            open.charged = open.connection.held();
            self.held += open.charged;
            if taken {
                if open.connection.is_finished() {
                    self.finish(Key::Quic(path));
                }
                return true;
            }
        }
        if let Some(keys) = self.quic_finished.find(&path)
            && keys.open(initial, 0).is_some()
        {
            return true;
        }
        let Some(connection) = quic::Connection::begin(path, initial) else {
            return false;
        };
        // After a Retry a client says again what is known already.
        if initial.has_token && self.quic_finished.find(&path).is_some() {
            self.quic_finished.insert(path, connection.keys());
            return true;
        }
        self.finish(Key::Quic(path));
        self.quic_finished.forget(&path);
        let charged = connection.held();
        self.held += charged;
        let is_finished = connection.is_finished();
        let number = self.queue.begin(Key::Quic(path));
        self.quic.insert(
            path,
            Open {
                number,
                connection,
                charged,
            },
        );
        if is_finished {
            self.finish(Key::Quic(path));
        }
        true
    }

    /// Ends a connection, if it is open, and remembers it.
    fn finish(&mut self, key: Key) {
        let (number, client, gaps) = match key {
            Key::Tcp(ends) => {
                let Some(open) = self.tcp.remove(&ends) else {
                    return;
                };
                self.held -= open.charged;
                self.tcp_finished.insert(ends, open.connection.syn_sequence());
                let (client, gaps) = open.connection.finish();
                (open.number, client, gaps)
            }
            Key::Quic(path) => {
                let Some(open) = self.quic.remove(&path) else {
                    return;
                };
                self.held -= open.charged;
                self.quic_finished.insert(path, open.connection.keys());
                let (client, gaps) = open.connection.finish();
                (open.number, Some(client), gaps)
            }
        };
        for gap in gaps {
            self.summary.gap(gap);
        }
        self.queue.end(number, client);
    }
}
