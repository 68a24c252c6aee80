//! What can be found, by its stable code: the layer that it speaks for, its weight, and why that is its weight.
//!
//! Weights follow from what an innocent client has to do with a finding. From [`Score::HIGH`] on, one finding makes its layer high:
//! only what no unmodified client shows by itself weighs so much. What innocent clients show now and then stays below that
//! even in pairs, and ends at `log` in every ladder that is shipped.

use super::score::{Layer, Score};

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// The SYN was written by an operating system on which the claimed platform does not run.
    OsTcpUa,
    /// The SYN was written by a scanner, byte by byte.
    ScannerSyn,
    /// The MSS is one that tunnels leave.
    TunnelMss,
    /// The way to where TLS ends is much longer than the way to where TCP ends: something between speaks TCP for the client.
    RttGap,
    /// The TLS is none that the claimed client sends.
    TlsUa,
    /// The HTTP/2 opening is none that the claimed client sends.
    H2Ua,
    /// No client sends this TLS with this HTTP/2.
    H2Tls,
    /// The Client Hints and the User-Agent name different browsers, or versions, or one names none.
    HintsUa,
    /// The Client Hints and the User-Agent name different platforms.
    HintsPlatform,
    /// A browser that always sends Fetch Metadata sent none.
    FetchMetadataMissing,
    /// Headers that every browser sends with every request did not come.
    HeadersMissing,
    /// The headers do not come in the order in which the claimed client writes them.
    OrderFamily,
    /// The TLS is one that tools have, and the request does not say that it is from one.
    ToolTls,
    /// A crawler is claimed, and the address is none of its operator's.
    CrawlerUnverified,
    /// The client sent headers that are ours to set.
    ForgedAnnotation,
    /// One shape comes from ever new networks to what is dear, and to little else.
    Rotation,
    /// Most of the logins of the network or the shape have failed, and they were many.
    LoginFailures,
    /// A browser is claimed that asks for what is dear again and again, and never for a page or a part of one.
    NoNavigation,
    /// One call is made again and again.
    Hammering,
    /// Requests come as regularly as no person sends them.
    RegularPacing,
    /// The client asks for one route, where others ask for many.
    RouteConcentration,
    /// What the client asks for is never in the cache, where what others ask for is.
    CacheBusting,
    /// The source opens many connections, and nearly all come to nothing.
    ConnectionFlood,
}

