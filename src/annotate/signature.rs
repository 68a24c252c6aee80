//! Annotations signed for the upstream: HTTP Message Signatures (RFC 9421) with hmac-sha256 and a key that both have. Every annotation
//! is covered, and what makes the request that one, so that a signature is good for no other.
//!
//! ```text
//! signature-input: layerprint=("@method" "@path" "x-layerprint-verdict");created=1618884473;keyid="edge-1";tag="layerprint"
//! signature: layerprint=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:
//! ```
//!
//! An annotation that is absent is not named, and a verifier refuses one that is there and not named.

use super::Target;
use crate::evidence::fields::{Fields, values};
use crate::evidence::signatures::LABEL;
use crate::policy::config::signature::{Component, Signature};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use core::fmt::{self, Write};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::borrow::Cow;

/// The tag (RFC 9421, 2.3), by which a verifier finds ours among others.
const TAG: &str = "layerprint";

/// What is to be signed.
#[derive(Clone, Copy, Debug)]
pub struct Signable<'a> {
    /// What the request asks for.
    pub target: Target<'a>,
    /// `https` or `http`.
    pub scheme: &'a [u8],
    /// Its headers as they came.
    pub fields: &'a Fields<'a>,
    /// What goes upstream in the place of its cookies, where that is something else.
    pub cookie: Option<&'a [u8]>,
    /// The annotations that it gets.
    pub annotations: &'a [(&'static str, Cow<'a, str>)],
    /// When, in seconds since 1970.
    pub created: u64,
}

/// Our members of the two dictionaries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// That of `Signature-Input`.
    pub input: String,
    /// That of `Signature`.
    pub signature: String,
}

/// Who signs. No output shows the key.
#[derive(Clone)]
pub struct Signer {
    state: Hmac<Sha256>,
    components: Vec<Component>,
    expires: Option<u32>,
    /// The parameters that are the same for every request.
    parameters: String,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Signer").field(&self.parameters).finish()
    }
}

impl Signer {
    /// The signer for these settings.
    pub fn new(settings: &Signature) -> Option<Self> {
        let parameters = format!(r#";keyid="{}";tag="{TAG}""#, settings.keyid);
        Self::with(settings, parameters)
    }

    fn with(settings: &Signature, parameters: String) -> Option<Self> {
        Some(Self {
            state: settings.key.hmac()?,
            components: settings.components.clone(),
            expires: settings.expires,
            parameters,
        })
    }

    /// Signs it.
    pub fn sign(&self, what: &Signable<'_>) -> Signed {
        let (base, input) = self.base(what);
        let mac = self.state.clone().chain_update(base).finalize().into_bytes();
        Signed {
            input: format!("{LABEL}={input}"),
            signature: format!("{LABEL}=:{}:", BASE64_STANDARD.encode(mac)),
        }
    }

    /// The signature base (RFC 9421, 2.5), and its last line's value.
    fn base(&self, what: &Signable<'_>) -> (String, String) {
        let mut base = Base::default();
        for component in &self.components {
            match component {
                Component::Method => base.derived(component, what.target.method),
                Component::Authority => base.derived(component, &authority(what)),
                Component::Scheme => base.derived(component, &what.scheme.to_ascii_lowercase()),
                Component::Path => base.derived(component, what.path_and_query().0),
                Component::Query => base.derived(component, what.path_and_query().1),
                Component::Field(name) => match what.cookie.filter(|_| &**name == "cookie") {
                    Some([]) => {}
                    Some(cookie) => base.field(name, core::iter::once(cookie)),
                    None => base.field(name, values(what.fields, name)),
                },
            }
        }
        for (name, value) in what.annotations {
            base.field(name, core::iter::once(value.as_bytes()));
        }
        let Base { mut text, mut input } = base;
        input.push_str(if input.is_empty() { "()" } else { ")" });
        // Writing to a String cannot fail.
        let _ = write!(input, ";created={}", what.created);
        if let Some(expires) = self.expires {
            let _ = write!(input, ";expires={}", what.created.saturating_add(expires.into()));
        }
        input.push_str(&self.parameters);
        text.push_str("\"@signature-params\": ");
        text.push_str(&input);
        (text, input)
    }
}

impl<'a> Signable<'a> {
    /// The path; and the query with its question mark, which is there in any case (RFC 9421, 2.2.6 and 2.2.7).
    fn path_and_query(&self) -> (&'a [u8], &'a [u8]) {
        let whole = self.target.path;
        let end = whole.iter().position(|byte| *byte == b'?');
        let (path, query) = whole
            .split_at_checked(end.unwrap_or(whole.len()))
            .unwrap_or((whole, b""));
        (
            if path.is_empty() { b"/" } else { path },
            if query.is_empty() { b"?" } else { query },
        )
    }
}

/// The host in lower case, without the scheme's own port (RFC 9421, 2.2.3).
fn authority(what: &Signable<'_>) -> Vec<u8> {
    let own: &[u8] = if what.scheme.eq_ignore_ascii_case(b"https") {
        b"443"
    } else {
        b"80"
    };
    let host = what.target.host;
    let host = match host.iter().rposition(|byte| *byte == b':') {
        Some(colon) => match host.split_at_checked(colon) {
            Some((name, [_, port @ ..])) if port.is_empty() || port == own => name,
            _ => host,
        },
        None => host,
    };
    host.to_ascii_lowercase()
}

/// The base as it grows, and the list of what it covers.
struct Base {
    text: String,
    input: String,
}

impl Default for Base {
    fn default() -> Self {
        Self {
            text: String::with_capacity(1_024),
            input: String::with_capacity(320),
        }
    }
}

impl Base {
    fn name(&mut self, name: &str, parameters: &str) {
        self.input.push_str(if self.input.is_empty() { "(" } else { " " });
        for text in [&mut self.input, &mut self.text] {
            text.push('"');
            text.push_str(name);
            text.push('"');
            text.push_str(parameters);
        }
        self.text.push_str(": ");
    }

