//! `clients`: where crawlers come from, crawlers of one's own, and rows for the tables of clients and TCP stacks.
//!
//! ```json
//! {"clients": {
//!   "crawlers": [
//!     {"name": "googlebot", "cidrs": ["192.0.2.0/27"], "as_of": "2026-11-20"},
//!     {"name": "our-monitor", "user_agent": "our-monitor/1.0", "operator": "us", "purpose": "monitoring", "advice": "allow",
//!      "cidrs": ["198.51.100.7/32"]}],
//!   "stacks": {"format": 1, "date": "2026-11-20", "stacks": []},
//!   "catalogue": {}}}
//! ```
//! Several entries of one name add up: operators publish several lists, which may overlap. An entry with `user_agent` defines a
//! crawler of one's own, which is known by the product name that such a User-Agent gives itself; further entries may add to it.

use super::networks::{CIDR, MAX_PREFIXES, prefix};
use super::problem::{Problem, Refused};
use super::section::Section;
use crate::clients::catalogue::{Catalogue, Error};
use crate::clients::crawlers::{Advice, Claim, Crawler, Crawlers, NoClaim, Purpose, is_date, is_name};
use crate::clients::stacks::Stacks;
use core::cmp::Reverse;
use ipnet::IpNet;

/// The most crawlers of one's own.
const MAX_OWN: usize = 1_000;

/// The longest name of an operator.
const MAX_OPERATOR: usize = 80;

/// The most names that a message proposes.
const PROPOSED: usize = 6;

const DATE: &str = r#"a date such as "2026-11-20""#;

const OPERATOR: &str = "1 to 80 characters";

const NAME: &str = "1 to 40 of a-z, 0-9, -, _ and .";

const USER_AGENT: &str = r#"a User-Agent that names a product of its own, such as "our-monitor/1.0""#;

/// `clients`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clients {
    /// `crawlers`: the table that comes with the filter, one's own crawlers behind it, and the addresses of each as given.
    pub crawlers: Crawlers,
    /// `stacks`: rows for the table of TCP stacks, for [`Stacks::extended_by`].
    pub stacks: Option<Stacks>,
    /// `catalogue`: rows for the catalogue of clients, as JSON that was read once.
    pub catalogue: Option<String>,
}

impl Default for Clients {
    fn default() -> Self {
        Self {
            // A build in which the table cannot be read refuses every configuration: see `clients`.
            crawlers: Crawlers::built_in().unwrap_or_default(),
            stacks: None,
            catalogue: None,
        }
    }
}

/// The tables that clients are looked up in, with the configuration's rows.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    /// TLS, HTTP and families.
    pub catalogue: Catalogue,
    /// TCP.
    pub stacks: Stacks,
}

impl Clients {
    /// The tables that come with the filter, with the configured rows.
    ///
    /// # Errors
    /// None, or the tests do not pass: the configured rows have been read before.
    pub fn tables(&self) -> Result<Tables, Vec<Problem>> {
        let stacks = Stacks::built_in().map_err(|error| vec![Problem::of_table("TCP stacks", &error)])?;
        let catalogue =
            catalogue(self.catalogue.as_deref()).map_err(|error| vec![Problem::of_table("clients", &error)])?;
        Ok(Tables {
            catalogue,
            stacks: match &self.stacks {
                Some(more) => stacks.extended_by(more.clone()),
                None => stacks,
            },
        })
    }
}

/// The built-in catalogue with `rows`.
fn catalogue(rows: Option<&str>) -> Result<Catalogue, Error> {
    let built_in = Catalogue::built_in()?;
    match rows {
        Some(rows) => built_in.extended_by(rows),
        None => Ok(built_in),
    }
}

/// Reads `clients`.
pub(super) fn clients(root: &mut Section<'_>) -> Clients {
    let built_in = Crawlers::built_in().unwrap_or_else(|error| {
        root.note(Problem::of_table("crawlers", &error));
        Crawlers::default()
    });
    root.section("clients", |section| Clients {
        crawlers: crawlers(section, built_in),
        stacks: section.table(
            "stacks",
            "a table of TCP stacks, of the same form as the one built in",
            |json| Stacks::parse(&json).map_err(|error| error.to_string()),
        ),
        catalogue: section.table(
            "catalogue",
            "a table of clients, of the same form as the one built in",
            |json| match catalogue(Some(&json)) {
                Ok(_) => Ok(json),
                Err(error) => Err(error.to_string()),
            },
        ),
    })
}

