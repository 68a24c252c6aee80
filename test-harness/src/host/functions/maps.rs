//! Header maps.

use super::super::abi::{MapKind, Status};
use super::super::call::{Answer, Call, Ending};
use super::super::headers::Headers;

/// Envoy answers with the bytes of all names and values, not with their number.
pub(in super::super) fn size(call: &mut Call<'_, '_>) -> Answer {
    let kind = kind(call)?;
    let at = call.word()?;
    let size = edit(call, kind, |map| map.byte_size())?;
    let size = u32::try_from(size).map_err(|_| Status::InternalFailure)?;
    call.write(at, &size.to_le_bytes())
}

/// A map that is not lent is read as an empty one.
pub(in super::super) fn pairs(call: &mut Call<'_, '_>) -> Answer {
    let kind = kind(call)?;
    let slot = call.slot()?;
    let map = call
        .with_context(|context| context.map(kind).cloned())?
        .unwrap_or_default();
    let bytes = map.encode().ok_or(Status::InternalFailure)?;
    call.give(slot, &bytes)
}

pub(in super::super) fn set_pairs(call: &mut Call<'_, '_>) -> Answer {
    let kind = kind(call)?;
    let pairs = Headers::decode(&call.bytes()?);
    edit(call, kind, |map| *map = pairs)
}

pub(in super::super) fn value(call: &mut Call<'_, '_>) -> Answer {
    let kind = kind(call)?;
    let name = call.bytes()?;
    let slot = call.slot()?;
    let value = call.with_context(|context| match context.map(kind) {
        Some(map) => map.first(&name).map(<[u8]>::to_vec).ok_or(Status::NotFound),
        None if context.is_logging() => Err(Status::NotFound),
        None => Err(Status::BadArgument),
    })??;
    call.give(slot, &value)
}

pub(in super::super) fn add(call: &mut Call<'_, '_>) -> Answer {
    let kind = kind(call)?;
    let (name, value) = (call.bytes()?, call.bytes()?);
    edit(call, kind, |map| map.add(name, value))
}

pub(in super::super) fn replace(call: &mut Call<'_, '_>) -> Answer {
    let kind = kind(call)?;
    let (name, value) = (call.bytes()?, call.bytes()?);
    edit(call, kind, |map| map.replace(name, value))
}

pub(in super::super) fn remove(call: &mut Call<'_, '_>) -> Answer {
    let kind = kind(call)?;
    let name = call.bytes()?;
    edit(call, kind, |map| map.remove(name))
}

fn edit<R>(call: &Call<'_, '_>, kind: MapKind, act: impl FnOnce(&mut Headers) -> R) -> Result<R, Ending> {
    call.with_context(|context| context.map_mut(kind).map(act))?
        .ok_or(Status::BadArgument.into())
}

fn kind(call: &mut Call<'_, '_>) -> Result<MapKind, Ending> {
    let code = call.word()?;
    MapKind::from_code(code).ok_or(Status::BadArgument.into())
}
