//! `annotate.signature`: how the upstream can tell that annotations are ours.
//!
//! ```json
//! {"annotate": {"signature": {"keyid": "edge-1", "key": {"env": "LAYERPRINT_SIGNATURE_KEY"},
//!                             "components": ["@method", "@authority", "@path", "@query"], "expires_s": 60}}}
//! ```

use super::problem::Refused;
use super::rates;
use super::secret::{KEY, Secret, Variables, key, kind};
use super::section::Section;
use crate::evidence::is_annotation;
use crate::evidence::signatures::SignatureField;
use serde_json::Value;

/// `annotate.signature`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// `keyid`: what the verifier knows the key by.
    pub keyid: Box<str>,
    /// `key`: what signs. The verifier has the same one.
    pub key: Secret,
    /// `components`: what is signed beside the annotations, in this order.
    pub components: Vec<Component>,
    /// `expires_s`: for how many seconds the signature says that it is to be believed; else the verifier alone knows.
    pub expires: Option<u32>,
}

/// A part of the request (RFC 9421, 2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Component {
    /// `@method`
    Method,
    /// `@authority`
    Authority,
    /// `@scheme`
    Scheme,
    /// `@path`
    Path,
    /// `@query`
    Query,
    /// A header, by its name in lower case. A request that does not have it is signed without.
    Field(Box<str>),
}

impl Component {
    /// What makes a request that one: an annotation of another is none of its own.
    const DEFAULT: [Self; 4] = [Self::Method, Self::Authority, Self::Path, Self::Query];

    /// Those that are no headers.
    const DERIVED: [Self; 5] = [Self::Method, Self::Authority, Self::Scheme, Self::Path, Self::Query];

    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Method => "@method",
            Self::Authority => "@authority",
            Self::Scheme => "@scheme",
            Self::Path => "@path",
            Self::Query => "@query",
            Self::Field(name) => name,
        }
    }
}

/// The longest id: no key of [`Secret::MIN`] bytes is as short in base64, and this one is shown to whoever sees the request.
const MAX_KEYID: usize = 42;

const KEYID: &str =
    r#"a name for the key, such as "edge-1", of printable ASCII without spaces, quotes and \, 42 bytes at most"#;

const COMPONENT: &str = r#""@method", "@authority", "@scheme", "@path", "@query" or the name of a header"#;

