//! Headers that come again and again, read once. Clients send the same ones with most of their requests, and those of one build the
//! same as each other: what follows from them alone is kept, as is what follows from them on one connection.
//!
//! Kept under the bytes that it was read from, which are compared whole: no two requests that differ in what counts are ever taken for
//! each other. A worker keeps [`MAX_PROFILES`] profiles of at most [`MAX_KEY`] bytes of headers each, with what they look like in the
//! log about three times as much: usually 0.7 MiB, 3 MiB at most. Longer ones are read with each request.

use crate::annotate::line::{self, Part};
use crate::annotate::{Annotation, Observed, headers};
use crate::clients::crawlers::{Crawlers, Verification};
use crate::compare::{Known as Clients, Standing};
use crate::evidence::claims::Claims;
use crate::evidence::fields::Fields;
use crate::evidence::{COMPARED, Evidence, NetworkTags, Said, Says, Sent};
use crate::fingerprint::order::HeaderOrder;
use crate::memory::key::Key;
use crate::policy::config::Header;
use core::cell::{OnceCell, RefCell};
use core::num::NonZeroUsize;
use core::sync::atomic::{AtomicU64, Ordering};
use lru::LruCache;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::rc::Rc;

/// The profiles that a worker keeps.
pub(super) const MAX_PROFILES: NonZeroUsize = NonZeroUsize::MIN.saturating_add(255);

/// The longest headers that have a kept profile, in bytes, those not counted that nothing is read from. Browsers' have about 1,000.
pub(super) const MAX_KEY: usize = 4_096;

/// Of how many profiles a connection keeps what follows from them on it: a page, its scripts, its pictures, its calls.
const MAX_STANDINGS: usize = 4;

/// What follows from the headers of a request alone.
#[derive(Debug)]
pub(super) struct Profile {
    /// No two profiles of a process have one number.
    number: u64,
    key: Box<[u8]>,
    order: Evidence<HeaderOrder>,
    is_of_browser: bool,
    claims_crawler: bool,
    line: OnceCell<Part>,
}

impl Profile {
    fn new(key: &[u8], order: &Evidence<HeaderOrder>, fields: &Fields, crawlers: &Crawlers) -> Self {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        let said = Said::new(fields);
        Self {
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            key: key.into(),
            // A copy takes no more room than it needs.
            order: order.clone(),
            is_of_browser: said.is_of_browser(),
            claims_crawler: !matches!(crawlers.verify_claim(said.claims(), None), Verification::NotClaimed),
            line: OnceCell::new(),
        }
    }

    /// The order of the headers.
    pub(super) const fn order(&self) -> &Evidence<HeaderOrder> {
        &self.order
    }

    /// Whether they claim to come from a crawler of the table.
    pub(super) const fn claims_crawler(&self) -> bool {
        self.claims_crawler
    }
}

/// The profiles that were met last.
#[derive(Debug)]
pub(super) struct Profiles {
    kept: RefCell<LruCache<Key, Rc<Profile>>>,
    /// Where keys are written.
    scratch: RefCell<Vec<u8>>,
}

impl Default for Profiles {
    fn default() -> Self {
        Self {
            kept: RefCell::new(LruCache::new(MAX_PROFILES)),
            scratch: RefCell::default(),
        }
    }
}

impl Profiles {
    /// The profile of a request with these `fields` in this `order`.
    pub(super) fn of(&self, order: &Evidence<HeaderOrder>, fields: &Fields, crawlers: &Crawlers) -> Rc<Profile> {
        let mut key = self.scratch.take();
        let profile = if write_key(&mut key, order, fields) {
            let mut kept = self.kept.borrow_mut();
            let digest = digest(&key);
            let found = kept
                .get(&digest)
                .filter(|profile| are_same(&profile.key, &key))
                .cloned();
            found.unwrap_or_else(|| {
                let profile = Rc::new(Profile::new(&key, order, fields, crawlers));
                kept.put(digest, Rc::clone(&profile));
                profile
            })
        } else {
            Rc::new(Profile::new(&[], order, fields, crawlers))
        };
        self.scratch.replace(key);
        profile
    }
}

/// Writes all that [`Profile`] is made from. Whether there is room for it.
fn write_key(key: &mut Vec<u8>, order: &Evidence<HeaderOrder>, fields: &Fields) -> bool {
    const OTHER: u8 = u8::MAX;
    key.clear();
    let (state, text) = match order {
        Evidence::Seen(order) => (0, order.as_str()),
        absent => (OTHER, absent.state()),
    };
    key.push(state);
    write_text(key, text.as_bytes());
    for (name, value) in fields {
        let place = COMPARED.iter().position(|known| known == name);
        if let Some(place) = place {
            key.push(u8::try_from(place).unwrap_or(OTHER));
        } else if name.starts_with("sec-ch-ua") {
            key.push(OTHER);
            write_text(key, name.as_bytes());
        } else {
            continue;
        }
        write_text(key, value);
        if key.len() > MAX_KEY {
            return false;
        }
    }
    key.len() <= MAX_KEY
}

/// Writes `text` so that it does not run together with what stands behind it. What is longer than can be written has no kept profile.
fn write_text(key: &mut Vec<u8>, text: &[u8]) {
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    key.extend_from_slice(&length.to_le_bytes());
    key.extend_from_slice(text);
}

