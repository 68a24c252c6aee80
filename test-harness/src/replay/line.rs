//! One line of a log: the filter's own object (`wasm.layerprint`), or an access log's object that holds it under any key, as an
//! object or as text.

use core::fmt;
use serde_json::{Map, Value};

/// The version of the filter's object that is read.
const VERSION: u64 = 1;

/// How deep the object may stand inside the line's own.
const DEEPEST: usize = 3;

/// What a line is about.
#[derive(Clone, Debug, PartialEq)]
pub enum Logged {
    /// A request.
    Request {
        /// The filter's object.
        evidence: Value,
        /// The line's own object, where that is another.
        around: Option<Map<String, Value>>,
    },
    /// A connection that was passed through unopened.
    Connection(Value),
    /// An access log's line without the filter's object: the request never reached the filter.
    Unseen,
}

/// Why a line is none of these.
#[derive(Debug)]
pub enum Refused {
    /// It is no JSON.
    Json(serde_json::Error),
    /// It is JSON, and no object.
    NoObject,
    /// No member of it is the filter's object, or null where that would be.
    NoEvidence,
    /// The filter's object is of another version.
    Version(Value),
    /// The filter's object is about something else.
    About(Value),
    /// It is longer than lines may be.
    TooLong,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => write!(f, "not JSON: {error}"),
            Self::NoObject => f.write_str("JSON, but no object"),
            Self::NoEvidence => f.write_str("no member is the object that the filter writes, as an object or as text"),
            Self::Version(version) => write!(f, "the filter's object has version {version}, where {VERSION} is read"),
            Self::About(what) => write!(
                f,
                "the filter's object is of {what}, where \"request\" and \"connection\" are read"
            ),
            Self::TooLong => write!(f, "longer than {} bytes", super::MAX_LINE),
        }
    }
}

/// What is decided on: as far as the access log tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Request<'a> {
    /// The method.
    pub method: Option<&'a str>,
    /// The host that was asked for, as sent: perhaps with a port.
    pub host: Option<&'a str>,
    /// The path, with the query.
    pub path: Option<&'a str>,
}

impl Logged {
    /// Reads one line.
    ///
    /// # Errors
    /// Why it is none that can be told anything of.
    pub fn read(line: &[u8]) -> Result<Self, Refused> {
        let Value::Object(mut object) = serde_json::from_slice(line).map_err(Refused::Json)? else {
            return Err(Refused::NoObject);
        };
        if is_evidence(&object) {
            return Self::of(Value::Object(object), None);
        }
        match take(&mut object, DEEPEST) {
            Some(evidence) => Self::of(evidence, Some(object)),
            None if object.get("layerprint").is_some_and(is_nothing) => Ok(Self::Unseen),
            None => Err(Refused::NoEvidence),
        }
    }

    fn of(evidence: Value, around: Option<Map<String, Value>>) -> Result<Self, Refused> {
        match evidence.get("v") {
            Some(version) if version.as_u64() == Some(VERSION) => {}
            other => return Err(Refused::Version(other.cloned().unwrap_or_default())),
        }
        match evidence.get("of").and_then(Value::as_str) {
            Some("request") => Ok(Self::Request { evidence, around }),
            Some("connection") => Ok(Self::Connection(evidence)),
            _ => Err(Refused::About(evidence.get("of").cloned().unwrap_or_default())),
        }
    }

    /// What was asked for, where the access log says it.
    pub fn request(&self) -> Request<'_> {
        let Self::Request {
            around: Some(around), ..
        } = self
        else {
            return Request::default();
        };
        let text = |names: &[&str]| names.iter().find_map(|name| around.get(*name)?.as_str());
        Request {
            method: text(&["method"]),
            host: text(&["authority", "host"]),
            path: text(&["path"]),
        }
    }
}

fn is_evidence(object: &Map<String, Value>) -> bool {
    object.contains_key("v") && object.contains_key("of")
}

/// What Envoy writes where there is nothing.
fn is_nothing(value: &Value) -> bool {
    value.is_null() || matches!(value.as_str(), Some("-" | ""))
}

/// The filter's object among the members of `object`, or of those inside; taken out, since it is most of the line.
fn take(object: &mut Map<String, Value>, deepest: usize) -> Option<Value> {
    for value in object.values_mut() {
        match value {
            Value::Object(inner) if is_evidence(inner) => return Some(value.take()),
            Value::Object(inner) if deepest > 1 => {
                if let Some(found) = take(inner, deepest - 1) {
                    return Some(found);
                }
            }
            Value::String(text) if text.starts_with('{') => {
                if let Ok(Value::Object(inner)) = serde_json::from_str(text)
                    && is_evidence(&inner)
                {
                    *value = Value::Null;
                    return Some(Value::Object(inner));
                }
            }
            _ => {}
        }
    }
    None
}