/// What a proxy makes anew for each hop (RFC 9110, 7.6.1), or has under another name.
const NOT_AS_IT_IS: [&str; 8] = [
    "connection",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// A day, in seconds.
const MAX_EXPIRES_S: usize = 86_400;

/// What a signature is given where `expires_s` cannot be read.
const EXPIRES_S: usize = 60;

/// Reads `signature`: none where it is absent or `false`.
pub(super) fn signature(annotate: &mut Section<'_>, variables: Variables<'_>) -> Option<Signature> {
    if annotate.refuses_text("signature") {
        return None;
    }
    let mut signature = None;
    annotate.section_or_off("signature", Some(()), |section, ()| {
        signature = read(section, variables);
    });
    signature
}

fn read(section: &mut Section<'_>, variables: Variables<'_>) -> Option<Signature> {
    let keyid = needed(section, "keyid", KEYID, |value| match value {
        Value::String(text) if is_keyid(text) => Ok(text.as_str().into()),
        Value::String(_) => Err(("this text is not accepted".to_owned(), KEYID.to_owned())),
        other => Err((format!("{} is not accepted", kind(other)), KEYID.to_owned())),
    });
    let key = needed(section, "key", KEY, |value| key(value, variables));
    let mut components = Vec::new();
    let says_components = section.has("components");
    section.some_texts("components", COMPONENT, |_, text| {
        let component = component(text)?;
        if components.contains(&component) {
            return Err(refused("is given twice", "each value once"));
        }
        components.push(component);
        Ok(())
    });
    if !says_components {
        components = Component::DEFAULT.to_vec();
    }
    let expires = section.has("expires_s");
    let expires_s = section.number("expires_s", 1..=MAX_EXPIRES_S, EXPIRES_S);
    Some(Signature {
        keyid: keyid?,
        key: key?,
        components,
        expires: u32::try_from(expires_s).ok().filter(|_| expires),
    })
}

/// What stands under `name`, which has to be there, and of which no message repeats anything.
fn needed<T>(
    section: &mut Section<'_>,
    name: &'static str,
    accepted: &str,
    read: impl FnOnce(&Value) -> Result<T, (String, String)>,
) -> Option<T> {
    section.need(name, accepted.to_owned());
    let value = section.secret(name)?;
    let refuse = |(what, accepted)| section.refuse_all(name, what, accepted);
    read(&value).map_err(refuse).ok()
}

fn is_keyid(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
    (1..=MAX_KEYID).contains(&text.len()) && text.bytes().all(is_plain)
}

fn component(text: &str) -> Result<Component, Refused> {
    let derived = Component::DERIVED.into_iter().find(|derived| derived.name() == text);
    if let Some(derived) = derived {
        return Ok(derived);
    }
    let name = rates::header(text).map_err(|_| refused("is not accepted", COMPONENT))?;
    if is_annotation(&name) {
        return Err(refused("is covered in any case", COMPONENT));
    }
    let of_signatures = SignatureField::ALL.iter().any(|field| field.name() == &*name);
    if of_signatures || NOT_AS_IT_IS.contains(&&*name) {
        let accepted = r#"a header that the proxy sends on as it is; for the host, "@authority""#;
        return Err(refused("does not reach the upstream as it is here", accepted));
    }
    Ok(Component::Field(name))
}

fn refused(why: &'static str, accepted: &str) -> Refused {
    Refused {
        why,
        accepted: accepted.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    /// `0123456789abcdef0123456789abcdef`
    const SECRET: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

    fn parse(signature: &str) -> Result<Option<Signature>, Vec<String>> {
        let variable = |name: &str| (name == "LAYERPRINT_SIGNATURE_KEY").then(|| SECRET.as_bytes().to_vec());
        let text = format!(r#"{{"annotate":{{"signature":{signature}}}}}"#);
        match Config::parse_with(text.as_bytes(), Variables(&variable)) {
            Ok(config) => Ok(config.annotate.signature),
            Err(problems) => Err(problems.iter().map(ToString::to_string).collect()),
        }
    }

    fn told(signature: &str) -> Vec<String> {
        parse(signature).unwrap_err()
    }

    #[test]
    fn every_key_is_read_and_only_two_are_needed() {
        let expected = Signature {
            keyid: "edge-1".into(),
            key: Secret::new(b"0123456789abcdef0123456789abcdef").unwrap(),
            components: vec![Component::Scheme, Component::Field("cookie".into())],
            expires: Some(30),
        };
        let text =
            format!(r#"{{"keyid":"edge-1","key":"{SECRET}","components":["@scheme","Cookie"],"expires_s":30.0}}"#);
        assert_eq!(parse(&text), Ok(Some(expected.clone())));
        let least = parse(r#"{"keyid":"edge-1","key":{"env":"LAYERPRINT_SIGNATURE_KEY"}}"#);
        let default = Signature {
            components: Component::DEFAULT.to_vec(),
            expires: None,
            ..expected
        };
        assert_eq!(least, Ok(Some(default)));
        assert_eq!(parse("false"), Ok(None));
        assert_eq!(Config::default().annotate.signature, None);
    }

    #[test]
    fn each_mistake_is_told() {
        let text = format!(
            r#"{{"key":"{SECRET}","components":["@target","x-layerprint-id","Host","signature","a b","@path","@path"],"expires_s":0,"tag":1}}"#
        );
        let begins: Vec<String> = told(&text)
            .iter()
            .map(|line| line.split("; accepted: ").next().unwrap().to_owned())
            .collect();
        assert_eq!(
            begins,
            [
                "annotate.signature.keyid: is missing",
                r#"annotate.signature.components[0]: "@target" is not accepted"#,
                r#"annotate.signature.components[1]: "x-layerprint-id" is covered in any case"#,
                r#"annotate.signature.components[2]: "Host" does not reach the upstream as it is here"#,
                r#"annotate.signature.components[3]: "signature" does not reach the upstream as it is here"#,
                r#"annotate.signature.components[4]: "a b" is not accepted"#,
                r#"annotate.signature.components[6]: "@path" is given twice"#,
                "annotate.signature.expires_s: 0 is not accepted",
                "annotate.signature.tag: unknown key",
            ]
        );
        let empty = format!(r#"{{"keyid":"a","key":"{SECRET}","components":[]}}"#);
        assert_eq!(
            told(&empty),
            [format!(
                "annotate.signature.components: is empty; accepted: an array of {COMPONENT}, at least one"
            )]
        );
    }

    #[test]
    fn no_message_shows_what_may_be_a_key() {
        let secret = &SECRET[..20];
        for wrong in [
            format!(r#""{SECRET}""#),
            format!(r#"["{SECRET}"]"#),
            format!(r#"{{"keyid":"{SECRET}","key":"{SECRET}"}}"#),
            format!(r#"{{"keyid":["{SECRET}"],"key":["{SECRET}"]}}"#),
            format!(r#"{{"keyid":"a","key":{{"env":"{SECRET}"}}}}"#),
            format!(r#"{{"keyid":"a","key":"{SECRET}!"}}"#),
        ] {
            let told = told(&wrong);
            assert!(!told.is_empty() && !told.concat().contains(secret), "{told:?}");
        }
        assert_eq!(
            told(r#"{"keyid":"a","key":{"env":"NOT_SET"}}"#),
            [
                "annotate.signature.key: the variable NOT_SET is not set; accepted: a variable of the VM: environment_variables in its vm_config, the same in both filters"
            ]
        );
    }
}
