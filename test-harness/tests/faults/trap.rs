//! A VM dies. The module of `make wasm-that-traps` does it where a request asks for it; the one that is shipped does not know the word.

use std::fs;
use std::net::Ipv4Addr;
use std::thread;
use std::time::{Duration, Instant};

use layerprint_harness::availability::{Availability, require_or_skip};
use layerprint_harness::repo;
use layerprint_harness::stack::config::visit;
use layerprint_harness::stack::{Stack, StackOptions};
use layerprint_harness::traffic::{Connection, Kept};
use serde_json::{Value, json};

use crate::look::{reloads, stat};

/// After this the VM may be made anew: Envoy waits for a second, and up to half a second more, since it made the last one.
const BACKOFF: Duration = Duration::from_millis(1_600);

fn module() -> std::path::PathBuf {
    repo::root().join("target/traps/wasm32-wasip1/traps/layerprint.wasm")
}

fn can_run(test: &str) -> bool {
    let built = match module().is_file() {
        true => Availability::Here,
        false => Availability::missing("a module that traps is not built: run `make wasm-that-traps`"),
    };
    require_or_skip(test, [Stack::availability(), built])
}

/// Five requests for `/counted` in ten minutes, whoever asks.
fn configuration() -> Value {
    json!({
        "mode": "enforce",
        "challenge": false,
        "rules": [{"name": "slow", "match": {"path": "/slow"}, "action": "slow"}],
        "limits": {
            "slow": {"delay_ms": 1_000},
            "rates": [{"name": "five", "match": {"path": "/counted"}, "key": ["client_ip"], "requests": 5, "per_s": 600}],
        },
    })
}

fn stack(test: &str, policy: &'static str) -> Stack {
    let options = StackOptions::new(test)
        .module(module())
        .filter(configuration())
        .concurrency(1);
    let with_policy = move |config: &mut Value| {
        visit(config, &mut |object| {
            if object.contains_key("failure_policy") {
                object.insert("failure_policy".to_owned(), json!(policy));
            }
            if object.contains_key("http_filters") {
                object.insert("stream_idle_timeout".to_owned(), json!("3s"));
            }
        });
    };
    let stack = Stack::start(options.edit(with_policy)).unwrap();
    thread::sleep(BACKOFF);
    stack
}

/// The status of a request on a connection of its own, and the headers that the upstream received; no status where Envoy closed.
fn ask(stack: &Stack, path: &str, lines: &str) -> (Option<u16>, String) {
    let reply = Connection::open(Ipv4Addr::LOCALHOST, stack.ports().http)
        .and_then(|mut connection| connection.get(path, lines));
    match reply {
        Ok(reply) => (Some(reply.status), String::from_utf8(reply.body).unwrap()),
        Err(_) => (None, String::new()),
    }
}

/// How the upstream shows what the filter adds to each request.
const VERDICT: &str = "\"x-layerprint-verdict\"";

#[test]
fn what_is_shipped_does_not_trap_when_it_is_asked_to() {
    let test = "what_is_shipped_does_not_trap_when_it_is_asked_to";
    if !can_run(test) {
        return;
    }
    let has = |path: &std::path::Path| fs::read(path).unwrap().windows(6).any(|bytes| bytes == b"x-trap");
    assert!(has(&module()), "the one of the tests knows the word");
    assert!(!has(&repo::module()));
}

#[test]
fn after_a_trap_the_next_request_is_served_by_a_new_vm_that_knows_what_was_counted() {
    let test = "after_a_trap_the_next_request_is_served_by_a_new_vm_that_knows_what_was_counted";
    if !can_run(test) {
        return;
    }
    let stack = stack(test, "FAIL_RELOAD");
    let counted = || (0..6).filter(|_| ask(&stack, "/counted", "").0 == Some(200)).count();
    assert_eq!(counted(), 5, "the limit is reached");

    for phase in ["request", "response", "data"] {
        let before = reloads(&stack);
        // The client whose request it was sees its connection closed, or what was on its way already.
        let (status, _) = ask(&stack, "/", &format!("x-trap: {phase}\r\n"));
        assert!(status.is_none() || phase == "response", "{phase}: {status:?}");
        let (status, received) = ask(&stack, "/", "");
        assert_eq!(status, Some(200), "{phase}: {}", stack.envoy_log_tail());
        assert!(received.contains(VERDICT), "{phase}: {received}");
        assert!(reloads(&stack) > before, "{phase}: no VM was made anew");

        // The two roles share the new VM, as they shared the old one: the request role knows what the connection role saw.
        let mut received = Vec::new();
        let mut http2 = Kept::open(
            Ipv4Addr::LOCALHOST,
            stack.ports().http,
            "/",
            &[("user-agent", "curl/8")],
        )
        .unwrap();
        http2.ask(1, |_, bytes| received.extend_from_slice(bytes)).unwrap();
        let received = String::from_utf8_lossy(&received).into_owned();
        assert!(received.contains("x-layerprint-h2"), "{phase}: {received}");

        // What all workers share is outside of the VMs.
        assert_eq!(counted(), 0, "{phase}: the limit begins anew");
        thread::sleep(BACKOFF);
    }
    assert_eq!(stat(&stack, |name| name.ends_with(".vm_reload_failure")), 0);
    assert_eq!(
        stat(&stack, |name| name.ends_with(".vm_reload")),
        0,
        "Envoy has this counter, and never counts with it: alerts are on vm_reload_success"
    );
}

