//! The counters. Their names are a contract; their labels are ours, never a client's, so their number is bounded.
//!
//! Envoy shows them as `wasmcustom.layerprint.…`. A label stands in the name as `.key.value`, where Envoy's `stats_tags` can
//! find it.

use crate::challenge::Reason as ChallengeReason;
use crate::compare::{Agreement, Assessment, Code};
use crate::evidence::TlsSource;
use crate::fingerprint::tls_family::TlsFamily;
use crate::host::{CounterId, Host};
use crate::policy::connection::ConnectionVerdict;
use crate::policy::{Decision, Mode, Verdict};
use core::fmt;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// One counter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// Connections that the connection role met.
    Connections,
    /// Those of them that ended without a request, for whatever reason.
    ConnectionsWithoutRequest,
    /// Those of them that ended before a byte came, though they had begun TLS, and before its handshake was known to be over. Of a
    /// proxy that does not tell (`layerprint.tls.handshake_us`), those too that finished it and asked for nothing.
    HandshakesUnfinished,
    /// Those of them that ended before a byte came, and had begun nothing that filter state tells of. Of a proxy that hands over
    /// neither JA3, JA4 nor the ClientHello, those too that left a handshake.
    ConnectionsSilent,
    /// Connections that the proxy passes through unopened: their ClientHello was read, they bring no request.
    Passthrough,
    /// Connections whose evidence was read: once for each that brings a request, or is passed through unopened.
    ConnectionEvidence,
    /// What that evidence was like.
    Evidence {
        /// `ja3`, `ja4`, `h2`, …
        kind: &'static str,
        /// `seen`, `pending`, or the reason for its absence.
        state: &'static str,
    },
    /// What the fingerprints of a connection's TLS were made from.
    TlsSource(TlsSource),
    /// The proxy computed another JA3 or JA4 than we did from the ClientHello itself, or one where ours is none.
    ProxyDiffers {
        /// `ja3` or `ja4`.
        kind: &'static str,
    },
    /// Connections by the family of their TCP stack, whose names are those of the table.
    Stacks(Box<str>),
    /// Those of them that ended without a request.
    StacksWithoutRequest(Box<str>),
    /// Connections by the family of their TLS.
    TlsFamilies(TlsFamily),
    /// Those of them that ended without a request, their handshake finished or not.
    TlsFamiliesWithoutRequest(TlsFamily),
    /// Requests by what was decided.
    Requests {
        /// The verdict.
        verdict: Verdict,
        /// The route, whose names are the configuration's.
        route: Rc<str>,
        /// How the layers stood.
        agreement: Agreement,
        /// Whether it was carried out.
        mode: Mode,
    },
    /// Requests with a verdict above `allow`, by route and by what it follows from: what enforcing did, or would have done.
    Decisions {
        /// The route, whose names are the configuration's.
        route: Rc<str>,
        /// The code of the strongest finding, or `rule`, or `limit`.
        reason: &'static str,
        /// The verdict.
        verdict: Verdict,
        /// Whether it was carried out.
        mode: Mode,
    },
    /// Connections by what was decided when they were accepted: what was done, or would have been. Where the policy allows all
    /// of them, nobody looks, and none is counted.
    ConnectionsDecided {
        /// The verdict.
        verdict: ConnectionVerdict,
        /// Whether it was carried out.
        mode: Mode,
    },
    /// Requests that were held back.
    Slowed,
    /// Those that would have been, and went on at once: as many waited as may, or the proxy has no clock.
    SlowOverflow,
    /// Findings by code.
    Findings(&'static str),
    /// Requests that were over a limit.
    Limited {
        /// The limit, whose names are the configuration's.
        limit: Rc<str>,
        /// Whether it decided, and so what became of the request.
        decided: Decided,
    },
    /// What happened with challenges, by route.
    Challenges {
        /// `issued`, `solved`, …
        event: &'static str,
        /// The route, whose names are the configuration's.
        route: Rc<str>,
    },
    /// Answers that were not believed.
    ChallengeFailures(ChallengeReason),
    /// Requests that came with a clearance: `valid`, or why it is not believed.
    Clearances(&'static str),
    /// Logins that succeeded after many that failed, of the same `client` (shape and network), `network` or `shape`.
    LoginAlarms(&'static str),
    /// What became of changes to what all workers share.
    Memory {
        /// `limits`, `behaviour`, `sources`.
        table: &'static str,
        /// `retried`: another worker was faster, and the change was made after all. `lost`: it was not. `evicted`: something
        /// that still said something was forgotten for it. `failed`: the proxy refused.
        event: &'static str,
    },
    /// Headers and trailers of clients that claimed to be ours.
    ForgedHeaders,
    /// What the proxy failed to do.
    Errors(Fault),
}

/// What became of a request that was over a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Decided {
    /// What the limit says was done.
    Enforced,
    /// It was written down.
    Observed,
    /// Something stricter decided, or a rule spared the request.
    Elsewhere,
}

impl Decided {
    /// How `decision` took a limit of this name.
    pub fn of(decision: &Decision, limit: &str) -> Self {
        match (&decision.limit, decision.mode) {
            (Some(hit), Mode::Enforce) if &*hit.name == limit => Self::Enforced,
            (Some(hit), Mode::Observe) if &*hit.name == limit => Self::Observed,
            _ => Self::Elsewhere,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Enforced => "enforced",
            Self::Observed => "observed",
            Self::Elsewhere => "elsewhere",
        }
    }
}

/// What the proxy failed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Say which connection this is.
    ConnectionId,
    /// Hand out a connection's bytes.
    DownstreamData,
    /// Hand out, remove or add headers.
    Headers,
    /// Take filter state.
    FilterState,
    /// Close a connection.
    Close,
}

