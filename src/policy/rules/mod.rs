//! Rules: what an operator says of requests or connections of which this or that was seen. The first that matches wins.
//!
//! A rule matches when every condition of its `match` holds and none of its `unless`. A condition holds when one of the values of its
//! evidence is one of those that it lists. Where that evidence is missing, nobody can tell, and the rule's `missing` decides:
//! - `no-match`, the default: the rule does not match, on whichever side the condition stands. A rule that spares the office spares
//!   a client whose address is not known.
//! - `match`: the condition is passed over, on whichever side it stands, and the others decide.
//!
//! Evidence that could have been there and is none is not missing: a client with a known address that is in no tagged network
//! has no `network`.

mod condition;
mod field;
mod index;
mod pattern;
mod subject;

pub use condition::{Condition, Prefixes, Texts};
pub use field::{Asked, Field, Number};
pub use pattern::{Glob, PatternError, TextPattern};
pub use subject::Subject;

use super::Mode;
use super::routes::Route;
use index::Index;
use std::cell::Cell;
use std::rc::Rc;

/// What a condition on missing evidence means for its rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missing {
    /// The rule does not match.
    #[default]
    NoMatch,
    /// The condition is passed over.
    Match,
}

/// One rule, with an answer of type `A`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule<A> {
    /// Its name.
    pub name: Rc<str>,
    /// All of these have to hold.
    pub conditions: Vec<Condition>,
    /// None of these may.
    pub unless: Vec<Condition>,
    /// What becomes of it where evidence is missing.
    pub missing: Missing,
    /// The answer.
    pub action: A,
    /// Whether it is carried out; none when route, ladder or the whole configuration says so.
    pub mode: Option<Mode>,
}

/// A list of rules, ready to be tried.
#[derive(Clone, Debug)]
pub struct Rules<A> {
    listed: Vec<Rule<A>>,
    index: Index,
    /// By a rule's place: the last run that tried it, so that none tries it twice.
    tried: Vec<Cell<u64>>,
    run: Cell<u64>,
}

impl<A> Default for Rules<A> {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

/// Everything else follows from what is listed.
impl<A: PartialEq> PartialEq for Rules<A> {
    fn eq(&self, other: &Self) -> bool {
        self.listed == other.listed
    }
}

impl<A: Eq> Eq for Rules<A> {}

impl<A> Rules<A> {
    /// Compiles `listed`.
    pub fn new(listed: Vec<Rule<A>>) -> Self {
        Self {
            index: Index::new(&listed),
            tried: listed.iter().map(|_| Cell::new(0)).collect(),
            run: Cell::new(0),
            listed,
        }
    }

    /// The first rule that matches `subject`. Allocates nothing.
    pub fn first<S: Subject + ?Sized>(&self, subject: &S) -> Option<&Rule<A>> {
        if self.listed.is_empty() {
            return None;
        }
        let run = self.run.get().wrapping_add(1);
        self.run.set(run);
        let mut first: Option<(usize, &Rule<A>)> = None;
        self.index.candidates(subject, |place| {
            if first.is_some_and(|(best, _)| best <= place) {
                return;
            }
            let tried = self.tried.get(place).is_none_or(|tried| tried.replace(run) == run);
            let rule = self.listed.get(place).filter(|rule| !tried && rule.matches(subject));
            if let Some(rule) = rule {
                first = Some((place, rule));
            }
        });
        first.map(|(_, rule)| rule)
    }

    /// The rules, in their order.
    pub fn listed(&self) -> &[Rule<A>] {
        &self.listed
    }

    /// What the rules ask for.
    pub fn asked(&self) -> Asked {
        let mut asked = Asked::default();
        for rule in &self.listed {
            for condition in rule.conditions.iter().chain(&rule.unless) {
                match condition {
                    Condition::Text(field, _) => drop(asked.texts.insert(*field)),
                    Condition::Number(number, ..) => drop(asked.numbers.insert(*number)),
                    Condition::ClientIp(_) => asked.client_ip = true,
                }
            }
        }
        asked
    }
}

impl<A> Rule<A> {
    /// Whether a request on `route` can be one that it matches.
    pub fn can_be_about(&self, route: &Route) -> bool {
        let of_route = |condition: &Condition| condition.holds_on(route);
        self.conditions.iter().all(|one| of_route(one).unwrap_or(true))
            && !self.unless.iter().any(|one| of_route(one).unwrap_or(false))
    }

    /// Whether it matches `subject`.
    pub fn matches<S: Subject + ?Sized>(&self, subject: &S) -> bool {
        let passed_over = self.missing == Missing::Match;
        let holds = |condition: &Condition| condition.holds(subject);
        self.conditions.iter().all(|one| holds(one).unwrap_or(passed_over))
            && self
                .unless
                .iter()
                .all(|one| holds(one).map_or(passed_over, |holds| !holds))
    }
}

#[cfg(test)]
pub(super) mod tests;
