//! Limits: how much of something may come in a while, counted by what the operator chooses, across all workers of the proxy.
//!
//! A limit counts the requests that its conditions match, each under the key that its parts make. Where evidence for a condition or a
//! part of the key is missing, its `missing` decides: `no-match`, the default, counts the request not at all; `match` passes the
//! condition over, and counts all requests without that part together.
//!
//! A limit that answers counts what is let through: a request that something else answers takes nothing from it, be it a rule, the
//! ladder, or a limit that stands before it in the list. What is only observed takes nothing away from what is carried out: it passes,
//! and counts there. A limit that slows or logs counts all attempts.
//!
//! The counters stand in 1,024 values of the proxy's shared data with 56 keys each, 4 MiB in all, under names that depend on the
//! limit's definition: one that stays as it was keeps its counts when the configuration is loaded anew.

mod key;
mod part;

pub use part::Part;

use super::routes::{Route, Routes};
use super::rules::{Rule, Subject};
use super::{Mode, Verdict};
use crate::memory::key::Keys;
use crate::memory::store::{Moment, Store};
use crate::memory::table::{Change, Table, Tally};
use crate::memory::window::{Counting, Quota, Taken, Terms, Window};
use core::fmt::{self, Display};
use core::hash::{Hash, Hasher};
use key::KeyOf;
use std::collections::BTreeMap;
use std::hash::DefaultHasher;
use std::rc::Rc;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Requests.
    Requests,
    /// What they cost, by their routes.
    Cost,
}

/// One limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Its name, what it counts, what becomes of what is over, and whether that is carried out.
    pub rule: Rule<Verdict>,
    /// What it counts by; nothing stands for one count of all.
    pub key: Vec<Part>,
    /// What of each request it counts.
    pub unit: Unit,
    /// How much may come.
    pub terms: Terms,
    /// Stands for what it counts and how: another definition has other counters.
    definition: u64,
}

impl Limit {
    /// A limit for what `rule` matches. Its action says what becomes of a request that is over.
    pub fn new(mut rule: Rule<Verdict>, key: Vec<Part>, unit: Unit, terms: Terms) -> Self {
        // What the target tells comes first: it costs least.
        rule.conditions.sort_by_key(|condition| !condition.is_of_target());
        let mut hasher = DefaultHasher::new();
        // Whether it is carried out changes nothing of what was counted.
        let counted = (&rule.name, &rule.conditions, &rule.unless, rule.missing);
        format!("{counted:?} {key:?} {unit:?} {terms:?} {:?}", counting(rule.action)).hash(&mut hasher);
        Self {
            rule,
            key,
            unit,
            terms,
            definition: hasher.finish(),
        }
    }
}

/// What becomes of the count when there is no room: what is answered is not let through, all else goes on.
const fn counting(action: Verdict) -> Counting {
    match action {
        Verdict::Limit | Verdict::Block => Counting::LetThrough,
        Verdict::Allow | Verdict::Log | Verdict::Review | Verdict::Slow | Verdict::Challenge => Counting::Attempts,
    }
}

/// A limit that a request is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The limit's name.
    pub name: Rc<str>,
    /// What becomes of the request.
    pub action: Verdict,
    /// Whether that is carried out; none when route, ladder or the whole configuration says so.
    pub mode: Option<Mode>,
    /// When there is room again.
    pub quota: Quota,
    /// How much may come.
    pub terms: Terms,
}

/// The limits of a configuration.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    listed: Vec<Limit>,
    /// By the name of a route: the places of the limits that can be about a request on it.
    of_route: BTreeMap<Rc<str>, Vec<usize>>,
}

/// Everything else follows from what is listed.
impl PartialEq for Limits {
    fn eq(&self, other: &Self) -> bool {
        self.listed == other.listed
    }
}

impl Eq for Limits {}

/// Whether the request gets through, as far as everything but limits is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Otherwise {
    /// A rule spares it from limits.
    Spared,
    /// It does.
    Passes,
    /// It is answered; in observe mode it would be.
    Answered(Mode),
}

/// What a request is counted with.
pub(super) struct Counted<'a, S, N, M, O> {
    pub(super) counters: &'a Counters,
    pub(super) store: &'a S,
    pub(super) keys: &'a Keys,
    /// The proxy's clock. Asked only where something is counted.
    pub(super) now: N,
    /// The mode that a limit has on the request's route, by its own.
    pub(super) mode: M,
    /// Asked once at most.
    pub(super) otherwise: O,
}

impl Limits {
    /// These limits, where there are these routes.
    pub fn new(listed: Vec<Limit>, routes: &Routes) -> Self {
        let routes = routes.all();
        let of = |route: &Route| {
            let places = listed
                .iter()
                .enumerate()
                .filter(|(_, limit)| limit.rule.can_be_about(route));
            let places: Vec<usize> = places.map(|(place, _)| place).collect();
            (Rc::clone(&route.name), places)
        };
        Self {
            of_route: routes.map(of).filter(|(_, places)| !places.is_empty()).collect(),
            listed,
        }
    }

