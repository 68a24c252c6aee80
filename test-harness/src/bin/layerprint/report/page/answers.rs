//! What became of challenges, and which limits and rules decided.

use super::super::sums::{Names, Sums};
use super::plot;
use super::words::{self, foreign, number, percent};
use maud::{Markup, html};

/// The events of a challenge in their order, and what each means.
const EVENTS: [(&str, &str); 6] = [
    ("issued", "got the page of work"),
    ("told", "opens no page, and was told where one is"),
    ("solved", "did the work, and got a clearance"),
    ("waited", "waited instead, without scripts, and got a clearance"),
    ("failed", "sent an answer that was refused"),
    ("given-up", "was not asked again, after many unsolved"),
];

/// The funnel of challenges.
pub(super) fn challenges(sums: &Sums) -> Markup {
    let events = sums.challenges.most();
    let count = |name: &str| {
        events
            .iter()
            .find(|(event, _)| *event == name)
            .map_or(0, |(_, count)| **count)
    };
    if events.is_empty() && sums.cleared == 0 && sums.refused_clearances.is_empty() {
        return html! { p .soft { "No challenge was made, and no clearance shown." } };
    }
    let widest = EVENTS
        .iter()
        .map(|(name, _)| count(name))
        .chain([sums.cleared])
        .max()
        .unwrap_or_default();
    let asked = count("issued");
    let passed = count("solved").saturating_add(count("waited"));
    html! {
        @if asked > 0 { p { strong { (percent(passed.min(asked), asked)) } " of the pages that were issued were passed: " (number(passed)) " of " (number(asked)) "." } }
        table .stacked {
            thead { tr { th scope="col" { "event" } th .n scope="col" { "requests" } th scope="col" { "" } } }
            tbody {
                @for (name, means) in EVENTS { (step(name, means, count(name), widest)) }
                @for (name, count) in events.iter().filter(|(name, _)| EVENTS.iter().all(|(known, _)| known != name)) { (step(name, "", **count, widest)) }
                (step("clearance", "came with a clearance that is believed", sums.cleared, widest))
            }
        }
        div .two {
            (names("Answers that failed, because of", &sums.failed))
            (names("Clearances that were not believed, because of", &sums.refused_clearances))
        }
    }
}

fn step(name: &str, means: &str, count: u64, widest: u64) -> Markup {
    html! { tr {
        th scope="row" { code { (foreign(name)) } " " span .note { (means) } }
        td .n data-is="requests" { (number(count)) }
        td .print { (plot::meter(words::part(count, widest))) }
    } }
}

/// Limits and rules.
pub(super) fn limits(sums: &Sums) -> Markup {
    let all = [&sums.limits, &sums.over, &sums.rules, &sums.connections];
    if all.into_iter().all(Names::is_empty) {
        return html! { p .soft { "No limit was exceeded, and no rule decided." } };
    }
    html! {
        div .two {
            (names("Limits that decided", &sums.limits))
            (names("Limits that were exceeded", &sums.over))
            (names("Rules that decided", &sums.rules))
            (names("Connections passed through, by verdict", &sums.connections))
        }
    }
}

fn names(caption: &str, names: &Names) -> Markup {
    let most = names.most();
    let widest = most.first().map_or(0, |(_, count)| **count);
    html! { @if !most.is_empty() {
        table {
            caption { (caption) }
            thead { tr { th scope="col" { "name" } th .n scope="col" { "requests" } } }
            tbody { @for (name, count) in most { tr {
                th .print scope="row" { (foreign(name)) (plot::meter(words::part(*count, widest))) }
                td .n { (number(*count)) }
            } } }
        }
    } }
}
