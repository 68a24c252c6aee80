//! Buffers: bodies, bytes of connections, configurations.

use super::super::abi::{BufferKind, Status};
use super::super::call::{Answer, Call, Ending};
use super::super::context::Context;

pub(in super::super) fn get(call: &mut Call<'_, '_>) -> Answer {
    let kind = kind(call)?;
    let (start, length) = (call.word()?, call.word()?);
    let slot = call.slot()?;
    let bytes = contents(call, kind)?;
    let end = start.checked_add(length).ok_or(Status::BadArgument)?;
    let (start, end) = (index(start)?, index(end)?.min(bytes.len()));
    call.give(slot, bytes.get(start..end).unwrap_or_default())
}

pub(in super::super) fn status(call: &mut Call<'_, '_>) -> Answer {
    let kind = kind(call)?;
    let (length, flags) = (call.word()?, call.word()?);
    let size = u32::try_from(contents(call, kind)?.len()).map_err(|_| Status::InternalFailure)?;
    call.write(length, &size.to_le_bytes())?;
    call.write(flags, &[0; 4])
}

/// Envoy knows three edits: put before, put after, and replace all.
pub(in super::super) fn set(call: &mut Call<'_, '_>) -> Answer {
    let kind = kind(call)?;
    let (start, length) = (index(call.word()?)?, index(call.word()?)?);
    contents(call, kind)?;
    let mut data = call.bytes()?;
    let edited = call.with_context(|context| {
        let buffer = context.buffer_mut(kind)?;
        match (start, length) {
            (0, 0) => {
                data.append(buffer);
                *buffer = data;
            }
            (0, length) if length >= buffer.len() => *buffer = data,
            (start, _) if start > 0 && start >= buffer.len() => buffer.append(&mut data),
            _ => return None,
        }
        Some(())
    })?;
    edited.ok_or(Status::BadArgument.into())
}

/// The bytes of a buffer. One that belongs to another phase is empty, except where Envoy says that it is not found.
fn contents(call: &Call<'_, '_>, kind: BufferKind) -> Result<Vec<u8>, Ending> {
    match kind {
        BufferKind::VmConfiguration => Ok(call.vm().configuration.clone()),
        BufferKind::PluginConfiguration => {
            let lent = call.with_context(|context| match context {
                Context::Root(root) => root.configuration.lent().cloned(),
                _ => None,
            })?;
            lent.ok_or(Status::NotFound.into())
        }
        BufferKind::HttpCallBody => Err(Status::NotFound.into()),
        _ => call.with_context(|context| context.buffer_mut(kind).cloned().unwrap_or_default()),
    }
}

fn kind(call: &mut Call<'_, '_>) -> Result<BufferKind, Ending> {
    let code = call.word()?;
    BufferKind::from_code(code).ok_or(Status::BadArgument.into())
}

fn index(word: u32) -> Result<usize, Ending> {
    usize::try_from(word).map_err(|_| Status::BadArgument.into())
}
