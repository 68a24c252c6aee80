//! The words for who the client says it is, and, of a crawler, whether that is so.

use super::words::{Explained, absence, member, plain};
use layerprint::clients::crawlers::{Unverifiable, Verification};
use serde_json::Value;
use std::io::{self, Write};

/// Writes all of it.
pub(super) fn write(out: &mut impl Write, of: Explained<'_>) -> io::Result<()> {
    claimed(out, of.line)?;
    crawler(out, of)
}

fn claimed(out: &mut impl Write, evidence: &Value) -> io::Result<()> {
    writeln!(out, "\nWho it says it is")?;
    match evidence.get("user_agent") {
        Some(claims) => {
            let text = |key| member(claims, key);
            let with_version = |name: Option<String>, version: Option<String>| {
                name.map(|name| {
                    [Some(name), version]
                        .into_iter()
                        .flatten()
                        .collect::<Vec<_>>()
                        .join(" ")
                })
            };
            let parts = [
                with_version(text("product"), text("version")),
                text("kind"),
                with_version(text("engine"), text("engine_version")).map(|engine| format!("engine {engine}")),
                with_version(text("platform"), text("platform_version")).map(|platform| format!("on {platform}")),
                text("device").map(|device| format!("device {device}")),
            ];
            writeln!(
                out,
                "  User-Agent: {}",
                parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
            )?;
        }
        None => writeln!(out, "  User-Agent: {}", absence(evidence, "user_agent"))?,
    }
    let hints = [
        ("hint_brand", "brand"),
        ("hint_platform", "platform"),
        ("hint_mobile", "mobile"),
    ];
    let said: Vec<_> = hints
        .into_iter()
        .filter_map(|(key, name)| Some(format!("{name} {}", member(evidence, key)?)))
        .collect();
    match said.is_empty() {
        true => writeln!(out, "  Client Hints: {}", absence(evidence, "hint_brand")),
        false => writeln!(out, "  Client Hints: {}", said.join(", ")),
    }
}

fn crawler(out: &mut impl Write, of: Explained<'_>) -> io::Result<()> {
    let Some(row) = of.crawler.crawler() else {
        return Ok(());
    };
    writeln!(
        out,
        "  crawler: {}, of {}, for {}; to do with it, by the table: {}",
        plain(row.name()),
        plain(row.operator()),
        row.purpose().as_str(),
        row.advice().as_str()
    )?;
    let state = match of.crawler {
        Verification::NotClaimed => return Ok(()),
        Verification::Verified(_) => "verified: it comes from an address of its operator",
        Verification::Refuted(_) => "refuted: its operator does not have this address",
        Verification::Unverifiable(_, Unverifiable::NoRanges) => {
            "unverifiable: the configuration has no addresses of it, and nothing follows"
        }
        Verification::Unverifiable(_, Unverifiable::NoAddress) => {
            "unverifiable: the client's address is not known, and nothing follows"
        }
    };
    write!(out, "  crawler, {state}")?;
    match member(of.line, "crawler_state").filter(|logged| !state.starts_with(logged.as_str())) {
        Some(logged) => writeln!(out, "; in the log: {logged}"),
        None => writeln!(out),
    }
}
