//! What was found, over all.

use super::super::sums::capped::Capped;
use super::super::sums::shapes::Reason;
use super::plot;
use super::words::{self, foreign, number, percent};
use maud::{Markup, html};

/// The part of the page.
pub(super) fn part(reasons: &Capped<Reason>, requests: u64) -> Markup {
    if reasons.is_empty() {
        return html! { p .soft { "Nothing was found." } };
    }
    html! {
        table .stacked {
            thead { tr { th scope="col" { "reason" } th .n scope="col" { "requests" } th .n scope="col" { "share" } th .n scope="col" { "layer" }
                th .n scope="col" { "weight" } th scope="col" { "for example" } } }
            tbody { @for (code, reason) in reasons.most() { tr {
                th .print .code scope="row" { code { (foreign(code)) } (plot::meter(words::part(reason.requests, requests))) }
                td .n data-is="requests" { (number(reason.requests)) }
                td .n data-is="share" { (percent(reason.requests, requests)) }
                td .n data-is="layer" { (reason.layer) }
                td .n data-is="weight" { (reason.weight) }
                td .why { bdi { (foreign(&reason.why)) } }
            } } }
        }
    }
}
