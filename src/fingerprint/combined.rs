//! Our own combined fingerprint: `lp1_<tcp>_<tls>_<http>`, one part for each layer, so that parts compare alone.
//!
//! Each part is 12 hex digits over a canonical text that leaves out what changes between two connections of one client:
//! resumption, port, path, hour. A part without evidence is twelve zeros. The prefix of each canonical text says which kind
//! of evidence it was made from, so that the same client seen through weaker evidence is another value, not a false match.

use super::{digest, digest::Hex, http2, order::CaseClass, order::OrderDigest, tcp};
use crate::evidence::ReportedJa4;
use crate::wire::{http1::Version, syn::Syn};
use core::fmt;

/// One part.
pub type Part = Hex<12>;

/// The combined fingerprint. Displays as `lp1_…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lp1 {
    /// What the TCP stack is.
    pub tcp: Part,
    /// What the TLS library is.
    pub tls: Part,
    /// What the HTTP library is.
    pub http: Part,
}

impl Lp1 {
    /// No evidence for any part.
    pub const UNSEEN: Self = Self {
        tcp: Part::ZERO,
        tls: Part::ZERO,
        http: Part::ZERO,
    };
}

impl fmt::Display for Lp1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lp1_{}_{}_{}", self.tcp, self.tls, self.http)
    }
}

/// The TCP part: `syn:` and the signature without what depends on the path, as [`tcp::TcpPart`] writes it.
pub fn tcp_part_of_syn(syn: &Syn) -> Part {
    digest::sha256_12(&tcp::TcpPart(syn))
}

/// The TLS part when only the proxy's JA4 is known: `envoy-ja4:` and its stable fields.
pub fn tls_part_of_reported(ja4: &ReportedJa4) -> Part {
    digest::sha256_12(&format_args!("envoy-ja4:{}", ja4.stable()))
}

/// The HTTP part of an HTTP/2 connection: `h2:`, the HTTP/2 form, the header-order digest.
pub fn http_part_of_http2(form: &http2::Fingerprint<'_>, order: &OrderDigest) -> Part {
    digest::sha256_12(&format_args!("h2:{form}:{order}"))
}

/// The HTTP part of an HTTP/1 connection: `h1:`, the version, the case of its header names, the header-order digest.
pub fn http_part_of_http1(version: Version, case: Option<CaseClass>, order: &OrderDigest) -> Part {
    let version = match version {
        Version::Http10 => "1.0",
        Version::Http11 => "1.1",
    };
    let case = case.map_or("none", CaseClass::as_str);
    digest::sha256_12(&format_args!("h1:{version}:{case}:{order}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tls_part_outlives_resumption_and_a_change_of_site() {
        let part = |text: &str| tls_part_of_reported(&ReportedJa4::parse(text.as_bytes()).unwrap());
        let first = part("t13d1516h2_8daaf6152771_e5627efa2ab1");
        assert_eq!(first, part("t13i1517h1_8daaf6152771_43736b97bd57"));
        assert_ne!(first, part("t12d1516h2_8daaf6152771_e5627efa2ab1"));
        assert_ne!(first, part("t13d1516h2_8daaf6152772_e5627efa2ab1"));
    }

    #[test]
    fn an_unseen_client_has_zeros() {
        assert_eq!(Lp1::UNSEEN.to_string(), "lp1_000000000000_000000000000_000000000000");
    }
}
