//! The page: what was counted, in the order in which an operator asks. maud escapes every text that is put into it, and the page's
//! policy lets in nothing but its own style, by hash: what a client wrote can be read, and does nothing.

mod answers;
mod evidence;
mod plot;
mod prints;
mod reasons;
mod routes;
mod shapes;
mod words;

use super::sums::Sums;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use layerprint::policy::Verdict;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use plot::Scale;
use sha2::{Digest, Sha256};
use words::{Precision, number, percent};

const STYLE: &str = include_str!("style.css");

/// What is compared.
pub(super) struct Comparison {
    /// What decided first.
    pub(super) from: String,
    /// What decides then.
    pub(super) to: String,
}

/// All that stands in the page.
pub(super) struct Page<'a> {
    pub(super) logs: Vec<String>,
    pub(super) sums: &'a Sums,
    pub(super) refused: &'a [String],
    pub(super) comparison: Option<Comparison>,
}

/// A part of the page: its anchor, its heading, and what stands there.
struct Part {
    id: &'static str,
    heading: &'static str,
    body: Markup,
}

impl Page<'_> {
    /// The page as HTML.
    pub(super) fn html(&self) -> String {
        let sums = self.sums;
        let part = |id, heading, body| Part { id, heading, body };
        let mut parts = vec![
            part("time", "Agreement over time", self.over_time()),
            part("routes", "Verdicts by route", routes::matrix(&sums.routes)),
        ];
        if let Some(comparison) = &self.comparison {
            let body = routes::changes(&sums.changes, comparison);
            parts.push(part("changes", "What would change", body));
        }
        parts.extend([
            part("shapes", "The most suspicious shapes", shapes::part(&sums.shapes)),
            part("reasons", "Reasons", reasons::part(&sums.reasons, sums.lines.requests)),
            part("fingerprints", "Fingerprints", prints::part(sums)),
            part(
                "evidence",
                "Evidence that was seen, and what is missing",
                evidence::part(sums),
            ),
            part("challenges", "Challenges", answers::challenges(sums)),
            part("limits", "Limits and rules", answers::limits(sums)),
        ]);
        if !self.refused.is_empty() {
            parts.push(part("refused", "Lines that could not be read", self.refused_lines()));
        }
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'none'",
            BASE64_STANDARD.encode(Sha256::digest(STYLE))
        );
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(policy);
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="referrer" content="no-referrer";
                    title { "layerprint report: " (number(sums.lines.requests)) " requests" }
                    // Else browsers ask for one; it is the only image that the policy lets in.
                    link rel="icon" href="data:,";
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    (plot::patterns())
                    header {
                        h1 { "layerprint report" }
                        p .soft { "From " @for (place, log) in self.logs.iter().enumerate() {
                            @if place > 0 { ", " } code { (words::foreign(log)) }
                        } }
                    }
                    main {
                        (self.summary())
                        nav aria-label="Parts of the report" { ul { @for part in &parts { li { a href={ "#" (part.id) } { (part.heading) } } } } }
                        @for part in &parts {
                            section id=(part.id) aria-labelledby={ (part.id) "-h" } {
                                h2 id={ (part.id) "-h" } { (part.heading) }
                                (part.body)
                            }
                        }
                    }
                    footer .note {
                        p { "Times are UTC. Networks are /24 of IPv4 and /48 of IPv6; up to 64 are counted exactly, more by an estimate "
                            "(≈, give or take 9 %). " (given_up(sums)) }
                    }
                }
            }
        };
        page.into_string()
    }

    fn summary(&self) -> Markup {
        let sums = self.sums;
        let requests = sums.lines.requests;
        let verdicts = sums.verdicts();
        let answered = verdicts
            .all()
            .filter(|(verdict, _)| verdict.is_answer())
            .map(|(_, count)| count)
            .sum();
        let (observed, enforced) = (sums.observed.total(), sums.enforced.total());
        let mode = match (observed, enforced) {
            (0, 0) => html! { "no request" },
            (_, 0) => html! { "observe: verdicts are what would have been done, and every request passed" },
            (0, _) => html! { "enforce: verdicts were carried out" },
            _ => {
                html! { "carried out for " (percent(enforced, requests)) " of the requests, only written down for the others" }
            }
        };
        let period = sums.timeline.period();
        html! {
            dl .tiles {
                (tile("Requests", &number(requests)))
                (tile("Answered by the proxy, or would be", &percent(answered, requests)))
                (tile("Connections passed through", &number(sums.lines.connections)))
                (tile("Requests that the filter never saw", &number(sums.lines.unseen)))
                (tile("Lines refused", &number(sums.lines.refused)))
                div .broad { dt { "Period" } dd .long {
                    @match period {
                        Some((first, last)) => { (words::time(first, Precision::Full)) " to " (words::time(last, Precision::Full)) }
                        None => "no line has a time",
                    }
                } }
                div .broad { dt { "Mode" } dd .long { (mode) } }
            }
            @if requests > 0 {
                div .two {
                    div {
                        h3 { "How the layers agree" }
                        (plot::row(&sums.agreement, "Agreement of the layers"))
                        (shares(&sums.agreement, agreement_means))
                    }
                    div {
                        h3 { "Verdicts" }
                        (plot::row(&verdicts, "Verdicts"))
                        (shares(&verdicts, verdict_means))
                    }
                }
            }
        }
    }

    fn over_time(&self) -> Markup {
        let timeline = &self.sums.timeline;
        let (width, columns) = timeline.columns();
        if columns.is_empty() {
            return html! { p .soft { "No request has a time that could be read: RFC 3339 or a number of seconds, in " code { "start" } "." } };
        }
        html! {
            p { "Each column is " (words::span(width)) "." }
            (plot::legend(&self.sums.agreement))
            h3 { "Requests" }
            (plot::columns(&columns, width, Scale::Requests, "requests"))
            h3 { "Share" }
            (plot::columns(&columns, width, Scale::Share, "share"))
            @if timeline.undated() > 0 { p .note { (number(timeline.undated())) " requests have no time that could be read." } }
            details {
                summary { "The numbers" }
                div .wide tabindex="0" role="region" aria-label="Agreement over time, in numbers" { table {
                    thead { tr {
                        th scope="col" { "From (UTC)" }
                        @for (agreement, _) in self.sums.agreement.all() { th .n scope="col" { (agreement.as_str()) } }
                    } }
                    tbody { @for column in &columns { tr {
                        th scope="row" { (words::time(column.begins, plot::precise(width))) }
                        @for (_, count) in column.counts.all() { td .n { (number(count)) } }
                    } } }
                } }
            }
        }
    }

    fn refused_lines(&self) -> Markup {
        let more = self
            .sums
            .lines
            .refused
            .saturating_sub(u64::try_from(self.refused.len()).unwrap_or(u64::MAX));
        html! {
            p { "They are counted nowhere else." }
            ul { @for line in self.refused { li { code { (words::foreign(line)) } } } }
            @if more > 0 { p .soft { "and " (number(more)) " more" } }
        }
    }
}

