//! The tables of the catalogue: JSON in, compiled types out. They are checked whole, so that nothing need be checked when a client
//! comes.
//!
//! `{"format": 1, "date", "tls": [], "http2": [], "orders": [], "families": []}`; each list may be missing. Every row has `name`,
//! `provenance` (a list of `{"level", "from", "date"}`, at least one; `measured`, `source`, `published` or `unverified`) and perhaps
//! `notes`.
//!
//! | Row | Key | Says |
//! | --- | --- | --- |
//! | `tls` | `shapes` | what a ClientHello may be like: at least one has to fit |
//! | | `versions`, `alpn` | JA4's two characters of the highest version, and of the first protocol: one of these |
//! | | `cipher_count`, `extension_count` | `[least, most]`, as JA4 counts |
//! | | `ciphers`, `cipher_hashes` | lists of ciphers (`1301,1302`) in any order, or JA4's part b of such a list: one of these |
//! | | `with`, `without` | extensions that are all there, and that are not there: four hex digits |
//! | | `signatures` | lists of signature algorithms in wire order: one of these |
//! | | `grease` | whether there is GREASE among ciphers, extensions or groups |
//! | `http2` | `shapes` | how a connection may be opened: at least one has to fit |
//! | | `settings` | in wire order, see `http2.rs`; `unordered` is true where the order varies |
//! | | `window` | the increment, `00` for none, `any` |
//! | | `priority` | the PRIORITY frames as the form has them, `0` for none; left out for any |
//! | | `pseudo` | orders of the pseudo-headers: one of these; left out for any |
//! | `orders` | `templates` | orders of header names: at least one has to fit |
//! | | `versions` | `http1`, one of its two versions (`http1.0`, `http1.1`), `http2`, `any` |
//! | | `requests` | `navigation`, `other`, `any` |
//! | | `names` | see `order.rs`: `name`, `name?` where it may be missing, `name!` where it must be |
//! | `families` | `kind` | `browser`, `in-app`, `headless`, `tool`, `crawler`, `monitor` |
//! | | `claims` | how a User-Agent claims it: `products`, `engine`, `platforms`, `kinds`, `versions` (`89-`, `-118`, `16.4-17`); left out: it cannot be claimed |
//! | | `tls`, `http2`, `orders` | the rows that it shows; `name@17-18` in those versions alone |
//! | | `must` | what its TLS has anyhow: `{"versions", "hello": a shape}` |
//! | | `lenient` | whether nothing follows from another known implementation |
//! | | `generic` | whether it stands for all that is built on it: an engine, a library |
//! | | `client_hints`, `fetch_metadata` | `never`, or the versions that send them; left out where it is not known |

use serde::Deserialize;

use super::family::{Claim, Family, Must, Shows, Since, Versions as Band};
use super::http2::{Http2Shape, Setting, Window};
use super::likeness::MAX_ROWS;
use super::order::{Entry, Template, Versions, Vocabulary};
use super::tls::{Codes, TlsShape, cipher_hash, codes};
use super::{Catalogue, Reach, Row};
use crate::clients::provenance::{Error, Provenance, check_date, check_name, check_sources};
use crate::evidence::claims::{Engine, Kind, Platform};

/// The only version of the format.
const FORMAT: u32 = 1;

