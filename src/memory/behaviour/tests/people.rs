//! Crowds that must not be found, and what the rules are wrong about.

use super::bounds::Nothing;
use super::*;

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

#[test]
fn people_who_refuse_cookies_and_load_pages_as_people_do_are_never_found() {
    for seed in SEEDS {
        for others in [0, 200] {
            let dice = &mut Dice(seed);
            let mut story = crowd(dice, 300, 15, |_, network| Caller {
                shape: "private",
                network,
                session: None,
            });
            story.extend(visitors(dice, others));
            nothing_but(&Site::new(seed, 1).play(story), "");
        }
    }
}

#[test]
fn failures_of_one_shape_from_a_handful_of_networks_are_not_those_of_a_run() {
    let event = |n: u32| Event {
        after_ms: u64::from(n) * 100,
        caller: Caller {
            shape: "chrome",
            network: n % 5,
            session: Some(n),
        },
        ask: FAILS,
    };
    nothing_but(&Site::new(14, 1).play((0..45).map(event).collect()), "");
}
