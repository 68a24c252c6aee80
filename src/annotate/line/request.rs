//! The part of a request's line that says what it asks for, and who its connection looks like.

use super::json::{Line, string};
use crate::annotate::Observed;
use crate::clients::catalogue::Likeness;
use crate::clients::crawlers::Verification;
use crate::evidence::claims::UserAgent;
use crate::evidence::{Evidence, Sent};
use core::fmt::{self, Write};
use std::borrow::Cow;

/// The longest path and host that are written.
const MAX_TARGET: usize = 512;

/// The most bytes of a header value that are written: one more than are read of a User-Agent, and more than of a Client Hint, so
/// that what was too large still is when the line is read back.
const MAX_SENT: usize = UserAgent::MAX + 1;

/// Writes what is asked for, and by which crawler, if one is claimed.
pub(super) fn write(line: &mut Line, of: &Observed<'_>) -> fmt::Result {
    let path = of.target.path.split(|byte| *byte == b'?').next().unwrap_or_default();
    line.text("method", &text(of.target.method, MAX_TARGET))?;
    line.text("host", &text(of.target.host, MAX_TARGET))?;
    line.text("path", &text(path, MAX_TARGET))?;
    let Some(crawler) = of.crawler.crawler() else {
        return Ok(());
    };
    let state = match of.crawler {
        Verification::Unverifiable(..) => "unverifiable",
        told => told.as_str(),
    };
    line.text("crawler", &crawler.name())?;
    line.text("crawler_state", &state)
}

/// Writes the headers that are compared: with those a log line can be compared anew.
pub(super) fn write_sent(line: &mut Line, sent: &Sent<'_>) -> fmt::Result {
    line.object("sent", |out| {
        sent.iter()
            .try_fold("", |comma, (name, value)| {
                write!(out, r#"{comma}"{name}":"#)?;
                match value {
                    Some(value) => string(out, &text(value, MAX_SENT))?,
                    None => out.write_str("null")?,
                }
                Ok(",")
            })
            .map(|_| ())
    })
}

/// Writes what was recognised.
pub(super) fn write_shown(line: &mut Line, of: &Observed<'_>) -> fmt::Result {
    let shown = of.shown;
    if let Some(raw) = &shown.raw {
        line.text("ja4_r", &raw.ja4_r)?;
        line.number("tls_grease", &raw.grease)?;
    }
    if let Evidence::Seen(tls) = &shown.tls {
        write_likeness(line, "tls_client", &tls.likeness, of)?;
    }
    if let Evidence::Seen(http2) = &shown.http2 {
        write_likeness(line, "h2_client", http2, of)?;
    }
    if let Some(client) = &shown.client {
        line.text("looks_like", &client.name)?;
        line.text("looks_like_class", &client.kind.as_str())?;
    }
    Ok(())
}

fn write_likeness(line: &mut Line, name: &str, likeness: &Likeness, of: &Observed<'_>) -> fmt::Result {
    line.list(name, likeness.names(of.catalogue), |out, name| string(out, &name))
}

/// Any bytes as text, cut at `most`. Each byte that is none of a text becomes one U+FFFD, so that their number can be told.
fn text(bytes: &[u8], most: usize) -> Cow<'_, str> {
    let bytes = bytes.get(..most).unwrap_or(bytes);
    if let Ok(text) = str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    Cow::Owned(text)
}
