//! Networks that the operator has a name for, and which of them an address belongs to.
//!
//! Networks nest: an office inside a data centre's range is both, and an address in it has the tags of every prefix that covers
//! it. That sum is made once, when the table is built: each prefix then holds its own tags and those of all around it, and the
//! longest prefix that covers an address has the whole answer. The table is a trie of at most 7 nodes on the way to an IPv4
//! address and 26 to an IPv6 address, however many prefixes it holds.

use core::fmt;
use core::net::IpAddr;
use ipnet::IpNet;
use prefix_trie::joint::JointPrefixMap;
use std::collections::BTreeSet;

/// What a network is, as far as it matters to how its clients look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NetworkTag {
    /// A mobile carrier: many clients behind one address, transport rewritten on the way.
    Mobile,
    /// Many clients behind one address: carrier-grade NAT, a campus, a hotel.
    Shared,
    /// The way out of a VPN: the transport may be the VPN's, not the client's.
    Vpn,
    /// Machines, not people.
    Datacenter,
    /// The operator's own people.
    Office,
    /// The operator's own probes.
    Monitoring,
}

impl NetworkTag {
    /// All tags.
    pub const ALL: [Self; 6] = [
        Self::Mobile,
        Self::Shared,
        Self::Vpn,
        Self::Datacenter,
        Self::Office,
        Self::Monitoring,
    ];

    /// Its stable name, in the configuration and in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mobile => "mobile",
            Self::Shared => "shared",
            Self::Vpn => "vpn",
            Self::Datacenter => "datacenter",
            Self::Office => "office",
            Self::Monitoring => "monitoring",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Mobile => 1,
            Self::Shared => 2,
            Self::Vpn => 4,
            Self::Datacenter => 8,
            Self::Office => 16,
            Self::Monitoring => 32,
        }
    }
}

/// Some of the tags, or none.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct NetworkTags(u8);

impl NetworkTags {
    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether `tag` is one of them.
    pub const fn has(self, tag: NetworkTag) -> bool {
        self.0 & tag.bit() != 0
    }

    /// These and `tag`.
    #[must_use]
    pub const fn with(self, tag: NetworkTag) -> Self {
        Self(self.0 | tag.bit())
    }

    /// These and `other`.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Each of them, in the order of [`NetworkTag::ALL`].
    pub fn iter(self) -> impl Iterator<Item = NetworkTag> {
        NetworkTag::ALL.into_iter().filter(move |tag| self.has(*tag))
    }
}

impl FromIterator<NetworkTag> for NetworkTags {
    fn from_iter<I: IntoIterator<Item = NetworkTag>>(tags: I) -> Self {
        tags.into_iter().fold(Self::default(), Self::with)
    }
}

impl fmt::Debug for NetworkTags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(NetworkTag::as_str)).finish()
    }
}

/// The tagged networks, ready for look-ups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(JointPrefixMap<IpNet, NetworkTags>);

impl Networks {
    /// A table of `listed`. Bits behind a prefix's length do not matter.
    pub fn new(listed: &BTreeSet<(IpNet, NetworkTag)>) -> Self {
        let mut table = JointPrefixMap::<IpNet, NetworkTags>::new();
        for (prefix, tag) in listed {
            let tags = table.entry(*prefix).or_default();
            *tags = tags.with(*tag);
        }
        // A prefix comes before those within it: what is on the stack covers what comes next, or is over.
        let mut around: Vec<(IpNet, NetworkTags)> = Vec::new();
        for (prefix, tags) in table.iter_mut() {
            while around.pop_if(|(outer, _)| !outer.contains(&prefix)).is_some() {}
            if let Some((_, outer)) = around.last() {
                *tags = tags.and(*outer);
            }
            around.push((prefix, *tags));
        }
        Self(table)
    }

    /// The tags of every network that `ip` is in. An IPv4 address mapped into IPv6 is the IPv4 address that it is: it is in none
    /// of the IPv6 networks.
    pub fn tags(&self, ip: IpAddr) -> NetworkTags {
        let host = IpNet::from(ip.to_canonical());
        self.0.get_lpm(&host).map(|(_, tags)| *tags).unwrap_or_default()
    }

    /// How many prefixes there are, each counted once.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::hint::black_box;
    use core::net::Ipv4Addr;
    use core::time::Duration;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use std::time::Instant;

    fn networks(listed: &[(&str, NetworkTag)]) -> Networks {
        Networks::new(&listed.iter().map(|(cidr, tag)| (cidr.parse().unwrap(), *tag)).collect())
    }

