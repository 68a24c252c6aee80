//! The client's address behind proxies, out of `X-Forwarded-For`, and how much of that header anyone could have written.
//!
//! Each proxy adds the address that it was reached from at the right. So the header is read from the right, and only as many
//! entries are believed as there are proxies that the operator trusts: what stands left of them came with the request, and no
//! number of forged entries there moves the one that counts. When an entry that should be trusted is not what a proxy writes, or
//! is not there, then there is no address: another entry is never taken instead.
//!
//! Envoy adds its own peer at the right too, before any filter sees the header, when its connection manager has
//! `use_remote_address: true` and not `skip_xff_append: true`. That entry is no hop: [`PeerEntry`] says whether to expect it, and
//! where the peer is known it has to be the peer's. An address that came by the PROXY protocol is the peer's to Envoy and to us.

use super::address::Node;
use super::{Evidence, Reason, SourceAddress};
use core::net::IpAddr;

/// The most proxies in front that can be trusted.
pub const MAX_TRUSTED_HOPS: u8 = 16;

/// The most entries that are counted: this number stands for itself and all above.
pub const MAX_HOPS: u8 = 64;

/// The most of the header that is looked at, from its right end, in bytes; a comma and the end of a line are one each. The
/// entries of [`MAX_TRUSTED_HOPS`] proxies have under 1,200.
pub const MAX_SCANNED: usize = 4_096;

/// What the operator says of the way to this proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trust {
    /// How many proxies in front are trusted, each with one entry at the right; 0: nobody but the connection's own peer. This is
    /// Envoy's `xff_num_trusted_hops` where `use_remote_address` is true, and that number and 1 where it is not.
    pub hops: u8,
    /// Whether this proxy has added its peer.
    pub peer_entry: PeerEntry,
}

/// Whether the header's last entry is the address of this proxy's own peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerEntry {
    /// It is: this proxy has added it. It adds none for a peer without an IP address.
    Appended,
    /// It is not: the last entry is that of the proxy in front.
    Absent,
}

/// What the connection and the header say of the way that a request took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forwarded {
    /// The client. Missing as `NotProvided`: a trusted proxy hides the address (`unknown`, `_name`), or there are fewer entries
    /// than trusted proxies; `Malformed`: a trusted entry is no address; `TooLarge`: the trusted entries do not all stand within
    /// [`MAX_SCANNED`]; `OtherProtocol`: the peer counts and has no IP address; or as the peer's own address is missing.
    pub client: Evidence<ClientAddress>,
    /// How many entries stand left of the trusted ones, up to [`MAX_HOPS`]; empty ones do not count. The client, or proxies of its
    /// own, have written them, and they can say anything. It is [`MAX_HOPS`] too when the header is longer than is looked at.
    pub claimed: u8,
}

/// The client's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress {
    /// The address; one mapped into IPv6 is the IPv4 address that it is.
    pub ip: IpAddr,
    /// How it was found.
    pub found: Found,
}

/// How a client's address was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is the connection's own peer.
    Peer,
    /// The outermost of this many trusted proxies has named it.
    Forwarded(u8),
}

impl Found {
    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Peer => "peer",
            Self::Forwarded(_) => "forwarded",
        }
    }
}

impl Forwarded {
    /// Reads the values of a request's `X-Forwarded-For` headers, in their order; several are one list (RFC 9110, 5.3). `peer` is
    /// the other end of the connection itself, as the connection role reads it: in the HTTP filter, Envoy's `source.address` is
    /// already what Envoy made of this header.
    pub fn read(lines: &[&[u8]], peer: &Evidence<SourceAddress>, trust: Trust) -> Self {
        let mut entries = Entries::new(lines);
        if trust.hops == 0 {
            let before = entries.clone();
            if entries.peer_entry(peer, trust.peer_entry).is_err() {
                entries = before;
            }
            return Self {
                client: of_peer(peer),
                claimed: entries.count(),
            };
        }
        // All are read, whatever is wrong with one: what is left is what was claimed.
        let mut client = entries.peer_entry(peer, trust.peer_entry).map(|()| None);
        for _ in 0..trust.hops {
            let entry = entries.trusted();
            client = client.and(entry);
        }
        let client = match client {
            Ok(Some(ip)) => Evidence::Seen(ClientAddress {
                ip,
                found: Found::Forwarded(trust.hops),
            }),
            Ok(None) => Evidence::Missing(Reason::NotProvided),
            Err(reason) => Evidence::Missing(reason),
        };
        Self {
            client,
            claimed: entries.count(),
        }
    }
}

