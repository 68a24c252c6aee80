//! A client's TLS in the roughest words: the highest version that it offers and the protocol that it wants most. Few enough to
//! be a counter's label, whatever clients send.

use core::fmt;

/// The version and the protocol. Displays as `VERSION.alpn.PROTOCOL`, the end of a counter's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TlsFamily {
    version: &'static str,
    alpn: &'static str,
}

impl TlsFamily {
    /// TLS of which no more is known.
    pub const UNKNOWN: Self = Self {
        version: "other",
        alpn: "other",
    };

    /// That of a JA4, whoever computed it: its part a has both.
    pub fn of_ja4(ja4: &str) -> Self {
        const VERSIONS: [&str; 6] = ["13", "12", "11", "10", "s3", "s2"];
        const PROTOCOLS: [(&str, &str); 4] = [("h2", "h2"), ("h1", "h1"), ("h3", "h3"), ("00", "none")];
        let version = ja4.get(1..3).unwrap_or_default();
        let alpn = ja4.get(8..10).unwrap_or_default();
        let known = PROTOCOLS.into_iter().find(|(characters, _)| *characters == alpn);
        Self {
            version: VERSIONS.into_iter().find(|known| *known == version).unwrap_or("other"),
            alpn: known.map_or("other", |(_, name)| name),
        }
    }
}

impl fmt::Display for TlsFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.alpn.{}", self.version, self.alpn)
    }
}

#[cfg(test)]
mod tests {
    use super::TlsFamily;

    #[test]
    fn whatever_a_client_sends_there_are_few_families() {
        let family = |ja4: &str| TlsFamily::of_ja4(ja4).to_string();
        assert_eq!(family("t13d1516h2_8daaf6152771_e5627efa2ab1"), "13.alpn.h2");
        assert_eq!(family("t12i1500h1_8daaf6152771_e5627efa2ab1"), "12.alpn.h1");
        assert_eq!(family("t13d311000_e8f1e7e78f70_1f22a2ca17c4"), "13.alpn.none");
        assert_eq!(family("t99d1516zz_8daaf6152771_e5627efa2ab1"), "other.alpn.other");
        assert_eq!(family(""), "other.alpn.other");
    }
}
