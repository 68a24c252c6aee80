//! Real SYNs of one Linux under many settings, and made ones of other systems: their signatures, and what `lp1` makes of them.

use layerprint::fingerprint::combined::tcp_part_of_syn;
use layerprint::fingerprint::tcp::{Signature, TcpPart};
use layerprint::wire::syn::{IpVersion, Syn, TcpOption};

use crate::{fixtures, laws, naive};

/// The kernel picks the flow label and the identification; all else is as the settings make it.
const SIGNATURES: [(&str, &str); 52] = [
    ("linux-dscp", "4:64+0:0:1460:mss*44,10:mss,sok,ts,nop,ws:df,id+:0"),
    ("linux-ecn-v4", "4:64+0:0:1460:mss*44,10:mss,sok,ts,nop,ws:df,id+,ecn:0"),
    ("linux-ecn-v6", "6:64+0:0:1440:mss*45,10:mss,sok,ts,nop,ws:ecn,flow:0"),
    (
        "linux-fast-open-cookie",
        "4:64+0:0:1460:mss*44,10:mss,sok,ts,nop,ws,?34,nop,nop:df,id+:+",
    ),
    (
        "linux-fast-open-cookie-v6",
        "6:64+0:0:1440:mss*45,10:mss,sok,ts,nop,ws,?34,nop,nop:flow:+",
    ),
    (
        "linux-fast-open-request",
        "4:63+1:0:1460:mss*44,10:mss,sok,ts,nop,ws,?34,nop,nop:df,id+:0",
    ),
    ("linux-hop-by-hop", "6:64+0:8:1440:mss*45,10:mss,sok,ts,nop,ws:flow:0"),
    (
        "linux-initial-window-10",
        "4:64+0:0:1460:mss*10,10:mss,sok,ts,nop,ws:df,id+:0",
    ),
    (
        "linux-initial-window-20",
        "4:64+0:0:1460:mss*20,10:mss,sok,ts,nop,ws:df,id+:0",
    ),
    (
        "linux-ip-options",
        "4:64+0:12:1460:mss*44,10:mss,sok,ts,nop,ws:df,id+:0",
    ),
    ("linux-large-buffer", "4:64+0:0:1460:65535,7:mss,sok,ts,nop,ws:df,id+:0"),
    (
        "linux-loopback-v4",
        "4:64+0:0:65495:mss*1,10:mss,sok,ts,nop,ws:df,id+:0",
    ),
    ("linux-loopback-v6", "6:64+0:0:65476:mss*1,10:mss,sok,ts,nop,ws:flow:0"),
    ("linux-mptcp", "4:64+0:0:1460:mss*44,10:mss,sok,ts,nop,ws,?30:df,id+:0"),
    ("linux-mptcp-v6", "6:64+0:0:1440:mss*45,10:mss,sok,ts,nop,ws,?30:flow:0"),
    ("linux-mss-536", "4:64+0:0:536:mss*122,10:mss,sok,ts,nop,ws:df,id+:0"),
    (
        "linux-mtu-1400-v4",
        "4:64+0:0:1360:mss*48,10:mss,sok,ts,nop,ws:df,id+:0",
    ),
    ("linux-mtu-1400-v6", "6:64+0:0:1340:mss*48,10:mss,sok,ts,nop,ws:flow:0"),
    (
        "linux-mtu-1492-v4",
        "4:64+0:0:1452:mss*45,10:mss,sok,ts,nop,ws:df,id+:0",
    ),
    ("linux-mtu-9000-v4", "4:64+0:0:8960:mss*7,10:mss,sok,ts,nop,ws:df,id+:0"),
    ("linux-no-flow-label", "6:64+0:0:1440:mss*45,10:mss,sok,ts,nop,ws::0"),
    ("linux-no-options", "4:64+0:0:1460:mss*44,0:mss:df,id+:0"),
    ("linux-no-path-mtu", "4:64+0:0:1460:mss*44,10:mss,sok,ts,nop,ws::0"),
    (
        "linux-no-sack",
        "4:64+0:0:1460:mss*44,10:mss,nop,nop,ts,nop,ws:df,id+:0",
    ),
    (
        "linux-no-timestamps",
        "4:64+0:0:1460:mss*44,10:mss,nop,nop,sok,nop,ws:df,id+:0",
    ),
    ("linux-no-window-scaling", "4:64+0:0:1460:mss*44,0:mss,sok,ts:df,id+:0"),
    ("linux-nothing-but-mss-1400", "4:64+0:0:1400:65535,0:mss::0"),
    ("linux-routed-v4", "4:63+1:0:1460:mss*44,10:mss,sok,ts,nop,ws:df,id+:0"),
    ("linux-routed-v6", "6:63+1:0:1440:mss*45,10:mss,sok,ts,nop,ws:flow:0"),
    ("linux-sack-alone", "4:64+0:0:1460:mss*44,0:mss,nop,nop,sok:df,id+:0"),
    ("linux-scaling-alone", "4:64+0:0:1460:mss*44,10:mss,nop,ws:df,id+:0"),
    ("linux-small-buffer", "4:64+0:0:1460:mss*2,0:mss,sok,ts,nop,ws:df,id+:0"),
    (
        "linux-timestamps-alone",
        "4:64+0:0:1460:mss*44,0:mss,nop,nop,ts:df,id+:0",
    ),
    (
        "linux-ttl-128-v4",
        "4:128+0:0:1460:mss*44,10:mss,sok,ts,nop,ws:df,id+:0",
    ),
    ("linux-ttl-128-v6", "6:128+0:0:1440:mss*45,10:mss,sok,ts,nop,ws:flow:0"),
    (
        "linux-two-extension-headers",
        "6:64+0:16:1440:mss*45,10:mss,sok,ts,nop,ws:flow:0",
    ),
    ("linux-v4", "4:64+0:0:1460:mss*44,10:mss,sok,ts,nop,ws:df,id+:0"),
    ("linux-v6", "6:64+0:0:1440:mss*45,10:mss,sok,ts,nop,ws:flow:0"),
    (
        "made-ios-mobile",
        "4:52+12:0:1360:65535,6:mss,nop,ws,nop,nop,ts,sok,eol+1:df:0",
    ),
    (
        "made-macos",
        "4:64+0:0:1460:65535,6:mss,nop,ws,nop,nop,ts,sok,eol+1:df:0",
    ),
    ("made-masscan", "4:243+12:0:0:1024,0:::0"),
    ("made-nmap", "4:41+23:0:1460:1024,0:mss::0"),
    (
        "made-windows-11",
        "4:128+0:0:1460:mss*44,8:mss,nop,ws,nop,nop,sok:df,id+:0",
    ),
    (
        "made-windows-11-clamped",
        "4:121+7:0:1452:64240,8:mss,nop,ws,nop,nop,sok:df,id+:0",
    ),
    (
        "made-windows-11-far",
        "4:114+14:0:1460:65535,8:mss,nop,ws,nop,nop,sok:df,id+:0",
    ),
    ("made-zmap", "4:243+12:0:1460:65535,0:mss::0"),
    ("scanner-hping3", "4:64+0:0:0:512,0::ack+:0"),
    ("scanner-masscan-1.3.2", "4:255+0:0:0:1024,0:::0"),
    ("scanner-nmap-7.93-v4", "4:42+22:0:1460:1024,0:mss::0"),
    ("scanner-nmap-7.93-v6", "6:255+0:0:1460:1024,0:mss::0"),
    ("scanner-scapy", "4:64+0:0:0:8192,0::seq-:0"),
    ("scanner-zmap-2.1.1", "4:255+0:0:0:65535,0:::0"),
];

