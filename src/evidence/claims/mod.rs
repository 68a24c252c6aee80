//! What a request claims to be: its User-Agent and its Client Hints.
//!
//! A claim is what the client chose to write, and no observation: the types here are their own, none is made from what was
//! observed, and only a comparison brings the two together. What we cannot read is `Missing` with its reason, like any
//! evidence; a product that we do not know keeps its name. Everything borrows from the headers; nothing is allocated.

mod claimed;
mod hints;
#[doc(hidden)]
pub mod invariants;
mod kinds;
mod tokens;
mod user_agent;
mod words;

pub use claimed::Claimed;
pub use hints::{Brand, Brands, FormFactors, Hints, PlatformHint};
pub use kinds::{Device, Engine, Family, Kind, Platform, PlatformVersion, Product, Version};
pub use user_agent::UserAgent;

pub use super::structured::Quoted;
use super::{Evidence, Reason};

/// All that a request says of its client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims<'a> {
    /// From `user-agent`.
    pub user_agent: Evidence<UserAgent<'a>>,
    /// From `sec-ch-ua` and its kin.
    pub hints: Hints<'a>,
}

impl<'a> Claims<'a> {
    /// The claims in a request's `headers`, whose names are in lower case, as HTTP/2 and proxies have them.
    ///
    /// Two User-Agents are malformed, even when they are alike: the field is no list, no client sends two, and the server
    /// behind us might believe the other one.
    pub fn of(headers: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut claims = Self {
            user_agent: Evidence::Missing(Reason::NotSent),
            hints: Hints::NOT_SENT,
        };
        for (name, value) in headers {
            if name == "user-agent" {
                claims.user_agent = match claims.user_agent {
                    Evidence::Missing(Reason::NotSent) => UserAgent::parse(value),
                    _ => Evidence::Missing(Reason::Malformed),
                };
            } else if let Some(hint) = name.strip_prefix("sec-ch-ua") {
                claims.hints.take(hint, value);
            }
        }
        claims
    }
}

impl Family {
    /// The family of this stable name, for configurations and catalogues that name one.
    pub fn named(name: &str) -> Option<Self> {
        tokens::family(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims<'a>(headers: &[(&'a str, &'a str)]) -> Claims<'a> {
        Claims::of(headers.iter().map(|(name, value)| (*name, value.as_bytes())))
    }

    #[test]
    fn a_request_that_says_nothing_claims_nothing() {
        let claims = claims(&[("accept", "*/*"), ("sec-ch-ua-wow64", "?0"), ("sec-ch-uax", "\"")]);
        assert_eq!(claims.user_agent, Evidence::Missing(Reason::NotSent));
        assert_eq!(claims.hints, Hints::NOT_SENT);
    }

    #[test]
    fn a_header_that_comes_twice_is_malformed_however_often() {
        let twice = [("user-agent", "curl/8.5.0"), ("sec-ch-ua-mobile", "?0")];
        for times in 2..5 {
            let headers: Vec<_> = twice.iter().cycle().take(2 * times).copied().collect();
            let claims = claims(&headers);
            assert_eq!(claims.user_agent, Evidence::Missing(Reason::Malformed));
            assert_eq!(claims.hints.mobile, Evidence::Missing(Reason::Malformed));
        }
    }

    #[test]
    fn one_hint_that_is_broken_leaves_the_others() {
        let claims = claims(&[
            ("sec-ch-ua", "\"Chromium\""),
            ("sec-ch-ua-mobile", "?1"),
            ("sec-ch-ua-platform", "Android"),
        ]);
        assert_eq!(claims.hints.brands, Evidence::Missing(Reason::Malformed));
        assert_eq!(claims.hints.mobile, Evidence::Seen(true));
        assert_eq!(claims.hints.platform, Evidence::Missing(Reason::Malformed));
        assert_eq!(claims.hints.model, Evidence::Missing(Reason::NotSent));
    }

    #[test]
    fn a_hint_over_its_bound_is_too_large() {
        let long = format!("\"{}\"", "a".repeat(Hints::MAX));
        assert_eq!(
            claims(&[("sec-ch-ua-model", &long)]).hints.model,
            Evidence::Missing(Reason::TooLarge)
        );
    }
}
