//! `envoy/fleet/`: real clients at two real Envoys that share their limits through one rate limit service and its Redis.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub,
    reason = "helpers of tests fail as tests do: by panicking"
)]

#[path = "../answers/ask.rs"]
#[allow(dead_code, reason = "the tests of answers ask for more")]
mod ask;
mod lab;
mod program;

use ask::{Told, curl};
use lab::{Fleet, Patience, SHIPPED, can_run};
use layerprint_harness::clients::Client;
use layerprint_harness::stack::{self, FLEET, Stack};
use serde_json::{Value, json};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);

/// Logins of one shape of client from one network in a minute, as `envoy/fleet/ratelimit.yaml` says.
const LOGINS: usize = 10;

/// One request by curl, with these header lines besides its own.
fn ask(envoy: &Stack, path: &str, headers: &[&str]) -> Told {
    let lines = headers.iter().flat_map(|line| ["-H", line]);
    let arguments: Vec<_> = ["--http2"].into_iter().chain(lines).collect();
    curl(&envoy.fleet_url(path).unwrap(), &arguments)
}

/// Asks both in turn, `n` times in all; the statuses.
fn ask_in_turn(fleet: &Fleet, path: &str, n: usize) -> Vec<u64> {
    let envoys = fleet.envoys.iter().cycle().take(n);
    envoys.map(|envoy| ask(envoy, path, &[]).status).collect()
}

/// Asks this one until it is told 429: the limit holds there and then.
fn ask_until_limited(envoy: &Stack, path: &str) -> Told {
    let mut told = (0..50).map(|_| ask(envoy, path, &[]));
    told.find(|told| told.status == 429).unwrap()
}

fn lines(envoy: &Stack, n: usize) -> Vec<Value> {
    envoy.access_log().wait_for(n, SOON).unwrap()
}

#[test]
fn two_envoys_share_one_limit() {
    let test = "two_envoys_share_one_limit";
    let other = Client::Httpx { http2: true };
    if !can_run(test, [other.availability()]) {
        return;
    }
    let fleet = Fleet::start(test, SHIPPED, Patience::Long);

    let statuses = ask_in_turn(&fleet, "/login", LOGINS + 6);
    let expected = [vec![200; LOGINS], vec![429; 6]].concat();
    assert_eq!(statuses, expected);

    // Another shape of client, and the same one elsewhere, are not meant.
    for envoy in &fleet.envoys {
        let reply = other.get(&envoy.fleet_url("/login").unwrap(), &[]).unwrap();
        assert_eq!(reply.status, 200);
        assert_eq!(ask(envoy, "/page", &[]).status, 200);
        assert_eq!(ask(envoy, "/login", &[]).status, 429);
    }

    let mut shapes = Vec::new();
    for envoy in &fleet.envoys {
        let lines = lines(envoy, LOGINS / 2 + 3 + 3);
        let limited = lines.iter().filter(|line| line["status"] == 429);
        assert_eq!(limited.clone().count(), 4, "{lines:?}");
        assert!(limited.clone().all(|line| line["flags"] == "RL"), "{lines:?}");
        let shape = |line: &Value| line["layerprint"]["id"].clone();
        shapes.push((shape(&lines[0]), shape(&lines[LOGINS / 2 + 3])));
        assert!(
            lines.iter().all(|line| line["layerprint"]["verdict"] == "allow"),
            "{lines:?}"
        );
    }
    // Both Envoys name a client alike, and two clients not.
    assert_eq!(shapes[0], shapes[1]);
    assert_ne!(shapes[0].0, shapes[0].1);
}

#[test]
fn a_limited_client_is_told_what_it_may_do_and_when() {
    let test = "a_limited_client_is_told_what_it_may_do_and_when";
    if !can_run(test, []) {
        return;
    }
    let fleet = Fleet::start(test, SHIPPED, Patience::Long);
    let [first, second] = &fleet.envoys;
    let told = ask(first, "/login", &[]);
    let remaining = |told: &Told| told.header("x-ratelimit-remaining").unwrap().parse::<usize>().unwrap();
    assert_eq!((told.status, remaining(&told)), (200, LOGINS - 1));
    let told = ask(second, "/login", &[]);
    assert_eq!((told.status, remaining(&told)), (200, LOGINS - 2));

    let told = ask_until_limited(first, "/login");
    assert_eq!(remaining(&told), 0);
    assert_eq!(told.header("x-envoy-ratelimited"), Some("true"));
    let limit = told.header("x-ratelimit-limit").unwrap();
    assert!(limit.starts_with("10, ") && limit.contains("10;w=60"), "{limit}");
    let seconds = |name| told.header(name).unwrap().parse::<u64>().unwrap();
    assert!((1..=60).contains(&seconds("retry-after")), "{told:?}");
    assert!(seconds("x-ratelimit-reset") <= 60, "{told:?}");
    assert_eq!(told.body, "");
    // Never why.
    assert!(!format!("{told:?}").contains("lp1"), "{told:?}");
}

