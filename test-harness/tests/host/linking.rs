//! Linking, starting and dying: what keeps a guest from running, and what the test learns of it.

use layerprint_harness::host::{HostError, Module, Plugin, Proxy};

use crate::guests::{PRELUDE, Setting, compile, get, guest, said, setting};

#[test]
fn an_unknown_import_does_not_link_and_is_named() {
    let unknown = compile(r#"(import "env" "proxy_set_mood" (func)) (func (export "proxy_abi_version_0_2_1"))"#);
    let expected = HostError::UnknownImport {
        module: "env".into(),
        name: "proxy_set_mood".into(),
    };
    assert_eq!(unknown.err(), Some(expected));
}

#[test]
fn a_known_import_with_other_types_does_not_link() {
    let other = compile(r#"(import "env" "proxy_log" (func)) (func (export "proxy_abi_version_0_2_1"))"#);
    assert!(matches!(other.err(), Some(HostError::Link(why)) if why.contains("proxy_log")));
}

#[test]
fn a_module_that_names_no_abi_is_refused() {
    assert_eq!(compile("").err(), Some(HostError::UnknownAbi));
}

#[test]
fn a_call_without_an_implementation_traps_and_names_itself() {
    let Setting {
        vm, network, client, ..
    } = setting(
        r#"(func (export "proxy_on_new_connection") (param i32) (result i32)
            (call $http_call (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
                (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))"#,
    );
    let Err(HostError::Trap { phase, message, .. }) = vm.open(&network, &client) else {
        panic!("no trap")
    };
    assert_eq!(phase, "proxy_on_new_connection");
    assert!(message.contains("proxy_http_call is not implemented"), "{message}");
}

#[test]
fn a_trap_is_told_with_the_last_words_and_kills_the_vm() {
    let Setting {
        vm,
        network,
        http,
        client,
        ..
    } = setting(
        r#"(func (export "proxy_on_new_connection") (param i32) (result i32)
            (drop (call $log (i32.const 5) (i32.const 110) (i32.const 3)))
            unreachable)"#,
    );
    let Err(HostError::Trap { logs, .. }) = vm.open(&network, &client) else {
        panic!("no trap")
    };
    assert_eq!(logs, ["[test] critical: one"]);
    assert!(!vm.is_alive());
    let after = vm.request(&http, &client, get());
    assert_eq!(
        after.err(),
        Some(HostError::Dead {
            phase: "proxy_on_context_create"
        })
    );
}

#[test]
fn host_calls_are_not_allowed_while_the_module_initialises() {
    let body = r#"(func (export "_initialize") (drop (call $tick (i32.const 1))))"#;
    let early = Proxy::new().vm(&compile(&format!("{PRELUDE} {body}")).unwrap(), "test");
    let Err(HostError::Trap { phase, message, .. }) = early else {
        panic!("no trap")
    };
    assert_eq!(phase, "_initialize");
    assert!(
        message.contains("proxy_set_tick_period_milliseconds cannot be called"),
        "{message}"
    );
}

#[test]
fn a_plugin_sees_its_configuration_while_it_is_configured_and_may_refuse_it() {
    let proxy = Proxy::new();
    let module = guest(
        r#"(func $look (drop (call $get_buffer (i32.const 7) (i32.const 0) (i32.const 99) (i32.const 8) (i32.const 12))))
        (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
            (call $say (call $get_buffer (i32.const 7) (i32.const 0) (i32.const 99) (i32.const 8) (i32.const 12)))
            (i32.const 1))
        (func (export "proxy_on_configure") (param i32 i32) (result i32)
            (call $look)
            (drop (call $log (i32.const 3) (i32.load (i32.const 8)) (i32.load (i32.const 12))))
            (i32.const 0))"#,
    );
    let vm = proxy.vm(&module, "test").unwrap();
    let Err(refusal) = vm.start(Plugin::new("http").configuration("{bad")) else {
        panic!("accepted")
    };
    let logs = vec!["[test] info: 1".into(), "[test] warn: {bad".into()];
    assert_eq!(
        refusal,
        HostError::Refused {
            root_id: "http".into(),
            phase: "proxy_on_configure",
            logs
        }
    );
    assert!(vm.is_alive());
}

#[test]
fn pointers_outside_the_memory_are_a_status_and_not_a_crash() {
    let Setting {
        proxy,
        vm,
        network,
        client,
        ..
    } = setting(
        r#"(func (export "proxy_on_new_connection") (param i32) (result i32)
            (call $say (call $log (i32.const 2) (i32.const 65535) (i32.const 2)))
            (call $say (call $log (i32.const 2) (i32.const -1) (i32.const -1)))
            (call $say (call $set_property (i32.const 100) (i32.const 3) (i32.const -4) (i32.const 8)))
            (call $say (call $get_property (i32.const 140) (i32.const 22) (i32.const 65534) (i32.const 8)))
            (call $say (call $get_shared (i32.const 70000) (i32.const 1) (i32.const 8) (i32.const 12) (i32.const 16)))
            (i32.const 0))"#,
    );
    vm.open(&network, &client).unwrap();
    assert_eq!(said(&proxy), "66666");
    assert!(vm.is_alive());
}

#[test]
fn a_plugin_that_asks_for_time_ends_when_it_says_done() {
    let Setting { proxy, http, .. } = setting(
        r#"(func (export "proxy_on_done") (param i32) (result i32) (i32.const 0))
        (func (export "proxy_on_tick") (param i32) (call $say (call $done)))
        (func (export "proxy_on_delete") (param i32) (call $say (i32.const 5)))"#,
    );
    assert_eq!(http.shut_down(), Ok(false));
    http.tick().unwrap();
    assert_eq!(said(&proxy), "05");
}

#[test]
fn the_real_module_links_and_both_roles_start() {
    let path = layerprint_harness::repo::module();
    assert!(path.exists(), "{} is not built: `make wasm` builds it", path.display());
    let vm = Proxy::new().vm(&Module::load(path).unwrap(), "layerprint").unwrap();
    vm.start(Plugin::new("connection")).unwrap();
    vm.start(Plugin::new("request").configuration("{}")).unwrap();
    assert!(vm.memory_pages() > 1);
}
