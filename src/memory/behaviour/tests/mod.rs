//! Stories of many requests: runs that have to be found, and crowds that must not be. What is random in them is drawn from a seed,
//! and each is told with several.

mod bounds;
mod people;
mod runs;

use super::login::{Alarm, Of};
use super::*;
use crate::compare::Code;
use crate::memory::key::Keys;
use crate::memory::shelf::Shelf;
use core::time::Duration;

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
