//! The findings, told as stories: given what a client claims and what it shows, what is found.

use super::super::{Agreement, Assessment, Channel, Known, Layer, Own, View, compare};
use crate::clients::catalogue::{Catalogue, TlsTraits};
use crate::clients::crawlers::Verification;
use crate::clients::shown::TlsShown;
use crate::clients::stacks::{Confidence, Deviations, Kind, Named, Stacks};
use crate::evidence::claims::Claims;
use crate::evidence::{Evidence, Micros, NetworkTag, NetworkTags, Networks, Protocol, Reason, Sent};
use crate::fingerprint::order::HeaderOrder;
use crate::fingerprint::tcp::MssClass;

const CHROME_WINDOWS: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";
const CHROME_LINUX: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";
const FIREFOX_LINUX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:135.0) Gecko/20100101 Firefox/135.0";
const SAFARI_IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
    Version/18.4 Mobile/15E148 Safari/604.1";
const BRANDS: &str = r#""Google Chrome";v="131", "Chromium";v="131", "Not_A Brand";v="24""#;

const CHROME_JA4: &str = "t13d1516h2_8daaf6152771_02713d6af862";
const CHROME_H2: &str = "1:65536;2:0;4:6291456;6:262144|15663105|0|m,a,s,p";
const CURL_JA4: &str = "t13d3112h2_e8f1e7e78f70_b26ce05bbdd6";
const CURL_H2: &str = "3:100;4:33554432;2:0|33488897|0|m,p,s,a";
const FIREFOX_H2: &str = "1:65536;2:0;4:131072;5:16384|12517377|0|m,p,a,s";

/// One request, put together from what matters to a test; all else is unseen.
#[derive(Clone, Default)]
struct Case {
    headers: Vec<(&'static str, String)>,
    ja4: Option<&'static str>,
    /// JA4_r and whether there was GREASE, where the ClientHello was seen.
    hello: Option<(&'static str, bool)>,
    h2: Option<&'static str>,
    order: Option<&'static [&'static str]>,
    stack: Option<Named>,
    mss_class: Option<MssClass>,
    rtt_gap: Option<u32>,
    tags: Vec<NetworkTag>,
    cleartext: bool,
    forged: usize,
}

fn stack(name: &str, kind: Kind, hundredths: u8) -> Named {
    Named::Known {
        name: name.into(),
        kind,
        confidence: Confidence::of(hundredths),
        deviations: Deviations::default(),
    }
}

impl Case {
    fn of(agent: &str) -> Self {
        Self::default().header("user-agent", agent)
    }

    /// What every browser sends.
    fn browser(agent: &str) -> Self {
        Self::of(agent)
            .header("accept-encoding", "gzip, deflate, br, zstd")
            .header("accept-language", "en-GB,en;q=0.9")
    }

    fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// What a browser built on Chromium sends beside its User-Agent.
    fn chromium(self, platform: &str) -> Self {
        self.header("sec-ch-ua", BRANDS)
            .header("sec-ch-ua-mobile", "?0")
            .header("sec-ch-ua-platform", platform)
            .navigating()
    }

    fn navigating(self) -> Self {
        self.header("sec-fetch-site", "none")
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-dest", "document")
    }

    fn os(mut self, name: &str) -> Self {
        self.stack = Some(stack(name, Kind::Os, 100));
        self
    }

    fn over(mut self, ja4: &'static str, h2: &'static str) -> Self {
        (self.ja4, self.h2) = (Some(ja4), Some(h2));
        self
    }

