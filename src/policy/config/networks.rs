//! `networks` and `forwarded`: where an address comes from, and which address counts.
//!
//! ```json
//! {"networks": [{"tag": "mobile", "cidrs": ["10.1.0.0/16", "2001:db8::/32"]}, {"tag": "office", "cidrs": ["10.1.2.0/24"]}],
//!  "forwarded": {"trusted_hops": 1, "peer_appended": true}}
//! ```
//! A tag may stand in several lists. An address has the tags of every prefix that covers it: here 10.1.2.7 is mobile and office.
//! A prefix of IPv4 addresses mapped into IPv6 (`::ffff:10.1.0.0/112`) is the IPv4 prefix that it is.

use super::Switch;
use super::problem::Refused;
use super::section::Section;
use crate::evidence::forwarded::{MAX_TRUSTED_HOPS, PeerEntry, Trust};
use crate::evidence::{NetworkTag, Networks};
use core::net::{IpAddr, Ipv6Addr};
use ipnet::IpNet;
use std::collections::BTreeSet;

/// The most prefixes, all lists taken together. A mobile carrier announces some hundreds, all data centres some ten thousands.
pub const MAX_PREFIXES: usize = 100_000;

/// What a prefix is, for a message.
pub(super) const CIDR: &str = r#"prefixes such as "192.0.2.0/24" or "2001:db8::/32""#;

const APPENDED: &str = "true when Envoy has use_remote_address and not skip_xff_append, else false";

/// Reads `networks`.
pub(super) fn networks(root: &mut Section<'_>) -> Networks {
    let mut listed = BTreeSet::new();
    let mut count = 0_usize;
    root.sections("networks", |section| {
        let tag = section.needed_choice("tag", &NetworkTag::ALL.map(|tag| (tag.as_str(), tag)));
        section.needed_texts("cidrs", CIDR, |text| {
            count = count.saturating_add(1);
            let prefix = prefix(text)?;
            match tag {
                Some(tag) if count <= MAX_PREFIXES && !listed.insert((prefix, tag)) => Err(Refused {
                    why: "is given twice for this tag",
                    accepted: "each prefix once".to_owned(),
                }),
                Some(_) | None => Ok(()),
            }
        });
    });
    if count > MAX_PREFIXES {
        let what = format!("{count} prefixes are too many");
        root.refuse_all("networks", what, format!("at most {MAX_PREFIXES} prefixes"));
    }
    Networks::new(&listed)
}

/// Reads `forwarded`. Where proxies are trusted, `peer_appended` has no default: a wrong one lets a client choose its address.
pub(super) fn forwarded(section: &mut Section<'_>, default: Trust) -> Trust {
    let most = usize::from(MAX_TRUSTED_HOPS);
    let hops = section.number("trusted_hops", 0..=most, usize::from(default.hops));
    if hops > 0 {
        section.need("peer_appended", APPENDED.to_owned());
    }
    let appended = match default.peer_entry {
        PeerEntry::Appended => Switch::On,
        PeerEntry::Absent => Switch::Off,
    };
    Trust {
        hops: u8::try_from(hops).unwrap_or(default.hops),
        peer_entry: match section.switch("peer_appended", appended) {
            Switch::On => PeerEntry::Appended,
            Switch::Off => PeerEntry::Absent,
        },
    }
}

/// A prefix as it should be written: with its length, and with no bit set behind that.
pub(super) fn prefix(text: &str) -> Result<IpNet, Refused> {
    let refused = || Refused {
        why: "is no prefix",
        accepted: CIDR.to_owned(),
    };
    let Some((ip, length)) = text.split_once('/') else {
        let ip = text.parse::<IpAddr>().map_err(|_| refused())?;
        return Err(Refused {
            why: "has no prefix length",
            accepted: written(IpNet::from(ip.to_canonical())),
        });
    };
    let ip = ip.parse::<IpAddr>().map_err(|_| refused())?;
    let length = length_of(length).ok_or_else(refused)?;
    let given = IpNet::new(ip, length).map_err(|_| refused())?;
    let given = unmapped(given);
    if given.trunc() == given {
        return Ok(given);
    }
    let (all, one) = (written(given.trunc()), written(IpNet::from(given.addr())));
    Err(Refused {
        why: "has bits set behind its prefix",
        accepted: format!("{all} for the network, {one} for the address"),
    })
}

