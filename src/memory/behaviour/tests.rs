//! Stories of many requests: runs that have to be found, and crowds that must not be. What is random in them is drawn from a seed,
//! and each is told with several.

use super::super::shelf::Shelf;
use super::super::store::{Swap, Unavailable, Version};
use super::login::{Alarm, Of};
use super::*;
use crate::compare::Code;
use crate::memory::key::Keys;
use core::time::Duration;
use proptest::prelude::*;

/// When a story begins: in the middle of a span, so that it goes over a border.
const BEGIN: Moment = Moment(Duration::from_secs(300 * 5_000_000 + 150));

/// Few where the build is not optimised: there each takes seconds.
const SEEDS: core::ops::Range<u64> = if cfg!(debug_assertions) { 0..3 } else { 0..100 };

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Caller {
    shape: &'static str,
    network: u32,
    session: Option<u32>,
}

/// What it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ask {
    Page,
    Asset,
    Api,
    Search,
    LoginForm,
    /// None: it is answered here.
    Login(Option<LoginOutcome>),
}

const FAILS: Ask = Ask::Login(Some(LoginOutcome::Failure));
const SUCCEEDS: Ask = Ask::Login(Some(LoginOutcome::Success));

/// One request of a story.
#[derive(Clone, Copy, Debug)]
struct Event {
    after_ms: u64,
    caller: Caller,
    ask: Ask,
}

/// What was found in it.
#[derive(Debug)]
struct Told {
    event: Event,
    found: Vec<Code>,
    alarm: Option<Alarm>,
}

/// A proxy with some workers, in front of a site.
struct Site<S> {
    store: S,
    keys: Keys,
    workers: Vec<Behaviour>,
    settings: Settings,
}

impl Site<Shelf> {
    fn new(seed: u64, workers: usize) -> Self {
        Site::over(Shelf::default(), seed, workers)
    }
}

impl<S: Store> Site<S> {
    fn over(store: S, seed: u64, workers: usize) -> Self {
        Self {
            store,
            keys: Keys::new([seed, 7]),
            workers: (0..workers).map(|_| Behaviour::default()).collect(),
            settings: Settings {
                sequence: None,
                ..Settings::default()
            },
        }
    }

    fn visit(&self, at: Moment, caller: Caller, ask: Ask) -> Visit {
        let (step, route) = match ask {
            Ask::Page => (Step::Page, "default"),
            Ask::Asset => (Step::Asset, "static"),
            Ask::Api => (Step::Api, "api"),
            Ask::Search => (Step::Search, "search"),
            Ask::LoginForm | Ask::Login(_) => (Step::Login, "login"),
        };
        Visit {
            at,
            step,
            attempt: if matches!(ask, Ask::Login(_)) {
                Attempt::Yes
            } else {
                Attempt::No
            },
            route: self.keys.key("route", route),
            call: self.keys.key("call", route),
            shape: Some(self.keys.key("shape", caller.shape)),
            network: Some(self.keys.key("network", caller.network)),
            client: Some(self.keys.key("client", (caller.network, caller.shape))),
            session: caller.session.map(|session| self.keys.key("session", session)),
            claimant: Claimant::Browser,
        }
    }

    fn tell(&self, at: Moment, event: Event) -> Told {
        let Event { caller, ask, .. } = event;
        let visit = self.visit(at, caller, ask);
        // One connection for all that a caller asks for.
        let connection = self.keys.key("connection", (caller.network, caller.session)).bits();
        let worker = &self.workers[usize::try_from(connection).unwrap() % self.workers.len()];
        let found = worker.visit(&self.store, &self.settings, &visit);
        let login = match ask {
            Ask::Login(outcome) => outcome,
            _ => None,
        };
        let at = Moment(at.0 + Duration::from_millis(80));
        let answered = Answered { at, login, cache: None };
        Told {
            event,
            found: found.iter().map(|finding| finding.code).collect(),
            alarm: worker.answered(&self.store, &self.settings, &visit, &answered),
        }
    }

    /// Tells a story from its beginning, in the order of time.
    fn play(&self, mut story: Vec<Event>) -> Vec<Told> {
        story.sort_by_key(|event| event.after_ms);
        let at = |event: &Event| Moment(BEGIN.0 + Duration::from_millis(event.after_ms));
        story.into_iter().map(|event| self.tell(at(&event), event)).collect()
    }