#[test]
fn a_limit_opens_again_when_the_client_was_told() {
    let test = "a_limit_opens_again_when_the_client_was_told";
    if !can_run(test, []) {
        return;
    }
    let limits = SHIPPED.replace(
        "unit: minute, requests_per_unit: 10 ",
        "unit: second, requests_per_unit: 1 ",
    );
    assert_ne!(limits, SHIPPED);
    let fleet = Fleet::start(test, &limits, Patience::Long);
    let [first, second] = &fleet.envoys;
    for _ in 0..2 {
        let told = ask_until_limited(first, "/login");
        let seconds = told.header("retry-after").unwrap().parse().unwrap();
        std::thread::sleep(Duration::from_secs(seconds));
        assert_eq!(ask(second, "/login", &[]).status, 200);
    }
}

/// 21 hits for all of a network: two logins, which cost 10 each, and one page.
fn assert_that_logins_cost_more(test: &str, headers: &[&str]) {
    if !can_run(test, []) {
        return;
    }
    let limits = "domain: layerprint\ndescriptors:\n  - key: masked_remote_address\n    value: 127.0.0.0/24\n    \
        rate_limit: { unit: minute, requests_per_unit: 21 }\n";
    let fleet = Fleet::start(test, limits, Patience::Long);
    let [first, second] = &fleet.envoys;
    let asked = [
        (first, "/login"),
        (second, "/login"),
        (first, "/page"),
        (second, "/page"),
    ];
    let statuses = asked.map(|(envoy, path)| ask(envoy, path, headers).status);
    assert_eq!(statuses, [200, 200, 200, 429]);
}

#[test]
fn a_network_pays_for_a_request_what_its_route_costs() {
    assert_that_logins_cost_more("a_network_pays_for_a_request_what_its_route_costs", &[]);
}

#[test]
fn what_a_client_says_of_its_cost_route_or_shape_does_not_count() {
    let test = "what_a_client_says_of_its_cost_route_or_shape_does_not_count";
    let forged = [
        "X-LayerPrint-Cost: 0",
        "x-layerprint-route: page",
        "x-layerprint-id: lp1_0_0_0",
    ];
    assert_that_logins_cost_more(test, &forged);
}

/// Each loss on its own: Redis, a service that hangs, no service.
#[test]
fn without_the_service_requests_pass() {
    let test = "without_the_service_requests_pass";
    if !can_run(test, []) {
        return;
    }
    let limits = SHIPPED.replace("requests_per_unit: 10 ", "requests_per_unit: 0 ");
    assert_ne!(limits, SHIPPED);
    let mut fleet = Fleet::start(test, &limits, Patience::Shipped);
    for envoy in &fleet.envoys {
        ask_until_limited(envoy, "/login");
    }
    let losses: [fn(&mut Fleet); 3] = [Fleet::lose_redis, |fleet| fleet.freeze_service(), Fleet::lose_service];
    for lose in losses {
        lose(&mut fleet);
        for envoy in &fleet.envoys {
            let told = ask(envoy, "/login", &[]);
            assert_eq!(told.status, 200, "{told:?}");
            // The shipped time, and what a busy machine adds.
            assert!(told.time < Duration::from_secs(5), "{told:?}");
        }
    }
    for envoy in &fleet.envoys {
        for stat in ["error", "failure_mode_allowed"] {
            let count = envoy
                .admin()
                .stat(&format!("cluster.upstream.ratelimit.{stat}"))
                .unwrap();
            assert!(count >= Some(3), "{stat}: {count:?}");
        }
        let lines = envoy.access_log().lines().unwrap();
        let last = &lines[lines.len() - 1];
        assert_eq!((&last["status"], &last["flags"]), (&json!(200), &json!("-")), "{last}");
    }
}

#[test]
fn the_shipped_configuration_is_valid_as_it_stands() {
    let test = "the_shipped_configuration_is_valid_as_it_stands";
    if can_run(test, []) {
        stack::validate(FLEET, &[]).unwrap();
    }
}
