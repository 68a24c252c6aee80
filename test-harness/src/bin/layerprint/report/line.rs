//! A line of the log, read for what the report counts, and for nothing else: of two kilobytes a few hundred bytes matter, and those
//! are borrowed where they stand.
//!
//! Lines as the shipped configurations write them, with the filter's object as text in `layerprint`, are read so. All others are
//! read as `replay` reads them, which takes longer, and finds the object wherever it is, or tells why there is none.

use layerprint::compare::Agreement;
use layerprint::policy::Verdict;
use layerprint_harness::replay::Logged;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::fmt;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The members in which access logs have the time, the likeliest first.
const TIMES: [&str; 6] = ["start", "start_time", "timestamp", "@timestamp", "time", "ts"];

/// Text that is borrowed from the line unless it had to be unescaped.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
pub(super) struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl std::ops::Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// The filter's object, as far as it is counted.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Evidence<'a> {
    v: u64,
    #[serde(borrow)]
    of: Text<'a>,
    #[serde(borrow)]
    pub(super) verdict: Text<'a>,
    #[serde(borrow)]
    pub(super) mode: Text<'a>,
    #[serde(borrow)]
    agreement: Text<'a>,
    pub(super) l4: u64,
    pub(super) l7: u64,
    #[serde(borrow)]
    pub(super) route: Text<'a>,
    #[serde(borrow)]
    pub(super) class: Text<'a>,
    #[serde(borrow)]
    pub(super) rule: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) limit: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) limits: Vec<Text<'a>>,
    pub(super) clearance: Option<u64>,
    #[serde(borrow)]
    pub(super) clearance_refused: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) challenge: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) challenge_failed: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) findings: Vec<Finding<'a>>,
    #[serde(borrow)]
    pub(super) path: Text<'a>,
    #[serde(borrow)]
    pub(super) sent: Sent<'a>,
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) client: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) ja4: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) h2: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) tcp: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) os: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) looks_like: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) missing: Missing<'a>,
}

/// A finding.
#[derive(Debug, Deserialize)]
pub(super) struct Finding<'a> {
    #[serde(borrow)]
    pub(super) code: Text<'a>,
    pub(super) layer: u64,
    pub(super) weight: u64,
    #[serde(borrow)]
    pub(super) why: Text<'a>,
}

/// What the client sent, as far as it is shown.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Sent<'a> {
    #[serde(borrow, rename = "user-agent")]
    pub(super) agent: Option<Text<'a>>,
}

/// The evidence that is missing, with the reasons.
#[derive(Debug, Default)]
pub(super) struct Missing<'a>(pub(super) Vec<(Text<'a>, Text<'a>)>);

impl<'de: 'a, 'a> Deserialize<'de> for Missing<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Missing<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of reasons")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Missing(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// What an object is about.
pub(super) enum About {
    /// A request.
    Request(Agreement, Verdict),
    /// A connection.
    Connection,
}

impl Evidence<'_> {
    /// What it is about.
    ///
    /// # Errors
    /// It lacks what every such object has.
    pub(super) fn about(&self) -> Result<About, String> {
        if self.v != 1 {
            return Err(format!("the filter's object has version {}, where 1 is read", self.v));
        }
        if &*self.of == "connection" {
            return Ok(About::Connection);
        }
        let none =
            |member: &str, value: &str, names: String| format!("its `{member}` is {value:?}, and none of {names}");
        let agreement = Agreement::ALL
            .into_iter()
            .find(|known| known.as_str() == &*self.agreement);
        let agreement = agreement.ok_or_else(|| {
            none(
                "agreement",
                &self.agreement,
                Agreement::ALL.map(Agreement::as_str).join(", "),
            )
        })?;
        let verdict = self
            .verdict()
            .ok_or_else(|| none("verdict", &self.verdict, Verdict::ALL.map(Verdict::as_str).join(", ")))?;
        Ok(About::Request(agreement, verdict))
    }

    /// The verdict on a request.
    pub(super) fn verdict(&self) -> Option<Verdict> {
        Verdict::ALL.into_iter().find(|known| known.as_str() == &*self.verdict)
    }

    /// The three parts of the combined fingerprint; none where it is not one.
    pub(super) fn parts(&self) -> Option<[&str; 3]> {
        let mut parts = self.id.strip_prefix("lp1_")?.split('_');
        let three = [parts.next()?, parts.next()?, parts.next()?];
        parts.next().is_none().then_some(three)
    }
}

/// The line around the filter's object, as the shipped configurations write it.
pub(super) struct Around {
    /// The filter's object, as text.
    pub(super) evidence: String,
    /// When the request began, in seconds since 1970.
    pub(super) second: Option<i64>,
}

impl Around {
    /// The line; none where it is another kind of line, or wrong.
    pub(super) fn read(line: &[u8]) -> Option<Self> {
        let Quick { evidence, second } = serde_json::from_slice(line).ok()?;
        Some(Self {
            evidence: evidence.filter(|text| text.starts_with('{'))?,
            second,
        })
    }
}

struct Quick {
    evidence: Option<String>,
    second: Option<i64>,
}

