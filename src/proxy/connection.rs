//! The connection role: reads a connection's first bytes until its first request is whole, then lets all else pass unseen.
//!
//! Of a connection that the proxy passes through unopened it reads the ClientHello, and writes what that shows to filter state:
//! there is no request role to do it.

use super::connections::{Arrival, ConnectionId, SharedRecord};
use super::facts::{self, HANDOVER_KEY};
use super::metrics::{Fault, Metric};
use super::plugin::Plugin;
use crate::annotate::line;
use crate::clients::stacks::Named;
use crate::evidence::{Evidence, Micros, Reason, TlsSource, encode_handover};
use crate::fingerprint::Ascii;
use crate::fingerprint::combined::{Lp1, Part};
use crate::fingerprint::tcp::TcpPrint;
use crate::fingerprint::tls::{Ja4Value, TlsPrint};
use crate::host::Host;
use crate::memory::sources::Fate;
use crate::policy::config::Switch;
use crate::wire::Progress;
use crate::wire::opening::{Opening, Parser};
use crate::wire::tls::ClientHello;
use std::rc::Rc;
use std::time::Duration;

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
        /// When it was accepted, until its first bytes come.
        accepted: Option<Accepted>,
    },
    /// The opening is whole, or will never be.
    Settled { id: ConnectionId, record: SharedRecord },
    /// The connection is passed through unopened; its ClientHello was read.
    Passthrough { id: ConnectionId },
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
                record: self.plugin.shared.connections.open(id),
                parser: Parser::new(self.plugin.config.connection.opening_bytes),
                accepted: Some(Accepted(host.now().ok())),
            },
            None => {
                self.plugin.metrics.count(host, Metric::Errors(Fault::ConnectionId));
                State::Anonymous
            }
        };
    }

    /// `size` new bytes have come. After the opening this costs no call to the proxy.
    pub fn on_downstream_data(&mut self, host: &impl Host, size: usize) {
        let State::Opening {
            id,
            record,
            parser,
            accepted,
        } = &mut self.state
        else {
            return;
        };
        if let Some(accepted) = accepted.take() {
            record.borrow_mut().arrival = Some(arrive(host, accepted));
        }
        let progress = match host.downstream_data(size) {
            Ok(bytes) => read(parser, &bytes),
            Err(_) => {
                self.plugin.metrics.count(host, Metric::Errors(Fault::DownstreamData));
                Evidence::Missing(Reason::ProxyFailure)
            }
        };
        let opening = match progress {
            Evidence::Pending => return,
            Evidence::Seen(Opening::Tls(hello)) => {
                let (id, record) = (*id, Rc::clone(record));
                self.state = State::Passthrough { id };
                let mut record = record.borrow_mut();
                record.opening = Evidence::Missing(Reason::OtherProtocol);
                return self.identify_unopened(host, record.arrival.as_ref(), hello);
            }
            other => other,
        };
        if self.plugin.config.connection.handover == Switch::On
            && host
                .set_filter_state(HANDOVER_KEY, encode_handover(&opening).as_bytes())
                .is_err()
        {
            self.plugin.metrics.count(host, Metric::Errors(Fault::FilterState));
        }
        record.borrow_mut().opening = opening;
        self.state = State::Settled {
            id: *id,
            record: Rc::clone(record),
        };
    }

    /// The connection has ended.
    pub fn on_close(&mut self, host: &impl Host) {
        let (id, fate) = match &self.state {
            State::New | State::Anonymous | State::Closed => return,
            State::Passthrough { id } => (*id, Fate::Used),
            State::Opening { id, record, .. } | State::Settled { id, record } if record.borrow().requests > 0 => {
                (*id, Fate::Used)
            }
            // The handshake's own bytes do not come here: those of a connection that began TLS come when it is over.
            State::Opening { id, accepted, .. } if accepted.is_some() => {
                match (facts::began_tls(host), facts::finished_tls(host)) {
                    // Browsers open connections ahead of need.
                    (_, true) => (*id, Fate::NoRequest),
                    (true, false) => (*id, Fate::Unfinished),
                    (false, false) => (*id, Fate::Silent),
                }
            }
            State::Opening { id, .. } | State::Settled { id, .. } => (*id, Fate::NoRequest),
        };
        let metrics = &self.plugin.metrics;
        if fate != Fate::Used {
            metrics.count(host, Metric::ConnectionsWithoutRequest);
        }
        if fate != Fate::Used
            && let Ok(now) = host.now()
        {
            let source = match self.arrival() {
                Some(arrival) => arrival.source,
                None => facts::source(host),
            };
            self.plugin.count_source(&facts::peer(&source), fate, now);
        }
        if fate != Fate::Used
            && let Evidence::Seen(syn) = facts::syn(host)
        {
            let named = Named::from(self.plugin.stacks.identify(&syn));
            metrics.count(host, Metric::StacksWithoutRequest(named.as_str().into()));
        }
        match fate {
            Fate::Unfinished => metrics.count(host, Metric::HandshakesUnfinished),
            Fate::Silent => metrics.count(host, Metric::ConnectionsSilent),
            Fate::Used | Fate::NoRequest => {}
        }
        self.plugin.shared.connections.close(id);
        self.state = State::Closed;
    }

    fn arrival(&self) -> Option<Arrival> {
        match &self.state {
            State::Opening { record, .. } | State::Settled { record, .. } => record.borrow().arrival.clone(),
            State::New | State::Passthrough { .. } | State::Anonymous | State::Closed => None,
        }
    }

    /// Writes down what `hello` shows: JA3 and JA4 each under the name that they have as the proxy's, and the whole as a line.
    fn identify_unopened(&self, host: &impl Host, arrival: Option<&Arrival>, hello: ClientHello) {
        let source = arrival.map_or_else(|| facts::source(host), |arrival| arrival.source.clone());
        let mut facts = facts::read_unopened(host, source, &hello);
        facts
            .transport
            .must_be_of(&[facts.peer.seen().and_then(|peer| peer.ip())]);
        if let Some(at) = arrival.and_then(|arrival| arrival.at) {
            self.plugin.count_source(&facts.peer, Fate::Used, at);
        }
        let tls = TlsPrint::of(&Evidence::Seen(hello), TlsSource::Opening, &facts);
        self.plugin.metrics.count(host, Metric::Passthrough);
        let tcp = facts.transport.syn.as_ref().map(TcpPrint::of);
        let stack = self.plugin.name_stack(host, &facts.transport);
        self.plugin.count_evidence(host, &facts, &tls);
        if self.plugin.config.log.filter_state == Switch::Off {
            return;
        }
        let id = Lp1 {
            tcp: tcp.seen().map_or(Part::ZEROS, |tcp| tcp.part),
            tls: tls.part,
            ..Lp1::UNSEEN
        };
        let line = line::of_connection(&facts, &tcp, &stack, &tls, &id);
        let values = [
            ("layerprint.tls.ja3", tls.ja3.seen().map(Ascii::as_str)),
            ("layerprint.tls.ja4", tls.ja4.seen().map(Ja4Value::as_str)),
            (facts::LINE_KEY, Some(line.as_str())),
        ];
        for (key, value) in values {
            let failed = value.is_some_and(|value| host.set_filter_state(key, value.as_bytes()).is_err());
            if failed {
                self.plugin.metrics.count(host, Metric::Errors(Fault::FilterState));
            }
        }
    }
}

/// When a connection was accepted, if the proxy tells.
#[derive(Clone, Copy, Debug)]
struct Accepted(Option<Duration>);

/// The first bytes have come. A clock that was set back gives no time between.
fn arrive(host: &impl Host, Accepted(accepted): Accepted) -> Arrival {
    let at = host.now().ok();
    let time = at.zip(accepted).and_then(|(now, then)| now.checked_sub(then));
    Arrival {
        at,
        first_bytes: Evidence::or_missing(time.map(Micros::of), Reason::ProxyFailure),
        source: facts::source(host),
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
