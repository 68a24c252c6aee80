//! ClientHellos made by proptest: every list empty, short, or at the edges of JA4's counts; GREASE everywhere;
//! extensions in any order, some of them broken; the whole cut into records and reads anywhere.

use layerprint::wire::Progress;
use layerprint::wire::tls::ClientHello;
use proptest::prelude::*;
use proptest::sample::select;

use crate::client_hello::{fingerprints, holds, in_pieces, records};
use crate::naive;

fn grease() -> impl Strategy<Value = u16> + Clone {
    (0..16u16).prop_map(|n| n * 0x1010 + 0x0a0a)
}

fn code() -> impl Strategy<Value = u16> + Clone {
    prop_oneof![1 => grease(), 1 => select(vec![0x00ff, 0x5600, 0x1301, 0xc02b]), 3 => any::<u16>()]
}

fn version() -> impl Strategy<Value = u16> + Clone {
    let known = vec![0x0304, 0x0303, 0x0302, 0x0301, 0x0300, 0x0002, 0xfeff, 0xfefd, 0xfefc];
    prop_oneof![6 => select(known), 1 => grease(), 1 => any::<u16>()]
}

/// How long lists are: mostly short, often at an edge.
fn length() -> impl Strategy<Value = usize> + Clone {
    prop_oneof![2 => select(vec![0, 1, 98, 99, 100, 101, 127, 128, 129, 300]), 3 => 0..30usize]
}

fn list<T: std::fmt::Debug + Clone>(item: impl Strategy<Value = T> + Clone) -> impl Strategy<Value = Vec<T>> + Clone {
    length().prop_flat_map(move |n| prop::collection::vec(item.clone(), n))
}

fn behind_length(width: usize, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&length[4 - width..], content].concat()
}

fn code_list(
    width: usize,
    longest: usize,
    item: impl Strategy<Value = u16> + Clone,
) -> impl Strategy<Value = Vec<u8>> + Clone {
    list(item).prop_map(move |codes| {
        let bytes: Vec<u8> = codes.iter().take(longest).flat_map(|code| code.to_be_bytes()).collect();
        behind_length(width, &bytes)
    })
}

fn protocol() -> impl Strategy<Value = Vec<u8>> + Clone {
    prop_oneof![
        Just(b"h2".to_vec()),
        Just(b"http/1.1".to_vec()),
        Just(b"h".to_vec()),
        Just(vec![]),
        prop::collection::vec(any::<u8>(), 1..4),
        prop::collection::vec(any::<u8>(), 255),
    ]
}

fn protocols() -> impl Strategy<Value = Vec<u8>> + Clone {
    prop::collection::vec(protocol(), 0..4).prop_map(|names| {
        behind_length(
            2,
            &names
                .iter()
                .flat_map(|name| behind_length(1, name))
                .collect::<Vec<u8>>(),
        )
    })
}

/// A body that is right for its code, or any bytes.
fn extension() -> impl Strategy<Value = (u16, Vec<u8>)> + Clone {
    let any_body = || prop::collection::vec(any::<u8>(), 0..40);
    prop_oneof![
        2 => any_body().prop_map(|body| (0x0000, body)),
        3 => code_list(2, 1000, code()).prop_map(|body| (0x000a, body)),
        3 => list(any::<u8>()).prop_map(|formats| (0x000b, behind_length(1, &formats[..formats.len().min(255)]))),
        3 => code_list(2, 1000, code()).prop_map(|body| (0x000d, body)),
        3 => protocols().prop_map(|body| (0x0010, body)),
        3 => code_list(1, 127, version()).prop_map(|body| (0x002b, body)),
        3 => (select(vec![0x0015, 0x0023, 0x0029, 0x002a, 0x0033, 0x4469, 0x44cd, 0xfe0d]), any_body()),
        3 => (grease(), any_body()),
        4 => (any::<u16>(), any_body()),
    ]
}

/// Sometimes a byte too many, too few, or another.
fn harm(how: u8, mut body: Vec<u8>) -> Vec<u8> {
    match (how, body.first_mut()) {
        (0, _) => body.push(0),
        (1, _) => drop(body.pop()),
        (2, Some(first)) => *first ^= 1,
        _ => {}
    }
    body
}

