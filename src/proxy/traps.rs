//! For tests: a VM that dies when a client asks for it, so that they show what is lost with it and what is kept. Only the feature `traps`
//! has it, and `make wasm` builds without.

use crate::host::Host;
use std::cell::Cell;

thread_local! {
    /// Whether the next answer is to trap: what the request said is gone by then.
    static NEXT_ANSWER: Cell<bool> = const { Cell::new(false) };
}

/// Traps when the request says `x-trap: request`, and remembers `x-trap: response`.
pub(super) fn on_request(host: &impl Host) {
    match host.property(&["request", "headers", "x-trap"]) {
        Ok(Some(asked)) if asked == b"request" => std::process::abort(),
        Ok(Some(asked)) => NEXT_ANSWER.set(asked == b"response"),
        _ => {}
    }
}

/// Traps when a request has asked for it.
pub(super) fn on_response() {
    if NEXT_ANSWER.get() {
        std::process::abort();
    }
}

/// Traps when these bytes of a connection have the line `x-trap: data`.
pub(super) fn on_data(host: &impl Host, size: usize) {
    let bytes = host.downstream_data(size).unwrap_or_default();
    let asks = b"\r\nx-trap: data\r\n";
    if bytes.windows(asks.len()).any(|found| found == asks) {
        std::process::abort();
    }
}
