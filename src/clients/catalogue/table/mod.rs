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
//! | `orders` | `shapes` | orders of header names: at least one has to fit |
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

mod families;
mod shapes;

use serde::Deserialize;

use super::likeness::MAX_ROWS;
use super::order::Vocabulary;
use super::{Catalogue, Row};
use crate::clients::provenance::{Error, Provenance, check_date, check_name, check_sources};
use families::{RawFamily, family};
use shapes::{RawHttp2, RawTemplate, RawTls, http2_shape, template, tls_shape};

/// The only version of the format.
const FORMAT: u32 = 1;

/// The most families, and the most shapes of a row: a client is held against all.
const MAX_FAMILIES: usize = 256;
const MAX_SHAPES: usize = 32;

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
    orders: Vec<RawRow<RawTemplate>>,
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

/// Puts the rows of `json` into `catalogue`: in place of those of the same name, or behind the others.
pub(super) fn extend(catalogue: &mut Catalogue, json: &str) -> Result<(), Error> {
    let table: RawTable = serde_json::from_str(json).map_err(|error| problem(error.to_string()))?;
    if table.format != FORMAT {
        return Err(problem(format!("format {}, where {FORMAT} is read", table.format)));
    }
    check_date(&table.date)?;
    let tls = each(table.tls, "tls", |raw| &raw.name, |raw| row(raw, tls_shape))?;
    let http2 = each(table.http2, "http2", |raw| &raw.name, |raw| row(raw, http2_shape))?;
    let orders = each(table.orders, "orders", |raw| &raw.name, |raw| row(raw, template))?;
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
        shapes: shapes(raw.shapes, compile)?,
        notes: raw.notes,
        provenance: raw.provenance,
    })
}

fn shapes<Raw, T>(raws: Vec<Raw>, compile: impl Fn(Raw) -> Result<T, Error>) -> Result<Vec<T>, Error> {
    if raws.is_empty() || raws.len() > MAX_SHAPES {
        return Err(problem(format!("1 to {MAX_SHAPES} shapes")));
    }
    let numbered = raws.into_iter().enumerate();
    numbered
        .map(|(n, raw)| compile(raw).map_err(|error| error.below(&format!("shapes.{n}"))))
        .collect()
}