impl Fault {
    const ALL: [Self; 5] = [
        Self::ConnectionId,
        Self::DownstreamData,
        Self::Headers,
        Self::FilterState,
        Self::Close,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Self::ConnectionId => "connection-id",
            Self::DownstreamData => "downstream-data",
            Self::Headers => "headers",
            Self::FilterState => "filter-state",
            Self::Close => "close",
        }
    }
}

impl Metric {
    /// The requests that `decision` was made on.
    pub fn requests(decision: &Decision, agreement: Agreement) -> Self {
        Self::Requests {
            verdict: decision.verdict,
            route: Rc::clone(&decision.route),
            agreement,
            mode: decision.mode,
        }
    }

    /// The same by what `decision` follows from; none when there is nothing against the request.
    pub fn decisions(decision: &Decision, assessment: &Assessment) -> Option<Self> {
        if decision.verdict == Verdict::Allow {
            return None;
        }
        let strongest = assessment.findings.first().map(|finding| finding.code.as_str());
        let reason = match (&decision.rule, &decision.limit, strongest) {
            (Some(_), ..) => "rule",
            (None, Some(_), _) => "limit",
            (None, None, Some(code)) => code,
            (None, None, None) => "none",
        };
        Some(Self::Decisions {
            route: Rc::clone(&decision.route),
            reason,
            verdict: decision.verdict,
            mode: decision.mode,
        })
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("layerprint.")?;
        match self {
            Self::Connections => f.write_str("connections"),
            Self::ConnectionsWithoutRequest => f.write_str("connections_without_request"),
            Self::HandshakesUnfinished => f.write_str("handshakes_unfinished"),
            Self::ConnectionsSilent => f.write_str("connections_silent"),
            Self::Passthrough => f.write_str("connections_passthrough"),
            Self::TlsSource(source) => write!(f, "tls_source.source.{}", source.as_str()),
            Self::ProxyDiffers { kind } => write!(f, "proxy_differs.kind.{kind}"),
            Self::Stacks(name) => write!(f, "connections_by_stack.stack.{name}"),
            Self::StacksWithoutRequest(name) => write!(f, "connections_without_request_by_stack.stack.{name}"),
            Self::TlsFamilies(family) => write!(f, "connections_by_tls.version.{family}"),
            Self::TlsFamiliesWithoutRequest(family) => {
                write!(f, "connections_without_request_by_tls.version.{family}")
            }
            Self::ConnectionEvidence => f.write_str("connection_evidence"),
            Self::Evidence { kind, state } => write!(f, "evidence.kind.{kind}.state.{state}"),
            Self::Requests {
                verdict,
                route,
                agreement,
                mode,
            } => write!(
                f,
                "requests.verdict.{}.route.{route}.agreement.{}.mode.{}",
                verdict.as_str(),
                agreement.as_str(),
                mode.as_str()
            ),
            Self::Decisions {
                route,
                reason,
                verdict,
                mode,
            } => write!(
                f,
                "decisions.route.{route}.reason.{reason}.verdict.{}.mode.{}",
                verdict.as_str(),
                mode.as_str()
            ),
            Self::ConnectionsDecided { verdict, mode } => write!(
                f,
                "connections_decided.verdict.{}.mode.{}",
                verdict.as_str(),
                mode.as_str()
            ),
            Self::Slowed => f.write_str("slowed"),
            Self::SlowOverflow => f.write_str("slow_overflow"),
            Self::Findings(code) => write!(f, "findings.code.{code}"),
            Self::Limited { limit, decided } => write!(f, "limited.limit.{limit}.decided.{}", decided.as_str()),
            Self::Challenges { event, route } => write!(f, "challenges.event.{event}.route.{route}"),
            Self::ChallengeFailures(reason) => write!(f, "challenge_failures.reason.{}", reason.as_str()),
            Self::Clearances(state) => write!(f, "clearances.state.{state}"),
            Self::LoginAlarms(of) => write!(f, "login_alarms.of.{of}"),
            Self::Memory { table, event } => write!(f, "memory.table.{table}.event.{event}"),
            Self::ForgedHeaders => f.write_str("forged_headers"),
            Self::Errors(fault) => write!(f, "errors.kind.{}", fault.as_str()),
        }
    }
}

