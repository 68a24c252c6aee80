//! Verdicts by route, and what changes between two configurations.

use super::super::sums::Route;
use super::super::sums::capped::{Capped, Counted};
use super::super::sums::per::{Named, Per};
use super::words::{self, number, percent};
use super::{Comparison, plot};
use layerprint::policy::Verdict;
use layerprint_harness::replay::Tally;
use maud::{Markup, html};

/// How many routes and changes are shown.
const MOST: usize = 40;

/// Verdict × route, as a table whose cells are the darker the larger their share of the route is.
pub(super) fn matrix(routes: &Capped<Route>) -> Markup {
    if routes.is_empty() {
        return html! { p .soft { "No request." } };
    }
    html! {
        p { "The darker a cell, the larger its share of the route's requests." }
        div .wide tabindex="0" role="region" aria-label="Verdicts by route" { table .heat {
            thead { tr {
                th scope="col" { "route" }
                @for verdict in Verdict::ALL { th scope="col" { (plot::swatch(verdict)) (verdict.as_str()) } }
                th scope="col" { "all" }
            } }
            tbody { @for (name, route) in routes.most().into_iter().take(MOST) { tr {
                @let total = route.volume();
                th scope="row" { (words::foreign(name)) " " span .of { (words::foreign(&route.class)) } }
                @for (_, count) in route.verdicts.all() { (cell(count, total, "")) }
                td { (number(total)) }
            } } }
        } }
        @if routes.len() > MOST { p .note { "The " (MOST) " routes with most requests, of " (routes.len()) "." } }
    }
}

fn cell(count: u64, total: u64, class: &str) -> Markup {
    let heat = match words::part(count, total) {
        0.0 => "h0",
        little if little < 0.05 => "h1",
        some if some < 0.2 => "h2",
        part if part < 0.4 => "h3",
        much if much < 0.7 => "h4",
        _ => "h5",
    };
    html! { td class={ (heat) " " (class) } { (number(count)) @if count > 0 { small { (percent(count, total)) } } } }
}

/// What changes from one configuration to another.
pub(super) fn changes(tally: &Tally, comparison: &Comparison) -> Markup {
    let changed = tally.changed();
    let requests = tally.lines.requests;
    let (mut before, mut after) = (Per::default(), Per::default());
    for from in Verdict::ALL {
        for to in Verdict::ALL {
            let count = tally.moved(from, to);
            before.add_many(from, count);
            after.add_many(to, count);
        }
    }
    let (from, to) = (words::foreign(&comparison.from), words::foreign(&comparison.to));
    html! {
        p { "From " code { (from) } " to " code { (to) } ": " strong { (number(changed)) } " of " (number(requests)) " requests ("
            (percent(changed, requests)) ") get another verdict. What was remembered of a source when its request came is as it was logged." }
        h3 { "From: " (from) }
        (plot::row(&before, "Verdicts before"))
        h3 { "To: " (to) }
        (plot::row(&after, "Verdicts after"))
        (plot::legend(&merged(&before, &after)))
        div .wide tabindex="0" role="region" aria-label="Verdicts before and after" { table .heat {
            caption { "Down: before; across: after" }
            thead { tr {
                th scope="col" { "" }
                @for verdict in Verdict::ALL { th scope="col" { (verdict.as_str()) } }
            } }
            tbody { @for from in Verdict::ALL.into_iter().filter(|from| before.of(*from) > 0) { tr {
                th scope="row" { (plot::swatch(from)) (from.as_str()) }
                @for to in Verdict::ALL { (cell(tally.moved(from, to), before.of(from), if from == to { "same" } else { "" })) }
            } } }
        } }
        @let most = tally.changes();
        @if !most.is_empty() {
            h3 { "Where most changes" }
            div .wide tabindex="0" role="region" aria-label="Changes by route and reason" { table {
                thead { tr {
                    th scope="col" { "route" } th scope="col" { "strongest reason" } th scope="col" { "before" } th scope="col" { "after" }
                    th .n scope="col" { "requests" }
                } }
                tbody { @for (change, count) in most.iter().take(MOST) { tr {
                    th scope="row" { (words::foreign(&change.before.route)) }
                    td { code { (change.before.reason) } }
                    td { (plot::swatch(change.before.verdict)) (change.before.verdict.as_str()) }
                    td { (plot::swatch(change.verdict)) (change.verdict.as_str()) }
                    td .n { (number(*count)) }
                } } }
            } }
            @if most.len() > MOST { p .note { "and " (most.len().saturating_sub(MOST)) " more" } }
        }
    }
}

fn merged<K: Named>(one: &Per<K>, other: &Per<K>) -> Per<K> {
    let mut both = one.clone();
    other.all().for_each(|(key, count)| both.add_many(key, count));
    both
}
