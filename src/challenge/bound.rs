//! What a token is bound to: it is worth nothing on another host, from another network, or in the hands of another client.

use super::keys::{Key, KeyId};
use super::reason::Reason;
use crate::fingerprint::client::ConnectionPrint;
use crate::fingerprint::combined::Part;
use crate::policy::config::Switch;
use crate::policy::config::challenge::Bind;
use core::cell::Cell;
use core::net::IpAddr;

/// The bytes that stand for one of them in a token. Another value has the same ones once in 2.8 × 10¹⁴.
const BYTES: usize = 6;

/// Who has to be there, as a request shows it.
#[derive(Clone, Copy, Debug)]
pub struct Bound<'a> {
    /// The host in its form, without a port: cookies tell no ports apart.
    pub host: &'a str,
    /// The client's address, where it is known.
    pub client: Option<IpAddr>,
    /// What its connection looks like.
    pub print: &'a ConnectionPrint,
    /// Whether the request opens a WebSocket over HTTP/1.1. Browsers that speak HTTP/2 do that on a connection of its own, whose HTTP looks
    /// like nothing else of theirs: there it is not compared.
    pub opens_websocket: bool,
}

/// The same as a token has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Digests {
    pub(super) host: [u8; BYTES],
    pub(super) network: [u8; BYTES],
    pub(super) tls: [u8; BYTES],
    pub(super) http: [u8; BYTES],
}

/// What stands for a request: made for a key when it is asked for, and kept for the next time.
#[derive(Debug)]
pub(super) struct Digested<'a> {
    bound: Bound<'a>,
    bind: Bind,
    last: Cell<Option<(KeyId, Digests)>>,
}

impl<'a> Digested<'a> {
    /// That of `bound`.
    pub(super) const fn new(bound: Bound<'a>, bind: Bind) -> Self {
        Self {
            bound,
            bind,
            last: Cell::new(None),
        }
    }

    /// What stands for it under `key`.
    pub(super) fn under(&self, key: &Key) -> Digests {
        if let Some((_, digests)) = self.last.get().filter(|(id, _)| *id == key.id()) {
            return digests;
        }
        let digests = self.bound.digests(key, self.bind);
        self.last.set(Some((key.id(), digests)));
        digests
    }

    /// Holds the request against what a token was made for.
    ///
    /// # Errors
    /// The first that is another one.
    pub(super) fn hold_against(&self, token: &Digests, key: &Key) -> Result<(), Reason> {
        token.held_against(&self.under(key), self.bound.opens_websocket)
    }
}

impl Bound<'_> {
    fn digests(&self, key: &Key, bind: Bind) -> Digests {
        let print = self.print;
        let tls = matches!(bind.tls, Switch::On).then_some(&print.lp1.tls);
        let http = match bind.http {
            Switch::On => self.http(),
            Switch::Off => ("any", ""),
        };
        let host = self.host.trim_end_matches('.');
        Digests {
            host: key.digest("host", &[host.as_bytes()]),
            network: key.digest("network", &[&self.network(bind)]),
            tls: key.digest("tls", &[tls.map_or("any", Part::as_str).as_bytes()]),
            http: key.digest("http", &[http.0.as_bytes(), http.1.as_bytes()]),
        }
    }

    /// What the HTTP part of `lp1` is made from, but for what only the connection's first request shows: the order of its headers, and
    /// over HTTP/1 the case of their names, are other ones where a script asked first.
    fn http(&self) -> (&'static str, &str) {
        match (self.print.http2.seen(), self.print.case.seen()) {
            (Some(http2), _) => ("h2", http2.md5.as_str()),
            (None, Some(_)) => ("h1", ""),
            (None, None) => ("none", ""),
        }
    }

    /// The family and as many bits of the address as are to stay; the rest is zeros.
    fn network(&self, bind: Bind) -> [u8; 17] {
        let mut bytes = [0; 17];
        let (family, address, bits) = match self.client {
            None => return bytes,
            Some(IpAddr::V4(ip)) => (4, u128::from(ip.to_bits()) << 96, bind.ipv4_prefix),
            Some(IpAddr::V6(ip)) => (6, ip.to_bits(), bind.ipv6_prefix),
        };
        let mask = u128::MAX.checked_shl(128_u32.saturating_sub(bits.into())).unwrap_or(0);
        bytes[0] = family;
        let kept = (address & mask).to_be_bytes();
        bytes.iter_mut().skip(1).zip(kept).for_each(|(to, from)| *to = from);
        bytes
    }
}

impl Digests {
    /// Holds the request that `now` stands for against what the token was made for.
    ///
    /// # Errors
    /// The first that is another one.
    fn held_against(&self, now: &Self, opens_websocket: bool) -> Result<(), Reason> {
        let pairs = [
            (self.host == now.host, Reason::Host),
            (self.network == now.network, Reason::Network),
            (self.tls == now.tls, Reason::Tls),
            (self.http == now.http || opens_websocket, Reason::Http),
        ];
        match pairs.into_iter().find(|(is_same, _)| !is_same) {
            Some((_, reason)) => Err(reason),
            None => Ok(()),
        }
    }
}
