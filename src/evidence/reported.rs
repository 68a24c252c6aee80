//! JA3 and JA4 as the proxy reports them: text that we did not compute and so do not trust further than its shape.
//!
//! Envoy's JA4 hashes GREASE signature algorithms (envoy#46658), so its third part can change on every connection of one
//! browser. Parts a and b are sound.

use core::fmt;

/// An MD5 in 32 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ReportedJa3([u8; 32]);

impl ReportedJa3 {
    /// The fingerprint in `text`; none when that is no JA3.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let digits = <[u8; 32]>::try_from(text).ok()?;
        digits.iter().all(|digit| is_hex(*digit)).then_some(Self(digits))
    }

    /// The 32 digits.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for ReportedJa3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ReportedJa3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A JA4: part a (10 characters; 12 from Envoys before 2026-07 for some ALPNs), b and c (12 hex digits each).
#[derive(Clone, PartialEq, Eq)]
pub struct ReportedJa4(Box<str>);

impl ReportedJa4 {
    /// The fingerprint in `text`; none when that is no JA4.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text = str::from_utf8(text).ok()?;
        let mut parts = text.split('_');
        let (a, b, c) = (parts.next()?, parts.next()?, parts.next()?);
        let is_a = matches!(a.len(), 10 | 12)
            && a.starts_with(['t', 'q', 'd'])
            && a.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let is_hash = |part: &str| part.len() == 12 && part.bytes().all(is_hex);
        (is_a && is_hash(b) && is_hash(c) && parts.next().is_none()).then(|| Self(text.into()))
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What of it is the same on every connection of one client, whether it resumes or not: transport, version and number of
    /// ciphers out of part a, and part b. SNI, ALPN and the number of extensions change with the site and with resumption;
    /// part c is Envoy's broken one.
    pub fn stable(&self) -> impl fmt::Display + '_ {
        let (a, rest) = self.0.split_once('_').unwrap_or_default();
        StableJa4 {
            transport_and_version: a.get(..3).unwrap_or_default(),
            ciphers: a.get(4..6).unwrap_or_default(),
            b: rest.get(..12).unwrap_or_default(),
        }
    }
}

impl fmt::Display for ReportedJa4 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ReportedJa4 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

struct StableJa4<'a> {
    transport_and_version: &'a str,
    ciphers: &'a str,
    b: &'a str,
}

impl fmt::Display for StableJa4<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}_{}", self.transport_and_version, self.ciphers, self.b)
    }
}

const fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_shape_of_a_ja4_is_a_ja4() {
        let parse = |text: &str| ReportedJa4::parse(text.as_bytes()).map(|ja4| ja4.stable().to_string());
        assert_eq!(
            parse("t13d1516h2_8daaf6152771_e5627efa2ab1").as_deref(),
            Some("t1315_8daaf6152771")
        );
        assert_eq!(
            parse("t13d1517h2_8daaf6152771_43736b97bd57").as_deref(),
            Some("t1315_8daaf6152771")
        );
        assert_eq!(
            parse("t13i1516abcd_8daaf6152771_e5627efa2ab1").as_deref(),
            Some("t1315_8daaf6152771")
        );
        for wrong in [
            "",
            "-",
            "t13d1516h2",
            "t13d1516h2_8daaf6152771",
            "x13d1516h2_8daaf6152771_e5627efa2ab1",
            "t13d1516h2_8daaf6152771_e5627efa2ab1_",
            "t13d1516h2_8daaf6152771_E5627EFA2AB1",
            "t13d151\u{e9}2_8daaf6152771_e5627efa2ab1",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn only_32_hex_digits_are_a_ja3() {
        assert!(ReportedJa3::parse(b"d41d8cd98f00b204e9800998ecf8427e").is_some());
        for wrong in [
            &b""[..],
            b"d41d8cd98f00b204e9800998ecf8427",
            b"D41D8CD98F00B204E9800998ECF8427E",
            &[0xff; 32],
        ] {
            assert_eq!(ReportedJa3::parse(wrong), None);
        }
    }
}