fn of_peer(peer: &Evidence<SourceAddress>) -> Evidence<ClientAddress> {
    peer.as_ref().and_then(|peer| {
        let client = peer.ip().map(|ip| ClientAddress { ip, found: Found::Peer });
        Evidence::or_missing(client, Reason::OtherProtocol)
    })
}

/// The list's entries from the right, with their white space.
#[derive(Clone)]
struct Entries<'a> {
    /// The lines left of `line`.
    lines: &'a [&'a [u8]],
    /// What is left of a line that was begun.
    line: Option<&'a [u8]>,
    /// How many bytes may still be looked at.
    budget: usize,
}

/// More of the header would have to be looked at than is allowed.
struct TooFar;

impl<'a> Entries<'a> {
    const fn new(lines: &'a [&'a [u8]]) -> Self {
        Self {
            lines,
            line: None,
            budget: MAX_SCANNED,
        }
    }

    /// The next entry to the left; none when there are no more.
    fn next(&mut self) -> Result<Option<&'a [u8]>, TooFar> {
        let line = match (self.line, self.lines) {
            (Some(line), _) => line,
            (None, []) => return Ok(None),
            (None, [before @ .., last]) => {
                self.lines = before;
                last
            }
        };
        // Where this fails the line stays begun, and so it fails the next time too.
        self.line = Some(line);
        let window = line.iter().rev().take(self.budget);
        let (entry, rest) = match window.clone().position(|byte| *byte == b',') {
            Some(length) => {
                let (rest, entry) = line.split_at(line.len().saturating_sub(length));
                (entry, rest.strip_suffix(b","))
            }
            None if line.len() < self.budget => (line, None),
            None => return Err(TooFar),
        };
        self.line = rest;
        self.budget = self.budget.saturating_sub(entry.len().saturating_add(1));
        Ok(Some(entry))
    }

    /// Takes the entry that this proxy added for its peer, when there should be one.
    fn peer_entry(&mut self, peer: &Evidence<SourceAddress>, expected: PeerEntry) -> Result<(), Reason> {
        let known = match (expected, peer.seen()) {
            (PeerEntry::Absent, _) | (_, Some(SourceAddress::Unix | SourceAddress::Internal)) => return Ok(()),
            (PeerEntry::Appended, Some(SourceAddress::Ip { ip, .. })) => Some(*ip),
            (PeerEntry::Appended, None) => None,
        };
        let entry = self.trusted()?;
        // For a loopback peer Envoy writes its own address instead, which we do not know.
        match known {
            Some(known) if !known.is_loopback() && entry != Some(known) => Err(Reason::Malformed),
            Some(_) | None => Ok(()),
        }
    }

    /// The next entry, which a trusted proxy wrote; no address when it hides it.
    fn trusted(&mut self) -> Result<Option<IpAddr>, Reason> {
        match self.next() {
            Ok(Some(entry)) => address(entry).ok_or(Reason::Malformed),
            Ok(None) => Err(Reason::NotProvided),
            Err(TooFar) => Err(Reason::TooLarge),
        }
    }

    /// How many entries are left.
    fn count(mut self) -> u8 {
        let mut count = 0;
        while count < MAX_HOPS {
            match self.next() {
                Ok(Some(entry)) => count += u8::from(!trimmed(entry).is_empty()),
                Ok(None) => return count,
                Err(TooFar) => return MAX_HOPS,
            }
        }
        count
    }
}

/// The address in an entry; no address when the entry says that it is not told; none when it is neither.
fn address(entry: &[u8]) -> Option<Option<IpAddr>> {
    let text = str::from_utf8(trimmed(entry)).ok()?;
    if is_hidden(text) {
        return Some(None);
    }
    Node::parse(text).map(|node| Some(node.ip))
}

/// `unknown`, or a name that a proxy made up (RFC 7239, 6.2 and 6.3).
fn is_hidden(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(is_letter);
    text.eq_ignore_ascii_case("unknown") || text.strip_prefix('_').is_some_and(is_name)
}

/// Without the white space around it (RFC 9110, 5.6.3).
fn trimmed(entry: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t');
    let begin = entry.iter().position(|byte| !is_space(byte)).unwrap_or(entry.len());
    let end = entry
        .iter()
        .rposition(|byte| !is_space(byte))
        .map_or(begin, |last| last.saturating_add(1));
    entry.get(begin..end).unwrap_or_default()
}

#[cfg(test)]
mod tests;
