//! Whatever is sent, nothing panics, and what must hold holds: `claims::invariants`, which the fuzz target calls too.

use super::fixtures::{recorded, rows};
use layerprint::evidence::claims::{UserAgent, invariants};
use proptest::collection::vec;
use proptest::prelude::*;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Bytes that are apt to mean something: words of the table, marks that part them, quotes, numbers, and anything.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    const PIECES: [&str; 40] = [
        "Mozilla/5.0",
        "AppleWebKit/537.36",
        "Chrome/",
        "Safari",
        "Version/4.0",
        "Windows",
        "NT",
        "10.0",
        "Android",
        "K",
        "wv",
        "Linux",
        "iPhone",
        "OS",
        "Mac",
        "rv:",
        "Gecko/",
        "compatible",
        "bot/1",
        "MSIE",
        "Trident/7.0",
        "Edge/",
        "x-linux-gnu",
        "HeadlessChrome/",
        "FBAN",
        "FBAV/1",
        "(",
        ")",
        ";",
        " ",
        "/",
        ",",
        "\"",
        "\\",
        "=",
        "v",
        "?1",
        "Tablet",
        "aft",
        "curl",
    ];
    let piece = prop_oneof![
        6 => (0..PIECES.len()).prop_map(|n| PIECES[n].as_bytes().to_vec()),
        1 => any::<u32>().prop_map(|n| n.to_string().into_bytes()),
        1 => vec(any::<u8>(), 0..6),
    ];
    vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_whatever_hold(data in vec(any::<u8>(), 0..1_200)) {
        invariants::hold(&data);
    }

    #[test]
    fn bytes_that_look_like_something_hold(data in pieces()) {
        invariants::hold(&data);
    }

    #[test]
    fn what_follows_the_bound_does_not_matter(
        head in vec(any::<u8>(), UserAgent::MAX + 1),
        one in vec(any::<u8>(), 0..64),
        other in vec(any::<u8>(), 0..64),
    ) {
        let (one, other) = ([&head[..], &one].concat(), [&head[..], &other].concat());
        prop_assert_eq!(UserAgent::parse(&one), UserAgent::parse(&other));
    }
}

/// The least time of several that reading `text` a hundred times takes.
fn least_time(text: &str) -> Duration {
    let once = || {
        let start = Instant::now();
        for _ in 0..100 {
            black_box(UserAgent::parse(black_box(text.as_bytes())));
        }
        start.elapsed()
    };
    (0..15).map(|_| once()).min().unwrap()
}

#[test]
fn eight_times_the_bytes_take_no_more_than_about_eight_times_the_time() {
    for unit in [
        "a ",
        "(",
        "a/",
        "bot",
        "x/1;",
        "(K)",
        "AFT-linux-gnu ",
        "Chrome/1 ",
        "Mozilla 1 ",
    ] {
        let text = unit.repeat(UserAgent::MAX / unit.len());
        // Another program may have the processor just then; one that takes 64 times as long never gets below 24.
        let times = || (least_time(&text[..UserAgent::MAX / 8]), least_time(&text));
        let linear = |(short, long): &(Duration, Duration)| *long < 24 * *short;
        let tries: Vec<_> = (0..20).map(|_| times()).take_while(|times| !linear(times)).collect();
        assert!(tries.len() < 20, "{unit:?}: {tries:?}");
    }
}

#[test]
fn every_prefix_of_every_string_holds() {
    for row in rows() {
        for end in 0..row.user_agent.len() {
            invariants::hold_for_user_agent(&row.user_agent.as_bytes()[..end]);
        }
    }
}

#[test]
fn every_string_with_any_byte_changed_or_removed_holds() {
    const BYTES: [u8; 7] = [0, b'(', b')', b';', b'/', b'9', 0xff];
    for (n, row) in rows().into_iter().enumerate() {
        let whole = row.user_agent.as_bytes();
        for at in 0..whole.len() {
            let mut changed = whole.to_vec();
            changed[at] = BYTES[(n + at) % BYTES.len()];
            invariants::hold_for_user_agent(&changed);
            changed.remove(at);
            invariants::hold_for_user_agent(&changed);
        }
    }
}

#[test]
fn every_hint_with_any_byte_changed_holds() {
    for (_, headers) in recorded() {
        for (_, value) in headers.into_iter().filter(|(name, _)| name.starts_with("sec-ch-ua")) {
            for at in 0..value.len() {
                for byte in [0, b'"', b'\\', b';', b',', b'=', b'v', b' ', 0xff] {
                    let mut changed = value.to_vec();
                    changed[at] = byte;
                    invariants::hold(&changed);
                }
            }
        }
    }
}