#[test]
fn each_has_its_signature() {
    let expected: Vec<&str> = SIGNATURES.iter().map(|(name, _)| *name).collect();
    assert_eq!(fixtures::names(), expected);
    for (name, signature) in SIGNATURES {
        assert_eq!(Signature(&fixtures::syn(name)).to_string(), signature, "{name}");
    }
}

#[test]
fn each_obeys_the_laws_and_no_prefix_is_another_syn() {
    for name in fixtures::names() {
        let bytes = fixtures::bytes(&name);
        laws::holds(&bytes);
        for cut in 0..bytes.len() {
            assert!(Syn::parse(&bytes[..cut]).is_err(), "{name} cut at {cut}");
        }
    }
}

#[test]
fn each_with_any_one_byte_changed_is_refused_or_read_as_the_naive_parser_does() {
    for name in fixtures::names() {
        let original = fixtures::bytes(&name);
        for at in 0..original.len() {
            let mut bytes = original.clone();
            for change in 1..=u8::MAX {
                bytes[at] = original[at] ^ change;
                let signature = Syn::parse(&bytes).ok().map(|syn| Signature(&syn).to_string());
                let expected = naive::read(&bytes).map(|naive| naive.signature);
                assert_eq!(signature, expected, "{name}, byte {at} changed by {change:#04x}");
            }
        }
    }
}

