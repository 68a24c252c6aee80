//! Shared data and shared queues.

use super::super::abi::Status;
use super::super::call::{Answer, Call};
use super::super::shared::Listener;

pub(in super::super) fn get(call: &mut Call<'_, '_>) -> Answer {
    let key = call.bytes()?;
    let slot = call.slot()?;
    let cas_at = call.word()?;
    let shared = call.vm();
    let found = shared.process.shared_data.borrow().get(&shared.vm_id, &key);
    let (value, cas) = found.ok_or(Status::NotFound)?;
    call.give(slot, &value)?;
    call.write(cas_at, &cas.to_le_bytes())
}

pub(in super::super) fn set(call: &mut Call<'_, '_>) -> Answer {
    let (key, value) = (call.bytes()?, call.bytes()?);
    let cas = call.word()?;
    let shared = call.vm();
    Ok(shared
        .process
        .shared_data
        .borrow_mut()
        .set(&shared.vm_id, &key, &value, cas)?)
}

pub(in super::super) fn register_queue(call: &mut Call<'_, '_>) -> Answer {
    let name = call.bytes()?;
    let at = call.word()?;
    let shared = call.vm();
    let listener = Listener {
        vm: shared.serial,
        root: shared.root_of(shared.subject()),
    };
    let token = shared
        .process
        .queues
        .borrow_mut()
        .register(&shared.vm_id, &name, listener);
    call.write(at, &token.to_le_bytes())
}

pub(in super::super) fn resolve_queue(call: &mut Call<'_, '_>) -> Answer {
    let (vm_id, name) = (call.bytes()?, call.bytes()?);
    let at = call.word()?;
    let shared = call.vm();
    let vm_id = if vm_id.is_empty() {
        shared.vm_id.clone()
    } else {
        String::from_utf8_lossy(&vm_id).into_owned()
    };
    let token = shared
        .process
        .queues
        .borrow()
        .resolve(&vm_id, &name)
        .ok_or(Status::NotFound)?;
    call.write(at, &token.to_le_bytes())
}

pub(in super::super) fn enqueue(call: &mut Call<'_, '_>) -> Answer {
    let token = call.word()?;
    let item = call.bytes()?;
    Ok(call.vm().process.queues.borrow_mut().enqueue(token, item)?)
}

pub(in super::super) fn dequeue(call: &mut Call<'_, '_>) -> Answer {
    let token = call.word()?;
    let slot = call.slot()?;
    let item = call.vm().process.queues.borrow_mut().dequeue(token)?;
    call.give(slot, &item)
}
