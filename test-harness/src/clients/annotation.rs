//! What the filter told the upstream, read back from the headers that the upstream echoed.

use std::fmt;

use sfv::{Item, List, ListEntry, Parser};

use super::Reply;

/// The filter's judgement of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// `allow`, `log`, …
    pub verdict: String,
    /// The parameters of the verdict in order: `mode`, `agreement`, `confidence`, …
    pub parameters: Vec<(String, String)>,
    /// The reason codes, strongest first.
    pub reasons: Vec<String>,
}

/// Why there is no annotation to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnnotationError {
    /// The upstream received no verdict.
    NoVerdict,
    /// A header is not the structured field it should be.
    Malformed {
        /// The header.
        header: &'static str,
        /// What it held.
        value: String,
    },
}

impl fmt::Display for AnnotationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoVerdict => f.write_str("the upstream received no x-layerprint-verdict"),
            Self::Malformed { header, value } => {
                write!(f, "{header} is no structured field: {value:?}")
            }
        }
    }
}

impl std::error::Error for AnnotationError {}

const VERDICT: &str = "x-layerprint-verdict";
const REASONS: &str = "x-layerprint-reasons";

impl Annotation {
    /// Reads the annotation that the upstream received.
    pub fn read(reply: &Reply) -> Result<Self, AnnotationError> {
        let verdict = reply.received(VERDICT).ok_or(AnnotationError::NoVerdict)?;
        let (verdict, parameters) = parse_verdict(verdict).ok_or_else(|| AnnotationError::Malformed {
            header: VERDICT,
            value: verdict.to_owned(),
        })?;
        let reasons = reply.received(REASONS).unwrap_or_default();
        let reasons = parse_reasons(reasons).ok_or_else(|| AnnotationError::Malformed {
            header: REASONS,
            value: reasons.to_owned(),
        })?;
        Ok(Self {
            verdict,
            parameters,
            reasons,
        })
    }

    /// One parameter of the verdict.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }
}

fn parse_verdict(text: &str) -> Option<(String, Vec<(String, String)>)> {
    let item: Item = Parser::new(text).parse().ok()?;
    let verdict = item.bare_item.as_token()?.as_str().to_owned();
    let parameter = |(name, value): (&sfv::Key, &sfv::BareItem)| (name.as_str().to_owned(), shown(value));
    Some((verdict, item.params.iter().map(parameter).collect()))
}

fn parse_reasons(text: &str) -> Option<Vec<String>> {
    let list: List = Parser::new(text).parse().ok()?;
    let code = |entry: &ListEntry| match entry {
        ListEntry::Item(item) => Some(item.bare_item.as_token()?.as_str().to_owned()),
        ListEntry::InnerList(_) => None,
    };
    list.iter().map(code).collect()
}

fn shown(value: &sfv::BareItem) -> String {
    let text = value
        .as_token()
        .map(|token| token.as_str())
        .or_else(|| value.as_string().map(|string| string.as_str()));
    let number = || value.as_decimal().map(|decimal| decimal.to_string());
    text.map(str::to_owned)
        .or_else(number)
        .or_else(|| value.as_integer().map(|integer| integer.to_string()))
        .unwrap_or_else(|| format!("{value:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn reply(headers: serde_json::Value) -> Reply {
        Reply {
            status: 200,
            protocol: "HTTP/2".to_owned(),
            body: json!({ "headers": headers }),
        }
    }

    #[test]
    fn a_verdict_and_its_reasons_are_read() {
        let annotation = Annotation::read(&reply(json!([
            [
                VERDICT,
                "log;mode=observe;agreement=partial;confidence=0.25;l4=0;l7=40;route=default;class=page"
            ],
            [REASONS, "tls-ua;layer=l7;weight=40, h2-ua;layer=l7;weight=20"],
        ])))
        .unwrap();
        assert_eq!(annotation.verdict, "log");
        assert_eq!(annotation.parameter("agreement"), Some("partial"));
        assert_eq!(annotation.parameter("confidence"), Some("0.25"));
        assert_eq!(annotation.parameter("l7"), Some("40"));
        assert_eq!(annotation.reasons, ["tls-ua", "h2-ua"]);
    }

    #[test]
    fn no_reasons_is_an_empty_list() {
        assert!(
            Annotation::read(&reply(json!([[VERDICT, "allow"]])))
                .unwrap()
                .reasons
                .is_empty()
        );
    }

    #[test]
    fn a_missing_or_broken_verdict_is_told_apart() {
        assert_eq!(Annotation::read(&reply(json!([]))), Err(AnnotationError::NoVerdict));
        let broken = Annotation::read(&reply(json!([[VERDICT, "allow;;"]])));
        assert!(matches!(broken, Err(AnnotationError::Malformed { .. })), "{broken:?}");
    }
}
