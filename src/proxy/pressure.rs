//! What sources bring, counted for all workers: each connection once its fate is known; when it is accepted too, where the policy of
//! connections looks for floods.
//!
//! Calls to the proxy for each connection: two for its prefix, and two for its family where there is a SYN. Where the policy looks for
//! floods, up to four more when it is accepted. Where the proxy has no shared data nothing is known of sources, and the connection
//! goes on.

use super::plugin::Plugin;
use crate::clients::stacks::Named;
use crate::evidence::{Evidence, SourceAddress};
use crate::host::Host;
use crate::memory::key::Keys;
use crate::memory::sources::{Awaited, Fate, Met, Prefix, Pressure, Sources};
use crate::memory::store::{Moment, Unavailable};
use std::time::Duration;

/// The connection of `peer` whose SYN `stack` wrote; none where the peer has no address to be counted by.
pub(super) fn met<'a>(peer: &Evidence<SourceAddress>, stack: Option<&'a Named>, at: Duration) -> Option<Met<'a>> {
    let prefix = peer.seen().and_then(|peer| peer.ip()).map(Prefix::of)?;
    let at = Moment(at);
    Some(Met { prefix, stack, at })
}

impl Plugin {
    /// Counts a connection whose fate is known, and gives what its source has brought with it.
    pub(super) fn count_source(
        &self,
        host: &impl Host,
        met: Met<'_>,
        fate: Fate,
        awaited: Awaited,
    ) -> Option<Pressure> {
        self.of_sources(host, |sources, keys| sources.count(host, keys, met, fate, awaited))
    }

    /// What the source of a connection has brought before it.
    pub(super) fn source_before(&self, host: &impl Host, met: Met<'_>) -> Option<Pressure> {
        self.of_sources(host, |sources, keys| sources.of(host, keys, met))
    }

    /// Counts a connection that was accepted, if anybody looks. Where no request role is, nobody will know what it is for: it is not
    /// counted before it ends.
    pub(super) fn await_source(&self, host: &impl Host, met: Met<'_>) -> Awaited {
        if !self.looks_for_floods || !self.shared.has_request_role.get() {
            return Awaited::No;
        }
        let counted = self.of_sources(host, |sources, keys| sources.wait(host, keys, met));
        counted.map_or(Awaited::No, |()| Awaited::Yes)
    }

    fn of_sources<T>(
        &self,
        host: &impl Host,
        ask: impl FnOnce(&Sources, &Keys) -> Result<T, Unavailable>,
    ) -> Option<T> {
        let keys = self.shared.remembered.keys(host, self.secret)?;
        let sources = &self.shared.sources;
        let answer = ask(sources, &keys);
        self.count_memory(host, "sources", sources.take_tally());
        answer.ok()
    }
}
