//! The request role: takes away what clients forged, adds what we know, and writes it down for the access log.
//!
//! Calls to the proxy for a request on a known connection: one for the header map, one for the connection's id, one for each
//! header set, one for the log line, one to count.

use super::answers::{self, Carried};
use super::challenge::Gate;
use super::connections::{Arrival, Known, Record, SharedRecord};
use super::early::Early;
use super::facts;
use super::held::Place;
use super::metrics::{Decided, Fault, Metric};
use super::plugin::Plugin;
use super::pressure::met;
use super::profile::{Order, Profiled};
use super::recurring::{Common, Others, Recurring};
use super::remember::Clock;
use super::transport;
use crate::annotate::answer::Step;
use crate::annotate::{Annotation, Observed, Target};
use crate::challenge::Clearance;
use crate::clients::crawlers::Verification;
use crate::clients::layer4::{Layer4, Owner};
use crate::clients::shown::Shown;
use crate::compare::Channel;
use crate::evidence::fields::{self, first, values};
use crate::evidence::forwarded::Forwarded;
use crate::evidence::signatures::{SignatureField, forged};
use crate::evidence::{Evidence, Facts, NetworkTags, Protocol, Reason, RequestNames, Says, TlsSource};
use crate::fingerprint::client::{ConnectionPrint, is_ordered_by_map, request_order};
use crate::fingerprint::tls::TlsPrint;
use crate::host::{Failure, Fields, Host, RequestId};
use crate::memory::behaviour::Visit;
use crate::memory::sources::Fate;
use crate::policy::config::{FailurePolicy, Header, Switch};
use std::cell::RefCell;
use std::rc::Rc;

/// How a phase ends for the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It goes on.
    Continue,
    /// It is held back, and goes on at a later tick.
    Held,
    /// It was answered here.
    Answered,
}

/// One request.
#[derive(Debug)]
pub struct RequestRole {
    plugin: Rc<Plugin>,
    id: RequestId,
    /// Where it waits, from when it was held back until it ends.
    place: Option<Place>,
    /// The request, when its answer is to be remembered.
    awaited: Option<Visit>,
}

impl RequestRole {
    /// The role for one request of `plugin`, which the proxy knows as `id`.
    pub const fn new(plugin: Rc<Plugin>, id: RequestId) -> Self {
        Self {
            plugin,
            id,
            place: None,
            awaited: None,
        }
    }

    /// The headers have come.
    pub fn on_request_headers(&mut self, host: &impl Host) -> Outcome {
        let answered = self.annotate(host).and_then(|(step, visit)| {
            let carried = answers::carry_out(host, &self.plugin, self.id, step)?;
            // What is answered here never reaches who could say whether the credentials were right.
            let is_on = !matches!(carried, Carried::Answered);
            self.awaited = visit.filter(|visit| is_on && self.plugin.awaits(visit));
            Ok(carried)
        });
        match answered {
            Ok(Carried::On) => Outcome::Continue,
            Ok(Carried::Held(place)) => {
                self.place = Some(place);
                Outcome::Held
            }
            Ok(Carried::Answered) => Outcome::Answered,
            Err(Failure) => self.on_failure(host, Fields::Headers),
        }
    }

    /// The trailers have come. They are cleaned as headers are: some servers merge the two.
    pub fn on_request_trailers(&mut self, host: &impl Host) -> Outcome {
        let cleaned = host.fields(Fields::Trailers).and_then(|map| {
            let fields = map.fields().ok_or(Failure)?;
            let names = RequestNames::new(&fields);
            self.strip(host, Fields::Trailers, &names, self.unsign(host, &fields)?)
        });
        match cleaned {
            Ok(_) => Outcome::Continue,
            Err(Failure) => self.on_failure(host, Fields::Trailers),
        }
    }

    fn annotate(&self, host: &impl Host) -> Result<(Step, Option<Visit>), Failure> {
        self.look(host, |observed, common| self.answer(host, observed, common))?
    }