impl<'de> Deserialize<'de> for Quick {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Quick;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Quick, A::Error> {
                let mut quick = Quick {
                    evidence: None,
                    second: None,
                };
                let mut found = TIMES.len();
                while let Some(name) = map.next_key::<Text<'de>>()? {
                    if &*name == "layerprint" {
                        quick.evidence = map.next_value()?;
                        continue;
                    }
                    match TIMES.iter().position(|time| *time == &*name) {
                        Some(place) if place < found => {
                            let When(second) = map.next_value()?;
                            (quick.second, found) = (second.or(quick.second), place);
                        }
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(quick)
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// A time: RFC 3339, or seconds, milliseconds or microseconds since 1970.
struct When(Option<i64>);

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // What is none is no reason to refuse the line.
        struct Any;
        impl Visitor<'_> for Any {
            type Value = When;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time")
            }

            fn visit_str<E>(self, text: &str) -> Result<When, E> {
                Ok(When(second_of_text(text)))
            }

            fn visit_u64<E>(self, number: u64) -> Result<When, E> {
                Ok(When(second_of_number(number)))
            }

            fn visit_i64<E>(self, _: i64) -> Result<When, E> {
                Ok(When(None))
            }

            fn visit_f64<E>(self, number: f64) -> Result<When, E> {
                Ok(When(second_of_text(&format!("{number:.0}"))))
            }

            fn visit_unit<E>(self) -> Result<When, E> {
                Ok(When(None))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

fn second_of_text(text: &str) -> Option<i64> {
    if let Ok(number) = text.parse() {
        return second_of_number(number);
    }
    OffsetDateTime::parse(text, &Rfc3339)
        .ok()
        .map(OffsetDateTime::unix_timestamp)
}

/// Seconds have ten digits from 2001 to 2286, milliseconds thirteen, microseconds sixteen.
fn second_of_number(number: u64) -> Option<i64> {
    let seconds = match number {
        0..100_000_000_000 => number,
        100_000_000_000..100_000_000_000_000 => number / 1_000,
        _ => number / 1_000_000,
    };
    i64::try_from(seconds).ok()
}

/// When the request of a line that was read as `replay` reads it began.
pub(super) fn second_of(logged: &Logged) -> Option<i64> {
    let Logged::Request {
        around: Some(around), ..
    } = logged
    else {
        return None;
    };
    second_in(around)
}

fn second_in(around: &Map<String, Value>) -> Option<i64> {
    let When(second) = TIMES
        .iter()
        .find_map(|name| around.get(*name))
        .and_then(|value| When::deserialize(value).ok())?;
    second
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const BEGAN: i64 = 1_795_535_730;

    #[test]
    fn an_envoys_line_gives_its_object_and_its_time() {
        for start in [
            json!("2026-11-24T15:55:30.744Z"),
            json!("2026-11-24T16:55:30+01:00"),
            json!(BEGAN),
            json!(BEGAN * 1_000 + 7),
            json!(BEGAN * 1_000_000),
            json!(1_795_535_730.25),
            json!("1795535730"),
        ] {
            let line = json!({"a": [1], "layerprint": "{\"v\":1}", "start": start}).to_string();
            let around = Around::read(line.as_bytes()).unwrap();
            assert_eq!(
                (around.evidence.as_str(), around.second),
                ("{\"v\":1}", Some(BEGAN)),
                "{start}"
            );
        }
    }

    #[test]
    fn a_time_that_is_none_is_no_reason_to_refuse_a_line() {
        for start in [json!("yesterday"), json!(-1), json!(null), json!("-")] {
            let line = json!({"start": start, "layerprint": "{}"}).to_string();
            assert_eq!(Around::read(line.as_bytes()).unwrap().second, None, "{start}");
        }
    }

    #[test]
    fn other_lines_are_left_to_who_tells_what_is_wrong() {
        for line in [
            &b"{"[..],
            b"[1]",
            b"{}",
            br#"{"layerprint":null}"#,
            br#"{"layerprint":"-"}"#,
            br#"{"layerprint":{}}"#,
        ] {
            assert!(Around::read(line).is_none());
        }
    }

    #[test]
    fn what_is_counted_is_read_and_all_else_is_passed_over() {
        let text = json!({"v": 1, "of": "request", "verdict": "slow", "agreement": "conflict", "future": {"x": [1]},
            "sent": {"user-agent": "a\"b", "accept": null}, "id": "lp1_a_b_c", "missing": {"tcp": "no-probe"},
            "findings": [{"code": "new", "layer": 4, "weight": 7, "why": "w", "more": 1}]})
        .to_string();
        let read: Evidence<'_> = serde_json::from_str(&text).unwrap();
        assert!(matches!(
            read.about(),
            Ok(About::Request(Agreement::Conflict, Verdict::Slow))
        ));
        assert_eq!(read.sent.agent.as_deref(), Some("a\"b"));
        assert_eq!(read.parts(), Some(["a", "b", "c"]));
        assert_eq!(read.missing.0.len(), 1);
        assert!(matches!(
            &*read.findings,
            [Finding {
                layer: 4,
                weight: 7,
                ..
            }]
        ));
    }

    #[test]
    fn what_lacks_a_verdict_is_refused_with_what_it_could_be() {
        let read: Evidence<'_> =
            serde_json::from_str(r#"{"v":1,"of":"request","agreement":"clean","verdict":"x"}"#).unwrap();
        let why = read.about().err().unwrap();
        assert_eq!(
            why,
            r#"its `verdict` is "x", and none of allow, log, review, slow, challenge, limit, block"#
        );
    }
}