    fn tally(&self) -> Tally {
        self.workers
            .iter()
            .fold(Tally::default(), |all, worker| all.plus(worker.take_tally()))
    }
}

/// Numbers drawn from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn happens(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// `people` who come within ten minutes, each with a browser and cookies of their own: a page and its parts, the login form, up to three
/// tries of which some fail, a page and some calls.
fn crowd(dice: &mut Dice, people: u32, fails_percent: u64, caller: impl Fn(&mut Dice, u32) -> Caller) -> Vec<Event> {
    let mut story = Vec::new();
    for person in 0..people {
        let caller = caller(dice, person);
        let mut after_ms = dice.below(600_000);
        let mut ask = |dice: &mut Dice, ask, times, ms| {
            for _ in 0..times {
                after_ms += dice.below(ms);
                story.push(Event { after_ms, caller, ask });
            }
        };
        ask(dice, Ask::Page, 1, 1_000);
        ask(dice, Ask::Asset, 8, 50);
        ask(dice, Ask::LoginForm, 1, 10_000);
        for _ in 0..3 {
            let fails = dice.happens(fails_percent);
            ask(dice, if fails { FAILS } else { SUCCEEDS }, 1, 15_000);
            if !fails {
                break;
            }
        }
        ask(dice, Ask::Page, 1, 500);
        ask(dice, Ask::Asset, 5, 50);
        ask(dice, Ask::Api, 3, 5_000);
    }
    story
}

/// People from everywhere.
fn visitors(dice: &mut Dice, people: u32) -> Vec<Event> {
    crowd(dice, people, 15, |dice, person| Caller {
        shape: ["chrome", "chrome", "safari", "firefox"][usize::try_from(dice.below(4)).unwrap()],
        network: 1_000_000 + person,
        session: Some(person),
    })
}

/// A list of passwords, tried from ever new networks with one tool, one every `every_ms`; one in `right` is right.
fn stuffing(tries: u32, every_ms: u64, right: u32) -> Vec<Event> {
    let event = |n: u32| Event {
        after_ms: u64::from(n) * every_ms,
        caller: Caller {
            shape: "tool",
            network: n,
            session: None,
        },
        ask: if n % right == right - 1 { SUCCEEDS } else { FAILS },
    };
    (0..tries).map(event).collect()
}

/// How many requests of `shape` came until `code` was found in one, that one counted; none where it never was.
fn found_after(told: &[Told], shape: &str, code: Code) -> Option<usize> {
    let own = told.iter().filter(|told| told.event.caller.shape == shape);
    own.enumerate()
        .find(|(_, told)| told.found.contains(&code))
        .map(|(n, _)| n + 1)
}

/// Asserts that nothing was found, but in the requests of `shape`, and no alarm given.
fn nothing_but(told: &[Told], shape: &str) {
    for told in told.iter().filter(|told| told.event.caller.shape != shape) {
        assert!(told.found.is_empty() && told.alarm.is_none(), "{told:?}");
    }
}

#[test]
fn stuffing_with_a_new_network_for_each_try_and_one_shape_is_found_within_50_requests() {
    for seed in SEEDS {
        for workers in [1, 2, 4] {
            for busy in [false, true] {
                let mut story = stuffing(50, 2_000, 51);
                if busy {
                    story.extend(visitors(&mut Dice(seed), 500));
                }
                let told = Site::new(seed, workers).play(story);
                let failures = found_after(&told, "tool", Code::LoginFailures);
                let rotation = found_after(&told, "tool", Code::Rotation);
                println!("seed {seed}, {workers} workers, busy {busy}: {failures:?}, {rotation:?}");
                assert!(failures.is_some() && rotation.is_some(), "{failures:?} {rotation:?}");
                nothing_but(&told, "tool");
            }
        }
    }
}

