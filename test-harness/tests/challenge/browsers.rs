//! Real browsers: they pass by themselves and come to where their people wanted to go; who gets no further is told so.

use crate::streams::{Upstream, with_upstream};
use crate::{can_run, configuration, stat};
use layerprint_harness::clients::driver::{Driven, Setup, Tab};
use layerprint_harness::clients::{Browser, Client, Library};
use layerprint_harness::stack::{Stack, StackOptions};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const ISSUED: &str = "challenges.event.issued.route.default";
const SOLVED: &str = "challenges.event.solved.route.default";
const WAITED: &str = "challenges.event.waited.route.default";

/// What the upstream's pages say, and the challenge never does.
const THERE: &str = "document.title == 'guarded'";
/// The page has said that it did not succeed.
const FAILED: &str = "document.getElementById('retry')?.checkVisibility() === true";

/// A person before a browser, on a site.
struct Person<'s> {
    stack: &'s Stack,
    browser: Driven,
    tab: Tab,
}

impl<'s> Person<'s> {
    fn new(stack: &'s Stack, browser: Browser, setup: Setup) -> Self {
        let mut browser = Driven::start(browser, setup).unwrap();
        let tab = browser.tab().unwrap();
        Self { stack, browser, tab }
    }

    fn goes(&mut self, path: &str) {
        self.browser.go(&self.tab, &self.stack.tls_url(path)).unwrap();
    }

    fn sees(&mut self, expression: &str) {
        self.browser.wait_until(&self.tab, expression).unwrap();
    }

    fn tell(&mut self, expression: &str) -> Value {
        self.browser.ask(&self.tab, expression).unwrap()
    }

    fn reads(&mut self) -> String {
        self.browser.text(&self.tab).unwrap()
    }

    /// Runs this before the scripts of each page.
    fn prepares(&mut self, script: &str) {
        self.browser.prepare(&self.tab, script).unwrap();
    }

    fn opens_a_tab(&mut self) {
        self.tab = self.browser.tab().unwrap();
    }
}

/// Plays a story in each browser that is here, on a site of its own under these settings.
fn each(test: &str, challenge: &Value, story: impl Fn(&Stack, Browser)) {
    for browser in Browser::ALL {
        let name = format!("{test} in {browser}");
        if can_run(
            &name,
            [browser.availability(), Client::Library(Library::Aiohttp).availability()],
        ) {
            let upstream = Upstream::start();
            let filter = configuration(challenge);
            let options = StackOptions::new(test)
                .filter(filter)
                .edit(with_upstream(upstream.port));
            story(&Stack::start(options).unwrap(), browser);
        }
    }
}

#[test]
fn a_browser_passes_by_itself_and_keeps_passing() {
    let test = "a_browser_passes_by_itself_and_keeps_passing";
    each(test, &json!({ "difficulty": 16 }), |stack, browser| {
        let mut person = Person::new(stack, browser, Setup::default());
        person.goes("/guarded/a?b=c&d=%2F#e");
        person.sees(THERE);
        let place = "location.pathname + location.search + location.hash";
        assert_eq!(person.tell(place), "/guarded/a?b=c&d=%2F#e");
        assert_eq!(
            person.browser.complaints(),
            [""; 0],
            "its policy lets all in that it needs"
        );
        assert_eq!(person.tell("document.cookie"), "", "no script gets at the clearance");
        person.goes("/guarded/later");
        person.sees("location.pathname == '/guarded/later' && document.title == 'guarded'");
        person.tell("history.back()");
        person.sees("location.pathname == '/guarded/a' && document.title == 'guarded'");
        let programs = "fetch('/guarded/data').then(reply => reply.status)";
        assert_eq!(person.tell(programs), 200, "what it calls passes too");
        person.opens_a_tab();
        person.goes("/guarded/other");
        person.sees(THERE);
        assert_eq!(
            (stat(stack, ISSUED), stat(stack, SOLVED)),
            (1, 1),
            "all that with one puzzle"
        );
    });
}

#[test]
fn what_a_page_opens_lasts_once_its_browser_has_passed() {
    each(
        "what_a_page_opens_lasts_once_its_browser_has_passed",
        &json!({}),
        |stack, browser| {
            let mut person = Person::new(stack, browser, Setup::default());
            person.goes("/open");
            person.sees(THERE);
            let call = "fetch('/guarded/data').then(async reply => [reply.status, reply.headers.get('content-type'), \
                    (await reply.json()).challenge])";
            let told = json!([403, "application/problem+json", "/.layerprint/challenge"]);
            assert_eq!(person.tell(call), told, "a script is told, and never gets HTML");
            // What an application does then: it sends its person there.
            person.tell("location.assign('/.layerprint/challenge?to=' + encodeURIComponent('/guarded/a?b'))");
            person.sees("document.title == 'guarded' && location.pathname + location.search == '/guarded/a?b'");
            let socket = "new Promise((heard, failed) => { const socket = new WebSocket('wss://' + location.host + '/guarded/socket'); \
                      socket.onopen = () => socket.send('hello'); socket.onerror = () => failed('socket'); \
                      socket.onmessage = message => heard(message.data); })";
            assert_eq!(
                person.tell(socket),
                "|hello",
                "and the upstream never gets the clearance"
            );
            let events = "new Promise((heard, failed) => { const events = new EventSource('/guarded/events'); let n = 0; \
                      events.onerror = () => failed('events'); \
                      events.onmessage = event => { if (++n == 3) { events.close(); heard(event.data); } }; })";
            assert_eq!(person.tell(events), "2");
        },
    );
}

