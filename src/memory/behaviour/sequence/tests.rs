//! Stories: who comes, what they ask for, what is found.

use super::*;
use crate::compare::{Code, Score};
use crate::memory::behaviour::Claimant;
use crate::memory::key::Keys;
use crate::memory::store::tests::Shelf;
use crate::memory::store::{Moment, Swap, Version};
use core::cell::Cell;
use core::time::Duration;
use std::collections::BTreeMap;

/// A host behind a proxy of one worker.
#[derive(Debug, Default)]
struct Host {
    shelf: Shelf,
    calls: Cell<u32>,
    is_away: Cell<bool>,
    worker: Sequences,
    settings: Settings,
}

impl Store for Host {
    fn shared(&self, key: &str) -> Result<Option<(Vec<u8>, Version)>, Unavailable> {
        self.calls.set(self.calls.get() + 1);
        if self.is_away.get() {
            return Err(Unavailable);
        }
        self.shelf.shared(key)
    }

    fn swap_shared(&self, key: &str, value: &[u8], seen: Option<Version>) -> Result<Swap, Unavailable> {
        self.calls.set(self.calls.get() + 1);
        if self.is_away.get() {
            return Err(Unavailable);
        }
        self.shelf.swap_shared(key, value, seen)
    }
}

/// Who comes: an address, a cookie, a claim.
#[derive(Clone, Copy, Debug)]
struct Someone {
    address: u32,
    cookie: Option<u32>,
    claimant: Claimant,
}

const fn chrome(address: u32) -> Someone {
    Someone {
        address,
        cookie: None,
        claimant: Claimant::Browser,
    }
}

const fn curl(address: u32) -> Someone {
    Someone {
        claimant: Claimant::Other,
        ..chrome(address)
    }
}

impl Someone {
    const fn with_cookie(self, cookie: u32) -> Self {
        Self {
            cookie: Some(cookie),
            ..self
        }
    }

    const fn at(self, address: u32) -> Self {
        Self { address, ..self }
    }
}

const NOW: u64 = 1_800_000_000_000;

fn visit(someone: Someone, millis: u64, request: &str) -> Visit {
    let keys = Keys::default();
    let (method, path) = request.split_once(' ').unwrap();
    let first = path.split('/').nth(1).unwrap().split('?').next().unwrap();
    let step = match first {
        "static" => Step::Asset,
        "login" => Step::Login,
        "checkout" => Step::Checkout,
        "search" => Step::Search,
        "api" => Step::Api,
        "admin" => Step::Admin,
        _ => Step::Page,
    };
    Visit {
        at: Moment(Duration::from_millis(millis)),
        step,
        attempt: if method == "GET" { Attempt::No } else { Attempt::Yes },
        route: keys.key("route", first),
        call: keys.key("call", (method, path.split('?').next())),
        shape: Some(keys.key("shape", 1_u8)),
        network: None,
        client: Some(keys.key("client", someone.address)),
        session: someone.cookie.map(|cookie| keys.key("session", cookie)),
        claimant: someone.claimant,
    }
}

impl Host {
    fn with(settings: Settings) -> Self {
        Self {
            settings,
            ..Self::default()
        }
    }

    /// What is found of one request.
    fn get(&self, someone: Someone, millis: u64, request: &str) -> Vec<Finding> {
        self.worker
            .visit(self, &self.settings, &visit(someone, millis, request))
    }

    /// The same on another worker.
    fn get_on(&self, worker: &Sequences, someone: Someone, millis: u64, request: &str) -> Vec<Finding> {
        worker.visit(self, &self.settings, &visit(someone, millis, request))
    }

    fn answered(&self, someone: Someone, millis: u64, request: &str, outcome: CacheOutcome) -> Vec<Finding> {
        let found = self.get(someone, millis, request);
        let visit = visit(someone, millis, request);
        self.worker.cached(self, &self.settings, &visit, outcome);
        found
    }

    /// People who load a page and its parts, and ask the API a little.
    fn with_people(self, people: u32) -> Self {
        for n in 0..people {
            let person = chrome(1_000_000 + n);
            let at = NOW - 600_000 + u64::from(n) * 500;
            let mut found = self.get(person, at, "GET /");
            (0..10).for_each(|n| found.extend(self.get(person, at + n, "GET /static/app.js")));
            found.extend(self.get(person, at + 100, "GET /api/me"));
            assert_eq!(found, [], "nothing is found of people");
        }
        self
    }
}

