//! The connection role: reads a connection's first bytes until its first request is whole, then lets all else pass unseen.
//!
//! Of a connection that the proxy passes through unopened it reads the ClientHello, and writes what that shows to filter state:
//! there is no request role to do it.

use super::connections::{Arrival, ConnectionId, SharedRecord};
use super::early::{self, Early};
use super::facts::{self, HANDOVER_KEY};
use super::metrics::{Fault, Metric};
use super::plugin::Plugin;
use super::pressure::met;
use super::transport;
use crate::annotate::line;
use crate::clients::layer4::{Layer4, Owner};
use crate::evidence::{Evidence, Micros, Reason, Text, TlsSource, Transport, encode_handover};
use crate::fingerprint::Ascii;
use crate::fingerprint::tls::{Ja4Value, TlsPrint};
use crate::host::Host;
use crate::memory::sources::{Awaited, Fate};
use crate::policy::Mode;
use crate::policy::config::Switch;
use crate::policy::connection::{ConnectionDecision, ConnectionVerdict};
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
    /// The connection began as TLS that nobody opens here; its ClientHello was read.
    Unopened {
        id: ConnectionId,
        source: Evidence<Text>,
        awaited: Awaited,
    },
    /// The proxy does not say which connection this is: nothing can be kept for it.
    Anonymous,
    /// Closed here before its first byte. It was counted then.
    Refused,
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
        let met = self.decide(host);
        let is_closed = met.decision.as_ref().is_some_and(|decision| {
            decision.verdict == ConnectionVerdict::Close && decision.mode == Mode::Enforce && self.close(host)
        });
        self.state = match facts::connection_id(host) {
            _ if is_closed => State::Refused,
            Some(id) => State::Opening {
                id,
                record: self.open(id, met),
                parser: Parser::new(self.plugin.config.connection.opening_bytes),
                accepted: Some(Accepted(host.now().ok())),
            },
            None => {
                self.plugin.metrics.count(host, Metric::Errors(Fault::ConnectionId));
                State::Anonymous
            }
        };
    }

    /// What is known so far, and what the policy makes of it; nothing, when it allows whatever may come.
    fn decide(&self, host: &impl Host) -> Decided {
        if self.plugin.config.connection.policy.is_idle() {
            return Decided::default();
        }
        let accepted = early::Accepted::read(host, &self.plugin);
        let decision = accepted.decide();
        let (verdict, mode) = (decision.verdict, decision.mode);
        let metrics = &self.plugin.metrics;
        metrics.count(host, Metric::ConnectionsDecided { verdict, mode });
        let is_to_be_closed = (verdict, mode) == (ConnectionVerdict::Close, Mode::Enforce);
        // One that is closed is not waited for, nor counted for its source: who keeps trying is let in again when what it did is
        // forgotten. A connection that goes on has lines of its own: that of each request, or of what it is passed through with.
        let awaited = if is_to_be_closed { Awaited::No } else { accepted.wait() };
        if is_to_be_closed
            && self.plugin.config.log.filter_state == Switch::On
            && host
                .set_filter_state(facts::LINE_KEY, accepted.line(&decision).as_bytes())
                .is_err()
        {
            metrics.count(host, Metric::Errors(Fault::FilterState));
        }
        Decided {
            early: Some(accepted.into_early()),
            decision: Some(decision),
            awaited,
        }
    }

    /// Closes the connection. If the proxy does not, it goes on.
    fn close(&self, host: &impl Host) -> bool {
        let closed = host.close_connection().is_ok();
        let metric = if closed {
            Metric::ConnectionsWithoutRequest
        } else {
            Metric::Errors(Fault::Close)
        };
        self.plugin.metrics.count(host, metric);
        closed
    }

    fn open(&self, id: ConnectionId, decided: Decided) -> SharedRecord {
        let record = self.plugin.shared.connections.open(id);
        let mut opened = record.borrow_mut();
        opened.early = decided.early.map(Box::new);
        opened.decision = decided.decision;
        opened.awaited = decided.awaited;
        drop(opened);
        record
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
        // A client that closes its side sends none.
        if size == 0 {
            return;
        }
        if let Some(accepted) = accepted.take() {
            let mut record = record.borrow_mut();
            record.arrival = Some(arrive(host, record.early.as_deref_mut(), accepted));
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
            // TLS inside TLS is what the client sends to the server, not how it has come here.
            Evidence::Seen(Opening::Tls(_)) if facts::is_inside_tls(host) => Evidence::Missing(Reason::OtherProtocol),
            Evidence::Seen(Opening::Tls(hello)) => {
                record.borrow_mut().opening = Evidence::Missing(Reason::OtherProtocol);
                let arrival = record.borrow().arrival.clone();
                let source = arrival.map_or_else(|| facts::source(host), |arrival| arrival.source);
                let id = *id;
                let record = Rc::clone(record);
                self.state = State::Unopened {
                    id,
                    source: source.clone(),
                    awaited: record.borrow().awaited,
                };
                return self.identify_unopened(host, &record, source, hello);
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
        let state = std::mem::replace(&mut self.state, State::Closed);
        let (State::Opening { id, .. } | State::Settled { id, .. } | State::Unopened { id, .. }) = state else {
            return;
        };
        self.plugin.shared.connections.close(id);
        if let Some(fate) = self.fate(host, &state) {
            self.count_end(host, &state, fate);
        }
    }

    /// How a connection in `state` has ended; none when it brought requests, which have counted it, or when nobody here can say.
    fn fate(&self, host: &impl Host, state: &State) -> Option<Fate> {
        match state {
            State::New | State::Anonymous | State::Refused | State::Closed => None,
            State::Unopened { .. } if facts::is_passed_on(host) => Some(Fate::Used),
            State::Unopened { .. } => Some(Fate::NoRequest),
            State::Opening { record, .. } | State::Settled { record, .. } if record.borrow().requests > 0 => None,
            // The handshake's own bytes do not come here: those of a connection that began TLS come when it is over.
            State::Opening { accepted, .. } if accepted.is_some() => {
                Some(
                    match (facts::begun_tls(host).is_some(), transport::finished_tls(host)) {
                        // Browsers open connections ahead of need.
                        (_, true) => Fate::NoRequest,
                        (true, false) => Fate::Unfinished,
                        (false, false) => Fate::Silent,
                    },
                )
            }
            State::Opening { .. } => Some(Fate::NoRequest),
            State::Settled { .. } => self.plugin.shared.has_request_role.get().then_some(Fate::NoRequest),
        }
    }

    fn count_end(&self, host: &impl Host, state: &State, fate: Fate) {
        let metrics = &self.plugin.metrics;
        let (source, awaited) = match state {
            State::Unopened { source, awaited, .. } => (source.clone(), *awaited),
            State::Opening { record, .. } | State::Settled { record, .. } => {
                let record = record.borrow();
                let arrival = record.arrival.clone();
                let source = arrival.map_or_else(|| facts::source(host), |arrival| arrival.source);
                (source, record.awaited)
            }
            State::New | State::Anonymous | State::Refused | State::Closed => return,
        };
        let peer = facts::peer(&source);
        let transport = Transport {
            syn: transport::syn(host),
            ..Transport::unseen(Reason::NotProvided)
        };
        let layer4 = Layer4::of(transport, &self.plugin.tables.stacks);
        let stack = layer4.own_stack(&peer);
        if let Some(met) = host.now().ok().and_then(|now| met(&peer, stack, now)) {
            self.plugin.count_source(host, met, fate, awaited);
        }
        if fate == Fate::Used {
            return;
        }
        metrics.count(host, Metric::ConnectionsWithoutRequest);
        match fate {
            Fate::Unfinished => metrics.count(host, Metric::HandshakesUnfinished),
            Fate::Silent => metrics.count(host, Metric::ConnectionsSilent),
            Fate::Used | Fate::NoRequest => {}
        }
        if let Some(family) = facts::begun_tls(host) {
            metrics.count(host, Metric::TlsFamiliesWithoutRequest(family));
        }
        if let Some(named) = stack {
            metrics.count(host, Metric::StacksWithoutRequest(named.as_str().into()));
        }
    }

    /// Writes down what `hello` shows: JA3 and JA4 each under the name that they have as the proxy's, and the whole as a line.
    fn identify_unopened(&self, host: &impl Host, record: &SharedRecord, source: Evidence<Text>, hello: ClientHello) {
        let mut record = record.borrow_mut();
        let mut early = record.take_early();
        let facts = facts::read_unopened(host, &mut early, source, &hello);
        let tls = TlsPrint::of(&Evidence::Seen(hello), TlsSource::Opening, &facts);
        // The handshake is the server's behind; its first bytes are the ClientHello.
        let first_bytes = Evidence::Missing(Reason::OtherProtocol);
        let transport = transport::read(host, &mut early, first_bytes, Reason::OtherProtocol);
        let layer4 = Layer4::of(transport, &self.plugin.tables.stacks);
        let owner = Owner::of_connection(&facts.peer);
        let layer4 = layer4.without_others(owner, &facts.peer).unwrap_or(layer4);
        self.plugin.metrics.count(host, Metric::Passthrough);
        self.plugin.count_evidence(host, &facts, &tls);
        self.plugin.count_layer4(host, &layer4);
        if self.plugin.config.log.filter_state == Switch::Off {
            return;
        }
        let line = line::of_connection(&facts, &layer4, &tls, record.decision.as_ref());
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

/// What was made of a connection when it was accepted.
#[derive(Debug, Default)]
struct Decided {
    /// What was read for that.
    early: Option<Early>,
    /// The verdict; none when nobody looked.
    decision: Option<ConnectionDecision>,
    /// Whether its source is waited for to show what it is for.
    awaited: Awaited,
}

/// When a connection was accepted, if the proxy tells.
#[derive(Clone, Copy, Debug)]
struct Accepted(Option<Duration>);

/// The first bytes have come. A clock that was set back gives no time between.
fn arrive(host: &impl Host, early: Option<&mut Early>, Accepted(accepted): Accepted) -> Arrival {
    let at = host.now().ok();
    let time = at.zip(accepted).and_then(|(now, then)| now.checked_sub(then));
    Arrival {
        at,
        first_bytes: Evidence::or_missing(time.map(Micros::of), Reason::ProxyFailure),
        source: match early {
            Some(early) => early.source.take_or(|| facts::source(host)),
            None => facts::source(host),
        },
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
