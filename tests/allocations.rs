//! How many allocations each fingerprint costs, from bytes on: one at most, on every recording of a real client. What `make bench`
//! times is the code of `test-harness/bench/src/ours.rs`, which is taken in here as it is.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail; clippy.toml allows this inside test functions, these are their helpers"
)]

use allocation_counter::measure;
use layerprint::clients::layer4::Layer4;
use layerprint::clients::stacks::Stacks;
use layerprint::evidence::claims::UserAgent;
use layerprint::evidence::{
    Evidence, Facts, Protocol, Reason, ReportedJa4, RequestNames, SourceAddress, Text, TlsSource, Transport as Below,
    read_syn,
};
use layerprint::fingerprint::client::{ConnectionPrint, request_order};
use layerprint::fingerprint::combined::{http_part_of_http2, tcp_part_of_syn, tls_part_of_reported};
use layerprint::fingerprint::http2::{Fingerprint, PseudoOrder};
use layerprint::fingerprint::ja4::{Ja4, Transport};
use layerprint::fingerprint::lp1_tls::TlsPart;
use layerprint::fingerprint::order::HeaderOrder;
use layerprint::fingerprint::tcp::Signature;
use layerprint::fingerprint::tls::TlsPrint;
use layerprint::proxy::connections::Record;
use layerprint::wire::http2::{
    self, FirstHeaders, MAX_FURTHER_WINDOWS, MAX_PRIORITIES, MAX_SETTINGS, Priority, Setting, WindowUpdate,
};
use layerprint::wire::opening::Opening;
use layerprint::wire::syn::Syn;
use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;

#[allow(unreachable_pub, reason = "there it is part of a library")]
#[path = "../test-harness/bench/src/ours.rs"]
mod ours;

#[allow(unreachable_pub, dead_code, reason = "there it is part of a library")]
#[path = "../test-harness/bench/src/rules.rs"]
mod rules;

/// Every file of `tests/fixtures/FOLDER` with this ending, by name.
fn recordings(folder: &str, ending: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(folder);
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|found| found == ending))
        .map(|path| {
            (
                path.file_stem().unwrap().to_str().unwrap().to_owned(),
                std::fs::read(&path).unwrap(),
            )
        })
        .collect();
    assert!(files.len() > 10, "recordings: {}", files.len());
    files
}

fn hellos() -> Vec<(String, Vec<u8>)> {
    recordings("tls", "bin")
}

fn openings() -> Vec<(String, Vec<u8>)> {
    recordings("http2", "bin")
}

fn syns() -> Vec<(String, Vec<u8>)> {
    let from_hex = |text: Vec<u8>| {
        let text = String::from_utf8(text).unwrap();
        let digits: String = text.lines().filter(|line| !line.starts_with('#')).collect();
        let pairs = digits.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).unwrap());
        pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
    };
    recordings("syn", "hex")
        .into_iter()
        .map(|(name, text)| (name, from_hex(text)))
        .collect()
}

/// Asserts that `make` gives something and allocates `most` times at most.
fn allocates_at_most<T>(most: u64, what: &str, name: &str, make: impl FnOnce() -> Option<T>) {
    let mut made = false;
    let counted = measure(|| made = black_box(make()).is_some());
    assert!(made, "{what} of {name}");
    assert!(
        counted.count_total <= most,
        "{what} of {name}: {} allocations",
        counted.count_total
    );
}

const PSEUDO: &str = "m,a,s,p";

#[test]
fn the_counter_counts() {
    assert_eq!(measure(|| drop(black_box(vec![1, 2, 3]))).count_total, 1);
}

#[test]
fn fingerprints_of_a_client_hello_allocate_once_for_all_of_them() {
    for (name, bytes) in hellos() {
        allocates_at_most(1, "JA3 and JA4", &name, || ours::ja3_and_ja4(&bytes));
        allocates_at_most(1, "JA4", &name, || ours::ja4(&bytes));
        allocates_at_most(1, "ja4s1", &name, || {
            Some(Ja4::new(&ours::hello(&bytes)?, Transport::Tcp).ok()?.ja4s1())
        });
        allocates_at_most(1, "lp1's TLS part", &name, || {
            Some(TlsPart::new(&ours::hello(&bytes)?).ok()?.digest())
        });
        let hello = ours::hello(&bytes).unwrap();
        allocates_at_most(0, "JA4 of a hello that was read", &name, || {
            Some(Ja4::new(&hello, Transport::Tcp).ok()?.ja4())
        });
    }
}

#[test]
fn the_http2_form_allocates_for_nothing_but_its_text() {
    let pseudo = PseudoOrder::parse(PSEUDO).unwrap();
    let order = HeaderOrder::of(["user-agent", "accept"]).unwrap().digest();
    let mut text = String::with_capacity(1_024);
    for (name, bytes) in openings() {
        allocates_at_most(1, "the form as text", &name, || {
            let opening = &ours::opening(&bytes)?;
            Some(Fingerprint { opening, pseudo }.to_string())
        });
        text.clear();
        allocates_at_most(0, "the form and its MD5", &name, || {
            ours::http2(&bytes, pseudo, &mut text)
        });
        allocates_at_most(0, "the form, its MD5 and lp1's HTTP part", &name, || {
            let opening = ours::opening(&bytes)?;
            let form = Fingerprint {
                opening: &opening,
                pseudo,
            };
            text.clear();
            write!(text, "{form}").ok()?;
            Some((form.md5(), http_part_of_http2(&form, &order)))
        });
    }
}