fn codes(found: &[Finding]) -> Vec<Code> {
    found.iter().map(|finding| finding.code).collect()
}

/// How often each was found.
fn count(found: impl IntoIterator<Item = Vec<Finding>>) -> BTreeMap<Code, usize> {
    let mut counts = BTreeMap::new();
    found
        .into_iter()
        .flatten()
        .for_each(|finding| *counts.entry(finding.code).or_insert(0) += 1);
    counts
}

/// Numbers that look random.
fn random(state: &mut u64, below: u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    (*state >> 33) % below
}

#[test]
fn a_scraper_that_skips_navigation_is_found_at_its_tenth_request() {
    let host = Host::default();
    let mut state = 1;
    let mut at = NOW;
    let mut first = None;
    for n in 1..=100 {
        at += 300 + random(&mut state, 3_000);
        let found = host.get(chrome(1), at, &format!("GET /api/items?page={n}"));
        if let (None, [finding]) = (first, found.as_slice()) {
            assert_eq!(finding.code, Code::NoNavigation);
            assert_eq!(
                finding.why,
                "the claimed browser sent 10 requests for what is dear, and neither it nor its session asked for a page or a part of \
                 one before"
            );
            first = Some(n);
        }
        assert_eq!(found.is_empty(), n < 10, "request {n}: {:?}", codes(&found));
    }
    assert_eq!(first, Some(10));
}

#[test]
fn a_scraper_is_found_when_its_requests_come_over_all_workers() {
    let host = Host::default();
    let workers = [(); 4].map(|()| Sequences::default());
    let turns = workers.iter().cycle().zip(0..10);
    let found = turns.map(|(worker, n)| host.get_on(worker, chrome(1), NOW + 777 * n, "GET /api/items"));
    assert_eq!(count(found), BTreeMap::from([(Code::NoNavigation, 1)]));
}

#[test]
fn a_single_page_app_that_polls_for_hours_and_changes_its_address_is_not_found() {
    let host = Host::default().with_people(100);
    let user = chrome(1);
    let mut found = vec![host.get(user, NOW, "GET /")];
    found.extend((0..20).map(|n| host.get(user, NOW + n, "GET /static/app.js")));
    let user = user.with_cookie(7);
    found.extend((0..2_160).map(|n| {
        // From the house into the street and back.
        let user = if (700..1_400).contains(&n) { user.at(2) } else { user };
        host.get(user, NOW + 1_000 + n * 5_000, "GET /api/messages")
    }));
    // The computer sleeps for the night.
    let morning = NOW + 3 * 3_600_000 + 10 * 3_600_000;
    found.extend((0..100).map(|n| host.get(user.at(3), morning + n * 5_000, "GET /api/messages")));
    assert_eq!(count(found), BTreeMap::new());
    assert_eq!(host.worker.take_tally(), Tally::default());
}

#[test]
fn without_a_cookie_an_app_is_known_by_its_client_until_it_is_idle() {
    let host = Host::default();
    host.get(chrome(1), NOW, "GET /");
    let hours = (1..=20).map(|n| host.get(chrome(1), NOW + n * 29 * 60_000, "GET /api/messages"));
    assert_eq!(count(hours), BTreeMap::new());
    let later = NOW + 20 * 29 * 60_000 + 31 * 60_000;
    let after = (0..11).map(|n| host.get(chrome(1), later + n * n * 1_000, "GET /api/messages"));
    assert_eq!(count(after), BTreeMap::from([(Code::NoNavigation, 2)]));
}

#[test]
fn a_page_counts_for_a_day_and_no_longer() {
    let host = Host::default();
    let user = chrome(1).with_cookie(1);
    host.get(user, NOW, "GET /");
    let mut state = 3;
    let mut poll = |from: u64, to: u64| {
        count((from..to).map(|n| {
            let at = NOW + n * 600_000 + random(&mut state, 300_000);
            host.get(user, at, "GET /api/messages")
        }))
    };
    assert_eq!(poll(0, 143), BTreeMap::new(), "24 hours");
    assert!(poll(145, 160).contains_key(&Code::NoNavigation));
}

#[test]
fn who_says_to_be_a_tool_needs_no_page() {
    let host = Host::default().with_people(100);
    let found = (0..100).map(|n| host.get(curl(1), NOW + n * n, "GET /api/items"));
    assert_eq!(count(found), BTreeMap::new());
}

