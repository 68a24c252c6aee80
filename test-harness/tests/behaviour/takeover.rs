//! Stolen passwords, tried from everywhere.

use crate::site::{Password, Site, Visit};
use serde_json::json;

/// Another /24 for each number.
fn address(n: usize) -> String {
    format!("127.{}.{}.1", 1 + n / 250, n % 250)
}

#[test]
fn a_run_of_passwords_with_one_shape_and_ever_new_addresses_is_found_within_fifty_requests() {
    let test = "a_run_of_passwords_with_one_shape_and_ever_new_addresses_is_found_within_fifty_requests";
    let Some(site) = Site::open(test, json!({})) else {
        return;
    };
    let visits: Vec<_> = (0..50)
        .map(|n| Visit::login(&format!("bot{n}"), "chrome131", &address(n), Password::Wrong).last())
        .collect();
    let seen = site.visit(&visits);
    assert!(seen.iter().all(|seen| seen.status == 401), "it observes");
    let first = |code: &str| seen.iter().position(|seen| seen.has(code));
    let (failures, rotation) = (first("login-failures"), first("rotation"));
    println!("login-failures at request {failures:?}, rotation at request {rotation:?}, of 50");
    assert!(failures.is_some_and(|n| (10..50).contains(&n)), "{failures:?}");
    assert!(rotation.is_some_and(|n| (15..50).contains(&n)), "{rotation:?}");
    assert_eq!(seen[49].line["l7"], 95, "both weigh: {}", seen[49].line);
    // Where both layers are seen, that is a conflict, and a challenge; without a SYN it is logged.
    assert_eq!(seen[49].line["verdict"], "log");

    // Another shape, from another place, is nobody that is suspected.
    let other = site.visit(&[Visit::login("person", "firefox135", "127.9.9.9", Password::Wrong)]);
    assert!(
        !other[0].has("login-failures") && !other[0].has("rotation"),
        "{}",
        other[0].line
    );

    // One of the passwords fits.
    let hit = site.visit(&[Visit::login("bot", "chrome131", &address(50), Password::Right)]);
    assert_eq!(hit[0].status, 200);
    assert_eq!(
        (&hit[0].login["outcome"], &hit[0].login["of"]),
        (&json!("success"), &json!("shape")),
        "{}",
        hit[0].login
    );
    assert!(hit[0].login["failures"].as_u64().unwrap() >= 50);
    assert_eq!(site.count("login_alarms.of.shape"), 1);
    assert!(
        site.envoy_log()
            .contains("a login succeeded after 50 failures of the same shape")
    );
}

#[test]
fn who_tries_passwords_from_one_place_is_found_and_who_mistypes_is_not() {
    let test = "who_tries_passwords_from_one_place_is_found_and_who_mistypes_is_not";
    let Some(site) = Site::open(test, json!({})) else {
        return;
    };
    let tries: Vec<_> = (0..15)
        .map(|_| Visit::login("thief", "chrome124", "127.3.3.3", Password::Wrong))
        .collect();
    let seen = site.visit(&tries);
    assert_eq!(seen.iter().position(|seen| seen.has("login-failures")), Some(10));
    let person = |password| Visit::login("person", "chrome124", "127.4.4.4", password);
    let seen = site.visit(&[Password::Wrong, Password::Wrong, Password::Wrong, Password::Right].map(person));
    assert!(
        seen.iter()
            .all(|seen| !seen.has("login-failures") && seen.login.is_null())
    );
}
