//! Which rules could match at all: each hangs on the one of its conditions that fewest requests fulfil and fewest rules share, and
//! only those whose condition shows up are tried. So the cost of a request depends on how many rules are about it, not on how many
//! there are.
//!
//! An exact text is found in a hash map; a text with wildcards by the literal in it that fewest rules share, all of them in one
//! pass (Aho-Corasick); a network in a trie. Rules that ask for nothing of these, only for numbers or for any value at all (`*`),
//! are always tried.

use super::condition::Condition;
use super::field::{Field, SPREAD_OF_ADDRESSES};
use super::pattern::Glob;
use super::subject::{Subject, texts};
use super::{Missing, Rule};
use crate::evidence::Evidence;
use aho_corasick::Input;
use aho_corasick::automaton::Automaton;
use aho_corasick::nfa::contiguous::NFA;
use core::cmp::Reverse;
use core::hash::Hash;
use ipnet::IpNet;
use prefix_trie::joint::JointPrefixMap;
use std::collections::{BTreeMap, HashMap};

/// Rules, by their places.
type Places = Vec<usize>;

/// The index of a list of rules.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    always: Places,
    fields: Vec<(Field, Values)>,
    networks: JointPrefixMap<IpNet, Places>,
    /// What to try when the address is missing.
    without_ip: Places,
}

/// The rules that hang on one field.
#[derive(Clone, Debug, Default)]
struct Values {
    exact: HashMap<Box<str>, Places>,
    literals: Option<Literals>,
    /// What to try when the field is missing.
    missing: Places,
}

/// The rules that hang on parts of texts. The finder is of one kind whatever their number, so that a byte takes about the same time
/// for few and many; a table of all states would be faster, and large.
#[derive(Clone, Debug)]
struct Literals {
    finder: NFA,
    /// By the number of the literal in the finder.
    places: Vec<Places>,
}

impl Index {
    pub(super) fn new<A>(rules: &[Rule<A>]) -> Self {
        let shared = Shared::count(rules);
        let mut index = Self::default();
        let mut fields: BTreeMap<Field, (Values, BTreeMap<String, Places>)> = BTreeMap::new();
        for (place, rule) in rules.iter().enumerate() {
            let anchors = rule
                .conditions
                .iter()
                .filter_map(|condition| Some((shared.cost(condition)?, condition)));
            let on_missing = rule.missing == Missing::Match;
            match anchors
                .min_by_key(|(spread, _)| *spread)
                .map(|(_, condition)| condition)
            {
                Some(Condition::Text(field, wanted)) => {
                    let (values, literals) = fields.entry(*field).or_default();
                    for text in wanted.exact() {
                        values.exact.entry(text.clone()).or_default().push(place);
                    }
                    for literal in wanted.globs().iter().filter_map(|glob| shared.rarest(*field, glob)) {
                        literals.entry(literal).or_default().push(place);
                    }
                    values.missing.extend(on_missing.then_some(place));
                }
                Some(Condition::ClientIp(prefixes)) => {
                    for prefix in &prefixes.listed {
                        index.networks.entry(*prefix).or_default().push(place);
                    }
                    index.without_ip.extend(on_missing.then_some(place));
                }
                Some(Condition::Number(..)) | None => index.always.push(place),
            }
        }
        for (field, (mut values, literals)) in fields {
            values.literals = Literals::new(literals, &mut index.always);
            index.fields.push((field, values));
        }
        index
    }

    /// Hands each rule that could match `subject` to `take`, in no order, some more than once.
    pub(super) fn candidates<S: Subject + ?Sized>(&self, subject: &S, mut take: impl FnMut(usize)) {
        let mut all = |places: &[usize]| places.iter().for_each(|place| take(*place));
        all(&self.always);
        for (field, values) in &self.fields {
            let state = texts(subject, *field, &mut |text| values.find(text, &mut all));
            if !matches!(state, Evidence::Seen(())) {
                all(&values.missing);
            }
        }
        if !self.networks.is_empty() {
            match subject.client_ip() {
                Evidence::Seen(ip) => {
                    let host = IpNet::from(ip.to_canonical());
                    self.networks.cover_values(&host).for_each(|places| all(places));
                }
                Evidence::Pending | Evidence::Missing(_) => all(&self.without_ip),
            }
        }
    }
}

