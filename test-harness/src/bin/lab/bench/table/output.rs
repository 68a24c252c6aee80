//! What was found, as tables that the README quotes and as JSON.

use layerprint_harness::table::Table;
use serde_json::{Value, json};

use super::super::measure::lives;
use super::super::statistics::{Estimate, Quartiles, Verdict};
use super::found::{Found, Latency};
use super::load::{KINDS, Kind};
use super::outcome::Target;
use super::variant::{VARIANTS, Variant};

/// Where and when a run was, and what else is to be said of it: names and texts.
pub(super) type About = Vec<(&'static str, String)>;

/// All of it in Markdown: a table for each kind of load, what stands in them, the targets.
pub(super) fn markdown(found: &Found, about: &About, targets: &[Target]) -> String {
    let mut out = String::new();
    for (load, kind) in KINDS.into_iter().enumerate() {
        out += &format!("**{}**\n\n{}\n", kind.in_words(), table(found, load).markdown());
    }
    let mut what = Table::new(["Variant", "Is"]);
    for Variant { name, what: is, .. } in &VARIANTS {
        what.row([Some((*name).to_owned()), Some((*is).to_owned())]);
    }
    let mut met = Table::new(["Target", "", "Found"]);
    for target in targets {
        let verdict = verdict(target.verdict);
        met.row([
            Some(target.name.to_owned()),
            Some(verdict.to_owned()),
            Some(target.words.clone()),
        ]);
    }
    out += &format!("{}\n{}\n", what.markdown(), met.markdown());
    for (name, text) in about {
        out += &format!("- {name}: {text}\n");
    }
    out
}

/// One kind of load.
fn table(found: &Found, load: usize) -> Table {
    let rates = found.rates.of.get(load).map_or(&[][..], Vec::as_slice);
    let mut titles: Vec<String> = ["Variant", "µs of CPU", "quartiles", "added", "× no-op", "requests/s"]
        .map(str::to_owned)
        .into();
    titles.extend(rates.iter().map(|rate| format!("p50, p99 at {rate:.0}/s, µs")));
    let mut table = Table::new(titles);
    for Variant { name, .. } in &VARIANTS {
        let envoy = found.envoy(name, load).and_then(|samples| Quartiles::of(&samples));
        let service = found.service(name, load).and_then(|samples| Quartiles::of(&samples));
        let added = found.added(name, load).and_then(|rounds| Estimate::of(&lives(rounds)));
        let times = found.times(name, load);
        let per_s = found.per_s(name, load).and_then(|samples| Quartiles::of(&samples));
        let is_bare = added.as_ref().is_some_and(|added| added.reach() == 0.0);
        let own = envoy.as_ref().map(|found| match &service {
            Some(service) => format!("{:.1} + {:.1} of the service", found.median, service.median),
            None => format!("{:.1}", found.median),
        });
        let mut cells = vec![
            Some((*name).to_owned()),
            own,
            envoy.map(|found| format!("{:.1} to {:.1}", found.lower, found.upper)),
            added.filter(|_| !is_bare).map(|found| format!("{:+.1}", found.median)),
            times.filter(|_| !is_bare).map(|found| format!("{:.1}", found.median)),
            per_s.map(|found| format!("{:.0}", found.median)),
        ];
        cells.extend((0..rates.len()).map(|rate| found.latency(name, load, rate).map(latency)));
        table.row(cells);
    }
    table
}

fn latency(Latency { p50, p99, kept_up }: Latency) -> String {
    if kept_up {
        format!("{p50:.0}, {p99:.0}")
    } else {
        "does not keep up".to_owned()
    }
}

const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Within => "met",
        Verdict::Above => "missed",
        Verdict::Unclear => "cannot be told",
    }
}

/// All of it in JSON.
pub(super) fn json(found: &Found, about: &About, targets: &[Target]) -> Value {
    let about: serde_json::Map<_, _> = about
        .iter()
        .map(|(name, text)| ((*name).to_owned(), json!(text)))
        .collect();
    let loads = KINDS
        .into_iter()
        .enumerate()
        .map(|(load, kind)| of_load(found, load, kind));
    let targets = targets
        .iter()
        .map(|target| json!({ "target": target.name, "verdict": verdict(target.verdict), "found": target.words }));
    json!({
        "about": about,
        "variants": VARIANTS.map(|variant| json!({ "variant": variant.name, "is": variant.what })),
        "loads": loads.collect::<Vec<_>>(),
        "targets": targets.collect::<Vec<_>>(),
    })
}

