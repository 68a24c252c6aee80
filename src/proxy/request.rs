//! The request role: takes away what clients forged, adds what we know, and writes it down for the access log.
//!
//! Calls to the proxy for a request on a known connection: one for the header map, one for the connection's id, one for each
//! header set, one for the log line, one to count.

use super::connections::{Arrival, Known, Record, SharedRecord};
use super::facts;
use super::metrics::{Fault, Metric};
use super::plugin::Plugin;
use super::transport;
use crate::annotate::{Annotation, headers, line};
use crate::clients::layer4::{Layer4, Owner};
use crate::compare::{Assessment, Code, Coverage, Layer};
use crate::evidence::claims::Claims;
use crate::evidence::forwarded::Forwarded;
use crate::evidence::{Evidence, Facts, NetworkTags, Protocol, Reason, RequestNames, TlsSource};
use crate::fingerprint::client::{ConnectionPrint, request_order};
use crate::fingerprint::order::HeaderOrder;
use crate::fingerprint::tls::TlsPrint;
use crate::host::{Failure, Fields, Host};
use crate::memory::sources::Fate;
use crate::policy::config::{FailurePolicy, Header, Switch};
use crate::policy::decide;
use std::cell::RefCell;
use std::rc::Rc;

/// How a phase ends for the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It goes on.
    Continue,
    /// It was answered here.
    Answered,
}

/// One request.
#[derive(Debug)]
pub struct RequestRole {
    plugin: Rc<Plugin>,
}

impl RequestRole {
    /// The role for one request of `plugin`.
    pub const fn new(plugin: Rc<Plugin>) -> Self {
        Self { plugin }
    }

    /// The headers have come.
    pub fn on_request_headers(&mut self, host: &impl Host) -> Outcome {
        match self.annotate(host) {
            Ok(()) => Outcome::Continue,
            Err(Failure) => self.on_failure(host, Fields::Headers),
        }
    }

    /// The trailers have come. They are cleaned as headers are: some servers merge the two.
    pub fn on_request_trailers(&mut self, host: &impl Host) -> Outcome {
        let cleaned = host.fields(Fields::Trailers).and_then(|fields| {
            let names = RequestNames::new(fields.iter().map(|(name, _)| name.as_str()));
            self.strip(host, Fields::Trailers, &names)
        });
        match cleaned {
            Ok(_) => Outcome::Continue,
            Err(Failure) => self.on_failure(host, Fields::Trailers),
        }
    }

    fn annotate(&self, host: &impl Host) -> Result<(), Failure> {
        let fields = host.fields(Fields::Headers)?;
        let names = RequestNames::new(fields.iter().map(|(name, _)| name.as_str()));
        let forged = self.strip(host, Fields::Headers, &names)?;

        let record = self.record(host);
        let mut record = record.borrow_mut();
        let forwarded_for: Vec<&[u8]> = values(&fields, "x-forwarded-for").collect();
        let way = |facts: &Facts| Forwarded::read(&forwarded_for, &facts.peer, self.plugin.config.forwarded);
        let (known, order) = self.identify(host, &mut record, &names, way);
        let Known { facts, print, .. } = known;
        let way = way(facts);
        let owner = Owner::of_request(&way, &facts.peer, self.plugin.config.forwarded);
        let without_others = known.layer4.without_others(owner, &facts.peer);
        let layer4 = without_others.as_ref().unwrap_or(&known.layer4);
        let client = way.client.seen().map(|client| client.ip);
        let networks = client.map_or_else(NetworkTags::default, |ip| self.plugin.config.networks.tags(ip));

        let coverage = coverage(layer4, print, &order);
        let findings = if forged > 0 {
            vec![Code::ForgedAnnotation]
        } else {
            Vec::new()
        };
        let assessment = Assessment::of(coverage, findings);
        let decision = decide(self.plugin.config.mode, &assessment);
        let claims = Claims::of(fields.iter().map(|(name, value)| (name.as_str(), value.as_slice())));
        let annotation = Annotation {
            facts,
            print,
            layer4,
            order: &order,
            claims: &claims,
            way: &way,
            networks,
            of_source: known.of_source.as_ref(),
            forged,
            assessment: &assessment,
            decision,
        };

        for header in &self.plugin.config.annotate.headers {
            if let Some(value) = headers::value(*header, &annotation) {
                host.add_request_header(header.name(), &value)?;
            }
        }
        if self.plugin.config.log.filter_state == Switch::On
            && host
                .set_filter_state(facts::LINE_KEY, line::of_request(&annotation).as_bytes())
                .is_err()
        {
            self.plugin.metrics.count(host, Metric::Errors(Fault::FilterState));
        }
        for code in &assessment.findings {
            self.plugin.metrics.count(host, Metric::Findings(code.as_str()));
        }
        self.plugin
            .metrics
            .count(host, Metric::requests(&decision, assessment.agreement));
        Ok(())
    }

    /// Takes the forged annotations among `names` away; how many there were.
    fn strip(&self, host: &impl Host, of: Fields, names: &RequestNames<'_>) -> Result<usize, Failure> {
        let forged = names.forged_count();
        if forged > 0 {
            self.plugin
                .metrics
                .add(host, Metric::ForgedHeaders, u32::try_from(forged).unwrap_or(u32::MAX));
            for name in names.forged() {
                host.remove_field(of, name)?;
            }
        }
        Ok(forged)
    }

