//! Challenges, as the request role gives them: what a request shows of those it passed, what it gets for one that it has not, and the
//! path that the filter answers itself.
//!
//! Calls to the proxy: none for a request without our cookie that is not challenged; one for the clock and one to count where there is
//! one; two more for the attempts where one is challenged.

use super::metrics::Metric;
use super::plugin::Plugin;
use super::remember::Clock;
use super::visit;
use crate::annotate::Observed;
use crate::annotate::answer::{self, Offer, Step};
use crate::challenge::{Asked, Bound, Challenges, Clearance, Event, Reason, Reply};
use crate::compare::Channel;
use crate::evidence::fields::first;
use crate::evidence::{Evidence, Protocol};
use crate::host::{Failure, Fields, Host};
use crate::memory::store::Moment;
use crate::policy::config::challenge::Difficulty;
use crate::policy::{Decision, Mode, Placed, Verdict};
use core::cell::Cell;
use std::rc::Rc;

/// A request with the challenges that there are.
pub(super) struct Gate<'a, H> {
    plugin: &'a Plugin,
    challenges: &'a Challenges,
    clock: &'a Clock<'a, H>,
    observed: &'a Observed<'a>,
    placed: &'a Placed<'a>,
}

impl Plugin {
    /// The gate for a request, where there are challenges.
    pub(super) fn gate<'a, H: Host>(
        &'a self,
        clock: &'a Clock<'a, H>,
        observed: &'a Observed<'a>,
        placed: &'a Placed<'a>,
    ) -> Option<Gate<'a, H>> {
        Some(Gate {
            plugin: self,
            challenges: self.challenges.as_ref()?,
            clock,
            observed,
            placed,
        })
    }
}

