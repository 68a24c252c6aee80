//! One TCP connection: who its client is, what its SYN was, what it said first.
//!
//! The client is the side that sent a SYN, or was sent a SYN with ACK. A capture that began later shows neither: then the client
//! is the side whose first bytes are a whole ClientHello, HTTP/2 opening or HTTP/1 head.

use super::client::{Client, Portrait};
use super::opening::{Broken, Opening, Parser};
use super::packet::Segment;
use super::stream::Stream;
use super::summary::Gap;
use layerprint::wire::Progress;
use layerprint::wire::opening::MAX_OPENING;
use std::net::SocketAddr;

/// Both ends of a connection, the lower address first: the same for segments of either direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Ends {
    low: SocketAddr,
    high: SocketAddr,
}

impl Ends {
    pub(super) fn of(segment: &Segment<'_>) -> Self {
        Self {
            low: segment.from.min(segment.to),
            high: segment.from.max(segment.to),
        }
    }

    const fn address(self, end: End) -> SocketAddr {
        match end {
            End::Low => self.low,
            End::High => self.high,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Low,
    High,
}

impl End {
    const fn other(self) -> Self {
        match self {
            Self::Low => Self::High,
            Self::High => Self::Low,
        }
    }
}

/// Whether there is more to come from a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outlook {
    /// Its next segments may tell something.
    Open,
    /// All that it can tell is known.
    Finished,
}

/// A connection under observation.
#[derive(Debug)]
pub(super) struct Connection {
    ends: Ends,
    client: Option<End>,
    syn: Option<Syn>,
    low: Half,
    high: Half,
}

#[derive(Debug)]
struct Syn {
    sequence: u32,
    headers: Vec<u8>,
}

/// What one side says.
#[derive(Debug, Default)]
struct Half {
    stream: Stream,
    state: State,
    /// Bytes handed to the parser.
    read: usize,
    /// The sequence number behind its last byte, once it has said that there is one.
    fin: Option<u32>,
}

#[derive(Debug)]
enum State {
    Reading(Box<Parser>),
    Done(Box<Opening>),
    NotThis,
    Broken(Broken),
}

impl Default for State {
    fn default() -> Self {
        Self::Reading(Box::default())
    }
}

impl Connection {
    pub(super) fn new(ends: Ends) -> Self {
        Self {
            ends,
            client: None,
            syn: None,
            low: Half::default(),
            high: Half::default(),
        }
    }

    /// The sequence number of the client's SYN.
    pub(super) fn syn_sequence(&self) -> Option<u32> {
        self.syn.as_ref().map(|syn| syn.sequence)
    }

    /// Whether a SYN that comes now begins another connection between the same ends, as when a port is used again.
    pub(super) fn is_another(&self, syn: &Segment<'_>) -> bool {
        match &self.syn {
            Some(own) => own.sequence != syn.sequence,
            None => self.low.read + self.high.read > 0,
        }
    }

    /// Takes a segment of either direction.
    pub(super) fn take(&mut self, segment: &Segment<'_>) -> Outlook {
        let from = if segment.from == self.ends.low {
            End::Low
        } else {
            End::High
        };
        match (segment.flags.syn, segment.flags.ack) {
            (true, false) if self.syn.is_none() => {
                self.client.get_or_insert(from);
                self.syn = Some(Syn {
                    sequence: segment.sequence,
                    headers: segment.headers.to_vec(),
                });
                self.half(from).stream.begin(segment.sequence.wrapping_add(1));
            }
            (true, true) => {
                self.client.get_or_insert(from.other());
                self.half(from.other()).stream.begin(segment.acknowledgment);
            }
            _ => {}
        }
        if segment.flags.rst {
            return Outlook::Finished;
        }
        // Data in a SYN (TCP Fast Open) stands behind the number that the SYN itself takes.
        let sequence = segment.sequence.wrapping_add(u32::from(segment.flags.syn));
        match self.client {
            Some(client) if client != from => Outlook::Open,
            Some(_) => self.half(from).take(segment, sequence),
            None => {
                let outlook = self.half(from).take(segment, sequence);
                if let State::Done(_) = self.half(from).state {
                    self.client = Some(from);
                    return Outlook::Finished;
                }
                match outlook {
                    Outlook::Finished if self.half(from.other()).is_finished() => Outlook::Finished,
                    _ => Outlook::Open,
                }
            }
        }
    }

    const fn half(&mut self, end: End) -> &mut Half {
        match end {
            End::Low => &mut self.low,
            End::High => &mut self.high,
        }
    }

    /// How much memory it holds, about.
    pub(super) fn held(&self) -> usize {
        let syn = self.syn.as_ref().map_or(0, |syn| syn.headers.len());
        size_of::<Self>() + syn + self.low.held() + self.high.held()
    }

    /// Its client, if one can be told, and what is missing of it.
    pub(super) fn finish(self) -> (Option<Client>, Vec<Gap>) {
        let Some(end) = self.client else {
            return (None, vec![Gap::NoClient]);
        };
        let mut portrait = Portrait::of(self.ends.address(end), self.ends.address(end.other()));
        match &self.syn {
            Some(syn) => portrait.add_syn(&syn.headers),
            None => portrait.note(Gap::NoSyn),
        }
        let half = match end {
            End::Low => self.low,
            End::High => self.high,
        };
        match half.state {
            State::Done(opening) => portrait.add_opening(&opening),
            State::NotThis => portrait.note(Gap::OtherProtocol),
            State::Broken(why) => portrait.note(Gap::Broken(why.to_string())),
            State::Reading(_) if half.read == 0 && half.stream.held() == 0 => portrait.note(Gap::NoData),
            State::Reading(_) => portrait.note(Gap::OpeningNotWhole),
        }
        let (client, gaps) = portrait.finish();
        (Some(client), gaps)
    }
}

impl Half {
    fn take(&mut self, segment: &Segment<'_>, sequence: u32) -> Outlook {
        self.stream.put(sequence, segment.payload);
        while let (State::Reading(parser), Some(bytes)) = (&mut self.state, self.stream.take()) {
            self.read += bytes.len();
            match parser.feed(&bytes) {
                Progress::NeedMore => {}
                Progress::Done(opening) => self.state = State::Done(opening.into()),
                Progress::NotThis => self.state = State::NotThis,
                Progress::Malformed(why) => self.state = State::Broken(why),
            }
        }
        if segment.flags.fin {
            let length = u32::try_from(segment.payload.len()).unwrap_or(u32::MAX);
            self.fin.get_or_insert(sequence.wrapping_add(length));
        }
        if self.is_finished() {
            Outlook::Finished
        } else {
            Outlook::Open
        }
    }

    /// Whether nothing that it says can change what is known.
    fn is_finished(&self) -> bool {
        !matches!(self.state, State::Reading(_))
            || self.stream.is_lost()
            || self.fin.is_some_and(|end| self.stream.is_at(end))
    }

    fn held(&self) -> usize {
        let parsed = match self.state {
            State::Reading(_) | State::Done(_) => self.read.min(MAX_OPENING) + size_of::<Parser>(),
            State::NotThis | State::Broken(_) => 0,
        };
        self.stream.held() + parsed
    }
}
