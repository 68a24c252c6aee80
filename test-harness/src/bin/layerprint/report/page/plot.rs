//! The plots: rectangles in SVG, whose colours and patterns are the style's. Widths are percentages and texts stand outside, so that a
//! plot is as wide as there is room, and nothing in it is stretched.
//!
//! Written here and not by a plotting library: those that draw SVG write colours into it, which then are the same on a dark page, and
//! give nothing that a screen reader could read.

use super::super::sums::per::{Named, Per};
use super::super::sums::timeline::Column;
use super::words::{self, Precision};
use layerprint_harness::numbers::float;
use maud::{Markup, html};

/// How high the plot over time is, in CSS pixels.
const HEIGHT: u32 = 220;

/// How much of it columns may take: the first line of the scale's text is as high as what is left.
const ROOM: u32 = 214;

/// Segments under this part of a row have no room for their name.
const NAMED: f64 = 0.12;

/// The patterns by which agreements differ without their colours; a page has them once.
pub(super) fn patterns() -> Markup {
    html! {
        svg .patterns width="0" height="0" aria-hidden="true" focusable="false" {
            defs {
                pattern #p-conflict width="6" height="6" patternUnits="userSpaceOnUse" {
                    rect .ground-conflict width="6" height="6" {}
                    path .ink d="M-1,1 L1,-1 M0,6 L6,0 M5,7 L7,5" {}
                }
                pattern #p-hostile width="6" height="6" patternUnits="userSpaceOnUse" {
                    rect .ground-hostile width="6" height="6" {}
                    path .ink d="M0,0 L6,6 M0,6 L6,0" {}
                }
                pattern #p-partial width="6" height="6" patternUnits="userSpaceOnUse" {
                    rect .ground-partial width="6" height="6" {}
                    circle .dot cx="3" cy="3" r="1.1" {}
                }
                pattern #p-unknown width="6" height="6" patternUnits="userSpaceOnUse" {
                    rect .ground-unknown width="6" height="6" {}
                    path .ink d="M0,3 L6,3" {}
                }
            }
        }
    }
}

/// The class of one of the kind in the style.
pub(super) fn style<K: Named>(key: K) -> String {
    format!("{}-{}", K::STYLE, key.name())
}

/// A piece of the colour and pattern that stand for it.
pub(super) fn swatch<K: Named>(key: K) -> Markup {
    html! { svg .swatch width="14" height="14" aria-hidden="true" { rect class=(style(key)) width="14" height="14" {} } }
}

/// What the colours and patterns stand for.
pub(super) fn legend<K: Named>(counts: &Per<K>) -> Markup {
    html! {
        ul .legend {
            @for (key, _) in counts.all().filter(|(_, count)| *count > 0) { li { (swatch(key)) (key.name()) } }
        }
    }
}

/// Counts as parts of one row.
pub(super) fn row<K: Named>(counts: &Per<K>, what: &str) -> Markup {
    let total = counts.total();
    html! {
        svg .row width="100%" height="30" role="img" aria-label=(told(counts, what)) {
            @for Segment { key, count, from, width } in segments(counts) {
                svg x=(words::length(from)) width=(words::length(width)) height="30" {
                    title { (key.name()) ": " (words::number(count)) ", " (words::percent(count, total)) }
                    rect class=(style(key)) width="100%" height="30" {}
                    @if width >= NAMED && K::STYLE == "v" { text .in-row x="50%" y="20" text-anchor="middle" { (key.name()) } }
                }
            }
        }
    }
}

/// The same, small, for a cell of a table.
pub(super) fn small_row<K: Named>(counts: &Per<K>) -> Markup {
    let total = counts.total();
    html! {
        svg .small-row width="100%" height="12" role="img" aria-label=(told(counts, "")) {
            @for Segment { key, count, from, width } in segments(counts) {
                rect class=(style(key)) x=(words::length(from)) width=(words::length(width)) height="12" {
                    title { (key.name()) ": " (words::number(count)) ", " (words::percent(count, total)) }
                }
            }
        }
    }
}

/// How long `part` is beside `whole`, below a number that says the same.
pub(super) fn meter(part: f64) -> Markup {
    html! {
        svg .meter width="100%" height="6" aria-hidden="true" {
            rect .track width="100%" height="6" {}
            rect .bar width=(words::length(part)) height="6" {}
        }
    }
}

struct Segment<K> {
    key: K,
    count: u64,
    from: f64,
    width: f64,
}

fn segments<K: Named>(counts: &Per<K>) -> Vec<Segment<K>> {
    let total = counts.total();
    let mut before = 0;
    let segment = |(key, count)| {
        let from = words::part(before, total);
        before += count;
        Segment {
            key,
            count,
            from,
            width: words::part(count, total),
        }
    };
    counts.all().filter(|(_, count)| *count > 0).map(segment).collect()
}

fn told<K: Named>(counts: &Per<K>, what: &str) -> String {
    let total = counts.total();
    let parts: Vec<_> = counts
        .all()
        .filter(|(_, count)| *count > 0)
        .map(|(key, count)| format!("{} {}", key.name(), words::percent(count, total)))
        .collect();
    let colon = if what.is_empty() { "" } else { ": " };
    format!("{what}{colon}{}", parts.join(", "))
}

/// What the height of a column stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    /// Requests.
    Requests,
    /// Their share of the column, which is always whole.
    Share,
}

