//! What holds for any bytes read as `X-Forwarded-For` headers.

use layerprint::evidence::forwarded::{
    ClientAddress, Forwarded, Found, MAX_HOPS, MAX_SCANNED, MAX_TRUSTED_HOPS, PeerEntry, Trust,
};
use layerprint::evidence::{Evidence, Reason, SourceAddress};
use std::net::{IpAddr, SocketAddr};

/// The peers that there are: one with an address, one whose address Envoy does not write, one without, one unknown.
const PEERS: [&str; 4] = ["10.0.0.9:4000", "127.0.0.1:4000", "/run/envoy.sock", ""];

/// Checks every law for `bytes`; panics at the first that is broken. The first byte says how many proxies are trusted, `A` for
/// one, and a small letter that Envoy has added its peer; `|` parts the headers.
pub(crate) fn holds(bytes: &[u8]) {
    let Some((first, headers)) = bytes.split_first() else {
        return;
    };
    let trust = Trust {
        hops: (first & 0x1f).min(MAX_TRUSTED_HOPS),
        peer_entry: if first & 0x20 == 0 {
            PeerEntry::Absent
        } else {
            PeerEntry::Appended
        },
    };
    let lines: Vec<&[u8]> = headers.split(|byte| *byte == b'|').collect();
    for peer in PEERS {
        let absent = Evidence::Missing(Reason::NoConnectionRole);
        let peer = SourceAddress::parse(peer.as_bytes()).map_or(absent, Evidence::Seen);
        read_holds(&lines, &peer, trust);
    }
}

fn read_holds(lines: &[&[u8]], peer: &Evidence<SourceAddress>, trust: Trust) {
    let answer = Forwarded::read(lines, peer, trust);
    assert!(answer.claimed <= MAX_HOPS);
    if let Evidence::Seen(ClientAddress { ip, found }) = answer.client {
        assert_eq!(ip, ip.to_canonical(), "no address stays mapped");
        let expected = if trust.hops == 0 {
            Found::Peer
        } else {
            Found::Forwarded(trust.hops)
        };
        assert_eq!(found, expected);
    }
    let joined = lines.join(&b',');
    assert_eq!(
        Forwarded::read(&[&joined], peer, trust),
        answer,
        "several headers are one list"
    );
    let ends_with_peer = trust.peer_entry == PeerEntry::Appended && peer.seen().is_none_or(|peer| peer.ip().is_some());
    let wanted = usize::from(trust.hops) + usize::from(ends_with_peer);
    let entries: Vec<&[u8]> = joined.split(|byte| *byte == b',').collect();
    if trust.hops == 0 || entries.len() >= wanted {
        forged_entries_change_nothing(&answer, &joined, peer, trust);
    }
    if joined.len() < MAX_SCANNED && trust.hops > 0 {
        let own = ends_with_peer.then(|| peer.seen().and_then(|peer| peer.ip()));
        assert_eq!(
            answer.client,
            naive(&entries, trust.hops, own),
            "{:?}",
            joined.escape_ascii().to_string()
        );
    }
    honest_entries_are_found(&joined, peer, trust, ends_with_peer);
}

/// More entries at the left, whatever they are.
fn forged_entries_change_nothing(answer: &Forwarded, joined: &[u8], peer: &Evidence<SourceAddress>, trust: Trust) {
    let reversed: Vec<u8> = joined.iter().rev().copied().collect();
    let many = b"6.6.6.6,".repeat(100);
    // The one that is over every bound takes long: it comes with every 16th header.
    let long = [0xff; MAX_SCANNED + 1];
    let long = if joined.len().is_multiple_of(16) {
        &long[..]
    } else {
        &[]
    };
    for forged in [&b"6.6.6.6"[..], &reversed, &many, long] {
        let more = Forwarded::read(&[&[forged, b",", joined].concat()], peer, trust);
        assert_eq!(more.client, answer.client, "{:?}", forged.escape_ascii().to_string());
        assert!(more.claimed >= answer.claimed);
        assert_eq!(Forwarded::read(&[forged, joined], peer, trust), more);
    }
}

/// Whatever came, what trusted proxies add behind it is found.
fn honest_entries_are_found(joined: &[u8], peer: &Evidence<SourceAddress>, trust: Trust, ends_with_peer: bool) {
    let mut line = joined.to_vec();
    for hop in 0..trust.hops {
        line.extend(format!(", 192.0.2.{hop}").bytes());
    }
    if ends_with_peer {
        line.extend(b", 10.0.0.9");
    }
    let client = Forwarded::read(&[&line], peer, trust).client;
    if trust.hops > 0 {
        assert_eq!(
            client.seen().map(|client| client.ip),
            Some(IpAddr::from([192, 0, 2, 0]))
        );
    }
}

/// The client among all entries of a short list, which may end with the entry of a peer that may be known.
fn naive(entries: &[&[u8]], hops: u8, own: Option<Option<IpAddr>>) -> Evidence<ClientAddress> {
    let mut entries = entries.to_vec();
    let mut addresses = Vec::new();
    if let Some(known) = own {
        let last = entries.pop().unwrap();
        match (known, address(last)) {
            (_, None) => return Evidence::Missing(Reason::Malformed),
            (Some(known), found) if !known.is_loopback() && found != Some(Some(known)) => {
                return Evidence::Missing(Reason::Malformed);
            }
            _ => {}
        }
    }
    for _ in 0..hops {
        match entries.pop().map(address) {
            None => return Evidence::Missing(Reason::NotProvided),
            Some(None) => return Evidence::Missing(Reason::Malformed),
            Some(Some(found)) => addresses.push(found),
        }
    }
    let found = Found::Forwarded(hops);
    let client = addresses
        .last()
        .copied()
        .flatten()
        .map(|ip| ClientAddress { ip, found });
    client.map_or(Evidence::Missing(Reason::NotProvided), Evidence::Seen)
}

/// The address that an entry names, or that it names none; none when it is neither.
fn address(entry: &[u8]) -> Option<Option<IpAddr>> {
    let text = std::str::from_utf8(entry).ok()?.trim_matches([' ', '\t']);
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    if text.eq_ignore_ascii_case("unknown") || text.strip_prefix('_').is_some_and(is_name) {
        return Some(None);
    }
    let mut plain = text.to_owned();
    if let Some((before, behind)) = text.split_once('%') {
        let (scope, end) = behind.split_at(behind.find(']').unwrap_or(behind.len()));
        let is_ipv6 = before.trim_start_matches('[').parse::<std::net::Ipv6Addr>().is_ok();
        if !is_ipv6 || !is_name(scope) || scope.len() > 15 {
            return None;
        }
        plain = format!("{before}{end}");
    }
    let bare = plain.strip_prefix('[').and_then(|inner| inner.strip_suffix(']'));
    let ip = match bare {
        Some(inner) => IpAddr::V6(inner.parse().ok()?),
        None => match plain.parse::<IpAddr>() {
            Ok(ip) => ip,
            // The library also reads ports with any number of zeros in front.
            Err(_) if plain.len() - plain.rfind(':')? > 6 => return None,
            Err(_) => plain.parse::<SocketAddr>().ok()?.ip(),
        },
    };
    Some(Some(ip.to_canonical()))
}