/// One to three digits, none of them zero in front.
fn length_of(text: &str) -> Option<u8> {
    let is_number = text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_plain = text == "0" || !text.starts_with('0');
    text.parse().ok().filter(|_| is_number && is_plain)
}

/// The IPv4 prefix that an IPv6 prefix is, when all its addresses are mapped ones.
fn unmapped(prefix: IpNet) -> IpNet {
    let IpNet::V6(inner) = prefix else { return prefix };
    let ip: Option<_> = Ipv6Addr::to_ipv4_mapped(&inner.addr());
    let length = inner.prefix_len().checked_sub(96);
    let mapped = ip.zip(length).map(|(ip, length)| IpNet::new(ip.into(), length));
    mapped.and_then(Result::ok).unwrap_or(prefix)
}

fn written(prefix: IpNet) -> String {
    format!("\"{prefix}\"")
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    fn config(text: &str) -> Config {
        Config::parse(text.as_bytes()).unwrap()
    }

    fn problems(text: &str) -> Vec<String> {
        let problems = Config::parse(text.as_bytes()).unwrap_err();
        problems.iter().map(ToString::to_string).collect()
    }

    fn office(cidr: &str) -> String {
        format!(r#"{{"networks":[{{"tag":"office","cidrs":["{cidr}"]}}]}}"#)
    }

    #[test]
    fn networks_are_compiled_into_the_tags_of_an_address() {
        let config = config(
            r#"{"networks":[
                {"tag":"datacenter","cidrs":["10.0.0.0/8","2001:db8::/32"]},
                {"tag":"office","cidrs":["10.1.0.0/16"]},
                {"tag":"datacenter","cidrs":["192.0.2.7/32"]},
                {"tag":"vpn","cidrs":[]}]}"#,
        );
        let tags = |ip: &str| -> Vec<_> { config.networks.tags(ip.parse().unwrap()).iter().collect() };
        assert_eq!(tags("10.1.2.3"), [NetworkTag::Datacenter, NetworkTag::Office]);
        assert_eq!(tags("10.2.0.0"), [NetworkTag::Datacenter]);
        assert_eq!(tags("2001:db8::7"), [NetworkTag::Datacenter]);
        assert_eq!(tags("192.0.2.7"), [NetworkTag::Datacenter]);
        assert_eq!(tags("192.0.2.8"), []);
    }

    #[test]
    fn each_mistake_in_the_networks_is_told() {
        let tags = r#""mobile", "shared", "vpn", "datacenter", "office", "monitoring""#;
        let text = r#"{"networks":[7,{},
            {"tag":"home","cidrs":"10.0.0.0/8","name":"x"},
            {"tag":"vpn","cidrs":["10.1.2.3/16",7,"192.0.2.7","all","10.0.0.0/8","10.0.0.0/8"]},
            {"tag":"vpn","cidrs":["::ffff:10.0.0.0/104"]},
            {"tag":"office","cidrs":["10.0.0.0/8"]}]}"#;
        let expected = [
            "networks[0]: 7 is not accepted; accepted: an object".to_owned(),
            format!("networks[1].tag: is missing; accepted: {tags}"),
            format!("networks[1].cidrs: is missing; accepted: an array of {CIDR}"),
            format!(r#"networks[2].tag: "home" is not accepted; accepted: {tags}"#),
            format!(r#"networks[2].cidrs: "10.0.0.0/8" is not accepted; accepted: an array of {CIDR}"#),
            r#"networks[2].name: unknown key; accepted: "tag", "cidrs""#.to_owned(),
            r#"networks[3].cidrs[0]: "10.1.2.3/16" has bits set behind its prefix; accepted: "10.1.0.0/16" for the network, "10.1.2.3/32" for the address"#.to_owned(),
            format!("networks[3].cidrs[1]: 7 is not accepted; accepted: {CIDR}"),
            r#"networks[3].cidrs[2]: "192.0.2.7" has no prefix length; accepted: "192.0.2.7/32""#.to_owned(),
            format!(r#"networks[3].cidrs[3]: "all" is no prefix; accepted: {CIDR}"#),
            r#"networks[3].cidrs[5]: "10.0.0.0/8" is given twice for this tag; accepted: each prefix once"#.to_owned(),
            r#"networks[4].cidrs[0]: "::ffff:10.0.0.0/104" is given twice for this tag; accepted: each prefix once"#.to_owned(),
        ];
        assert_eq!(problems(text), expected);
        assert_eq!(
            problems(r#"{"networks":{}}"#),
            ["networks: an object is not accepted; accepted: an array of objects"]
        );
    }

    #[test]
    fn a_prefix_is_written_in_one_way_only() {
        for cidr in [
            "0.0.0.0/0",
            "192.0.2.7/32",
            "::/0",
            "2001:DB8::/32",
            "::ffff:0:0/96",
            "2001:db8:0::1/128",
        ] {
            assert_eq!(config(&office(cidr)).networks.len(), 1, "{cidr}");
        }
        for cidr in [
            "",
            "/",
            "/8",
            "10.0.0.0/",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/08",
            "10.0.0.0/+8",
            "10.0.0.0/-8",
            "10.0.0.0/ 8",
            "010.0.0.0/8",
            "10/8",
            "10.0.0/8",
            "10.0.0.0/255.0.0.0",
            "10.0.0.0/8/8",
            " 10.0.0.0/8",
            "10.0.0.0-10.0.0.9",
            "[::]/0",
            "fe80::%1/64",
            "::ffff:0:0/95",
            "example.org",
        ] {
            assert_eq!(problems(&office(cidr)).len(), 1, "{cidr}");
        }
    }

    #[test]
    fn a_mapped_prefix_is_the_ipv4_prefix_that_it_is() {
        assert_eq!(config(&office("::ffff:10.0.0.0/104")), config(&office("10.0.0.0/8")));
        let found = problems(&office("::ffff:10.0.0.1/104"));
        assert!(found[0].ends_with(r#"accepted: "10.0.0.0/8" for the network, "10.0.0.1/32" for the address"#));
        assert!(problems(&office("::ffff:10.0.0.1"))[0].ends_with(r#"accepted: "10.0.0.1/32""#));
    }

    #[test]
    fn there_may_be_100_000_prefixes_and_no_more() {
        let list = |count: u32| {
            let cidrs: Vec<_> = (0..count)
                .map(|n| format!("\"{}/32\"", core::net::Ipv4Addr::from(n)))
                .collect();
            format!(r#"{{"networks":[{{"tag":"vpn","cidrs":[{}]}}]}}"#, cidrs.join(","))
        };
        assert_eq!(config(&list(100_000)).networks.len(), MAX_PREFIXES);
        assert_eq!(
            problems(&list(100_001)),
            ["networks: 100001 prefixes are too many; accepted: at most 100000 prefixes"]
        );
    }

    #[test]
    fn nobody_is_trusted_unless_the_configuration_says_so() {
        let trust = |text: &str| config(text).forwarded;
        let default = Trust {
            hops: 0,
            peer_entry: PeerEntry::Appended,
        };
        assert_eq!(trust("{}"), default);
        assert_eq!(trust(r#"{"forwarded":{}}"#), default);
        let expected = Trust {
            hops: 16,
            peer_entry: PeerEntry::Absent,
        };
        assert_eq!(
            trust(r#"{"forwarded":{"trusted_hops":16.0,"peer_appended":false}}"#),
            expected
        );
        assert_eq!(
            problems(r#"{"forwarded":{"trusted_hops":1}}"#),
            [format!("forwarded.peer_appended: is missing; accepted: {APPENDED}")]
        );
        assert_eq!(trust(r#"{"forwarded":{"trusted_hops":0}}"#), default);
        assert_eq!(
            problems(r#"{"forwarded":{"trusted_hops":17,"peer_appended":1,"header":"forwarded"}}"#),
            [
                "forwarded.trusted_hops: 17 is not accepted; accepted: a whole number from 0 to 16",
                "forwarded.peer_appended: 1 is not accepted; accepted: true, false",
                r#"forwarded.header: unknown key; accepted: "trusted_hops", "peer_appended""#,
            ]
        );
    }
}