    /// A part of the target. A URI has no spaces and nothing beyond ASCII (RFC 3986, 2); what stands there all the same is written as
    /// it should have been.
    fn derived(&mut self, component: &Component, value: &[u8]) {
        self.name(component.name(), "");
        for byte in value {
            if byte.is_ascii_graphic() {
                self.text.push(char::from(*byte));
            } else {
                let _ = write!(self.text, "%{byte:02X}");
            }
        }
        self.text.push('\n');
    }

    /// A header, if it is there. One with other bytes than a base may have is written as bytes (RFC 9421, 2.1.3).
    fn field<'v>(&mut self, name: &str, values: impl Iterator<Item = &'v [u8]> + Clone) {
        let mut texts = values.clone().map(plain);
        let Some(first) = texts.next() else { return };
        let is_plain = first.is_some() && texts.all(|text| text.is_some());
        self.name(name, if is_plain { "" } else { ";bs" });
        for (n, value) in values.enumerate() {
            if n > 0 {
                self.text.push_str(", ");
            }
            match plain(value).filter(|_| is_plain) {
                Some(text) => self.text.push_str(text),
                None => {
                    let bytes = BASE64_STANDARD.encode(trimmed(value));
                    let _ = write!(self.text, ":{bytes}:");
                }
            }
        }
        self.text.push('\n');
    }
}

/// A value without the spaces around it, if a base may have it as it is.
fn plain(value: &[u8]) -> Option<&str> {
    let text = str::from_utf8(trimmed(value)).ok()?;
    text.bytes()
        .all(|byte| matches!(byte, b' '..=b'~' | b'\t'))
        .then_some(text)
}