    /// The record of the request's connection. Without its id, the request stands for a connection of its own.
    fn record(&self, host: &impl Host) -> SharedRecord {
        match facts::connection_id(host) {
            Some(id) => self
                .plugin
                .shared
                .connections
                .of_request(id, || facts::handed_over(host)),
            None => {
                self.plugin.metrics.count(host, Metric::Errors(Fault::ConnectionId));
                Rc::new(RefCell::new(Record::new(facts::handed_over(host))))
            }
        }
    }

    /// What is known of the connection, read and frozen at its first request, and the request's own header order.
    fn identify<'r>(
        &self,
        host: &impl Host,
        record: &'r mut Record,
        names: &RequestNames<'_>,
        way: impl Fn(&Facts) -> Forwarded,
    ) -> (&'r Known, Evidence<HeaderOrder>) {
        let is_first = record.requests == 0;
        record.requests = record.requests.saturating_add(1);
        let Record {
            opening,
            arrival,
            known,
            ..
        } = record;
        let mut order = None;
        let known = known.get_or_insert_with(|| {
            let (facts, hello) = facts::read(host, arrival.as_ref());
            let tls = TlsPrint::of(&hello, TlsSource::FilterState, &facts);
            let first = request_order(opening, &facts, names, is_first);
            let print = ConnectionPrint::freeze(opening, &facts, tls, names, &first);
            self.plugin.count_evidence(host, &facts, &print.tls);
            self.count_http(host, &print);
            order = Some(first);
            let at = arrival.as_ref().and_then(|arrival| arrival.at);
            Known {
                of_source: at.and_then(|at| self.plugin.count_source(&facts.peer, Fate::Used, at)),
                layer4: self.layer4(host, arrival.as_ref(), &facts, &way(&facts)),
                facts,
                print,
            }
        });
        let order = order.unwrap_or_else(|| request_order(opening, &known.facts, names, is_first));
        // All that later requests need of it is that they come later.
        *opening = Evidence::Missing(Reason::LaterRequest);
        (known, order)
    }

    /// Reads what the connection shows below TLS, and counts it as far as it is the first request's client's.
    fn layer4(&self, host: &impl Host, arrival: Option<&Arrival>, facts: &Facts, way: &Forwarded) -> Layer4 {
        let no_handshake = match facts.tls_version {
            Evidence::Missing(Reason::Cleartext) => Reason::Cleartext,
            _ => Reason::NotProvided,
        };
        let first_bytes = arrival.map_or(Evidence::Missing(Reason::NoConnectionRole), |arrival| {
            arrival.first_bytes.clone()
        });
        let transport = transport::read(host, first_bytes, no_handshake);
        let transport = match facts.protocol {
            Evidence::Seen(Protocol::Http3) => transport.over_quic(),
            _ => transport,
        };
        let layer4 = Layer4::of(transport, &self.plugin.stacks);
        let owner = Owner::of_request(way, &facts.peer, self.plugin.config.forwarded);
        let without_others = layer4.without_others(owner, &facts.peer);
        self.plugin
            .count_layer4(host, without_others.as_ref().unwrap_or(&layer4));
        layer4
    }

    /// Counts what the connection showed of its HTTP: once, when it was read.
    fn count_http(&self, host: &impl Host, print: &ConnectionPrint) {
        for (kind, state) in [("h2", print.http2.state()), ("h1_case", print.case.state())] {
            self.plugin.metrics.count(host, Metric::Evidence { kind, state });
        }
    }

    /// The one place that says what a failure of the proxy does to a request.
    fn on_failure(&self, host: &impl Host, of: Fields) -> Outcome {
        self.plugin.metrics.count(host, Metric::Errors(Fault::Headers));
        match self.plugin.config.failure {
            FailurePolicy::Open => {
                for header in Header::ALL {
                    let _ = host.remove_field(of, header.name());
                }
                Outcome::Continue
            }
            FailurePolicy::Closed => {
                let _ = host.answer(
                    503,
                    &[("content-type", "text/plain"), ("cache-control", "no-store")],
                    b"layerprint: unavailable\n",
                );
                Outcome::Answered
            }
        }
    }
}

/// The values of the fields of this name, in their order.
fn values<'f>(fields: &'f [(String, Vec<u8>)], name: &'f str) -> impl Iterator<Item = &'f [u8]> {
    let of_name = fields.iter().filter(move |(found, _)| found == name);
    of_name.map(|(_, value)| value.as_slice())
}

/// Which layers were seen.
fn coverage(layer4: &Layer4, print: &ConnectionPrint, order: &Evidence<HeaderOrder>) -> Coverage {
    let application = print.tls.ja3.seen().is_some()
        || print.tls.ja4.seen().is_some()
        || print.http2.seen().is_some()
        || print.case.seen().is_some()
        || order.seen().is_some();
    match (layer4.tcp.seen().is_some(), application) {
        (true, true) => Coverage::Both,
        (true, false) => Coverage::One(Layer::Transport),
        (false, true) => Coverage::One(Layer::Application),
        (false, false) => Coverage::Neither,
    }
}