fn crawlers(clients: &mut Section<'_>, mut known: Crawlers) -> Crawlers {
    let mut total = 0_usize;
    let mut own = 0_usize;
    clients.sections("crawlers", |entry| {
        let is_own = entry.has("user_agent");
        own = own.saturating_add(usize::from(is_own));
        let name = if is_own {
            define(entry, &mut known, own)
        } else {
            choose(entry, &known)
        };
        let as_of = entry.text("as_of", DATE, |text| match is_date(text) {
            true => Ok(text.to_owned()),
            false => Err(refused("is no date", DATE)),
        });
        let prefixes = prefixes(entry, is_own);
        total = total.saturating_add(prefixes.len());
        if let Some(name) = name
            && !prefixes.is_empty()
            && total <= MAX_PREFIXES
        {
            known.add_ranges(&name, prefixes, as_of);
        }
    });
    if total > MAX_PREFIXES {
        let what = format!("{total} prefixes are too many");
        clients.refuse_all("crawlers", what, format!("at most {MAX_PREFIXES} prefixes"));
    }
    if own > MAX_OWN {
        let what = format!("{own} crawlers of your own are too many");
        clients.refuse_all("crawlers", what, format!("at most {MAX_OWN}"));
    }
    known
}

/// The prefixes of an entry. Only a crawler of one's own may have none, and an empty list would refute whoever claims the name.
fn prefixes(entry: &mut Section<'_>, is_own: bool) -> Vec<IpNet> {
    if !is_own {
        entry.need("cidrs", format!("an array of {CIDR}"));
    }
    if entry.has_empty_array("cidrs") {
        entry.refuse_all("cidrs", "is empty".to_owned(), format!("at least one of {CIDR}"));
    }
    let mut prefixes = Vec::new();
    entry.texts("cidrs", CIDR, |_, text| {
        prefixes.push(prefix(text)?);
        Ok(())
    });
    prefixes
}

/// The name of a crawler that is known, by this table or by an entry above.
fn choose(entry: &mut Section<'_>, known: &Crawlers) -> Option<String> {
    entry.need("name", "the name of a crawler".to_owned());
    entry.text("name", "the name of a crawler", |name| match known.named(name) {
        Some(crawler) if crawler.is_claimed() => Ok(name.to_owned()),
        Some(_) => Err(refused(
            "is a name in robots.txt alone: no client claims it",
            "the name of the crawler that fetches",
        )),
        None => Err(Refused {
            why: "is not known",
            accepted: propose(name, known),
        }),
    })
}

/// Takes a crawler of one's own into the table, and gives its name.
fn define(entry: &mut Section<'_>, known: &mut Crawlers, number: usize) -> Option<String> {
    entry.need("name", NAME.to_owned());
    let name = entry.text("name", NAME, |name| match known.named(name) {
        _ if !is_name(name) => Err(refused("is no name", NAME)),
        Some(_) => Err(refused("is defined already", "a name of its own, or no user_agent")),
        None => Ok(name.to_owned()),
    });
    let claim = entry.text("user_agent", USER_AGENT, |text| match Claim::of(text) {
        Ok(claim) if known.claim(&claim).is_some() => Err(refused(
            "is claimed by a crawler that is known",
            "that one's name, and no user_agent",
        )),
        Ok(claim) => Ok(claim),
        Err(NoClaim::Unreadable) => Err(refused("names no product", USER_AGENT)),
        Err(NoClaim::Common) => Err(refused("is what browsers and tools of all kinds say", USER_AGENT)),
    });
    let operator = entry.text("operator", OPERATOR, |text| match text.chars().count() {
        1..=MAX_OPERATOR if !text.chars().any(char::is_control) => Ok(text.to_owned()),
        _ => Err(refused("is no operator's name", OPERATOR)),
    });
    let purpose = entry.needed_choice("purpose", &Purpose::ALL.map(|purpose| (purpose.as_str(), purpose)));
    let advice = Advice::ALL.map(|advice| (advice.as_str(), advice));
    let advice = entry.choice("advice", &advice, Advice::Allow);
    let (name, claim, purpose) = (name?, claim?, purpose?);
    if number <= MAX_OWN {
        let operator = operator.unwrap_or_else(|| "own".to_owned());
        // Both names were looked up above.
        let _ = known.add(Crawler::own(name.clone(), claim, operator, purpose, advice));
    }
    Some(name)
}

