//! The one list of what a guest may import: the 39 host functions of proxy-wasm ABI 0.2.1, and what modules use of WASI.
//!
//! An import that is not here is a link error. A function that is here without a handler traps and names itself.

use wasmtime::{Caller, FuncType, Linker, Val, ValType};

use super::abi::{Errno, Status};
use super::call::{Answer, Call, Ending};
use super::functions::{buffers, integration, maps, metrics, properties, shared, streams, wasi};
use super::vm::{Stage, VmState};

const ENV: &str = "env";
const WASI: &str = "wasi_snapshot_preview1";

type Handler = fn(&mut Call<'_, '_>) -> Answer;

/// A function the host offers.
struct Row {
    module: &'static str,
    name: &'static str,
    /// Its parameters, one letter each: `i` is an i32, `l` an i64.
    takes: &'static str,
    needs: Needs,
    /// What it does; nothing if the host does not implement it.
    does: Option<Handler>,
}

/// When a function may be called, as Envoy restricts it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    /// At any time, also while the guest allocates memory for the host.
    Nothing,
    /// While the module initialises, or in a callback.
    Start,
    /// In a callback only.
    Callback,
}

use Needs::{Callback, Nothing, Start};

#[rustfmt::skip]
const TABLE: &[Row] = &[
    // Lifecycle, logs, time
    serves(ENV, "proxy_done",                          "",             Callback, integration::done),
    serves(ENV, "proxy_set_effective_context",         "i",            Callback, integration::set_effective_context),
    serves(ENV, "proxy_log",                           "iii",          Nothing,  integration::log),
    serves(ENV, "proxy_get_log_level",                 "i",            Callback, integration::log_level),
    serves(ENV, "proxy_get_current_time_nanoseconds",  "i",            Callback, integration::time),
    serves(ENV, "proxy_set_tick_period_milliseconds",  "i",            Callback, integration::set_tick_period),
    serves(ENV, "proxy_get_status",                    "iii",          Callback, integration::status),
    // Buffers
    serves(ENV, "proxy_set_buffer_bytes",              "iiiii",        Callback, buffers::set),
    serves(ENV, "proxy_get_buffer_bytes",              "iiiii",        Callback, buffers::get),
    serves(ENV, "proxy_get_buffer_status",             "iii",          Callback, buffers::status),
    // Header maps
    serves(ENV, "proxy_get_header_map_size",           "ii",           Callback, maps::size),
    serves(ENV, "proxy_get_header_map_pairs",          "iii",          Callback, maps::pairs),
    serves(ENV, "proxy_set_header_map_pairs",          "iii",          Callback, maps::set_pairs),
    serves(ENV, "proxy_get_header_map_value",          "iiiii",        Callback, maps::value),
    serves(ENV, "proxy_add_header_map_value",          "iiiii",        Callback, maps::add),
    serves(ENV, "proxy_replace_header_map_value",      "iiiii",        Callback, maps::replace),
    serves(ENV, "proxy_remove_header_map_value",       "iii",          Callback, maps::remove),
    // Streams
    serves(ENV, "proxy_continue_stream",               "i",            Callback, streams::resume),
    serves(ENV, "proxy_close_stream",                  "i",            Callback, streams::close),
    serves(ENV, "proxy_send_local_response",           "iiiiiiii",     Callback, streams::reply),
    // Calls to others
    lacks(ENV,  "proxy_http_call",                     "iiiiiiiiii"),
    lacks(ENV,  "proxy_grpc_call",                     "iiiiiiiiiiii"),
    lacks(ENV,  "proxy_grpc_stream",                   "iiiiiiiii"),
    lacks(ENV,  "proxy_grpc_send",                     "iiii"),
    lacks(ENV,  "proxy_grpc_cancel",                   "i"),
    lacks(ENV,  "proxy_grpc_close",                    "i"),
    lacks(ENV,  "proxy_call_foreign_function",         "iiiiii"),
    // Shared data and queues
    serves(ENV, "proxy_set_shared_data",               "iiiii",        Callback, shared::set),
    serves(ENV, "proxy_get_shared_data",               "iiiii",        Callback, shared::get),
    serves(ENV, "proxy_register_shared_queue",         "iii",          Callback, shared::register_queue),
    serves(ENV, "proxy_resolve_shared_queue",          "iiiii",        Callback, shared::resolve_queue),
    serves(ENV, "proxy_enqueue_shared_queue",          "iii",          Callback, shared::enqueue),
    serves(ENV, "proxy_dequeue_shared_queue",          "iii",          Callback, shared::dequeue),
    // Metrics
    serves(ENV, "proxy_define_metric",                 "iiii",         Callback, metrics::define),
    serves(ENV, "proxy_record_metric",                 "il",           Callback, metrics::record),
    serves(ENV, "proxy_increment_metric",              "il",           Callback, metrics::increment),
    serves(ENV, "proxy_get_metric",                    "ii",           Callback, metrics::get),
    // Properties
    serves(ENV, "proxy_get_property",                  "iiii",         Callback, properties::get),
    serves(ENV, "proxy_set_property",                  "iiii",         Callback, properties::set),
    // WASI
    serves(WASI, "fd_write",                           "iiii",         Nothing,  wasi::fd_write),
    serves(WASI, "clock_time_get",                     "ili",          Nothing,  wasi::clock_time_get),
    serves(WASI, "environ_get",                        "ii",           Start,    wasi::environ_get),
    serves(WASI, "environ_sizes_get",                  "ii",           Start,    wasi::environ_sizes_get),
    serves(WASI, "args_get",                           "ii",           Start,    wasi::args_get),
    serves(WASI, "args_sizes_get",                     "ii",           Start,    wasi::args_sizes_get),
    serves(WASI, "random_get",                         "ii",           Start,    wasi::random_get),
    serves(WASI, "proc_exit",                          "i",            Nothing,  wasi::proc_exit),
    lacks(WASI,  "clock_res_get",                      "ii"),
    lacks(WASI,  "fd_close",                           "i"),
    lacks(WASI,  "fd_fdstat_get",                      "ii"),
    lacks(WASI,  "fd_read",                            "iiii"),
    lacks(WASI,  "fd_seek",                            "ilii"),
    lacks(WASI,  "poll_oneoff",                        "iiii"),
    lacks(WASI,  "sched_yield",                        ""),
];

