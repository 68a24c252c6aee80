//! Rows of TLS, HTTP/2 and header orders: what one shape may look like, as it is written and compiled.

use serde::Deserialize;

use super::problem;
use crate::clients::catalogue::Reach;
use crate::clients::catalogue::http2::{Http2Shape, Setting, Window};
use crate::clients::catalogue::order::{Entry, Template, Versions};
use crate::clients::catalogue::tls::{Codes, TlsShape, cipher_hash, codes};
use crate::clients::provenance::Error;
use crate::fingerprint::order::is_left_out;

/// The most names of a template: under the numbers that stand for something else.
const MAX_ENTRIES: usize = 64;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawTls {
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
pub(super) struct RawHttp2 {
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
pub(super) struct RawTemplate {
    versions: String,
    requests: String,
    names: String,
}

pub(super) fn tls_shape(raw: RawTls) -> Result<TlsShape, Error> {
    let shape = hello(raw)?;
    if shape.cipher_hashes.is_empty() && !shape.asks_for_hello() {
        let keys = "one of ciphers, cipher_hashes, with, without, signatures, grease";
        return Err(problem(format!("fits anybody: it needs {keys}")));
    }
    Ok(shape)
}

pub(super) fn hello(raw: RawTls) -> Result<TlsShape, Error> {
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

pub(super) fn http2_shape(raw: RawHttp2) -> Result<Http2Shape, Error> {
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

pub(super) fn template(raw: RawTemplate) -> Result<Template, Error> {
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
        if is_left_out(&entry.name) {
            return Err(problem(format!(
                "name {text:?} takes no part in an order: it varies by page or by proxy"
            )));
        }
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
