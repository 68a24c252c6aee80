//! A logged request decided on anew, under another configuration.

use super::Request;
use core::fmt;
use layerprint::compare::{Agreement, Assessment, Code, Confidence, Finding, Score};
use layerprint::policy::config::Config;
use layerprint::policy::{Decision, decide};
use serde_json::Value;
use std::borrow::Cow;

/// Why a line cannot be decided on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It lacks this member, or has something else there.
    Member {
        /// Where: `findings[2].weight`.
        path: String,
        /// What belongs there.
        accepted: &'static str,
    },
    /// It has a finding that this release does not know.
    Code(String),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member { path, accepted } => write!(f, "{path}: {accepted} is needed there"),
            Self::Code(code) => write!(f, "a finding {code:?} that this release does not know"),
        }
    }
}

/// What `config` makes of the request whose object is `line`.
///
/// The findings are those that were logged: what was seen is weighed anew, not looked at anew.
///
/// # Errors
/// What the line lacks.
pub fn redecide(line: &Value, _request: Request<'_>, config: &Config) -> Result<(Assessment, Decision), Why> {
    let assessment = Assessment {
        l4: score(line, "l4", "l4")?,
        l7: score(line, "l7", "l7")?,
        agreement: agreement(line)?,
        confidence: confidence(line)?,
        findings: findings(line)?,
    };
    let decision = decide(config.mode, &assessment);
    Ok((assessment, decision))
}

fn member(path: impl Into<String>, accepted: &'static str) -> Why {
    Why::Member {
        path: path.into(),
        accepted,
    }
}

fn score(of: &Value, key: &str, path: &str) -> Result<Score, Why> {
    let value = of.get(key).and_then(Value::as_u64).filter(|value| *value <= 100);
    let value = value.and_then(|value| u8::try_from(value).ok());
    let value = value.ok_or_else(|| member(path, "a whole number from 0 to 100"))?;
    Ok(Score::new(value))
}

fn agreement(line: &Value) -> Result<Agreement, Why> {
    let name = line.get("agreement").and_then(Value::as_str);
    let known = Agreement::ALL
        .into_iter()
        .find(|agreement| Some(agreement.as_str()) == name);
    known.ok_or_else(|| member("agreement", "clean, conflict, hostile, partial or unknown"))
}

/// It is logged with two digits behind the point.
fn confidence(line: &Value) -> Result<Confidence, Why> {
    let logged = line.get("confidence").and_then(Value::as_f64);
    let hundredths = (0..=100_u8).find(|hundredths| logged == Some(f64::from(*hundredths) / 100.0));
    let hundredths = hundredths.ok_or_else(|| member("confidence", "a number from 0.00 to 1.00"))?;
    Ok(Confidence::hundredths(hundredths))
}

fn findings(line: &Value) -> Result<Vec<Finding>, Why> {
    let findings = line.get("findings").and_then(Value::as_array);
    let findings = findings.ok_or_else(|| member("findings", "an array"))?;
    let read = |(n, finding): (usize, &Value)| {
        let text = |key: &str| {
            let text = finding.get(key).and_then(Value::as_str);
            text.ok_or_else(|| member(format!("findings[{n}].{key}"), "a text"))
        };
        let code = text("code")?;
        Ok(Finding {
            code: Code::parse(code).ok_or_else(|| Why::Code(code.to_owned()))?,
            weight: score(finding, "weight", &format!("findings[{n}].weight"))?,
            why: Cow::Owned(text("why")?.to_owned()),
        })
    };
    findings.iter().enumerate().map(read).collect()
}