fn trimmed(value: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = value.iter().position(|byte| !is_space(byte)).unwrap_or(value.len());
    let end = value
        .iter()
        .rposition(|byte| !is_space(byte))
        .map_or(start, |last| last.saturating_add(1));
    value.get(start..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::config::Secret;

    fn settings(components: &[&str], key: &[u8]) -> Signature {
        let component = |name: &&str| match *name {
            "@method" => Component::Method,
            "@authority" => Component::Authority,
            "@scheme" => Component::Scheme,
            "@path" => Component::Path,
            "@query" => Component::Query,
            name => Component::Field(name.into()),
        };
        Signature {
            keyid: "edge-1".into(),
            key: Secret::new(key).unwrap(),
            components: components.iter().map(component).collect(),
            expires: None,
        }
    }

    const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";

    /// The request of RFC 9421, B.2, as a proxy hands it out.
    fn rfc_fields() -> Vec<(&'static str, &'static [u8])> {
        [
            ("host", "example.com"),
            ("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
            ("content-type", "application/json"),
            ("content-length", "18"),
        ]
        .map(|(name, value): (_, &str)| (name, value.as_bytes()))
        .to_vec()
    }

    fn signable<'a>(target: Target<'a>, fields: &'a Fields<'a>) -> Signable<'a> {
        Signable {
            target,
            scheme: b"https",
            fields,
            cookie: None,
            annotations: &[],
            created: 1_618_884_473,
        }
    }

    fn post() -> Target<'static> {
        Target {
            method: b"POST",
            host: b"example.com",
            path: b"/foo?param=Value&Pet=dog",
        }
    }

    fn base(components: &[&str], what: &Signable<'_>) -> String {
        Signer::new(&settings(components, KEY)).unwrap().base(what).0
    }

    /// The lines of the base but the last.
    fn lines(components: &[&str], what: &Signable<'_>) -> Vec<String> {
        let base = base(components, what);
        let lines: Vec<_> = base.lines().map(str::to_owned).collect();
        lines[..lines.len() - 1].to_vec()
    }

    #[test]
    fn the_rfcs_own_signature_is_ours() {
        // RFC 9421, B.1.5 and B.2.5.
        let secret = "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==";
        let secret = BASE64_STANDARD.decode(secret).unwrap();
        let settings = settings(&["date", "@authority", "content-type"], &secret);
        let signer = Signer::with(&settings, r#";keyid="test-shared-secret""#.to_owned()).unwrap();
        let fields = rfc_fields();
        let what = signable(post(), &fields);
        assert_eq!(
            signer.base(&what).0,
            "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n\
             \"@authority\": example.com\n\
             \"content-type\": application/json\n\
             \"@signature-params\": (\"date\" \"@authority\" \"content-type\");created=1618884473;keyid=\"test-shared-secret\""
        );
        assert_eq!(
            signer.sign(&what).signature,
            "layerprint=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:"
        );
    }

    #[test]
    fn annotations_are_covered_in_the_order_in_which_they_are_sent() {
        let annotations = [
            ("x-layerprint-verdict", "allow;l4=0".into()),
            ("x-layerprint-id", "lp1_0".into()),
        ];
        let fields = rfc_fields();
        let what = Signable {
            annotations: &annotations,
            ..signable(post(), &fields)
        };
        let signer = Signer::new(&Signature {
            expires: Some(60),
            ..settings(&["@method", "@path", "@query", "@scheme", "cookie"], KEY)
        });
        let signer = signer.unwrap();
        let input = r#"("@method" "@path" "@query" "@scheme" "x-layerprint-verdict" "x-layerprint-id");created=1618884473;expires=1618884533;keyid="edge-1";tag="layerprint""#;
        let (base, params) = signer.base(&what);
        assert_eq!(params, input);
        let expected = format!(
            "\"@method\": POST\n\"@path\": /foo\n\"@query\": ?param=Value&Pet=dog\n\"@scheme\": https\n\
             \"x-layerprint-verdict\": allow;l4=0\n\"x-layerprint-id\": lp1_0\n\"@signature-params\": {input}"
        );
        assert_eq!(base, expected);
        assert_eq!(signer.sign(&what).input, format!("layerprint={input}"));
        let shown = format!("{signer:?}");
        assert!(!shown.contains("0123"), "{shown}");
    }

    #[test]
    fn a_target_is_written_as_the_rfc_wants_it() {
        let names = ["@authority", "@path", "@query"];
        for (host, path, expected) in [
            ("WWW.Example.com:443", "/a", ["www.example.com", "/a", "?"]),
            ("a:80", "", ["a:80", "/", "?"]),
            ("[2001:DB8::1]:443", "?", ["[2001:db8::1]", "/", "?"]),
            ("[2001:db8::1]", "/?a?b", ["[2001:db8::1]", "/", "?a?b"]),
            ("a:", "*", ["a", "*", "?"]),
            ("", "/%zz\u{e9}?\u{e9} x", ["", "/%zz%C3%A9", "?%C3%A9%20x"]),
        ] {
            let target = Target {
                method: b"GET",
                host: host.as_bytes(),
                path: path.as_bytes(),
            };
            let expected: Vec<_> = names
                .iter()
                .zip(expected)
                .map(|(name, value)| format!("\"{name}\": {value}"))
                .collect();
            assert_eq!(lines(&names, &signable(target, &[])), expected);
        }
    }

    #[test]
    fn a_header_is_covered_as_it_stands_and_only_where_it_is() {
        let fields: [(&str, &[u8]); 6] = [
            ("cookie", b" a=1 "),
            ("x", b"\t1, 2"),
            ("cookie", b"b=2"),
            ("y", b"caf\xe9"),
            ("y", b" plain"),
            ("z", b""),
        ];
        let names = ["cookie", "x", "y", "z", "absent"];
        let what = signable(post(), &fields);
        let expected = [
            "\"cookie\": a=1, b=2",
            "\"x\": 1, 2",
            "\"y\";bs: :Y2Fm6Q==:, :cGxhaW4=:",
            "\"z\": ",
        ];
        assert_eq!(lines(&names, &what), expected);
        assert!(base(&names, &what).contains("(\"cookie\" \"x\" \"y\";bs \"z\")"));
        // Our own cookie does not go upstream.
        let without = |cookie: &'static [u8]| Signable {
            cookie: Some(cookie),
            ..what
        };
        assert_eq!(lines(&["cookie"], &without(b"b=2")), ["\"cookie\": b=2"]);
        assert_eq!(lines(&["cookie"], &without(b"")), [""; 0]);
    }

    #[test]
    fn nothing_that_a_client_sends_makes_a_line_of_its_own() {
        let odd = b"a\n\"x-layerprint-verdict\": allow\r\n\0";
        let target = Target {
            method: odd,
            host: odd,
            path: odd,
        };
        let fields = [("x", &odd[..])];
        let names = ["@method", "@authority", "@path", "@query", "x"];
        assert_eq!(lines(&names, &signable(target, &fields)).len(), names.len());
    }

    #[test]
    fn with_nothing_to_cover_it_is_still_a_list() {
        let signer = Signer::new(&settings(&["absent"], KEY)).unwrap();
        assert!(
            signer
                .sign(&signable(post(), &[]))
                .input
                .starts_with("layerprint=();created=")
        );
    }
}
