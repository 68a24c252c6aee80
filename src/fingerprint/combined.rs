//! Our own combined fingerprint: `lp1_<tcp>_<tls>_<http>`, one part for each layer, so that parts compare alone.
//!
//! Each part is 12 hex digits over a canonical text that leaves out what changes between two connections of one client:
//! resumption, port, path, hour. A part without evidence is twelve zeros. The prefix of each canonical text says which kind
//! of evidence it was made from, so that the same client seen through weaker evidence is another value, not a false match.

use super::{ascii::Ascii, digest, http2, order::CaseClass, order::OrderDigest, tcp};
use crate::evidence::ReportedJa4;
use crate::wire::{http1::Version, syn::Syn};
use core::fmt;

/// One part.
pub type Part = Ascii<12>;

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
        tcp: Part::ZEROS,
        tls: Part::ZEROS,
        http: Part::ZEROS,
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

/// What the HTTP part is made from. Displays as its canonical text.
#[derive(Clone, Copy, Debug)]
pub enum HttpPart<'a> {
    /// An HTTP/2 connection: `h2:`, the HTTP/2 form, the header-order digest.
    Http2 {
        /// The form.
        form: &'a http2::Fingerprint<'a>,
        /// The digest.
        order: OrderDigest,
    },
    /// An HTTP/1 connection: `h1:`, the version, the case of its header names, the header-order digest.
    Http1 {
        /// The version.
        version: Version,
        /// The case; none when there are no headers.
        case: Option<CaseClass>,
        /// The digest.
        order: OrderDigest,
    },
}

impl HttpPart<'_> {
    /// The part as `lp1` shows it.
    pub fn digest(&self) -> Part {
        digest::sha256_12(self)
    }
}

impl fmt::Display for HttpPart<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http2 { form, order } => write!(f, "h2:{form}:{order}"),
            Self::Http1 { version, case, order } => {
                let version = match version {
                    Version::Http10 => "1.0",
                    Version::Http11 => "1.1",
                };
                let case = case.map_or("none", CaseClass::as_str);
                write!(f, "h1:{version}:{case}:{order}")
            }
        }
    }
}

/// The HTTP part of an HTTP/2 connection.
pub fn http_part_of_http2(form: &http2::Fingerprint<'_>, order: &OrderDigest) -> Part {
    HttpPart::Http2 { form, order: *order }.digest()
}

/// The HTTP part of an HTTP/1 connection.
pub fn http_part_of_http1(version: Version, case: Option<CaseClass>, order: &OrderDigest) -> Part {
    let order = *order;
    HttpPart::Http1 { version, case, order }.digest()
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
    fn the_http_part_is_the_digest_of_the_text_it_shows() {
        let order = digest::sha256_12(&"host,accept");
        let part = HttpPart::Http1 {
            version: Version::Http11,
            case: Some(CaseClass::Title),
            order,
        };
        assert_eq!(part.to_string(), format!("h1:1.1:title:{order}"));
        assert_eq!(part.digest(), digest::sha256_12(&part.to_string()));
        assert_eq!(
            part.digest(),
            http_part_of_http1(Version::Http11, Some(CaseClass::Title), &order)
        );
    }

    #[test]
    fn an_unseen_client_has_zeros() {
        assert_eq!(Lp1::UNSEEN.to_string(), "lp1_000000000000_000000000000_000000000000");
    }
}