#[test]
fn slow_stuffing_is_found_as_soon_as_it_brings_its_number_within_a_span() {
    // One try in ten seconds: a span has thirty.
    let told = Site::new(1, 2).play(stuffing(50, 10_000, 51));
    assert!(found_after(&told, "tool", Code::LoginFailures).is_some());
    // One in half a minute is ten in a span, and twenty never meet.
    let told = Site::new(1, 2).play(stuffing(200, 35_000, 201));
    assert_eq!(found_after(&told, "tool", Code::LoginFailures), None);
}

#[test]
fn a_morning_rush_of_real_browsers_behind_one_address_is_never_found() {
    for seed in SEEDS {
        for workers in [1, 4] {
            let dice = &mut Dice(seed);
            let rush = crowd(dice, 200, 15, |dice, person| Caller {
                shape: ["chrome", "safari", "firefox"][usize::try_from(dice.below(3)).unwrap()],
                network: 7,
                session: Some(person),
            });
            assert!(rush.len() > 200 * 18);
            nothing_but(&Site::new(seed, workers).play(rush), "");
        }
    }
}

#[test]
fn an_office_where_half_of_all_logins_fail_is_not_found_and_one_where_nearly_all_do_is() {
    let office = |fails_percent| {
        let rush = crowd(&mut Dice(3), 200, fails_percent, |_, person| Caller {
            shape: "chrome",
            network: 7,
            session: Some(person),
        });
        found_after(&Site::new(3, 1).play(rush), "chrome", Code::LoginFailures)
    };
    assert_eq!(office(50), None);
    assert!(office(95).is_some());
}

#[test]
fn a_popular_browser_from_500_networks_is_never_found() {
    for seed in SEEDS {
        for workers in [1, 4] {
            for others in [0, 60] {
                let dice = &mut Dice(seed);
                let mut story = crowd(dice, 500, 15, |_, person| Caller {
                    shape: "chrome",
                    network: person,
                    session: Some(person),
                });
                story.extend(visitors(dice, others));
                nothing_but(&Site::new(seed, workers).play(story), "");
            }
        }
    }
}

/// What an app does: it calls the API and shows no pages.
fn app(dice: &mut Dice, session: impl Fn(u32) -> Option<u32>) -> Vec<Event> {
    let mut story = Vec::new();
    for network in 0..300 {
        let caller = Caller {
            shape: "app",
            network,
            session: session(network),
        };
        let mut after_ms = dice.below(600_000);
        for _ in 0..10 {
            after_ms += dice.below(5_000);
            story.push(Event {
                after_ms,
                caller,
                ask: Ask::Api,
            });
        }
    }
    story
}

#[test]
fn an_app_that_calls_an_api_with_its_users_tokens_from_300_networks_is_never_found() {
    for seed in SEEDS {
        for people in [0, 300] {
            let dice = &mut Dice(seed);
            let mut story = app(dice, Some);
            story.extend(visitors(dice, people));
            nothing_but(&Site::new(seed, 2).play(story), "");
        }
    }
}

#[test]
fn an_app_without_sessions_is_not_found_on_an_api_of_its_own_and_wrongly_found_beside_people() {
    let alone = Site::new(1, 2).play(app(&mut Dice(1), |_| None));
    assert_eq!(found_after(&alone, "app", Code::Rotation), None);
    let mut story = visitors(&mut Dice(1), 300);
    story.extend(app(&mut Dice(1), |_| None));
    let beside = Site::new(1, 2).play(story);
    assert!(
        found_after(&beside, "app", Code::Rotation).is_some(),
        "what the rule is wrong about"
    );
    nothing_but(&beside, "app");
}

#[test]
fn a_host_on_which_everybody_does_nothing_but_log_in_shows_no_rotation() {
    let dice = &mut Dice(4);
    let login = |network: u32| {
        let caller = Caller {
            shape: ["chrome", "safari", "firefox", "edge"][usize::try_from(dice.below(4)).unwrap()],
            network,
            session: None,
        };
        let after_ms = dice.below(600_000);
        [Ask::LoginForm, SUCCEEDS].map(|ask| Event { after_ms, caller, ask })
    };
    let story: Vec<_> = (0..600).flat_map(login).collect();
    let found = Site::new(4, 1)
        .play(story)
        .iter()
        .filter(|told| !told.found.is_empty())
        .count();
    // Until others have come in some number there is nothing to compare with.
    assert!(found <= 10, "{found}");
}