#[test]
fn a_morning_rush_of_browsers_behind_one_address_shows_nothing() {
    let host = Host::default().with_people(50);
    let workers = [(); 2].map(|()| Sequences::default());
    // All 200 within two minutes; nobody has a cookie before the login.
    let mut requests = Vec::new();
    let mut state = 7;
    for person in 0..200_u32 {
        let mut at = NOW + random(&mut state, 120_000);
        let worker = &workers[usize::from(person % 2 == 0)];
        let anyone = chrome(1);
        requests.push((at, worker, anyone, "GET /"));
        // Their caches have half of the parts.
        for _ in 0..5 {
            at += random(&mut state, 100);
            requests.push((at, worker, anyone, "GET /static/app.js"));
        }
        at += 3_000 + random(&mut state, 9_000);
        requests.push((at, worker, anyone, "POST /login"));
        for n in 0..15 {
            at += if n == 0 { 50 } else { 5_000 };
            requests.push((at, worker, anyone.with_cookie(person), "GET /api/me"));
            requests.push((at + 20, worker, anyone.with_cookie(person), "GET /api/news"));
        }
    }
    requests.sort_by_key(|(at, ..)| *at);
    let found = requests
        .iter()
        .map(|(at, worker, person, request)| host.get_on(worker, *person, *at, request));
    assert_eq!(count(found), BTreeMap::new());
}

#[test]
fn two_hundred_users_of_an_app_behind_one_address_do_not_hammer() {
    let host = Host::default();
    let found = (0..200_u32).flat_map(|person| {
        let user = chrome(1).with_cookie(person);
        [host.get(user, NOW, "GET /"), host.get(user, NOW, "GET /api/messages")]
    });
    assert_eq!(count(found), BTreeMap::new());
    let found = (0..60_u64).flat_map(|n| {
        let host = &host;
        (0..200_u32).map(move |person| {
            let at = NOW + 1_000 + n * 5_000 + u64::from(person) * 25;
            host.get(chrome(1).with_cookie(person), at, "GET /api/messages")
        })
    });
    assert_eq!(count(found), BTreeMap::new());
}

#[test]
fn one_client_that_hammers_a_call_is_found_with_a_session_or_a_new_one_each_time() {
    for sessions in [1, 200] {
        let host = Host::default();
        host.get(curl(1), NOW, "GET /");
        let found: Vec<_> = (0..200)
            .map(|n| {
                let at = NOW + 1_000 + u64::from(n) * 250;
                host.get(curl(1).with_cookie(n % sessions), at, "POST /api/vote")
            })
            .collect();
        let first = found.iter().position(|found| !found.is_empty());
        assert_eq!(first, Some(119));
        assert_eq!(codes(&found[119]), [Code::Hammering]);
        assert_eq!(found[119][0].why, "one call was made 120 times within a minute");
        assert_eq!(host.get(curl(1), NOW + 60_000, "GET /api/else"), [], "another call");
    }
}

#[test]
fn pages_and_their_parts_are_not_hammered() {
    let host = Host::default();
    let found = (0..1_000).map(|n| {
        let request = if n % 2 == 0 { "GET /static/tile.png" } else { "GET /" };
        host.get(chrome(1), NOW + n * 20, request)
    });
    assert_eq!(count(found), BTreeMap::new());
}

#[test]
fn a_bot_that_logs_in_by_the_clock_is_found_and_a_person_is_not() {
    let host = Host::default();
    let mut state = 1;
    let found: Vec<_> = (0..40)
        .map(|n| host.get(curl(1), NOW + n * 2_000 + random(&mut state, 3), "POST /login"))
        .collect();
    let first = found.iter().position(|found| !found.is_empty());
    assert_eq!(first, Some(20), "twenty intervals");
    assert_eq!(codes(&found[20]), [Code::RegularPacing]);
    assert_eq!(
        found[20][0].why,
        "the last 20 intervals between requests for one route were 2.000 s long, with a deviation of 0.1 %"
    );
    let mut at = NOW;
    let person = (0..60).map(|_| {
        at += 1_500 + random(&mut state, 4_000);
        host.get(chrome(2), at - 700, "GET /login");
        host.get(chrome(2), at, "POST /login")
    });
    assert_eq!(count(person), BTreeMap::new());
}

