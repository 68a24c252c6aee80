//! Whose requests are counted: what real browsers sent, as the tests of the repository keep it.

use std::path::Path;

use layerprint::fingerprint::ja3::Ja3;
use layerprint::fingerprint::ja4::{Ja4, Transport};
use layerprint::wire::Progress;
use layerprint::wire::http2_block::BlockParser;
use layerprint::wire::tls::ClientHello;
use loona_hpack::Decoder;

use crate::host::{Connection, Headers};
use crate::repo;

/// A browser's connection to a site.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The browser, and how it speaks.
    pub name: &'static str,
    /// What Envoy and the probe know of the connection.
    pub connection: Connection,
    /// What it sends first, up to the end of the first request's headers.
    pub first_bytes: Vec<u8>,
    /// What it sends for a request after that.
    pub later_bytes: Vec<u8>,
    /// A request as Envoy hands it to the filter.
    pub request: Headers,
}

/// Why there is no recording.
#[derive(Debug)]
pub struct NoRecording(String);

impl std::fmt::Display for NoRecording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoRecording {}

/// What Envoy puts behind the headers of the client.
const ADDED_BY_ENVOY: [(&str, &str); 2] = [
    ("x-forwarded-proto", "https"),
    ("x-request-id", "f5a1d2c4-0000-4000-8000-000000000000"),
];

/// All of them: Debian's Chromium and Firefox over HTTP/2 and HTTP/1, and a liar, who has Firefox's connection and Chromium's
/// headers. Of each the probe has told: a SYN, a ClientHello, a round trip.
///
/// # Errors
/// When a file is missing or broken.
pub fn everyone() -> Result<Vec<Recorded>, NoRecording> {
    let chromium = over_http2("chromium-h2", "chromium", "chromium-1")?;
    let firefox = over_http2("firefox-h2", "firefox-esr", "firefox-esr-1")?;
    let liar = Recorded {
        name: "liar-h2",
        request: chromium.request.clone(),
        ..firefox.clone()
    };
    Ok(vec![
        chromium,
        firefox,
        over_http1("chromium-h1", "chromium", "chromium-1")?,
        over_http1("firefox-h1", "firefox-esr", "firefox-esr-1")?,
        liar,
    ])
}

fn over_http1(name: &'static str, head: &str, hello: &str) -> Result<Recorded, NoRecording> {
    let first_bytes = hex(&format!("openings/{head}-http1.hex"))?;
    let broken = |why: String| NoRecording(format!("openings/{head}-http1.hex: {why}"));
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut read = httparse::Request::new(&mut fields);
    read.parse(&first_bytes).map_err(|error| broken(error.to_string()))?;
    let host = read
        .headers
        .iter()
        .find(|field| field.name.eq_ignore_ascii_case("host"));
    let mut request = Headers::default();
    // Envoy's order, and no field that is about this hop alone.
    request.add(":authority", host.map(|host| host.value).unwrap_or_default());
    request.add(":path", read.path.unwrap_or_default());
    request.add(":method", read.method.unwrap_or_default());
    request.add(":scheme", "https");
    for field in read.headers.iter() {
        if !["host", "connection"]
            .iter()
            .any(|own| field.name.eq_ignore_ascii_case(own))
        {
            request.add(field.name, field.value);
        }
    }
    add_envoys(&mut request);
    Ok(Recorded {
        name,
        connection: told_by_the_probe(hello)?.protocol("HTTP/1.1"),
        later_bytes: first_bytes.clone(),
        first_bytes,
        request,
    })
}

fn add_envoys(request: &mut Headers) {
    for (name, value) in ADDED_BY_ENVOY {
        request.add(name, value);
    }
}

fn over_http2(name: &'static str, opening: &str, hello: &str) -> Result<Recorded, NoRecording> {
    let first_bytes = file(&format!("http2/{opening}.bin"))?;
    let Progress::Done(block) = BlockParser::default().feed(&first_bytes) else {
        return Err(NoRecording(format!("http2/{opening}.bin: no header block")));
    };
    let fields = Decoder::new().decode(&block);
    let fields = fields.map_err(|error| NoRecording(format!("http2/{opening}.bin: {error:?}")))?;
    let mut request = Headers::default();
    for (name, value) in fields {
        request.add(name, value);
    }
    add_envoys(&mut request);
    // The size of a block that the dynamic table has made short.
    let later_bytes = [&[0, 0, 64, 1, 5, 0, 0, 0, 3][..], &[0x82; 64]].concat();
    Ok(Recorded {
        name,
        connection: told_by_the_probe(hello)?.protocol("HTTP/2"),
        first_bytes,
        later_bytes,
        request,
    })
}

/// A TLS connection of which Envoy has told JA3 and JA4 and the probe the rest.
fn told_by_the_probe(hello: &str) -> Result<Connection, NoRecording> {
    let name = format!("tls/{hello}.bin");
    let records = file(&name)?;
    let broken = || NoRecording(format!("{name}: no ClientHello"));
    let Progress::Done(parsed) = ClientHello::read_records(&records) else {
        return Err(broken());
    };
    let ja3 = Ja3::new(&parsed).map_err(|_| broken())?.md5();
    let ja4 = Ja4::new(&parsed, Transport::Tcp).map_err(|_| broken())?.ja4();
    Ok(Connection::tls()
        // Who sent the SYN below.
        .source("10.77.0.1:56158")
        .filter_state("layerprint.tls.ja3", ja3.as_str())
        .filter_state("layerprint.tls.ja4", ja4.as_str())
        .filter_state("layerprint.tls.client_hello", &records)
        .filter_state("layerprint.tcp.syn", hex("syn/linux-v4.hex")?)
        .filter_state("layerprint.tcp.rtt_us", "24000"))
}

/// The bytes of a file in hex, whose comments begin with `#`.
fn hex(name: &str) -> Result<Vec<u8>, NoRecording> {
    let text = file(name)?;
    let text = String::from_utf8_lossy(&text);
    let digits: String = text.lines().filter(|line| !line.starts_with('#')).collect();
    let (pairs, _) = digits.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = pairs.iter().map(byte).collect();
    bytes.ok_or_else(|| NoRecording(format!("{name}: not hex")))
}

fn file(name: &str) -> Result<Vec<u8>, NoRecording> {
    let path = repo::root().join("tests/fixtures").join(Path::new(name));
    std::fs::read(&path).map_err(|error| NoRecording(format!("{}: {error}", path.display())))
}