/// Columns over time, one beside another; `id` names the plot within the page.
pub(super) fn columns(columns: &[Column], width: i64, scale: Scale, id: &str) -> Markup {
    let most = columns
        .iter()
        .map(|column| column.counts.total())
        .max()
        .unwrap_or_default();
    let top = match scale {
        Scale::Requests => round_up(most),
        Scale::Share => 100,
    };
    let (title, description) = match scale {
        Scale::Requests => ("Requests by agreement of the layers, over time", "Each column is"),
        Scale::Share => ("Share of each agreement, over time", "Each column is all requests of"),
    };
    let each = words::part(1, u64::try_from(columns.len()).unwrap_or(u64::MAX));
    // Between two columns is a gap where they are wide enough for one.
    let wide = if columns.len() > 1 { 0.88 } else { 1.0 };
    let written = |part: u64| match scale {
        Scale::Requests => words::number(part),
        Scale::Share => format!("{part} %"),
    };
    html! {
        div .frame {
            div .scale aria-hidden="true" { @for part in [top, top / 2, 0] { span { (written(part)) } } }
            svg .plot width="100%" height=(HEIGHT) role="img" aria-labelledby={ (id) "-t " (id) "-d" } {
                title id={ (id) "-t" } { (title) }
                desc id={ (id) "-d" } { (description) " " (words::span(width)) "; the table below has the numbers." }
                @for quarter in 0_u32..4 {
                    @let y = f64::from(quarter) * f64::from(ROOM) / 4.0 + f64::from(HEIGHT.saturating_sub(ROOM));
                    line .grid x1="0" x2="100%" y1=(y) y2=(y) {}
                }
                @for (place, column) in (0_u64..).zip(columns) {
                    @let from = (float(place) + (1.0 - wide) / 2.0) * each;
                    (stack(column, from, each * wide, match scale {
                        Scale::Requests => top,
                        Scale::Share => column.counts.total(),
                    }, width))
                }
            }
            (times(columns, width))
        }
    }
}

fn stack(column: &Column, from: f64, wide: f64, top: u64, width: i64) -> Markup {
    let room = f64::from(ROOM);
    let mut below = 0;
    let pieces = column.counts.all().filter(|(_, count)| *count > 0).map(|(key, count)| {
        below += count;
        let height = words::part(count, top) * room;
        let y = f64::from(HEIGHT) - words::part(below, top) * room;
        (key, count, y, height)
    });
    let when = words::time(column.begins, precise(width));
    let total = column.counts.total();
    html! {
        @for (key, count, y, height) in pieces {
            rect class=(style(key)) x=(words::length(from)) width=(words::length(wide)) y={ (format!("{y:.2}")) } height={ (format!("{height:.2}")) } {
                title { (when) ": " (key.name()) " " (words::number(count)) " of " (words::number(total)) }
            }
        }
    }
}

/// When the columns begin: the first, two between, and the end of the last.
fn times(columns: &[Column], width: i64) -> Markup {
    let (Some(first), Some(last)) = (columns.first(), columns.last()) else {
        return html! {};
    };
    let end = last.begins.saturating_add(width);
    let third = end.saturating_sub(first.begins) / 3;
    let precision = match width {
        0..60 => Precision::Time,
        60..86_400 => Precision::Minute,
        _ => Precision::Day,
    };
    let at = |n: i64| first.begins.saturating_add(third.saturating_mul(n));
    html! {
        div .times aria-hidden="true" {
            span { (words::time(first.begins, precision)) }
            @if columns.len() > 3 {
                span { (words::time(at(1), precision)) }
                span { (words::time(at(2), precision)) }
            }
            span { (words::time(end, precision)) }
        }
    }
}

/// How a column's time is written.
pub(super) const fn precise(width: i64) -> Precision {
    match width {
        0..86_400 => Precision::Full,
        _ => Precision::Day,
    }
}

/// The next number that makes a good end of a scale, and whose half is whole.
fn round_up(most: u64) -> u64 {
    let mut power = 1_u64;
    loop {
        for step in [2, 4, 6, 10] {
            let end = power.saturating_mul(step);
            if end >= most {
                return end;
            }
        }
        power = power.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use layerprint::compare::Agreement;
    use layerprint::policy::Verdict;

    #[test]
    fn a_row_is_as_long_as_its_parts_and_says_them() {
        let mut counts = Per::default();
        counts.add_many(Verdict::Allow, 3);
        counts.add_many(Verdict::Block, 1);
        let row = row(&counts, "verdicts").into_string().replace('\u{a0}', " ");
        assert!(
            row.contains(r#"aria-label="verdicts: allow 75.0 %, block 25.0 %""#),
            "{row}"
        );
        assert!(row.contains(r#"x="75.000%" width="25.000%""#), "{row}");
        assert!(row.contains("<title>block: 1, 25.0 %</title>"), "{row}");
    }

    #[test]
    fn a_column_stands_on_the_ground_and_ends_where_the_scale_says() {
        let mut counts = Per::default();
        counts.add_many(Agreement::Clean, 5);
        counts.add_many(Agreement::Hostile, 5);
        let column = Column { begins: 0, counts };
        let plot = columns(&[column], 60, Scale::Requests, "x").into_string();
        // 214 pixels are ten requests.
        assert!(plot.contains(r#"y="113.00" height="107.00""#), "{plot}");
        assert!(plot.contains(r#"y="6.00" height="107.00""#), "{plot}");
        assert!(
            plot.contains("<title>1970-01-01 00:00:00: hostile 5 of 10</title>"),
            "{plot}"
        );
    }

    #[test]
    fn scales_end_at_round_numbers() {
        assert_eq!(
            [0, 1, 3, 7, 11, 61, 12_345].map(round_up),
            [2, 2, 4, 10, 20, 100, 20_000]
        );
    }
}
