//! A claim is held against the addresses that are known, and against nothing when there are none.

use std::hint::black_box;
use std::net::IpAddr;

use layerprint::clients::crawlers::{Advice, Claim, Crawler, Crawlers, NoClaim, Purpose, Unverifiable, Verification};

use super::{built_in, claim};

const GOOGLEBOT: &str = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";

fn with_googlebot() -> Crawlers {
    let mut table = built_in();
    let prefixes = ["192.0.2.0/27", "2001:db8:1::/48"].map(|prefix| prefix.parse().unwrap());
    table.add_ranges("googlebot", prefixes, Some("2026-11-20".to_owned()));
    table
}

/// What the table says, in one word and the name.
fn said(table: &Crawlers, user_agent: &str, ip: Option<&str>) -> String {
    let ip: Option<IpAddr> = ip.map(|ip| ip.parse().unwrap());
    let verification = table.verify(&claim(user_agent), ip);
    let name = verification.crawler().map_or("", Crawler::name);
    format!("{} {name}", verification.as_str()).trim_end().to_owned()
}

#[test]
fn the_real_one_comes_from_its_operators_addresses_and_another_does_not() {
    let table = with_googlebot();
    for (ip, expected) in [
        ("192.0.2.0", "verified googlebot"),
        ("192.0.2.31", "verified googlebot"),
        ("192.0.2.32", "refuted googlebot"),
        ("::ffff:192.0.2.7", "verified googlebot"),
        ("::ffff:192.0.2.32", "refuted googlebot"),
        ("2001:db8:1::7", "verified googlebot"),
        ("2001:db8:2::7", "refuted googlebot"),
        ("::192.0.2.7", "refuted googlebot"),
    ] {
        assert_eq!(said(&table, GOOGLEBOT, Some(ip)), expected, "{ip}");
    }
}

#[test]
fn every_name_that_a_family_has_is_the_same_claim() {
    let table = with_googlebot();
    for user_agent in [
        "Googlebot-Image/1.0",
        "googlebot/2.1",
        "GOOGLEBOT",
        "Mozilla/5.0 (compatible; Googlebot-News)",
    ] {
        assert_eq!(
            said(&table, user_agent, Some("198.51.100.7")),
            "refuted googlebot",
            "{user_agent}"
        );
    }
    assert_eq!(said(&table, "Googlebotx/2.1", Some("198.51.100.7")), "not-claimed");
}

#[test]
fn what_is_not_known_is_not_held_against_a_claim() {
    let table = with_googlebot();
    assert_eq!(said(&table, GOOGLEBOT, None), "no-address googlebot");
    assert_eq!(said(&table, "bingbot/2.0", Some("192.0.2.7")), "no-ranges bingbot");
    assert_eq!(said(&table, "bingbot/2.0", None), "no-ranges bingbot");
    assert_eq!(said(&table, "curl/8.5.0", Some("192.0.2.7")), "not-claimed");
    let other_monitor = "HetrixTools Uptime Monitoring Bot. https://hetrix.tools/uptime-monitoring-bot.html";
    assert_eq!(said(&table, other_monitor, Some("192.0.2.7")), "not-claimed");
    assert_eq!(said(&Crawlers::default(), GOOGLEBOT, Some("192.0.2.7")), "not-claimed");
}

#[test]
fn lists_of_one_crawler_add_up_and_are_as_old_as_the_oldest() {
    let mut table = with_googlebot();
    let more = ["192.0.2.0/27", "198.51.100.0/24"].map(|prefix| prefix.parse().unwrap());
    table.add_ranges("googlebot", more, Some("2026-10-01".to_owned()));
    table.add_ranges("googlebot", [], None);
    let row = table.named("googlebot").unwrap();
    assert_eq!((row.prefixes(), row.as_of()), (3, Some("2026-10-01")));
    assert_eq!(said(&table, GOOGLEBOT, Some("198.51.100.7")), "verified googlebot");
    let before = table.clone();
    table.add_ranges("nobody", ["0.0.0.0/0".parse().unwrap()], None);
    assert_eq!(table, before);
}

#[test]
fn a_crawler_of_ones_own_is_known_by_the_product_that_it_names() {
    let own = |user_agent: &str| {
        let claim = Claim::of(user_agent).unwrap();
        Crawler::own(
            "ours".to_owned(),
            claim,
            "us".to_owned(),
            Purpose::Monitoring,
            Advice::Allow,
        )
    };
    for user_agent in [
        "Our-Monitor/1.0",
        "our-monitor",
        "Mozilla/5.0 (compatible; OUR-MONITOR/2; +https://a.example)",
    ] {
        let mut table = built_in();
        table.add(own(user_agent)).unwrap();
        assert_eq!(
            said(&table, "our-monitor/7", Some("192.0.2.7")),
            "no-ranges ours",
            "{user_agent}"
        );
        table.add_ranges("ours", ["192.0.2.7/32".parse().unwrap()], None);
        assert_eq!(
            said(&table, "our-monitor/7", Some("192.0.2.7")),
            "verified ours",
            "{user_agent}"
        );
        assert_eq!(
            said(&table, "our-monitor/7", Some("192.0.2.8")),
            "refuted ours",
            "{user_agent}"
        );
        assert_eq!(table.add(own("else/1")), Err("ours".to_owned()));
    }
    assert_eq!(built_in().add(own("GPTBot/1.3")), Err("gptbot".to_owned()));
}

#[test]
fn what_many_clients_say_cannot_stand_for_one_crawler() {
    let chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";
    let with_more = format!("{chrome} OurApp/1.0");
    for common in [chrome, &with_more, "curl/8.5.0", "python-requests/2.32"] {
        assert_eq!(Claim::of(common), Err(NoClaim::Common), "{common}");
    }
    for unreadable in ["", "()", "+https://a.example", "a\nb"] {
        assert_eq!(Claim::of(unreadable), Err(NoClaim::Unreadable), "{unreadable:?}");
    }
}

#[test]
fn verifying_allocates_nothing() {
    let table = with_googlebot();
    let claims = [claim(GOOGLEBOT), claim("Our-Unknown-Thing/1.0"), claim("bingbot/2.0")];
    let ip = Some(IpAddr::from([192, 0, 2, 7]));
    let allocated = allocation_counter::measure(|| {
        for claimed in &claims {
            black_box(table.verify(claimed, ip));
        }
    });
    assert_eq!(allocated.count_total, 0);
    assert_eq!(
        table.verify(&claims[2], ip),
        Verification::Unverifiable(table.named("bingbot").unwrap(), Unverifiable::NoRanges)
    );
}
