//! `wasm.layerprint`: one JSON object on one line with all that is known. Access logs print it; `replay` and `report` will
//! read it. A request has one; so has a connection that the proxy passes through unopened, or that is closed before its first byte.
//!
//! ```json
//! {"v":1,"of":"request","verdict":"log","mode":"observe","agreement":"partial","confidence":0.00,"l4":0,"l7":60,
//!  "route":"default","class":"page","findings":[{"code":"forged-annotation","layer":7,"weight":60,"why":"…"}],
//!  "method":"GET","host":"a.example","path":"/a","sent":{"user-agent":"…","sec-fetch-mode":"navigate"},"id":"lp1_…",
//!  "source":"192.0.2.7:4000","family":"ipv4","channel":"secure","client":"192.0.2.7","client_found":"peer","claimed_hops":0,
//!  "networks":["office"],
//!  "source_connections":3,"source_without_request":1,"source_unfinished":0,
//!  "family_connections":900,"family_without_request":12,"family_unfinished":2,
//!  "protocol":"HTTP/2","tls_version":"TLSv1.3","sni":"a.example","tls_source":"filter-state",
//!  "ja3":"…","ja3n":"…","ja4":"…","ja4s1":"…","proxy_ja4":"…","h2":"…","h2_md5":"…","h2_extended":"…","ja4_r":"…","tls_grease":true,
//!  "tls_client":["chromium"],"h2_client":["chromium"],"looks_like":"chrome","looks_like_class":"browser","tcp":"…","hops":0,
//!  "mss_class":"ethernet","os":"linux","os_kind":"os","os_confidence":1.00,"os_deviations":"","rtt_us":900,"rtt_source":"probe",
//!  "handshake_us":3000,"first_bytes_us":3100,"rtt_gap_us":2100,"order":"…",
//!  "headers":["user-agent","accept"],"user_agent":{"product":"chrome","kind":"browser","version":"131.0","engine":"blink",
//!  "engine_version":"131.0","platform":"windows","platform_version":"frozen","device":"desktop"},
//!  "hint_brand":"chrome 131.0","hint_mobile":false,"hint_platform":"windows","forged":1,
//!  "missing":{"h1_case":"other-protocol"}}
//! {"v":1,"of":"connection","verdict":"close","mode":"observe","rule":"tools","id":"lp1_…","source":"192.0.2.7:4000",
//!  "sni":"a.example","tls_source":"opening","ja3":"…",
//!  "ja3n":"…","ja4":"…","ja4s1":"…","missing":{"tcp":"no-probe","os":"no-probe","rtt_us":"not-provided",
//!  "handshake_us":"other-protocol","first_bytes_us":"other-protocol","rtt_gap_us":"other-protocol"}}
//! ```
//!
//! A piece of evidence is either a member of the object, or a member of `missing` with the reason. `tls_source` says what the
//! fingerprints of TLS were made from: the ClientHello as the connection's `opening`, the ClientHello from `filter-state`, or
//! the `proxy`'s own JA3 and JA4. `proxy_ja3` and `proxy_ja4` are there only when the proxy computed another value than we did.
//! `rule` is there when a rule decided, `limit` when a limit did, and `limits` names all that the request is over; the codes of what was
//! found over several requests stand among the findings. `clearance` is how hard the challenge was that the client has passed; where it
//! shows a clearance that is not believed, that is `refused` in `missing`, and `clearance_refused` says why. `challenge` is what happened
//! with one: `issued`, `told`, `solved`, `waited`, `given-up`, or `failed` with the reason in `challenge_failed`. `unsolved` is how often
//! the client had been challenged in vain before: it is there when a challenge is carried out, and when so many were that another answer
//! takes its place. `crawler` is there when one is claimed, with what became of that in `crawler_state`. `path` is
//! without its query, and cut at 512 bytes. `sent` holds the headers that are compared, as they came: null for one
//! that came more than once, and of a longer one the first 1025 bytes, which tell that it was too large. `tls_client` and `h2_client` are
//! the implementations that fit, `looks_like` the client that all of it is, whatever it claims.
//! `os` may be `unknown` or `ambiguous`, then without the three behind it, the latter with two `os_candidates`. The counts
//! `source_…` are there where the connection role saw the connection, those of `family_…` where it saw its SYN too. `user_agent` and the hints are what the client claims, not what was observed. Times are the access
//! log's own.

mod claims;
mod json;
mod request;

pub use self::json::Part;
use self::json::{Line, string};
use super::{Annotation, Observed};
use crate::challenge::{Clearance, Event};
use crate::clients::layer4::Layer4;
use crate::clients::stacks::Named;
use crate::compare::Finding;
use crate::evidence::{Evidence, Facts, NetworkTag, Reason};
use crate::fingerprint::combined::Lp1;
use crate::fingerprint::tls::TlsPrint;
use crate::policy::connection::ConnectionDecision;
use crate::policy::rules::Number;
use core::fmt::{self, Write};

