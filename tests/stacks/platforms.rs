//! Whether the platform that a client claims runs on the stack that its SYN shows, and what the MSS says of its path.

use layerprint::clients::stacks::Fit;
use layerprint::evidence::claims::Platform;
use layerprint::fingerprint::tcp::{InitialTtl, MssClass};

use crate::draft::Draft;
use crate::{fixtures, stacks};

fn fit(name: &str, platform: Platform) -> Fit {
    stacks().identify(&fixtures::syn(name)).could_run(platform)
}

#[test]
fn a_platform_fits_its_own_stack_and_contradicts_others() {
    use Platform::{Android, ChromeOs, Darwin, Ios, IpadOs, Linux, MacOs, Tizen, WebOs, Windows};
    for (name, own) in [
        ("linux-v4", &[Linux, Android, ChromeOs, Tizen, WebOs][..]),
        ("made-windows-11-far", &[Windows]),
        ("made-macos", &[MacOs, Ios, IpadOs, Darwin]),
    ] {
        for platform in Platform::ALL {
            let expected = match platform {
                Platform::Other | Platform::Unstated => Fit::SaysNothing,
                _ if own.contains(&platform) => Fit::Fits,
                _ => Fit::Contradicts,
            };
            assert_eq!(fit(name, platform), expected, "{name} {}", platform.as_str());
        }
    }
}

#[test]
fn no_browser_runs_on_a_scanner() {
    assert_eq!(fit("scanner-masscan-1.3.2", Platform::Windows), Fit::Contradicts);
    assert_eq!(fit("scanner-masscan-1.3.2", Platform::Linux), Fit::Contradicts);
    assert_eq!(fit("scanner-masscan-1.3.2", Platform::Unstated), Fit::SaysNothing);
}

#[test]
fn behind_a_middlebox_or_an_unknown_stack_nothing_follows() {
    let gvisor = Draft::of("linux-v4").scale(7).window(29_184).syn();
    let unknown = Draft::of("linux-v4").options(&[]).syn();
    for syn in [gvisor, unknown] {
        for platform in Platform::ALL {
            assert_eq!(stacks().identify(&syn).could_run(platform), Fit::SaysNothing);
        }
    }
}

/// FreeBSD without timestamps, or Apple: what contradicts both is told all the same.
#[test]
fn of_two_families_only_what_holds_for_both_is_said() {
    let both = Draft::of("linux-v4").window(65_535);
    let both = both
        .options(&[&[2, 4, 5, 0xb4], &[1], &[3, 3, 6], &[4, 2], &[0, 0]])
        .syn();
    let identity = stacks().identify(&both);
    assert_eq!(identity.name(), "unknown");
    assert_eq!(identity.could_run(Platform::Windows), Fit::Contradicts);
    assert_eq!(identity.could_run(Platform::MacOs), Fit::SaysNothing);
}

#[test]
fn the_mss_tells_the_link() {
    let class = |name| MssClass::of(&fixtures::syn(name)).map_or("none", MssClass::as_str);
    for (name, expected) in [
        ("linux-v4", "ethernet"),
        ("linux-v6", "ethernet"),
        ("linux-loopback-v4", "loopback"),
        ("linux-loopback-v6", "loopback"),
        ("linux-mtu-1492-v4", "pppoe"),
        ("linux-mtu-9000-v4", "jumbo"),
        ("linux-mtu-1400-v4", "mobile-or-nested"),
        ("linux-mtu-1400-v6", "mobile-or-nested"),
        ("linux-nothing-but-mss-1400", "tunnel"),
        ("linux-mss-536", "mobile-or-nested"),
        ("made-windows-11-clamped", "pppoe"),
        ("scanner-scapy", "none"),
    ] {
        assert_eq!(class(name), expected, "{name}");
    }
    let of = |name, mss| MssClass::of(&Draft::of(name).mss(mss).syn()).unwrap();
    for (v4, class) in [
        (535, MssClass::Tiny),
        (1_360, MssClass::MobileOrNested),
        (1_361, MssClass::Tunnel),
        (1_451, MssClass::Tunnel),
        (1_452, MssClass::Pppoe),
        (1_459, MssClass::Pppoe),
        (1_460, MssClass::Ethernet),
        (1_461, MssClass::Jumbo),
        (16_343, MssClass::Jumbo),
        (16_344, MssClass::Loopback),
        (u16::MAX, MssClass::Loopback),
    ] {
        assert_eq!(of("linux-v4", v4), class, "{v4}");
        assert_eq!(
            of("linux-v6", v4 - if class == MssClass::Tiny { 0 } else { 20 }),
            class,
            "{v4} less 20"
        );
    }
}

#[test]
fn the_distance_is_counted_from_the_next_usual_ttl() {
    for (observed, distance) in [
        (32, 0),
        (33, 31),
        (64, 0),
        (50, 14),
        (113, 15),
        (128, 0),
        (129, 126),
        (255, 0),
        (0, 32),
    ] {
        assert_eq!(InitialTtl::behind(observed).distance(), distance, "{observed}");
    }
}