const fn serves(module: &'static str, name: &'static str, takes: &'static str, needs: Needs, handler: Handler) -> Row {
    Row {
        module,
        name,
        takes,
        needs,
        does: Some(handler),
    }
}

const fn lacks(module: &'static str, name: &'static str, takes: &'static str) -> Row {
    Row {
        module,
        name,
        takes,
        needs: Nothing,
        does: None,
    }
}

/// Whether the host has such a function.
pub(super) fn offers(module: &str, name: &str) -> bool {
    TABLE.iter().any(|row| row.module == module && row.name == name)
}

/// Puts the whole table into a linker.
pub(super) fn link(linker: &mut Linker<VmState>) -> wasmtime::Result<()> {
    for row in TABLE {
        let takes = row
            .takes
            .chars()
            .map(|letter| if letter == 'l' { ValType::I64 } else { ValType::I32 });
        let gives = (row.name != "proc_exit").then_some(ValType::I32);
        let signature = FuncType::new(linker.engine(), takes, gives);
        linker.func_new(row.module, row.name, signature, move |caller, arguments, results| {
            let code = row.run(caller, arguments)?;
            if let Some(result) = results.first_mut() {
                *result = Val::I32(code);
            }
            Ok(())
        })?;
    }
    Ok(())
}

impl Row {
    fn run(&self, caller: Caller<'_, VmState>, arguments: &[Val]) -> wasmtime::Result<i32> {
        let state = caller.data();
        state.shared.process.calls.borrow_mut().count(self.name);
        let allowed = match state.stage {
            Stage::Running => true,
            Stage::Initialising => self.needs != Callback,
            Stage::Allocating => self.needs == Nothing,
        };
        if !allowed {
            let name = self.name;
            return Err(wasmtime::Error::msg(format!(
                "{name} cannot be called while the guest initialises or allocates"
            )));
        }
        let Some(handler) = self.does else {
            return Err(wasmtime::Error::msg(format!(
                "{} is not implemented by this host",
                self.name
            )));
        };
        let ending = match handler(&mut Call::new(caller, arguments)) {
            Ok(()) => Status::Ok.code(),
            Err(Ending::Status(status)) => status.code(),
            Err(Ending::Errno(errno)) => errno.code(),
            Err(Ending::OutOfBounds) if self.module == WASI => Errno::Fault.code(),
            Err(Ending::OutOfBounds) => Status::InvalidMemoryAccess.code(),
            Err(Ending::Trap(error)) => return Err(error),
        };
        Ok(ending.cast_signed())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_abi_has_39_host_functions_and_each_is_here_once() {
        let names: BTreeSet<_> = TABLE.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), TABLE.len());
        assert_eq!(TABLE.iter().filter(|row| row.module == ENV).count(), 39);
    }
}