#[test]
fn a_syn_signature_allocates_for_nothing_but_its_text() {
    let mut text = String::with_capacity(1_024);
    for (name, bytes) in syns() {
        allocates_at_most(1, "the signature as text", &name, || {
            Some(Signature(&Syn::parse(&bytes).ok()?).to_string())
        });
        text.clear();
        allocates_at_most(0, "the signature in a text that is there", &name, || {
            ours::syn_signature(&bytes, &mut text)
        });
        allocates_at_most(0, "lp1's TCP part", &name, || {
            Some(tcp_part_of_syn(&Syn::parse(&bytes).ok()?))
        });
    }
}

#[test]
fn lp1s_tls_part_of_a_reported_ja4_allocates_nothing() {
    let ja4 = ReportedJa4::parse(b"t13d1516h2_8daaf6152771_e5627efa2ab1").unwrap();
    allocates_at_most(0, "lp1's TLS part", "a reported JA4", || {
        Some(tls_part_of_reported(&ja4))
    });
}

#[test]
fn a_header_order_allocates_once_with_its_digest() {
    // 22 names, as Chrome sends them with all that its pages may ask for.
    let names = "host,connection,device-memory,rtt,downlink,ect,sec-ch-ua,sec-ch-ua-mobile,sec-ch-ua-full-version-list,sec-ch-ua-arch,\
                 sec-ch-ua-model,sec-ch-ua-platform,sec-ch-ua-platform-version,upgrade-insecure-requests,user-agent,accept,sec-fetch-site,\
                 sec-fetch-mode,sec-fetch-user,sec-fetch-dest,accept-encoding,accept-language";
    allocates_at_most(1, "the order's digest", "Chrome", || {
        Some(HeaderOrder::of(names.split(','))?.digest())
    });
}

#[test]
fn reading_a_user_agent_allocates_nothing() {
    let table = include_str!("data/user_agents.tsv");
    let strings: Vec<_> = table
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.rsplit('\t').next())
        .collect();
    assert!(strings.len() > 50);
    for string in strings {
        allocates_at_most(0, "claims", string, || Some(UserAgent::parse(string.as_bytes())));
    }
}

#[test]
fn rules_that_do_not_match_allocate_nothing_however_many_they_are() {
    let assessment = rules::assessment();
    for count in [0, 10, 1_000] {
        let policy = rules::policy(count);
        let name = format!("{count} rules");
        let of_rules = |most, path: &[u8]| {
            allocates_at_most(most, "a decision", &name, || {
                let decision = rules::decide(&policy, path, &assessment);
                decision.rule.is_none().then_some(decision)
            });
        };
        of_rules(0, b"/blog/2026?page=2");
        // The router keeps a list of where to go on, when the patterns below /api/v1 turn out not to fit.
        of_rules(1, rules::PATH);
    }
}

/// The largest of everything that a client can make us keep of its connection, once its first request is over.
#[test]
fn a_connection_keeps_under_4_kib() {
    const MOST: u32 = 0x7fff_ffff;
    let stream = MOST;
    let priority = Priority {
        stream,
        exclusive: true,
        depends_on: MOST - 1,
        weight: 256,
    };
    let setting = Setting {
        id: u16::MAX,
        value: u32::MAX,
    };
    let window = WindowUpdate {
        stream,
        increment: MOST,
    };
    let opening = Evidence::Seen(Opening::Http2(http2::Opening {
        settings: std::iter::repeat_n(setting, MAX_SETTINGS).collect(),
        window_update: Some(MOST),
        further_windows: vec![window; MAX_FURTHER_WINDOWS],
        priorities: std::iter::repeat_n(priority, MAX_PRIORITIES).collect(),
        headers: FirstHeaders {
            stream,
            flags: 0x25,
            priority: Some(priority),
        },
    }));
    let text = || Evidence::or_missing(Text::parse(&[b'a'; Text::MAX]), Reason::Malformed);
    let stacks = Stacks::built_in().unwrap();
    let largest = syns().into_iter().map(|(_, syn)| syn).max_by_key(Vec::len).unwrap();
    let mut kept = None;
    let heap = measure(|| {
        let facts = Facts {
            source: text(),
            peer: Evidence::or_missing(SourceAddress::parse(b"[2001:db8::1]:4000"), Reason::Malformed),
            protocol: Evidence::Seen(Protocol::Http2),
            tls_version: text(),
            sni: text(),
            ja3: Evidence::Missing(Reason::NotProvided),
            ja4: Evidence::or_missing(
                ReportedJa4::parse(b"t13d1516h2_8daaf6152771_e5627efa2ab1"),
                Reason::Malformed,
            ),
        };
        let fields = [":method", ":scheme", ":authority", ":path", "user-agent"].map(|name| (name, &b""[..]));
        let names = RequestNames::new(&fields);
        let order = request_order(&opening, &facts, &names, true);
        let tls = TlsPrint::of(&Evidence::Missing(Reason::NotProvided), TlsSource::FilterState, &facts);
        let print = ConnectionPrint::freeze(&opening, &facts, tls, &names, &order);
        let below = Below {
            syn: read_syn(&largest),
            ..Below::unseen(Reason::NotProvided)
        };
        kept = Some((facts, print, Layer4::of(below, &stacks)));
    });
    let bytes = usize::try_from(heap.bytes_current).unwrap() + size_of::<Record>();
    assert!(kept.is_some() && bytes > 2_000, "the test sees what is kept: {bytes}");
    assert!(bytes < 4_096, "{bytes}");
}