    fn assess(&self) -> Assessment {
        let catalogue = Catalogue::built_in().unwrap();
        let stacks = Stacks::built_in().unwrap();
        let headers = || self.headers.iter().map(|(name, value)| (*name, value.as_bytes()));
        let (claims, sent) = (Claims::of(headers()), Sent::of(headers()));
        let absent = Reason::NotProvided;
        let (ja4_r, grease) = self.hello.unzip();
        let traits = self.ja4.and_then(|ja4| TlsTraits::parse(ja4, ja4_r, grease));
        let tls = Evidence::or_missing(traits, absent).map(|traits| TlsShown {
            likeness: catalogue.tls(&traits),
            traits,
        });
        let http2 = Evidence::or_missing(self.h2, absent).map(|form| catalogue.http2(form));
        let order = self.order.and_then(|names| HeaderOrder::of(names.iter().copied()));
        let order = Evidence::or_missing(order, absent);
        let stack = Evidence::or_missing(self.stack.clone(), Reason::NoProbe);
        let net = "192.0.2.0/24".parse().unwrap();
        let networks = Networks::new(&self.tags.iter().map(|tag| (net, *tag)).collect());
        let view = View {
            claims: &claims,
            sent: &sent,
            protocol: Evidence::Seen(Protocol::Http2),
            channel: if self.cleartext {
                Channel::Cleartext
            } else {
                Channel::Secure
            },
            tls: tls.as_ref(),
            http2: http2.as_ref(),
            case: Evidence::Missing(Reason::OtherProtocol),
            order: order.as_ref(),
            stack: stack.as_ref(),
            mss_class: self.mss_class,
            rtt_gap: Evidence::or_missing(self.rtt_gap.map(Micros::new), absent),
            networks: if self.tags.is_empty() {
                NetworkTags::default()
            } else {
                networks.tags("192.0.2.7".parse().unwrap())
            },
            own: Own {
                crawler: Verification::NotClaimed,
                forged: self.forged,
                remembered: &[],
            },
        };
        let known = Known {
            catalogue: &catalogue,
            stacks: &stacks,
        };
        compare(&view, known)
    }

    fn codes(&self) -> Vec<&'static str> {
        let findings = self.assess().findings;
        findings.iter().map(|finding| finding.code.as_str()).collect()
    }
}

#[test]
fn a_browser_that_is_what_it_says_is_clean() {
    let chrome = Case::browser(CHROME_LINUX)
        .chromium("\"Linux\"")
        .os("linux")
        .over(CHROME_JA4, CHROME_H2);
    let assessment = chrome.assess();
    assert_eq!(assessment.findings, []);
    assert_eq!(assessment.agreement, Agreement::Clean);
    assert_eq!(assessment.confidence.to_string(), "1.00");
}

#[test]
fn another_operating_system_below_is_a_conflict_by_layer_4_alone() {
    let assessment = Case::browser(CHROME_WINDOWS)
        .chromium("\"Windows\"")
        .os("linux")
        .over(CHROME_JA4, CHROME_H2)
        .assess();
    assert_eq!(assessment.agreement, Agreement::Conflict);
    assert_eq!((assessment.l4.value(), assessment.l7.value()), (60, 0));
    assert_eq!(
        assessment.findings.first().unwrap().why,
        "the SYN was written by linux, and the client claims to run on windows, which does not run on it"
    );
}

#[test]
fn android_and_chromeos_are_linux_below_and_ipados_is_macos() {
    for (agent, os) in [
        (
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
            "linux",
        ),
        (
            "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
            "linux",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Safari/605.1.15",
            "apple",
        ),
        (SAFARI_IPHONE, "apple"),
    ] {
        let codes = Case::browser(agent).navigating().os(os).codes();
        assert!(!codes.contains(&"os-tcp-ua"), "{agent}: {codes:?}");
    }
}

#[test]
fn a_network_that_rewrites_transport_softens_it() {
    for tag in [NetworkTag::Mobile, NetworkTag::Shared, NetworkTag::Vpn] {
        let mut case = Case::browser(SAFARI_IPHONE).navigating().os("linux");
        assert_eq!(
            case.assess().agreement,
            Agreement::Partial,
            "no Layer 7 fingerprint was seen"
        );
        case.order = Some(&["user-agent", "accept"]);
        assert_eq!(case.assess().l4.value(), 60);
        case.tags = vec![tag];
        let assessment = case.assess();
        assert_eq!(assessment.l4.value(), 15, "{tag:?}");
        assert_eq!(assessment.agreement, Agreement::Clean);
    }
    let mut office = Case::browser(SAFARI_IPHONE).os("linux");
    office.tags = vec![NetworkTag::Office, NetworkTag::Monitoring, NetworkTag::Datacenter];
    assert_eq!(office.assess().l4.value(), 60);
}

