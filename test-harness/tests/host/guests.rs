//! Small guests in WAT. They report each status they get as a log line of one character: `0` is Ok, `1` NotFound, `2`
//! BadArgument, `6` InvalidMemoryAccess, `7` Empty, `8` CasMismatch.

use layerprint_harness::host::{Client, Connection, Headers, HostError, Module, Plugin, Proxy, Role, Vm, headers};

/// What every guest here has: imports, one page of memory, an allocator, and `$say`, which logs a status.
pub(crate) const PRELUDE: &str = r#"
    (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
    (import "env" "proxy_get_property" (func $get_property (param i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_set_property" (func $set_property (param i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_get_buffer_bytes" (func $get_buffer (param i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_get_header_map_pairs" (func $get_pairs (param i32 i32 i32) (result i32)))
    (import "env" "proxy_get_header_map_value" (func $get_header (param i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_add_header_map_value" (func $add_header (param i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_replace_header_map_value" (func $replace_header (param i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_remove_header_map_value" (func $remove_header (param i32 i32 i32) (result i32)))
    (import "env" "proxy_get_shared_data" (func $get_shared (param i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_set_shared_data" (func $set_shared (param i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_send_local_response" (func $reply (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_continue_stream" (func $continue (param i32) (result i32)))
    (import "env" "proxy_close_stream" (func $close (param i32) (result i32)))
    (import "env" "proxy_set_tick_period_milliseconds" (func $tick (param i32) (result i32)))
    (import "env" "proxy_set_effective_context" (func $become (param i32) (result i32)))
    (import "env" "proxy_define_metric" (func $define (param i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_increment_metric" (func $increment (param i32 i64) (result i32)))
    (import "env" "proxy_record_metric" (func $record (param i32 i64) (result i32)))
    (import "env" "proxy_http_call" (func $http_call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_done" (func $done (result i32)))
    (import "env" "proxy_register_shared_queue" (func $register (param i32 i32 i32) (result i32)))
    (import "env" "proxy_resolve_shared_queue" (func $resolve (param i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_enqueue_shared_queue" (func $enqueue (param i32 i32 i32) (result i32)))
    (import "env" "proxy_dequeue_shared_queue" (func $dequeue (param i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (global $free (mut i32) (i32.const 4096))
    (func (export "proxy_abi_version_0_2_1"))
    (func (export "proxy_on_memory_allocate") (param $size i32) (result i32)
        (global.get $free)
        (global.set $free (i32.add (global.get $free) (local.get $size))))
    (func $say (param $status i32)
        (i32.store8 (i32.const 0) (i32.add (i32.const 48) (local.get $status)))
        (drop (call $log (i32.const 2) (i32.const 0) (i32.const 1))))
    (data (i32.const 100) "key")
    (data (i32.const 110) "one")
    (data (i32.const 120) "x-state")
    (data (i32.const 140) "connection\00tls_version")
"#;

pub(crate) fn compile(body: &str) -> Result<Module, HostError> {
    Module::from_bytes(&wat::parse_str(format!("(module {body})")).unwrap())
}

pub(crate) fn guest(body: &str) -> Module {
    compile(&format!("{PRELUDE} (func (export \"_initialize\")) {body}")).unwrap()
}

/// One VM with both roles, and a connection.
pub(crate) struct Setting {
    pub(crate) proxy: Proxy,
    pub(crate) vm: Vm,
    pub(crate) network: Role,
    pub(crate) http: Role,
    pub(crate) client: Client,
}

pub(crate) fn setting(body: &str) -> Setting {
    let proxy = Proxy::new();
    let vm = proxy.vm(&guest(body), "test").unwrap();
    let network = vm.start(Plugin::new("network")).unwrap();
    let http = vm.start(Plugin::new("http")).unwrap();
    let client = proxy.accept(Connection::tls());
    Setting {
        proxy,
        vm,
        network,
        http,
        client,
    }
}

pub(crate) fn said(proxy: &Proxy) -> String {
    proxy.logs().into_iter().map(|line| line.message).collect()
}

pub(crate) fn get() -> Headers {
    headers(&[(":method", "GET"), (":path", "/"), ("accept", "*/*")])
}
