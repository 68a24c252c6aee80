//! `agent.yaml`: another filter in the same Envoy knows the SYN, and leaves it where it can.

use std::fs;
use std::path::PathBuf;

use layerprint_harness::stack::config::parse;
use layerprint_harness::stack::{Stack, StackOptions, fragment};
use serde_json::{Value, json};

use crate::front::Connection;
use crate::lab::{AGENT, HEADER, LINUX, WINDOWS, hex_from, line, loopback, on_each_envoy, options, start};

#[test]
fn a_lua_filter_hands_it_over_in_metadata() {
    let test = "a_lua_filter_hands_it_over_in_metadata";
    on_each_envoy(test, |envoy| {
        let lua = lua(&format!(
            "handle:streamInfo():dynamicMetadata():set(\"client\", \"syn\", \"{}\")",
            hex_from(WINDOWS.0, "127.0.0.1")
        ));
        let options = options(test, envoy).with_fragment_in("cleartext", AGENT);
        let stack = start(behind(lua, options));
        assert_eq!(seen(&stack, ""), WINDOWS.1);
    });
}

#[test]
fn an_agent_that_can_only_edit_headers_replaces_the_clients_own() {
    let test = "an_agent_that_can_only_edit_headers_replaces_the_clients_own";
    on_each_envoy(test, |envoy| {
        let lua = lua(&format!(
            "handle:headers():replace(\"x-client-syn\", \"{}\")",
            hex_from(WINDOWS.0, "127.0.0.1")
        ));
        let stack = start(behind(lua, options(test, envoy).edit(only_http_filters_of_header)));
        let forged = format!(
            "x-client-syn: {0}\r\nx-client-syn: {0}\r\n",
            hex_from(LINUX.0, "127.0.0.1")
        );
        assert_eq!(seen(&stack, &forged), WINDOWS.1);
    });
}

/// The agent is in Envoy: there is no proxy in front to trust or to close connections to.
fn only_http_filters_of_header(config: &mut Value) {
    let file = layerprint_harness::repo::root().join(HEADER);
    let mut parts = parse(&fs::read_to_string(file).unwrap()).unwrap();
    parts.as_object_mut().unwrap().retain(|part, _| part == "http_filters");
    fragment::add(config, &parts, Some("cleartext")).unwrap();
}

fn lua(statement: &str) -> Value {
    json!({
        "name": "envoy.filters.http.lua",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua",
            "default_source_code": {
                "inline_string": format!("function envoy_on_request(handle) {statement} end"),
            },
        },
    })
}

#[test]
fn another_wasm_filter_hands_it_over_as_a_property() {
    let test = "another_wasm_filter_hands_it_over_as_a_property";
    on_each_envoy(test, |envoy| {
        let module = write_module(test, &hex_from(LINUX.0, "127.0.0.1"));
        let wasm = json!({
            "name": "envoy.filters.http.wasm",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
                "config": { "vm_config": {
                    "vm_id": "agent",
                    "runtime": "envoy.wasm.runtime.v8",
                    "code": { "local": { "filename": module } },
                } },
            },
        });
        let options = options(test, envoy).with_fragment_in("cleartext", AGENT);
        let stack = start(behind(wasm, options));
        assert_eq!(seen(&stack, ""), LINUX.1);
        fs::remove_file(module).unwrap();
    });
}

/// With an agent before all other HTTP filters.
fn behind(agent: Value, options: StackOptions) -> StackOptions {
    options.edit(move |config| {
        let filters = "/static_resources/listeners/1/filter_chains/0/filters/1/typed_config/http_filters";
        let filters = config.pointer_mut(filters).unwrap().as_array_mut().unwrap();
        filters.insert(0, agent);
    })
}

/// The signature that the line and the upstream are given for a request with these header lines.
fn seen(stack: &Stack, headers: &str) -> Value {
    let answer = Connection::to(loopback(stack.ports().http)).ask(headers).unwrap();
    let line = line(stack, 1);
    assert_eq!(answer.values("x-layerprint-tcp"), [line["tcp"].as_str().unwrap()]);
    line["tcp"].clone()
}

/// The smallest Wasm filter that sets the property `client.syn` on each request.
fn write_module(test: &str, value: &str) -> PathBuf {
    let name = "client.syn";
    let wat = format!(
        r#"(module
          (import "env" "proxy_set_property" (func $set (param i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 1)
          (data (i32.const 0) "{name}{value}")
          (func (export "proxy_abi_version_0_2_1"))
          (func (export "malloc") (param i32) (result i32) (i32.const 32768))
          (func (export "proxy_on_context_create") (param i32 i32))
          (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (i32.const 1))
          (func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 1))
          (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
            (drop (call $set (i32.const 0) (i32.const {}) (i32.const {}) (i32.const {})))
            (i32.const 0)))"#,
        name.len(),
        name.len(),
        value.len()
    );
    let file = std::env::temp_dir().join(format!("{test}-{}.wasm", std::process::id()));
    fs::write(&file, wat::parse_str(wat).unwrap()).unwrap();
    file
}
