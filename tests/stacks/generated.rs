//! Laws over made-up SYNs: an answer always, within its bounds, and the same for every connection of a host.

use layerprint::clients::stacks::{Confidence, Identity};
use layerprint::wire::syn::Syn;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::draft::Draft;
use crate::{fixtures, said, stacks};

/// The recorded ones that have no IP options or extension headers.
fn plain() -> Vec<String> {
    let special = ["linux-ip-options", "linux-hop-by-hop", "linux-two-extension-headers"];
    let mut names = fixtures::names();
    names.retain(|name| !special.contains(&name.as_str()));
    names
}

fn holds(syn: &Syn) {
    match stacks().identify(syn) {
        Identity::Known(found) => {
            assert!(found.confidence >= Confidence::LEAST);
            assert!(found.confidence <= found.deviations.confidence());
            assert!(found.deviations.confidence().hundredths() <= 100);
            let hops = found.distance.unwrap_or(0);
            assert!(hops < 64);
        }
        Identity::Ambiguous(first, second) => {
            assert!(first.confidence >= Confidence::LEAST && first.confidence >= second.confidence);
            assert_ne!(first.stack.name(), second.stack.name());
        }
        Identity::Unknown => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_syn_gets_an_answer_within_its_bounds(
        base in prop::sample::select(plain()),
        options in vec(
            prop_oneof![
                Just(vec![1]),
                Just(vec![2, 4, 5, 0xb4]),
                Just(vec![4, 2]),
                any::<u8>().prop_map(|scale| vec![3, 3, scale]),
                Just(vec![8, 10, 1, 2, 3, 4, 0, 0, 0, 0]),
                Just(vec![34, 2]),
                any::<u8>().prop_filter("with a length", |kind| *kind > 1).prop_map(|kind| vec![kind, 4, 9, 9]),
            ],
            0..9,
        ),
        ttl in any::<u8>(),
        window in any::<u16>(),
    ) {
        let mut room = 40;
        let fitting: Vec<&[u8]> = options
            .iter()
            .map(Vec::as_slice)
            .take_while(|option| { room -= i32::try_from(option.len()).unwrap(); room >= 0 })
            .collect();
        holds(&Draft::of(&base).options(&fitting).ttl(ttl).window(window).syn());
    }

    #[test]
    fn a_host_is_the_same_on_every_connection(
        base in prop::sample::select(plain()),
        random in any::<[u8; 32]>(),
    ) {
        let expected = said(&Draft::of(&base).syn());
        prop_assert_eq!(said(&Draft::of(&base).of_another_connection(&random).syn()), expected);
    }

    #[test]
    fn any_bytes_that_are_a_syn_get_an_answer(
        base in prop::sample::select(fixtures::names()),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = fixtures::bytes(&base);
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok(syn) = Syn::parse(&bytes) {
            holds(&syn);
        }
    }
}

#[test]
fn zeros_and_ones_in_what_varies_change_nothing() {
    for name in plain() {
        let expected = said(&Draft::of(&name).syn());
        for byte in [0, 0xff] {
            assert_eq!(
                said(&Draft::of(&name).of_another_connection(&[byte; 32]).syn()),
                expected,
                "{name}"
            );
        }
    }
}
