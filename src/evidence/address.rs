//! Where a connection comes from, out of the text that the proxy has for it; and addresses as proxies write them into headers.

use core::net::{IpAddr, Ipv6Addr};

/// The other end of a connection, as the proxy writes it: `192.0.2.7:4000`, `[2001:db8::1]:4000`, `/run/envoy.sock`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceAddress {
    /// An address and a port.
    Ip {
        /// The address. An IPv4 address that came mapped into IPv6 (`::ffff:192.0.2.7`) is the IPv4 address that it is; a scope
        /// id is left out, since it means something on one machine only.
        ip: IpAddr,
        /// The port; 0 when Envoy took the address from a header and so knows none.
        port: u16,
    },
    /// A Unix socket: a path, or `@` and a name.
    Unix,
    /// A listener inside the proxy, `envoy://…`.
    Internal,
}

/// What kind of address a connection comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AddressFamily {
    /// IPv4, also when it came mapped into IPv6.
    Ipv4,
    /// IPv6
    Ipv6,
    /// A Unix socket.
    Unix,
    /// A listener inside the proxy.
    Internal,
}

impl AddressFamily {
    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Unix => "unix",
            Self::Internal => "internal",
        }
    }
}

impl SourceAddress {
    /// The longest text that is one: a Unix socket's path has at most 107 bytes.
    pub const MAX: usize = 255;

    /// The address in `text`; none when that is no address, or an IP address without a port.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text = str::from_utf8(text).ok().filter(|text| text.len() <= Self::MAX)?;
        if text.chars().any(char::is_control) {
            return None;
        }
        if text.starts_with(['/', '@']) {
            return Some(Self::Unix);
        }
        if text.starts_with("envoy://") {
            return Some(Self::Internal);
        }
        let node = Node::parse(text)?;
        let port = node.port?;
        Some(Self::Ip { ip: node.ip, port })
    }

    /// The IP address, where it has one.
    pub const fn ip(self) -> Option<IpAddr> {
        match self {
            Self::Ip { ip, .. } => Some(ip),
            Self::Unix | Self::Internal => None,
        }
    }

    /// Its family.
    pub const fn family(self) -> AddressFamily {
        match self {
            Self::Ip { ip: IpAddr::V4(_), .. } => AddressFamily::Ipv4,
            Self::Ip { ip: IpAddr::V6(_), .. } => AddressFamily::Ipv6,
            Self::Unix => AddressFamily::Unix,
            Self::Internal => AddressFamily::Internal,
        }
    }
}

/// An IP address with or without a port: `192.0.2.7`, `192.0.2.7:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`; IPv6
/// with a scope id too, `fe80::1%eth0`. Without brackets, what stands behind an IPv6 address's last colon belongs to the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node {
    /// The address, unmapped and without its scope id.
    pub(super) ip: IpAddr,
    /// The port.
    pub(super) port: Option<u16>,
}

impl Node {
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Some(inner) = text.strip_prefix('[') {
            let (inner, behind) = inner.split_once(']')?;
            let port = match behind {
                "" => None,
                behind => Some(port(behind.strip_prefix(':')?)?),
            };
            return Some(Self::new(ipv6(inner)?.into(), port));
        }
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Some(Self::new(ip, None));
        }
        if let Some(ip) = ipv6(text) {
            return Some(Self::new(ip.into(), None));
        }
        let (ip, behind) = text.split_once(':')?;
        Some(Self::new(IpAddr::V4(ip.parse().ok()?), Some(port(behind)?)))
    }

    const fn new(ip: IpAddr, port: Option<u16>) -> Self {
        Self {
            ip: ip.to_canonical(),
            port,
        }
    }
}

/// An IPv6 address, with or without a scope id: a number, or the name of an interface (at most 15 bytes on Linux).
fn ipv6(text: &str) -> Option<Ipv6Addr> {
    let Some((ip, scope)) = text.split_once('%') else {
        return text.parse().ok();
    };
    let is_scope = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let is_named = (1..16).contains(&scope.len()) && scope.bytes().all(is_scope);
    ip.parse().ok().filter(|_| is_named)
}

fn port(text: &str) -> Option<u16> {
    let is_number = (1..6).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip_and_port(text: &str) -> Option<(String, u16)> {
        match SourceAddress::parse(text.as_bytes())? {
            SourceAddress::Ip { ip, port } => Some((ip.to_string(), port)),
            SourceAddress::Unix | SourceAddress::Internal => None,
        }
    }

    fn family(text: &str) -> Option<&'static str> {
        SourceAddress::parse(text.as_bytes()).map(|address| address.family().as_str())
    }

    #[test]
    fn an_address_is_read_with_its_port() {
        for (text, ip, port) in [
            ("192.0.2.7:4000", "192.0.2.7", 4_000),
            ("192.0.2.7:0", "192.0.2.7", 0),
            ("[2001:db8::1]:65535", "2001:db8::1", 65_535),
            ("[2001:DB8:0::1]:1", "2001:db8::1", 1),
            ("[fe80::1%2]:4000", "fe80::1", 4_000),
            ("[fe80::1%eth0.1]:4000", "fe80::1", 4_000),
        ] {
            assert_eq!(ip_and_port(text), Some((ip.to_owned(), port)), "{text}");
        }
    }

    #[test]
    fn an_ipv4_address_mapped_into_ipv6_is_an_ipv4_address() {
        for text in ["[::ffff:192.0.2.7]:80", "[::ffff:c000:207]:80", "192.0.2.7:80"] {
            assert_eq!(ip_and_port(text), Some(("192.0.2.7".to_owned(), 80)), "{text}");
            assert_eq!(family(text), Some("ipv4"), "{text}");
        }
        // Compatible addresses (RFC 4291, 2.5.5.1) are none: `::1` would be one.
        assert_eq!(family("[::192.0.2.7]:80"), Some("ipv6"));
    }

    #[test]
    fn what_has_no_ip_address_is_told_by_its_family() {
        for (text, name) in [
            ("/run/envoy.sock", "unix"),
            ("@layerprint/test", "unix"),
            ("envoy://internal/1", "internal"),
            ("[::1]:1", "ipv6"),
        ] {
            assert_eq!(family(text), Some(name), "{text}");
        }
        assert_eq!(SourceAddress::parse(b"/run/envoy.sock").unwrap().ip(), None);
    }

    #[test]
    fn what_is_no_address_with_a_port_is_none() {
        for text in [
            "",
            "-",
            "localhost:80",
            "192.0.2.7",
            "192.0.2.7:",
            "192.0.2.7:+80",
            "192.0.2.7:65536",
            "192.0.2.7:000080",
            "192.0.2.07:80",
            "192.0.2:80",
            " 192.0.2.7:80",
            "192.0.2.7:80 ",
            "2001:db8::1",
            "[2001:db8::1]",
            "[2001:db8::1]80",
            "[2001:db8::1]:",
            "[2001:db8::1:80",
            "[192.0.2.7]:80",
            "[fe80::1%]:80",
            "[fe80::1%a b]:80",
            "[fe80::1%aaaaaaaaaaaaaaaa]:80",
            "192.0.2.7%1:80",
            "/run/\nenvoy.sock",
        ] {
            assert_eq!(SourceAddress::parse(text.as_bytes()), None, "{text:?}");
        }
        assert_eq!(SourceAddress::parse(&[b'1', 0xff]), None);
        assert_eq!(SourceAddress::parse(&[b'/'; 256]), None);
    }
}
