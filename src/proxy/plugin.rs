//! One configured plugin: its role, its compiled configuration, its counters. Made in `on_configure`, shared by all its contexts.

use super::connections::Connections;
use super::held::Held;
use super::metrics::{Metric, Metrics};
use super::profile::Profiles;
use super::remember::Remembered;
use crate::annotate::signature::Signer;
use crate::challenge::Challenges;
use crate::clients::layer4::Layer4;
use crate::compare::Known;
use crate::evidence::{Evidence, Facts};
use crate::fingerprint::tls::TlsPrint;
use crate::fingerprint::tls_family::TlsFamily;
use crate::host::Host;
use crate::memory::sources::Sources;
use crate::policy::config::{Config, Problem, Tables, Variables};
use core::hash::{Hash, Hasher};
use std::cell::{Cell, RefCell};
use std::hash::DefaultHasher;
use std::rc::Rc;

/// What a plugin is for, told by its `root_id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `connection`: a network filter.
    Connection,
    /// `request`, or an empty `root_id`: an HTTP filter.
    Request,
}

impl Role {
    /// The role of a plugin with this `root_id`.
    pub fn parse(root_id: &[u8]) -> Option<Self> {
        match root_id {
            b"connection" => Some(Self::Connection),
            b"request" | b"" => Some(Self::Request),
            _ => None,
        }
    }
}

/// What all contexts of a plugin share.
#[derive(Debug, Default)]
pub struct Plugin {
    /// The configuration.
    pub config: Config,
    /// The counters.
    pub metrics: Metrics,
    /// The clients that are known.
    pub tables: Tables,
    /// The requests that are held back.
    pub held: Held,
    /// The headers that came last.
    pub(super) profiles: Profiles,
    /// The last line, in whose place the next one is written.
    pub(super) line: RefCell<String>,
    /// The challenges, where there are any.
    pub challenges: Option<Challenges>,
    /// Who signs the annotations, where they are signed.
    pub signer: Option<Signer>,
    /// Whether the policy of connections can do anything about a flood, so that each is counted when it is accepted.
    pub(super) looks_for_floods: bool,
    /// What no client knows: it makes the seed of keys.
    pub(super) secret: u64,
    /// What all plugins of this VM know.
    pub shared: Shared,
}

/// What all plugins of a VM share, and so both roles.
#[derive(Clone, Debug, Default)]
pub struct Shared {
    /// The live connections.
    pub connections: Connections,
    /// What sources have brought.
    pub sources: Rc<Sources>,
    /// What is remembered beyond one request.
    pub remembered: Rc<Remembered>,
    /// Whether the VM has a request role. Where that runs in another one, nobody here knows whether a connection brings requests.
    pub has_request_role: Rc<Cell<bool>>,
}

impl Plugin {
    /// Compiles `configuration` and defines the counters.
    ///
    /// # Errors
    /// Every problem of the configuration. The proxy then keeps the old plugin, or does not start.
    pub fn configure(host: &impl Host, role: Role, shared: Shared, configuration: &[u8]) -> Result<Self, Vec<Problem>> {
        let config = Config::parse_with(configuration, Variables(&|name| host.variable(name)))?;
        if role == Role::Request {
            shared.has_request_role.set(true);
        }
        let metrics = Metrics::default();
        metrics.define(host);
        Ok(Self {
            tables: config.clients.tables()?,
            looks_for_floods: config.connection.policy.looks_for_floods(),
            // Connections are challenged by nobody, and the pages take memory.
            challenges: if role == Role::Request {
                Challenges::new(&config)
            } else {
                None
            },
            signer: config.annotate.signature.as_ref().and_then(Signer::new),
            config,
            metrics,
            held: Held::default(),
            profiles: Profiles::default(),
            line: RefCell::default(),
            secret: {
                let mut hasher = DefaultHasher::new();
                configuration.hash(&mut hasher);
                hasher.finish()
            },
            shared,
        })
    }

    /// The proxy's tick, which runs only while a request is held back.
    pub fn on_tick(&self, host: &impl Host) {
        self.held.on_tick(host);
    }

    /// What is known of clients.
    pub(super) const fn known(&self) -> Known<'_> {
        Known {
            catalogue: &self.tables.catalogue,
            stacks: &self.tables.stacks,
        }
    }

    /// Counts what a connection showed of its TLS, and the connection as one of which evidence was read.
    pub(super) fn count_evidence(&self, host: &impl Host, facts: &Facts, tls: &TlsPrint) {
        self.metrics.count(host, Metric::ConnectionEvidence);
        let states = [
            ("tls", facts.tls_version.state()),
            ("sni", facts.sni.state()),
            ("ja3", tls.ja3.state()),
            ("ja4", tls.ja4.state()),
        ];
        for (kind, state) in states {
            self.metrics.count(host, Metric::Evidence { kind, state });
        }
        if let Evidence::Seen(ja4) = &tls.ja4 {
            let family = TlsFamily::of_ja4(ja4.as_str());
            self.metrics.count(host, Metric::TlsFamilies(family));
        }
        if let Evidence::Seen(source) = tls.source {
            self.metrics.count(host, Metric::TlsSource(source));
        }
        for (kind, differs) in [("ja3", tls.other_ja3.is_some()), ("ja4", tls.other_ja4.is_some())] {
            if differs {
                self.metrics.count(host, Metric::ProxyDiffers { kind });
            }
        }
    }

    /// Counts what a connection showed below TLS, as far as it is its client's own.
    pub(super) fn count_layer4(&self, host: &impl Host, layer4: &Layer4) {
        let states = [
            ("tcp", layer4.transport.syn.state()),
            ("rtt", layer4.transport.rtt.state()),
        ];
        for (kind, state) in states {
            self.metrics.count(host, Metric::Evidence { kind, state });
        }
        if let Evidence::Seen(named) = &layer4.stack {
            self.metrics.count(host, Metric::Stacks(named.as_str().into()));
        }
    }
}