fn extensions() -> impl Strategy<Value = Option<Vec<(u16, Vec<u8>)>>> + Clone {
    let harmed = (extension(), 0..40u8).prop_map(|((code, body), how)| (code, harm(how, body)));
    let list = length().prop_flat_map(move |n| prop::collection::vec(harmed.clone(), n));
    let distinct = list.prop_map(|extensions| {
        let mut seen = std::collections::HashSet::new();
        extensions
            .into_iter()
            .filter(|(code, _)| seen.insert(*code))
            .collect::<Vec<_>>()
    });
    prop_oneof![1 => Just(None), 9 => distinct.prop_map(Some)]
}

prop_compose! {
    fn hello()(
        version in version(),
        random in any::<[u8; 32]>(),
        session_id in prop::collection::vec(any::<u8>(), 0..=32),
        ciphers in list(code()),
        compression in prop::collection::vec(any::<u8>(), 0..3),
        extensions in extensions(),
    ) -> naive::Hello {
        naive::Hello { version, random, session_id, ciphers, compression, extensions }
    }
}

/// Lengths that repeat.
fn cycle(lengths: &[usize]) -> impl FnMut() -> usize {
    let mut lengths = lengths.iter().copied().cycle();
    move || lengths.next().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn fingerprints_are_those_of_the_naive_implementation_however_the_bytes_arrive(
        made in hello(),
        fragments in prop::collection::vec(1..2000usize, 1..6),
        reads in prop::collection::vec(1..2000usize, 1..6),
    ) {
        let wire = records(&made.encode(), cycle(&fragments));
        let Progress::Done(hello) = in_pieces(&wire, cycle(&reads)) else { panic!("a made hello is well formed") };
        prop_assert_eq!(hello.body(), made.encode());
        prop_assert_eq!(fingerprints(&hello), naive::fingerprints(&made));
    }

    #[test]
    fn the_laws_hold_for_made_hellos(made in hello(), fragments in prop::collection::vec(1..600usize, 1..6)) {
        holds(&records(&made.encode(), cycle(&fragments)));
    }

    #[test]
    fn the_laws_hold_for_harmed_hellos(
        made in hello(),
        fragments in prop::collection::vec(1..600usize, 1..6),
        harm in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut wire = records(&made.encode(), cycle(&fragments));
        for (place, value) in harm {
            let at = place.index(wire.len().min(120));
            wire[at] = value;
        }
        holds(&wire);
    }

    #[test]
    fn stable_fingerprints_ignore_order_grease_and_resumption(
        made in hello(),
        places in prop::collection::vec(any::<prop::sample::Index>(), 6),
        new in grease(),
        rotate in any::<prop::sample::Index>(),
    ) {
        let Some(mut extensions) = made.extensions.clone() else { return Ok(()) };
        extensions.retain(|(code, _)| ![0x0015, 0x0023, 0x0029, 0x002a].contains(code));
        let once = naive::Hello { extensions: Some(extensions.clone()), ..made.clone() };
        if !extensions.is_empty() {
            let by = rotate.index(extensions.len());
            extensions.rotate_left(by);
        }
        let fresh = !extensions.iter().any(|(code, _)| *code == new);
        let added = [0x0029, 0x0023, 0x0015, 0x002a].into_iter().chain(fresh.then_some(new));
        for (code, place) in added.zip(&places) {
            extensions.insert(place.index(extensions.len() + 1), (code, vec![0; 7]));
        }
        let mut ciphers = made.ciphers.clone();
        ciphers.insert(places[5].index(ciphers.len() + 1), new);
        ciphers.reverse();
        let again = naive::Hello { extensions: Some(extensions), ciphers, ..made };

        let stable = |hello: &naive::Hello| {
            let Progress::Done(hello) = ClientHello::read_records(&records(&hello.encode(), || 16_384)) else { panic!() };
            let names = ["ja4s1", "ja4s1_r", "lp1_tls", "lp1_tls_r"];
            fingerprints(&hello).into_iter().filter(|(name, _)| names.contains(name)).collect::<Vec<_>>()
        };
        prop_assert_eq!(stable(&once), stable(&again));
    }
}
