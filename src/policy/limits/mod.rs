//! Limits: how much of something may come in a while, counted by what the operator chooses, across all workers of the proxy.
//!
//! A limit counts the requests that its conditions match, each under the key that its parts make. Where evidence for a condition or a
//! part of the key is missing, its `missing` decides: `no-match`, the default, counts the request not at all; `match` passes the
//! condition over, and counts all requests without that part together.
//!
//! The counters stand in 1,024 values of the proxy's shared data with 56 keys each, 4 MiB in all, under names that depend on the
//! limit's definition: one that stays as it was keeps its counts when the configuration is loaded anew.

mod part;

pub use part::Part;

use super::rules::{Rule, Subject};
use super::{Mode, Placed, Verdict};
use crate::memory::key::Keys;
use crate::memory::store::{Moment, Store};
use crate::memory::table::{Change, Table, Tally};
use crate::memory::window::{Counting, Quota, Taken, Terms, Window};
use core::hash::{Hash, Hasher};
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
        // What is told by the route alone comes first, so that requests on others cost nothing.
        rule.conditions.sort_by_key(|condition| !condition.is_of_route());
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits(Vec<Limit>);

impl Limits {
    /// These limits.
    pub const fn new(limits: Vec<Limit>) -> Self {
        Self(limits)
    }

    /// The limits, in their order.
    pub fn listed(&self) -> &[Limit] {
        &self.0
    }

    /// Counts a request in all limits that are about it, and gives those that it is over. What the proxy's clock says is asked only
    /// where something is counted; without clock or shared data nothing is, and nothing is limited.
    pub(super) fn count<S: Subject>(
        &self,
        counters: &Counters,
        store: &impl Store,
        keys: &Keys,
        now: impl Fn() -> Option<Moment>,
        request: &S,
        placed: &Placed<'_>,
    ) -> Vec<Hit> {
        let mut hits = Vec::new();
        for limit in &self.0 {
            if !limit.rule.matches(request) {
                continue;
            }
            let mut hasher = DefaultHasher::new();
            let is_whole = limit
                .key
                .iter()
                .all(|part| part.hash_of(request, limit.rule.missing, &mut hasher));
            let Some(now) = is_whole.then(&now).flatten() else {
                continue;
            };
            let key = keys.key("limit", (limit.definition, hasher.finish()));
            let amount = match limit.unit {
                Unit::Requests => 1,
                Unit::Cost => u32::from(placed.route().cost),
            };
            let counting = counting(limit.rule.action);
            let taken = counters.0.update(store, key, now, |window: &mut Window| {
                let before = *window;
                let taken = window.take(amount, limit.terms, counting, now);
                let change = if *window == before { Change::None } else { Change::Made };
                (change, taken)
            });
            if let Ok(Taken::Over(quota)) = taken {
                hits.push(limit.hit(quota));
            }
        }
        hits
    }

    /// The hits that a log line tells of, by the limits' names. When there was room again is not told.
    pub fn recorded(&self, is_over: impl Fn(&str) -> bool) -> Vec<Hit> {
        let over = self.0.iter().filter(|limit| is_over(&limit.rule.name));
        let nothing = Quota {
            left: 0,
            reset: core::time::Duration::ZERO,
        };
        over.map(|limit| limit.hit(nothing)).collect()
    }
}

impl Limit {
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
