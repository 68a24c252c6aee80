//! The table of stacks: JSON in, compiled types out. It is checked whole, so that nothing need be checked when a SYN comes.
//!
//! `{"format": 1, "date", "stacks": [{"name", "kind", "runs", "perhaps", "shapes", "notes", "provenance"}]}`. `kind` is `os`,
//! `middlebox` or `scanner`; `runs` are the platforms that run on it, `perhaps` those of which nothing follows. A shape has:
//!
//! | Key | Says |
//! | --- | --- |
//! | `ttl` | the least and the greatest TTL that it leaves with |
//! | `layouts` | orders of options in p0f's notation: the default, then what settings leave of it |
//! | `also` | options that come and go with the connection |
//! | `windows` | `fill` (the segments that 65535 bytes hold), `mss*n`, `mss*` (any n), `mss*n/scale` (cut to the scale), or bytes |
//! | `scale`, `mss` | the range of the window scale; the MSS, when it is always the same |
//! | `df` | whether IPv4's DF is set |
//! | `quirks` | p0f's quirks that it always has |
//! | `version` | 4 or 6, when it is one of them alone |
//! | `exact` | whether only this very form counts, for what a program writes byte by byte |
//!
//! `provenance` is a list of `{"level", "from", "date"}`, at least one: `measured`, `source`, `published` or `unverified`.

use core::ops::RangeInclusive;

use serde::Deserialize;

use super::deviation::Deviations;
use super::shape::{Layout, MAX_LAYOUTS, Rule, Shape, Version, lack_of};
use super::{Kind, Stack};
use crate::clients::provenance::{Error, Provenance, check_date, check_name, check_sources};
use crate::evidence::claims::Platform;
use crate::fingerprint::tcp::Quirk;
use crate::wire::syn::OptionKind;

/// The only version of the format.
const FORMAT: u32 = 1;

