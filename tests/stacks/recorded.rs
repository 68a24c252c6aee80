//! Every recorded and every made SYN, and who wrote it.

use crate::{fixtures, said};

const SAID: [(&str, &str); 52] = [
    ("linux-dscp", "linux 1.00"),
    ("linux-ecn-v4", "linux 1.00"),
    ("linux-ecn-v6", "linux 1.00"),
    ("linux-fast-open-cookie", "linux 1.00"),
    ("linux-fast-open-cookie-v6", "linux 1.00"),
    ("linux-fast-open-request", "linux 1.00"),
    ("linux-hop-by-hop", "linux 1.00"),
    ("linux-initial-window-10", "linux 1.00"),
    ("linux-initial-window-20", "linux 1.00"),
    ("linux-ip-options", "linux 1.00"),
    ("linux-large-buffer", "linux 1.00"),
    ("linux-loopback-v4", "linux 1.00"),
    ("linux-loopback-v6", "linux 1.00"),
    ("linux-mptcp", "linux 1.00"),
    ("linux-mptcp-v6", "linux 1.00"),
    ("linux-mss-536", "linux 1.00"),
    ("linux-mtu-1400-v4", "linux 1.00"),
    ("linux-mtu-1400-v6", "linux 1.00"),
    ("linux-mtu-1492-v4", "linux 1.00"),
    ("linux-mtu-9000-v4", "linux 1.00"),
    ("linux-no-flow-label", "linux 1.00"),
    ("linux-no-options", "linux 0.60 no-timestamps,no-sack,no-scaling"),
    ("linux-no-path-mtu", "linux 0.90 dont-fragment"),
    ("linux-no-sack", "linux 0.85 no-sack"),
    ("linux-no-timestamps", "linux 0.90 no-timestamps"),
    ("linux-no-window-scaling", "linux 0.85 no-scaling"),
    ("linux-nothing-but-mss-1400", "linux or apple"),
    ("linux-routed-v4", "linux 1.00"),
    ("linux-routed-v6", "linux 1.00"),
    ("linux-sack-alone", "linux 0.75 no-timestamps,no-scaling"),
    ("linux-scaling-alone", "linux 0.75 no-timestamps,no-sack"),
    ("linux-small-buffer", "linux 0.80 window"),
    ("linux-timestamps-alone", "linux 0.70 no-sack,no-scaling"),
    ("linux-ttl-128-v4", "linux 0.70 initial-ttl"),
    ("linux-ttl-128-v6", "linux 0.70 initial-ttl"),
    ("linux-two-extension-headers", "linux 1.00"),
    ("linux-v4", "linux 1.00"),
    ("linux-v6", "linux 1.00"),
    ("made-ios-mobile", "apple 1.00"),
    ("made-macos", "apple 1.00"),
    ("made-masscan", "masscan 1.00"),
    ("made-nmap", "nmap 1.00"),
    ("made-windows-11", "windows 1.00"),
    ("made-windows-11-clamped", "windows 0.95 mss-clamped"),
    ("made-windows-11-far", "windows 1.00"),
    ("made-zmap", "zmap 1.00"),
    ("scanner-hping3", "hping 1.00"),
    ("scanner-masscan-1.3.2", "masscan 1.00"),
    ("scanner-nmap-7.93-v4", "nmap 1.00"),
    ("scanner-nmap-7.93-v6", "nmap 1.00"),
    ("scanner-scapy", "scapy 1.00"),
    ("scanner-zmap-2.1.1", "zmap 1.00"),
];

#[test]
fn each_is_known_as_what_it_is() {
    let expected: Vec<&str> = SAID.iter().map(|(name, _)| *name).collect();
    assert_eq!(fixtures::names(), expected);
    for (name, expected) in SAID {
        assert_eq!(said(&fixtures::syn(name)), expected, "{name}");
    }
}