impl Values {
    fn find(&self, text: &str, take: &mut impl FnMut(&[usize])) {
        if let Some(places) = self.exact.get(text) {
            take(places);
        }
        if let Some(literals) = &self.literals {
            let found = literals
                .finder
                .try_find_overlapping_iter(Input::new(text))
                .into_iter()
                .flatten();
            for places in found.filter_map(|found| literals.places.get(found.pattern().as_usize())) {
                take(places);
            }
        }
    }
}

impl Literals {
    /// A finder for `literals`. Were there ever too many of them for one, their rules are tried always.
    fn new(literals: BTreeMap<String, Places>, always: &mut Places) -> Option<Self> {
        if literals.is_empty() {
            return None;
        }
        match NFA::new(literals.keys()) {
            Ok(finder) => Some(Self {
                finder,
                places: literals.into_values().collect(),
            }),
            Err(_) => {
                always.extend(literals.into_values().flatten());
                None
            }
        }
    }
}

/// How many conditions ask for each value. What many have in common (`4:64+` in signatures of SYNs, a browser's JA4) tells the rules
/// apart the least.
#[derive(Default)]
struct Shared {
    exact: HashMap<(Field, Box<str>), usize>,
    literals: HashMap<(Field, String), usize>,
    prefixes: HashMap<IpNet, usize>,
}

impl Shared {
    fn count<A>(rules: &[Rule<A>]) -> Self {
        let mut shared = Self::default();
        for condition in rules.iter().flat_map(|rule| &rule.conditions) {
            match condition {
                Condition::Text(field, wanted) => {
                    for text in wanted.exact() {
                        add(&mut shared.exact, (*field, text.clone()));
                    }
                    for literal in wanted.globs().iter().flat_map(Glob::literals) {
                        add(&mut shared.literals, (*field, literal));
                    }
                }
                Condition::ClientIp(prefixes) => {
                    prefixes
                        .listed
                        .iter()
                        .for_each(|prefix| add(&mut shared.prefixes, *prefix));
                }
                Condition::Number(..) => {}
            }
        }
        shared
    }

    /// How many share a literal of `field`.
    fn of_literal(&self, field: Field, literal: &str) -> usize {
        let count = self.literals.get(&(field, literal.to_owned()));
        count.copied().unwrap_or_default()
    }

    /// The literal of `glob` that fewest share, and of those the longest. Very short ones show up anywhere.
    fn rarest(&self, field: Field, glob: &Glob) -> Option<String> {
        glob.literals().min_by_key(|literal| {
            let count = self.of_literal(field, literal);
            (literal.len() < SHORT, count, Reverse(literal.len()))
        })
    }

    /// How many rules are tried because of a condition, at worst, and how many requests fulfil it, both as ranks; none when a rule
    /// cannot be found by it.
    fn cost(&self, condition: &Condition) -> Option<(u32, u8)> {
        let (count, spread) = match condition {
            Condition::Text(field, wanted) => {
                let exact = wanted.exact().iter();
                let of_exact = exact.filter_map(|text| self.exact.get(&(*field, text.clone())).copied());
                let literals: Option<Vec<_>> = wanted.globs().iter().map(|glob| self.rarest(*field, glob)).collect();
                let literals = literals?;
                let of_literals = literals.iter().map(|literal| self.of_literal(*field, literal));
                let rank = field.spread().saturating_mul(2);
                let rank = rank.saturating_add(u8::from(!wanted.globs().is_empty()));
                (of_exact.chain(of_literals).max(), rank)
            }
            Condition::ClientIp(prefixes) => {
                let counts = prefixes.listed.iter().filter_map(|prefix| self.prefixes.get(prefix));
                (counts.max().copied(), SPREAD_OF_ADDRESSES.saturating_mul(2))
            }
            Condition::Number(..) => return None,
        };
        // A handful that share a value do not matter; from there on each doubling does.
        let crowd = (count.unwrap_or_default() / CROWD).saturating_add(1).ilog2();
        Some((crowd, spread))
    }
}

fn add<K: Eq + Hash>(counts: &mut HashMap<K, usize>, key: K) {
    let count = counts.entry(key).or_default();
    *count = count.saturating_add(1);
}

/// So many rules may share a value before that counts against finding them by it.
const CROWD: usize = 16;

/// A shorter literal is chosen only where there is no other.
const SHORT: usize = 3;