fn of_load(found: &Found, load: usize, kind: Kind) -> Value {
    let rates = found.rates.of.get(load).map_or(&[][..], Vec::as_slice);
    let spread = |samples: Option<Vec<f64>>| {
        let found = Quartiles::of(&samples?)?;
        Some(json!({ "lower": round(found.lower), "median": round(found.median), "upper": round(found.upper) }))
    };
    let between = |found: Option<Estimate>| {
        let found = found?;
        Some(json!({ "low": round(found.low), "median": round(found.median), "high": round(found.high) }))
    };
    let rows = VARIANTS.iter().map(|variant| {
        let name = variant.name;
        let latencies = rates.iter().enumerate().map(|(place, rate)| {
            let latency = found.latency(name, load, place);
            json!({
                "per_s": round(*rate),
                "p50_us": latency.map(|found| round(found.p50)),
                "p99_us": latency.map(|found| round(found.p99)),
                "kept_up": latency.map(|found| found.kept_up),
            })
        });
        json!({
            "variant": name,
            "envoy_us": spread(found.envoy(name, load)),
            "service_us": spread(found.service(name, load)),
            "added_us": between(found.added(name, load).and_then(|rounds| Estimate::of(&lives(rounds)))),
            "times_no_op": between(found.times(name, load)),
            "share": between(found.share(name, load)),
            "per_s": spread(found.per_s(name, load)),
            "at_rates": latencies.collect::<Vec<_>>(),
        })
    });
    json!({ "load": kind.in_words(), "rows": rows.collect::<Vec<_>>() })
}

/// To what can be told apart.
fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::super::found::tests::made;
    use super::super::outcome::targets;
    use super::super::variant::{BARE, DOES_NOTHING};
    use super::*;

    fn found() -> Found {
        let cost = |name: &str| match name {
            BARE => 20.0,
            DOES_NOTHING => 25.0,
            _ => 30.0,
        };
        made(cost, |name| if name == "Lua" { 2e4 } else { 100.0 })
    }

    #[test]
    fn each_variant_has_a_row_in_each_table_and_misses_are_not_hidden() {
        let found = found();
        let text = markdown(
            &found,
            &vec![("date", "today".to_owned())],
            &targets(&found, 2_000_000).unwrap(),
        );
        for variant in &VARIANTS {
            let rows = text
                .lines()
                .filter(|line| line.starts_with(&format!("| {} |", variant.name)));
            // And what it is.
            assert_eq!(rows.count(), KINDS.len() + 1, "{}", variant.name);
        }
        assert!(
            text.contains("| bare | 20.0 | 20.0 to 21.0 | – | – | 50000 | 50, 100 | 50, 100 |"),
            "{text}"
        );
        assert!(
            text.contains("| Lua | 30.0 | 30.0 to 31.5 | +10.0 | 2.0 | 33333 | does not keep up | does not keep up |"),
            "{text}"
        );
        assert!(text.contains("30.0 + 7.0 of the service"), "{text}");
        assert!(
            text.contains("| size of the module | missed | 2000000 bytes; 1000000 are allowed |"),
            "{text}"
        );
        assert!(text.ends_with("- date: today\n"), "{text}");
    }

    #[test]
    fn the_json_says_the_same() {
        let found = found();
        let all = json(
            &found,
            &vec![("date", "today".to_owned())],
            &targets(&found, 1).unwrap(),
        );
        assert_eq!(all.pointer("/about/date"), Some(&json!("today")));
        assert_eq!(all.pointer("/loads/0/rows/5/times_no_op/median"), Some(&json!(2.0)));
        assert_eq!(all.pointer("/loads/3/rows/8/at_rates/0/kept_up"), Some(&json!(false)));
        assert_eq!(all.pointer("/loads/1/rows/9/service_us/median"), Some(&json!(7.0)));
        assert_eq!(all.pointer("/targets/4/verdict"), Some(&json!("met")));
    }
}
