//! What contexts and VMs share: filter state, properties, shared data, queues, metrics; and the counts of calls.

use layerprint_harness::host::{Connection, Plugin, Proxy, headers};

use crate::guests::{Setting, get, guest, said, setting};

#[test]
fn shared_data_is_written_only_by_who_knows_the_last_number() {
    let Setting {
        proxy,
        vm,
        network,
        client,
        ..
    } = setting(
        r#"(func $set (param $cas i32)
            (call $say (call $set_shared (i32.const 100) (i32.const 3) (i32.const 110) (i32.const 3) (local.get $cas))))
        (func $get
            (call $say (call $get_shared (i32.const 100) (i32.const 3) (i32.const 8) (i32.const 12) (i32.const 16))))
        (func (export "proxy_on_new_connection") (param i32) (result i32)
            (call $get)
            (call $set (i32.const 77))
            (call $get)
            (call $set (i32.const 77))
            (call $set (i32.load (i32.const 16)))
            (call $set (i32.load (i32.const 16)))
            (call $set (i32.const 0))
            (i32.const 0))"#,
    );
    vm.open(&network, &client).unwrap();
    assert_eq!(said(&proxy), "1008080");
    assert_eq!(proxy.shared_data("test", "key"), Some(b"one".to_vec()));
    assert_eq!(proxy.shared_data("other", "key"), None);
    assert_eq!(proxy.shared_keys("test"), [b"key"]);
}

/// The network role writes `key`; the HTTP role reads it into a header.
const BOTH_ROLES: &str = r#"
    (func (export "proxy_on_new_connection") (param i32) (result i32)
        (call $say (call $set_property (i32.const 100) (i32.const 3) (i32.const 110) (i32.const 3)))
        (i32.const 0))
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (local $status i32)
        (local.set $status (call $get_property (i32.const 100) (i32.const 3) (i32.const 8) (i32.const 12)))
        (call $say (local.get $status))
        (if (i32.eqz (local.get $status)) (then
            (call $say (call $add_header (i32.const 0) (i32.const 120) (i32.const 7)
                (i32.load (i32.const 8)) (i32.load (i32.const 12))))))
        (i32.const 0))
    (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
        (call $say (call $set_property (i32.const 100) (i32.const 3) (i32.const 120) (i32.const 7)))
        (i32.const 0))"#;

#[test]
fn what_the_network_role_writes_the_http_role_reads_on_that_connection_only() {
    let Setting {
        proxy,
        vm,
        network,
        http,
        client,
    } = setting(BOTH_ROLES);
    let tcp = vm.open(&network, &client).unwrap();
    let exchange = vm.request(&http, &client, get()).unwrap();
    assert_eq!(exchange.header_text("x-state").as_deref(), Some("one"));
    assert_eq!(proxy.filter_state(&client, "wasm.key"), Some(b"one".to_vec()));

    let stranger = proxy.accept(Connection::tls());
    let other = vm.request(&http, &stranger, get()).unwrap();
    assert_eq!(other.header("x-state"), None);
    assert_eq!(said(&proxy), "0001");
    exchange.finish().unwrap();
    tcp.close().unwrap();
    assert_eq!(proxy.calls().reads_of("key"), 2);
}

#[test]
fn what_the_http_role_writes_is_the_requests_own_unless_the_connection_has_the_key() {
    let Setting {
        proxy,
        vm,
        network,
        http,
        client,
    } = setting(BOTH_ROLES);
    let alone = vm.request(&http, &client, get()).unwrap();
    alone.respond(headers(&[(":status", "200")])).unwrap();
    assert_eq!(alone.filter_state("wasm.key"), Some(b"x-state".to_vec()));
    assert_eq!(proxy.filter_state(&client, "wasm.key"), None);

    let _tcp = vm.open(&network, &client).unwrap();
    let second = vm.request(&http, &client, get()).unwrap();
    second.respond(headers(&[(":status", "200")])).unwrap();
    assert_eq!(proxy.filter_state(&client, "wasm.key"), Some(b"x-state".to_vec()));
}

#[test]
fn filter_state_of_the_proxy_and_missing_properties_are_told_apart() {
    let Setting { proxy, vm, http, .. } = setting(
        r#"(data (i32.const 200) "filter_state\00layerprint.tls.ja4")
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
            (call $say (call $get_property (i32.const 200) (i32.const 31) (i32.const 8) (i32.const 12)))
            (i32.const 0))"#,
    );
    let with = proxy.accept(Connection::tls().filter_state("layerprint.tls.ja4", "t13"));
    let without = proxy.accept(Connection::tls());
    vm.request(&http, &with, get()).unwrap();
    vm.request(&http, &without, get()).unwrap();
    assert_eq!(said(&proxy), "01");
    assert_eq!(proxy.calls().reads_of("filter_state.layerprint.tls.ja4"), 2);
}

