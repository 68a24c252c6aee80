//! The table of crawlers: JSON in, rows out. It is checked whole, so that nothing need be checked when a request comes.
//!
//! `{"format": 1, "date", "crawlers": [{"name", "operator", "purpose", "advice", "claimed", "robots", "addresses", "docs", "notes",
//! "provenance"}]}`. `name` is that of the family that the User-Agent claims, as [`Family::named`](crate::evidence::claims::Family)
//! knows it; with `"claimed": false` there is no User-Agent, and the name stands in robots.txt alone. `addresses` is
//! `{"format", "urls"}`: how and where the operator publishes them.

use serde::Deserialize;

use super::{Advice, Crawler, Format, Purpose, claim_of_family};
use crate::clients::provenance::{self, Error, Provenance, check_sources};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTable {
    format: u32,
    date: String,
    crawlers: Vec<RawCrawler>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCrawler {
    name: String,
    operator: String,
    purpose: Purpose,
    advice: Advice,
    #[serde(default = "yes")]
    claimed: bool,
    #[serde(default)]
    robots: Vec<String>,
    addresses: RawAddresses,
    #[serde(default)]
    docs: Option<String>,
    #[serde(default)]
    notes: String,
    provenance: Vec<Provenance>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAddresses {
    format: Format,
    #[serde(default)]
    urls: Vec<String>,
}

const fn yes() -> bool {
    true
}

/// The only version of the format.
const FORMAT: u32 = 1;

/// The most crawlers of a table: every name of a configuration is looked for among all.
const MAX_CRAWLERS: usize = 1_000;

/// The longest name.
const MAX_NAME: usize = 40;

/// The date of the table, and its rows.
pub(super) fn parse(json: &str) -> Result<(String, Vec<Crawler>), Error> {
    let table: RawTable = serde_json::from_str(json).map_err(|error| Error::new(error.to_string()))?;
    if table.format != FORMAT {
        return Err(Error::new(format!("format {}, where {FORMAT} is read", table.format)));
    }
    provenance::check_date(&table.date)?;
    if table.crawlers.len() > MAX_CRAWLERS {
        return Err(Error::new(format!("more than {MAX_CRAWLERS} crawlers")));
    }
    let rows = table.crawlers.into_iter().map(|raw| {
        let name = raw.name.clone();
        compile(raw).map_err(|error| error.below(&name))
    });
    Ok((table.date, rows.collect::<Result<_, _>>()?))
}

fn compile(raw: RawCrawler) -> Result<Crawler, Error> {
    if !is_name(&raw.name) {
        return Err(Error::new(format!(
            "a name has 1 to {MAX_NAME} of a-z, 0-9, -, _ and ."
        )));
    }
    check_sources(&raw.provenance)?;
    if raw.operator.is_empty() {
        return Err(Error::new("who runs it? operator is empty".to_owned()));
    }
    if raw.addresses.format.is_published() == raw.addresses.urls.is_empty() {
        let problem = "urls stand there exactly when the format is prefixes, lines, embedded, routes or page";
        return Err(Error::new(problem.to_owned()));
    }
    let claim = match (raw.claimed, claim_of_family(&raw.name)) {
        (true, None) => return Err(Error::new("no User-Agent claims this family".to_owned())),
        (false, Some(_)) => return Err(Error::new("a User-Agent claims this family".to_owned())),
        (_, claim) => claim.map(|claim| claim.as_str().to_owned()),
    };
    Ok(Crawler {
        name: raw.name,
        operator: raw.operator,
        purpose: raw.purpose,
        advice: raw.advice,
        claim,
        robots: raw.robots,
        format: raw.addresses.format,
        urls: raw.addresses.urls,
        docs: raw.docs,
        notes: raw.notes,
        provenance: raw.provenance,
        ranges: None,
    })
}

/// Whether `name` can be a crawler's: short, and the same in logs, counters and configurations.
pub fn is_name(name: &str) -> bool {
    let is_word = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || b"-_.".contains(&letter);
    !name.is_empty() && name.len() <= MAX_NAME && name.bytes().all(is_word)
}

/// Whether `text` is a date, `YYYY-MM-DD`.
pub fn is_date(text: &str) -> bool {
    provenance::check_date(text).is_ok()
}