/// The most stacks of a table, and the most shapes of a stack: every SYN is held against all.
const MAX_STACKS: usize = 64;
const MAX_SHAPES: usize = 8;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTable {
    format: u32,
    date: String,
    stacks: Vec<RawStack>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStack {
    name: String,
    kind: Kind,
    runs: Vec<String>,
    #[serde(default)]
    perhaps: Vec<String>,
    shapes: Vec<RawShape>,
    #[serde(default)]
    notes: String,
    provenance: Vec<Provenance>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawShape {
    #[serde(default)]
    version: Option<u8>,
    ttl: [u8; 2],
    layouts: Vec<String>,
    #[serde(default)]
    also: Vec<String>,
    windows: Vec<String>,
    #[serde(default)]
    scale: Option<[u8; 2]>,
    #[serde(default)]
    mss: Option<u16>,
    df: bool,
    #[serde(default)]
    quirks: Vec<String>,
    #[serde(default)]
    exact: bool,
}

/// A table that was read.
pub(super) struct Table {
    pub(super) date: String,
    pub(super) stacks: Vec<Stack>,
}

pub(super) fn parse(json: &str) -> Result<Table, Error> {
    let table: RawTable = serde_json::from_str(json).map_err(|error| problem(error.to_string()))?;
    if table.format != FORMAT {
        return Err(problem(format!("format {}, where {FORMAT} is read", table.format)));
    }
    check_date(&table.date)?;
    if table.stacks.len() > MAX_STACKS {
        return Err(problem(format!("more than {MAX_STACKS} stacks")));
    }
    let mut stacks: Vec<Stack> = Vec::new();
    for raw in table.stacks {
        let name = raw.name.clone();
        let at = |error: Error| error.below(&name);
        let stack = compile(raw).map_err(at)?;
        if stacks.iter().any(|other| other.name == stack.name) {
            return Err(at(problem("stands twice".to_owned())));
        }
        stacks.push(stack);
    }
    Ok(Table {
        date: table.date,
        stacks,
    })
}

fn problem(problem: String) -> Error {
    Error::new(problem)
}

fn compile(raw: RawStack) -> Result<Stack, Error> {
    check_name(&raw.name)?;
    check_sources(&raw.provenance)?;
    if raw.shapes.is_empty() || raw.shapes.len() > MAX_SHAPES {
        return Err(problem(format!("1 to {MAX_SHAPES} shapes")));
    }
    Ok(Stack {
        name: raw.name,
        kind: raw.kind,
        runs: each(&raw.runs, platform)?,
        perhaps: each(&raw.perhaps, platform)?,
        shapes: raw.shapes.iter().map(shape).collect::<Result<_, _>>()?,
        notes: raw.notes,
        provenance: raw.provenance,
    })
}

fn shape(raw: &RawShape) -> Result<Shape, Error> {
    if raw.layouts.is_empty() || raw.layouts.len() > MAX_LAYOUTS {
        return Err(problem(format!("1 to {MAX_LAYOUTS} layouts")));
    }
    let default = raw.layouts.first().map(String::as_str).unwrap_or_default();
    let default = kinds(default)?;
    Ok(Shape {
        version: match raw.version {
            None => None,
            Some(4) => Some(Version::V4),
            Some(6) => Some(Version::V6),
            Some(other) => return Err(problem(format!("version {other}: 4, 6, or left out for both"))),
        },
        ttl: range(raw.ttl)?,
        layouts: each(&raw.layouts, |text| layout(text, &default))?,
        also: each(&raw.also, kind)?,
        windows: each(&raw.windows, rule)?,
        scale: range(raw.scale.unwrap_or([0, 14]))?,
        mss: raw.mss,
        dont_fragment: raw.df,
        oddities: each(&raw.quirks, quirk)?,
        exact: raw.exact,
    })
}

fn each<T>(texts: &[String], read: impl Fn(&str) -> Result<T, Error>) -> Result<Vec<T>, Error> {
    texts.iter().map(|text| read(text)).collect()
}

fn range([low, high]: [u8; 2]) -> Result<RangeInclusive<u8>, Error> {
    if low > high {
        return Err(problem(format!(
            "[{low}, {high}] is empty: the lesser number stands first"
        )));
    }
    Ok(low..=high)
}

fn layout(text: &str, default: &[OptionKind]) -> Result<Layout, Error> {
    let kinds = kinds(text)?;
    let mut lacks = Deviations::NONE;
    for missing in default.iter().filter(|kind| !kinds.contains(kind)) {
        if matches!(*missing, OptionKind::NOP | OptionKind::END) {
            continue;
        }
        let lack = lack_of(*missing);
        lacks = lacks.and(lack.ok_or_else(|| problem(format!("layout {text:?} lacks what none can be without")))?);
    }
    Ok(Layout { kinds, lacks })
}

fn kinds(text: &str) -> Result<Vec<OptionKind>, Error> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    text.split(',').map(kind).collect()
}

/// An option by its name in p0f's notation; the padding behind `eol` is not looked at.
fn kind(name: &str) -> Result<OptionKind, Error> {
    let number = |text: &str| text.parse().ok().map(OptionKind);
    let kind = match name {
        "eol" => Some(OptionKind::END),
        "nop" => Some(OptionKind::NOP),
        "mss" => Some(OptionKind::MAX_SEGMENT_SIZE),
        "ws" => Some(OptionKind::WINDOW_SCALE),
        "sok" => Some(OptionKind::SACK_PERMITTED),
        "ts" => Some(OptionKind::TIMESTAMPS),
        _ => name.strip_prefix('?').and_then(number),
    };
    kind.ok_or_else(|| {
        problem(format!(
            "option {name:?}: eol, nop, mss, ws, sok, ts, or ?n for another kind"
        ))
    })
}

fn rule(text: &str) -> Result<Rule, Error> {
    let read = |text: &str| match text.strip_prefix("mss*") {
        None if text == "fill" => Some(Rule::Fill),
        None => text.parse().ok().map(Rule::Number),
        Some("") => Some(Rule::Whole),
        Some(times) => match times.strip_suffix("/scale") {
            Some(times) => times.parse().ok().map(Rule::Rounded),
            None => times.parse().ok().map(Rule::Segments),
        },
    };
    read(text).ok_or_else(|| problem(format!("window {text:?}: fill, mss*, mss*n, mss*n/scale, or a number")))
}

fn quirk(name: &str) -> Result<Quirk, Error> {
    let known = Quirk::ALL.into_iter().find(|quirk| quirk.as_str() == name);
    known.ok_or_else(|| problem(format!("quirk {name:?} is none of p0f's notation")))
}

fn platform(name: &str) -> Result<Platform, Error> {
    let known = Platform::ALL.into_iter().find(|platform| platform.as_str() == name);
    known.ok_or_else(|| problem(format!("platform {name:?} is none that a client can claim")))
}