    /// The headers of the answer have come.
    pub fn on_response_headers(&mut self, host: &impl Host) {
        // Between the two, an informational answer (1xx) never comes here.
        if let Some(visit) = self.awaited.take() {
            self.plugin.answered(host, &visit);
        }
    }

    /// Takes the forged annotations away, and shows `look` all that was seen of the request, with its headers as they came. The
    /// request counts as one of its connection: it is to be observed once.
    ///
    /// # Errors
    /// The proxy does not hand out the headers, or does not let them be changed.
    pub fn observe<T>(&self, host: &impl Host, look: impl FnOnce(&Observed<'_>) -> T) -> Result<T, Failure> {
        self.look(host, |observed, _| look(observed))
    }

    /// The same, with what the request has in common with others.
    fn look<T>(&self, host: &impl Host, look: impl FnOnce(&Observed<'_>, &Common<'_>) -> T) -> Result<T, Failure> {
        let map = host.fields(Fields::Headers)?;
        let record = self.record(host);
        let mut record = record.borrow_mut();
        let layouts = record.known.as_ref().map(|known| known.recurring.layouts());
        let layouts = layouts.unwrap_or_default();
        let again = layouts
            .iter()
            .find_map(|(profile, layout)| Some((profile, layout.read(&map)?)));
        let (again, fields) = match again {
            Some((profile, fields)) => (Some(profile), fields),
            None => (None, map.fields().ok_or(Failure)?),
        };
        let names = RequestNames::new(&fields);
        let signed = self.plugin.signer.as_ref().map_or(0, |_| forged(&fields));
        let forged = self.strip(host, Fields::Headers, &names, signed)?;

        let forwarded_for: Vec<&[u8]> = values(&fields, "x-forwarded-for").collect();
        let way = |facts: &Facts| Forwarded::read(&forwarded_for, &facts.peer, self.plugin.config.forwarded);
        let (known, order) = self.identify(host, &mut record, &names, way);
        let facts = &known.facts;
        let way = way(facts);
        let owner = Owner::of_request(&way, &facts.peer, self.plugin.config.forwarded);
        let layer4 = known.layer4.without_others(owner, &facts.peer);
        // What a proxy in front of us speaks is its own.
        let relayed = (!owner.is(&facts.peer)).then(|| (ConnectionPrint::relayed(), Shown::nothing(Reason::Relayed)));
        let (print, shown) = match &relayed {
            Some((print, shown)) => (print, shown),
            None => (&known.print, &known.shown),
        };
        let client = way.client.seen().map(|client| client.ip);
        let networks = client.map_or_else(NetworkTags::default, |ip| self.plugin.config.networks.tags(ip));
        let crawlers = &self.plugin.config.clients.crawlers;
        let profile = match again {
            Some(profile) => self.plugin.profiles.again(profile),
            None => self.plugin.profiles.of(order, &map, &fields, crawlers),
        };
        let said = Profiled::new(&profile, &fields);
        let crawler = if profile.claims_crawler() {
            crawlers.verify_claim(said.claims(), client)
        } else {
            Verification::NotClaimed
        };
        // What a proxy in front of us connects with is none of its client's doing.
        let pressure = known.of_source.as_ref().filter(|_| relayed.is_none());
        let flood = pressure.and_then(|pressure| pressure.flood_on(networks));
        let observed = Observed {
            target: target(&fields),
            facts,
            print,
            catalogue: &self.plugin.tables.catalogue,
            shown,
            layer4: layer4.as_ref().unwrap_or(&known.layer4),
            order: profile.order(),
            said: &said,
            crawler,
            channel: channel(facts, relayed.is_some()),
            way: &way,
            networks,
            of_source: known.of_source.as_ref(),
            forged,
            fields: &fields,
            remembered: flood.as_slice(),
            clearance: Clearance::Off,
        };
        let others = Others {
            layer4: layer4.is_some(),
            layer7: relayed.is_some(),
        };
        let common = Common::new(&profile, known, others);
        Ok(look(&observed, &common))
    }

    /// Compares, decides and writes it down.
    fn answer(
        &self,
        host: &impl Host,
        observed: &Observed<'_>,
        common: &Common<'_>,
    ) -> Result<(Step, Option<Visit>), Failure> {
        let policy = &self.plugin.config.policy;
        let Target {
            method,
            host: authority,
            path,
        } = observed.target;
        let placed = policy.place(method, authority, path);
        let clock = Clock::new(host);
        let shown = self.plugin.gate(&clock, observed, &placed);
        let observed = &Observed {
            clearance: shown.map_or(Clearance::Off, |gate| gate.clearance()),
            ..*observed
        };
        let gate = self.plugin.gate(&clock, observed, &placed);
        // What browsers do on the page of the challenge is none of their doing on the site.
        let counted = !gate.as_ref().is_some_and(Gate::is_ours);
        let visited = counted.then(|| self.plugin.visit(&clock, observed, &placed, common));
        let (visit, remembered) = visited.flatten().unzip();
        let mut remembered = remembered.unwrap_or_default();
        remembered.extend_from_slice(observed.remembered);
        let observed = &Observed {
            remembered: &remembered,
            ..*observed
        };
        let assessment = common.standing(observed, self.plugin.known()).with(&observed.own());
        let over = self.plugin.limits(&clock, observed, &placed, &assessment);
        let decision = policy.decide(&placed, observed, &assessment, &over);
        let (decision, step, event) = match &gate {
            Some(gate) => {
                let decision = gate.weigh(decision);
                let (step, event) = gate.step(&decision);
                (decision, step, event)
            }
            None => {
                let step = Step::of(&decision, &self.plugin.config.limits, observed.fields, None);
                (decision, step, None)
            }
        };
        let annotation = Annotation {
            observed,
            assessment: &assessment,
            decision: &decision,
            event,
        };
        if let Some(gate) = gate.filter(|_| !matches!(step, Step::Answer(_))) {
            gate.strip()?;
        }
        let sent = &self.plugin.config.annotate.headers;
        let marked = step == Step::PassMarked && !sent.contains(&Header::Verdict);
        let signer = self.plugin.signer.as_ref();
        let signer = signer.filter(|_| !matches!(step, Step::Answer(_)));
        let mut signed = Vec::new();
        for header in marked.then_some(&Header::Verdict).into_iter().chain(sent) {
            if let Some(value) = common.header(*header, &annotation) {
                host.add_request_header(header.name(), &value)?;
                if signer.is_some() {
                    signed.push((header.name(), value));
                }
            }
        }
        if let Some(signer) = signer {
            self.plugin.sign(signer, &clock, observed, &signed)?;
        }
        if self.plugin.config.log.filter_state == Switch::On {
            let line = common.line(&annotation, self.plugin.line.take());
            if host.set_filter_state(facts::LINE_KEY, line.as_bytes()).is_err() {
                self.plugin.metrics.count(host, Metric::Errors(Fault::FilterState));
            }
            self.plugin.line.replace(line);
        }
        for finding in &assessment.findings {
            let metric = Metric::Findings(finding.code.as_str());
            self.plugin.metrics.count(host, metric);
        }
        self.plugin
            .metrics
            .count(host, Metric::requests(&decision, assessment.agreement));
        if let Some(metric) = Metric::decisions(&decision, &assessment) {
            self.plugin.metrics.count(host, metric);
        }
        for name in &decision.over {
            let (limit, decided) = (Rc::clone(name), Decided::of(&decision, name));
            self.plugin.metrics.count(host, Metric::Limited { limit, decided });
        }
        Ok((step, visit))
    }

    /// Takes the forged annotations among `names` away; how many there were, with the `signed`, members under our label in signatures.
    fn strip(&self, host: &impl Host, of: Fields, names: &RequestNames<'_>, signed: usize) -> Result<usize, Failure> {
        let forged = names.forged_count().saturating_add(signed);
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

    /// Takes signatures in trailers away that claim to be ours, and all beside them: nobody signs those. How many there were.
    fn unsign(&self, host: &impl Host, trailers: &fields::Fields<'_>) -> Result<usize, Failure> {
        let signed = self.plugin.signer.as_ref().map_or(0, |_| forged(trailers));
        if signed > 0 {
            for field in SignatureField::ALL {
                host.remove_field(Fields::Trailers, field.name())?;
            }
        }
        Ok(signed)
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
        names: &'r RequestNames<'r>,
        way: impl Fn(&Facts) -> Forwarded,
    ) -> (&'r Known, Order<'r>) {
        let is_first = record.requests == 0;
        record.requests = record.requests.saturating_add(1);
        let mut early = record.take_early();
        let Record {
            opening,
            arrival,
            awaited,
            known,
            ..
        } = record;
        let mut order = None;
        let known = known.get_or_insert_with(|| {
            let (facts, hello) = facts::read(host, &mut early, arrival.as_ref());
            let tls = TlsPrint::of(&hello, TlsSource::FilterState, &facts);
            let first = request_order(opening, &facts, names, is_first);
            let print = ConnectionPrint::freeze(opening, &facts, tls, names, &first);
            let shown = Shown::of(&hello, &print, &first, &facts.protocol, &self.plugin.tables.catalogue);
            self.plugin.count_evidence(host, &facts, &print.tls);
            self.count_http(host, &print);
            order = Some(first);
            let at = arrival.as_ref().and_then(|arrival| arrival.at);
            let layer4 = self.layer4(host, &mut early, arrival.as_ref(), &facts, &way(&facts));
            let met = at.and_then(|at| met(&facts.peer, layer4.own_stack(&facts.peer), at));
            Known {
                of_source: met.and_then(|met| self.plugin.count_source(host, met, Fate::Used, *awaited)),
                layer4,
                facts,
                print,
                shown,
                recurring: Recurring::default(),
            }
        });
        let order = if is_ordered_by_map(&known.facts) {
            Order::OfMap(names)
        } else {
            Order::Told(order.unwrap_or_else(|| request_order(opening, &known.facts, names, is_first)))
        };
        // All that later requests need of it is that they come later.
        *opening = Evidence::Missing(Reason::LaterRequest);
        (known, order)
    }

    /// Reads what the connection shows below TLS, and counts it as far as it is the first request's client's.
    fn layer4(
        &self,
        host: &impl Host,
        early: &mut Early,
        arrival: Option<&Arrival>,
        facts: &Facts,
        way: &Forwarded,
    ) -> Layer4 {
        let no_handshake = match facts.tls_version {
            Evidence::Missing(Reason::Cleartext) => Reason::Cleartext,
            _ => Reason::NotProvided,
        };
        let first_bytes = arrival.map_or(Evidence::Missing(Reason::NoConnectionRole), |arrival| {
            arrival.first_bytes.clone()
        });
        let transport = transport::read(host, early, first_bytes, no_handshake);
        let transport = match facts.protocol {
            Evidence::Seen(Protocol::Http3) => transport.over_quic(),
            _ => transport,
        };
        let layer4 = Layer4::of(transport, &self.plugin.tables.stacks);
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
                let signatures = SignatureField::ALL.iter().filter(|_| self.plugin.signer.is_some());
                let ours = Header::ALL.iter().map(|header| header.name());
                for name in ours.chain(signatures.map(|field| field.name())) {
                    let _ = host.remove_field(of, name);
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

/// What the request asks for, by its pseudo-headers, which a proxy makes for HTTP/1 too.
fn target<'f>(fields: &fields::Fields<'f>) -> Target<'f> {
    let one = |name| first(fields, name).unwrap_or_default();
    Target {
        method: one(":method"),
        host: one(":authority"),
        path: one(":path"),
    }
}

/// Who is at the other end.
fn channel(facts: &Facts, is_relayed: bool) -> Channel {
    match (&facts.tls_version, &facts.protocol) {
        _ if is_relayed => Channel::Relayed,
        // QUIC is encrypted, and there is no TLS version to be asked for.
        (Evidence::Seen(_), _) | (_, Evidence::Seen(Protocol::Http3)) => Channel::Secure,
        _ => Channel::Cleartext,
    }
}
