//! 100 in 10 s on login, under twenty times that, from 1, 10 and 200 addresses at once, each against a host of its own and so against a
//! count of its own; with 1, 2 and 4 workers. Meanwhile others ask for other routes, and look otherwise.

use crate::http1::{Connection, Told};
use layerprint_harness::availability::require_or_skip;
use layerprint_harness::stack::{Stack, StackOptions};
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::sync::{Barrier, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

const LIMIT: usize = 100;
const WINDOW: Duration = Duration::from_secs(10);
/// A bit over one window, so that there is more than one to look at.
const LASTS: Duration = Duration::from_millis(12_500);
/// Those who ask at the same time.
const CLIENTS: usize = 8;
/// 8 clients each time, 25 times a second: 200 requests a second, where 10 are let through.
const EVERY: Duration = Duration::from_millis(40);

/// The hosts, with the number of addresses that ask for each.
const SITES: [(&str, u8); 3] = [("one.example", 1), ("ten.example", 10), ("many.example", 200)];

fn configuration() -> Value {
    json!({
        "mode": "enforce",
        "challenge": false,
        "behaviour": {"login": false, "rotation": false, "sequence": false},
        "limits": {"rates": [{"name": "login", "match": {"class": "login"}, "key": ["host", "lp1_http"], "requests": LIMIT, "per_s": 10}]},
    })
}

/// What was told, and when it was asked and told.
struct Answer {
    asked: Instant,
    at: Instant,
    told: Told,
}

/// Asks for the login of `host` from `sources` addresses, [`CLIENTS`] at a time.
fn flood(host: &str, sources: u8, port: u16, n: u8, barrier: &Barrier) -> Vec<Answer> {
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                scope.spawn(move || {
                    // Every address has a client; where there are more clients than addresses, they share.
                    let own = (1..=usize::from(sources).max(CLIENTS)).filter(|one| one % CLIENTS == client);
                    let mut connections: Vec<_> = own
                        .map(|one| {
                            let last = u8::try_from((one - 1) % usize::from(sources) + 1).unwrap();
                            Connection::open(Ipv4Addr::new(127, 1, n, last), port)
                        })
                        .collect();
                    barrier.wait();
                    let began = Instant::now();
                    let mut answers = Vec::new();
                    for round in 0_u32.. {
                        let due = EVERY * round;
                        if due > LASTS {
                            return answers;
                        }
                        thread::sleep(due.saturating_sub(began.elapsed()));
                        let place = usize::try_from(round).unwrap() % connections.len();
                        let asked = Instant::now();
                        let told = connections[place].get(host, "/login", "Accept: */*\r\n");
                        let at = Instant::now();
                        answers.push(Answer { asked, at, told });
                    }
                    unreachable!("it has ended");
                })
            })
            .collect();
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    })
}

/// Asks for other routes as the flood looks, and for the login as another client looks. How many were asked.
fn others(port: u16, barrier: &Barrier) -> usize {
    let [mut connection, mut other] = [1, 2].map(|last| Connection::open(Ipv4Addr::new(127, 1, 0, last), port));
    barrier.wait();
    let began = Instant::now();
    let mut count = 0;
    while began.elapsed() < LASTS {
        for (host, _) in SITES {
            for path in ["/", "/search", "/static/a.css", "/api/v1", "/checkout"] {
                let told = connection.get(host, path, "Accept: */*\r\n");
                assert_eq!(told.status, 200, "{host}{path}: {told:?}");
                assert_eq!((told.header("ratelimit"), told.header("retry-after")), (None, None));
                count += 1;
            }
        }
        if count % 60 == 0 {
            for (host, _) in SITES {
                let told = other.get(
                    host,
                    "/login",
                    "accept: text/html\r\nUser-Agent: other\r\nX-Other: 1\r\n",
                );
                assert_eq!(told.status, 200, "{told:?}");
            }
        }
        thread::sleep(Duration::from_millis(40));
    }
    count
}

