//! What the ClientHello and the HTTP/2 opening say, each by itself and together.

use super::{Claimed, Finding, seen};
use crate::clients::catalogue::{Catalogue, Likeness};
use crate::clients::stacks::Fit;
use crate::compare::code::Code;
use crate::compare::view::{Known, View};
use crate::evidence::claims::Kind;

/// The ClientHello is none that the claimed client sends, whichever of its versions and builds that is.
///
/// TLS comes from the library that a program is built with: its user changes the User-Agent, and not this. Only what the catalogue
/// knows as somebody else's, or what the claimed client cannot lack, contradicts: a new version of a browser does not.
pub(super) fn tls_ua(view: &View<'_>, known: Known<'_>, claimed: Option<&Claimed<'_>>) -> Option<Finding> {
    let (shown, claimed) = (seen(&view.tls)?, claimed?);
    let family = claimed.family?;
    let fit = known
        .catalogue
        .tls_fits(family, claimed.version(), &shown.likeness, &shown.traits);
    let whose = whose(&shown.likeness, known.catalogue, "none that it can send");
    (fit == Fit::Contradicts).then(|| {
        let why = format!(
            "the client claims to be {}, and its ClientHello is {whose}",
            claimed.name()
        );
        Finding::new(Code::TlsUa, why)
    })
}

/// The same of the HTTP/2 opening: SETTINGS, window and the order of pseudo-headers.
pub(super) fn h2_ua(view: &View<'_>, known: Known<'_>, claimed: Option<&Claimed<'_>>) -> Option<Finding> {
    let (shown, claimed) = (seen(&view.http2)?, claimed?);
    let fit = known.catalogue.http2_fits(claimed.family?, claimed.version(), shown);
    (fit == Fit::Contradicts).then(|| {
        let whose = whose(shown, known.catalogue, "none that it can send");
        let why = format!(
            "the client claims to be {}, and its HTTP/2 opening is {whose}",
            claimed.name()
        );
        Finding::new(Code::H2Ua, why)
    })
}

/// The two are known, and nobody sends both: one of them is an imitation.
pub(super) fn h2_tls(view: &View<'_>, known: Known<'_>) -> Option<Finding> {
    let (tls, http2) = (seen(&view.tls)?, seen(&view.http2)?);
    let fit = known.catalogue.go_together(&tls.likeness, http2);
    (fit == Fit::Contradicts).then(|| {
        let (tls, http2) = (
            whose(&tls.likeness, known.catalogue, "unknown"),
            whose(http2, known.catalogue, "unknown"),
        );
        let why = format!("the ClientHello is {tls} and the HTTP/2 opening {http2}: no client sends both");
        Finding::new(Code::H2Tls, why)
    })
}

/// Only tools and libraries have this TLS, and the request claims a browser, or nothing that is known. An honest tool, a crawler and
/// a monitor are what they say.
pub(super) fn tool_tls(view: &View<'_>, known: Known<'_>, claimed: Option<&Claimed<'_>>) -> Option<Finding> {
    let shown = seen(&view.tls)?;
    if !known.catalogue.is_tool_tls(&shown.likeness) {
        return None;
    }
    let kind = claimed.map_or(Kind::Unknown, |claimed| claimed.agent.kind);
    match kind {
        Kind::Browser | Kind::InApp | Kind::Headless | Kind::Unknown => {
            let whose = whose(&shown.likeness, known.catalogue, "that of a tool");
            let why = format!(
                "the ClientHello is {whose}, which tools use, and the request does not say that it is from one"
            );
            Some(Finding::new(Code::ToolTls, why))
        }
        Kind::Tool | Kind::Crawler | Kind::Monitor => None,
    }
}

/// `that of openssl`, or what else to say.
fn whose(likeness: &Likeness, catalogue: &Catalogue, unknown: &str) -> String {
    let mut names = likeness.names(catalogue);
    match (names.next(), names.next()) {
        (None, _) => unknown.to_owned(),
        (Some(only), None) => format!("that of {only}"),
        (Some(first), Some(second)) => format!("that of {first} or {second}"),
    }
}
