//! What the cost of rules is measured on: lists of rules as an operator would write them, and a request of Chrome's that none of
//! them is about. Used by `make bench` and by the test that counts allocations.

use layerprint::compare::{Assessment, Code, Confidence, Coverage};
use layerprint::evidence::{Evidence, Reason};
use layerprint::policy::config::Config;
use layerprint::policy::rules::{Field, Number, Subject};
use layerprint::policy::{Decision, Policy};
use std::net::{IpAddr, Ipv4Addr};

/// A policy with `count` rules, of ten kinds in turn: exact fingerprints and parts of them, addresses, networks, products, paths, hosts.
pub fn policy(count: usize) -> Policy {
    let rules: Vec<String> = (0..count)
        .map(|n| {
            format!(
                r#"{{"name":"r{n}","match":{{{}}},"action":"challenge"}}"#,
                conditions(n)
            )
        })
        .collect();
    let text = format!(r#"{{"rules":[{}]}}"#, rules.join(","));
    let config = Config::parse(text.as_bytes()).expect("the rules are right");
    config.policy
}

fn conditions(n: usize) -> String {
    // Multiplied by an odd number: digits as a digest has them, and none twice.
    let hex = format!(
        "{:012x}",
        (u64::try_from(n).expect("a small number") + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16
    );
    let (high, low) = (n / 256 % 256, n % 256);
    match n % 10 {
        0 => format!(r#""ja4":"t13d1516h2_8daaf6152771_{hex}""#),
        1 => format!(r#""ja4":["t13d1715h2_{hex}_14788d8d241b","t13i1715h2_{hex}_14788d8d241b"]"#),
        2 => format!(r#""ja4":"t13d*_{hex}_*""#),
        3 => format!(r#""client_ip":["198.{high}.{low}.0/24","2001:db8:{n:x}::/48"]"#),
        4 => format!(r#""network":"datacenter","path":"/api/v1/{hex}/*""#),
        5 => format!(r#""product":"bot-{hex}","version":{{"max":9}}"#),
        6 => format!(r#""path":"/old/{n}/*.php","method":"POST""#),
        7 => format!(r#""h2":"1:65536;2:0;4:6291456;6:{n}|15663105|0|m,a,s,p""#),
        8 => format!(r#""host":"*.shop-{n}.example","l7":{{"min":25}}"#),
        _ => format!(r#""tcp":"4:64+?:0:*:{n},*""#),
    }
}

/// A request of Chrome's from a data centre, with a finding.
pub struct Chrome;

impl Subject for Chrome {
    fn texts(&self, field: Field, take: &mut dyn FnMut(&str)) -> Evidence<()> {
        take(match field {
            Field::Ja4 => "t13d1516h2_8daaf6152771_e5627efa2ab1",
            Field::H2 => "1:65536;2:0;4:6291456;6:262144|15663105|0|m,a,s,p",
            Field::Tcp => "4:64+3:0:1460:mss*44,7:mss,sok,ts,nop,ws:df,id+:0",
            Field::Network => "datacenter",
            Field::Product => "chrome",
            _ => return Evidence::Missing(Reason::NotProvided),
        });
        Evidence::Seen(())
    }

    fn number(&self, _: Number) -> Evidence<u64> {
        Evidence::Missing(Reason::NotProvided)
    }

    fn client_ip(&self) -> Evidence<IpAddr> {
        Evidence::Seen(Ipv4Addr::new(203, 0, 113, 7).into())
    }
}

/// What the comparison says of that request.
pub fn assessment() -> Assessment {
    Assessment::of(Coverage::Both, Confidence::of(100), vec![Code::OrderFamily.into()])
}

/// The path of that request.
pub const PATH: &[u8] = b"/api/v1/products/1234?color=blue&page=2";

/// Decides on that request, with this path.
pub fn decide(policy: &Policy, path: &[u8], assessment: &Assessment) -> Decision {
    policy.decide(
        &policy.place(b"GET", b"www.shop.example", path),
        &Chrome,
        assessment,
        &[],
    )
}
