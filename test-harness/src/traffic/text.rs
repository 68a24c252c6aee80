//! What hostile headers say: values that a parser of ours reads, made wrong.

use super::chance::Chance;

/// Headers that the filter reads, each with a value as a client sends it. Hostile ones begin from here.
const READ: [(&str, &str); 16] = [
    (
        "user-agent",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    ),
    (
        "sec-ch-ua",
        r#""Chromium";v="131", "Not A(Brand";v="8.0.0.0", "Google Chrome";v="131""#,
    ),
    ("sec-ch-ua-mobile", "?0"),
    ("sec-ch-ua-platform", r#""Windows""#),
    (
        "sec-ch-ua-full-version-list",
        r#""Chromium";v="131.0.6778.86";q=(1 2 "3");x=:AAEC:"#,
    ),
    ("sec-fetch-site", "none"),
    ("sec-fetch-mode", "navigate"),
    ("sec-fetch-user", "?1"),
    ("accept", "text/html;q=0.5, application/json;q=0.501,*/*;q=1.000"),
    ("accept-language", "de-CH,de;q=0.9,en;q=0.001"),
    (
        "x-forwarded-for",
        "6.6.6.6, 2001:db8::7, [::ffff:192.0.2.7]:4000, unknown",
    ),
    (
        "cookie",
        "a=1; __Host-layerprint=v1.AAECAwQFBgcICQoLDA0ODw.MDEyMzQ1Njc4OQ; b=\"2\"",
    ),
    ("authorization", "Basic dXNlcjpwYXNz"),
    ("referer", "https://a.example/sign?next=/#top"),
    ("content-type", "application/grpc-web+proto"),
    ("forwarded", "for=\"[2001:db8::7]:4000\";proto=https;by=_hidden"),
];

/// Pieces that parsers stumble over.
const PIECES: [&[u8]; 12] = [
    b"((((((((((((((((",
    b"\"\\",
    b";;;;====",
    b",,,,,,,,",
    b"\xff\xfe\x80",
    b"99999999999999999999",
    b"-0.0000000000000001",
    b"%00%ff%",
    b"::::::::",
    b"\xf0\x9f\x92\xa9",
    b"{}[]<script>",
    b"\t \t \t",
];

/// A few of those headers, their values spoiled. They are such that Envoy lets them pass.
pub(super) fn claims(chance: &mut Chance) -> Vec<(String, Vec<u8>)> {
    let count = 1 + chance.below(READ.len());
    (0..count)
        .filter_map(|_| {
            let (name, value) = chance.of(&READ)?;
            Some(((*name).to_owned(), spoiled(value, chance)))
        })
        .collect()
}

fn spoiled(value: &str, chance: &mut Chance) -> Vec<u8> {
    let mut bytes = value.as_bytes().to_vec();
    if let Some(piece) = chance.of(&PIECES) {
        let at = chance.below(bytes.len());
        let times = 1 + chance.below(40);
        bytes.splice(at..at, piece.repeat(times));
    }
    chance.spoil(&mut bytes);
    // Those are none of a header's, and Envoy refuses the request.
    bytes.retain(|byte| *byte == b'\t' || !byte.is_ascii_control());
    bytes
}

/// Methods that are none, or that few know.
pub(super) const METHODS: [&str; 14] = [
    "BREW",
    "get",
    "PROPFIND",
    "TRACE",
    "OPTIONS",
    "QUERY",
    "M-SEARCH",
    "DELETE",
    "PURGE",
    "GETGETGETGETGETGETGETGETGETGETGETGETGETGETGETGETGETGET",
    "X",
    "PATCH",
    "a!#$%&'*+-.^_`|~b",
    "UNSUBSCRIBE",
];

/// Paths that routers and parsers stumble over.
pub(super) const PATHS: [&str; 14] = [
    "/..;/..%2f..%2f",
    "//",
    "/%00",
    "/%",
    "/%zz%2",
    "/a?b?c??=&&&=",
    "/.layerprint/challenge?wait=x&to=%2F%5Cevil.example&==",
    "/{id}/{*rest}",
    "/\u{fffd}",
    "/login%2f..%2fadmin",
    "/;/;/;",
    "/*",
    "/\"<>\\^`{|}",
    "/#/#",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_header_ends_before_its_line_does() {
        for number in 0..5_000 {
            for (name, value) in claims(&mut Chance::new(number)) {
                assert!(READ.iter().any(|(known, _)| *known == name));
                assert!(!value.contains(&b'\n') && !value.contains(&b'\r') && !value.contains(&0));
            }
        }
    }
}
