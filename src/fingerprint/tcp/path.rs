//! What the MSS of a SYN says of the path: the sender's link leaves it, or a router that lowered it.

use crate::wire::syn::{IpVersion, Syn};

/// The link that an MSS is usual on. The bounds are those of IPv4; over IPv6 all are 20 bytes less, as its header is 20 bytes more.
///
/// An MSS is the MTU less the IP and TCP headers (RFC 9293, 3.7.1). The classes say what is usual, no more: a tunnel may leave any
/// MSS, and a server behind a load balancer may see the balancer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MssClass {
    /// Under 536, what RFC 9293, 3.7.1 has a peer assume when there is none: small devices, tests, attacks.
    Tiny,
    /// 536 to 1360: mobile networks, tunnels in tunnels; IPv6's least MTU of 1280 (RFC 8200, 5) is here.
    MobileOrNested,
    /// 1361 to 1451: one tunnel. An MTU of 1420 is WireGuard's (its wg-quick), 1476 that of GRE (RFC 2784: 24 bytes over IPv4), 1480
    /// that of IP in IP and 6in4 (RFC 2003, RFC 4213); IPsec leaves about 1400 to 1440.
    Tunnel,
    /// 1452, PPPoE's MTU of 1492 (RFC 2516, 7), to 1459: some bytes of the link's own.
    Pppoe,
    /// 1460: Ethernet's MTU of 1500 (RFC 894, RFC 2464).
    Ethernet,
    /// Over that: jumbo frames, in data centres.
    Jumbo,
    /// From 16344 on: the loopback interface of macOS (MTU 16384) or Linux (65536), so the client is this machine.
    Loopback,
}

impl MssClass {
    /// The class of the MSS in `syn`; none when it has none.
    pub fn of(syn: &Syn) -> Option<Self> {
        let more = match syn.ip.version {
            IpVersion::V4 { .. } => 0,
            IpVersion::V6 { .. } => 20,
        };
        let mss = syn.tcp.options.max_segment_size()?;
        if mss < 536 {
            return Some(Self::Tiny);
        }
        Some(match mss.saturating_add(more) {
            ..=1_360 => Self::MobileOrNested,
            1_361..=1_451 => Self::Tunnel,
            1_452..=1_459 => Self::Pppoe,
            1_460 => Self::Ethernet,
            1_461..=16_343 => Self::Jumbo,
            16_344.. => Self::Loopback,
        })
    }

    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Tiny,
        Self::MobileOrNested,
        Self::Tunnel,
        Self::Pppoe,
        Self::Ethernet,
        Self::Jumbo,
        Self::Loopback,
    ];

    /// The class of this stable name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == name)
    }

    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tiny => "tiny",
            Self::MobileOrNested => "mobile-or-nested",
            Self::Tunnel => "tunnel",
            Self::Pppoe => "pppoe",
            Self::Ethernet => "ethernet",
            Self::Jumbo => "jumbo",
            Self::Loopback => "loopback",
        }
    }
}