impl Code {
    /// All codes.
    pub const ALL: [Self; 23] = [
        Self::OsTcpUa,
        Self::ScannerSyn,
        Self::TunnelMss,
        Self::RttGap,
        Self::TlsUa,
        Self::H2Ua,
        Self::H2Tls,
        Self::HintsUa,
        Self::HintsPlatform,
        Self::FetchMetadataMissing,
        Self::HeadersMissing,
        Self::OrderFamily,
        Self::ToolTls,
        Self::CrawlerUnverified,
        Self::ForgedAnnotation,
        Self::Rotation,
        Self::LoginFailures,
        Self::NoNavigation,
        Self::Hammering,
        Self::RegularPacing,
        Self::RouteConcentration,
        Self::CacheBusting,
        Self::ConnectionFlood,
    ];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OsTcpUa => "os-tcp-ua",
            Self::ScannerSyn => "scanner-syn",
            Self::TunnelMss => "tunnel-mss",
            Self::RttGap => "rtt-gap",
            Self::TlsUa => "tls-ua",
            Self::H2Ua => "h2-ua",
            Self::H2Tls => "h2-tls",
            Self::HintsUa => "hints-ua",
            Self::HintsPlatform => "hints-platform",
            Self::FetchMetadataMissing => "fetch-metadata-missing",
            Self::HeadersMissing => "headers-missing",
            Self::OrderFamily => "order-family",
            Self::ToolTls => "tool-tls",
            Self::CrawlerUnverified => "crawler-unverified",
            Self::ForgedAnnotation => "forged-annotation",
            Self::Rotation => "rotation",
            Self::LoginFailures => "login-failures",
            Self::NoNavigation => "no-navigation",
            Self::Hammering => "hammering",
            Self::RegularPacing => "regular-pacing",
            Self::RouteConcentration => "route-concentration",
            Self::CacheBusting => "cache-busting",
            Self::ConnectionFlood => "connection-flood",
        }
    }

    /// The code of this stable name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == name)
    }

    /// Whether it is found over several requests or connections, and so cannot be told from one alone.
    pub const fn is_remembered(self) -> bool {
        matches!(
            self,
            Self::Rotation
                | Self::LoginFailures
                | Self::NoNavigation
                | Self::Hammering
                | Self::RegularPacing
                | Self::RouteConcentration
                | Self::CacheBusting
                | Self::ConnectionFlood
        )
    }

    /// The layer that it speaks for.
    pub const fn layer(self) -> Layer {
        match self {
            Self::OsTcpUa | Self::ScannerSyn | Self::TunnelMss | Self::RttGap | Self::ConnectionFlood => {
                Layer::Transport
            }
            Self::TlsUa
            | Self::H2Ua
            | Self::H2Tls
            | Self::HintsUa
            | Self::HintsPlatform
            | Self::FetchMetadataMissing
            | Self::HeadersMissing
            | Self::OrderFamily
            | Self::ToolTls
            | Self::CrawlerUnverified
            | Self::ForgedAnnotation
            | Self::Rotation
            | Self::LoginFailures
            | Self::NoNavigation
            | Self::Hammering
            | Self::RegularPacing
            | Self::RouteConcentration
            | Self::CacheBusting => Layer::Application,
        }
    }

    /// How much it weighs at most.
    pub const fn weight(self) -> Score {
        Score::new(match self {
            // Virtual machines and proxies show it too, hence not more; networks that are known for them soften it.
            Self::OsTcpUa => 60,
            // No browser, no library and no operating system writes such SYNs.
            Self::ScannerSyn => 80,
            // VPNs are everywhere: worth a line, no more.
            Self::TunnelMss => 5,
            // So are proxies in companies.
            Self::RttGap => 15,
            // A browser's TLS cannot be changed by its user. Proxies that open TLS (companies, virus scanners) replace it: a
            // challenge answers those.
            Self::TlsUa => 60,
            // The same, but proxies that open TLS often keep HTTP/2 out of it.
            Self::H2Ua => 55,
            // What an incomplete impersonation looks like; a proxy has both of its own, which go together.
            Self::H2Tls => 50,
            // Extensions that change the User-Agent alone, and browsers driven by programs.
            Self::HintsUa => 35,
            // A desktop site asked for on a phone changes one and not the other.
            Self::HintsPlatform => 30,
            // Filtering proxies and old service workers drop it.
            Self::FetchMetadataMissing => 25,
            // Filters take one of the two away, no proxy that is known takes both.
            Self::HeadersMissing => 50,
            // Extensions and proxies reorder.
            Self::OrderFamily => 15,
            // Many honest programs send no name, or one that we do not know.
            Self::ToolTls => 20,
            // The operators publish their addresses, and nobody else has a reason to claim their name.
            Self::CrawlerUnverified => 60,
            // No client ever has a reason to know these names.
            Self::ForgedAnnotation => 60,
            // People behind one relay or of one app look alike: it is shown by their number, never by one of them.
            Self::Rotation => 45,
            // Who shares a network or a shape with an attacker shows it too: a challenge lets them in.
            Self::LoginFailures => 50,
            // Apps in a browser that were loaded long ago do it for a while.
            Self::NoNavigation => 25,
            // Programs with a fault do it too.
            Self::Hammering => 30,
            // So do monitors and pages that refresh themselves.
            Self::RegularPacing => 15,
            // Apps that do one thing do it too.
            Self::RouteConcentration => 15,
            // So it is for who asks for rare things.
            Self::CacheBusting => 20,
            // Scans and floods do, and browsers that connect ahead of need do in small numbers only.
            Self::ConnectionFlood => 50,
        })
    }

    /// Why it counts, in one sentence. A finding's own sentence says what was seen as well.
    pub const fn why(self) -> &'static str {
        match self {
            Self::OsTcpUa => "the SYN was written by another operating system than the client claims to run on",
            Self::ScannerSyn => "the SYN was written by a port scanner",
            Self::TunnelMss => "the MSS is one that tunnels leave",
            Self::RttGap => "TCP ends much nearer than TLS does, so that something between speaks for the client",
            Self::TlsUa => "the ClientHello is none that the claimed client sends",
            Self::H2Ua => "the HTTP/2 opening is none that the claimed client sends",
            Self::H2Tls => "no client sends this ClientHello with this HTTP/2 opening",
            Self::HintsUa => "the Client Hints and the User-Agent name different browsers",
            Self::HintsPlatform => "the Client Hints and the User-Agent name different platforms",
            Self::FetchMetadataMissing => {
                "the claimed browser sends Sec-Fetch headers with every request, and none came"
            }
            Self::HeadersMissing => {
                "browsers send Accept-Encoding and Accept-Language with every request, and neither came"
            }
            Self::OrderFamily => "the headers do not come in the order in which the claimed client writes them",
            Self::ToolTls => {
                "the ClientHello is that of a tool or library, and the request does not say that it is from one"
            }
            Self::CrawlerUnverified => "a crawler is claimed from an address that is none of its operator's",
            Self::ForgedAnnotation => "the client sent x-layerprint headers, which only this proxy sets",
            Self::Rotation => {
                "one shape of TLS and HTTP comes from many networks to a route that is dear, and to little else"
            }
            Self::LoginFailures => "most logins from the same network or of the same shape have failed of late",
            Self::NoNavigation => "the claimed browser asks for what is dear and has asked for no page before",
            Self::Hammering => "one call is made far more often than people make it",
            Self::RegularPacing => "requests come at intervals as regular as no person keeps",
            Self::RouteConcentration => "nearly all that the client asks for is one route, which others seldom ask for",
            Self::CacheBusting => {
                "nearly nothing that the client asks for is in the cache, where most of what others ask for is"
            }
            Self::ConnectionFlood => "the source opens many connections, and nearly all of them come to nothing",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_apart_by_their_names() {
        for code in Code::ALL {
            assert_eq!(Code::parse(code.as_str()), Some(code));
        }
        assert_eq!(Code::parse("clean"), None);
    }

    #[test]
    fn what_innocent_clients_show_stays_low_even_in_pairs() {
        let weak = [
            Code::TunnelMss,
            Code::RttGap,
            Code::FetchMetadataMissing,
            Code::OrderFamily,
            Code::ToolTls,
        ];
        for (n, one) in weak.iter().enumerate() {
            for other in weak.iter().skip(n + 1) {
                assert!(one.weight().plus(other.weight()) < Score::HIGH, "{one:?} {other:?}");
            }
        }
    }
}
