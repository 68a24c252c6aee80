//! What holds for any bytes read as the address that a connection comes from.

use layerprint::evidence::{AddressFamily, SourceAddress};
use std::net::{IpAddr, SocketAddr};

/// Checks every law for `bytes`; panics at the first that is broken.
pub(crate) fn holds(bytes: &[u8]) {
    let answer = SourceAddress::parse(bytes);
    assert_eq!(SourceAddress::parse(bytes), answer, "the same bytes, the same answer");
    let text = std::str::from_utf8(bytes).ok();
    let is_clean = |text: &&str| text.len() <= SourceAddress::MAX && !text.chars().any(char::is_control);
    let Some(text) = text.filter(is_clean) else {
        assert_eq!(answer, None, "not one short line of text");
        return;
    };
    match answer {
        Some(SourceAddress::Ip { ip, port }) => {
            assert_eq!(ip, ip.to_canonical(), "no address stays mapped");
            let again = SocketAddr::new(ip, port).to_string();
            assert_eq!(SourceAddress::parse(again.as_bytes()), answer, "written and read again");
            let other = without_scope(text).parse().expect("the library reads it too");
            assert_eq!(SocketAddr::new(ip, port), unmapped(other));
        }
        Some(SourceAddress::Unix) => assert!(text.starts_with(['/', '@'])),
        Some(SourceAddress::Internal) => assert!(text.starts_with("envoy://")),
        // The library also reads ports with any number of zeros in front.
        None => assert!(
            text.parse::<SocketAddr>().is_err() || text.len() - text.rfind(':').unwrap() > 6,
            "{text}"
        ),
    }
    let family = match answer.map(|answer| (answer.ip(), answer.family())) {
        Some((Some(IpAddr::V4(_)), family)) => family == AddressFamily::Ipv4,
        Some((Some(IpAddr::V6(_)), family)) => family == AddressFamily::Ipv6,
        Some((None, family)) => matches!(family, AddressFamily::Unix | AddressFamily::Internal),
        None => true,
    };
    assert!(family, "{answer:?}");
}

/// The library reads no scope id that is a name.
fn without_scope(text: &str) -> String {
    match text.split_once('%') {
        None => text.to_owned(),
        Some((before, behind)) => format!("{before}]{}", behind.split_once(']').map_or("", |(_, port)| port)),
    }
}

fn unmapped(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}
