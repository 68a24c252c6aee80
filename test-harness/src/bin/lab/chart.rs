//! Curves as SVG in a page of its own, with the style of the reports: lines over time, and over what grows.

use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("../layerprint/report/page/style.css");
/// What curves have beyond the reports.
const MORE: &str = ".curve{fill:none;stroke-width:1.5;vector-effect:non-scaling-stroke}.c0{stroke:#0b6e99}.c1{stroke:#c2410c}.c2{stroke:#4d7c0f}\
.c3{stroke:#7e22ce}.k0{color:#0b6e99}.k1{color:#c2410c}.k2{color:#4d7c0f}.k3{color:#7e22ce}.curves{display:block;width:100%;height:200px}\
.ends{display:flex;justify-content:space-between}figure{margin:1.5rem 0}";

/// The plot's own units, which the page stretches.
const WIDE: f64 = 1_000.0;
const HIGH: f64 = 200.0;

/// A line.
pub(crate) struct Curve {
    pub(crate) name: String,
    /// In the order of their first part.
    pub(crate) points: Vec<(f64, f64)>,
}

/// A plot.
pub(crate) struct Chart {
    pub(crate) title: String,
    /// What the lines' numbers are.
    pub(crate) unit: &'static str,
    /// What they stand over.
    pub(crate) over: &'static str,
    /// Whether each step to the right is ten times more.
    pub(crate) by_tens: bool,
    pub(crate) curves: Vec<Curve>,
}

/// A page of plots, with a text above them.
pub(crate) fn page(title: &str, text: &str, charts: &[Chart]) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) (PreEscaped(MORE)) }
            }
            body {
                main {
                    h1 { (title) }
                    pre { (text) }
                    @for chart in charts { (chart.draw()) }
                }
            }
        }
    }
    .into_string()
}

impl Chart {
    fn draw(&self) -> Markup {
        let all = || self.curves.iter().flat_map(|curve| &curve.points);
        let place = |x: f64| if self.by_tens { x.max(1.0).log10() } else { x };
        let first = all().map(|(x, _)| *x).fold(f64::INFINITY, f64::min);
        let last = all().map(|(x, _)| *x).fold(f64::NEG_INFINITY, f64::max);
        let top = all().map(|(_, y)| *y).fold(0.0, f64::max) * 1.05;
        let width = (place(last) - place(first)).max(f64::MIN_POSITIVE);
        let path = |curve: &Curve| {
            let points = curve.points.iter().map(|(x, y)| {
                let x = (place(*x) - place(first)) / width * WIDE;
                let y = HIGH - y / top.max(f64::MIN_POSITIVE) * HIGH;
                format!("{x:.1},{y:.1}")
            });
            points.collect::<Vec<_>>().join(" ")
        };
        html! {
            figure {
                figcaption {
                    strong { (self.title) } ", " (self.unit) ", 0 to " (number(top)) "; "
                    @for (n, curve) in self.curves.iter().enumerate() {
                        span class={ "k" (n % 4) } { "— " (curve.name) " " }
                    }
                }
                svg .curves role="img" aria-label=(self.told()) viewBox={ "0 0 " (WIDE) " " (HIGH) } preserveAspectRatio="none" {
                    line .grid x1="0" x2=(WIDE) y1=(HIGH) y2=(HIGH) {}
                    line .grid x1="0" x2=(WIDE) y1=(HIGH / 2.0) y2=(HIGH / 2.0) {}
                    @for (n, curve) in self.curves.iter().enumerate() {
                        polyline class={ "curve c" (n % 4) } points=(path(curve)) {}
                    }
                }
                div .ends { span { (number(first)) } span { (self.over) } span { (number(last)) } }
            }
        }
    }

    /// For who cannot see it: where each line begins and ends.
    fn told(&self) -> String {
        let ends = self.curves.iter().filter_map(|curve| {
            let (first, last) = (curve.points.first()?, curve.points.last()?);
            Some(format!("{} from {} to {}", curve.name, number(first.1), number(last.1)))
        });
        format!("{}, {}: {}", self.title, self.unit, ends.collect::<Vec<_>>().join("; "))
    }
}

/// As many digits as say something.
fn number(value: f64) -> String {
    if value.abs() >= 100.0 || value.fract() == 0.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_from_corner_to_corner() {
        let curve = |name: &str| Curve {
            name: name.to_owned(),
            points: vec![(10.0, 0.0), (100.0, 10.0), (1_000.0, 20.0)],
        };
        let chart = Chart {
            title: "cost".to_owned(),
            unit: "µs",
            over: "rules",
            by_tens: true,
            curves: vec![curve("a")],
        };
        let page = page("scale", "text <b>", &[chart]);
        assert!(page.contains(r#"points="0.0,200.0 500.0,104.8 1000.0,9.5""#), "{page}");
        assert!(
            page.contains(r#"aria-label="cost, µs: a from 0 to 20""#) && page.contains("&lt;b&gt;"),
            "{page}"
        );
    }
}