/// A hash to find a profile by. Who sends headers that meet another's there makes that one be read again, no more.
fn digest(key: &[u8]) -> Key {
    let (words, rest) = key.as_chunks::<8>();
    let mut last = [0; 8];
    last.iter_mut().zip(rest).for_each(|(place, byte)| *place = *byte);
    let words = words.iter().chain([&last]).copied().map(u64::from_le_bytes);
    words.fold(Key::of_bits(0), |digest, word| digest.with(Key::of_bits(word)))
}

/// Whether the two are equal, by words: the comparison of bytes that WebAssembly comes with takes several times as long.
fn are_same(one: &[u8], other: &[u8]) -> bool {
    let ((words, rest), (other_words, other_rest)) = (one.as_chunks::<8>(), other.as_chunks::<8>());
    let word = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
    words.len() == other_words.len()
        && words
            .iter()
            .zip(other_words)
            .all(|(one, other)| word(one) == word(other))
        && rest == other_rest
}

/// A request's headers of which the profile is known: they are read only where that does not tell.
#[derive(Debug)]
pub(super) struct Profiled<'p, 'f> {
    profile: &'p Profile,
    said: Said<'f>,
}

impl<'p, 'f> Profiled<'p, 'f> {
    /// `fields` have this profile.
    pub(super) const fn new(profile: &'p Profile, fields: &'f Fields) -> Self {
        Self {
            profile,
            said: Said::new(fields),
        }
    }
}

impl Says for Profiled<'_, '_> {
    fn claims(&self) -> &Claims<'_> {
        self.said.claims()
    }

    fn sent(&self) -> &Sent<'_> {
        self.said.sent()
    }

    fn is_of_browser(&self) -> bool {
        self.profile.is_of_browser
    }
}

/// What a connection's requests have in common: one for those that the connection is their client's own of, and one each for those of
/// which Layer 4, Layer 7 or both are somebody else's. Hardly any connection brings more than one kind.
#[derive(Debug, Default)]
pub(super) struct Recurring([OnceCell<Box<Kept>>; 4]);

/// What the requests of one kind have in common. At most 2 KiB.
#[derive(Debug, Default)]
struct Kept {
    standings: RefCell<VecDeque<(u64, NetworkTags, Rc<Standing>)>>,
    line: OnceCell<Part>,
    id: OnceCell<Box<str>>,
    tcp: OnceCell<Option<Box<str>>>,
}

/// What one request has in common with others.
#[derive(Debug)]
pub(super) struct Common<'a> {
    profile: &'a Profile,
    connection: Option<&'a Kept>,
}

impl<'a> Common<'a> {
    /// A request with this `profile`, of whose connection this is not its client's.
    pub(super) fn new(profile: &'a Profile, recurring: &'a Recurring, others: Others) -> Self {
        let kind = usize::from(others.layer4) + 2 * usize::from(others.layer7);
        let connection = recurring.0.get(kind);
        Self {
            profile,
            connection: connection.map(|kept| &**kept.get_or_init(Box::default)),
        }
    }
}

/// What of a connection is somebody else's than its request's client's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Others {
    /// What lies below TLS.
    pub(super) layer4: bool,
    /// TLS and HTTP.
    pub(super) layer7: bool,
}

impl Common<'_> {
    /// What the layers say of all requests of this profile on the connection, from the networks of this one.
    pub(super) fn standing(&self, observed: &Observed<'_>, known: Clients<'_>) -> Rc<Standing> {
        let make = || Rc::new(Standing::of(&observed.view(), known));
        let Some(connection) = self.connection else {
            return make();
        };
        let wanted = (self.profile.number, observed.networks);
        let mut standings = connection.standings.borrow_mut();
        let found = standings
            .iter()
            .find(|(number, networks, _)| (*number, *networks) == wanted);
        if let Some((.., standing)) = found {
            return Rc::clone(standing);
        }
        let standing = make();
        if standings.len() >= MAX_STANDINGS {
            standings.pop_front();
        }
        let (number, networks) = wanted;
        standings.push_back((number, networks, Rc::clone(&standing)));
        standing
    }

    /// The request's line.
    pub(super) fn line(&self, annotation: &Annotation<'_>) -> String {
        let of = annotation.observed;
        let of_headers = self.profile.line.get_or_init(|| line::part_of_headers(of));
        match self.connection {
            Some(connection) => {
                let of_connection = connection.line.get_or_init(|| line::part_of_connection(of));
                line::with_parts(annotation, of_connection, of_headers)
            }
            None => line::with_parts(annotation, &line::part_of_connection(of), of_headers),
        }
    }

    /// The value of `header`.
    pub(super) fn header<'v>(&'v self, header: Header, annotation: &'v Annotation<'_>) -> Option<Cow<'v, str>> {
        let value = || headers::value(header, annotation);
        let owned = || value().map(|value| value.into_owned().into_boxed_str());
        match (header, self.connection) {
            (Header::Id, Some(connection)) => {
                let id = connection.id.get_or_init(|| owned().unwrap_or_default());
                Some(Cow::Borrowed(id))
            }
            (Header::Tcp, Some(connection)) => connection.tcp.get_or_init(owned).as_deref().map(Cow::Borrowed),
            _ => value(),
        }
    }
}