#[test]
fn one_linux_is_one_stack_over_both_ip_versions_and_any_path() {
    let text = TcpPart(&fixtures::syn("linux-v4")).to_string();
    assert_eq!(text, "syn:*:64:0:*:fill,10:mss,sok,ts,nop,ws::*");
    let expected = tcp_part_of_syn(&fixtures::syn("linux-v4"));
    assert_eq!(expected.as_str(), "3fe15bafb11e");
    for name in [
        "linux-v6",
        "linux-loopback-v4",
        "linux-loopback-v6",
        "linux-routed-v4",
        "linux-routed-v6",
        "linux-mtu-1400-v4",
        "linux-mtu-1400-v6",
        "linux-mtu-1492-v4",
        "linux-mtu-9000-v4",
        "linux-mss-536",
        "linux-ecn-v4",
        "linux-ecn-v6",
        "linux-dscp",
        "linux-no-path-mtu",
        "linux-no-flow-label",
    ] {
        assert_eq!(tcp_part_of_syn(&fixtures::syn(name)), expected, "{name}");
    }
}

#[test]
fn a_stack_set_up_otherwise_is_another() {
    let mut parts: Vec<_> = [
        "linux-v4",
        "linux-no-timestamps",
        "linux-no-sack",
        "linux-no-window-scaling",
        "linux-no-options",
        "linux-small-buffer",
        "linux-ttl-128-v4",
        "linux-mptcp",
        "linux-fast-open-request",
        "linux-ip-options",
        "linux-hop-by-hop",
        "made-windows-11",
        "made-macos",
        "made-zmap",
        "made-masscan",
        "made-nmap",
    ]
    .map(|name| tcp_part_of_syn(&fixtures::syn(name)))
    .to_vec();
    let count = parts.len();
    parts.sort_unstable();
    parts.dedup();
    assert_eq!(parts.len(), count);
}

#[test]
fn a_router_that_lowers_the_mss_does_not_change_the_stack() {
    let clamped = tcp_part_of_syn(&fixtures::syn("made-windows-11-clamped"));
    assert_eq!(clamped, tcp_part_of_syn(&fixtures::syn("made-windows-11")));

    // The MSS is the first option, behind both headers. 1420 and, over IPv6, 1380 make another whole number of frames, too.
    for (name, at) in [("linux-v4", 42), ("linux-v6", 62)] {
        let whole = tcp_part_of_syn(&fixtures::syn(name));
        for mss in [1_432_u16, 1_420, 1_400, 1_380, 1_360, 1_220, 536] {
            let mut bytes = fixtures::bytes(name);
            bytes[at..at + 2].copy_from_slice(&mss.to_be_bytes());
            assert_eq!(tcp_part_of_syn(&Syn::parse(&bytes).unwrap()), whole, "{name} {mss}");
        }
    }
}

#[test]
fn fast_open_with_a_cookie_is_the_stack_that_asked_for_it() {
    let request = fixtures::syn("linux-fast-open-request");
    let cookie = fixtures::syn("linux-fast-open-cookie");
    let length_of_cookie = |syn: &Syn| {
        syn.tcp.options.as_slice().iter().find_map(|option| match option {
            TcpOption::FastOpen { cookie_length } => Some(*cookie_length),
            _ => None,
        })
    };
    assert_eq!((length_of_cookie(&request), request.payload_length), (Some(0), 0));
    assert_eq!((length_of_cookie(&cookie), cookie.payload_length), (Some(8), 27));
    assert_eq!(tcp_part_of_syn(&request), tcp_part_of_syn(&cookie));
}

#[test]
fn the_fields_are_those_on_the_wire() {
    let syn = fixtures::syn("linux-ip-options");
    assert_eq!(syn.source().ip().to_string(), "10.77.0.1");
    assert_eq!(syn.destination().ip().to_string(), "10.77.0.2");
    assert_eq!((syn.ip.hops_left, syn.ip.options_length), (64, 12));
    assert!(matches!(
        syn.ip.version,
        IpVersion::V4 {
            dont_fragment: true,
            reserved: false,
            ..
        }
    ));
    assert_eq!(fixtures::syn("linux-dscp").ip.traffic_class, 0xb8);
    assert!(matches!(
        fixtures::syn("linux-mptcp").tcp.options.as_slice(),
        [.., TcpOption::Multipath { subtype: 0, length: 4 }]
    ));
    let apple = fixtures::syn("made-ios-mobile");
    assert_eq!(apple.tcp.options.max_segment_size(), Some(1_360));
    assert!(matches!(
        apple.tcp.options.as_slice(),
        [
            ..,
            TcpOption::SackPermitted,
            TcpOption::End {
                padding: 1,
                zeros: true
            }
        ]
    ));
}