#[test]
fn a_stack_that_is_not_sure_is_not_enough_for_a_conflict() {
    let mut case = Case::browser(CHROME_WINDOWS)
        .chromium("\"Windows\"")
        .over(CHROME_JA4, CHROME_H2);
    case.stack = Some(stack("linux", Kind::Os, 79));
    assert_eq!(case.assess().agreement, Agreement::Clean);
    assert_eq!(case.assess().l4.value(), 40);
    case.stack = Some(Named::Ambiguous("apple".into(), "freebsd".into()));
    assert_eq!(case.codes(), ["os-tcp-ua"], "neither runs Windows");
    case.stack = Some(Named::Unknown);
    assert_eq!(case.codes(), [""; 0]);
}

#[test]
fn the_platform_of_the_hints_is_held_against_the_syn_too() {
    let case = Case::browser(CHROME_LINUX).chromium("\"Windows\"").os("linux");
    assert_eq!(case.codes(), ["os-tcp-ua", "hints-platform"]);
}

#[test]
fn a_crawler_and_a_tool_claim_no_platform() {
    for agent in [
        "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.6778.86 \
         Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "curl/8.5.0",
        "python-requests/2.32.3",
        // In a container on Windows, whose SYN is the host's.
        "Wget/1.21.2 (linux-gnu)",
        "aws-cli/2.13.0 Python/3.11.4 Linux/5.10.0 exe/x86_64",
        "",
    ] {
        assert_eq!(Case::of(agent).os("windows").codes(), [""; 0], "{agent}");
    }
}

#[test]
fn a_scanners_syn_weighs_by_itself_and_with_a_lie_both_layers_are_high() {
    let mut scanner = Case::of("zgrab/0.x");
    scanner.stack = Some(stack("zmap", Kind::Scanner, 100));
    assert_eq!(scanner.codes(), ["scanner-syn"]);
    let mut liar = Case::of(CHROME_WINDOWS).over(CURL_JA4, CURL_H2);
    liar.stack = Some(stack("masscan", Kind::Scanner, 100));
    let assessment = liar.assess();
    assert_eq!(assessment.agreement, Agreement::Hostile, "{:?}", assessment.findings);
}

#[test]
fn tunnels_and_ways_behind_proxies_are_noted_and_no_more() {
    let mut case = Case::browser(CHROME_LINUX)
        .chromium("\"Linux\"")
        .os("linux")
        .over(CHROME_JA4, CHROME_H2);
    case.mss_class = Some(MssClass::Tunnel);
    case.rtt_gap = Some(100_000);
    assert_eq!(case.codes(), ["rtt-gap", "tunnel-mss"]);
    assert_eq!(case.assess().agreement, Agreement::Clean);
    case.rtt_gap = Some(99_999);
    assert_eq!(case.codes(), ["tunnel-mss"]);
    case.tags = vec![NetworkTag::Vpn];
    assert_eq!(case.codes(), [""; 0]);
}

#[test]
fn a_tool_that_says_it_is_a_browser_is_told_by_everything_it_shows() {
    let assessment = Case::of(CHROME_WINDOWS).os("linux").over(CURL_JA4, CURL_H2).assess();
    let codes: Vec<_> = assessment
        .findings
        .iter()
        .map(|finding| finding.code.as_str())
        .collect();
    for code in [
        "tls-ua",
        "h2-ua",
        "os-tcp-ua",
        "tool-tls",
        "hints-ua",
        "fetch-metadata-missing",
    ] {
        assert!(codes.contains(&code), "{code} in {codes:?}");
    }
    assert_eq!(assessment.agreement, Agreement::Hostile);
}

#[test]
fn an_honest_tool_is_no_liar() {
    let curl = Case::of("curl/7.88.1").os("linux").over(CURL_JA4, CURL_H2).assess();
    assert_eq!(curl.findings, []);
    assert_eq!(curl.agreement, Agreement::Clean);
}

#[test]
fn a_tool_that_says_nothing_is_noted() {
    for agent in ["", "something-of-ours/1.0"] {
        let case = Case::of(agent).os("linux").over(CURL_JA4, CURL_H2);
        assert_eq!(case.codes(), ["tool-tls"], "{agent}");
        assert_eq!(case.assess().agreement, Agreement::Clean);
    }
}