fn tile(name: &str, value: &str) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

fn shares<K: super::sums::per::Named>(counts: &super::sums::per::Per<K>, means: fn(K) -> &'static str) -> Markup {
    let total = counts.total();
    html! {
        table {
            thead { tr { th scope="col" { "" } th .n scope="col" { "requests" } th .n scope="col" { "share" } } }
            tbody { @for (key, count) in counts.all() { tr {
                th scope="row" { (plot::swatch(key)) (key.name()) " " span .note { (means(key)) } }
                td .n { (number(count)) }
                td .n { (percent(count, total)) }
            } } }
        }
    }
}

const fn agreement_means(agreement: layerprint::compare::Agreement) -> &'static str {
    use layerprint::compare::Agreement;
    match agreement {
        Agreement::Clean => "both layers seen, both low",
        Agreement::Conflict => "one high, one low",
        Agreement::Hostile => "both high",
        Agreement::Partial => "one layer unseen",
        Agreement::Unknown => "neither seen",
    }
}

const fn verdict_means(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allow => "passes",
        Verdict::Log => "passes, written down",
        Verdict::Review => "passes, marked",
        Verdict::Slow => "passes, later",
        Verdict::Challenge => "has to do work first",
        Verdict::Limit => "429",
        Verdict::Block => "403",
    }
}

/// What was not counted for want of room.
fn given_up(sums: &Sums) -> Markup {
    let kinds = [
        ("JA4", sums.ja4.given_up()),
        ("HTTP/2 form", sums.h2.given_up()),
        ("TCP signature", sums.tcp.given_up()),
        ("combined fingerprint", sums.lp1.given_up()),
        ("shape", sums.shapes.given_up()),
    ];
    html! {
        @for (kind, (texts, missed)) in kinds.into_iter().filter(|(_, (texts, _))| *texts > 0) {
            "There were more kinds of " (kind) " than are held: " (number(texts)) " times one that came seldom was given up, and counts may be too low by "
            (number(missed)) ". "
        }
    }
}
