//! What a header of an answer says of caches on the way to it.

use crate::memory::behaviour::CacheOutcome;

/// A header that tells whether a cache had what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CacheHeader {
    /// `age` (RFC 9111, 5.1): only what comes out of a cache has grown older than nothing.
    Age,
    /// `cache-status` (RFC 9211).
    CacheStatus,
    /// `x-cache`, `x-cache-status`, `cf-cache-status` or one of one's own: a word for each cache, in lower case here.
    Words(Box<str>),
}

impl CacheHeader {
    /// The header of this name, which is in lower case.
    pub fn named(name: &str) -> Self {
        match name {
            "age" => Self::Age,
            "cache-status" => Self::CacheStatus,
            name => Self::Words(name.into()),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Age => "age",
            Self::CacheStatus => "cache-status",
            Self::Words(name) => name,
        }
    }

    /// What `value` says; none where it says nothing that is known. Of several caches, one that had it is enough.
    pub fn outcome(&self, value: Option<&[u8]>) -> Option<CacheOutcome> {
        let of_one = match self {
            // Most caches write no Age, or zero, on what they had to fetch.
            Self::Age => return value.map_or(Some(CacheOutcome::Miss), age),
            Self::CacheStatus => cache_status,
            Self::Words(_) => word,
        };
        let caches = value?.split(|byte| *byte == b',').filter_map(of_one);
        caches.reduce(|one, other| match (one, other) {
            (CacheOutcome::Miss, CacheOutcome::Miss) => CacheOutcome::Miss,
            _ => CacheOutcome::Hit,
        })
    }
}

fn age(value: &[u8]) -> Option<CacheOutcome> {
    let value = value.trim_ascii();
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(if value.iter().all(|digit| *digit == b'0') {
        CacheOutcome::Miss
    } else {
        CacheOutcome::Hit
    })
}

/// One cache's word, as they occur: nginx `HIT`, `MISS`, `EXPIRED`, `STALE`, `UPDATING`, `REVALIDATED`, `BYPASS`; CloudFront `Hit from
/// cloudfront`, `RefreshHit from cloudfront`; Fastly and Varnish `HIT`, `MISS`, `PASS`; Squid and Akamai `TCP_MEM_HIT`,
/// `TCP_REFRESH_MISS`; Cloudflare `DYNAMIC`. A cache that has it, but too old, has met it before: who asks for what nobody asks for never
/// sees that. One that is passed by says nothing.
fn word(of_one: &[u8]) -> Option<CacheOutcome> {
    const OLD: [&[u8]; 4] = [b"STALE", b"UPDATING", b"EXPIRED", b"REVALIDATED"];
    let word = of_one.trim_ascii().split(|byte| b" \t;:/".contains(byte)).next()?;
    let word = word.to_ascii_uppercase();
    let has_it = word.ends_with(b"HIT") || OLD.contains(&word.as_slice()) || word.starts_with(b"TCP_REFRESH_");
    if has_it {
        Some(CacheOutcome::Hit)
    } else if word.ends_with(b"MISS") {
        Some(CacheOutcome::Miss)
    } else {
        None
    }
}

/// One cache's member of the list: its name, then parameters (RFC 9211, 2.1 and 2.2).
fn cache_status(of_one: &[u8]) -> Option<CacheOutcome> {
    let parameters = of_one.split(|byte| *byte == b';').skip(1);
    parameters
        .map(<[u8]>::trim_ascii)
        .find_map(|parameter| match parameter {
            b"hit" | b"hit=?1" | b"fwd=stale" => Some(CacheOutcome::Hit),
            b"fwd=uri-miss" | b"fwd=vary-miss" | b"fwd=miss" => Some(CacheOutcome::Miss),
            _ => None,
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use CacheOutcome::{Hit, Miss};

    fn outcome(name: &str, value: &str) -> Option<CacheOutcome> {
        let header = CacheHeader::named(name);
        assert_eq!(header.name(), name);
        header.outcome(Some(value.as_bytes()))
    }

    #[test]
    fn the_words_of_caches_are_known_in_any_case() {
        let hits = [
            "HIT",
            "hit",
            "Hit from cloudfront",
            "RefreshHit from cloudfront",
            "MISS, HIT",
            "HIT, MISS",
            "TCP_MEM_HIT from a23-45-6-7.deploy.akamaitechnologies.com (AkamaiGHost/11.0)",
            "TCP_REFRESH_MISS",
            "STALE",
            "UPDATING",
            "EXPIRED",
            "REVALIDATED",
        ];
        for value in hits {
            assert_eq!(outcome("x-cache", value), Some(Hit), "{value}");
        }
        for value in [
            "MISS",
            "Miss from cloudfront",
            "miss, MISS",
            "TCP_MISS",
            "MISS from squid:3128",
        ] {
            assert_eq!(outcome("x-cache-status", value), Some(Miss), "{value}");
        }
        for value in [
            "",
            "BYPASS",
            "PASS",
            "DYNAMIC",
            "Error from cloudfront",
            "permission",
            "\u{fffd}",
        ] {
            assert_eq!(outcome("cf-cache-status", value), None, "{value}");
        }
        assert_eq!(CacheHeader::named("x-cache").outcome(None), None);
    }

    #[test]
    fn what_has_an_age_was_in_a_cache() {
        for (value, expected) in [
            ("0", Some(Miss)),
            ("00", Some(Miss)),
            (" 1 ", Some(Hit)),
            ("99999999999999999999999", Some(Hit)),
            ("", None),
            ("-1", None),
            ("1.5", None),
        ] {
            assert_eq!(outcome("age", value), expected, "{value}");
        }
        assert_eq!(CacheHeader::Age.outcome(None), Some(Miss));
    }

    #[test]
    fn the_parameters_of_cache_status_are_known() {
        for (value, expected) in [
            ("ExampleCache; hit; ttl=376", Some(Hit)),
            ("Origin; fwd=uri-miss; stored, Edge; hit", Some(Hit)),
            ("Origin;fwd=vary-miss", Some(Miss)),
            ("ExampleCache; fwd=stale; collapsed", Some(Hit)),
            ("ExampleCache; fwd=bypass", None),
            ("hit", None),
            ("", None),
        ] {
            assert_eq!(outcome("cache-status", value), expected, "{value}");
        }
    }
}
