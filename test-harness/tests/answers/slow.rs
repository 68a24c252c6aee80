//! Requests that are held back: how long, that nobody else waits, and that what happens meanwhile does no harm.

use crate::ask::{self, Told, curl, try_curl};
use crate::site::{DELAY, HELD, SOON, assert_unharmed, can_run, options, stat};
use crate::wire;
use layerprint_harness::stack::Stack;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

fn slowly(stack: &Stack) -> JoinHandle<Told> {
    let url = stack.http_url("/slow");
    thread::spawn(move || curl(&url, &[]))
}

fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < SOON, "{what}");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_slowed_request_waits_and_others_do_not() {
    let test = "a_slowed_request_waits_and_others_do_not";
    if !can_run(test, [ask::availability()]) {
        return;
    }
    let stack = Stack::start(options(test, "enforce")).unwrap();
    let slowed = slowly(&stack);
    wait_until("one is held", || stat(&stack, "slowed") == 1);
    // On the same worker, while the other waits.
    let started = Instant::now();
    let other = curl(&stack.http_url("/"), &[]);
    let other_ended = started.elapsed();
    assert!(!slowed.is_finished(), "the other took {other_ended:?}");
    let slowed = slowed.join().unwrap();
    assert_eq!((slowed.status, other.status), (200, 200));
    assert!(slowed.time >= DELAY, "{:?}", slowed.time);
    assert!(other.time < DELAY, "{:?}", other.time);
    println!(
        "slowed by {DELAY:?}: {:?}; another meanwhile: {:?}",
        slowed.time, other.time
    );
}

#[test]
fn one_more_than_may_wait_goes_on_at_once() {
    let test = "one_more_than_may_wait_goes_on_at_once";
    if !can_run(test, [ask::availability()]) {
        return;
    }
    let stack = Stack::start(options(test, "enforce")).unwrap();
    let held: Vec<_> = (0..HELD).map(|_| slowly(&stack)).collect();
    wait_until("all places are taken", || {
        stat(&stack, "slowed") == u64::try_from(HELD).unwrap()
    });
    let one_more = curl(&stack.http_url("/slow"), &[]);
    assert!(one_more.time < DELAY, "{:?}", one_more.time);
    assert_eq!((one_more.status, stat(&stack, "slow_overflow")), (200, 1));
    for told in held.into_iter().map(|held| held.join().unwrap()) {
        assert!(told.time >= DELAY, "{:?}", told.time);
    }
    // Their places are free again.
    assert!(curl(&stack.http_url("/slow"), &[]).time >= DELAY);
    assert_eq!(stat(&stack, "slow_overflow"), 1);
}

