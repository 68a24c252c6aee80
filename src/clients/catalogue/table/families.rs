//! Rows of families, as they are written and compiled.

use serde::Deserialize;

use super::problem;
use super::shapes::{RawTls, hello};
use crate::clients::catalogue::Catalogue;
use crate::clients::catalogue::family::{Claim, Family, Must, Shows, Since, Versions};
use crate::clients::provenance::{Error, Provenance, check_sources};
use crate::evidence::claims::{Engine, Kind, Platform};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFamily {
    pub(super) name: String,
    kind: String,
    #[serde(default)]
    generic: bool,
    #[serde(default)]
    lenient: bool,
    #[serde(default)]
    claims: Vec<RawClaim>,
    #[serde(default)]
    tls: Vec<String>,
    #[serde(default)]
    http2: Vec<String>,
    #[serde(default)]
    orders: Vec<String>,
    #[serde(default)]
    must: Vec<RawMust>,
    #[serde(default)]
    client_hints: Option<String>,
    #[serde(default)]
    fetch_metadata: Option<String>,
    #[serde(default)]
    notes: String,
    provenance: Vec<Provenance>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawClaim {
    products: Vec<String>,
    engine: Option<String>,
    platforms: Vec<String>,
    kinds: Vec<String>,
    versions: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMust {
    #[serde(default)]
    versions: Option<String>,
    hello: RawTls,
}

pub(super) fn family(raw: RawFamily, catalogue: &Catalogue) -> Result<Family, Error> {
    check_sources(&raw.provenance)?;
    Ok(Family {
        kind: kind(&raw.kind)?,
        generic: raw.generic,
        lenient: raw.lenient,
        claims: raw.claims.into_iter().map(claim).collect::<Result<_, _>>()?,
        tls: shown(&raw.tls, "tls", catalogue.tls.iter().map(|row| &row.name))?,
        http2: shown(&raw.http2, "http2", catalogue.http2.iter().map(|row| &row.name))?,
        orders: shown(&raw.orders, "orders", catalogue.orders.iter().map(|row| &row.name))?,
        must: raw.must.into_iter().map(must).collect::<Result<_, _>>()?,
        client_hints: since("client_hints", raw.client_hints)?,
        fetch_metadata: since("fetch_metadata", raw.fetch_metadata)?,
        notes: raw.notes,
        provenance: raw.provenance,
        name: raw.name,
    })
}

fn shown<'a>(
    texts: &[String],
    list: &str,
    names: impl Iterator<Item = &'a String> + Clone,
) -> Result<Vec<Shows>, Error> {
    let show = |text: &String| {
        let (name, versions) = match text.split_once('@') {
            Some((name, versions)) => (name, band(versions)?),
            None => (text.as_str(), Versions::default()),
        };
        let row = names.clone().zip(0_u8..).find(|(known, _)| *known == name);
        let (_, row) = row.ok_or_else(|| problem(format!("{name:?} is no row of {list}")))?;
        Ok(Shows { row, versions })
    };
    texts
        .iter()
        .map(|text| show(text).map_err(|error: Error| error.below(list)))
        .collect()
}

fn band(text: &str) -> Result<Versions, Error> {
    Versions::parse(text).ok_or_else(|| problem(format!("versions {text:?}: 89-, -118 or 16.4-17")))
}

fn since(key: &str, text: Option<String>) -> Result<Since, Error> {
    match text.as_deref() {
        None => Ok(Since::Unstated),
        Some("never") => Ok(Since::Never),
        Some(versions) => band(versions).map(Since::Version).map_err(|error| error.below(key)),
    }
}

fn claim(raw: RawClaim) -> Result<Claim, Error> {
    let claim = Claim {
        products: raw.products,
        engine: raw.engine.as_deref().map(engine).transpose()?,
        platforms: raw
            .platforms
            .iter()
            .map(|name| platform(name))
            .collect::<Result<_, _>>()?,
        kinds: raw.kinds.iter().map(|name| kind(name)).collect::<Result<_, _>>()?,
        versions: raw.versions.as_deref().map(band).transpose()?.unwrap_or_default(),
    };
    if claim.products.is_empty() && claim.engine.is_none() {
        return Err(problem("fits anybody: it needs products or an engine".to_owned()).below("claims"));
    }
    Ok(claim)
}

fn must(raw: RawMust) -> Result<Must, Error> {
    Ok(Must {
        shape: hello(raw.hello).map_err(|error| error.below("must"))?,
        versions: raw.versions.as_deref().map(band).transpose()?.unwrap_or_default(),
    })
}

fn kind(name: &str) -> Result<Kind, Error> {
    const KINDS: [Kind; 6] = [
        Kind::Browser,
        Kind::InApp,
        Kind::Headless,
        Kind::Tool,
        Kind::Crawler,
        Kind::Monitor,
    ];
    let known = KINDS.into_iter().find(|kind| kind.as_str() == name);
    known.ok_or_else(|| {
        problem(format!(
            "kind {name:?}: browser, in-app, headless, tool, crawler or monitor"
        ))
    })
}

fn engine(name: &str) -> Result<Engine, Error> {
    const ENGINES: [Engine; 7] = [
        Engine::Blink,
        Engine::Gecko,
        Engine::WebKit,
        Engine::Trident,
        Engine::EdgeHtml,
        Engine::Presto,
        Engine::Goanna,
    ];
    let known = ENGINES.into_iter().find(|engine| engine.as_str() == name);
    known.ok_or_else(|| {
        problem(format!(
            "engine {name:?}: blink, gecko, webkit, trident, edgehtml, presto or goanna"
        ))
    })
}

fn platform(name: &str) -> Result<Platform, Error> {
    let known = Platform::ALL.into_iter().find(|platform| platform.as_str() == name);
    known.ok_or_else(|| problem(format!("platform {name:?} is none that a client can claim")))
}
