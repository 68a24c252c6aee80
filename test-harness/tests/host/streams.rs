//! Connections, requests and responses: what is lent when, what is held, and what a reply or a close does.

use std::time::Duration;

use layerprint_harness::host::{Action, HostError, headers};

use crate::guests::{Setting, get, said, setting};

#[test]
fn header_edits_reach_the_origin_in_envoys_order() {
    let Setting {
        proxy,
        vm,
        http,
        client,
        ..
    } = setting(
        r#"(data (i32.const 200) ":pathAcCePthost")
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
            (call $say (call $add_header (i32.const 0) (i32.const 120) (i32.const 7) (i32.const 110) (i32.const 3)))
            (call $say (call $add_header (i32.const 0) (i32.const 120) (i32.const 7) (i32.const 100) (i32.const 3)))
            (call $say (call $replace_header (i32.const 0) (i32.const 200) (i32.const 5) (i32.const 110) (i32.const 3)))
            (call $say (call $replace_header (i32.const 0) (i32.const 205) (i32.const 6) (i32.const 110) (i32.const 3)))
            (call $say (call $remove_header (i32.const 0) (i32.const 211) (i32.const 4)))
            (call $say (call $get_header (i32.const 0) (i32.const 211) (i32.const 4) (i32.const 8) (i32.const 12)))
            (call $say (call $get_header (i32.const 2) (i32.const 211) (i32.const 4) (i32.const 8) (i32.const 12)))
            (call $say (call $get_header (i32.const 9) (i32.const 211) (i32.const 4) (i32.const 8) (i32.const 12)))
            (i32.const 0))"#,
    );
    let sent = headers(&[
        (":path", "/"),
        (":method", "GET"),
        ("Host", "a"),
        ("accept", "*/*"),
        ("host", "b"),
    ]);
    let exchange = vm.request(&http, &client, sent).unwrap();
    let expected = headers(&[
        (":method", "GET"),
        (":path", "one"),
        ("x-state", "one"),
        ("x-state", "key"),
        ("accept", "one"),
    ]);
    assert_eq!(exchange.upstream_headers(), expected);
    assert_eq!(said(&proxy), "00000122");
    assert_eq!(proxy.host_calls("proxy_add_header_map_value"), 2);
}

#[test]
fn request_headers_are_lent_to_their_own_callbacks_and_to_the_log() {
    let Setting {
        proxy,
        vm,
        http,
        client,
        ..
    } = setting(
        r#"(data (i32.const 200) "accept")
        (func $look
            (call $say (call $get_header (i32.const 0) (i32.const 200) (i32.const 6) (i32.const 8) (i32.const 12))))
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (call $look) (i32.const 0))
        (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
            (call $look)
            (call $say (call $get_pairs (i32.const 0) (i32.const 8) (i32.const 12)))
            (call $say (i32.load (i32.const 12)))
            (i32.const 0))
        (func (export "proxy_on_log") (param i32)
            (call $look)
            (call $say (call $add_header (i32.const 0) (i32.const 120) (i32.const 7) (i32.const 110) (i32.const 3))))"#,
    );
    let exchange = vm.request(&http, &client, get()).unwrap();
    exchange.respond(headers(&[(":status", "200")])).unwrap();
    exchange.finish().unwrap();
    assert_eq!(said(&proxy), "020002");
    assert_eq!(exchange.upstream_headers(), get());
    let late = exchange.body("late").err();
    assert!(
        matches!(
            late,
            Some(HostError::OutOfTurn {
                phase: "proxy_on_request_body",
                ..
            })
        ),
        "{late:?}"
    );
}

#[test]
fn a_tick_lets_a_paused_request_go_on() {
    let Setting { vm, http, client, .. } = setting(
        r#"(global $held (mut i32) (i32.const 0))
        (func (export "proxy_on_request_headers") (param $id i32) (param i32 i32) (result i32)
            (global.set $held (local.get $id))
            (drop (call $tick (i32.const 500)))
            (i32.const 1))
        (func (export "proxy_on_tick") (param i32)
            (drop (call $tick (i32.const 0)))
            (drop (call $become (global.get $held)))
            (drop (call $continue (i32.const 0))))"#,
    );
    let exchange = vm.request(&http, &client, get()).unwrap();
    assert_eq!((exchange.action(), exchange.is_paused()), (Action::Pause, true));
    vm.elapse(Duration::from_millis(499)).unwrap();
    assert!(exchange.is_paused());
    vm.elapse(Duration::from_millis(1)).unwrap();
    assert!(!exchange.is_paused());
    assert_eq!(http.tick_period(), None);
}

