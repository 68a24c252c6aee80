//! SYNs of other systems and of scanners, made by hand in whole connections: the server's kernel takes them as it takes any, and
//! the line says whose they look like.

use std::net::{IpAddr, SocketAddr};

use layerprint_harness::repo;
use serde_json::{Value, json};

use crate::net::{Network, check};
use crate::site::{CLEARTEXT, Site, can_run, network_availability};

/// Addresses on the client's side that its kernel does not own.
const NOBODY: [&str; 2] = ["10.77.2.66", "fd77:2::66"];

/// A SYN of `tests/fixtures/syn`, and its signature over IPv4 and IPv6.
const SYNS: [(&str, [&str; 2]); 7] = [
    (
        "made-windows-11",
        [
            "4:128+0:0:1460:mss*44,8:mss,nop,ws,nop,nop,sok:df,id+:0",
            "6:128+0:0:1460:mss*44,8:mss,nop,ws,nop,nop,sok::0",
        ],
    ),
    (
        "made-windows-11-clamped",
        [
            "4:121+7:0:1452:64240,8:mss,nop,ws,nop,nop,sok:df,id+:0",
            "6:121+7:0:1452:64240,8:mss,nop,ws,nop,nop,sok::0",
        ],
    ),
    (
        "made-macos",
        [
            "4:64+0:0:1460:65535,6:mss,nop,ws,nop,nop,ts,sok,eol+1:df:0",
            "6:64+0:0:1460:65535,6:mss,nop,ws,nop,nop,ts,sok,eol+1::0",
        ],
    ),
    (
        "made-ios-mobile",
        [
            "4:52+12:0:1360:65535,6:mss,nop,ws,nop,nop,ts,sok,eol+1:df:0",
            "6:52+12:0:1360:65535,6:mss,nop,ws,nop,nop,ts,sok,eol+1::0",
        ],
    ),
    (
        "made-zmap",
        ["4:243+12:0:1460:65535,0:mss::0", "6:243+12:0:1460:65535,0:mss::0"],
    ),
    ("made-masscan", ["4:243+12:0:0:1024,0:::0", "6:243+12:0:0:1024,0:::0"]),
    (
        "made-nmap",
        ["4:41+23:0:1460:1024,0:mss::0", "6:41+23:0:1460:1024,0:mss::0"],
    ),
];

#[test]
fn a_request_behind_the_syn_of_another_system_or_of_a_scanner_shows_it() {
    let test = "a_request_behind_the_syn_of_another_system_or_of_a_scanner_shows_it";
    if !can_run(test, [network_availability()]) {
        return;
    }
    let mut site = Site::open(test, Network::direct());
    let sender = Sender::on(&site);
    for (name, signatures) in SYNS {
        for (from, signature) in NOBODY.into_iter().zip(signatures) {
            let client = sender.ask(&site, from, &fixture(name));
            let line = site.line_of(client);
            assert_eq!(line["tcp"], signature, "{name} from {from}");
            assert_eq!(line["source"], client.to_string());
            assert!(line["rtt_us"].is_u64(), "{line:#}");
            site.assert_the_syn_is_that_on_the_wire(client, CLEARTEXT);
        }
    }
}

/// Linux overlooks options that it cannot read, so such a SYN opens a connection like any other.
#[test]
fn a_syn_whose_options_lie_is_served_and_said_to_be_malformed() {
    let test = "a_syn_whose_options_lie_is_served_and_said_to_be_malformed";
    if !can_run(test, [network_availability()]) {
        return;
    }
    let mut site = Site::open(test, Network::direct());
    let sender = Sender::on(&site);
    let whole = fixture("made-windows-11");
    let windows_scale = whole.find("030308").unwrap();
    for (lie, length) in [
        ("no length", "00"),
        ("a length within itself", "01"),
        ("past the end", "ff"),
    ] {
        let mut syn = whole.clone();
        syn.replace_range(windows_scale + 2..windows_scale + 4, length);
        for from in NOBODY {
            let client = sender.ask(&site, from, &syn);
            let line = site.line_of(client);
            assert_eq!(line["missing"]["tcp"], "malformed", "{lie} from {from}: {line:#}");
            assert_eq!((&line["tcp"], &line["hops"]), (&Value::Null, &Value::Null));
            assert!(line["id"].as_str().unwrap().starts_with("lp1_000000000000_"));
            assert_ne!(line["agreement"], json!("hostile"), "nothing is held against it");
            site.assert_the_syn_is_that_on_the_wire(client, CLEARTEXT);
        }
    }
}

/// The SYN in a file, in hex.
fn fixture(name: &str) -> String {
    let path = repo::root().join(format!("tests/fixtures/syn/{name}.hex"));
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().filter(|line| !line.starts_with('#')).collect()
}

/// What sends them: a host's interface, to the server's.
struct Sender {
    next_hop: String,
}

impl Sender {
    fn on(site: &Site) -> Self {
        let network = &site.network;
        let here = network.client.hardware_address("c0");
        for address in NOBODY {
            // Nobody would answer for it.
            let known = format!("neigh add {address} lladdr {here} dev s0 nud permanent");
            network.server.ip(&known);
        }
        Self {
            next_hop: network.server.hardware_address("s0"),
        }
    }

    /// One request over a connection that this SYN opens; the client's end of it.
    fn ask(&self, site: &Site, from: &str, syn: &str) -> SocketAddr {
        let from: IpAddr = from.parse().unwrap();
        let to = Network::SERVER[usize::from(from.is_ipv6())];
        let mut python = site.network.client.command("python3");
        python.arg(repo::root().join("test-harness/clients/handmade.py"));
        python.args([syn, "c0", &self.next_hop, &from.to_string(), to, &CLEARTEXT.to_string()]);
        let output = check(&mut python);
        let (port, answer) = output.trim().split_once('\n').unwrap();
        assert_eq!(answer, "HTTP/1.1 200 OK");
        SocketAddr::new(from, port.parse().unwrap())
    }
}
