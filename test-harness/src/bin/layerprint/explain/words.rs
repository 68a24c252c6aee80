//! The words in which a request is explained. Texts of the log are printed without control characters: a client wrote some of them.

use layerprint::compare::{Assessment, Score};
use layerprint::evidence::Reason;
use layerprint::policy::{Decision, Mode, Verdict};
use layerprint_harness::replay::Request;
use serde_json::Value;
use std::io::{self, Write};

/// What can be seen, by the member that it is in, and how it is called.
const SEEN: [(&str, &str); 17] = [
    ("protocol", "protocol"),
    ("tls_version", "TLS"),
    ("sni", "server name"),
    ("ja4", "JA4"),
    ("ja4s1", "JA4 across resumption"),
    ("ja3", "JA3"),
    ("proxy_ja4", "JA4 of the proxy, which differs"),
    ("proxy_ja3", "JA3 of the proxy, which differs"),
    ("tls_source", "TLS read from"),
    ("h2", "HTTP/2 opening"),
    ("h1_case", "HTTP/1 header names"),
    ("order", "header order"),
    ("tcp", "SYN"),
    ("mss_class", "path, by its MSS"),
    ("rtt_us", "round-trip time, µs"),
    ("rtt_gap_us", "further on to where TLS ends, µs"),
    ("id", "combined"),
];

/// The members that are told elsewhere than in a line of their own.
const TOLD: [&str; 24] = [
    "v",
    "of",
    "verdict",
    "mode",
    "agreement",
    "confidence",
    "l4",
    "l7",
    "route",
    "class",
    "rule",
    "findings",
    "client",
    "client_found",
    "networks",
    "user_agent",
    "hint_brand",
    "hint_mobile",
    "hint_platform",
    "os",
    "os_kind",
    "os_confidence",
    "os_deviations",
    "missing",
];

/// Writes all of it.
pub(super) fn write(
    out: &mut impl Write,
    evidence: &Value,
    request: Request<'_>,
    assessment: &Assessment,
    decision: &Decision,
) -> io::Result<()> {
    asked_for(out, evidence, request)?;
    claimed(out, evidence)?;
    seen(out, evidence)?;
    missing(out, evidence)?;
    found(out, assessment)?;
    weighed(out, assessment)?;
    decided(out, evidence, decision)
}

fn asked_for(out: &mut impl Write, evidence: &Value, request: Request<'_>) -> io::Result<()> {
    let or_unknown = |text: Option<&str>| text.map_or_else(|| "?".to_owned(), plain);
    writeln!(
        out,
        "{} {} at {}",
        or_unknown(request.method),
        or_unknown(request.path),
        or_unknown(request.host)
    )?;
    let client = member(evidence, "client").unwrap_or_else(|| "an address that is not known".to_owned());
    write!(out, "from {client}")?;
    if let Some(found) = member(evidence, "client_found") {
        write!(out, ", by {found}")?;
    }
    let networks = evidence.get("networks").and_then(Value::as_array);
    let networks: Vec<_> = networks.into_iter().flatten().map(shown).collect();
    match networks.is_empty() {
        true => writeln!(out, ", in no network with a tag"),
        false => writeln!(out, ", in networks tagged {}", networks.join(", ")),
    }
}

fn claimed(out: &mut impl Write, evidence: &Value) -> io::Result<()> {
    writeln!(out, "\nWho it says it is")?;
    match evidence.get("user_agent") {
        Some(claims) => {
            let text = |key| member(claims, key);
            let with_version = |name: Option<String>, version: Option<String>| {
                name.map(|name| {
                    [Some(name), version]
                        .into_iter()
                        .flatten()
                        .collect::<Vec<_>>()
                        .join(" ")
                })
            };
            let parts = [
                with_version(text("product"), text("version")),
                text("kind"),
                with_version(text("engine"), text("engine_version")).map(|engine| format!("engine {engine}")),
                with_version(text("platform"), text("platform_version")).map(|platform| format!("on {platform}")),
                text("device").map(|device| format!("device {device}")),
            ];
            writeln!(
                out,
                "  User-Agent: {}",
                parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
            )?;
        }
        None => writeln!(out, "  User-Agent: {}", absence(evidence, "user_agent"))?,
    }
    let hints = [
        ("hint_brand", "brand"),
        ("hint_platform", "platform"),
        ("hint_mobile", "mobile"),
    ];
    let said: Vec<_> = hints
        .into_iter()
        .filter_map(|(key, name)| Some(format!("{name} {}", member(evidence, key)?)))
        .collect();
    match said.is_empty() {
        true => writeln!(out, "  Client Hints: {}", absence(evidence, "hint_brand")),
        false => writeln!(out, "  Client Hints: {}", said.join(", ")),
    }
}

fn seen(out: &mut impl Write, evidence: &Value) -> io::Result<()> {
    writeln!(out, "\nWhat was seen")?;
    for (key, name) in SEEN {
        if let Some(value) = member(evidence, key) {
            writeln!(out, "  {name}: {value}")?;
        }
    }
    if let Some(os) = member(evidence, "os") {
        write!(out, "  SYN written by: {os}")?;
        if let Some(kind) = member(evidence, "os_kind").filter(|kind| kind != "os") {
            write!(out, ", a {kind}")?;
        }
        if let Some(confidence) = member(evidence, "os_confidence") {
            write!(out, ", confidence {confidence}")?;
        }
        match member(evidence, "os_deviations").filter(|deviations| !deviations.is_empty()) {
            Some(deviations) => writeln!(out, ", differs in {deviations}")?,
            None => writeln!(out)?,
        }
    }
    let is_told = |key: &str| TOLD.contains(&key) || SEEN.iter().any(|(told, _)| *told == key);
    for (key, value) in evidence.as_object().into_iter().flatten() {
        if !is_told(key) {
            writeln!(out, "  {}: {}", plain(key), shown(value))?;
        }
    }
    Ok(())
}

