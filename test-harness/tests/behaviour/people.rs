//! A morning in an office: many people, one address, a handful of browsers that are all alike.

use crate::site::{Password, Site, Visit};
use serde_json::json;

const PEOPLE: usize = 60;
const BROWSERS: [&str; 3] = ["chrome131", "edge101", "firefox135"];

fn morning(n: usize) -> Vec<Visit> {
    let (who, browser) = (format!("person{n}"), BROWSERS[n % BROWSERS.len()]);
    let get = |path: &str| Visit::get(&who, browser, "127.5.5.5", path);
    let login = |password| Visit::login(&who, browser, "127.5.5.5", password);
    let session = format!("sid=s{n}; _ga=GA1.{n}");
    let mut visits = vec![get("/"), get("/static/app.css"), get("/static/app.js"), get("/login")];
    // One in six mistypes.
    if n.is_multiple_of(6) {
        visits.push(login(Password::Wrong));
    }
    visits.push(login(Password::Right));
    for path in ["/", "/static/me.png", "/api/mail", "/api/calendar", "/search?q=x"] {
        visits.push(get(path).cookie(&session));
    }
    let last = visits.pop().unwrap();
    visits.push(last.last());
    visits
}

#[test]
fn a_morning_of_people_behind_one_address_finds_nothing() {
    let test = "a_morning_of_people_behind_one_address_finds_nothing";
    let Some(site) = Site::open(test, json!({})) else {
        return;
    };
    let visits: Vec<_> = (0..PEOPLE).flat_map(morning).collect();
    let seen = site.visit(&visits);
    let codes = [
        "rotation",
        "login-failures",
        "no-navigation",
        "hammering",
        "regular-pacing",
        "route-concentration",
        "cache-busting",
        "connection-flood",
    ];
    for seen in &seen {
        assert!(codes.iter().all(|code| !seen.has(code)), "{}", seen.line);
        assert!(seen.login.is_null(), "{}", seen.login);
    }
    println!(
        "{} requests of {PEOPLE} people behind one address: nothing found",
        seen.len()
    );
}