    fn tags(networks: &Networks, ip: &str) -> Vec<&'static str> {
        networks
            .tags(ip.parse().unwrap())
            .iter()
            .map(NetworkTag::as_str)
            .collect()
    }

    #[test]
    fn an_address_has_the_tags_of_every_network_around_it() {
        let networks = networks(&[
            ("10.1.2.0/24", NetworkTag::Office),
            ("10.0.0.0/8", NetworkTag::Datacenter),
            ("10.1.2.7/32", NetworkTag::Monitoring),
            ("10.1.0.0/16", NetworkTag::Vpn),
            ("10.1.2.0/24", NetworkTag::Shared),
            ("10.2.0.0/16", NetworkTag::Mobile),
        ]);
        assert_eq!(networks.len(), 5);
        for (ip, expected) in [
            ("10.1.2.7", &["shared", "vpn", "datacenter", "office", "monitoring"][..]),
            ("10.1.2.8", &["shared", "vpn", "datacenter", "office"]),
            ("10.1.3.0", &["vpn", "datacenter"]),
            ("10.2.0.1", &["mobile", "datacenter"]),
            ("10.255.255.255", &["datacenter"]),
            ("11.0.0.0", &[]),
            ("::a01:207", &[]),
        ] {
            assert_eq!(tags(&networks, ip), expected, "{ip}");
        }
    }

    #[test]
    fn ipv4_stays_ipv4_however_it_comes() {
        let networks = networks(&[
            ("192.0.2.0/24", NetworkTag::Office),
            ("::/0", NetworkTag::Vpn),
            ("2001:db8::/32", NetworkTag::Mobile),
        ]);
        assert_eq!(tags(&networks, "::ffff:192.0.2.7"), ["office"]);
        assert_eq!(tags(&networks, "192.0.3.7"), [""; 0]);
        assert_eq!(tags(&networks, "2001:db8:ffff::1"), ["mobile", "vpn"]);
        assert_eq!(tags(&networks, "2001:db9::1"), ["vpn"]);
    }

    #[test]
    fn a_table_without_networks_tags_nobody() {
        let networks = Networks::default();
        assert!(networks.is_empty() && networks.tags(IpAddr::from([192, 0, 2, 7])).is_empty());
        assert_eq!(Networks::new(&BTreeSet::new()), networks);
    }

    #[test]
    fn the_whole_internet_and_one_address_are_networks_too() {
        let networks = networks(&[("0.0.0.0/0", NetworkTag::Shared), ("::1/128", NetworkTag::Office)]);
        assert_eq!(tags(&networks, "255.255.255.255"), ["shared"]);
        assert_eq!(tags(&networks, "::1"), ["office"]);
        assert_eq!(tags(&networks, "::2"), [""; 0]);
    }

    #[test]
    fn tags_are_told_apart() {
        let all: NetworkTags = NetworkTag::ALL.into_iter().collect();
        assert!(all.iter().eq(NetworkTag::ALL));
        for tag in NetworkTag::ALL {
            let one = NetworkTags::default().with(tag);
            assert_eq!(one.iter().collect::<Vec<_>>(), [tag]);
        }
        assert_eq!(
            format!("{:?}", NetworkTags::default().with(NetworkTag::Vpn)),
            r#"{"vpn"}"#
        );
    }

    /// The shortest time that 10,000 look-ups of 1,000 addresses, half of them listed, take.
    fn look_up_time(networks: &Networks, addresses: &[IpAddr]) -> Duration {
        let run = |_| {
            let begun = Instant::now();
            for ip in addresses.iter().cycle().take(10_000) {
                black_box(networks.tags(black_box(*ip)));
            }
            begun.elapsed()
        };
        (0..20).map(run).min().unwrap()
    }

    fn table_of(count: u32) -> (Networks, Vec<IpAddr>) {
        // Multiplying by an odd number spreads the prefixes over all addresses and repeats none.
        let spread = |n: u32| Ipv4Addr::from((n.wrapping_mul(0x9e_3779) & 0xff_ffff) << 8);
        let listed = (0..count).map(|n| (IpNet::new(spread(n).into(), 24).unwrap(), NetworkTag::Vpn));
        let networks = Networks::new(&listed.collect());
        assert_eq!(networks.len(), usize::try_from(count).unwrap());
        let addresses = (0..500_u32).flat_map(|n| {
            let listed = Ipv4Addr::from(u32::from(spread(n * 197 % count)) | 7);
            [
                IpAddr::from(listed),
                IpAddr::from(listed.to_bits().wrapping_add(0x1234_5678).to_be_bytes()),
            ]
        });
        (networks, addresses.collect())
    }

    #[test]
    fn a_look_up_among_100_000_prefixes_takes_about_as_long_as_among_10() {
        let (few, few_addresses) = table_of(10);
        let (many, many_addresses) = table_of(100_000);
        let times = || (look_up_time(&few, &few_addresses), look_up_time(&many, &many_addresses));
        // Ten thousand times the prefixes; a walk over them would take about as many times as long.
        let is_constant = |(few, many): &(Duration, Duration)| *many < 10 * *few;
        let mut tries: Vec<_> = Vec::new();
        while tries.len() < 20 && !tries.last().is_some_and(is_constant) {
            tries.push(times());
        }
        println!(
            "10,000 look-ups among 10 and among 100,000 prefixes: {:?}",
            tries.last().unwrap()
        );
        assert!(tries.last().is_some_and(is_constant), "{tries:?}");
    }

    /// A prefix of few bits, so that many nest.
    fn prefix() -> impl Strategy<Value = IpNet> {
        let v4 = (any::<u8>(), 0..=8_u8).prop_map(|(top, length)| IpNet::new(IpAddr::from([top, 0, 0, 0]), length));
        let v6 = (any::<u8>(), 112..=128_u8)
            .prop_map(|(last, length)| IpNet::new(IpAddr::from([0, 0, 0, 0, 0, 0, 0, u16::from(last)]), length));
        prop_oneof![v4, v6].prop_map(|net| net.unwrap().trunc())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_answer_is_that_of_a_walk_over_all_prefixes(
            listed in vec((prefix(), 0..6_usize), 0..40),
            last in any::<u8>(),
        ) {
            let listed: BTreeSet<_> = listed.into_iter().map(|(net, tag)| (net, NetworkTag::ALL[tag])).collect();
            let networks = Networks::new(&listed);
            for ip in [IpAddr::from([last, 1, 2, 3]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, u16::from(last)])] {
                let around = listed.iter().filter(|(net, _)| net.contains(&ip));
                prop_assert_eq!(networks.tags(ip), around.map(|(_, tag)| *tag).collect());
            }
        }
    }
}
