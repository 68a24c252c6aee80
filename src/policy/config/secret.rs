//! Secrets, wherever the configuration has one. No message repeats any of what stands there, whatever its form: a mistake in a
//! key's place is as likely to be a key.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use core::fmt;
use hmac::{Hmac, KeyInit};
use serde_json::Value;
use sha2::Sha256;

/// The longest name of a variable. Names are repeated, and no key of [`Secret::MIN`] bytes is as short, in whatever way it is written.
const MAX_NAME: usize = 42;

/// What is accepted.
pub(super) const KEY: &str = r#"a key (openssl rand -base64 32), as base64 or {"env": "NAME"}"#;

const STRONG: &str = "32 random bytes or more (openssl rand -base64 32), as base64";

const NAME: &str = r#"{"env": "NAME"}, a name of A-Z, 0-9 and _, a letter first, 42 characters at most"#;

/// With padding or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A key's bytes, 32 at least. No output shows them.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Box<[u8]>);

impl Secret {
    /// The fewest bytes of one: those of the hash (RFC 2104, 3).
    pub const MIN: usize = 32;

    /// The key of these bytes; none when they are too few, or all the same.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let varies = bytes.iter().any(|byte| Some(byte) != bytes.first());
        (bytes.len() >= Self::MIN && varies).then(|| Self(bytes.into()))
    }

    /// Its bytes.
    pub const fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// HMAC-SHA-256 (RFC 2104) with it, before the first byte: cloned for each text, it saves two of the hash's blocks.
    pub fn hmac(&self) -> Option<Hmac<Sha256>> {
        // HMAC takes keys of any length: it never fails.
        Hmac::new_from_slice(&self.0).ok()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Where the values of `{"env": "NAME"}` are found: none where there is no such variable.
#[derive(Clone, Copy)]
pub struct Variables<'a>(pub &'a dyn Fn(&str) -> Option<Vec<u8>>);

impl Variables<'_> {
    /// There are none.
    pub const NONE: Variables<'static> = Variables(&|_| None);
}

/// The key; or what is wrong with it, and what would be right.
pub(super) fn key(item: &Value, variables: Variables<'_>) -> Result<Secret, (String, String)> {
    match item {
        Value::String(text) => secret(text.as_bytes()).map_err(|why| (format!("the key {why}"), STRONG.to_owned())),
        Value::Object(object) => {
            let name = object.get("env").and_then(Value::as_str).filter(|_| object.len() == 1);
            let name = name.filter(|name| is_name(name));
            let name = name.ok_or_else(|| ("this object is not accepted".to_owned(), NAME.to_owned()))?;
            let Some(value) = variables.0(name) else {
                let accepted = "a variable of the VM: environment_variables in its vm_config, the same in both filters";
                return Err((format!("the variable {name} is not set"), accepted.to_owned()));
            };
            secret(value.trim_ascii())
                .map_err(|why| (format!("the key in the variable {name} {why}"), STRONG.to_owned()))
        }
        other => Err((format!("{} is not accepted", kind(other)), KEY.to_owned())),
    }
}

fn secret(text: &[u8]) -> Result<Secret, String> {
    let bytes = BASE64.decode(text).map_err(|_| "is no base64".to_owned())?;
    if bytes.len() < Secret::MIN {
        return Err(format!("has {} bytes, which is too short", bytes.len()));
    }
    Secret::new(&bytes).ok_or_else(|| "has the same byte throughout".to_owned())
}

fn is_name(name: &str) -> bool {
    let in_name = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    name.starts_with(|first: char| first.is_ascii_uppercase()) && name.len() <= MAX_NAME && name.bytes().all(in_name)
}

/// What a value is, without what it says.
pub(super) const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