/// The version of the line's format.
const VERSION: u8 = 1;

/// The line of a request.
pub fn of_request(annotation: &Annotation<'_>) -> String {
    let of = annotation.observed;
    let parts = Parts {
        way: &part_of_way(of),
        connection: &part_of_connection(of),
        headers: &part_of_headers(of),
    };
    with_parts(annotation, parts, String::new())
}

/// What has been written before of a request's line.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// What [`part_of_way`] gave.
    pub way: &'a Part,
    /// What [`part_of_connection`] gave.
    pub connection: &'a Part,
    /// What [`part_of_headers`] gave.
    pub headers: &'a Part,
}

/// The line of a request, of which these parts have been written before; it is written in the place of `old`.
pub fn with_parts(annotation: &Annotation<'_>, parts: Parts<'_>, old: String) -> String {
    let mut line = Line::new(VERSION, old);
    // Writing to a String cannot fail.
    let _ = write_request(&mut line, annotation);
    let Parts {
        way,
        connection,
        headers,
    } = parts;
    line.finish_with([way, connection, headers])
}

/// What all requests have in their lines that come the same way.
pub fn part_of_way(of: &Observed<'_>) -> Part {
    Part::of(|line| write_way(line, of))
}

/// What all requests of a connection have in their lines, as far as the connection is their client's own.
pub fn part_of_connection(of: &Observed<'_>) -> Part {
    Part::of(|line| write_connection_of(line, of))
}

/// What all requests that send the same headers have in their lines.
pub fn part_of_headers(of: &Observed<'_>) -> Part {
    Part::of(|line| {
        request::write_sent(line, of.said.sent())?;
        line.evidence("order", &of.order.as_ref().map(|order| order.digest()))?;
        if let Evidence::Seen(order) = of.order {
            line.list("headers", order.names(), |out, name| string(out, &name))?;
        }
        claims::write(line, of.said.claims())
    })
}

/// The line of a connection that is passed through unopened, or closed before its first byte: what its ClientHello and its SYN
/// show, and what was decided on it, if anybody did.
pub fn of_connection(facts: &Facts, layer4: &Layer4, tls: &TlsPrint, decision: Option<&ConnectionDecision>) -> String {
    let mut line = Line::new(VERSION, String::new());
    // Writing to a String cannot fail.
    let _ = write_connection(&mut line, facts, layer4, tls, decision);
    line.finish()
}

fn write_connection(
    line: &mut Line,
    facts: &Facts,
    layer4: &Layer4,
    tls: &TlsPrint,
    decision: Option<&ConnectionDecision>,
) -> fmt::Result {
    let id = Lp1 {
        tcp: layer4.part(),
        tls: tls.part,
        ..Lp1::UNSEEN
    };
    line.word("of", "connection");
    if let Some(decision) = decision {
        line.word("verdict", decision.verdict.as_str());
        line.word("mode", decision.mode.as_str());
        if let Some(rule) = &decision.rule {
            line.text("rule", rule)?;
        }
    }
    line.text("id", &id)?;
    line.evidence("source", &facts.source)?;
    line.evidence("sni", &facts.sni)?;
    write_tls(line, tls)?;
    write_layer4(line, layer4)
}

fn write_request(line: &mut Line, of: &Annotation<'_>) -> fmt::Result {
    write_verdict(line, of)?;
    let of = of.observed;
    request::write(line, of)?;
    line.whole("forged", u64::try_from(of.forged).unwrap_or(u64::MAX));
    Ok(())
}

fn write_connection_of(line: &mut Line, of: &Observed<'_>) -> fmt::Result {
    line.text("id", &of.lp1())?;
    line.evidence("source", &of.facts.source)?;
    let protocol = of.facts.protocol.as_ref().map(|protocol| protocol.as_str());
    line.evidence("protocol", &protocol)?;
    line.evidence("tls_version", &of.facts.tls_version)?;
    line.evidence("sni", &of.facts.sni)?;
    write_tls(line, &of.print.tls)?;
    line.evidence("h2", &of.print.http2.as_ref().map(|http2| &http2.form))?;
    if let Evidence::Seen(http2) = &of.print.http2 {
        line.text("h2_md5", &http2.md5)?;
        line.text("h2_extended", &http2.extended)?;
    }
    line.evidence("h1_case", &of.print.case.as_ref().map(|case| case.as_str()))?;
    request::write_shown(line, of)?;
    write_layer4(line, of.layer4)
}