#[test]
fn a_local_reply_stops_the_request_and_runs_through_the_guest() {
    let Setting { vm, http, client, .. } = setting(
        r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
            (drop (call $reply (i32.const 403) (i32.const 100) (i32.const 3) (i32.const 110) (i32.const 3)
                (i32.const 0) (i32.const 0) (i32.const -1)))
            (i32.const 0))
        (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
            (call $add_header (i32.const 2) (i32.const 120) (i32.const 7) (i32.const 110) (i32.const 3)))"#,
    );
    let exchange = vm.request(&http, &client, get().then_body()).unwrap();
    assert_eq!(exchange.action(), Action::Pause);
    let reply = exchange.local_reply().unwrap();
    assert_eq!(
        (reply.status, reply.details.as_slice(), reply.grpc_status),
        (403, &b"key"[..], None)
    );
    let expected = headers(&[
        (":status", "403"),
        ("content-length", "3"),
        ("content-type", "text/plain"),
        ("x-state", "one"),
    ]);
    assert_eq!(exchange.downstream_headers(), expected);
    assert_eq!(exchange.downstream_body(), b"one");
    assert!(matches!(exchange.body("more"), Err(HostError::OutOfTurn { .. })));
}

#[test]
fn a_reply_instead_of_a_response_goes_out_as_it_is() {
    let Setting { vm, http, client, .. } = setting(
        r#"(func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
            (call $reply (i32.const 502) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
                (i32.const 0) (i32.const 0) (i32.const 14)))"#,
    );
    let exchange = vm.request(&http, &client, get()).unwrap();
    assert_eq!(
        exchange.respond(headers(&[(":status", "200"), ("a", "b")]).then_body()),
        Ok(Action::Pause)
    );
    assert_eq!(exchange.downstream_headers(), headers(&[(":status", "502")]));
    assert_eq!(exchange.local_reply().unwrap().grpc_status, Some(14));
    assert!(!exchange.is_reset());
}

#[test]
fn a_guest_may_reset_a_request_and_the_stream_is_over() {
    let Setting {
        proxy,
        vm,
        http,
        client,
        ..
    } = setting(
        r#"(func (export "proxy_on_request_body") (param i32 i32 i32) (result i32) (call $close (i32.const 0)))
        (func (export "proxy_on_log") (param i32) (call $say (i32.const 3)))
        (func (export "proxy_on_done") (param i32) (result i32) (call $say (i32.const 4)) (i32.const 1))
        (func (export "proxy_on_delete") (param i32) (call $say (i32.const 5)))"#,
    );
    let exchange = vm.request(&http, &client, get().then_body()).unwrap();
    exchange.body_part("abc").unwrap();
    assert!(exchange.is_reset());
    assert_eq!(exchange.upstream_body(), b"abc");
    exchange.finish().unwrap();
    assert_eq!(said(&proxy), "345");
}

#[test]
fn held_bytes_come_again_with_the_new_ones_and_a_guest_may_close() {
    let Setting {
        vm, network, client, ..
    } = setting(
        r#"(func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32)
            (if (i32.eq (local.get 1) (i32.const 4)) (then (drop (call $close (i32.const 2)))))
            (i32.lt_u (local.get 1) (i32.const 3)))"#,
    );
    let tcp = vm.open(&network, &client).unwrap();
    assert_eq!(tcp.downstream("ab"), Ok(Action::Pause));
    assert_eq!(tcp.forwarded(), b"");
    assert_eq!(tcp.downstream("c"), Ok(Action::Continue));
    assert_eq!(tcp.forwarded(), b"abc");
    tcp.downstream("defg").unwrap();
    assert!(!tcp.is_open());
    tcp.close().unwrap();
}