fn refused(why: &'static str, accepted: &str) -> Refused {
    let accepted = accepted.to_owned();
    Refused { why, accepted }
}

/// The names that come closest to `name`: those that begin alike, and those that hold it or are held by it.
fn propose(name: &str, known: &Crawlers) -> String {
    let name = name.to_ascii_lowercase();
    let closeness = |other: &str| {
        let common = name.bytes().zip(other.bytes()).take_while(|(one, other)| one == other);
        let holds = !name.is_empty() && (name.contains(other) || other.contains(&name));
        common.count().max(if holds { 4 } else { 0 })
    };
    let mut names: Vec<_> = known
        .rows()
        .iter()
        .filter(|row| row.is_claimed())
        .map(Crawler::name)
        .collect();
    names.sort_by_key(|other| Reverse(closeness(other)));
    let total = names.len();
    let close: Vec<_> = names.iter().take(PROPOSED).map(|name| format!("{name:?}")).collect();
    let close = close.join(", ");
    format!("one of {total} names, such as {close} (`layerprint crawlers --list` prints all), or one with a user_agent")
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;
    use crate::evidence::claims::UserAgent;

    fn clients(inner: &str) -> Clients {
        let text = format!(r#"{{"clients":{inner}}}"#);
        Config::parse(text.as_bytes()).unwrap().clients
    }

    fn problems(inner: &str) -> Vec<String> {
        let text = format!(r#"{{"clients":{inner}}}"#);
        let problems = Config::parse(text.as_bytes()).unwrap_err();
        problems.iter().map(ToString::to_string).collect()
    }

    fn said(clients: &Clients, user_agent: &str, ip: &str) -> String {
        let claimed = UserAgent::parse(user_agent.as_bytes());
        let verification = clients.crawlers.verify(claimed.seen().unwrap(), ip.parse().ok());
        format!("{} {}", verification.as_str(), verification.crawler().unwrap().name())
    }

    #[test]
    fn without_the_key_the_table_is_whole_and_knows_no_addresses() {
        let clients = clients("{}");
        assert_eq!(clients, Clients::default());
        assert_eq!(clients.crawlers, Crawlers::built_in().unwrap());
        assert_eq!(said(&clients, "GPTBot/1.3", "192.0.2.7"), "no-ranges gptbot");
    }

    #[test]
    fn lists_of_one_name_add_up() {
        let clients = clients(
            r#"{"crawlers":[
                {"name":"googlebot","cidrs":["192.0.2.0/27"],"as_of":"2026-11-20"},
                {"name":"bingbot","cidrs":["::ffff:198.51.100.0/120"]},
                {"name":"googlebot","cidrs":["192.0.2.0/27","2001:db8::/32"],"as_of":"2026-11-01"}]}"#,
        );
        let googlebot = clients.crawlers.named("googlebot").unwrap();
        assert_eq!((googlebot.prefixes(), googlebot.as_of()), (2, Some("2026-11-01")));
        assert_eq!(said(&clients, "Googlebot/2.1", "192.0.2.7"), "verified googlebot");
        assert_eq!(said(&clients, "Googlebot/2.1", "198.51.100.7"), "refuted googlebot");
        assert_eq!(said(&clients, "bingbot/2.0", "198.51.100.7"), "verified bingbot");
    }

    #[test]
    fn a_crawler_of_ones_own_is_defined_once_and_may_be_added_to() {
        let clients = clients(
            r#"{"crawlers":[
                {"name":"our-monitor","user_agent":"Our-Monitor/1.0","purpose":"monitoring","operator":"us"},
                {"name":"their-bot","user_agent":"x (compatible; TheirBot/2)","purpose":"seo","advice":"limit","cidrs":["192.0.2.0/24"]},
                {"name":"our-monitor","cidrs":["198.51.100.7/32"]}]}"#,
        );
        let theirs = clients.crawlers.named("their-bot").unwrap();
        assert_eq!(
            (theirs.purpose(), theirs.advice(), theirs.operator()),
            (Purpose::Seo, Advice::Limit, "own")
        );
        assert_eq!(clients.crawlers.named("our-monitor").unwrap().operator(), "us");
        assert_eq!(said(&clients, "our-monitor/3", "198.51.100.7"), "verified our-monitor");
        assert_eq!(said(&clients, "our-monitor/3", "198.51.100.8"), "refuted our-monitor");
        assert_eq!(said(&clients, "TheirBot/3", "198.51.100.8"), "refuted their-bot");
    }

    #[test]
    fn each_mistake_is_told() {
        let purposes =
            r#""training", "search-index", "user-fetch", "preview", "monitoring", "ads", "seo", "archive", "security""#;
        let text = r#"{"crawlers":[7,
            {"cidrs":[]},
            {"name":"gptbott","cidrs":["192.0.2.0/24"],"url":1},
            {"name":"google-extended","cidrs":["192.0.2.0/24"]},
            {"name":"bingbot","as_of":"yesterday","cidrs":["192.0.2.7",8,"192.0.2.7/24"]},
            {"name":"bingbot"},
            {"name":"Ours","user_agent":"ours/1","purpose":"fun"},
            {"name":"gptbot","user_agent":"Mozilla/5.0 Firefox/131.0","operator":"","purpose":"seo"},
            {"name":"ours","user_agent":"()"},
            {"name":"ours","user_agent":"Googlebot-Image","purpose":"seo","advice":"never"}]}"#;
        let expected = [
            "clients.crawlers[0]: 7 is not accepted; accepted: an object".to_owned(),
            "clients.crawlers[1].name: is missing; accepted: the name of a crawler".to_owned(),
            format!("clients.crawlers[1].cidrs: is empty; accepted: at least one of {CIDR}"),
            format!(
                "clients.crawlers[2].name: \"gptbott\" is not known; accepted: one of {} names, such as \"gptbot\", ",
                Crawlers::built_in().unwrap().rows().len() - 2
            ),
            r#"clients.crawlers[2].url: unknown key; accepted: "name", "as_of", "cidrs""#.to_owned(),
            "clients.crawlers[3].name: \"google-extended\" is a name in robots.txt alone: no client claims it; accepted: the name of the crawler that fetches".to_owned(),
            format!("clients.crawlers[4].as_of: \"yesterday\" is no date; accepted: {DATE}"),
            r#"clients.crawlers[4].cidrs[0]: "192.0.2.7" has no prefix length; accepted: "192.0.2.7/32""#.to_owned(),
            format!("clients.crawlers[4].cidrs[1]: 8 is not accepted; accepted: {CIDR}"),
            r#"clients.crawlers[4].cidrs[2]: "192.0.2.7/24" has bits set behind its prefix; accepted: "192.0.2.0/24" for the network, "192.0.2.7/32" for the address"#.to_owned(),
            format!("clients.crawlers[5].cidrs: is missing; accepted: an array of {CIDR}"),
            format!("clients.crawlers[6].name: \"Ours\" is no name; accepted: {NAME}"),
            format!("clients.crawlers[6].purpose: \"fun\" is not accepted; accepted: {purposes}"),
            "clients.crawlers[7].name: \"gptbot\" is defined already; accepted: a name of its own, or no user_agent".to_owned(),
            format!("clients.crawlers[7].user_agent: \"Mozilla/5.0 Firefox/131.0\" is what browsers and tools of all kinds say; accepted: {USER_AGENT}"),
            format!("clients.crawlers[7].operator: \"\" is no operator's name; accepted: {OPERATOR}"),
            format!("clients.crawlers[8].user_agent: \"()\" names no product; accepted: {USER_AGENT}"),
            format!("clients.crawlers[8].purpose: is missing; accepted: {purposes}"),
            "clients.crawlers[9].user_agent: \"Googlebot-Image\" is claimed by a crawler that is known; accepted: that one's name, and no user_agent".to_owned(),
            r#"clients.crawlers[9].advice: "never" is not accepted; accepted: "allow", "log", "limit", "block""#.to_owned(),
        ];
        let found = problems(text);
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for (found, expected) in found.iter().zip(&expected) {
            assert!(found.starts_with(expected), "{found}\n{expected}");
        }
    }

    #[test]
    fn a_hundred_thousand_prefixes_are_accepted_and_one_more_is_not() {
        let entry = |count: usize| {
            let cidrs: Vec<_> = (0..count)
                .map(|n| format!("\"{}.{}.{}.0/24\"", 1 + n / 65_536, n / 256 % 256, n % 256))
                .collect();
            format!(r#"{{"name":"googlebot","cidrs":[{}]}}"#, cidrs.join(","))
        };
        let full = clients(&format!(r#"{{"crawlers":[{}]}}"#, entry(MAX_PREFIXES)));
        assert_eq!(full.crawlers.named("googlebot").unwrap().prefixes(), MAX_PREFIXES);
        let one_more = format!(
            r#"{{"crawlers":[{},{{"name":"bingbot","cidrs":["::/0"]}}]}}"#,
            entry(MAX_PREFIXES)
        );
        assert_eq!(
            problems(&one_more),
            ["clients.crawlers: 100001 prefixes are too many; accepted: at most 100000 prefixes"]
        );
    }

    const STACKS: &str = r#"{"format":1,"date":"2026-12-01","stacks":[{"name":"toaster","kind":"os","runs":[],"shapes":[
        {"ttl":[64,64],"layouts":["mss"],"windows":["fill"],"df":true}],
        "provenance":[{"level":"unverified","from":"a toaster","date":"2026-01-31"}]}]}"#;

    #[test]
    fn rows_for_the_tables_are_kept() {
        let clients = clients(&format!(
            r#"{{"stacks":{STACKS},"catalogue":{{"format":1.0,"date":"2026-12-01"}}}}"#
        ));
        assert_eq!(clients.stacks, Stacks::parse(STACKS).ok());
        let built_in = Stacks::built_in().unwrap();
        assert_eq!(clients.tables().unwrap().stacks.rows().len(), built_in.rows().len() + 1);
        assert_eq!(Clients::default().tables().unwrap().stacks, built_in);
        assert_eq!(
            clients.catalogue.as_deref(),
            Some(r#"{"date":"2026-12-01","format":1}"#)
        );
    }

    #[test]
    fn a_table_that_is_wrong_is_told_with_its_path() {
        let wrong = STACKS.replace("fill", "full");
        assert_eq!(
            problems(&format!(r#"{{"stacks":{wrong},"catalogue":[]}}"#)),
            [
                "clients.stacks: toaster: window \"full\": fill, mss*, mss*n, mss*n/scale, or a number; accepted: a table of TCP stacks, of the same form as the one built in",
                "clients.catalogue: an array is not accepted; accepted: a table of clients, of the same form as the one built in",
            ]
        );
        // A key of any length and any letters stays one line.
        let long = format!(r#"{{"stacks":{{"a\nb{}":1}}}}"#, "\u{1f600}".repeat(5_000));
        let told = problems(&long).remove(0);
        assert!(told.len() < 600 && !told.contains(char::is_control), "{told}");
    }

    #[test]
    fn a_table_is_the_same_whether_envoy_hands_it_over_as_text_or_as_a_struct() {
        use super::super::strict;
        use prost::Message;
        use prost_types::value::Kind;
        use prost_types::{ListValue, Struct, Value};
        fn message(value: &serde_json::Value) -> Value {
            let kind = match value {
                serde_json::Value::Object(object) => Kind::StructValue(Struct {
                    fields: object
                        .iter()
                        .map(|(key, value)| (key.clone(), message(value)))
                        .collect(),
                }),
                serde_json::Value::Array(items) => Kind::ListValue(ListValue {
                    values: items.iter().map(message).collect(),
                }),
                serde_json::Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap()),
                serde_json::Value::String(text) => Kind::StringValue(text.clone()),
                serde_json::Value::Bool(value) => Kind::BoolValue(*value),
                serde_json::Value::Null => Kind::NullValue(0),
            };
            Value { kind: Some(kind) }
        }
        let text = format!(r#"{{"clients":{{"stacks":{STACKS},"catalogue":{{"z":9007199254740993,"y":-1}}}}}}"#);
        let Some(Kind::StructValue(whole)) = message(&strict::parse(text.as_bytes()).unwrap()).kind else {
            unreachable!("an object is a Struct");
        };
        assert_eq!(Config::parse(text.as_bytes()), Config::parse(&whole.encode_to_vec()));
    }
}
