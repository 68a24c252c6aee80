//! For tests: a VM that dies when a client asks for it, so that they show what is lost with it and what is kept. Only the feature `traps`
//! has it, and `make wasm` builds without.

use crate::host::Host;

/// Traps when the request says `x-trap: PHASE`. It is asked of the property: in a later phase the headers of the request are gone.
pub(super) fn on_headers(host: &impl Host, phase: &str) {
    let asked = host.property(&["request", "headers", "x-trap"]);
    if matches!(asked, Ok(Some(asked)) if asked == phase.as_bytes()) {
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