fn run(test: &str, workers: u16) {
    if !require_or_skip(test, [Stack::availability()]) {
        return;
    }
    // One at a time: the rate is to be kept.
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let stack = Stack::start(StackOptions::new(test).filter(configuration()).concurrency(workers)).unwrap();
    let port = stack.ports().http;
    let barrier = Barrier::new(SITES.len() * CLIENTS + 1);
    let (answers, asked_by_others) = thread::scope(|scope| {
        let barrier = &barrier;
        let others = scope.spawn(move || others(port, barrier));
        let floods: Vec<_> = SITES
            .into_iter()
            .zip(1_u8..)
            .map(|((host, sources), n)| scope.spawn(move || flood(host, sources, port, n, barrier)))
            .collect();
        let answers: Vec<Vec<Answer>> = floods.into_iter().map(|flood| flood.join().unwrap()).collect();
        (answers, others.join().unwrap())
    });
    for ((host, sources), answers) in SITES.into_iter().zip(&answers) {
        look_at(host, sources, workers, answers);
    }
    assert!(asked_by_others > 500, "{asked_by_others}");

    let stats = stack.admin().stats().unwrap();
    let stat = |name: &str| {
        stats
            .get(&format!("wasmcustom.layerprint.{name}"))
            .copied()
            .unwrap_or_default()
    };
    let limited = answers
        .iter()
        .flatten()
        .filter(|answer| answer.told.status == 429)
        .count();
    assert_eq!(
        stat("limited.limit.login.decided.enforced"),
        u64::try_from(limited).unwrap()
    );
    assert_eq!(stat("memory.table.limits.event.lost"), 0, "all is counted");
    // Under this name are the listeners that asked for any port; requests come to one of them.
    let of_worker = |n: u16| stats[&format!("listener.127.0.0.1_0.worker_{n}.downstream_cx_total")];
    let by_worker: Vec<u64> = (0..workers).map(of_worker).collect();
    println!(
        "{workers} workers, connections {by_worker:?}: {asked_by_others} requests of others passed; counts begun anew for another worker: {}",
        stat("memory.table.limits.event.retried")
    );
    assert!(
        by_worker.iter().all(|count| *count > 0),
        "{by_worker:?}: one worker did it all"
    );
}

/// Asserts that so much got through as the limit says.
fn look_at(host: &str, sources: u8, workers: u16, answers: &[Answer]) {
    let (passed, limited): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.told.status == 200);
    let began = answers.iter().map(|answer| answer.asked).min().unwrap();
    let in_first = passed.iter().filter(|answer| answer.asked - began < WINDOW).count();
    // Of all windows that begin when one that passed was asked, the fullest. Envoy decides between question and answer: who asks and is
    // answered within a window was let through in it.
    let fullest = passed.iter().map(|from| {
        let within = passed
            .iter()
            .filter(|other| other.asked >= from.asked && other.at - from.asked < WINDOW);
        within.count()
    });
    let fullest = fullest.max().unwrap();
    let lasted = answers.iter().map(|answer| answer.at).max().unwrap() - began;
    let rate = f64::from(u32::try_from(answers.len()).unwrap()) / lasted.as_secs_f64();
    println!(
        "{workers} workers, {sources} addresses: {rate:.0} requests a second for {lasted:.1?}; of {} in the first 10 s {in_first} passed, \
         and {fullest} in the fullest 10 s",
        answers.iter().filter(|answer| answer.asked - began < WINDOW).count()
    );
    assert!(rate > 180.0, "{host}: no twenty times the rate");
    assert!((95..=105).contains(&in_first), "{host}: {in_first}");
    assert!((95..=105).contains(&fullest), "{host}: {fullest}");
    assert!(passed.len() > in_first, "{host}: nobody gets through any more");
    for answer in limited {
        let told = &answer.told;
        assert_eq!(told.status, 429, "{told:?}");
        assert_eq!(told.header("ratelimit-policy"), Some(r#""login";q=100;w=10"#));
        let after: u64 = told.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=11).contains(&after), "{told:?}");
        assert_eq!(told.header("ratelimit").unwrap(), format!(r#""login";r=0;t={after}"#));
    }
}

#[test]
fn with_one_worker_a_flood_gets_what_the_limit_says() {
    run("with_one_worker_a_flood_gets_what_the_limit_says", 1);
}

#[test]
fn with_two_workers_a_flood_gets_what_the_limit_says() {
    run("with_two_workers_a_flood_gets_what_the_limit_says", 2);
}

#[test]
fn with_four_workers_a_flood_gets_what_the_limit_says() {
    run("with_four_workers_a_flood_gets_what_the_limit_says", 4);
}
