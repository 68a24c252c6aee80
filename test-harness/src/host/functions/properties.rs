//! Properties and, through them, filter state.

use super::super::abi::Status;
use super::super::call::{Answer, Call};
use super::super::context::Context;
use super::super::property;

pub(in super::super) fn get(call: &mut Call<'_, '_>) -> Answer {
    let path = call.bytes()?;
    let slot = call.slot()?;
    let shared = call.vm();
    shared.process.calls.borrow_mut().count_property(&path);
    let value = property::read(&shared, &path)?;
    call.give(slot, &value)
}

/// Writes filter state under `wasm.` and the path. The network role's writes live as long as the connection, the HTTP role's as
/// long as the request; but where the connection has the key already, the HTTP role changes it there.
pub(in super::super) fn set(call: &mut Call<'_, '_>) -> Answer {
    let (path, value) = (call.bytes()?, call.bytes()?);
    let key = [property::WASM_PREFIX, path.as_slice()].concat();
    let written = call.with_context(|context| {
        let connection_has_it = context.client().is_some_and(|client| client.state().contains_key(&key));
        match context {
            Context::Root(_) => return Err(Status::NotFound),
            Context::Http(http) if !connection_has_it => drop(http.filter_state.insert(key, value)),
            Context::Http(http) => http.client.set_filter_state(key, value),
            Context::Tcp(tcp) => tcp.client.set_filter_state(key, value),
        }
        Ok(())
    })?;
    Ok(written?)
}
