//! The table of `envoy/hosts.md`: each Envoy that is named, with each runtime, and what works there.

use std::path::PathBuf;
use std::process::ExitCode;

use layerprint_harness::hosts::{Host, Probe, Runtime, Works, version};
use layerprint_harness::stack::{envoy_program, previous_envoy_program};
use layerprint_harness::table::Table;

const TITLES: [&str; 10] = [
    "Envoy",
    "runtime",
    "starts",
    "annotations",
    "JA3",
    "JA4",
    "HTTP/2",
    "handover",
    "handshake time",
    "probe",
];

/// Those at these paths; without any, the two that tests use.
pub(crate) fn hosts(paths: &[&str]) -> ExitCode {
    let envoys: Vec<PathBuf> = match paths {
        [] => [envoy_program(), previous_envoy_program()]
            .into_iter()
            .flatten()
            .collect(),
        paths => paths.iter().map(PathBuf::from).collect(),
    };
    let mut table = Table::new(TITLES);
    let mut reasons = Vec::new();
    for envoy in &envoys {
        let number = version(envoy).unwrap_or_else(|| envoy.display().to_string());
        for runtime in Runtime::ALL {
            let mut cells = vec![Some(number.clone()), Some(runtime.to_string())];
            match Host::new(envoy, runtime).examine() {
                Ok(works) => {
                    if let Probe::Refused(why) = &works.probe {
                        reasons.push(format!("{number} {runtime}, probe: {why}"));
                    }
                    cells.extend(shown(&works));
                }
                Err(why) => {
                    reasons.push(format!("{number} {runtime}: {why}"));
                    cells.push(Some("no".to_owned()));
                    cells.resize(TITLES.len(), None);
                }
            }
            table.row(cells);
        }
    }
    println!("{table}");
    for reason in reasons {
        println!("{reason}");
    }
    ExitCode::SUCCESS
}

fn shown(works: &Works) -> Vec<Option<String>> {
    let parts: Vec<String> = works.left_out.iter().map(ToString::to_string).collect();
    let starts = if parts.is_empty() {
        "yes".to_owned()
    } else {
        format!("without {}", parts.join(", "))
    };
    let probe = match works.probe {
        Probe::NotTried => None,
        Probe::Works => Some("yes"),
        Probe::Silent => Some("no SYN"),
        Probe::Refused(_) => Some("refused"),
    };
    let each = [
        works.annotations,
        works.ja3,
        works.ja4,
        works.http2,
        works.handover,
        works.handshake_time,
    ];
    let each = each.map(|works| works.then(|| "yes".to_owned()));
    [Some(starts)]
        .into_iter()
        .chain(each)
        .chain([probe.map(str::to_owned)])
        .collect()
}
