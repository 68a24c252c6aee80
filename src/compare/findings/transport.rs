//! Layer 4: what the SYN and the path say.

use super::{Claimed, Finding, seen};
use crate::clients::stacks::{Fit, Kind as StackKind, Named};
use crate::compare::code::Code;
use crate::compare::score::Layer;
use crate::compare::view::{Known, View};
use crate::evidence::claims::{Kind, Platform};
use crate::evidence::{Micros, NetworkTag, NetworkTags};
use crate::fingerprint::tcp::MssClass;

/// What an odd transport weighs on a network that is known for it: it shows, and changes nothing by itself.
const SOFTENED: u8 = 15;

/// What it weighs where the stack is less sure than this, in hundredths: never enough to make the layer high.
const SURE: u8 = 80;
const UNSURE: u8 = 40;

/// From here on a gap is a way, and no slow computer. A direct client's gap holds the work of the handshake itself: 4 to 33 ms
/// were measured for tools on a loaded machine, over 50 for a browser that was just starting.
const GAP: Micros = Micros::new(100_000);

/// Networks on which the transport is often not the client's own: what opens the connection there is a gateway.
fn is_rewritten(networks: NetworkTags) -> bool {
    [NetworkTag::Mobile, NetworkTag::Shared, NetworkTag::Vpn]
        .into_iter()
        .any(|tag| networks.has(tag))
}

impl Finding {
    /// The same, softened where it is about the transport and the network is known for an odd one.
    #[must_use]
    pub fn softened_on(self, networks: NetworkTags) -> Self {
        if self.code.layer() == Layer::Transport && is_rewritten(networks) {
            self.at_most(SOFTENED)
        } else {
            self
        }
    }
}

/// The claimed platform does not run on what wrote the SYN.
///
/// TCP is the operating system's: a program that lies about its platform would have to write its own packets. But gateways, virtual
/// machines and proxies open connections of their own, so this is a reason to ask, and no proof. What a crawler says it renders as,
/// and the platform in a tool's name, are no claims about the machine.
pub(super) fn os_tcp_ua(view: &View<'_>, known: Known<'_>, claimed: Option<&Claimed<'_>>) -> Option<Finding> {
    let named = seen(&view.stack)?;
    let claimed =
        claimed.filter(|claimed| !matches!(claimed.agent.kind, Kind::Tool | Kind::Crawler | Kind::Monitor))?;
    let hinted = view.claims.hints.platform.seen().map(|hint| hint.platform());
    let platforms = [Some(claimed.agent.platform), hinted];
    let contradicted = |platform: &Platform| known.stacks.could_run(named, *platform) == Fit::Contradicts;
    let platform = platforms.into_iter().flatten().find(contradicted)?;
    let finding = Finding::new(
        Code::OsTcpUa,
        format!(
            "the SYN was written by {}, and the client claims to run on {}, which does not run on it",
            stack_name(named),
            platform.as_str()
        ),
    );
    Some(match named {
        _ if is_rewritten(view.networks) => finding.at_most(SOFTENED),
        Named::Known { confidence, .. } if confidence.hundredths() < SURE => finding.at_most(UNSURE),
        Named::Known { .. } | Named::Ambiguous(..) | Named::Unknown => finding,
    })
}

fn stack_name(named: &Named) -> String {
    match named {
        Named::Ambiguous(first, second) => format!("{first} or {second}"),
        Named::Known { .. } | Named::Unknown => named.as_str().to_owned(),
    }
}

/// The SYN is a scanner's. No network makes one of an ordinary SYN.
pub(super) fn scanner_syn(view: &View<'_>) -> Option<Finding> {
    match seen(&view.stack)? {
        Named::Known {
            name,
            kind: StackKind::Scanner,
            confidence,
            ..
        } => {
            let finding = Finding::new(Code::ScannerSyn, format!("the SYN was written by the scanner {name}"));
            Some(if confidence.hundredths() < SURE {
                finding.at_most(UNSURE)
            } else {
                finding
            })
        }
        _ => None,
    }
}

/// The path has a tunnel on it. Where the network is known for that, nothing is odd about it.
pub(super) fn tunnel_mss(view: &View<'_>) -> Option<Finding> {
    let is_tunnel = view.mss_class == Some(MssClass::Tunnel) && !is_rewritten(view.networks);
    is_tunnel.then(|| Code::TunnelMss.into())
}

/// Something between opens TCP for the client and passes TLS on.
pub(super) fn rtt_gap(view: &View<'_>) -> Option<Finding> {
    let gap = seen(&view.rtt_gap).filter(|gap| *gap >= GAP)?;
    let finding = Finding::new(
        Code::RttGap,
        format!(
            "TLS ends {} ms further away than TCP does: something between opens connections for the client",
            gap.count() / 1_000
        ),
    );
    Some(if is_rewritten(view.networks) {
        finding.at_most(5)
    } else {
        finding
    })
}
