//! The hosts that a route holds for: one by its name, or all below one.

/// A host, or all hosts below one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HostPattern {
    /// `example.com`
    Exact(Box<str>),
    /// `*.example.com`: all below it, at any depth, and not it itself. What stands behind `*.`.
    Below(Box<str>),
}

impl HostPattern {
    /// The longest name of a host (RFC 1035, 2.3.4).
    pub const MAX: usize = 255;

    /// Reads `example.com`, `*.example.com`, `192.0.2.7` or `[2001:db8::1]`, in any case and without a port.
    pub fn parse(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        if let Some(ip) = lower.strip_prefix('[') {
            ip.strip_suffix(']')?.parse::<core::net::Ipv6Addr>().ok()?;
            return Some(Self::Exact(lower.into()));
        }
        match lower.strip_prefix("*.") {
            Some(below) => is_name(below).then(|| Self::Below(below.into())),
            None => is_name(&lower).then(|| Self::Exact(lower.into())),
        }
    }
}

fn is_name(name: &str) -> bool {
    let in_label = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_label = |label: &str| (1..64).contains(&label.len()) && label.bytes().all(in_label);
    name.len() <= HostPattern::MAX && name.split('.').all(is_label)
}
