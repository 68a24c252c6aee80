//! Where a person is brought when the challenge is passed: a path of the same host, and nowhere else.

use crate::evidence::fields::{Fields, first};

/// The longest path that is gone back to.
const MAX: usize = 2_048;

/// Where one goes when nothing better is known.
const HOME: &str = "/";

/// `path` when it is a path on this host that can stand in a `Location`. `//host` and `/\host` lead elsewhere.
fn own(path: &str) -> Option<&str> {
    let is_plain = path.bytes().all(|byte| (0x21..=0x7e).contains(&byte) && byte != b'\\');
    let is_path = path.starts_with('/') && !path.starts_with("//");
    (is_path && is_plain && path.len() <= MAX).then_some(path)
}

/// The path that was asked for, with its query.
pub(super) fn asked(path: &[u8]) -> &str {
    str::from_utf8(path).ok().and_then(own).unwrap_or(HOME)
}

/// Where the form stands that was sent to `path`: the page that sent it, if that is told and of this host; else the same path, which
/// is where forms most often stand.
pub(super) fn form<'a>(fields: &Fields<'a>, authority: &[u8], path: &'a [u8]) -> &'a str {
    let referer = first(fields, "referer");
    let of_referer = referer.and_then(|referer| {
        let rest = str::from_utf8(referer).ok()?.strip_prefix("https://")?;
        let slash = rest.find('/')?;
        let (host, path) = rest.split_at_checked(slash)?;
        let path = path.split('#').next().unwrap_or_default();
        host.as_bytes().eq_ignore_ascii_case(authority).then(|| own(path))?
    });
    of_referer.unwrap_or_else(|| asked(path.split(|byte| *byte == b'?').next().unwrap_or_default()))
}

/// What `query` says under `name`, as it was written there (WHATWG URL, 5.1).
pub(super) fn parameter<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

/// The path that `to` names in a query, its escapes undone.
pub(super) fn to(query: &str) -> String {
    let decoded = parameter(query, "to").and_then(decoded);
    decoded
        .filter(|path| own(path).is_some())
        .unwrap_or_else(|| HOME.to_owned())
}

/// `path` as it stands in a query.
pub fn encoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(byte.into()),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

fn decoded(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            out.push(u8::from_str_radix(str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_goes_to_a_path_of_the_same_host_or_home() {
        for path in ["/", "/a/b?c=d&e=%2F", "/x//y", "/~u/;p"] {
            assert_eq!(to(&format!("wait=1&to={}", encoded(path))), path);
            assert_eq!(asked(path.as_bytes()), path);
        }
        let long = format!("/{}", "a".repeat(MAX));
        for path in [
            "",
            "a",
            "//evil.example/",
            "/\\evil.example/",
            "https://evil.example/",
            "/a\r\nset-cookie: b",
            "/\u{e9}",
            "/ ",
            &long,
        ] {
            assert_eq!(to(&format!("to={}", encoded(path))), "/", "{path:?}");
            assert_eq!(asked(path.as_bytes()), "/", "{path:?}");
        }
        for query in ["", "to", "to=%2", "to=%zz", "to=/%ff", "too=/x", "to=/%0d"] {
            assert_eq!(to(query), "/", "{query}");
        }
    }

    #[test]
    fn a_form_is_where_the_referer_says_if_that_is_of_this_host() {
        let form = |referer: &str| {
            let fields = [("referer", referer.as_bytes())];
            form(&fields, b"a.example:8443", b"/in?x=1").to_owned()
        };
        assert_eq!(form("https://A.example:8443/sign?next=/#top"), "/sign?next=/");
        for elsewhere in [
            "",
            "https://a.example:8443",
            "https://a.example/sign",
            "https://a.example:8443.evil.example/sign",
            "http://a.example:8443/sign",
            "https://a.example:8443//evil.example/",
            "\u{e9}",
        ] {
            assert_eq!(form(elsewhere), "/in", "{elsewhere}");
        }
        assert_eq!(super::form(&Vec::new(), b"a", b"/in"), "/in");
    }
}
