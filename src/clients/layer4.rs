//! What a connection shows below TLS, named: and whose it is. A connection that comes through a proxy has the proxy's SYN, or one
//! that the proxy has handed over; which client of the proxy that is may change with each request.

use super::stacks::{Named, Stacks};
use crate::evidence::forwarded::{Forwarded, Trust};
use crate::evidence::{Evidence, Reason, SourceAddress, Transport};
use crate::fingerprint::combined::Part;
use crate::fingerprint::tcp::TcpPrint;
use core::net::IpAddr;

/// Layer 4 of one connection, as it was handed over, or of one request, as far as it is its client's.
#[derive(Clone, Debug)]
pub struct Layer4 {
    /// The evidence.
    pub transport: Transport,
    /// The SYN's fingerprints.
    pub tcp: Evidence<TcpPrint>,
    /// Who wrote it.
    pub stack: Evidence<Named>,
}

/// Who is expected to have sent the SYN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// This address.
    Known(IpAddr),
    /// The connection's own peer, which has no IP address to tell it by.
    Unnamed,
    /// A client that a trusted proxy should have named, and has not.
    Hidden,
}

impl Owner {
    /// The client of a request that took `way` over a connection from `peer`.
    pub fn of_request(way: &Forwarded, peer: &Evidence<SourceAddress>, trust: Trust) -> Self {
        match &way.client {
            _ if trust.hops == 0 => Self::of_connection(peer),
            Evidence::Seen(client) => Self::Known(client.ip),
            Evidence::Pending | Evidence::Missing(_) => Self::Hidden,
        }
    }

    /// The client of a connection without requests.
    pub fn of_connection(peer: &Evidence<SourceAddress>) -> Self {
        peer.seen()
            .and_then(|peer| peer.ip())
            .map_or(Self::Unnamed, Self::Known)
    }

    /// Whether the connection from `peer` is this owner's own, and not one that a proxy made for it.
    pub fn is(self, peer: &Evidence<SourceAddress>) -> bool {
        let peer = peer.seen().and_then(|peer| peer.ip());
        match (self, peer) {
            (Self::Known(owner), Some(peer)) => owner.to_canonical() == peer.to_canonical(),
            (Self::Known(_), None) | (Self::Hidden, _) => false,
            (Self::Unnamed, _) => true,
        }
    }

    /// Whether the evidence is this owner's. A SYN tells by the address that it comes from. Without one, a round-trip time is that
    /// of the connection's own peer.
    fn has(self, transport: &Transport, peer: &Evidence<SourceAddress>) -> bool {
        match (self, &transport.syn) {
            (Self::Known(owner), Evidence::Seen(syn)) => owner.to_canonical() == syn.ip.source.to_canonical(),
            (owner, _) => owner.is(peer),
        }
    }
}

impl Layer4 {
    /// What `transport` shows, by the stacks of `stacks`.
    pub fn of(transport: Transport, stacks: &Stacks) -> Self {
        Self {
            tcp: transport.syn.as_ref().map(TcpPrint::of),
            stack: transport.syn.as_ref().map(|syn| Named::from(stacks.identify(syn))),
            transport,
        }
    }

    /// The same without SYN and round-trip time, which are somebody else's, unless they are `owner`'s; none when they are.
    pub fn without_others(&self, owner: Owner, peer: &Evidence<SourceAddress>) -> Option<Self> {
        if owner.has(&self.transport, peer) {
            return None;
        }
        let transport = Transport {
            handshake: self.transport.handshake.clone(),
            first_bytes: self.transport.first_bytes.clone(),
            ..Transport::unseen(Reason::Relayed)
        };
        Some(Self {
            transport,
            tcp: Evidence::Missing(Reason::Relayed),
            stack: Evidence::Missing(Reason::Relayed),
        })
    }

    /// Who wrote the SYN, if it is that of the connection's own `peer`.
    pub fn own_stack(&self, peer: &Evidence<SourceAddress>) -> Option<&Named> {
        let is_own = Owner::of_connection(peer).has(&self.transport, peer);
        self.stack.seen().filter(|_| is_own)
    }

    /// The tcp part of `lp1`.
    pub fn part(&self) -> Part {
        self.tcp.seen().map_or(Part::ZEROS, |tcp| tcp.part)
    }
}