#[test]
fn one_browser_that_says_it_is_another_is_told_by_tls_and_http2() {
    let codes = Case::browser(FIREFOX_LINUX)
        .navigating()
        .os("linux")
        .over(CHROME_JA4, CHROME_H2)
        .codes();
    assert_eq!(codes, ["tls-ua", "h2-ua"]);
}

#[test]
fn parts_of_two_clients_do_not_go_together() {
    let codes = Case::browser(CHROME_LINUX)
        .chromium("\"Linux\"")
        .os("linux")
        .over(CHROME_JA4, FIREFOX_H2)
        .codes();
    assert_eq!(codes, ["h2-ua", "h2-tls"]);
}

#[test]
fn what_the_catalogue_does_not_know_is_held_against_nobody() {
    let new = Case::browser(CHROME_LINUX)
        .chromium("\"Linux\"")
        .os("linux")
        .over("t13d9999h2_0123456789ab_0123456789ab", "1:65536;77:1|1|0|m,a,s,p");
    assert_eq!(new.codes(), [""; 0]);
    let assessment = new.assess();
    assert_eq!(assessment.agreement, Agreement::Clean);
    assert_eq!(assessment.confidence.to_string(), "0.62");
}

#[test]
fn old_and_new_versions_of_a_browser_are_the_browser() {
    for (major, h2) in [
        (99, "1:65536;3:1000;4:6291456;6:262144|15663105|0|m,a,s,p"),
        (131, CHROME_H2),
        (200, CHROME_H2),
    ] {
        let agent = CHROME_LINUX.replace("131.", &format!("{major}."));
        let brands = BRANDS.replace("131", &major.to_string());
        let case = Case::browser(&agent)
            .header("sec-ch-ua", &brands)
            .header("sec-ch-ua-platform", "\"Linux\"")
            .navigating()
            .os("linux")
            .over(CHROME_JA4, h2);
        assert_eq!(case.codes(), [""; 0], "{major}");
    }
}

#[test]
fn hints_that_name_another_browser_are_found() {
    let hinted = |agent: &str, brands: &str| Case::browser(agent).header("sec-ch-ua", brands).navigating().codes();
    assert_eq!(hinted(CHROME_LINUX, &BRANDS.replace("131", "120")), ["hints-ua"]);
    assert_eq!(hinted(FIREFOX_LINUX, BRANDS), ["hints-ua"]);
    assert_eq!(
        hinted(
            CHROME_LINUX,
            r#""HeadlessChrome";v="131", "Chromium";v="131", "Not_A Brand";v="24""#
        ),
        ["hints-ua"]
    );
    // Brave hides behind Chrome's User-Agent.
    assert_eq!(
        hinted(
            CHROME_LINUX,
            r#""Brave";v="131", "Chromium";v="131", "Not_A Brand";v="24""#
        ),
        [""; 0]
    );
    let edge = format!("{CHROME_WINDOWS} Edg/131.0.0.0");
    assert_eq!(hinted(&edge, BRANDS), ["hints-ua"]);
    assert_eq!(
        hinted(&edge, &BRANDS.replace("Google Chrome", "Microsoft Edge")),
        [""; 0]
    );
}

#[test]
fn nothing_is_expected_of_a_browser_in_the_clear() {
    let mut case = Case::browser(CHROME_LINUX);
    assert_eq!(case.codes(), ["fetch-metadata-missing", "hints-ua"]);
    case.cleartext = true;
    assert_eq!(case.codes(), [""; 0]);
    let socket = Case::browser(CHROME_LINUX)
        .header("sec-ch-ua", BRANDS)
        .header("upgrade", "websocket");
    assert_eq!(socket.codes(), [""; 0]);
}

#[test]
fn a_layer_that_was_not_seen_makes_the_rest_partial() {
    let one = Case::of(CHROME_WINDOWS).over(CURL_JA4, CURL_H2).assess();
    assert_eq!(one.agreement, Agreement::Partial);
    assert_eq!(one.confidence.to_string(), "0.00");
    assert!(one.l7.value() > 50);
    let none = Case::of(CHROME_WINDOWS).assess();
    assert_eq!(none.agreement, Agreement::Unknown);
    assert!(
        none.findings
            .iter()
            .all(|finding| finding.code.layer() == Layer::Application)
    );
}