#[test]
fn a_payment_that_is_watched_by_a_page_is_not_found_and_a_search_by_the_clock_is() {
    let host = Host::default();
    host.get(chrome(1), NOW, "GET /");
    let watched = (0..40).map(|n| host.get(chrome(1), NOW + n * 3_000, "GET /checkout/status"));
    assert_eq!(count(watched), BTreeMap::new());
    let searched = (0..40).map(|n| host.get(chrome(1), NOW + 200_000 + n * 3_000, "GET /search?q=a"));
    // The first three still count as a detour; then twenty intervals.
    assert_eq!(count(searched), BTreeMap::from([(Code::RegularPacing, 17)]));
}

#[test]
fn who_asks_for_one_route_that_others_seldom_ask_for_is_found() {
    let host = Host::default().with_people(100);
    let mut state = 5;
    let mut at = NOW;
    host.get(chrome(1), at, "GET /");
    let found: Vec<_> = (0..60)
        .map(|n| {
            at += 1_000 + random(&mut state, 4_000);
            host.get(chrome(1), at, &format!("GET /search?q={n}"))
        })
        .collect();
    let first = found.iter().position(|found| !found.is_empty());
    assert_eq!(first, Some(48), "the fiftieth request");
    assert_eq!(codes(&found[48]), [Code::RouteConcentration]);
    let why = &found[48][0].why;
    assert!(
        why.starts_with("49 of 50 requests of the client were for one route, which gets "),
        "{why}"
    );
}

#[test]
fn where_everybody_asks_for_one_route_nobody_is_found_for_it() {
    let host = Host::default();
    let mut state = 5;
    let found = (0..100_u64).flat_map(|round| {
        let gap = random(&mut state, 3_000);
        let host = &host;
        (0..20).map(move |person| {
            if round == 0 {
                host.get(chrome(person), NOW, "GET /");
            }
            host.get(
                chrome(person),
                NOW + round * 4_000 + gap + u64::from(person),
                "GET /search?q=1",
            )
        })
    });
    assert_eq!(count(found), BTreeMap::new());
}

#[test]
fn who_asks_for_what_is_never_in_the_cache_is_found_and_who_asks_an_api_that_never_is_is_not() {
    let host = Host::default();
    let mut found = Vec::new();
    for n in 0..300_u32 {
        let person = chrome(1_000 + n);
        let at = NOW + u64::from(n) * 100;
        let outcome = if n % 10 == 0 {
            CacheOutcome::Miss
        } else {
            CacheOutcome::Hit
        };
        found.push(host.answered(person, at, "GET /static/app.js", outcome));
        found.push(host.answered(person, at, "GET /api/me", CacheOutcome::Miss));
    }
    let app = chrome(1);
    host.get(app, NOW, "GET /");
    found.extend((0..100).map(|n| host.answered(app, NOW + n * n * 100, "GET /api/me", CacheOutcome::Miss)));
    assert_eq!(count(found), BTreeMap::new());
    let buster = chrome(2);
    let found: Vec<_> = (0..200)
        .map(|n| {
            let request = format!("GET /static/app.js?{n}");
            host.answered(buster, NOW + n * 200, &request, CacheOutcome::Miss)
        })
        .collect();
    let first = found.iter().position(|found| !found.is_empty()).unwrap();
    assert!((31..=64).contains(&first), "{first}");
    let after = &found[first..];
    assert!(
        after.iter().all(|found| codes(found) == [Code::CacheBusting]),
        "and from then on"
    );
    let why = &found[first][0].why;
    assert!(
        why.ends_with("answers were in no cache, on routes where most answers to others are"),
        "{why}"
    );
}

#[test]
fn where_pages_come_from_elsewhere_nobody_is_held_to_have_skipped_them() {
    let host = Host::default();
    // Others, who ask this host for its API alone.
    for n in 0..60_u64 {
        (0..5).for_each(|person| drop(host.get(chrome(100 + person), NOW + n * 7_000 + n * n, "GET /api/me")));
    }
    let found = (0..30).map(|n| host.get(chrome(1), NOW + 500_000 + n * n * 50, "GET /api/items"));
    assert_eq!(count(found), BTreeMap::new());
}

#[test]
fn a_clock_that_is_set_back_finds_nothing_and_forgets_no_page() {
    let host = Host::default();
    let user = chrome(1).with_cookie(1);
    host.get(user, NOW, "GET /");
    let mut state = 1;
    for back in [1_000, 60_000, 86_400_000, 400 * 86_400_000] {
        let found = (0..30).map(|n| host.get(user, NOW - back + n * 500 + random(&mut state, 400), "GET /api/me"));
        assert_eq!(count(found), BTreeMap::new(), "{back} ms");
    }
    // Nor does it count for longer than a day, by the clock that there is.
    let later = NOW - 400 * 86_400_000 + 90_000_000;
    let found = (0..11).map(|n| host.get(user, later + n * n * 1_000, "GET /api/me"));
    assert_eq!(count(found), BTreeMap::from([(Code::NoNavigation, 2)]));
}