/// The most families, and the most shapes or templates of a row: a client is held against all.
const MAX_FAMILIES: usize = 256;
const MAX_SHAPES: usize = 32;
/// The most names of a template: under the numbers that stand for something else.
const MAX_ENTRIES: usize = 64;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTable {
    format: u32,
    date: String,
    #[serde(default)]
    tls: Vec<RawRow<RawTls>>,
    #[serde(default)]
    http2: Vec<RawRow<RawHttp2>>,
    #[serde(default)]
    orders: Vec<RawOrder>,
    #[serde(default)]
    families: Vec<RawFamily>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRow<T> {
    name: String,
    shapes: Vec<T>,
    #[serde(default)]
    notes: String,
    provenance: Vec<Provenance>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawTls {
    versions: Vec<String>,
    alpn: Vec<String>,
    cipher_count: Option<[u8; 2]>,
    extension_count: Option<[u8; 2]>,
    ciphers: Vec<String>,
    cipher_hashes: Vec<String>,
    with: String,
    without: String,
    signatures: Vec<String>,
    grease: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHttp2 {
    settings: String,
    #[serde(default)]
    unordered: bool,
    window: String,
    #[serde(default)]
    priority: Option<String>,
    #[serde(default)]
    pseudo: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOrder {
    name: String,
    templates: Vec<RawTemplate>,
    #[serde(default)]
    notes: String,
    provenance: Vec<Provenance>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTemplate {
    versions: String,
    requests: String,
    names: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFamily {
    name: String,
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

/// Puts the rows of `json` into `catalogue`: in place of those of the same name, or behind the others.
pub(super) fn extend(catalogue: &mut Catalogue, json: &str) -> Result<(), Error> {
    let table: RawTable = serde_json::from_str(json).map_err(|error| problem(error.to_string()))?;
    if table.format != FORMAT {
        return Err(problem(format!("format {}, where {FORMAT} is read", table.format)));
    }
    check_date(&table.date)?;
    let tls = each(table.tls, "tls", |raw| &raw.name, |raw| row(raw, tls_shape))?;
    let http2 = each(table.http2, "http2", |raw| &raw.name, |raw| row(raw, http2_shape))?;
    let orders = each(table.orders, "orders", |raw| &raw.name, order)?;
    put(&mut catalogue.tls, tls, |row| &row.name, "tls", MAX_ROWS)?;
    put(&mut catalogue.http2, http2, |row| &row.name, "http2", MAX_ROWS)?;
    put(&mut catalogue.orders, orders, |row| &row.name, "orders", MAX_ROWS)?;
    let families = each(
        table.families,
        "families",
        |raw| &raw.name,
        |raw| family(raw, catalogue),
    )?;
    put(
        &mut catalogue.families,
        families,
        |row| &row.name,
        "families",
        MAX_FAMILIES,
    )?;
    number_names(catalogue)?;
    if catalogue.date < table.date {
        catalogue.date = table.date;
    }
    Ok(())
}

/// Compiles the rows of one list, and refuses two of one name.
fn each<Raw, T>(
    raws: Vec<Raw>,
    list: &str,
    name: impl Fn(&Raw) -> &String,
    compile: impl Fn(Raw) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let mut names: Vec<String> = Vec::new();
    let mut rows = Vec::new();
    for raw in raws {
        let own = name(&raw).clone();
        let at = |error: Error| error.below(&own).below(list);
        check_name(&own).map_err(at)?;
        if names.contains(&own) {
            return Err(at(problem("stands twice".to_owned())));
        }
        rows.push(compile(raw).map_err(at)?);
        names.push(own);
    }
    Ok(rows)
}

fn put<T>(own: &mut Vec<T>, rows: Vec<T>, name: impl Fn(&T) -> &String, list: &str, most: usize) -> Result<(), Error> {
    for row in rows {
        match own.iter_mut().find(|own| name(own) == name(&row)) {
            Some(own) => *own = row,
            None => own.push(row),
        }
    }
    if own.len() > most {
        return Err(problem(format!("more than {most} rows with those that were there")).below(list));
    }
    Ok(())
}

/// Gives every name of a template its number.
fn number_names(catalogue: &mut Catalogue) -> Result<(), Error> {
    let templates = catalogue.orders.iter().flat_map(|row| &row.shapes);
    let names = templates.flat_map(|template| template.entries.iter().map(|entry| entry.name.as_str()));
    let vocabulary =
        Vocabulary::of(names).ok_or_else(|| problem("more than 128 different names".to_owned()).below("orders"))?;
    for template in catalogue.orders.iter_mut().flat_map(|row| &mut row.shapes) {
        template.number(&vocabulary);
    }
    catalogue.vocabulary = vocabulary;
    Ok(())
}

fn problem(problem: String) -> Error {
    Error::new(problem)
}

fn row<Raw, T>(raw: RawRow<Raw>, compile: impl Fn(Raw) -> Result<T, Error>) -> Result<Row<T>, Error> {
    check_sources(&raw.provenance)?;
    Ok(Row {
        name: raw.name,
        shapes: shapes(raw.shapes, "shapes", compile)?,
        notes: raw.notes,
        provenance: raw.provenance,
    })
}

fn shapes<Raw, T>(raws: Vec<Raw>, list: &str, compile: impl Fn(Raw) -> Result<T, Error>) -> Result<Vec<T>, Error> {
    if raws.is_empty() || raws.len() > MAX_SHAPES {
        return Err(problem(format!("1 to {MAX_SHAPES} {list}")));
    }
    let numbered = raws.into_iter().enumerate();
    numbered
        .map(|(n, raw)| compile(raw).map_err(|error| error.below(&format!("{list}.{n}"))))
        .collect()
}

fn tls_shape(raw: RawTls) -> Result<TlsShape, Error> {
    let shape = hello(raw)?;
    if shape.cipher_hashes.is_empty() && !shape.asks_for_hello() {
        let keys = "one of ciphers, cipher_hashes, with, without, signatures, grease";
        return Err(problem(format!("fits anybody: it needs {keys}")));
    }
    Ok(shape)
}

fn hello(raw: RawTls) -> Result<TlsShape, Error> {
    let listed = |key: &str, text: &str| {
        codes(text).ok_or_else(|| problem(format!("{key} {text:?}: four hex digits each, joined by commas")))
    };
    let mut cipher_hashes: Vec<[u8; 12]> = Vec::new();
    for text in &raw.ciphers {
        cipher_hashes.push(cipher_hash(&mut listed("ciphers", text)?));
    }
    for text in &raw.cipher_hashes {
        let hash = text.as_bytes().try_into().ok().filter(|_| is_hex(text));
        cipher_hashes.push(hash.ok_or_else(|| problem(format!("cipher_hashes {text:?}: 12 lower hex digits")))?);
    }
    let sorted = |key: &str, text: &str| -> Result<Codes, Error> {
        let mut codes = listed(key, text)?;
        codes.sort_unstable();
        Ok(codes)
    };
    for [least, most] in [raw.cipher_count, raw.extension_count].into_iter().flatten() {
        if least > most {
            return Err(problem(format!(
                "[{least}, {most}] is empty: the lesser number stands first"
            )));
        }
    }
    let signatures = raw.signatures.iter().map(|text| listed("signatures", text));
    Ok(TlsShape {
        versions: pairs("versions", &raw.versions)?,
        alpn: pairs("alpn", &raw.alpn)?,
        cipher_count: raw.cipher_count,
        extension_count: raw.extension_count,
        cipher_hashes,
        with: sorted("with", &raw.with)?,
        without: sorted("without", &raw.without)?,
        signatures: signatures.collect::<Result<_, _>>()?,
        grease: raw.grease,
    })
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn pairs(key: &str, texts: &[String]) -> Result<Vec<[u8; 2]>, Error> {
    let pair = |text: &String| text.as_bytes().try_into().ok();
    let pairs = texts
        .iter()
        .map(|text| pair(text).ok_or_else(|| problem(format!("{key} {text:?}: two characters, as JA4 has them"))));
    pairs.collect()
}

fn http2_shape(raw: RawHttp2) -> Result<Http2Shape, Error> {
    let setting = |text: &str| {
        Setting::parse(text).ok_or_else(|| {
            problem(format!(
                "setting {text:?}: id:value, where the value is a number, a-b, a/b or *, with ? behind where it may be missing"
            ))
        })
    };
    let settings = raw.settings.split(';').filter(|text| !text.is_empty());
    let window = Window::parse(&raw.window);
    Ok(Http2Shape {
        settings: settings.map(setting).collect::<Result<_, _>>()?,
        ordered: !raw.unordered,
        window: window.ok_or_else(|| problem(format!("window {:?}: a number, a-b, a/b, 00 or any", raw.window)))?,
        priority: raw.priority,
        pseudo: raw.pseudo,
    })
}

fn order(raw: RawOrder) -> Result<Row<Template>, Error> {
    check_sources(&raw.provenance)?;
    Ok(Row {
        name: raw.name,
        shapes: shapes(raw.templates, "templates", template)?,
        notes: raw.notes,
        provenance: raw.provenance,
    })
}

fn template(raw: RawTemplate) -> Result<Template, Error> {
    let versions = match &*raw.versions {
        "http1" => Versions::Http1,
        "http1.0" => Versions::Http10,
        "http1.1" => Versions::Http11,
        "http2" => Versions::Http2,
        "any" => Versions::Any,
        other => {
            return Err(problem(format!(
                "versions {other:?}: http1, http1.0, http1.1, http2, any"
            )));
        }
    };
    let reach = match &*raw.requests {
        "navigation" => Reach::Navigations,
        "other" => Reach::Others,
        "any" => Reach::All,
        other => return Err(problem(format!("requests {other:?}: navigation, other, any"))),
    };
    let mut entries: Vec<Entry> = Vec::new();
    for text in raw.names.split_ascii_whitespace() {
        let entry = Entry::parse(text);
        let entry = entry.ok_or_else(|| problem(format!("name {text:?}: lower case, perhaps with ? or ! behind")))?;
        if entries.iter().any(|other| other.name == entry.name) {
            return Err(problem(format!("name {text:?} stands twice")));
        }
        entries.push(entry);
    }
    if entries.is_empty() || entries.len() > MAX_ENTRIES {
        return Err(problem(format!("1 to {MAX_ENTRIES} names")));
    }
    Ok(Template::new(versions, reach, entries))
}

fn family(raw: RawFamily, catalogue: &Catalogue) -> Result<Family, Error> {
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
            None => (text.as_str(), Band::default()),
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

fn band(text: &str) -> Result<Band, Error> {
    Band::parse(text).ok_or_else(|| problem(format!("versions {text:?}: 89-, -118 or 16.4-17")))
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