fn missing(out: &mut impl Write, evidence: &Value) -> io::Result<()> {
    writeln!(out, "\nWhat was missing, and counts for nothing")?;
    let missing = evidence.get("missing").and_then(Value::as_object);
    let mut any = false;
    for (key, reason) in missing.into_iter().flatten() {
        let reason = shown(reason);
        writeln!(out, "  {}: {reason} ({})", plain(key), meaning(&reason))?;
        any = true;
    }
    if any { Ok(()) } else { writeln!(out, "  nothing") }
}

fn found(out: &mut impl Write, assessment: &Assessment) -> io::Result<()> {
    writeln!(out, "\nWhat was found")?;
    for finding in &assessment.findings {
        let (layer, code) = (finding.code.layer().number(), finding.code.as_str());
        writeln!(
            out,
            "  Layer {layer}, weight {}: {code}: {}",
            finding.weight,
            plain(&finding.why)
        )?;
    }
    if assessment.findings.is_empty() {
        writeln!(out, "  nothing")
    } else {
        Ok(())
    }
}

fn weighed(out: &mut impl Write, assessment: &Assessment) -> io::Result<()> {
    let Assessment {
        l4,
        l7,
        agreement,
        confidence,
        ..
    } = assessment;
    writeln!(out, "\nWhat that amounts to")?;
    writeln!(out, "  Layer 4: {l4} of 100, {}", band(*l4))?;
    writeln!(out, "  Layer 7: {l7} of 100, {}", band(*l7))?;
    writeln!(out, "  agreement: {}, confidence {confidence}", agreement.as_str())
}

fn decided(out: &mut impl Write, evidence: &Value, decision: &Decision) -> io::Result<()> {
    writeln!(out, "\nWhat follows")?;
    writeln!(
        out,
        "  route: {}, class {}",
        plain(&decision.route),
        decision.class.as_str()
    )?;
    match &decision.rule {
        Some(rule) => writeln!(out, "  decided by the rule {}", plain(rule))?,
        None => writeln!(out, "  decided by the ladder of the class {}", decision.class.as_str())?,
    }
    writeln!(
        out,
        "  verdict: {}, which means that {}",
        decision.verdict.as_str(),
        consequence(decision.verdict)
    )?;
    let mode = match decision.mode {
        Mode::Observe => "observe: it is written down, and the request passes",
        Mode::Enforce => "enforce: it is carried out",
    };
    writeln!(out, "  mode: {mode}")?;
    let logged = member(evidence, "verdict").unwrap_or_else(|| "?".to_owned());
    match logged == decision.verdict.as_str() {
        true => writeln!(out, "  the log says the same"),
        false => writeln!(out, "  the log says {logged}"),
    }
}

/// Why something is missing, in words.
fn absence(evidence: &Value, key: &str) -> String {
    let reason = evidence.get("missing").and_then(|missing| missing.get(key)).map(shown);
    reason.map_or_else(
        || "nothing is logged of it".to_owned(),
        |reason| format!("none: {}", meaning(&reason)),
    )
}

fn meaning(reason: &str) -> &'static str {
    match Reason::parse(reason) {
        Some(Reason::Cleartext) => "the connection is not encrypted",
        Some(Reason::NotProvided) => "the proxy is not configured to hand it over",
        Some(Reason::NotSent) => "the client did not send it",
        Some(Reason::OtherProtocol) => "the protocol has no such thing",
        Some(Reason::Malformed) => "what came broke its format",
        Some(Reason::TooLarge) => "it was over a bound",
        Some(Reason::NoConnectionRole) => "the connection role is not installed, or did not see this connection",
        Some(Reason::NoProbe) => "the probe is not installed, or the kernel kept nothing",
        Some(Reason::Relayed) => "the TCP connection is that of a balancer or proxy in front",
        Some(Reason::LaterRequest) => "visible only for the first request of a connection",
        Some(Reason::ProxyFailure) => "the proxy failed to answer for it",
        None if reason == "pending" => "it had not come yet",
        None => "a reason that this release does not know",
    }
}

fn band(score: Score) -> &'static str {
    if score >= Score::HIGH { "high" } else { "low" }
}

const fn consequence(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allow => "there is nothing against the request",
        Verdict::Log => "the request passes and is worth a look",
        Verdict::Review => "the request passes, marked for a closer look",
        Verdict::Slow => "the request passes later",
        Verdict::Challenge => "the client is asked to solve a challenge",
        Verdict::Limit => "the client is told to come again later",
        Verdict::Block => "the request is refused",
    }
}

/// A member as text; none when it is absent.
fn member(of: &Value, key: &str) -> Option<String> {
    of.get(key).filter(|value| !value.is_null()).map(shown)
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| plain(&value.to_string()), plain)
}

fn plain(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}
