//! The shapes that look worst, with all that is held against them.

use super::super::sums::capped::{Capped, Counted};
use super::super::sums::shapes::Shape;
use super::plot;
use super::words::{self, foreign, number, percent};
use layerprint::policy::Verdict;
use maud::{Markup, html};

/// How many are shown.
const MOST: usize = 20;

/// What stands for a part that was not seen.
const UNSEEN: &str = "000000000000";

/// The part of the page.
pub(super) fn part(shapes: &Capped<Shape>) -> Markup {
    let ranked = shapes.ranked(Shape::suspicion);
    let worst: Vec<_> = ranked
        .into_iter()
        .filter(|(_, shape)| shape.score() > 0.0)
        .take(MOST)
        .collect();
    html! {
        p { "A shape is what a client is by its TLS and its HTTP (the last two parts of " code { "lp1" } "), from wherever it comes. In order of the "
            "average score of both layers together (0 to 200), times the logarithm of the number of requests. Of each, the request with the "
            "highest score is the sample." }
        @if worst.is_empty() { p .soft { "None: nothing was found." } }
        ol .shapes { @for (place, (name, shape)) in (1..).zip(&worst) { li { (one(place, name, shape)) } } }
    }
}

fn one(place: u32, name: &str, shape: &Shape) -> Markup {
    let requests = shape.volume();
    let verdicts: Vec<_> = Verdict::ALL
        .into_iter()
        .filter(|verdict| shape.verdicts.of(*verdict) > 0)
        .collect();
    let (tls, http) = name.split_once('_').unwrap_or((name, ""));
    let part = |part: &str| {
        if part == UNSEEN {
            "unseen".to_owned()
        } else {
            foreign(part)
        }
    };
    let sample = &shape.worst;
    html! {
        h3 {
            span { (place) ". TLS " code { (part(tls)) } " · HTTP " code { (part(http)) } }
            span .soft { "average score " (format!("{:.0}", shape.score())) " · " (number(requests)) " requests · "
                (words::networks(shape.print.number())) " networks" }
        }
        (plot::small_row(&shape.print.agreement))
        dl .facts {
            dt { "verdicts" }
            dd { @for verdict in verdicts { span .pair { (plot::swatch(verdict)) (verdict.as_str()) " " (number(shape.verdicts.of(verdict))) } "  " } }
            dt { "claims" }
            dd { @match &sample.agent { Some(agent) => bdi { (foreign(agent)) }, None => span .soft { "no User-Agent, or several" } } }
            dt { "looks like" }
            dd { @match &sample.looks_like { Some(name) => (foreign(name)), None => span .soft { "nobody known" } } }
            @if let Some(ja4) = &sample.ja4 { dt { "JA4" } dd { code { (foreign(ja4)) } } }
            @if let Some(h2) = &sample.h2 { dt { "HTTP/2" } dd { code { (foreign(h2)) } } }
            dt { "sample path" }
            dd { code { bdi { (foreign(&sample.path)) } } }
        }
        table .stacked {
            thead { tr { th scope="col" { "reason" } th .n scope="col" { "requests" } th .n scope="col" { "layer" } th .n scope="col" { "weight" } th scope="col" { "for example" } } }
            tbody { @for (code, reason) in shape.reasons() { tr {
                th .code scope="row" { code { (foreign(code)) } }
                td .n data-is="requests" { (number(reason.requests)) " (" (percent(reason.requests, requests)) ")" }
                td .n data-is="layer" { (reason.layer) }
                td .n data-is="weight" { (reason.weight) }
                td .why { bdi { (foreign(&reason.why)) } }
            } } }
        }
    }
}
