//! Which rules could match at all: each hangs on the one of its conditions that fewest requests fulfil, and only those whose condition
//! shows up are tried. So the cost of a request depends on how many rules are about it, not on how many there are.
//!
//! An exact text is found in a hash map; a text with wildcards by its longest part without, all of them in one pass (Aho-Corasick);
//! a network in a trie. Rules that ask for nothing of these, only for numbers or for any value at all (`*`), are always tried.

use super::condition::Condition;
use super::field::{Field, SPREAD_OF_ADDRESSES};
use super::subject::{Subject, texts};
use super::{Missing, Rule};
use crate::evidence::Evidence;
use aho_corasick::Input;
use aho_corasick::automaton::Automaton;
use aho_corasick::nfa::contiguous::NFA;
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
        let mut index = Self::default();
        let mut fields: BTreeMap<Field, (Values, BTreeMap<String, Places>)> = BTreeMap::new();
        for (place, rule) in rules.iter().enumerate() {
            let anchors = rule
                .conditions
                .iter()
                .filter_map(|condition| Some((spread(condition)?, condition)));
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
                    for literal in wanted.globs().iter().filter_map(super::pattern::Glob::literal) {
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

/// How many requests fulfil a condition, as a rank; none when the rule cannot be found by it.
fn spread(condition: &Condition) -> Option<u8> {
    match condition {
        Condition::Text(field, wanted) => {
            let has_literals = wanted.globs().iter().all(|glob| glob.literal().is_some());
            let rank = field.spread().saturating_mul(2);
            has_literals.then(|| rank.saturating_add(u8::from(!wanted.globs().is_empty())))
        }
        Condition::ClientIp(_) => Some(SPREAD_OF_ADDRESSES.saturating_mul(2)),
        Condition::Number(..) => None,
    }
}
