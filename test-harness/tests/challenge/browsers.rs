//! Real browsers: they pass by themselves, and a person who gets no further is told so.

use layerprint_harness::availability::Availability;
use layerprint_harness::clients::Browser;
use layerprint_harness::clients::driver::{Driven, Setup, Tab};
use layerprint_harness::stack::{Stack, StackOptions};
use serde_json::{Value, json};

use crate::{can_run, configuration, site, stat};

/// What a page shows that came from the upstream.
const IS_THERE: &str = "document.body.innerText.includes('\"headers\"')";

fn each_browser(test: &str, mut story: impl FnMut(Browser)) {
    for browser in Browser::ALL {
        if can_run(&format!("{test} ({browser})"), [browser.availability()]) {
            story(browser);
        }
    }
}

struct Person {
    browser: Driven,
    tab: Tab,
}

impl Person {
    fn with(browser: Browser, setup: Setup) -> Self {
        let mut browser = Driven::start(browser, setup).unwrap();
        let tab = browser.tab().unwrap();
        Self { browser, tab }
    }

    fn go(&mut self, url: &str) {
        self.browser.go(&self.tab, url).unwrap();
    }

    fn sees(&mut self, expression: &str) {
        self.browser.wait_until(&self.tab, expression).unwrap();
    }

    fn ask(&mut self, expression: &str) -> Value {
        self.browser.ask(&self.tab, expression).unwrap()
    }
}

#[test]
fn a_browser_passes_by_itself_and_comes_to_the_page_that_was_wanted() {
    each_browser("a_browser_passes_by_itself_and_comes_to_the_page_that_was_wanted", |browser| {
        let stack = site("browser_passes", &json!({ "difficulty": 16 }));
        let mut person = Person::with(browser, Setup::default());
        person.go(&stack.tls_url("/guarded/a?b=c&d=%2F#e"));
        person.sees(IS_THERE);
        let shown = person.ask("location.pathname + location.search + location.hash");
        assert_eq!(shown, "/guarded/a?b=c&d=%2F#e");
        assert_eq!(person.browser.complaints(), [""; 0]);
    });
}