/// The counters that this VM has met, with the numbers that the proxy gave them.
#[derive(Debug, Default)]
pub struct Metrics(RefCell<BTreeMap<Metric, CounterId>>);

impl Metrics {
    /// Makes those that always exist, so that dashboards show zeros and not gaps.
    pub fn define(&self, host: &impl Host) {
        use Metric::{
            ConnectionEvidence, Connections, ConnectionsSilent, ConnectionsWithoutRequest, Errors, Findings,
            ForgedHeaders, HandshakesUnfinished, Passthrough, ProxyDiffers, SlowOverflow, Slowed,
        };
        let fixed = [
            Connections,
            ConnectionsWithoutRequest,
            HandshakesUnfinished,
            ConnectionsSilent,
            Passthrough,
            ConnectionEvidence,
            ProxyDiffers { kind: "ja3" },
            ProxyDiffers { kind: "ja4" },
            ForgedHeaders,
            Slowed,
            SlowOverflow,
        ];
        let codes = Code::ALL.map(|code| Findings(code.as_str()));
        for metric in fixed.into_iter().chain(codes).chain(Fault::ALL.map(Errors)) {
            self.id(host, metric);
        }
    }

    /// Adds one.
    pub fn count(&self, host: &impl Host, metric: Metric) {
        self.add(host, metric, 1);
    }

    /// Adds `by`. A proxy without counters loses the count; the request matters more.
    pub fn add(&self, host: &impl Host, metric: Metric, by: u32) {
        if by > 0
            && let Some(id) = self.id(host, metric)
        {
            let _ = host.count(id, by);
        }
    }

    fn id(&self, host: &impl Host, metric: Metric) -> Option<CounterId> {
        let known = self.0.borrow().get(&metric).copied();
        known.or_else(|| {
            let id = host.counter(&metric.to_string()).ok()?;
            self.0.borrow_mut().insert(metric, id);
            Some(id)
        })
    }
}

#[cfg(test)]
mod tests;
