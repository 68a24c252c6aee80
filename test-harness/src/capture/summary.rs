//! What was read and what was not, counted by reason: the tool's word on its own blind spots.

use super::link::LinkType;
use core::fmt;
use std::collections::BTreeMap;

/// Why a packet tells nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Skip {
    /// The snapshot length cut it before the end of its headers.
    Cut,
    /// An IP fragment.
    Fragment,
    /// A wrong IP, TCP or UDP checksum.
    Checksum,
    /// Its headers contradict its length or themselves.
    BrokenHeader,
    /// Its link type is none that is read.
    LinkType(LinkType),
    /// It names an interface that the file does not describe.
    NoInterface,
    /// ARP and the like.
    NotIp,
    /// ICMP and the like.
    NotTcpOrUdp,
    /// UDP that carries no QUIC Initial.
    NotQuic,
    /// A QUIC Initial that opens with no client's key: a server's, or a damaged one.
    Undecrypted,
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cut => "truncated before the end of its headers",
            Self::Fragment => "IP fragment",
            Self::Checksum => "wrong checksum",
            Self::BrokenHeader => "broken header",
            Self::LinkType(LinkType(number)) => return write!(f, "unread link type {number}"),
            Self::NoInterface => "undescribed interface",
            Self::NotIp => "not IP",
            Self::NotTcpOrUdp => "neither TCP nor UDP",
            Self::NotQuic => "UDP without a QUIC Initial",
            Self::Undecrypted => "QUIC Initial that no client key opens",
        })
    }
}

/// What is missing of a connection, and why. Each reason counts connections.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gap {
    /// No SYN: the capture began later. `tcp` is null.
    NoSyn,
    /// A SYN that does not parse.
    BrokenSyn,
    /// No byte of the client's but the handshake.
    NoData,
    /// Its opening has a hole, or goes on behind the capture's end.
    OpeningNotWhole,
    /// It speaks neither TLS nor HTTP.
    OtherProtocol,
    /// Its opening breaks its protocol.
    Broken(String),
    /// It gave way to newer ones, for lack of room.
    Evicted,
    /// Without a SYN and without an opening nobody can say which side is the client: not shown.
    NoClient,
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSyn => "without a SYN in the capture, so without tcp",
            Self::BrokenSyn => "whose SYN does not parse, so without tcp",
            Self::NoData => "without data from the client",
            Self::OpeningNotWhole => "whose opening is not whole in the capture",
            Self::OtherProtocol => "with neither TLS nor HTTP",
            Self::Broken(why) => return write!(f, "whose opening is broken: {why}"),
            Self::Evicted => "given up for lack of room",
            Self::NoClient => "not shown since neither SYN nor opening tells which side is the client",
        })
    }
}

/// The counts of one capture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Packets in the file.
    pub packets: u64,
    /// Those of them that tell nothing, by reason.
    pub skipped: BTreeMap<Skip, u64>,
    /// Client connections shown.
    pub connections: u64,
    /// What is missing of connections, by reason; one may have several.
    pub gaps: BTreeMap<Gap, u64>,
}

impl Summary {
    /// Reasons kept apart. A hostile capture could make up many broken openings, though not this many kinds.
    const MAX_GAPS: usize = 256;

    pub(super) fn skip(&mut self, why: Skip) {
        *self.skipped.entry(why).or_default() += 1;
    }

    pub(super) fn gap(&mut self, gap: Gap) {
        if self.gaps.len() < Self::MAX_GAPS || self.gaps.contains_key(&gap) {
            *self.gaps.entry(gap).or_default() += 1;
        }
    }

    /// Packets that tell nothing.
    pub fn skipped_count(&self) -> u64 {
        self.skipped.values().sum()
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "packets: {}, skipped: {}", self.packets, self.skipped_count())?;
        write_counts(f, &self.skipped)?;
        write!(f, "\nclient connections shown: {}", self.connections)?;
        write_counts(f, &self.gaps)
    }
}

fn write_counts(f: &mut fmt::Formatter<'_>, counts: &BTreeMap<impl fmt::Display, u64>) -> fmt::Result {
    let mut separator = " (";
    for (what, count) in counts {
        write!(f, "{separator}{count} {what}")?;
        separator = ", ";
    }
    f.write_str(if counts.is_empty() { "" } else { ")" })
}
