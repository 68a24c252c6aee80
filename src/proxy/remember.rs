//! What is remembered beyond one request, as the request role asks for it: limits, behaviour, the outcome of logins.
//!
//! Calls to the proxy: none where the configuration remembers nothing of the request; else one for the clock, and two for each table
//! that counts it (a read and a write of shared data).

use super::facts;
use super::metrics::{Fault, Metric};
use super::plugin::Plugin;
use super::recurring::Common;
use super::visit::visit;
use crate::annotate::Observed;
use crate::challenge::attempts::Attempts;
use crate::compare::{Assessment, Finding};
use crate::host::Host;
use crate::memory::behaviour::{Answered, Attempt, Behaviour, Settings, Step, Visit};
use crate::memory::key::Keys;
use crate::memory::store::Moment;
use crate::memory::table::Tally;
use crate::policy::limits::{Counters, Hit};
use crate::policy::{Counting, Placed};
use core::cell::{Cell, OnceCell};
use core::hash::{Hash, Hasher};
use log::warn;
use std::hash::DefaultHasher;

/// What all plugins of a VM remember, and by what.
#[derive(Debug, Default)]
pub struct Remembered {
    keys: Cell<Option<Keys>>,
    counters: Counters,
    behaviour: Behaviour,
    pub(super) attempts: Attempts,
}

impl Remembered {
    /// What stands for whom. The first worker of a proxy to ask makes the seed, of the nanosecond that it is and a text that no client
    /// knows: the VM has nothing better to draw it from.
    pub(super) fn keys(&self, host: &impl Host, secret: u64) -> Option<Keys> {
        if let Some(keys) = self.keys.get() {
            return Some(keys);
        }
        let now = host.now().ok()?;
        let half = |n: u8| {
            let mut hasher = DefaultHasher::new();
            (n, now, secret).hash(&mut hasher);
            hasher.finish()
        };
        let keys = Keys::shared(host, [half(1), half(2)]).ok()?;
        self.keys.set(Some(keys));
        Some(keys)
    }
}

/// The proxy's clock, read at most once for a request.
pub(super) struct Clock<'h, H> {
    pub(super) host: &'h H,
    now: OnceCell<Option<Moment>>,
}

impl<'h, H: Host> Clock<'h, H> {
    pub(super) const fn new(host: &'h H) -> Self {
        Self {
            host,
            now: OnceCell::new(),
        }
    }

    pub(super) fn now(&self) -> Option<Moment> {
        *self.now.get_or_init(|| self.host.now().ok().map(Moment))
    }

    /// The time where it is wanted.
    pub(super) fn now_if(&self, is_wanted: bool) -> Option<Moment> {
        if is_wanted { self.now() } else { None }
    }
}

impl Plugin {
    /// Counts the request among those that are remembered, and gives it as they know it; none where nothing is looked for.
    pub(super) fn visit<H: Host>(
        &self,
        clock: &Clock<'_, H>,
        observed: &Observed<'_>,
        placed: &Placed<'_>,
        common: &Common<'_>,
    ) -> Option<(Visit, Vec<Finding>)> {
        let settings = &self.config.behaviour;
        if settings.is_idle() {
            return None;
        }
        let remembered = &self.shared.remembered;
        let keys = remembered.keys(clock.host, self.secret)?;
        let sender = common.sender(&keys, observed);
        let visit = visit(&keys, clock.now()?, observed, placed, &sender);
        let found = remembered.behaviour.visit(clock.host, settings, &visit);
        self.count_memory(clock.host, "behaviour", remembered.behaviour.take_tally());
        Some((visit, found))
    }

    /// Counts the request in its limits, and gives those that it is over.
    pub(super) fn limits<H: Host>(
        &self,
        clock: &Clock<'_, H>,
        observed: &Observed<'_>,
        placed: &Placed<'_>,
        assessment: &Assessment,
    ) -> Vec<Hit> {
        let policy = &self.config.policy;
        if policy.limits.listed().is_empty() {
            return Vec::new();
        }
        let remembered = &self.shared.remembered;
        let Some(keys) = remembered.keys(clock.host, self.secret) else {
            return Vec::new();
        };
        let counting = Counting {
            counters: &remembered.counters,
            store: clock.host,
            keys: &keys,
            now: || clock.now(),
        };
        let hits = policy.count(placed, observed, assessment, &counting);
        self.count_memory(clock.host, "limits", remembered.counters.take_tally());
        hits
    }

    /// Whether the answer to `visit` tells something that is remembered.
    pub(super) fn awaits(&self, visit: &Visit) -> bool {
        let Settings { login, sequence, .. } = &self.config.behaviour;
        let tries = visit.step == Step::Login && visit.attempt == Attempt::Yes;
        (login.is_some() && tries)
            || sequence
                .as_ref()
                .is_some_and(|settings| settings.cache_header().is_some())
    }

    /// Reads how the upstream answered `visit`, and remembers it. Credentials that are right after many that were wrong are told
    /// in filter state `wasm.layerprint.login`, a metric and the proxy's own log.
    pub(super) fn answered(&self, host: &impl Host, visit: &Visit) {
        let Settings { login, sequence, .. } = &self.config.behaviour;
        let read = |name: &str| host.response_header(name).ok().flatten();
        let tries = visit.step == Step::Login && visit.attempt == Attempt::Yes;
        let login = login.as_ref().filter(|_| tries).and_then(|settings| {
            let status = read(":status").and_then(|status| str::from_utf8(&status).ok()?.parse().ok())?;
            let header = settings.header().and_then(read);
            settings.outcome(status, header.as_deref())
        });
        let cache = sequence.as_ref().and_then(|settings| {
            let value = host.response_header(settings.cache_header()?).ok()?;
            settings.cache_outcome(value.as_deref())
        });
        if login.is_none() && cache.is_none() {
            return;
        }
        let at = host.now().map_or(visit.at, Moment);
        let answered = Answered { at, login, cache };
        let remembered = &self.shared.remembered;
        let alarm = remembered
            .behaviour
            .answered(host, &self.config.behaviour, visit, &answered);
        self.count_memory(host, "behaviour", remembered.behaviour.take_tally());
        if let Some(alarm) = alarm {
            self.metrics.count(host, Metric::LoginAlarms(alarm.of.as_str()));
            warn!("a login succeeded {alarm}");
            let told = format!(
                r#"{{"outcome":"success","failures":{},"of":"{}"}}"#,
                alarm.failures,
                alarm.of.as_str()
            );
            if host.set_filter_state(facts::LOGIN_KEY, told.as_bytes()).is_err() {
                self.metrics.count(host, Metric::Errors(Fault::FilterState));
            }
        }
    }

    /// Counts what became of changes to `table`.
    pub(super) fn count_memory(&self, host: &impl Host, table: &'static str, tally: Tally) {
        if tally == Tally::default() {
            return;
        }
        let events = [
            ("retried", tally.retried),
            ("lost", tally.lost),
            ("evicted", tally.evicted),
            ("failed", tally.failed),
        ];
        for (event, count) in events {
            self.metrics.add(host, Metric::Memory { table, event }, count);
        }
    }
}