#[test]
fn a_body_and_trailers_wait_with_their_request_and_forged_trailers_are_taken_away() {
    let test = "a_body_and_trailers_wait_with_their_request_and_forged_trailers_are_taken_away";
    if !can_run(test, [ask::availability()]) {
        return;
    }
    let stack = Stack::start(options(test, "enforce")).unwrap();
    let body = "a=b&".repeat(25_000);
    for option in ["--http1.1", "--http2-prior-knowledge"] {
        let told = curl(&stack.http_url("/slow"), &[option, "-H", "Expect:", "-d", &body]);
        assert_eq!(told.status, 200, "{option}");
        assert!(told.time >= DELAY, "{:?}", told.time);
    }
    let mut connection = connect(&stack);
    let request = "POST /slow HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n\
                   3\r\na=b\r\n0\r\nx-layerprint-id: 1\r\nx-own: 2\r\n\r\n";
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer.retain(|letter| !letter.is_whitespace());
    assert!(answer.contains(r#""trailers":[["x-own","2"]]"#), "{answer}");
    assert_unharmed(&stack);
}

fn connect(stack: &Stack) -> TcpStream {
    let connection = TcpStream::connect(("127.0.0.1", stack.ports().http)).unwrap();
    connection.set_read_timeout(Some(SOON)).unwrap();
    connection
}

#[test]
fn a_client_that_leaves_while_it_waits_does_no_harm() {
    let test = "a_client_that_leaves_while_it_waits_does_no_harm";
    if !can_run(test, [ask::availability()]) {
        return;
    }
    let stack = Stack::start(options(test, "enforce")).unwrap();
    for round in 1..=3 {
        let waiting: Vec<_> = (0..HELD)
            .map(|_| {
                let mut connection = connect(&stack);
                connection.write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
                connection
            })
            .collect();
        let all = u64::try_from(round * HELD).unwrap();
        wait_until("all are held", || stat(&stack, "slowed") == all);
        drop(waiting);
        wait_until("their places are free", || {
            stack.admin().stat("http.ingress.downstream_rq_active").unwrap() == Some(0)
        });
        assert_eq!(curl(&stack.http_url("/"), &[]).status, 200);
        thread::sleep(DELAY + Duration::from_millis(100));
    }
    assert!(curl(&stack.http_url("/slow"), &[]).time >= DELAY);
    assert_eq!(stat(&stack, "slow_overflow"), 0);
    assert_unharmed(&stack);
}

/// Three requests wait on one connection; the client resets one of them.
#[test]
fn of_requests_on_one_connection_those_that_are_reset_are_forgotten_and_the_others_go_on() {
    let test = "of_requests_on_one_connection_those_that_are_reset_are_forgotten_and_the_others_go_on";
    if !can_run(test, []) {
        return;
    }
    let stack = Stack::start(options(test, "enforce")).unwrap();
    let mut connection = connect(&stack);
    connection.write_all(&wire::opening(&[], 65_535)).unwrap();
    let request = [
        (":method", "GET"),
        (":scheme", "http"),
        (":authority", "a"),
        (":path", "/slow"),
    ];
    let request = request
        .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
        .to_vec();
    for stream in [1, 3, 5] {
        connection.write_all(&wire::http2_request(stream, &request)).unwrap();
    }
    wait_until("all are held", || stat(&stack, "slowed") == 3);
    const RST_STREAM: u8 = 3;
    const CANCEL: [u8; 4] = [0, 0, 0, 8];
    connection.write_all(&wire::frame(RST_STREAM, 0, 3, &CANCEL)).unwrap();
    let mut ended = Vec::new();
    while ended.len() < 2 {
        let (kind, flags, stream) = read_frame(&mut connection);
        if kind <= 1 && flags & 1 == 1 {
            ended.push(stream);
        }
    }
    ended.sort_unstable();
    assert_eq!(ended, [1, 5]);
    drop(connection);
    assert_eq!(curl(&stack.http_url("/"), &[]).status, 200);
    assert_unharmed(&stack);
}

/// Kind, flags and stream of the next frame.
fn read_frame(connection: &mut TcpStream) -> (u8, u8, u32) {
    let mut head = [0; 9];
    connection.read_exact(&mut head).unwrap();
    let [a, b, c, kind, flags, stream @ ..] = head;
    let length = usize::try_from(u32::from_be_bytes([0, a, b, c])).unwrap();
    connection.read_exact(&mut vec![0; length]).unwrap();
    (kind, flags, u32::from_be_bytes(stream))
}

#[test]
fn a_client_that_gives_up_over_http2_does_no_harm() {
    let test = "a_client_that_gives_up_over_http2_does_no_harm";
    if !can_run(test, [ask::availability()]) {
        return;
    }
    let stack = Stack::start(options(test, "enforce")).unwrap();
    const TIMED_OUT: i32 = 28;
    let gave_up = try_curl(&stack.tls_url("/slow"), &["--http2", "--max-time", "0.2"]);
    assert_eq!(gave_up.unwrap_err(), TIMED_OUT);
    thread::sleep(DELAY);
    assert!(curl(&stack.tls_url("/slow"), &["--http2"]).time >= DELAY);
    assert_unharmed(&stack);
}