    /// The limits, in their order.
    pub fn listed(&self) -> &[Limit] {
        &self.listed
    }

    /// Those that can be about a request on this route, in their order.
    pub(super) fn of_route(&self, route: &Route) -> impl Iterator<Item = &Limit> {
        let places = self.of_route.get(&route.name).into_iter().flatten();
        places.filter_map(|place| self.listed.get(*place))
    }

    /// Counts a request on `route` in all limits that are about it, and gives those that it is over. Without clock or shared data
    /// nothing is counted, and nothing is limited.
    pub(super) fn count<S: Subject>(
        &self,
        request: &S,
        route: &Route,
        with: Counted<
            '_,
            impl Store,
            impl Fn() -> Option<Moment>,
            impl Fn(Option<Mode>) -> Mode,
            impl Fn() -> Otherwise,
        >,
    ) -> Vec<Hit> {
        let mut hits = Vec::new();
        let mut otherwise = None;
        // How far the limits before have answered the request.
        let mut answered: Option<Mode> = None;
        for limit in self.of_route(route).filter(|limit| limit.rule.matches(request)) {
            let mode = (with.mode)(limit.rule.mode);
            let counting = counting(limit.rule.action);
            let is_answered = counting == Counting::LetThrough
                && match *otherwise.get_or_insert_with(&with.otherwise) {
                    Otherwise::Spared => false,
                    Otherwise::Passes => answered >= Some(mode),
                    Otherwise::Answered(by) => answered.max(Some(by)) >= Some(mode),
                };
            if is_answered {
                continue;
            }
            let Some(key) = KeyOf::new(limit, request).under(with.keys) else {
                continue;
            };
            let Some(now) = (with.now)() else { continue };
            let amount = limit.amount(route);
            let taken = with.counters.0.update(with.store, key, now, |window: &mut Window| {
                let before = *window;
                let taken = window.take(amount, limit.terms, counting, now);
                let change = if *window == before { Change::None } else { Change::Made };
                (change, taken)
            });
            if let Ok(Taken::Over(quota)) = taken {
                hits.push(limit.hit(quota));
                if limit.rule.action.is_answer() {
                    answered = answered.max(Some(mode));
                }
            }
        }
        hits
    }

    /// The hits that a log line tells of, by the limits' names. When there was room again is not told.
    pub fn recorded(&self, is_over: impl Fn(&str) -> bool) -> Vec<Hit> {
        let over = self.listed.iter().filter(|limit| is_over(&limit.rule.name));
        let nothing = Quota {
            left: 0,
            reset: core::time::Duration::ZERO,
        };
        over.map(|limit| limit.hit(nothing)).collect()
    }
}

impl Limit {
    /// What a request on `route` takes. One that costs more than may come at all takes all of that.
    fn amount(&self, route: &Route) -> u32 {
        let Terms { most, burst, .. } = self.terms;
        match self.unit {
            Unit::Requests => 1,
            Unit::Cost => u32::from(route.cost).min(most).min(burst.unwrap_or(most)),
        }
    }

    fn hit(&self, quota: Quota) -> Hit {
        Hit {
            name: Rc::clone(&self.rule.name),
            action: self.rule.action,
            mode: self.rule.mode,
            quota,
            terms: self.terms,
        }
    }
}

/// As people read it: `100 requests in 10 s, 20 at once, by lp1_tls and client_net → limit`.
impl Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Terms { most, window_ms, burst } = self.terms;
        let unit = match self.unit {
            Unit::Requests => "requests",
            Unit::Cost => "cost",
        };
        write!(f, "{most} {unit} in {} s", window_ms / 1_000)?;
        if let Some(burst) = burst {
            write!(f, ", {burst} at once")?;
        }
        f.write_str(", ")?;
        for (n, part) in self.key.iter().enumerate() {
            write!(f, "{} {part}", if n == 0 { "by" } else { " and" })?;
        }
        if self.key.is_empty() {
            f.write_str("of all together")?;
        }
        write!(f, " → {}", self.rule.action.as_str())
    }
}

/// Where limits are counted.
#[derive(Debug)]
pub struct Counters(Table<Window>);

impl Default for Counters {
    fn default() -> Self {
        Self(Table::new("limits.1", 1_024, 56))
    }
}

impl Counters {
    /// The most bytes that they take in the proxy.
    pub fn max_bytes(&self) -> usize {
        self.0.max_bytes()
    }

    /// What became of counts since this was asked last.
    pub fn take_tally(&self) -> Tally {
        self.0.take_tally()
    }
}

#[cfg(test)]
mod tests;
