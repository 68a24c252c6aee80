//! `wasm.layerprint`: one JSON object on one line with all that is known of a request. Access logs print it; `replay` and
//! `report` will read it.
//!
//! ```json
//! {"v":1,"verdict":"log","mode":"observe","agreement":"partial","confidence":0.00,"l4":0,"l7":60,"route":"default",
//!  "class":"page","findings":[{"code":"forged-annotation","layer":7,"weight":60,"why":"…"}],"id":"lp1_…",
//!  "source":"192.0.2.7:4000","protocol":"HTTP/2","tls_version":"TLSv1.3","sni":"a.example","ja3":"…","ja4":"…","h2":"…",
//!  "h2_md5":"…","order":"…","headers":["user-agent","accept"],"forged":1,"missing":{"h1_case":"other-protocol","tcp":"no-probe"}}
//! ```
//!
//! A piece of evidence is either a member of the object, or a member of `missing` with the reason. Times and paths are the
//! access log's own.

use super::Annotation;
use crate::evidence::{Evidence, Reason};
use core::fmt::{self, Display, Write};

/// The version of the line's format.
const VERSION: u8 = 1;

/// Writes the line.
pub fn write(of: &Annotation<'_>) -> String {
    let mut line = Line {
        text: String::with_capacity(1_024),
        missing: String::new(),
    };
    // Writing to a String cannot fail.
    let _ = line.write(of);
    line.text
}

struct Line {
    text: String,
    missing: String,
}

impl Line {
    fn write(&mut self, of: &Annotation<'_>) -> fmt::Result {
        let (decision, assessment) = (&of.decision, of.assessment);
        write!(
            self.text,
            r#"{{"v":{VERSION},"verdict":"{}","mode":"{}","agreement":"{}","confidence":{},"l4":{},"l7":{},"route":"{}","class":"{}","findings":["#,
            decision.verdict.as_str(),
            decision.mode.as_str(),
            assessment.agreement.as_str(),
            assessment.confidence,
            assessment.l4,
            assessment.l7,
            decision.route,
            decision.class,
        )?;
        for (n, code) in assessment.findings.iter().enumerate() {
            write!(
                self.text,
                r#"{}{{"code":"{}","layer":{},"weight":{},"why":"{}"}}"#,
                if n == 0 { "" } else { "," },
                code.as_str(),
                code.layer().number(),
                code.weight(),
                code.why(),
            )?;
        }
        write!(self.text, r#"],"id":"{}""#, of.print.lp1)?;
        self.evidence("source", &of.facts.source)?;
        self.evidence(
            "protocol",
            &of.facts.protocol.as_ref().map(|protocol| protocol.as_str()),
        )?;
        self.evidence("tls_version", &of.facts.tls_version)?;
        self.evidence("sni", &of.facts.sni)?;
        self.evidence("ja3", &of.facts.ja3)?;
        self.evidence("ja4", &of.facts.ja4)?;
        self.evidence("h2", &of.print.http2.as_ref().map(|http2| &http2.form))?;
        if let Evidence::Seen(http2) = &of.print.http2 {
            write!(self.text, r#","h2_md5":"{}""#, http2.md5)?;
        }
        self.evidence("h1_case", &of.print.case.as_ref().map(|case| case.as_str()))?;
        self.evidence("tcp", &Evidence::<&str>::Missing(Reason::NoProbe))?;
        self.evidence("order", &of.order.as_ref().map(|order| order.digest()))?;
        if let Evidence::Seen(order) = of.order {
            self.text.write_str(r#","headers":["#)?;
            for (n, name) in order.names().enumerate() {
                self.text.write_str(if n == 0 { "" } else { "," })?;
                string(&mut self.text, &name)?;
            }
            self.text.write_str("]")?;
        }
        write!(self.text, r#","forged":{},"missing":{{{}}}}}"#, of.forged, self.missing)
    }

    fn evidence(&mut self, name: &str, evidence: &Evidence<impl Display>) -> fmt::Result {
        if let Evidence::Seen(value) = evidence {
            write!(self.text, r#","{name}":"#)?;
            return string(&mut self.text, value);
        }
        let comma = if self.missing.is_empty() { "" } else { "," };
        write!(self.missing, r#"{comma}"{name}":"{}""#, evidence.state())
    }
}

/// `value` as a JSON string (RFC 8259, 7).
fn string(out: &mut String, value: &impl Display) -> fmt::Result {
    struct Escaped<'a>(&'a mut String);
    impl Write for Escaped<'_> {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            for letter in text.chars() {
                match letter {
                    '"' => self.0.push_str("\\\""),
                    '\\' => self.0.push_str("\\\\"),
                    letter if letter.is_control() => write!(self.0, "\\u{:04x}", u32::from(letter))?,
                    letter => self.0.push(letter),
                }
            }
            Ok(())
        }
    }
    out.push('"');
    write!(Escaped(out), "{value}")?;
    out.push('"');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::string;

    #[test]
    fn any_text_becomes_a_json_string_that_reads_back() {
        for text in ["", "a\"b\\c", "\u{1}\n\t\u{7f}\u{85}", "\u{e9}\u{1f600}", "</script>"] {
            let mut out = String::new();
            string(&mut out, &text).unwrap();
            assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }
    }
}
