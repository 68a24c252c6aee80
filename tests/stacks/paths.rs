//! What paths and settings do to a SYN of Linux, one at a time and together: the family stays, the confidence pays.

use layerprint::clients::stacks::{Identity, Kind, MAX_HOPS};

use crate::draft::Draft;
use crate::{said, stacks};

/// From a server that asks for a Fast Open cookie, with its padding.
const FAST_OPEN: &[u8] = &[34, 2, 1, 1];
const FAST_OPEN_COOKIE: &[u8] = &[34, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1];
const MULTIPATH: &[u8] = &[30, 4, 0x01, 0x80];

const TIMESTAMPS: u8 = 8;
const SACK_PERMITTED: u8 = 4;
const WINDOW_SCALE: u8 = 3;

fn linux() -> Draft {
    Draft::of("linux-v4")
}

#[test]
fn over_any_number_of_routers_it_is_linux_and_the_distance_is_told() {
    for name in ["linux-v4", "linux-v6"] {
        for hops in 0..64 {
            let syn = Draft::of(name).after(hops).syn();
            let found = stacks().identify(&syn).known().unwrap();
            let confidence = if hops <= MAX_HOPS { 100 } else { 90 };
            let told = (found.stack.name(), found.confidence.hundredths(), found.distance);
            assert_eq!(told, ("linux", confidence, Some(hops)), "{name}");
        }
        assert_eq!(said(&Draft::of(name).after(64).syn()), "linux 0.70 initial-ttl");
    }
}

#[test]
fn behind_a_router_that_lowers_the_mss_it_is_linux() {
    for (mss, expected) in [
        (1_452, "linux 0.95 mss-clamped"),
        (1_400, "linux 0.95 mss-clamped"),
        (1_360, "linux 0.95 mss-clamped"),
        (536, "linux 0.95 mss-clamped"),
        // With its headers it makes 1460, too.
        (1_420, "linux 0.95 mss-clamped"),
        // Divides the window by chance, and is too small for that to say something.
        (40, "linux 0.95 mss-clamped"),
    ] {
        assert_eq!(said(&linux().mss(mss).syn()), expected, "{mss}");
    }
    assert_eq!(said(&Draft::of("linux-v6").mss(1_380).syn()), "linux 0.95 mss-clamped");
}

#[test]
fn a_window_that_divides_by_chance_is_not_a_rule() {
    // By an MSS too small to say something; by Ethernet's, which a greater one was not lowered from.
    assert_eq!(said(&linux().mss(40).window(65_520).syn()), "linux 0.80 window");
    assert_eq!(said(&linux().mss(8_960).syn()), "linux 0.80 window");
}

#[test]
fn behind_a_firewall_that_takes_options_out_it_is_linux() {
    for (kinds, expected) in [
        (&[TIMESTAMPS][..], "linux 0.85 no-timestamps,stripped"),
        // Two NOPs for SACK: so does Linux pad without it.
        (&[SACK_PERMITTED], "linux 0.85 no-sack"),
        (&[WINDOW_SCALE], "linux 0.80 no-scaling,stripped"),
        (
            &[TIMESTAMPS, SACK_PERMITTED],
            "linux 0.70 no-timestamps,no-sack,stripped",
        ),
        (
            &[TIMESTAMPS, SACK_PERMITTED, WINDOW_SCALE],
            "linux 0.55 no-timestamps,no-sack,no-scaling,stripped",
        ),
    ] {
        let draft = kinds.iter().fold(linux(), |draft, kind| draft.with_nops_for(*kind));
        assert_eq!(said(&draft.syn()), expected, "{kinds:?}");
    }
}

#[test]
fn what_comes_with_some_connections_says_nothing_of_the_stack() {
    for draft in [
        linux().asking_for_ecn(),
        linux().ending_with(FAST_OPEN),
        linux().ending_with(FAST_OPEN_COOKIE),
        linux().ending_with(MULTIPATH),
        Draft::of("linux-v6").asking_for_ecn().ending_with(FAST_OPEN),
    ] {
        assert_eq!(said(&draft.syn()), "linux 1.00");
    }
}

#[test]
fn what_linux_does_not_send_costs() {
    let extra_nops = linux().ending_with(&[1]).ending_with(&[1, 1, 1]);
    assert_eq!(said(&extra_nops.syn()), "linux 0.70 padding");
    let unknown = linux().ending_with(&[253, 4, 0, 0]);
    assert_eq!(said(&unknown.syn()), "linux 0.90 unknown-option");
    assert_eq!(said(&linux().dont_fragment(false).syn()), "linux 0.90 dont-fragment");
    assert_eq!(said(&linux().window(5_000).syn()), "linux 0.80 window");
    assert_eq!(said(&linux().scale(15).syn()), "linux 0.55 scale,oddity");
}

#[test]
fn effects_add_up_until_nothing_is_said() {
    let draft = linux().mss(1_400).after(20);
    assert_eq!(said(&draft.syn()), "linux 0.95 mss-clamped");
    let draft = draft.with_nops_for(TIMESTAMPS);
    assert_eq!(said(&draft.syn()), "linux 0.80 mss-clamped,no-timestamps,stripped");
    let draft = draft.dont_fragment(false);
    assert_eq!(
        said(&draft.syn()),
        "linux 0.70 mss-clamped,no-timestamps,stripped,dont-fragment"
    );
    let draft = draft.ttl(120);
    assert_eq!(said(&draft.syn()), "unknown");
}

#[test]
fn another_order_is_not_linux() {
    let reversed = linux().options(&[&[3, 3, 7], &[1], &[4, 2], &[1, 1], &[2, 4, 5, 0xb4]]);
    assert_eq!(said(&reversed.syn()), "unknown");
    let twice = linux().ending_with(&[2, 4, 5, 0xb4]);
    assert_eq!(said(&twice.syn()), "unknown");
}

/// Every mixture of path effects and settings, on every ordinary system: what writes packets itself is never named.
#[test]
fn an_ordinary_stack_is_never_taken_for_a_scanner() {
    let mut named = 0;
    for name in [
        "linux-v4",
        "linux-v6",
        "linux-no-options",
        "linux-no-path-mtu",
        "linux-large-buffer",
        "linux-nothing-but-mss-1400",
        "made-windows-11",
        "made-windows-11-far",
        "made-macos",
    ] {
        for effects in 0..1_u32 << 9 {
            let on = |bit: u32| effects & 1 << bit != 0;
            let mut draft = Draft::of(name);
            for (bit, kind) in [TIMESTAMPS, SACK_PERMITTED, WINDOW_SCALE].into_iter().enumerate() {
                if on(u32::try_from(bit).unwrap()) {
                    draft = draft.with_nops_for(kind);
                }
            }
            if on(3) {
                draft = draft.mss(1_400);
            }
            if on(4) {
                draft = draft.after(13);
            }
            if on(5) && !name.ends_with("v6") {
                draft = draft.dont_fragment(false);
            }
            if on(6) {
                draft = draft.asking_for_ecn();
            }
            if on(7) {
                draft = draft.window(65_535);
            }
            if on(8) {
                draft = draft.ttl(33);
            }
            match stacks().identify(&draft.syn()) {
                Identity::Known(found) => {
                    assert_eq!(found.stack.kind(), Kind::Os, "{name} {effects:#b}");
                    named += 1;
                }
                Identity::Ambiguous(first, second) => {
                    assert_eq!((first.stack.kind(), second.stack.kind()), (Kind::Os, Kind::Os));
                }
                Identity::Unknown => {}
            }
        }
    }
    assert!(named > 2_000, "most keep their name: {named} of {}", 9 << 9);
}