#[test]
fn a_form_is_brought_back_to_and_arrives_once() {
    each(
        "a_form_is_brought_back_to_and_arrives_once",
        &json!({}),
        |stack, browser| {
            let mut person = Person::new(stack, browser, Setup::default());
            person.goes("/sign-in");
            person.sees("document.title == 'sign in'");
            person.tell("(document.querySelector('[name=user]').value = 'ann', document.forms[0].submit())");
            person.sees("document.getElementById('status')?.textContent.includes('has not been processed') === true");
            person.sees("document.title == 'sign in'");
            assert_eq!(person.tell("fetch('/heard').then(reply => reply.json())"), json!([]));
            person.tell("(document.querySelector('[name=user]').value = 'ann', document.querySelector('[name=password]').value = 'b c', \
                     document.forms[0].submit())");
            person.sees("document.title == 'welcome'");
            assert_eq!(
                person.tell("fetch('/heard').then(reply => reply.json())"),
                json!(["user=ann&password=b+c"])
            );
            person.tell("history.back()");
            person.sees("document.title == 'sign in'");
            assert_eq!(stat(stack, "challenges.event.issued.route.login"), 1);
        },
    );
}

#[test]
fn without_javascript_a_person_is_told_whom_to_ask() {
    let test = "without_javascript_a_person_is_told_whom_to_ask";
    each(
        test,
        &json!({ "contact": "mailto:help@shop.example" }),
        |stack, browser| {
            let setup = Setup {
                scripts: false,
                ..Setup::default()
            };
            let mut person = Person::new(stack, browser, setup);
            person.goes("/guarded");
            person.sees("document.body?.innerText.includes('needs JavaScript') === true");
            assert_eq!(
                person.tell("document.querySelector('a[href]').href"),
                "mailto:help@shop.example"
            );
            assert!(!person.reads().contains("Checking"), "{}", person.reads());
        },
    );
}

#[test]
fn without_javascript_a_person_may_wait() {
    each(
        "without_javascript_a_person_may_wait",
        &json!({ "noscript": { "wait_s": 5 } }),
        |stack, browser| {
            let setup = Setup {
                scripts: false,
                ..Setup::default()
            };
            let mut person = Person::new(stack, browser, setup);
            person.goes("/guarded/a?b=c");
            person.sees("document.body?.innerText.includes('after 6 seconds') === true");
            person.sees(THERE);
            assert_eq!(person.tell("location.pathname + location.search"), "/guarded/a?b=c");
            assert_eq!(stat(stack, WAITED), 1);
        },
    );
}

#[test]
fn without_cookies_a_person_is_told_to_allow_them() {
    each(
        "without_cookies_a_person_is_told_to_allow_them",
        &json!({}),
        |stack, browser| {
            let setup = Setup {
                cookies: false,
                ..Setup::default()
            };
            let mut person = Person::new(stack, browser, setup);
            person.goes("/guarded");
            person.sees(FAILED);
            assert!(person.reads().contains("needs cookies"), "{}", person.reads());
            assert_eq!(
                (stat(stack, ISSUED), stat(stack, SOLVED)),
                (1, 0),
                "nor does it do work in vain"
            );
        },
    );
}

#[test]
fn a_browser_that_loses_its_clearance_does_not_go_round_for_ever() {
    let test = "a_browser_that_loses_its_clearance_does_not_go_round_for_ever";
    each(test, &json!({}), |stack, browser| {
        let mut person = Person::new(stack, browser, Setup::default());
        person.prepares("const real = fetch; window.fetch = (to, how) => real(to, { ...how, credentials: 'omit' });");
        person.goes("/guarded");
        person.sees(FAILED);
        assert_eq!((stat(stack, ISSUED), stat(stack, SOLVED)), (4, 3));
        person.tell("document.getElementById('retry').click()");
        person.sees("performance.timeOrigin > 0 && document.title != ''");
        let began = Instant::now();
        while stat(stack, SOLVED) < 4 && began.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(50));
        }
        assert!(stat(stack, SOLVED) > 3, "a person who tries again, tries");
    });
}