#[test]
fn without_shared_data_or_a_client_nothing_is_found() {
    let host = Host::default();
    host.is_away.set(true);
    let found = (0..300).map(|n| host.get(chrome(1), NOW + n * 100, "POST /login"));
    assert_eq!(count(found), BTreeMap::new());
    assert_eq!(host.worker.take_tally().failed, 300);
    let nobody = Visit {
        client: None,
        ..visit(chrome(1), NOW, "POST /login")
    };
    host.is_away.set(false);
    let found = (0..300).map(|_| host.worker.visit(&host, &host.settings, &nobody));
    assert_eq!(count(found), BTreeMap::new());
}

#[test]
fn what_is_switched_off_is_not_found() {
    let off = Settings {
        no_navigation: None,
        hammering: None,
        regular_pacing: None,
        route_concentration: None,
        ..Settings::default()
    };
    let run = |settings| {
        let host = Host::with(settings).with_people(100);
        count((0..200).map(|n| host.get(chrome(1), NOW + n * 250, "POST /login")))
    };
    assert_eq!(run(off), BTreeMap::new());
    let on = run(Settings::default());
    let all = [
        Code::NoNavigation,
        Code::Hammering,
        Code::RegularPacing,
        Code::RouteConcentration,
    ];
    assert_eq!(on.into_keys().collect::<Vec<_>>(), all);
}

#[test]
fn each_finding_is_too_light_to_decide_alone() {
    for code in [
        Code::NoNavigation,
        Code::Hammering,
        Code::RegularPacing,
        Code::RouteConcentration,
        Code::CacheBusting,
    ] {
        assert!(code.weight() < Score::HIGH, "{code:?}");
    }
}

#[test]
fn a_million_clients_take_no_more_than_is_set_aside_and_one_that_is_busy_is_kept() {
    const ONCE: u32 = 1_000_000;
    let host = Host::default();
    let sequences = &host.worker;
    let (clients, sessions) = (sequences.clients.max_bytes(), sequences.sessions.max_bytes());
    assert_eq!((clients, sessions), (1_024 * 32 * 126, 1_024 * 64 * 12));
    assert_eq!(sequences.clients.max_records(), 32_768);
    let busy = chrome(1).with_cookie(1);
    host.get(busy, NOW, "GET /");
    let mut found = Vec::new();
    for n in 0..ONCE {
        let at = NOW + u64::from(n) / 2;
        host.get(chrome(10 + n).with_cookie(10 + n), at, "GET /api/items");
        if n % (ONCE / 200) == 0 {
            found.push(host.get(busy, at, "GET /api/me"));
        }
    }
    assert_eq!(
        host.shelf.bytes(),
        clients + sessions / 1_024,
        "sessions that saw no page are not kept"
    );
    assert_eq!(host.shelf.len(), 1_024 + 1);
    assert_eq!(
        count(found).get(&Code::NoNavigation),
        None,
        "the busy one is remembered"
    );
    let evicted = usize::try_from(sequences.take_tally().evicted).unwrap();
    assert!(evicted > usize::try_from(ONCE).unwrap() - 32_768, "{evicted}");
}

#[test]
fn pages_and_their_parts_cost_few_calls_and_what_is_dear_two() {
    let host = Host::default();
    let taken = |run: &dyn Fn()| {
        host.calls.set(0);
        run();
        host.calls.get()
    };
    let page = taken(&|| {
        (0..31).for_each(|n| drop(host.get(chrome(1), NOW + n, "GET /static/app.js")));
    });
    assert_eq!(page, 2, "thirty-one parts of a page: one read, one write");
    assert_eq!(taken(&|| drop(host.get(chrome(1), NOW + 100, "GET /api/me"))), 2);
    let user = chrome(1).with_cookie(1);
    assert_eq!(
        taken(&|| drop(host.get(user, NOW + 200, "GET /api/me"))),
        4,
        "a new session"
    );
    assert_eq!(taken(&|| drop(host.get(user, NOW + 300, "GET /api/me"))), 2);
    let answer = visit(user, NOW, "GET /api/me");
    let answered = taken(&|| host.worker.cached(&host, &host.settings, &answer, CacheOutcome::Miss));
    assert_eq!(answered, 0);
}
