//! The little of WASI preview 1 that guests import: output, time, chance, the environment; no arguments, no files.

use super::super::abi::{Errno, LogLevel};
use super::super::call::{Answer, Call, Ending};

/// Standard output is a log line of level info, standard error of level error.
pub(in super::super) fn fd_write(call: &mut Call<'_, '_>) -> Answer {
    let level = match call.word()? {
        1 => LogLevel::Info,
        2 => LogLevel::Error,
        _ => return Err(Ending::Errno(Errno::BadFile)),
    };
    let (list, count) = (call.word()?, call.word()?);
    let written_at = call.word()?;
    let memory = call.memory()?;
    let mut text = Vec::new();
    for n in 0..count {
        let entry = n
            .checked_mul(8)
            .and_then(|offset| list.checked_add(offset))
            .ok_or(Ending::OutOfBounds)?;
        let size_at = entry.checked_add(4).ok_or(Ending::OutOfBounds)?;
        let (at, size) = (memory.read_u32(entry)?, memory.read_u32(size_at)?);
        text.extend_from_slice(memory.read(at, size)?);
    }
    let written = u32::try_from(text.len()).map_err(|_| Ending::OutOfBounds)?;
    if written > 0 {
        call.vm().log(level, text.strip_suffix(b"\n").unwrap_or(&text));
    }
    call.write(written_at, &written.to_le_bytes())
}

/// Both clocks are the proxy's.
pub(in super::super) fn clock_time_get(call: &mut Call<'_, '_>) -> Answer {
    let clock = call.word()?;
    let _precision = call.long()?;
    let at = call.word()?;
    if clock > 1 {
        return Err(Ending::Errno(Errno::NotSupported));
    }
    let now = call.vm().nanoseconds();
    call.write(at, &now.to_le_bytes())
}

/// The variables as `NAME=VALUE`, each with a zero behind it.
fn variables(call: &Call<'_, '_>) -> Vec<Vec<u8>> {
    let vm = call.vm();
    let variables = vm.process.variables.borrow();
    let entry = |(name, value): (&String, &String)| format!("{name}={value}\0").into_bytes();
    variables.iter().map(entry).collect()
}

pub(in super::super) fn environ_sizes_get(call: &mut Call<'_, '_>) -> Answer {
    let (count, size) = (call.word()?, call.word()?);
    let variables = variables(call);
    call.write(count, &length(variables.len())?)?;
    call.write(size, &length(variables.iter().map(Vec::len).sum())?)
}

/// Where each variable stands, and all of them one behind the other.
pub(in super::super) fn environ_get(call: &mut Call<'_, '_>) -> Answer {
    let (mut place, mut at) = (call.word()?, call.word()?);
    for variable in variables(call) {
        call.write(place, &at.to_le_bytes())?;
        call.write(at, &variable)?;
        let size = u32::try_from(variable.len()).map_err(|_| Ending::OutOfBounds)?;
        at = at.checked_add(size).ok_or(Ending::OutOfBounds)?;
        place = place.checked_add(4).ok_or(Ending::OutOfBounds)?;
    }
    Ok(())
}

fn length(length: usize) -> Result<[u8; 4], Ending> {
    let length = u32::try_from(length).map_err(|_| Ending::OutOfBounds)?;
    Ok(length.to_le_bytes())
}

pub(in super::super) fn args_get(_: &mut Call<'_, '_>) -> Answer {
    Ok(())
}

pub(in super::super) fn args_sizes_get(call: &mut Call<'_, '_>) -> Answer {
    let (count, size) = (call.word()?, call.word()?);
    call.write(count, &[0; 4])?;
    call.write(size, &[0; 4])
}

/// The same bytes in each run, so that a test that fails fails again.
pub(in super::super) fn random_get(call: &mut Call<'_, '_>) -> Answer {
    let (at, size) = (call.word()?, call.word()?);
    call.memory()?.read(at, size)?;
    let bytes: Vec<u8> = (0..size).map(|_| call.vm().chance()).collect();
    call.write(at, &bytes)
}

pub(in super::super) fn proc_exit(call: &mut Call<'_, '_>) -> Answer {
    let code = call.word()?;
    Err(Ending::trap(format!("the guest called proc_exit({code})")))
}