#[test]
fn when_it_fails_a_person_is_told_and_can_try_again() {
    each(
        "when_it_fails_a_person_is_told_and_can_try_again",
        &json!({}),
        |stack, browser| {
            let mut person = Person::new(stack, browser, Setup::default());
            person.prepares(
            "if (!sessionStorage.getItem('failed')) window.fetch = () => { sessionStorage.setItem('failed', 1); return Promise.reject(1); };",
        );
            person.goes("/guarded/a?b#c");
            person.sees(FAILED);
            assert!(person.reads().contains("did not succeed"), "{}", person.reads());
            assert_eq!(
                person.tell("document.activeElement.id"),
                "retry",
                "the keyboard is where it is needed"
            );
            person.tell("document.activeElement.click()");
            person.sees(THERE);
            assert_eq!(
                person.tell("location.pathname + location.search + location.hash"),
                "/guarded/a?b#c"
            );
        },
    );
}

#[test]
fn where_there_are_no_workers_the_page_does_the_work_itself() {
    let test = "where_there_are_no_workers_the_page_does_the_work_itself";
    each(test, &json!({ "difficulty": 16 }), |stack, browser| {
        for without in [
            "delete window.Worker;",
            "window.Worker = class extends Worker { constructor() { super('blob:null/gone'); } };",
        ] {
            let mut person = Person::new(stack, browser, Setup::default());
            person.prepares(without);
            person.goes("/guarded");
            person.sees(THERE);
        }
        assert_eq!(stat(stack, SOLVED), 2);
    });
}

/// What the page looks like to someone: whether it fits, and how far its colours are apart (WCAG 2.2, 1.4.3).
const LOOKS: &str = "(() => {
    const bright = colour => { const [r, g, b] = colour.match(/[\\d.]+/g).map(n => n / 255)
        .map(n => n <= 0.04045 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
    const apart = (a, b) => { const [x, y] = [bright(a), bright(b)].sort((x, y) => y - x); return (x + 0.05) / (y + 0.05); };
    const style = element => getComputedStyle(element);
    const card = style(document.querySelector('main')).backgroundColor;
    const texts = [...document.querySelectorAll('main :is(h1, p, small, label, code, a)')].filter(e => e.checkVisibility() && e.id != 'go');
    const button = style(document.getElementById('retry'));
    return { fits: document.documentElement.scrollWidth <= innerWidth, dark: bright(card) < 0.2,
        contrast: Math.min(...texts.map(text => apart(style(text).color, card)), apart(button.color, button.backgroundColor)),
        headings: document.querySelectorAll('h1').length, language: document.documentElement.lang,
        labelled: document.querySelector('progress').labels.length, live: document.querySelector('[role=status]').textContent };
})()";

#[test]
fn the_page_can_be_read_on_a_narrow_screen_and_in_the_dark() {
    let test = "the_page_can_be_read_on_a_narrow_screen_and_in_the_dark";
    each(
        test,
        &json!({ "difficulty": 26, "contact": "mailto:help@shop.example" }),
        |stack, browser| {
            for (dark, still, width) in [(false, false, 1_280), (true, true, 280)] {
                let setup = Setup {
                    dark,
                    still,
                    ..Setup::default()
                };
                let mut person = Person::new(stack, browser, setup);
                person.browser.resize(&person.tab, width, 640).unwrap();
                for failed in [false, true] {
                    if failed {
                        person.prepares(
                            "delete window.crypto; Object.defineProperty(window, 'crypto', { value: undefined });",
                        );
                    }
                    person.goes("/guarded");
                    person.sees(if failed {
                        FAILED
                    } else {
                        "document.querySelector('progress')?.value > 1"
                    });
                    let looks = person.tell(LOOKS);
                    assert_eq!(
                        (&looks["fits"], &looks["dark"]),
                        (&json!(true), &json!(dark)),
                        "{looks}"
                    );
                    assert!(looks["contrast"].as_f64().unwrap() >= 4.5, "{looks}");
                    assert_eq!(
                        (&looks["headings"], &looks["labelled"], &looks["language"]),
                        (&json!(1), &json!(1), &json!("en"))
                    );
                    assert_eq!(looks["live"].as_str().unwrap().contains("Checking"), !failed, "{looks}");
                    // To be looked at, and never to be kept here.
                    if let Some(folder) = std::env::var_os("LAYERPRINT_PICTURES") {
                        let name = format!(
                            "{browser}-{}-{width}-{}.png",
                            if dark { "dark" } else { "light" },
                            if failed { "failed" } else { "works" }
                        );
                        let picture = person.browser.picture(&person.tab).unwrap();
                        std::fs::write(std::path::Path::new(&folder).join(name), picture).unwrap();
                    }
                }
            }
        },
    );
}
