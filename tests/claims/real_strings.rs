//! Each string that a client really sends is read as what it says.

use super::fixtures::{recorded, rows};
use layerprint::evidence::Evidence;
use layerprint::evidence::claims::{Claims, Engine, Family, Kind, PlatformVersion, Product, UserAgent, Version};
use std::collections::BTreeSet;

fn claim(user_agent: &str) -> UserAgent<'_> {
    *UserAgent::parse(user_agent.as_bytes()).seen().unwrap()
}

#[test]
fn every_string_of_the_list_claims_what_is_written_beside_it() {
    let rows = rows();
    let strings: BTreeSet<_> = rows.iter().map(|row| row.user_agent).collect();
    assert!(strings.len() >= 200, "{} different strings", strings.len());
    let mut wrong = Vec::new();
    for row in rows {
        let claim = claim(row.user_agent);
        let got = (
            claim.product.name(),
            claim.version.map(|version| version.major),
            claim.platform.as_str(),
            claim.device.as_str(),
            claim.engine.map(Engine::as_str),
        );
        let wanted = (row.family, row.major, row.platform, row.device, row.engine);
        let is_sourced = ["recorded: ", "doc: ", "format: ", "seen: ", "made up: "];
        assert!(
            is_sourced.iter().any(|kind| row.source.starts_with(kind)),
            "{}",
            row.source
        );
        if got != wanted {
            wrong.push(format!("{}\n  wanted {wanted:?}\n  got    {got:?}", row.user_agent));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn all_recorded_user_agents_are_in_the_list() {
    let listed: BTreeSet<_> = rows().iter().map(|row| row.user_agent).collect();
    let mut clients = 0;
    for (client, headers) in recorded() {
        let sent = headers.iter().filter(|(name, _)| *name == "user-agent");
        for (_, value) in sent {
            assert!(listed.contains(str::from_utf8(value).unwrap()), "{client}");
        }
        clients += usize::from(client.starts_with("curl_cffi:"));
    }
    assert_eq!(clients, 44);
}

#[test]
fn a_derived_browser_has_the_version_of_the_chromium_beneath() {
    for (user_agent, product, chromium) in [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 OPR/106.0.0.0",
            106,
            120,
        ),
        (
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/24.0 Chrome/117.0.0.0 Mobile Safari/537.36",
            24,
            117,
        ),
    ] {
        let claim = claim(user_agent);
        assert_eq!(claim.version.unwrap().major, product);
        assert_eq!(
            (claim.engine, claim.engine_version.unwrap().major),
            (Some(Engine::Blink), chromium)
        );
    }
    let tor = claim("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:128.0) Gecko/20100101 Firefox/128.0");
    assert_eq!(tor.engine_version, Some(Version { major: 128, minor: 0 }));
}

#[test]
fn every_browser_on_ios_is_webkit() {
    for token in [
        "CriOS/120.0",
        "FxiOS/121.0",
        "Version/17.0 EdgiOS/131.0",
        "OPiOS/16.0",
        "GSA/330.0.0",
        "Version/17.2",
    ] {
        let user_agent = format!(
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) {token} Mobile/15E148 Safari/604.1"
        );
        assert_eq!(claim(&user_agent).engine, Some(Engine::WebKit), "{token}");
    }
}

#[test]
fn a_frozen_platform_version_says_nothing_and_is_marked_so() {
    let version = |platform: &str, rest: &str| claim(&format!("Mozilla/5.0 ({platform}) {rest}")).platform_version;
    let chrome = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";
    let safari = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1";
    for frozen in [
        "Windows NT 10.0; Win64; x64",
        "Macintosh; Intel Mac OS X 10_15_7",
        "Linux; Android 10; K",
        "X11; CrOS x86_64 14541.0.0",
    ] {
        assert_eq!(version(frozen, chrome), PlatformVersion::Frozen, "{frozen}");
    }
    assert_eq!(
        version("iPhone; CPU iPhone OS 18_6 like Mac OS X", safari),
        PlatformVersion::Frozen
    );
    let stated = |major, minor| PlatformVersion::Stated(Version { major, minor });
    assert_eq!(version("Windows NT 6.1; WOW64", chrome), stated(6, 1));
    assert_eq!(version("Macintosh; Intel Mac OS X 10_14_6", chrome), stated(10, 14));
    assert_eq!(version("Linux; Android 10; Pixel 4", chrome), stated(10, 0));
    assert_eq!(version("X11; CrOS x86_64 15633.69.0", chrome), stated(15_633, 69));
    assert_eq!(
        version("iPhone; CPU iPhone OS 26_0 like Mac OS X", safari),
        stated(26, 0)
    );
    assert_eq!(version("X11; Linux x86_64", chrome), PlatformVersion::Unstated);
}

#[test]
fn an_unknown_product_keeps_its_name() {
    let browser = claim(
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 NewOne/3.1",
    );
    assert_eq!(
        (browser.product, browser.kind),
        (Product::Other("NewOne"), Kind::Browser)
    );
    assert_eq!(browser.engine, Some(Engine::Blink));
    let view = claim(
        "Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/129.0 Mobile Safari/537.36 NewApp/7",
    );
    assert_eq!((view.product, view.kind), (Product::Other("NewApp"), Kind::InApp));
    let agent = claim("Mozilla/5.0 (compatible; NewOne; +https://new.example)");
    assert_eq!((agent.product, agent.kind), (Product::Other("NewOne"), Kind::Crawler));
}

#[test]
fn a_phone_that_is_called_a_bot_is_none() {
    let phone = claim(
        "Mozilla/5.0 (Linux; Android 10; CUBOT X30 Build/QP1A) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/100.0.4896.127 Mobile Safari/537.36",
    );
    assert!(phone.product.is(Family::CHROME));
    assert_eq!(phone.kind, Kind::Browser);
}

#[test]
fn what_names_no_product_is_malformed() {
    for nothing in [
        "",
        " ",
        "-",
        "()",
        "1.0",
        "\u{4e2d}\u{6587}",
        "+http://a.example/",
        "curl/8\u{0}",
        "a\r\nb",
        "a\u{7f}",
    ] {
        assert_eq!(UserAgent::parse(nothing.as_bytes()).state(), "malformed", "{nothing:?}");
    }
    let long = "curl/8.5.0 ".repeat(100);
    assert_eq!(UserAgent::parse(long.as_bytes()).state(), "too-large");
    assert_eq!(claim(&long[..UserAgent::MAX]).product.name(), "curl");
}

#[test]
fn who_sends_no_user_agent_claims_none() {
    let (_, headers) = recorded()
        .into_iter()
        .find(|(client, _)| client.starts_with("node http"))
        .unwrap();
    assert_eq!(Claims::of(headers).user_agent.state(), "not-sent");
    assert!(matches!(Claims::of([]).user_agent, Evidence::Missing(_)));
}
