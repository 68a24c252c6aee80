//! Scanners and user-space stacks of which no SYN was recorded, put together as their sources write them; and how little it takes
//! to be none.

use crate::draft::Draft;
use crate::said;

const MSS: &[u8] = &[2, 4, 0x05, 0xb4];
const NOP: &[u8] = &[1];
const SACK: &[u8] = &[4, 2];

fn scale(by: u8) -> [u8; 3] {
    [3, 3, by]
}

/// IPv4, no DF, as programs write it that do not care.
fn bare(ttl: u8, window: u16) -> Draft {
    Draft::of("linux-v4").dont_fragment(false).ttl(ttl).window(window)
}

fn zmap_4_1() -> Draft {
    bare(64, 65_535).options(&[MSS, NOP, &scale(8), NOP, NOP, SACK])
}

#[test]
fn zmap_since_4_1_has_the_options_of_windows_under_the_ttl_of_linux() {
    assert_eq!(said(&zmap_4_1().after(17).syn()), "zmap 1.00");
}

#[test]
fn masscan_since_1_3_9_has_an_mss_and_a_window_of_1025() {
    assert_eq!(said(&bare(255 - 12, 1_025).options(&[MSS]).syn()), "masscan 1.00");
}

#[test]
fn a_scanner_behind_pppoe_is_one_still() {
    assert_eq!(said(&Draft::of("made-nmap").mss(1_452).syn()), "nmap 0.95 mss-clamped");
    assert_eq!(said(&zmap_4_1().mss(1_452).syn()), "zmap 0.95 mss-clamped");
}

#[test]
fn one_thing_that_a_scanner_does_not_send_and_it_is_none() {
    // Apple's order without timestamps is not far off, which takes some more.
    assert_eq!(said(&zmap_4_1().dont_fragment(true).syn()), "windows 0.65 initial-ttl");
    assert_eq!(
        said(&zmap_4_1().window(64_240).syn()),
        "windows 0.60 initial-ttl,dont-fragment"
    );
    assert_eq!(said(&zmap_4_1().ttl(110).syn()), "windows 0.90 dont-fragment");
    for draft in [
        Draft::of("made-zmap").dont_fragment(true),
        Draft::of("made-zmap").ttl(100),
        Draft::of("made-zmap").mss(1_461),
        Draft::of("made-nmap").window(2_048),
        Draft::of("made-nmap").ttl(61),
        Draft::of("made-masscan").ttl(224),
        Draft::of("scanner-hping3").window(64_240),
        Draft::of("scanner-scapy").ending_with(NOP),
    ] {
        let said = said(&draft.syn());
        let scanners = ["zmap", "nmap", "masscan", "hping", "scapy"];
        assert!(!scanners.iter().any(|name| said.contains(name)), "{said}");
    }
}

/// What zmap calls its smallest probes: a host with every option off and no path MTU discovery sends the same.
#[test]
fn what_a_scanner_and_a_host_both_send_is_no_scanner() {
    assert_eq!(said(&bare(64, 65_535).options(&[MSS]).syn()), "linux or apple");
}

/// 20 segments of 1460 are 29200; cut to a scale of 7, 29184.
#[test]
fn gvisor_is_told_from_linux_by_a_window_that_its_scale_cut() {
    let gvisor = Draft::of("linux-v4").scale(7).window(29_184);
    assert_eq!(said(&gvisor.syn()), "middlebox-gvisor 1.00");
    assert_eq!(
        said(&gvisor.clone().mss(1_400).after(9).syn()),
        "middlebox-gvisor 0.95 mss-clamped"
    );
    let wireguard = Draft::of("linux-v4").scale(7).mss(1_380).window(27_520);
    assert_eq!(said(&wireguard.syn()), "middlebox-gvisor 1.00");
    let linux_4_9 = Draft::of("linux-v4").scale(7).window(29_200);
    assert_eq!(said(&linux_4_9.syn()), "linux 1.00");
}

#[test]
fn a_small_device_is_no_scanner() {
    let esp32 = bare(255 - 8, 5_744).options(&[&[2, 4, 0x05, 0x9c]]);
    assert_eq!(said(&esp32.syn()), "lwip 1.00");
}

#[test]
fn the_bsds_are_told_apart_by_order_and_window() {
    let timestamps: &[u8] = &[8, 10, 1, 2, 3, 4, 0, 0, 0, 0];
    let scale = scale(6);
    let from = |window, options: &[&[u8]]| said(&Draft::of("linux-v4").window(window).options(options).syn());
    let freebsd = [MSS, NOP, &scale, SACK, timestamps];
    assert_eq!(from(65_535, &freebsd), "freebsd 1.00");
    let openbsd = [MSS, NOP, NOP, SACK, NOP, &scale, NOP, NOP, timestamps];
    assert_eq!(from(16_384, &openbsd), "openbsd 1.00");
    let netbsd = [MSS, NOP, &scale, SACK, NOP, NOP, NOP, NOP, timestamps];
    assert_eq!(from(32_768, &netbsd), "netbsd 1.00");
    // Without timestamps FreeBSD and Apple write the same bytes, and neither is named.
    let both = [MSS, NOP, &scale, SACK, &[0, 0]];
    assert_eq!(from(65_535, &both), "apple or freebsd");
}
