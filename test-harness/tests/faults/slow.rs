//! Clients that take their time, or go in the middle: each holds a connection, none harms another, and all is freed when they are gone.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use layerprint_harness::availability::require_or_skip;
use layerprint_harness::stack::{Stack, StackOptions};
use layerprint_harness::traffic::{Connection, frames, source};

use crate::look::{stat, traps, wait, wait_until_idle, wasm_memory};

/// Clients of each kind at once.
const EACH: u64 = 60;
const HEAD: &[u8] = b"GET /slow HTTP/1.1\r\nHost: localhost\r\nUser-Agent: slow\r\n";

/// All kinds at once, none of them done: `number` is where their addresses begin.
fn crowd(stack: &Stack, number: u64) -> Vec<Connection> {
    let ports = stack.ports();
    let mut crowd = Vec::new();
    for client in number..number + EACH {
        let open = |port| Connection::open(source(client), port).unwrap();
        // A head that comes byte by byte and never ends.
        let mut slowloris = open(ports.http);
        for byte in HEAD.chunks(1).take(20) {
            slowloris.send(byte).unwrap();
        }
        // An HTTP/2 opening without an end, and TLS that is only begun.
        let mut opening = open(ports.http);
        opening.send(&frames::PREFACE[..20]).unwrap();
        let mut hello = open(ports.tls);
        hello.send(&[22, 3, 1, 2, 0, 1]).unwrap();
        // A body of which little comes.
        let mut body = open(ports.http);
        body.send(b"POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nx")
            .unwrap();
        // An answer that nobody reads.
        let mut unread = open(ports.http);
        unread.send(&[HEAD, b"\r\n"].concat().repeat(10)).unwrap();
        crowd.extend([
            slowloris,
            opening,
            hello,
            body,
            unread,
            open(ports.http),
            open(ports.passthrough),
        ]);
    }
    crowd
}

/// Half of them close in order, the others by a reset.
fn leave(crowd: Vec<Connection>) {
    for (number, connection) in crowd.into_iter().enumerate() {
        if number % 2 == 0 {
            connection.reset().unwrap();
        }
    }
}

#[test]
fn slow_clients_hold_up_nobody_and_leave_nothing_behind() {
    let test = "slow_clients_hold_up_nobody_and_leave_nothing_behind";
    if !require_or_skip(test, [Stack::availability()]) {
        return;
    }
    let stack = Stack::start(StackOptions::new(test)).unwrap();
    let connections = || {
        stat(&stack, |name| {
            name.starts_with("listener.")
                && name.ends_with(".downstream_cx_active")
                && !name.contains("worker")
                && !name.contains("admin")
        })
    };
    let mut after_first = None;
    for round in 0..6 {
        let crowd = crowd(&stack, round * EACH);
        let there = u64::try_from(crowd.len()).unwrap();
        // Those whose first bytes a listener filter waits for are not among the connections yet.
        wait(&stack, "they are not there", || connections() >= there / 3);
        let start = Instant::now();
        for _ in 0..20 {
            let mut quick = Connection::open(Ipv4Addr::LOCALHOST, stack.ports().http).unwrap();
            assert_eq!(quick.get("/quick", "connection: close\r\n").unwrap().status, 200);
        }
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        leave(crowd);
        wait_until_idle(&stack);
        wait(&stack, "connections are left", || connections() == 0);
        let memory = wasm_memory(&stack);
        match (round, after_first) {
            (0, _) => {}
            (_, None) => after_first = Some(memory),
            (_, Some(before)) => assert_eq!(memory, before, "round {round}"),
        }
    }
    assert_eq!(traps(&stack), 0);
}

#[test]
fn who_closes_one_direction_is_answered_or_closed_and_forgotten() {
    let test = "who_closes_one_direction_is_answered_or_closed_and_forgotten";
    if !require_or_skip(test, [Stack::availability()]) {
        return;
    }
    let stack = Stack::start(StackOptions::new(test)).unwrap();
    for number in 0..300 {
        let mut connection = Connection::open(source(number), stack.ports().http).unwrap();
        let length = usize::try_from(number).unwrap() % (HEAD.len() + 2);
        let whole = [HEAD, b"\r\n"].concat();
        if connection.send(&whole[..length]).is_ok() {
            // Envoy takes it for the end of all.
            let _ = connection.half_close().unwrap();
        }
    }
    wait_until_idle(&stack);
    assert_eq!(traps(&stack), 0);
}
