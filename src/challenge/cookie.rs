//! The cookie that carries a clearance: read, set, and taken out of what goes upstream.

use crate::evidence::fields::cookies;
use crate::policy::config::challenge::{Clearance, SameSite};

/// The most cookies of our name that are looked at: a page of a parent domain can set a second one.
pub(super) const MAX_TRIED: usize = 4;

/// Cookies over HTTP/3 have a name of their own: a client looks different there, and browsers go to and fro.
const HTTP3: &str = "-h3";

/// The value of a `Set-Cookie` header that hands `token` over.
pub(super) fn set(settings: &Clearance, is_http3: bool, token: &str) -> String {
    let same_site = match settings.same_site {
        SameSite::Strict => "Strict",
        SameSite::Lax => "Lax",
        SameSite::None => "None",
    };
    let suffix = if is_http3 { HTTP3 } else { "" };
    format!(
        "{}{suffix}={token}; Path=/; Max-Age={}; HttpOnly; Secure; SameSite={same_site}",
        settings.cookie,
        settings.lasts.as_secs()
    )
}

/// The values of the cookie `name` in the values of `cookie` headers.
pub(super) fn of_name<'a>(
    headers: impl Iterator<Item = &'a [u8]>,
    name: &str,
    is_http3: bool,
) -> impl Iterator<Item = &'a [u8]> {
    let found = headers.flat_map(cookies).filter_map(move |pair| own(pair, name));
    let here = found.filter(move |own| own.is_http3 == is_http3);
    here.map(|own| own.value).take(MAX_TRIED)
}

/// Whether one of these values of `cookie` headers has a cookie of ours.
pub(super) fn is_there<'a>(mut headers: impl Iterator<Item = &'a [u8]>, name: &str) -> bool {
    headers.any(|value| cookies(value).any(|pair| own(pair, name).is_some()))
}

/// The cookies without ours, in one value as HTTP/1.1 has it (RFC 9113, 8.2.3); none where none of them is ours. Empty where all are.
pub(super) fn without<'a>(headers: impl Iterator<Item = &'a [u8]> + Clone, name: &str) -> Option<Vec<u8>> {
    if !is_there(headers.clone(), name) {
        return None;
    }
    let others = headers.flat_map(cookies).filter(|pair| own(pair, name).is_none());
    Some(others.collect::<Vec<_>>().join(&b"; "[..]))
}

/// A cookie of ours.
struct Own<'a> {
    is_http3: bool,
    value: &'a [u8],
}

/// `pair`, if it is one of ours.
fn own<'a>(pair: &'a [u8], name: &str) -> Option<Own<'a>> {
    let rest = pair.strip_prefix(name.as_bytes())?;
    let over_http3 = rest.strip_prefix(HTTP3.as_bytes());
    Some(Own {
        is_http3: over_http3.is_some(),
        value: over_http3.unwrap_or(rest).strip_prefix(b"=")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::config::Challenge;

    fn taken_out(headers: &[&str]) -> Option<String> {
        let left = without(headers.iter().map(|value| value.as_bytes()), "__Host-layerprint");
        left.map(|left| String::from_utf8(left).unwrap())
    }

    #[test]
    fn a_cookie_is_handed_over_so_that_no_script_and_no_other_host_gets_it() {
        let settings = Challenge::default().clearance;
        assert_eq!(
            set(&settings, false, "abc"),
            "__Host-layerprint=abc; Path=/; Max-Age=1800; HttpOnly; Secure; SameSite=Lax"
        );
        assert!(set(&settings, true, "abc").starts_with("__Host-layerprint-h3=abc; "));
    }

    #[test]
    fn our_cookie_is_taken_out_and_the_others_stay_as_they_are() {
        assert_eq!(taken_out(&["a=1; b=2"]), None);
        assert_eq!(taken_out(&[]), None);
        assert_eq!(taken_out(&["__Host-layerprint=x"]).as_deref(), Some(""));
        let headers = ["a=1;__Host-layerprint=x; b=\"2 3\"", "c=4", "__Host-layerprint-h3=y"];
        assert_eq!(taken_out(&headers).as_deref(), Some("a=1; b=\"2 3\"; c=4"));
        let other = ["__Host-layerprints=1; __Host-layerprint-h4=2; x__Host-layerprint=3"];
        assert_eq!(taken_out(&other), None);
    }

    #[test]
    fn of_several_with_our_name_the_first_ones_are_looked_at() {
        let many = "n=1; n=2; m=0; n=3; n-h3=9; n=4; n=5".as_bytes();
        let values: Vec<&[u8]> = of_name(core::iter::once(many), "n", false).collect();
        assert_eq!(values, [b"1", b"2", b"3", b"4"]);
        let values: Vec<&[u8]> = of_name(core::iter::once(many), "n", true).collect();
        assert_eq!(values, [b"9"]);
    }
}