impl<H: Host> Gate<'_, H> {
    /// Whether the filter answers the request itself.
    pub(super) fn is_ours(&self) -> bool {
        self.challenges.serves(self.observed.target.path)
    }

    /// What the request shows of challenges that were passed.
    pub(super) fn clearance(&self) -> Clearance {
        if !self.challenges.is_shown(self.observed.fields) {
            return Clearance::NotSent;
        }
        let Some(now) = self.clock.now() else {
            return Clearance::NotSent;
        };
        let clearance = self.challenges.clearance(&self.asked(now));
        let needed = self.plugin.config.policy.difficulty(self.placed.route().class);
        let state = match clearance {
            Clearance::Valid(passed) if passed < needed => Reason::Difficulty.as_str(),
            Clearance::Valid(_) => "valid",
            Clearance::Refused(reason) => reason.as_str(),
            Clearance::NotSent | Clearance::Off => return clearance,
        };
        self.plugin.metrics.count(self.clock.host, Metric::Clearances(state));
        clearance
    }

    /// Takes our cookie out of what goes upstream: whoever reads its log is not to have the clearance.
    pub(super) fn strip(&self) -> Result<(), Failure> {
        match self.challenges.without_ours(self.observed.fields) {
            None => Ok(()),
            Some(left) if left.is_empty() => self.clock.host.remove_field(Fields::Headers, "cookie"),
            Some(left) => self.clock.host.set_request_header("cookie", &left),
        }
    }

    /// What `decision` comes to for a client that was challenged before, and for one that has passed.
    pub(super) fn weigh(&self, decision: Decision) -> Decision {
        if decision.cleared {
            self.with_client(|key, now| {
                let attempts = &self.plugin.shared.remembered.attempts;
                attempts.forget(self.clock.host, key, now);
            });
        }
        let is_challenged = decision.verdict == Verdict::Challenge && decision.mode == Mode::Enforce;
        if !is_challenged || self.is_ours() {
            return decision;
        }
        let unsolved = self.one_more();
        decision.after(unsolved, &self.challenges.settings().attempts)
    }

    /// What becomes of the request, and what happened with challenges meanwhile. What its own path answers, whoever is blocked or
    /// limited does not get.
    pub(super) fn step(&self, decision: &Decision) -> (Step, Option<Event>) {
        let limits = &self.plugin.config.limits;
        let fields = self.observed.fields;
        let is_carried_out = decision.mode == Mode::Enforce;
        let is_refused = is_carried_out && matches!(decision.verdict, Verdict::Block | Verdict::Limit);
        let is_challenged = is_carried_out && decision.verdict == Verdict::Challenge;
        let now = self.clock.now_if(!is_refused && (self.is_ours() || is_challenged));
        let Some(now) = now else {
            let given_up = decision.unsolved.filter(|_| is_refused).map(|_| Event::GivenUp);
            let step = Step::of(decision, limits, fields, None);
            return (step, self.counted(given_up, &decision.route));
        };
        let asked = self.asked(now);
        if self.is_ours() {
            return self.serve(&asked, decision);
        }
        let offered = Offered {
            challenges: self.challenges,
            asked,
            route: &decision.route,
            difficulty: self.plugin.config.policy.difficulty(decision.class),
            shown: Cell::new(false),
        };
        let step = Step::of(decision, limits, fields, Some(&offered));
        let event = match (&step, offered.shown.get()) {
            (Step::Answer(_), true) => Some(Event::Issued),
            (Step::Answer(_), false) => Some(Event::Told),
            _ => None,
        };
        (step, self.counted(event, &decision.route))
    }

    fn serve(&self, asked: &Asked<'_>, decision: &Decision) -> (Step, Option<Event>) {
        let served = self.challenges.serve(asked, self.observed.clearance);
        let attempts = &self.challenges.settings().attempts;
        let is_in_vain = matches!(served.event, Some(Event::Issued | Event::Failed(_)));
        if is_in_vain && self.one_more() >= attempts.count {
            self.counted(served.event, &served.route);
            let given_up = Decision {
                verdict: attempts.then,
                mode: Mode::Enforce,
                limit: None,
                ..decision.clone()
            };
            let step = Step::of(&given_up, &self.plugin.config.limits, self.observed.fields, None);
            return (step, self.counted(Some(Event::GivenUp), &served.route));
        }
        let event = self.counted(served.event, &served.route);
        (Step::Answer(served.reply.into()), event)
    }

    /// Counts one more challenge of the client, and gives how many there were before.
    fn one_more(&self) -> u16 {
        let counted = self.with_client(|key, now| {
            let attempts = &self.plugin.shared.remembered.attempts;
            let settings = &self.challenges.settings().attempts;
            attempts.one_more(self.clock.host, key, now, settings)
        });
        counted.unwrap_or_default()
    }

    fn with_client<T>(&self, act: impl FnOnce(crate::memory::key::Key, Moment) -> T) -> Option<T> {
        let remembered = &self.plugin.shared.remembered;
        let keys = remembered.keys(self.clock.host, self.plugin.secret)?;
        let client = visit::client(&keys, self.observed)?;
        let result = act(client, self.clock.now()?);
        let tally = remembered.attempts.take_tally();
        self.plugin.count_memory(self.clock.host, "challenges", tally);
        Some(result)
    }

    fn counted(&self, event: Option<Event>, route: &Rc<str>) -> Option<Event> {
        let host = self.clock.host;
        if let Some(event) = event {
            let (event, route) = (event.as_str(), Rc::clone(route));
            self.plugin.metrics.count(host, Metric::Challenges { event, route });
        }
        if let Some(Event::Failed(reason)) = event {
            self.plugin.metrics.count(host, Metric::ChallengeFailures(reason));
        }
        event
    }

    fn asked(&self, now: Moment) -> Asked<'_> {
        let of = self.observed;
        let is_http3 = matches!(of.facts.protocol, Evidence::Seen(Protocol::Http3));
        let one = |name| first(of.fields, name);
        let proto = one("x-forwarded-proto");
        Asked {
            method: of.target.method,
            authority: of.target.host,
            path: of.target.path,
            fields: of.fields,
            bound: Bound {
                host: self.placed.host().unwrap_or_default(),
                client: of.way.client.seen().map(|client| client.ip),
                print: of.print,
                opens_websocket: one("upgrade").is_some_and(|value| value.eq_ignore_ascii_case(b"websocket")),
            },
            is_http3,
            is_secure: of.channel == Channel::Secure || proto.is_some_and(|proto| proto.eq_ignore_ascii_case(b"https")),
            reference: answer::reference(of.fields),
            now,
        }
    }
}

/// The page for who is challenged, made when it is asked for.
struct Offered<'a> {
    challenges: &'a Challenges,
    asked: Asked<'a>,
    route: &'a str,
    difficulty: Difficulty,
    shown: Cell<bool>,
}

impl Offer for Offered<'_> {
    fn page(&self) -> Reply {
        self.shown.set(true);
        Reply::of_page(403, self.challenges.page(&self.asked, self.route, self.difficulty))
    }

    fn path(&self) -> &str {
        &self.challenges.settings().path
    }
}