#[test]
fn a_second_trap_at_once_closes_the_worker_to_all_until_the_backoff_is_over() {
    let test = "a_second_trap_at_once_closes_the_worker_to_all_until_the_backoff_is_over";
    if !can_run(test) {
        return;
    }
    let stack = stack(test, "FAIL_RELOAD");
    ask(&stack, "/", "x-trap: request\r\n");
    assert_eq!(ask(&stack, "/", "").0, Some(200));
    ask(&stack, "/", "x-trap: request\r\n");
    let (status, received) = ask(&stack, "/", "x-layerprint-verdict: made-up\r\n");
    assert_eq!(
        (status, received.as_str()),
        (None, ""),
        "closed, and nothing gets through unseen"
    );
    assert!(stat(&stack, |name| name.ends_with(".vm_reload_backoff")) > 0);
    thread::sleep(BACKOFF);
    assert_eq!(ask(&stack, "/", "").0, Some(200));
}

#[test]
fn connections_that_were_open_when_the_vm_died_are_closed_when_they_say_more() {
    let test = "connections_that_were_open_when_the_vm_died_are_closed_when_they_say_more";
    if !can_run(test) {
        return;
    }
    let stack = stack(test, "FAIL_RELOAD");
    let mut open = Connection::open(Ipv4Addr::LOCALHOST, stack.ports().http).unwrap();
    assert_eq!(open.get("/", "").unwrap().status, 200);
    ask(&stack, "/", "x-trap: request\r\n");
    assert_eq!(ask(&stack, "/", "").0, Some(200), "a new connection has the new VM");
    assert!(open.get("/", "").is_err(), "this one belonged to the old one");
}

#[test]
fn a_request_that_was_held_back_when_the_vm_died_is_held_until_envoy_gives_it_up() {
    let test = "a_request_that_was_held_back_when_the_vm_died_is_held_until_envoy_gives_it_up";
    if !can_run(test) {
        return;
    }
    let stack = stack(test, "FAIL_RELOAD");
    let mut held = Connection::open(Ipv4Addr::LOCALHOST, stack.ports().http).unwrap();
    held.send(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    thread::sleep(Duration::from_millis(300));
    ask(&stack, "/", "x-trap: request\r\n");
    assert_eq!(ask(&stack, "/", "").0, Some(200));
    // Nobody is left who would let it go on. A client that waits longer than Envoy lets a stream be idle is told so, or sees it closed.
    let waits = Instant::now();
    let answer = held.reply();
    assert!(
        answer.is_err() || answer.as_ref().is_ok_and(|reply| reply.status == 504),
        "{answer:?}"
    );
    assert!(
        waits.elapsed() > Duration::from_secs(1),
        "{answer:?} after {:?}",
        waits.elapsed()
    );
    assert!(
        waits.elapsed() < Duration::from_secs(10),
        "{answer:?} after {:?}",
        waits.elapsed()
    );
}

#[test]
fn closed_refuses_all_from_a_trap_on_and_open_lets_all_through_unseen() {
    let test = "closed_refuses_all_from_a_trap_on_and_open_lets_all_through_unseen";
    if !can_run(test) {
        return;
    }
    let forged = "x-layerprint-verdict: made-up\r\n";
    let closed = stack(test, "FAIL_CLOSED");
    assert_eq!(ask(&closed, "/", "").0, Some(200));
    ask(&closed, "/", "x-trap: request\r\n");
    thread::sleep(BACKOFF);
    for _ in 0..3 {
        assert_eq!(ask(&closed, "/", forged).0, None, "closed for good");
    }
    drop(closed);

    let open = stack(test, "FAIL_OPEN");
    let (status, received) = ask(&open, "/", forged);
    assert!(status == Some(200) && !received.contains("made-up"), "{received}");
    assert_eq!(
        ask(&open, "/", "x-trap: request\r\n").0,
        None,
        "even so, the one that trapped is lost"
    );
    thread::sleep(BACKOFF);
    let (status, received) = ask(&open, "/", forged);
    assert!(
        status == Some(200) && received.contains("made-up"),
        "all pass, forged headers too: {received}"
    );
    for _ in 0..7 {
        assert_eq!(ask(&open, "/counted", "").0, Some(200), "and no limit holds");
    }
}
