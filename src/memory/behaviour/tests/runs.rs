//! Runs that have to be found, by how many requests, and what is said of them.

use super::*;

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
fn what_a_tool_did_an_hour_ago_hides_no_run() {
    let pages = |n: u32| Event {
        after_ms: u64::from(n) * 100,
        caller: Caller {
            shape: "tool",
            network: 7,
            session: None,
        },
        ask: Ask::Page,
    };
    let hour_later = |event: Event| Event {
        after_ms: event.after_ms + 3_600_000,
        ..event
    };
    let mut story: Vec<_> = (0..2_000).map(pages).collect();
    story.extend(stuffing(50, 1_000, 51).into_iter().map(hour_later));
    let told = Site::new(13, 1).play(story);
    let after = found_after(&told, "tool", Code::Rotation);
    assert!(after.is_some_and(|after| after > 2_000), "{after:?}");
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
