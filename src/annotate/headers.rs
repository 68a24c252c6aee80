//! The `x-layerprint-*` headers. Verdict and reasons are Structured Fields (RFC 9651); all values are our own or were checked
//! when they were parsed, so that nothing a client sends can end a header.

use super::Annotation;
use crate::clients::shown::Client;
use crate::clients::stacks::Named;
use crate::compare::Finding;
use crate::policy::config::Header;
use core::fmt::Write;
use std::borrow::Cow;

/// The value of `header`; none when there is nothing to say, and then the header is not sent.
pub fn value<'a>(header: Header, of: &'a Annotation<'_>) -> Option<Cow<'a, str>> {
    let (print, layer4) = (of.observed.print, of.observed.layer4);
    let borrowed = match header {
        Header::Verdict => return Some(verdict(of).into()),
        Header::Reasons => return reasons(&of.assessment.findings).map(Cow::Owned),
        Header::Id => return Some(of.observed.lp1().to_string().into()),
        Header::Ja3 => print.tls.ja3.seen()?.as_str(),
        Header::Ja4 => print.tls.ja4.seen()?.as_str(),
        Header::Http2 => &print.http2.seen()?.form,
        Header::Order => return Some(of.observed.order.seen()?.digest().to_string().into()),
        Header::Tcp => return Some(layer4.tcp.seen()?.signature.to_string().into()),
        Header::Os => match layer4.stack.seen()? {
            Named::Known { name, .. } => name,
            Named::Ambiguous(..) | Named::Unknown => return None,
        },
        Header::Client => return of.observed.shown.client.as_ref().map(client).map(Cow::Owned),
        // Each of these alone, for what reads a header whole: another filter of the proxy, a rate limit service.
        Header::Route => &of.decision.route,
        Header::Class => of.decision.class.as_str(),
        Header::Cost => return Some(of.decision.cost.to_string().into()),
    };
    Some(Cow::Borrowed(borrowed))
}

/// An Item: who the client looks like, whatever it claims.
fn client(client: &Client) -> String {
    format!("{};class={}", client.name, client.kind.as_str())
}

/// An Item: the verdict's token with its parameters.
fn verdict(of: &Annotation<'_>) -> String {
    let (decision, assessment) = (of.decision, of.assessment);
    let mut item = String::with_capacity(160);
    let words = [
        decision.verdict.as_str(),
        ";mode=",
        decision.mode.as_str(),
        ";agreement=",
        assessment.agreement.as_str(),
        ";confidence=",
    ];
    words.iter().for_each(|word| item.push_str(word));
    item.extend(assessment.confidence.letters());
    let (mut l4, mut l7) = (itoa::Buffer::new(), itoa::Buffer::new());
    let words = [
        ";l4=",
        l4.format(assessment.l4.value()),
        ";l7=",
        l7.format(assessment.l7.value()),
        ";route=",
        &decision.route,
        ";class=",
        decision.class.as_str(),
    ];
    words.iter().for_each(|word| item.push_str(word));
    item
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
