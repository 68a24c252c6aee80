//! Fingerprints by how often they come, and by from how many networks: what is popular has both, and what hides has the second alone.

use super::super::sums::Sums;
use super::super::sums::capped::{Capped, Counted};
use super::super::sums::shapes::Print;
use super::plot;
use super::words::{self, foreign, number, percent};
use maud::{Markup, html};

/// How many of a kind are shown.
const MOST: usize = 10;

/// The part of the page.
pub(super) fn part(sums: &Sums) -> Markup {
    html! {
        p { "Those that come most often, and those that come from most networks. One that comes from many networks with few requests each is an "
            "application's or a browser's, or one that hides behind many addresses: its agreement tells more." }
        (plot::legend(&sums.agreement))
        (kind("JA4", "TLS ClientHello", &sums.ja4, sums.lines.requests))
        (kind("HTTP/2 form", "SETTINGS | WINDOW_UPDATE | PRIORITY | pseudo-headers", &sums.h2, sums.lines.requests))
        (kind("TCP signature", "the SYN, in the notation of p0f", &sums.tcp, sums.lines.requests))
        (kind("lp1", "all three: TCP, TLS, HTTP", &sums.lp1, sums.lines.requests))
    }
}

fn kind(name: &str, what: &str, prints: &Capped<Print>, requests: u64) -> Markup {
    let networks = |print: &Print| print.number().value();
    html! {
        h3 { (name) " " span .note { (what) "; " @if prints.given_up().0 > 0 { "more than " } (number(u64::try_from(prints.len()).unwrap_or(u64::MAX))) " different" } }
        @if prints.is_empty() { p .soft { "Not seen in any request." } } @else {
            div .two {
                (table("by requests", &prints.most(), requests))
                (table("by networks", &prints.ranked(|print| (networks(print), print.volume())), requests))
            }
        }
    }
}

fn table(caption: &str, prints: &[(&str, &Print)], requests: u64) -> Markup {
    let shown = || prints.iter().take(MOST);
    let networks = |print: &Print| u64::from(print.number().value());
    let most = shown().map(|(_, print)| networks(print)).max().unwrap_or_default();
    html! {
        table .stacked {
            caption { (caption) }
            thead { tr { th scope="col" { "fingerprint" } th .n scope="col" { "requests" } th .n scope="col" { "networks" } th scope="col" { "agreement" } } }
            tbody { @for (print, counts) in shown() { tr {
                th .print scope="row" { code { bdi { (foreign(print)) } }
                    @if !counts.looks_like.is_empty() { " " span .note { (foreign(&counts.looks_like)) } } }
                td .n data-is="requests" { (number(counts.volume())) " · " (percent(counts.volume(), requests)) (plot::meter(words::part(counts.volume(), requests))) }
                td .n data-is="networks" { (words::networks(counts.number())) (plot::meter(words::part(networks(counts), most))) }
                td .mix { (plot::small_row(&counts.agreement)) }
            } } }
        }
    }
}
