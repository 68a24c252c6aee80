//! The table itself: each row founded, named once, reachable by what its crawler sends.

use std::collections::{BTreeMap, BTreeSet};

use layerprint::clients::crawlers::{Advice, Crawlers, Format, Level, Purpose};

use super::{built_in, claim};

/// The User-Agents that tests/claims reads, with the family of each.
fn user_agents() -> BTreeMap<String, Vec<String>> {
    let mut strings = BTreeMap::<String, Vec<String>>::new();
    for line in include_str!("../data/user_agents.tsv").lines() {
        let columns: Vec<_> = line.split('\t').collect();
        if let [family, .., user_agent] = columns[..] {
            strings
                .entry(family.to_owned())
                .or_default()
                .push(user_agent.to_owned());
        }
    }
    strings
}

/// What sites ask about first.
const MET: &str = "
    gptbot oai-searchbot chatgpt-user claudebot claude-user claude-searchbot perplexitybot perplexity-user
    google-extended googlebot google-other google-cloudvertexbot google-storebot google-adsbot bingbot applebot
    applebot-extended amazonbot bytespider ccbot meta-externalagent meta-externalfetcher facebookexternalhit
    duckduckbot duckassistbot yandexbot baiduspider sogou-spider seznambot petalbot mistralai-user cohere-ai
    diffbot ahrefsbot semrushbot dotbot mj12bot uptimerobot pingdom statuscake betteruptime datadog-synthetics
    site24x7 slackbot twitterbot linkedinbot discordbot telegrambot whatsapp
";

#[test]
fn the_agents_that_sites_meet_are_there() {
    let table = built_in();
    let absent: Vec<_> = MET
        .split_whitespace()
        .filter(|name| table.named(name).is_none())
        .collect();
    assert_eq!(absent, [""; 0]);
}

#[test]
fn each_row_is_founded_and_says_how_its_addresses_are_published() {
    let table = built_in();
    for row in table.rows() {
        assert!(!row.provenance().is_empty(), "{}", row.name());
        for source in row.provenance() {
            assert!(
                source.date.as_str() <= table.date(),
                "{} is younger than the table",
                row.name()
            );
        }
        let best = row.provenance().iter().any(|source| source.level != Level::Unverified);
        assert!(
            best || !row.format().is_published() || row.format() == Format::Page,
            "{}",
            row.name()
        );
        assert_eq!(row.format().is_published(), !row.urls().is_empty(), "{}", row.name());
        assert_eq!(
            (row.prefixes(), row.as_of()),
            (0, None),
            "{} brings addresses",
            row.name()
        );
    }
}

#[test]
fn every_crawler_of_the_table_is_known_by_what_it_sends() {
    let table = built_in();
    let sent = user_agents();
    let mut silent = BTreeSet::new();
    for row in table.rows().iter().filter(|row| row.is_claimed()) {
        let Some(strings) = sent.get(row.name()) else {
            silent.insert(row.name());
            continue;
        };
        for user_agent in strings {
            assert_eq!(
                table.claimed(&claim(user_agent)).unwrap().name(),
                row.name(),
                "{user_agent}"
            );
        }
    }
    // Known by their tokens alone: no string of theirs could be cited.
    assert!(silent.len() <= 40, "{silent:?}");
}

#[test]
fn what_browsers_and_tools_send_claims_no_crawler() {
    let table = built_in();
    let rows = user_agents();
    for family in [
        "chrome",
        "edge",
        "firefox",
        "safari",
        "curl",
        "python-requests",
        "okhttp",
    ] {
        for user_agent in &rows[family] {
            assert!(table.claimed(&claim(user_agent)).is_none(), "{user_agent}");
        }
    }
}

#[test]
fn names_of_robots_txt_alone_are_claimed_by_nobody() {
    let table = built_in();
    for name in ["google-extended", "applebot-extended"] {
        let row = table.named(name).unwrap();
        assert!(
            !row.is_claimed() && row.format() == Format::None && !row.robots().is_empty(),
            "{name}"
        );
        assert!(table.claimed(&claim(&format!("{name}/1.0"))).is_none(), "{name}");
    }
}

#[test]
fn what_trains_models_is_limited_and_what_people_ask_for_is_let_pass() {
    for row in built_in().rows().iter().filter(|row| row.is_claimed()) {
        match row.purpose() {
            Purpose::Training | Purpose::Seo => assert!(row.advice() >= Advice::Log, "{}", row.name()),
            Purpose::UserFetch | Purpose::Ads => assert_eq!(row.advice(), Advice::Allow, "{}", row.name()),
            _ => {}
        }
    }
}

const ROW: &str = r#"{ "name": "gptbot", "operator": "OpenAI", "purpose": "training", "advice": "limit",
    "addresses": { "format": "prefixes", "urls": ["https://a.example/gptbot.json"] },
    "provenance": [ { "level": "unverified", "from": "a rumour", "date": "2026-01-31" } ] }"#;

fn table(rows: &str) -> String {
    format!(r#"{{ "format": 1, "date": "2026-12-01", "crawlers": [{rows}] }}"#)
}

#[test]
fn a_mistake_refuses_the_table_and_says_what_is_accepted() {
    assert_eq!(Crawlers::parse(&table(ROW)).unwrap().rows().len(), 1);
    for (from, to, expected) in [
        (
            r#""gptbot""#,
            r#""GPTBot""#,
            "GPTBot: a name has 1 to 40 of a-z, 0-9, -, _ and .",
        ),
        (r#""gptbot""#, r#""nobody""#, "nobody: no User-Agent claims this family"),
        (
            r#""addresses""#,
            r#""claimed": false, "addresses""#,
            "gptbot: a User-Agent claims this family",
        ),
        (
            r#""prefixes""#,
            r#""none""#,
            "gptbot: urls stand there exactly when the format is prefixes, lines, embedded, routes or page",
        ),
        ("2026-01-31", "31.1.2026", "gptbot: date \"31.1.2026\": YYYY-MM-DD"),
        (
            "\"a rumour\"",
            "\"\"",
            "gptbot: where does it come from? provenance is empty",
        ),
        ("\"OpenAI\"", "\"\"", "gptbot: who runs it? operator is empty"),
    ] {
        let refusal = Crawlers::parse(&table(&ROW.replacen(from, to, 1))).unwrap_err();
        assert_eq!(refusal.to_string(), expected);
    }
    let refusal = |text: &str| Crawlers::parse(text).unwrap_err().to_string();
    assert_eq!(
        refusal(&table(&format!("{ROW},{ROW}"))),
        "gptbot: its name is that of \"gptbot\""
    );
    assert!(refusal(&table(&ROW.replace("training", "fun"))).contains("unknown variant `fun`"));
    assert_eq!(
        refusal(&table(ROW).replace("\"format\": 1", "\"format\": 2")),
        "format 2, where 1 is read"
    );
}
