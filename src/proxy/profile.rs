//! Headers that come again and again, read once. Clients send the same ones with most of their requests, and those of one build the
//! same as each other: what follows from them alone is kept.
//!
//! Kept under the bytes that it was read from, which are compared whole: no two requests that differ in what counts are ever taken for
//! each other. A worker keeps [`MAX_PROFILES`] profiles of at most [`MAX_KEY`] bytes of headers each, with what they look like in the
//! log about three times as much, and with how they lay in the proxy's map twice more: usually 1 MiB, 8 MiB at most. Longer ones are
//! read with each request.

use crate::annotate::line::Part;
use crate::clients::crawlers::{Crawlers, Verification};
use crate::evidence::claims::{Claimed, Claims};
use crate::evidence::fields::Fields;
use crate::evidence::{Evidence, Reason, RequestNames, Said, Says, Sent, is_compared};
use crate::fingerprint::order::{HeaderOrder, is_left_out};
use crate::host::{FieldMap, Layout, are_same};
use crate::memory::key::Key;
use core::cell::{OnceCell, RefCell};
use core::num::NonZeroUsize;
use lru::LruCache;
use smallvec::SmallVec;
use std::rc::Rc;

/// The profiles that a worker keeps.
pub(super) const MAX_PROFILES: NonZeroUsize = NonZeroUsize::MIN.saturating_add(255);

/// The longest headers that have a kept profile, in bytes, those not counted that nothing is read from. Browsers' have about 1,000.
pub(super) const MAX_KEY: usize = 4_096;

/// In how many layouts a profile is known at once: with cookies and without, with a body.
pub(super) const MAX_LAYOUTS: usize = 2;

/// Where the order of a request's headers comes from.
#[derive(Debug)]
pub(super) enum Order<'a> {
    /// It is that of the proxy's map, which has these names.
    OfMap(&'a RequestNames<'a>),
    /// It was read, or is not to be had.
    Told(Evidence<HeaderOrder>),
}

/// What follows from the headers of a request alone.
#[derive(Debug)]
pub(super) struct Profile {
    /// Under what it is kept.
    digest: Option<Key>,
    key: Box<[u8]>,
    order: Evidence<HeaderOrder>,
    is_of_browser: bool,
    claims_crawler: bool,
    pub(super) line: OnceCell<Part>,
    claimed: OnceCell<Claimed>,
    /// How its headers lay in the maps that came last, the last first.
    pub(super) layouts: RefCell<SmallVec<[Rc<Layout>; MAX_LAYOUTS]>>,
}

impl Profile {
    fn new(kept: Option<(Key, &[u8])>, order: Order<'_>, fields: &Fields<'_>, crawlers: &Crawlers) -> Self {
        let said = Said::new(fields);
        Self {
            digest: kept.map(|(digest, _)| digest),
            key: kept.map_or_else(Box::default, |(_, key)| key.into()),
            order: match order {
                Order::OfMap(names) => Evidence::or_missing(HeaderOrder::of(names.iter()), Reason::TooLarge),
                Order::Told(order) => order,
            },
            is_of_browser: said.is_of_browser(),
            claims_crawler: !matches!(crawlers.verify_claim(said.claims(), None), Verification::NotClaimed),
            line: OnceCell::new(),
            claimed: OnceCell::new(),
            layouts: RefCell::default(),
        }
    }

