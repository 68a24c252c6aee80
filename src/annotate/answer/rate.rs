//! What a client that is over a limit is told of it: RateLimit header fields for HTTP (draft-ietf-httpapi-ratelimit-headers-10),
//! how much may come in which time, and how much of it is left for how long.

use super::Header;
use crate::policy::limits::Hit;

/// The fields: RFC 9651 Lists with the limit's name, which is made of letters, digits, `_` and `-`.
pub(super) fn fields(hit: &Hit) -> [Header; 2] {
    let Hit { name, terms, quota, .. } = hit;
    let (most, window) = (terms.most, terms.window_ms / 1_000);
    [
        ("ratelimit-policy", format!(r#""{name}";q={most};w={window}"#).into()),
        (
            "ratelimit",
            format!(r#""{name}";r={};t={}"#, quota.left, retry_after(hit)).into(),
        ),
    ]
}

/// In how many seconds there is room again, at least one.
pub(super) fn retry_after(hit: &Hit) -> u32 {
    let seconds = hit.quota.reset.as_millis().div_ceil(1_000).max(1);
    u32::try_from(seconds).unwrap_or(u32::MAX)
}