#[test]
fn asking_for_the_tls_version_too_early_spoils_the_answer_for_good() {
    let Setting {
        vm,
        network,
        http,
        client,
        proxy,
    } = setting(
        r#"(func $version
            (drop (call $get_property (i32.const 140) (i32.const 22) (i32.const 8) (i32.const 12)))
            (drop (call $log (i32.const 2) (i32.load (i32.const 8)) (i32.load (i32.const 12)))))
        (func (export "proxy_on_new_connection") (param i32) (result i32) (call $version) (i32.const 0))
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (call $version) (i32.const 0))"#,
    );
    vm.request(&http, &client, get()).unwrap();
    let _tcp = vm.open(&network, &client).unwrap();
    vm.request(&http, &client, get()).unwrap();
    assert_eq!(said(&proxy), "TLSv1.3TLSv1.2TLSv1.2");
}

#[test]
fn a_queue_tells_who_registered_it_last_in_whichever_vm() {
    let module = guest(
        r#"(func (export "proxy_on_configure") (param i32 i32) (result i32)
            (call $say (call $register (i32.const 100) (i32.const 3) (i32.const 8)))
            (i32.const 1))
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
            (call $say (call $resolve (i32.const 0) (i32.const 0) (i32.const 110) (i32.const 3) (i32.const 8)))
            (call $say (call $resolve (i32.const 0) (i32.const 0) (i32.const 100) (i32.const 3) (i32.const 8)))
            (call $say (call $enqueue (i32.load (i32.const 8)) (i32.const 120) (i32.const 7)))
            (i32.const 0))
        (func (export "proxy_on_queue_ready") (param i32 i32)
            (call $say (call $dequeue (local.get 1) (i32.const 8) (i32.const 12)))
            (call $say (call $dequeue (local.get 1) (i32.const 8) (i32.const 12))))"#,
    );
    let proxy = Proxy::new();
    let [first, second] = [(); 2].map(|()| proxy.vm(&module, "test").unwrap());
    let role = first.start(Plugin::new("http")).unwrap();
    second.start(Plugin::new("http")).unwrap();
    first.request(&role, &proxy.accept(Connection::plain()), get()).unwrap();
    first.deliver_queues().unwrap();
    assert_eq!(said(&proxy), "00100");
    second.deliver_queues().unwrap();
    second.deliver_queues().unwrap();
    assert_eq!(said(&proxy), "0010007");
}

#[test]
fn metrics_of_one_name_are_one_value_and_refuse_what_envoy_refuses() {
    let Setting {
        proxy,
        vm,
        network,
        client,
        ..
    } = setting(
        r#"(func (export "proxy_on_new_connection") (param i32) (result i32)
            (call $say (call $define (i32.const 0) (i32.const 100) (i32.const 3) (i32.const 8)))
            (call $say (call $define (i32.const 2) (i32.const 110) (i32.const 3) (i32.const 12)))
            (call $say (call $increment (i32.load (i32.const 8)) (i64.const 2)))
            (call $say (call $increment (i32.load (i32.const 8)) (i64.const 0)))
            (call $say (call $increment (i32.const 999) (i64.const 1)))
            (call $say (call $record (i32.load (i32.const 12)) (i64.const 7)))
            (call $say (call $done))
            (i32.const 0))"#,
    );
    vm.open(&network, &client).unwrap();
    vm.open(&network, &client).unwrap();
    assert_eq!(said(&proxy), "0002101".repeat(2));
    assert_eq!(proxy.metric("key"), Some(4));
    assert_eq!(proxy.histogram("one"), [7, 7]);
}

#[test]
fn calls_are_counted_between_snapshots() {
    let Setting {
        proxy,
        vm,
        network,
        http,
        client,
    } = setting(BOTH_ROLES);
    let _tcp = vm.open(&network, &client).unwrap();
    let before = proxy.calls();
    vm.request(&http, &client, get()).unwrap();
    let spent = proxy.calls().since(&before);
    assert_eq!(spent.of("proxy_get_property"), 1);
    assert_eq!(spent.of("proxy_set_property"), 0);
    assert_eq!(spent.total(), 4);
    assert_eq!(vm.memory_pages(), 1);
}
