//! The connection role: reads a connection's first bytes until its first request is whole, then lets all else pass unseen.

use super::connections::{ConnectionId, SharedRecord};
use super::facts::{self, HANDOVER_KEY};
use super::metrics::{Fault, Metric};
use super::plugin::Plugin;
use crate::evidence::{Evidence, Reason, encode_handover};
use crate::host::Host;
use crate::policy::config::Switch;
use crate::wire::Progress;
use crate::wire::opening::{Opening, Parser};
use std::rc::Rc;

/// One connection.
#[derive(Debug)]
pub struct ConnectionRole {
    plugin: Rc<Plugin>,
    state: State,
}

#[expect(
    clippy::large_enum_variant,
    reason = "one per connection, some 300 bytes; a box would be an allocation for each"
)]
#[derive(Debug)]
enum State {
    /// Made, but the proxy has not told of a connection yet.
    New,
    /// The first bytes are being read.
    Opening {
        id: ConnectionId,
        record: SharedRecord,
        parser: Parser,
    },
    /// The opening is whole, or will never be.
    Settled { id: ConnectionId, record: SharedRecord },
    /// The proxy does not say which connection this is: nothing can be kept for it.
    Anonymous,
    /// Over.
    Closed,
}

impl ConnectionRole {
    /// The role for one connection of `plugin`.
    pub const fn new(plugin: Rc<Plugin>) -> Self {
        Self {
            plugin,
            state: State::New,
        }
    }

    /// The connection was accepted. No TLS property may be read here: see `facts`.
    pub fn on_new_connection(&mut self, host: &impl Host) {
        self.plugin.metrics.count(host, Metric::Connections);
        self.state = match facts::connection_id(host) {
            Some(id) => State::Opening {
                id,
                record: self.plugin.connections.open(id),
                parser: Parser::new(self.plugin.config.connection.opening_bytes),
            },
            None => {
                self.plugin.metrics.count(host, Metric::Errors(Fault::ConnectionId));
                State::Anonymous
            }
        };
    }

    /// `size` new bytes have come. After the opening this costs no call to the proxy.
    pub fn on_downstream_data(&mut self, host: &impl Host, size: usize) {
        let State::Opening { id, record, parser } = &mut self.state else {
            return;
        };
        let progress = match host.downstream_data(size) {
            Ok(bytes) => read(parser, &bytes),
            Err(_) => {
                self.plugin.metrics.count(host, Metric::Errors(Fault::DownstreamData));
                Evidence::Missing(Reason::ProxyFailure)
            }
        };
        if progress == Evidence::Pending {
            return;
        }
        if self.plugin.config.connection.handover == Switch::On
            && host
                .set_filter_state(HANDOVER_KEY, encode_handover(&progress).as_bytes())
                .is_err()
        {
            self.plugin.metrics.count(host, Metric::Errors(Fault::FilterState));
        }
        record.borrow_mut().opening = progress;
        self.state = State::Settled {
            id: *id,
            record: Rc::clone(record),
        };
    }

    /// The connection has ended.
    pub fn on_close(&mut self, host: &impl Host) {
        let (State::Opening { id, record, .. } | State::Settled { id, record }) = &self.state else {
            return;
        };
        if record.borrow().requests == 0 {
            self.plugin.metrics.count(host, Metric::ConnectionsWithoutRequest);
        }
        self.plugin.connections.close(*id);
        self.state = State::Closed;
    }
}

fn read(parser: &mut Parser, bytes: &[u8]) -> Evidence<Opening> {
    match parser.feed(bytes) {
        Progress::Done(opening) => Evidence::Seen(opening),
        Progress::NeedMore => Evidence::Pending,
        Progress::NotThis => Evidence::Missing(Reason::OtherProtocol),
        Progress::Malformed(error) if error.is_bound() => Evidence::Missing(Reason::TooLarge),
        Progress::Malformed(_) => Evidence::Missing(Reason::Malformed),
    }
}
