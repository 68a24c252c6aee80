//! The calls of the proxy-wasm ABI that the SDK makes dear: it copies each header into memory of its own, and each name of a property
//! too, for every request. Here what the proxy hands out is kept as it is.
//!
//! The one file with unsafe code. What the proxy is trusted with is what the SDK trusts it with: to hand out memory that it had the
//! module allocate.
#![allow(unsafe_code, reason = "the proxy is called, and hands out memory")]

use crate::host::{Failure, FieldMap, Fields};
use core::ptr;
use smallvec::SmallVec;

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_get_header_map_pairs(map: u32, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_get_property(path: *const u8, path_size: usize, data: *mut *mut u8, size: *mut usize) -> u32;
}

/// What the proxy answers when all went well, and when there is no such thing.
const OK: u32 = 0;
const NOT_FOUND: u32 = 1;

/// The fields of the request.
pub(super) fn fields(of: Fields) -> Result<FieldMap, Failure> {
    let map = match of {
        Fields::Headers => 0,
        Fields::Trailers => 1,
    };
    // SAFETY: both places can be written to, and live longer than the call.
    let handed = handed_out(|data, size| unsafe { proxy_get_header_map_pairs(map, data, size) })?;
    Ok(FieldMap::new(handed.unwrap_or_default()))
}

/// The property at `path`.
pub(super) fn property(path: &[&str]) -> Result<Option<Vec<u8>>, Failure> {
    let mut joined = SmallVec::<[u8; 64]>::new();
    for (n, part) in path.iter().enumerate() {
        if n > 0 {
            joined.push(0);
        }
        joined.extend_from_slice(part.as_bytes());
    }
    let path = joined.as_slice();
    // SAFETY: the path is as long as it says; both places can be written to, and live longer than the call.
    handed_out(|data, size| unsafe { proxy_get_property(path.as_ptr(), path.len(), data, size) })
}

/// What the proxy hands out in `call`.
fn handed_out(call: impl FnOnce(*mut *mut u8, *mut usize) -> u32) -> Result<Option<Vec<u8>>, Failure> {
    let mut data: *mut u8 = ptr::null_mut();
    let mut size = 0;
    match call(&raw mut data, &raw mut size) {
        OK if data.is_null() => Ok(None),
        // SAFETY: the proxy has had the SDK allocate so many bytes, which hands out a `Vec` of just this capacity, and has
        // written all of them. Nobody else knows of them.
        OK => Ok(Some(unsafe { Vec::from_raw_parts(data, size, size) })),
        NOT_FOUND => Ok(None),
        _ => Err(Failure),
    }
}