    /// Remembers how its headers lay in `map`, which were these `fields`.
    fn learn(&self, map: &FieldMap, fields: &Fields<'_>) {
        let mut layouts = self.layouts.borrow_mut();
        if layouts.iter().any(|layout| layout.read(map).is_some()) {
            return;
        }
        if let Some(layout) = Layout::of(fields, counts).filter(|layout| layout.bytes() <= 2 * MAX_KEY) {
            layouts.truncate(MAX_LAYOUTS - 1);
            layouts.insert(0, Rc::new(layout));
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
    /// The profile of a request with these `fields` of `map` in this `order`.
    pub(super) fn of(&self, order: Order<'_>, map: &FieldMap, fields: &Fields<'_>, crawlers: &Crawlers) -> Rc<Profile> {
        // So they come with all later requests of the connection too: what is told by their layout alone is this profile.
        let comes_again = matches!(
            order,
            Order::OfMap(_) | Order::Told(Evidence::Missing(Reason::LaterRequest))
        );
        let mut key = self.scratch.take();
        let profile = if write_key(&mut key, &order, fields) {
            let mut kept = self.kept.borrow_mut();
            let digest = digest(&key);
            let found = kept
                .get(&digest)
                .filter(|profile| are_same(&profile.key, &key))
                .cloned();
            // What comes once is not worth remembering how it lay.
            if let Some(profile) = found.as_ref().filter(|_| comes_again) {
                profile.learn(map, fields);
            }
            found.unwrap_or_else(|| {
                let profile = Rc::new(Profile::new(Some((digest, &key)), order, fields, crawlers));
                kept.put(digest, Rc::clone(&profile));
                profile
            })
        } else {
            Rc::new(Profile::new(None, order, fields, crawlers))
        };
        self.scratch.replace(key);
        profile
    }

    /// `profile` was met again.
    pub(super) fn again(&self, profile: &Rc<Profile>) -> Rc<Profile> {
        if let Some(digest) = &profile.digest {
            self.kept.borrow_mut().promote(digest);
        }
        Rc::clone(profile)
    }
}

/// Whether the value of the header of this name is read.
fn counts(name: &str) -> bool {
    is_compared(name) || name.starts_with("sec-ch-ua")
}

/// Writes all that [`Profile`] is made from. Whether there is room for it.
fn write_key(key: &mut Vec<u8>, order: &Order<'_>, fields: &Fields<'_>) -> bool {
    key.clear();
    match order {
        Order::OfMap(_) => key.push(0),
        Order::Told(Evidence::Seen(order)) => {
            key.push(1);
            write_text(key, order.as_str().as_bytes());
        }
        Order::Told(absent) => {
            key.push(2);
            write_text(key, absent.state().as_bytes());
        }
    }
    let is_of_map = matches!(order, Order::OfMap(_));
    for (name, value) in fields {
        let is_read = counts(name);
        if is_read || (is_of_map && !is_left_out(name)) {
            write_text(key, name.as_bytes());
        }
        if is_read {
            write_text(key, value);
        }
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

/// A request's headers of which the profile is known: they are read only where that does not tell.
#[derive(Debug)]
pub(super) struct Profiled<'p, 'f> {
    profile: &'p Profile,
    said: Said<'f>,
}

impl<'p, 'f> Profiled<'p, 'f> {
    /// `fields` have this profile.
    pub(super) const fn new(profile: &'p Profile, fields: &'f Fields<'f>) -> Self {
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

    fn claimed(&self) -> &Claimed {
        self.profile.claimed.get_or_init(|| Claimed::of(self.said.claims()))
    }

    fn sent(&self) -> &Sent<'_> {
        self.said.sent()
    }

    fn is_of_browser(&self) -> bool {
        self.profile.is_of_browser
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::fields::with;
    use proptest::prelude::*;

    const CHROME: [(&str, &[u8]); 6] = [
        (":method", b"GET"),
        (":path", b"/"),
        ("sec-ch-ua", b"\"Chromium\";v=\"131\""),
        (
            "user-agent",
            b"Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/131.0.0.0",
        ),
        ("accept", b"*/*"),
        ("cookie", b"a=b"),
    ];

    fn profile(profiles: &Profiles, fields: &Fields<'_>) -> Rc<Profile> {
        of(profiles, Order::OfMap(&RequestNames::new(fields)), fields)
    }

    fn of(profiles: &Profiles, order: Order<'_>, fields: &Fields<'_>) -> Rc<Profile> {
        let map = FieldMap::of(fields.iter().copied());
        profiles.of(order, &map, fields, &Crawlers::default())
    }

    fn changed(at: usize, field: (&'static str, &'static [u8])) -> Vec<(&'static str, &'static [u8])> {
        with(&CHROME, at, field)
    }

    #[test]
    fn what_differs_in_nothing_that_is_read_has_one_profile() {
        let profiles = Profiles::default();
        let first = profile(&profiles, &CHROME);
        for other in [
            CHROME.to_vec(),
            changed(1, (":path", b"/login?x")),
            changed(5, ("referer", b"https://a.example/")),
            CHROME[..5].to_vec(),
        ] {
            assert!(Rc::ptr_eq(&first, &profile(&profiles, &other)), "{other:?}");
        }
    }

    #[test]
    fn what_differs_in_a_value_a_name_or_the_order_has_another() {
        let profiles = Profiles::default();
        let first = profile(&profiles, &CHROME);
        let mut swapped = CHROME;
        swapped.swap(3, 4);
        for other in [
            changed(3, ("user-agent", b"curl/8.5.0")),
            changed(4, ("accept", b"*/*;q=0.8")),
            changed(4, ("accept-language", b"*/*")),
            changed(2, ("sec-ch-ua-arch", b"\"Chromium\";v=\"131\"")),
            changed(5, ("x-own", b"a=b")),
            CHROME[..4].to_vec(),
            swapped.to_vec(),
            [&CHROME[..], &CHROME[4..5]].concat(),
        ] {
            let other = profile(&profiles, &other);
            assert!(!Rc::ptr_eq(&first, &other), "{other:?}");
        }
        assert!(first.is_of_browser && !first.claims_crawler);
    }

    #[test]
    fn headers_that_lay_so_before_are_told_without_being_read() {
        let profiles = Profiles::default();
        let first = profile(&profiles, &CHROME);
        assert!(first.layouts.borrow().is_empty());
        for _ in 0..3 {
            profile(&profiles, &CHROME);
            assert_eq!(first.layouts.borrow().len(), 1);
        }
        let with_login = changed(1, (":path", b"/login"));
        let map = FieldMap::of(with_login.iter().copied());
        let layouts = first.layouts.borrow().clone();
        let read = layouts[0].read(&map).unwrap();
        assert_eq!(RequestNames::new(&read).forged_count(), 0);
        assert_eq!(read, with_login);
        // The same profile without cookies, and with a forged annotation, which is left out of orders.
        let forged = changed(5, ("x-layerprint-id", b"1"));
        for (fields, count) in [(&CHROME[..5], 0), (&forged, 1)] {
            assert!(Rc::ptr_eq(&first, &profile(&profiles, fields)));
            let layouts = first.layouts.borrow();
            let map = FieldMap::of(fields.iter().copied());
            let read = layouts[0].read(&map).unwrap();
            let forged = RequestNames::new(&read).forged_count();
            assert_eq!((layouts.len(), forged), (MAX_LAYOUTS, count));
            assert_eq!(read, fields);
        }
        let other = changed(3, ("user-agent", b"curl/8.5.0"));
        let map = FieldMap::of(other.iter().copied());
        assert!(first.layouts.borrow().iter().all(|layout| layout.read(&map).is_none()));
    }

    #[test]
    fn what_comes_with_the_first_request_alone_is_not_told_by_how_it_lies() {
        let profiles = Profiles::default();
        let told = |order: &Evidence<HeaderOrder>| {
            for fields in [&CHROME[..], &CHROME] {
                of(&profiles, Order::Told(order.clone()), fields);
            }
            of(&profiles, Order::Told(order.clone()), &CHROME[..5])
        };
        let order = Evidence::Seen(HeaderOrder::of(["host", "accept"]).unwrap());
        assert!(told(&order).layouts.borrow().is_empty());
        let later = Evidence::Missing(Reason::LaterRequest);
        assert_eq!(told(&later).layouts.borrow().len(), MAX_LAYOUTS);
    }

    #[test]
    fn a_profile_that_is_met_again_outlives_others() {
        let profiles = Profiles::default();
        let first = profile(&profiles, &CHROME);
        for n in 0..2 * MAX_PROFILES.get() {
            let agent = n.to_string();
            profile(&profiles, &[("user-agent", agent.as_bytes())]);
            assert!(Rc::ptr_eq(&first, &profiles.again(&first)));
        }
        assert!(Rc::ptr_eq(&first, &profile(&profiles, &CHROME)));
    }

    #[test]
    fn an_order_that_was_told_counts_as_it_was() {
        let profiles = Profiles::default();
        let told = |order| of(&profiles, Order::Told(order), &CHROME);
        let names = |names: &[&str]| Evidence::Seen(HeaderOrder::of(names.iter().copied()).unwrap());
        let first = told(names(&["host", "accept"]));
        assert!(Rc::ptr_eq(&first, &told(names(&["host", "accept"]))));
        for other in [
            names(&["accept", "host"]),
            Evidence::Missing(Reason::LaterRequest),
            Evidence::Pending,
        ] {
            assert!(!Rc::ptr_eq(&first, &told(other)));
        }
    }

    #[test]
    fn what_is_longer_than_is_kept_is_read_each_time_and_the_number_of_profiles_is_bounded() {
        let profiles = Profiles::default();
        let long = vec![b'a'; MAX_KEY];
        let fields = [("user-agent", &long[..])];
        let (one, other) = (profile(&profiles, &fields), profile(&profiles, &fields));
        assert!(!Rc::ptr_eq(&one, &other));
        assert_eq!(one.order, other.order);
        for n in 0..2 * MAX_PROFILES.get() {
            let agent = n.to_string();
            profile(&profiles, &[("user-agent", agent.as_bytes())]);
        }
        assert_eq!(profiles.kept.borrow().len(), MAX_PROFILES.get());
    }

    proptest! {
        /// Names and values that are easily taken for each other.
        #[test]
        fn one_profile_is_read_from_one_thing(
            one in prop::collection::vec((0_usize..6, "[ab,:]{0,3}"), 0..6),
            other in prop::collection::vec((0_usize..6, "[ab,:]{0,3}"), 0..6),
        ) {
            const NAMES: [&str; 6] = ["accept", "a", "b", "sec-ch-ua", "sec-ch-ua-a", "cookie"];
            let profiles = Profiles::default();
            let of = |fields: &[(usize, String)]| -> Vec<(&'static str, Vec<u8>)> {
                fields.iter().map(|(name, value)| (NAMES[*name], value.clone().into_bytes())).collect()
            };
            let read = |fields: &[(&'static str, Vec<u8>)]| {
                let fields: Vec<(&str, &[u8])> = fields.iter().map(|(name, value)| (*name, &value[..])).collect();
                let said = Said::new(&fields);
                let profile = profile(&profiles, &fields);
                let read = (profile.order.clone(), format!("{:?} {:?}", said.claims(), said.sent()));
                (profile, read)
            };
            let (one, other) = (read(&of(&one)), read(&of(&other)));
            if Rc::ptr_eq(&one.0, &other.0) {
                prop_assert_eq!(one.1, other.1);
            }
        }
    }
}
