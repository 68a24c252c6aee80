//! In which order an implementation writes the headers that are its own: templates, held against a request's names.
//!
//! A template lists names. Of a request, the names that are in the template have to come in its order; a name with `?` may be
//! missing, one with `!` has to be; all others play no part, so that what the page or the caller adds does not make a stranger of
//! a client.
//!
//! Every request is held against every template of its protocol and kind, so names are numbers here: a request's are looked up
//! once, and a template knows a number's place by one look.

use smallvec::SmallVec;

use super::Reach;
use crate::evidence::Protocol;

/// The most different names in all templates: a bit for each.
pub(super) const MAX_NAMES: usize = 128;

/// All names that templates speak of, sorted.
#[derive(Clone, Debug, Default)]
pub(super) struct Vocabulary(Vec<String>);

impl Vocabulary {
    pub(super) fn of<'a>(names: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut names: Vec<String> = names.map(str::to_owned).collect();
        names.sort_unstable();
        names.dedup();
        (names.len() <= MAX_NAMES).then_some(Self(names))
    }

    fn number(&self, name: &str) -> Option<u8> {
        let at = self.0.binary_search_by(|known| known.as_str().cmp(name)).ok()?;
        u8::try_from(at).ok()
    }

    /// The numbers of the names that any template speaks of, in their order.
    pub(super) fn read<'a>(&self, names: impl Iterator<Item = &'a str>) -> Numbers {
        let mut numbers = Numbers::default();
        for number in names.filter_map(|name| self.number(name)) {
            numbers.set |= bit(number);
            numbers.in_order.push(number);
        }
        numbers
    }
}

/// A request's names as numbers; over 64 it costs an allocation.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    in_order: SmallVec<[u8; 64]>,
    set: u128,
}

/// The bit of a name's number.
fn bit(number: u8) -> u128 {
    1_u128.checked_shl(u32::from(number)).unwrap_or(0)
}

/// What a template says of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    Required,
    Optional,
    Forbidden,
}

/// A name of a template as it is written.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) presence: Presence,
}

impl Entry {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (name, presence) = match (text.strip_suffix('?'), text.strip_suffix('!')) {
            (Some(name), _) => (name, Presence::Optional),
            (_, Some(name)) => (name, Presence::Forbidden),
            _ => (text, Presence::Required),
        };
        let is_letter = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || b"-_".contains(&letter);
        let is_name = !name.is_empty() && name.bytes().all(is_letter);
        is_name.then(|| Self {
            name: name.to_owned(),
            presence,
        })
    }
}

/// The versions of HTTP for which a template holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Versions {
    Http10,
    Http11,
    Http1,
    Http2,
    Any,
}

impl Versions {
    const fn has(self, protocol: Protocol) -> bool {
        match protocol {
            Protocol::Http10 => matches!(self, Self::Http10 | Self::Http1 | Self::Any),
            Protocol::Http11 => matches!(self, Self::Http11 | Self::Http1 | Self::Any),
            Protocol::Http2 => matches!(self, Self::Http2 | Self::Any),
            // What is written over QUIC was not measured; the same code writes it, but its order is not known.
            Protocol::Http3 => matches!(self, Self::Any),
        }
    }
}

/// The order in which an implementation writes its headers, for a protocol and a kind of request.
#[derive(Clone, Debug)]
pub(super) struct Template {
    pub(super) versions: Versions,
    /// Whether it holds for navigations alone, for all but them, or for both.
    pub(super) reach: Reach,
    pub(super) entries: Vec<Entry>,
    /// By a name's number, the place in the template counted from 1; 0 where the template does not speak of it.
    places: Vec<u8>,
    /// The names that must be there, and those that must not.
    required: u128,
    forbidden: u128,
}

impl Template {
    pub(super) const fn new(versions: Versions, reach: Reach, entries: Vec<Entry>) -> Self {
        Self {
            versions,
            reach,
            entries,
            places: Vec::new(),
            required: 0,
            forbidden: 0,
        }
    }

    /// Takes the numbers of `vocabulary`, which has all its names.
    pub(super) fn number(&mut self, vocabulary: &Vocabulary) {
        self.places = vec![0; vocabulary.0.len()];
        (self.required, self.forbidden) = (0, 0);
        for (place, entry) in (1..=u8::MAX).zip(&self.entries) {
            let Some(number) = vocabulary.number(&entry.name) else {
                continue;
            };
            if let Some(slot) = self.places.get_mut(usize::from(number)) {
                *slot = place;
            }
            match entry.presence {
                Presence::Required => self.required |= bit(number),
                Presence::Optional => {}
                Presence::Forbidden => self.forbidden |= bit(number),
            }
        }
    }

    /// Whether it speaks of such requests. A request of which it is not known whether it is a navigation may be either.
    pub(super) fn is_for(&self, protocol: Protocol, navigation: Option<bool>) -> bool {
        self.versions.has(protocol) && self.reach.has(navigation)
    }

    /// Whether the names that it speaks of come in its order, each once, and none is missing that must not be.
    pub(super) fn fits(&self, numbers: &Numbers) -> bool {
        if numbers.set & self.required != self.required || numbers.set & self.forbidden != 0 {
            return false;
        }
        let mut last = 0;
        numbers.in_order.iter().all(|number| {
            let place = self.places.get(usize::from(*number)).copied().unwrap_or(0);
            let is_next = place == 0 || place > last;
            last = last.max(place);
            is_next
        })
    }
}
