//! The `x-layerprint-*` headers. Verdict and reasons are Structured Fields (RFC 9651); all values are our own or were checked
//! when they were parsed, so that nothing a client sends can end a header.

use super::Annotation;
use crate::clients::shown::Client;
use crate::clients::stacks::Named;
use crate::compare::Finding;
use crate::policy::config::Header;
use core::fmt::Write;

/// The value of `header`; none when there is nothing to say, and then the header is not sent.
pub fn value(header: Header, of: &Annotation<'_>) -> Option<String> {
    match header {
        Header::Verdict => Some(verdict(of)),
        Header::Reasons => reasons(&of.assessment.findings),
        Header::Id => Some(of.observed.lp1().to_string()),
        Header::Ja3 => of.observed.print.tls.ja3.seen().map(ToString::to_string),
        Header::Ja4 => of.observed.print.tls.ja4.seen().map(ToString::to_string),
        Header::Http2 => of.observed.print.http2.seen().map(|http2| http2.form.to_string()),
        Header::Order => of.observed.order.seen().map(|order| order.digest().to_string()),
        Header::Tcp => of.observed.layer4.tcp.seen().map(|tcp| tcp.signature.to_string()),
        Header::Os => match of.observed.layer4.stack.seen() {
            Some(Named::Known { name, .. }) => Some(name.to_string()),
            Some(Named::Ambiguous(..) | Named::Unknown) | None => None,
        },
        Header::Client => of.observed.shown.client.as_ref().map(client),
        // Each of these alone, for what reads a header whole: another filter of the proxy, a rate limit service.
        Header::Route => Some(of.decision.route.to_string()),
        Header::Class => Some(of.decision.class.as_str().to_owned()),
        Header::Cost => Some(of.decision.cost.to_string()),
    }
}

/// An Item: who the client looks like, whatever it claims.
fn client(client: &Client) -> String {
    format!("{};class={}", client.name, client.kind.as_str())
}

/// An Item: the verdict's token with its parameters.
fn verdict(of: &Annotation<'_>) -> String {
    let (decision, assessment) = (of.decision, of.assessment);
    format!(
        "{};mode={};agreement={};confidence={};l4={};l7={};route={};class={}",
        decision.verdict.as_str(),
        decision.mode.as_str(),
        assessment.agreement.as_str(),
        assessment.confidence,
        assessment.l4,
        assessment.l7,
        decision.route,
        decision.class.as_str(),
    )
}

/// A List of reason codes. An empty List is not sent (RFC 9651, 4.1).
fn reasons(findings: &[Finding]) -> Option<String> {
    let mut list = String::new();
    for (n, finding) in findings.iter().enumerate() {
        let comma = if n == 0 { "" } else { ", " };
        // Writing to a String cannot fail.
        let _ = write!(
            list,
            "{comma}{};layer={};weight={}",
            finding.code.as_str(),
            finding.code.layer().number(),
            finding.weight
        );
    }
    (!list.is_empty()).then_some(list)
}