#[test]
fn a_browser_without_the_headers_that_all_send_is_none() {
    let mut bare = Case::of(CHROME_LINUX).os("linux");
    bare.cleartext = true;
    assert_eq!(bare.codes(), ["headers-missing"]);
    assert_eq!(
        bare.clone().header("accept-language", "de").codes(),
        [""; 0],
        "a filter took one away"
    );
    let app = "Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/UQ1A.240105.004; wv) AppleWebKit/537.36 (KHTML, like Gecko) \
        Version/4.0 Chrome/131.0.6778.135 Mobile Safari/537.36";
    bare.headers = vec![("user-agent", app.to_owned())];
    assert_eq!(bare.codes(), [""; 0], "an app may ask by itself");
}

#[test]
fn a_websocket_of_an_old_safari_lacks_the_headers_that_all_else_has() {
    let safari = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_6) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.1.2 \
        Safari/605.1.15";
    assert_eq!(Case::of(safari).codes(), ["headers-missing"]);
    assert_eq!(Case::of(safari).header("upgrade", "websocket").codes(), [""; 0]);
}

#[test]
fn an_old_firefox_is_no_gnutls() {
    // JA3 b20b44b18b853ef29ab773e921b03422, the widest known of Firefox.
    let ja4 = "t13d1814h2_29a2cd9e9f10_d267a5f792d4";
    let ja4_r = "t13d1814h2_000a,002f,0033,0035,0039,1301,1302,1303,c009,c00a,c013,c014,c02b,c02c,c02f,c030,cca8,cca9_\
        0005,000a,000b,000d,0015,0017,001c,0023,002b,002d,0033,ff01_\
        0403,0503,0603,0804,0805,0806,0401,0501,0601,0203,0201";
    let http2 = "1:65536;4:131072;5:16384|12517377|3:0:0:201,5:0:0:101,7:0:0:1,9:0:7:1,11:0:3:1,13:0:0:241|m,p,a,s";
    for (version, ja4) in [("68", ja4), ("78", "t13d1814h2_e8a523a41297_d267a5f792d4")] {
        let mut case = Case::browser(&FIREFOX_LINUX.replace("135", version))
            .os("linux")
            .over(ja4, http2);
        assert_eq!(case.codes(), [""; 0], "{version}, its JA4 alone");
        case.hello = Some((ja4_r, false));
        assert_eq!(case.codes(), [""; 0], "{version}");
    }
}

#[test]
fn what_newer_versions_cannot_lack_is_not_asked_of_a_version_that_is_not_told() {
    // A web view of macOS 10.15 tells none, and has no GREASE.
    let agent = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)";
    let mut case = Case::browser(agent)
        .os("apple")
        .over("t13d2613h2_2802a3db6c62_845d286b0d67", CURL_H2);
    case.h2 = None;
    case.hello = Some((
        "t13d2613h2_1301_0005,000a,000b,000d,0012,0015,0017,002b,002d,0033,ff01_0403",
        false,
    ));
    assert_eq!(case.codes(), [""; 0]);
    case.headers = Case::browser(&format!("{agent} Version/17.5 Safari/605.1.15"))
        .navigating()
        .headers;
    assert_eq!(case.codes(), ["tls-ua"]);
}

#[test]
fn the_name_of_a_web_view_is_beside_that_of_the_browser_built_on_it() {
    let edge = format!("{CHROME_WINDOWS} Edg/131.0.0.0");
    let duck = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/131.0.6778.135 Mobile \
        Safari/537.36 DuckDuckGo/5";
    for (agent, brands) in [
        (
            edge.as_str(),
            r#""Microsoft Edge WebView2";v="131", "Chromium";v="131", "Microsoft Edge";v="131""#,
        ),
        (duck, r#""Android WebView";v="131", "Chromium";v="131""#),
    ] {
        let case = Case::browser(agent).header("sec-ch-ua", brands).navigating();
        assert_eq!(case.codes(), [""; 0], "{agent}");
    }
}
