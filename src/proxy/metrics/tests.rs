//! The counters, held against `envoy/metrics.md`, which lists them, and against the configurations that make labels of their names.

use super::*;
use std::collections::BTreeSet;

const LIST: &str = include_str!("../../../envoy/metrics.md");
const CONFIGURATIONS: [&str; 2] = [
    include_str!("../../../envoy/envoy.yaml"),
    include_str!("../../../envoy/compose/envoy/envoy.yaml"),
];

/// The kind of counter behind this one, with some labels. One that is not in this row does not compile.
fn behind(metric: &Metric) -> Option<Metric> {
    let route = Rc::from("verdict");
    Some(match metric {
        Metric::Connections => Metric::ConnectionsWithoutRequest,
        Metric::ConnectionsWithoutRequest => Metric::HandshakesUnfinished,
        Metric::HandshakesUnfinished => Metric::ConnectionsSilent,
        Metric::ConnectionsSilent => Metric::Passthrough,
        Metric::Passthrough => Metric::ConnectionEvidence,
        Metric::ConnectionEvidence => Metric::Evidence {
            kind: "h1_case",
            state: "later-request",
        },
        Metric::Evidence { .. } => Metric::TlsSource(TlsSource::FilterState),
        Metric::TlsSource(_) => Metric::ProxyDiffers { kind: "ja3" },
        Metric::ProxyDiffers { .. } => Metric::Stacks("middlebox-gvisor".into()),
        Metric::Stacks(_) => Metric::StacksWithoutRequest("zmap".into()),
        Metric::StacksWithoutRequest(_) => Metric::TlsFamilies(TlsFamily::UNKNOWN),
        Metric::TlsFamilies(_) => Metric::TlsFamiliesWithoutRequest(TlsFamily::of_ja4("t13d1516h2_0_0")),
        Metric::TlsFamiliesWithoutRequest(_) => Metric::Requests {
            verdict: Verdict::Block,
            route,
            agreement: Agreement::Hostile,
            mode: Mode::Observe,
        },
        Metric::Requests { .. } => Metric::Decisions {
            route,
            reason: "os-tcp-ua",
            verdict: Verdict::Log,
            mode: Mode::Enforce,
        },
        Metric::Decisions { .. } => Metric::ConnectionsDecided {
            verdict: ConnectionVerdict::Close,
            mode: Mode::Enforce,
        },
        Metric::ConnectionsDecided { .. } => Metric::Slowed,
        Metric::Slowed => Metric::SlowOverflow,
        Metric::SlowOverflow => Metric::Findings("tls-ua"),
        Metric::Findings(_) => Metric::Limited {
            limit: "all-of_it".into(),
            decided: Decided::Elsewhere,
        },
        Metric::Limited { .. } => Metric::Challenges {
            event: "given-up",
            route,
        },
        Metric::Challenges { .. } => Metric::ChallengeFailures(ChallengeReason::UnknownKey),
        Metric::ChallengeFailures(_) => Metric::Clearances("valid"),
        Metric::Clearances(_) => Metric::LoginAlarms("network"),
        Metric::LoginAlarms(_) => Metric::Memory {
            table: "limits",
            event: "evicted",
        },
        Metric::Memory { .. } => Metric::ForgedHeaders,
        Metric::ForgedHeaders => Metric::Errors(Fault::Close),
        Metric::Errors(_) => return None,
    })
}

fn one_of_each() -> impl Iterator<Item = Metric> {
    core::iter::successors(Some(Metric::Connections), behind)
}

/// A counter's name without its labels, and the keys of these.
fn parts(metric: &Metric) -> (String, BTreeSet<String>) {
    let name = metric.to_string();
    let mut words = name.split('.').map(str::to_owned);
    assert_eq!(words.next().as_deref(), Some("layerprint"), "{name}");
    let of = words.next().unwrap();
    let rest: Vec<_> = words.collect();
    let (pairs, []) = rest.as_chunks() else {
        panic!("{name} has a key without a value");
    };
    for [key, value] in pairs {
        let is_word =
            |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
        assert!(is_word(key) && is_word(value), "{name}");
    }
    (of, pairs.iter().map(|[key, _]| key.clone()).collect())
}

/// The counters of the list with the keys of their labels.
fn listed() -> BTreeSet<(String, BTreeSet<String>)> {
    let (tables, _) = LIST.split_once("## How many there are").unwrap();
    let quoted = |text: &str| {
        text.split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let rows = tables
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    rows.filter(|(name, _)| !name.ends_with('…'))
        .map(|(name, rest)| {
            let labels = rest.split_once(" | ").unwrap().0;
            (name.to_owned(), quoted(labels).into_iter().collect())
        })
        .collect()
}

#[test]
fn the_list_has_every_counter_with_its_labels_and_no_other() {
    let counted: BTreeSet<_> = one_of_each().map(|metric| parts(&metric)).collect();
    assert_eq!(counted, listed());
}

#[test]
fn every_key_is_made_a_label_and_nothing_else_is() {
    let keys: BTreeSet<_> = one_of_each().flat_map(|metric| parts(&metric).1).collect();
    for configuration in CONFIGURATIONS {
        let (_, tags) = configuration.split_once("\n  stats_tags:\n").unwrap();
        let tags: Vec<_> = tags.lines().take_while(|line| line.starts_with("    ")).collect();
        let expected: BTreeSet<_> = keys
            .iter()
            .map(|key| {
                let regex = format!(r"^wasmcustom\.layerprint\.\w+(?:\.\w+\.[\w-]+)*?(\.{key}\.([\w-]+))");
                [format!("    - tag_name: {key}"), format!("      regex: '{regex}'")]
            })
            .collect();
        let (pairs, []) = tags.as_chunks::<2>() else {
            panic!("{tags:?}");
        };
        let written: BTreeSet<_> = pairs.iter().map(|pair| pair.map(str::to_owned)).collect();
        assert_eq!(written, expected);
    }
}

#[test]
fn every_reason_and_event_is_in_the_list() {
    let reasons = ChallengeReason::ALL.map(ChallengeReason::as_str);
    let missing = crate::evidence::Reason::ALL.map(crate::evidence::Reason::as_str);
    let faults = Fault::ALL.map(Fault::as_str);
    let decided = [Decided::Enforced, Decided::Observed, Decided::Elsewhere].map(Decided::as_str);
    for value in reasons.into_iter().chain(missing).chain(faults).chain(decided) {
        assert!(LIST.contains(&format!("`{value}`")), "{value}");
    }
}
