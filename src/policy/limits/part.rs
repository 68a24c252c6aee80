//! What a limit counts by.

use super::super::rules::{Field, Missing, Subject};
use crate::evidence::Evidence;
use crate::memory::sources::Prefix;
use core::fmt::{self, Display};
use core::hash::{Hash, Hasher};

/// A part of the key of a limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// All values of a field.
    Field(Field),
    /// `ja4_a`, `ja4_b`, `ja4_c`: a part of JA4, from 0.
    Ja4(usize),
    /// `client_ip`: the address, which is /32 of IPv4 and /64 of IPv6.
    Client,
    /// `client_net`: the network, which is /24 of IPv4 and /48 of IPv6.
    Network,
    /// `{"header": "x-api-key"}`: all values of the header of this name, in lower case.
    Header(Box<str>),
}

/// Stands before each value of a part.
const VALUE: u8 = 0;

/// Stands behind its last one.
const END: u8 = 1;

/// Stands for a part that is missing.
const NOTHING: u8 = 2;

impl Part {
    /// The parts that are one word each, which stands for themselves.
    pub const OWN_WORDS: [(&'static str, Self); 5] = [
        ("ja4_a", Self::Ja4(0)),
        ("ja4_b", Self::Ja4(1)),
        ("ja4_c", Self::Ja4(2)),
        ("client_ip", Self::Client),
        ("client_net", Self::Network),
    ];

    /// The part of this word: one of our own, or the name of a field.
    pub fn of_word(word: &str) -> Option<Self> {
        let own = Self::OWN_WORDS.into_iter().find(|(known, _)| *known == word);
        let field = || Field::ALL.into_iter().find(|field| field.as_str() == word);
        own.map(|(_, part)| part).or_else(|| field().map(Self::Field))
    }

    /// All words, as they are accepted.
    pub fn words() -> impl Iterator<Item = &'static str> {
        let own = Self::OWN_WORDS.map(|(word, _)| word);
        own.into_iter().chain(Field::ALL.map(Field::as_str))
    }

    /// Hashes what `request` has of it, so that the values of one part never run into those of the next. False where it has nothing,
    /// and is not to be counted then.
    pub(super) fn hash_of(&self, request: &impl Subject, missing: Missing, state: &mut impl Hasher) -> bool {
        let seen = match self {
            Self::Field(field) => request.texts(*field, &mut |text| (VALUE, text).hash(state)),
            Self::Ja4(n) => request.texts(Field::Ja4, &mut |text| (VALUE, text.split('_').nth(*n)).hash(state)),
            Self::Client => request.client_ip().map(|ip| (VALUE, Prefix::of_client(ip)).hash(state)),
            Self::Network => request.client_ip().map(|ip| (VALUE, Prefix::of(ip)).hash(state)),
            Self::Header(name) => request.header(name, &mut |value| (VALUE, value).hash(state)),
        };
        match (seen, missing) {
            (Evidence::Seen(()), _) => END.hash(state),
            (_, Missing::Match) => NOTHING.hash(state),
            (_, Missing::NoMatch) => return false,
        }
        true
    }
}

/// As the configuration has it.
impl Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let own = Self::OWN_WORDS.iter().find(|(_, part)| part == self);
        match (self, own) {
            (Self::Field(field), _) => f.write_str(field.as_str()),
            (Self::Header(name), _) => write!(f, "header {name}"),
            (_, Some((word, _))) => f.write_str(word),
            (_, None) => Ok(()),
        }
    }
}
