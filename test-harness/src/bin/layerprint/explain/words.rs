//! The words in which a request is explained: what it is, what was seen of it and what was not. Texts of the log are printed
//! without control characters: a client wrote some of them.

use super::{claims, outcome};
use layerprint::annotate::recorded::Unreadable;
use layerprint::clients::crawlers::Verification;
use layerprint::compare::{Assessment, Channel};
use layerprint::evidence::{Evidence, Reason};
use layerprint::policy::Decision;
use layerprint::policy::rules::Field;
use layerprint_harness::replay::{Judge, Request};
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
const TOLD: [&str; 39] = [
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
    "clearance",
    "clearance_refused",
    "challenge",
    "challenge_failed",
    "unsolved",
    "method",
    "host",
    "path",
    "client",
    "client_found",
    "networks",
    "crawler",
    "crawler_state",
    "channel",
    "tls_client",
    "h2_client",
    "looks_like",
    "looks_like_class",
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

/// A request, and what a configuration makes of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Explained<'a> {
    /// The filter's object.
    pub(super) line: &'a Value,
    /// What the access log has beside it.
    pub(super) request: Request<'a>,
    /// The configuration.
    pub(super) judge: &'a Judge,
    /// What was found.
    pub(super) assessment: &'a Assessment,
    /// What follows.
    pub(super) decision: &'a Decision,
    /// Whether the client is the crawler that it claims to be.
    pub(super) crawler: Verification<'a>,
}

impl<'a> Explained<'a> {
    /// What `judge` made of `line`.
    ///
    /// # Errors
    /// The line tells too little.
    pub(super) fn new(
        line: &'a Value,
        request: Request<'a>,
        judge: &'a Judge,
        (assessment, decision): &'a (Assessment, Decision),
    ) -> Result<Self, Unreadable> {
        Ok(Self {
            line,
            request,
            judge,
            assessment,
            decision,
            crawler: judge.crawler(line)?,
        })
    }

    /// Writes all of it.
    pub(super) fn write(self, out: &mut impl Write) -> io::Result<()> {
        asked_for(out, self)?;
        claims::write(out, self)?;
        seen(out, self)?;
        missing(out, self.line)?;
        outcome::write(out, self)
    }

    /// What the request asks for, as the access log says it, else as the filter's object does.
    pub(super) fn asked(self, field: Field) -> Option<String> {
        let beside = match field {
            Field::Method => self.request.method,
            Field::Host => self.request.host,
            Field::Path => self.request.path,
            _ => None,
        };
        beside.map(plain).or_else(|| member(self.line, field.as_str()))
    }

    /// The values that rules see in `field`, with a comma between; none where it is missing, or where there is no value.
    pub(super) fn texts(self, field: Field) -> Option<String> {
        match self.judge.texts(self.line, field) {
            Ok(Evidence::Seen(values)) if !values.is_empty() => Some(plain(&values.join(", "))),
            _ => None,
        }
    }
}

fn asked_for(out: &mut impl Write, of: Explained<'_>) -> io::Result<()> {
    let asked = |field| of.asked(field).unwrap_or_else(|| "?".to_owned());
    let [method, path, host] = [Field::Method, Field::Path, Field::Host].map(asked);
    writeln!(out, "{method} {path} at {host}")?;
    let client = member(of.line, "client").unwrap_or_else(|| "an address that is not known".to_owned());
    write!(out, "from {client}")?;
    if let Some(found) = member(of.line, "client_found") {
        write!(out, ", by {found}")?;
    }
    match of.texts(Field::Network) {
        None => write!(out, ", in no network with a tag")?,
        Some(tags) => write!(out, ", in networks tagged {tags}")?,
    }
    let logged = listed(of.line, "networks");
    if logged == of.texts(Field::Network) {
        writeln!(out)
    } else {
        writeln!(out, "; in the log: {}", logged.as_deref().unwrap_or("none"))
    }
}

fn seen(out: &mut impl Write, of: Explained<'_>) -> io::Result<()> {
    let evidence = of.line;
    writeln!(out, "\nWhat was seen")?;
    if let Some(channel) = member(evidence, "channel") {
        let channels = Channel::ALL.into_iter();
        let meaning = channels
            .filter(|known| known.as_str() == channel)
            .map(across)
            .collect::<String>();
        writeln!(out, "  channel: {channel}, {meaning}")?;
    }
    for (key, name) in SEEN {
        if let Some(value) = member(evidence, key) {
            writeln!(out, "  {name}: {value}")?;
        }
    }
    for (field, name) in [(Field::TlsClient, "ClientHello"), (Field::H2Client, "HTTP/2 opening")] {
        let (now, then) = (of.texts(field), listed(evidence, field.as_str()));
        // Where the evidence is missing, that is told elsewhere.
        if now.is_none() && then.is_none() {
            continue;
        }
        write!(out, "  {name} of: {}", now.as_deref().unwrap_or("nobody who is known"))?;
        match now == then {
            true => writeln!(out)?,
            false => writeln!(out, "; in the log: {}", then.as_deref().unwrap_or("nobody"))?,
        }
    }
    if let Some(client) = member(evidence, "looks_like") {
        let class = member(evidence, "looks_like_class").map_or_else(String::new, |class| format!(", a {class}"));
        writeln!(out, "  all of it looks like: {client}{class}")?;
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
    writeln!(out, "\nWhat was missing, and why; nothing follows from it")?;
    let missing = evidence.get("missing").and_then(Value::as_object);
    let mut any = false;
    for (key, reason) in missing.into_iter().flatten() {
        let reason = shown(reason);
        writeln!(out, "  {}: {reason} ({})", plain(key), meaning(&reason))?;
        any = true;
    }
    if any { Ok(()) } else { writeln!(out, "  nothing") }
}

/// Why something is missing, in words.
pub(super) fn absence(evidence: &Value, key: &str) -> String {
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
        Some(Reason::Refused) => "what came was not believed",
        None if reason == "pending" => "it had not come yet",
        None => "a reason that this release does not know",
    }
}

const fn across(channel: Channel) -> &'static str {
    match channel {
        Channel::Secure => "the client's own TLS ends here",
        Channel::Cleartext => "the client itself, without TLS",
        Channel::Relayed => "a proxy in front: what is seen of the connection is its own, and not the client's",
    }
}

/// A list of texts as one, with a comma between; none when it is absent or empty.
fn listed(of: &Value, key: &str) -> Option<String> {
    let values: Vec<_> = of.get(key)?.as_array()?.iter().map(shown).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

/// A member as text; none when it is absent.
pub(super) fn member(of: &Value, key: &str) -> Option<String> {
    of.get(key).filter(|value| !value.is_null()).map(shown)
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| plain(&value.to_string()), plain)
}

pub(super) fn plain(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}