fn write_verdict(line: &mut Line, of: &Annotation<'_>) -> fmt::Result {
    let (decision, assessment) = (of.decision, of.assessment);
    line.word("of", "request");
    line.word("verdict", decision.verdict.as_str());
    line.word("mode", decision.mode.as_str());
    line.word("agreement", assessment.agreement.as_str());
    line.part_of_one("confidence", assessment.confidence);
    line.whole("l4", assessment.l4.value().into());
    line.whole("l7", assessment.l7.value().into());
    line.plain("route", &decision.route);
    line.word("class", decision.class.as_str());
    if let Some(rule) = &decision.rule {
        line.text("rule", rule)?;
    }
    if let Some(limit) = &decision.limit {
        line.text("limit", &limit.name)?;
    }
    if !decision.over.is_empty() {
        line.list("limits", &decision.over, string)?;
    }
    match of.observed.clearance {
        Clearance::Valid(difficulty) => line.number("clearance", &difficulty.bits())?,
        Clearance::Refused(reason) => {
            line.absent("clearance", Reason::Refused.as_str())?;
            line.text("clearance_refused", &reason.as_str())?;
        }
        // Most requests come without, and where there are no challenges there is nothing to come with.
        Clearance::NotSent | Clearance::Off => {}
    }
    if let Some(event) = of.event {
        line.text("challenge", &event.as_str())?;
        if let Event::Failed(reason) = event {
            line.text("challenge_failed", &reason.as_str())?;
        }
    }
    if let Some(unsolved) = decision.unsolved {
        line.number("unsolved", &unsolved)?;
    }
    line.list("findings", &assessment.findings, finding)
}

fn write_way(line: &mut Line, of: &Observed<'_>) -> fmt::Result {
    let family = of.facts.peer.as_ref().map(|peer| peer.family().as_str());
    line.evidence("family", &family)?;
    line.word("channel", of.channel.as_str());
    line.evidence("client", &of.way.client.as_ref().map(|client| client.ip))?;
    if let Evidence::Seen(client) = &of.way.client {
        line.word("client_found", client.found.as_str());
    }
    line.whole("claimed_hops", of.way.claimed.into());
    let tags = of.networks.iter().map(NetworkTag::as_str);
    line.list("networks", tags, |out, tag| string(out, &tag))?;
    let Some(pressure) = of.of_source else { return Ok(()) };
    for number in Number::OF_SOURCE {
        if let Some(count) = number.of_source(pressure) {
            line.whole(number.as_str(), count);
        }
    }
    Ok(())
}

fn write_tls(line: &mut Line, tls: &TlsPrint) -> fmt::Result {
    line.evidence("tls_source", &tls.source.as_ref().map(|source| source.as_str()))?;
    line.evidence("ja3", &tls.ja3)?;
    line.evidence("ja3n", &tls.ja3n)?;
    line.evidence("ja4", &tls.ja4)?;
    line.evidence("ja4s1", &tls.ja4s1)?;
    if let Some(other) = &tls.other_ja3 {
        line.text("proxy_ja3", other)?;
    }
    if let Some(other) = &tls.other_ja4 {
        line.text("proxy_ja4", other)?;
    }
    Ok(())
}

fn write_layer4(line: &mut Line, layer4: &Layer4) -> fmt::Result {
    let Layer4 { transport, tcp, stack } = layer4;
    line.evidence("tcp", &tcp.as_ref().map(|tcp| &tcp.signature))?;
    if let Evidence::Seen(tcp) = tcp {
        line.number("hops", &tcp.hops)?;
        if let Some(class) = tcp.mss_class {
            line.text("mss_class", &class.as_str())?;
        }
    }
    line.evidence("os", &stack.as_ref().map(Named::as_str))?;
    if let Evidence::Seen(Named::Ambiguous(first, second)) = stack {
        line.list("os_candidates", [first, second], string)?;
    }
    if let Evidence::Seen(Named::Known {
        kind,
        confidence,
        deviations,
        ..
    }) = stack
    {
        line.text("os_kind", &kind.as_str())?;
        line.number("os_confidence", confidence)?;
        line.text("os_deviations", deviations)?;
    }
    line.number_or_absent("rtt_us", &transport.rtt.as_ref().map(|rtt| rtt.time))?;
    if let Evidence::Seen(rtt) = &transport.rtt {
        line.text("rtt_source", &rtt.source.as_str())?;
    }
    line.number_or_absent("handshake_us", &transport.handshake)?;
    line.number_or_absent("first_bytes_us", &transport.first_bytes)?;
    line.number_or_absent("rtt_gap_us", &transport.rtt_gap())
}

fn finding(out: &mut String, finding: &Finding) -> fmt::Result {
    let Finding { code, weight, why } = finding;
    let (name, layer) = (code.as_str(), code.layer().number());
    write!(out, r#"{{"code":"{name}","layer":{layer},"weight":{weight},"why":"#)?;
    string(out, why)?;
    out.write_char('}')
}