#[test]
fn scraping_a_search_from_many_networks_with_few_cookies_is_found() {
    let mut story = visitors(&mut Dice(5), 300);
    let caller = |n: u32| Caller {
        shape: "tool",
        network: n / 2,
        session: Some(n % 5),
    };
    story.extend((0..120).map(|n| Event {
        after_ms: u64::from(n) * 1_000,
        caller: caller(n),
        ask: Ask::Search,
    }));
    let told = Site::new(5, 2).play(story);
    let after = found_after(&told, "tool", Code::Rotation);
    assert!(after.is_some_and(|after| (30..=60).contains(&after)), "{after:?}");
    nothing_but(&told, "tool");
}

#[test]
fn one_who_tries_passwords_is_found_by_client_and_one_who_changes_tools_by_network() {
    const TOOLS: [&str; 10] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    for (tools, first_found) in [(1, 10), (10, 20)] {
        let event = |n: usize| Event {
            after_ms: u64::try_from(n).unwrap() * 500,
            caller: Caller {
                shape: TOOLS[n % tools],
                network: 7,
                session: Some(1),
            },
            ask: FAILS,
        };
        let told = Site::new(6, 1).play((0..30).map(event).collect());
        for (n, told) in told.iter().enumerate() {
            assert_eq!(
                told.found.contains(&Code::LoginFailures),
                n >= first_found,
                "{n} with {tools}"
            );
        }
    }
}

#[test]
fn a_success_after_many_failures_is_an_alarm_that_says_how_many_and_of_what() {
    let alarms: Vec<_> = Site::new(7, 1)
        .play(stuffing(41, 1_000, 41))
        .into_iter()
        .filter_map(|told| told.alarm)
        .collect();
    let (failures, of) = (40, Of::Shape);
    assert_eq!(alarms, [Alarm { failures, of }]);
    assert_eq!(alarms[0].to_string(), "after 40 failures of the same shape");
    // Somebody who remembers at the third try.
    let person = |ask| Event {
        after_ms: 0,
        caller: Caller {
            shape: "chrome",
            network: 7,
            session: Some(1),
        },
        ask,
    };
    let told = Site::new(7, 1).play([FAILS, FAILS, SUCCEEDS].map(person).to_vec());
    assert!(told.iter().all(|told| told.alarm.is_none()));
    // Passwords of one account, until one is right.
    let told = Site::new(7, 1).play(
        [vec![FAILS; 12], vec![SUCCEEDS]]
            .concat()
            .into_iter()
            .map(person)
            .collect(),
    );
    let (failures, of) = (12, Of::Client);
    assert_eq!(told.last().unwrap().alarm, Some(Alarm { failures, of }));
}

#[test]
fn an_attack_that_is_answered_here_is_forgotten_in_ten_minutes_and_found_anew() {
    let site = Site::new(8, 1);
    let mut begins_anew = 0;
    let mut was_found = false;
    let mut reached = 0;
    for event in stuffing(1_800, 1_000, 1_801) {
        let at = Moment(BEGIN.0 + Duration::from_millis(event.after_ms));
        let visit = site.visit(at, event.caller, event.ask);
        let worker = &site.workers[0];
        let settings = site.settings.login.as_ref().unwrap();
        // A challenge that it does not solve.
        let is_found = worker.logins.visit(&site.store, settings, &visit).is_some();
        if !is_found {
            reached += 1;
            worker
                .logins
                .answered(&site.store, settings, &visit, at, LoginOutcome::Failure);
        }
        begins_anew += u32::from(is_found && !was_found);
        was_found = is_found;
    }
    println!("of 1800 tries in half an hour {reached} reached the site");
    assert!((3..=6).contains(&begins_anew), "{begins_anew}");
    assert!(reached <= 21 * 6, "{reached}");
}

