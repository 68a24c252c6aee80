//! Which evidence was seen, and why the rest was not: what an operator has still to set up shows here.

use super::super::sums::capped::Counted;
use super::super::sums::{Absence, Sums};
use super::plot;
use super::words::{self, foreign, number, percent};
use maud::{Markup, html};

/// What every request shows, or is missing with a reason.
const KINDS: [(&str, &str); 14] = [
    ("tcp", "the SYN"),
    ("os", "the system that wrote the SYN"),
    ("rtt_us", "round-trip time"),
    ("rtt_gap_us", "round-trip time of TLS, less that of TCP"),
    ("tls_version", "TLS"),
    ("ja4", "the ClientHello: JA4"),
    ("ja3", "the ClientHello: JA3"),
    ("sni", "server name"),
    ("h2", "HTTP/2's opening"),
    ("h1_case", "case of HTTP/1's header names"),
    ("order", "header order"),
    ("user_agent", "User-Agent"),
    ("hint_brand", "Client Hints: brand"),
    ("client", "the client's address"),
];

/// The part of the page.
pub(super) fn part(sums: &Sums) -> Markup {
    let requests = sums.lines.requests;
    if requests == 0 {
        return html! { p .soft { "No request." } };
    }
    let missing = sums.missing.most();
    let find = |kind: &str| {
        missing
            .iter()
            .find(|(name, _)| *name == kind)
            .map(|(_, absence)| *absence)
    };
    let others = missing
        .iter()
        .map(|(kind, _)| *kind)
        .filter(|kind| KINDS.iter().all(|(known, _)| known != kind));
    let kinds = KINDS.into_iter().chain(others.map(|kind| (kind, "")));
    let mut met: Vec<_> = missing
        .iter()
        .flat_map(|(_, absence)| absence.0.most())
        .map(|(reason, _)| reason)
        .collect();
    met.sort_unstable();
    met.dedup();
    html! {
        table .stacked {
            thead { tr { th scope="col" { "evidence" } th .n scope="col" { "seen in" } th scope="col" { "missing because" } } }
            tbody { @for (kind, what) in kinds { (row(kind, what, find(kind), requests)) } }
        }
        @if !met.is_empty() {
            h3 { "What the reasons mean" }
            dl .facts { @for reason in met { dt { code { (foreign(reason)) } } dd { (meaning(reason)) } } }
        }
    }
}

fn row(kind: &str, what: &str, absence: Option<&Absence>, requests: u64) -> Markup {
    let missing = absence.map_or(0, Counted::volume);
    let seen = requests.saturating_sub(missing);
    html! {
        tr {
            th .print scope="row" { code { (foreign(kind)) } " " span .note { (what) } (plot::meter(words::part(seen, requests))) }
            td .n data-is="seen in" { (percent(seen, requests)) }
            td { @if let Some(absence) = absence {
                ul .tags { @for (reason, count) in absence.0.most() {
                    li { code { (foreign(reason)) } " " (number(*count)) }
                } }
            } }
        }
    }
}

/// What to make of a reason.
fn meaning(reason: &str) -> &'static str {
    match reason {
        "cleartext" => "the connection is not encrypted",
        "not-provided" => "the proxy is not configured to hand it over",
        "not-sent" => "the client did not send it",
        "other-protocol" => "the connection speaks a protocol that has no such thing",
        "malformed" => "what came broke its format",
        "too-large" => "it was over a bound",
        "no-connection-role" => "the connection role is not installed, or did not see this connection",
        "no-probe" => "nothing hands it over: the native probe is not installed, or the kernel kept nothing",
        "relayed" => "the connection is that of a balancer or proxy in front, not the client's",
        "later-request" => "it is visible only for the first request of a connection",
        "proxy-failure" => "the proxy failed to answer for it",
        "refused" => "it was there, and is not believed",
        "pending" => "it had not come when the request was decided on",
        _ => "a reason that this release does not know",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use layerprint::evidence::Reason;

    #[test]
    fn every_reason_that_the_filter_gives_is_explained() {
        for reason in Reason::ALL.map(Reason::as_str).into_iter().chain(["pending"]) {
            assert!(!meaning(reason).contains("does not know"), "{reason}");
        }
    }
}
