//! Those who come for what is dear, and in which order they come.

use crate::site::{Site, Visit};
use serde_json::json;
use std::time::Duration;

#[test]
fn a_scraper_that_skips_navigation_is_found_and_an_app_of_a_single_page_is_not() {
    let test = "a_scraper_that_skips_navigation_is_found_and_an_app_of_a_single_page_is_not";
    let Some(site) = Site::open(test, json!({})) else {
        return;
    };
    let scrape = |n: usize| Visit::get("scraper", "chrome131", "127.6.6.6", &format!("/api/items?page={n}"));
    let seen = site.visit(&(0..40).map(scrape).collect::<Vec<_>>());
    let found = seen.iter().position(|seen| seen.has("no-navigation"));
    println!("no-navigation at request {found:?} of 40");
    assert!(found.is_some_and(|n| (9..30).contains(&n)), "{found:?}");

    let get = |path: &str| Visit::get("app", "chrome131", "127.7.7.7", path);
    let mut app = vec![get("/"), get("/static/app.js"), get("/static/app.css")];
    let poll = |n: usize| get(&format!("/api/items?page={n}")).after(Duration::from_millis(100));
    app.extend((0..40).map(poll).map(|visit| visit.cookie("sid=app")));
    // The phone leaves the house: another address, the same cookie.
    let moved =
        |n: usize| Visit::get("moved", "chrome131", "127.8.8.8", &format!("/api/items?page={n}")).cookie("sid=app");
    app.extend((0..40).map(moved));
    for seen in site.visit(&app) {
        assert!(seen.findings.is_empty() || !seen.has("no-navigation"), "{}", seen.line);
        assert!(!seen.has("hammering") && !seen.has("regular-pacing"), "{}", seen.line);
    }
}

#[test]
fn who_asks_for_what_is_in_no_cache_is_found_and_who_asks_as_others_do_is_not() {
    let test = "who_asks_for_what_is_in_no_cache_is_found_and_who_asks_as_others_do_is_not";
    let Some(site) = Site::open(
        test,
        json!({"behaviour": {"sequence": {"cache": {"header": "x-cache"}}}}),
    ) else {
        return;
    };
    let person = |n: usize| {
        let (who, from) = (format!("person{n}"), format!("127.9.9.{n}"));
        let visit = Visit::get(&who, "chrome131", &from, "/static/cached");
        std::iter::repeat_n(visit.clone(), 29).chain([visit.last()])
    };
    let people: Vec<_> = (1..=30).flat_map(person).collect();
    let seen = site.visit(&people);
    assert!(seen.iter().all(|seen| !seen.has("cache-busting")));
    let bust = |n: usize| Visit::get("buster", "chrome131", "127.10.10.10", &format!("/static/cached?n={n}"));
    let seen = site.visit(&(0..100).map(bust).collect::<Vec<_>>());
    let found = seen.iter().position(|seen| seen.has("cache-busting"));
    println!(
        "cache-busting at request {found:?} of 100, after {} of people",
        people.len()
    );
    assert!(found.is_some_and(|n| (30..70).contains(&n)), "{found:?}");
}

#[test]
fn who_hammers_one_call_is_found() {
    let test = "who_hammers_one_call_is_found";
    let Some(site) = Site::open(test, json!({})) else {
        return;
    };
    let get = |path: &str| Visit::get("hammer", "chrome131", "127.11.11.11", path);
    let mut visits = vec![get("/"), get("/static/app.js")];
    visits.extend((0..140).map(|n| get(&format!("/api/stock?n={n}"))));
    let seen = site.visit(&visits);
    let found = seen.iter().position(|seen| seen.has("hammering"));
    println!("hammering at request {found:?} of 142");
    assert!(found.is_some_and(|n| (121..=125).contains(&n)), "{found:?}");
}