#[test]
fn a_form_that_is_only_looked_at_is_no_login() {
    let event = |n: u32| Event {
        after_ms: n.into(),
        caller: Caller {
            shape: "chrome",
            network: 7,
            session: Some(n),
        },
        ask: Ask::LoginForm,
    };
    let site = Site::new(9, 1);
    nothing_but(&site.play((0..100).map(event).collect()), "");
    let logins = &site.workers[0].logins;
    let settings = site.settings.login.as_ref().unwrap();
    assert!(!site.store.is_empty(), "rotation remembers it");
    let visit = site.visit(BEGIN, event(1).caller, Ask::LoginForm);
    assert_eq!(logins.visit(&Nothing, settings, &visit), None);
    assert_eq!(logins.take_tally().failed, 0, "the proxy was not asked");
}

/// A proxy without shared data.
struct Nothing;

impl Store for Nothing {
    fn shared(&self, _: &str) -> Result<Option<(Vec<u8>, Version)>, Unavailable> {
        Err(Unavailable)
    }

    fn swap_shared(&self, _: &str, _: &[u8], _: Option<Version>) -> Result<Swap, Unavailable> {
        Err(Unavailable)
    }
}

#[test]
fn without_shared_data_nothing_is_found_and_that_is_counted() {
    let site = Site::over(Nothing, 1, 1);
    let told = site.play(stuffing(100, 1_000, 41));
    nothing_but(&told, "");
    assert!(site.tally().failed >= 400);
}

#[test]
fn ever_new_networks_and_shapes_cost_no_memory_and_hide_no_attack() {
    // A million in a build that is optimised.
    let keys = if cfg!(debug_assertions) { 8_000 } else { 1_000_000 };
    let site = Site::new(10, 1);
    let mut found = 0;
    let mut tries = 0;
    for n in 0..keys {
        let at = Moment(BEGIN.0 + Duration::from_millis(u64::from(n) / 10));
        let stranger = Caller {
            shape: "stranger",
            network: 1_000_000 + n,
            session: None,
        };
        let mut visit = site.visit(at, stranger, FAILS);
        visit.shape = Some(site.keys.key("shape", n));
        let worker = &site.workers[0];
        worker.visit(&site.store, &site.settings, &visit);
        let login = Some(LoginOutcome::Failure);
        worker.answered(
            &site.store,
            &site.settings,
            &visit,
            &Answered { at, login, cache: None },
        );
        if n % 100 == 99 {
            let (after_ms, ask) = (0, FAILS);
            let caller = Caller {
                shape: "tool",
                network: 7,
                session: None,
            };
            tries += 1;
            found += u32::from(
                site.tell(at, Event { after_ms, caller, ask })
                    .found
                    .contains(&Code::LoginFailures),
            );
        }
    }
    let worker = &site.workers[0];
    let most = worker.logins.max_bytes() + worker.rotation.max_bytes();
    println!(
        "{keys} keys: {} bytes, at most {most}; {found} of {tries} found; {:?}",
        site.store.bytes(),
        site.tally()
    );
    assert!(site.store.bytes() <= most && most <= 5 << 19, "{most}");
    assert!(site.store.len() <= 256 + 64 + 256);
    assert_eq!(found, tries - 10, "it has more failures than the others, and is kept");
}

#[test]
fn a_clock_that_is_set_back_begins_anew_and_finds_again() {
    let site = Site::new(11, 1);
    site.play(stuffing(50, 100, 51));
    let hour_before = |event: Event| {
        let at = Moment(BEGIN.0 + Duration::from_millis(event.after_ms) - Duration::from_secs(3_600));
        site.tell(at, event)
    };
    let told: Vec<_> = stuffing(50, 100, 51).into_iter().map(hour_before).collect();
    assert_eq!(found_after(&told, "tool", Code::LoginFailures), Some(21));
}

proptest! {
    #[test]
    fn no_order_of_requests_and_times_is_too_much(
        events in prop::collection::vec((any::<u64>(), 0_u32..50, 0_usize..6, any::<bool>()), 0..200)
    ) {
        let site = Site::new(12, 2);
        for (after_ms, network, ask, has_session) in events {
            let ask = [Ask::Page, Ask::Asset, Ask::Api, Ask::LoginForm, FAILS, SUCCEEDS][ask];
            let caller = Caller { shape: "any", network, session: has_session.then_some(network) };
            let told = site.tell(Moment(Duration::from_millis(after_ms)), Event { after_ms, caller, ask });
            prop_assert!(told.found.len() <= 2);
        }
    }
}
