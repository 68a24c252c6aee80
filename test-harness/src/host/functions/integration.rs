//! Lifecycle, logs and time.

use std::time::Duration;

use super::super::abi::{LogLevel, Status};
use super::super::call::{Answer, Call, Ending};
use super::super::context::{Context, RootLife, Tick};
use super::super::vm::Deferred;

pub(in super::super) fn log(call: &mut Call<'_, '_>) -> Answer {
    let level = call.word()?;
    let message = call.bytes()?;
    // Envoy ends the process on a level it does not know.
    let level = LogLevel::from_code(level).ok_or_else(|| Ending::trap(format!("proxy_log: no level {level}")))?;
    call.vm().log(level, &message);
    Ok(())
}

pub(in super::super) fn log_level(call: &mut Call<'_, '_>) -> Answer {
    let at = call.word()?;
    let level = call.vm().process.log_level.get();
    call.write(at, &level.code().to_le_bytes())
}

pub(in super::super) fn time(call: &mut Call<'_, '_>) -> Answer {
    let at = call.word()?;
    let now = call.vm().nanoseconds();
    call.write(at, &now.to_le_bytes())
}

pub(in super::super) fn set_tick_period(call: &mut Call<'_, '_>) -> Answer {
    let period = Duration::from_millis(call.word()?.into());
    let shared = call.vm();
    let due = shared.process.clock.get().saturating_add(period);
    shared.with(shared.root_of(shared.subject()), |context| {
        if let Context::Root(root) = context {
            root.tick = (!period.is_zero()).then_some(Tick { period, due });
        }
    });
    Ok(())
}

/// The status of the last call to others. As there are none, it is always 0 without a message.
pub(in super::super) fn status(call: &mut Call<'_, '_>) -> Answer {
    let code = call.word()?;
    let message = call.slot()?;
    call.write(code, &[0; 4])?;
    call.give(message, b"")
}

pub(in super::super) fn set_effective_context(call: &mut Call<'_, '_>) -> Answer {
    let id = call.word()?;
    let shared = call.vm();
    if id != 0 && shared.with(id, |_| ()).is_none() {
        return Err(Status::BadArgument.into());
    }
    shared.effective.set(id);
    Ok(())
}

/// Only a root context that asked for time in `proxy_on_done` has something to be done with.
pub(in super::super) fn done(call: &mut Call<'_, '_>) -> Answer {
    let shared = call.vm();
    let root = shared.root_of(shared.subject());
    let was_finishing = shared.with(root, |context| match context {
        Context::Root(root) if root.life == RootLife::Finishing => {
            root.life = RootLife::Done;
            true
        }
        _ => false,
    });
    if was_finishing != Some(true) {
        return Err(Status::NotFound.into());
    }
    shared.defer(Deferred::Delete(root));
    Ok(())
}
