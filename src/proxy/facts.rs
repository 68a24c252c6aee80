//! What the proxy knows of a connection, read through its properties. Eight calls, once for each connection, at its first
//! request: any earlier, and Envoy caches the TLS answers of an unfinished handshake for the connection's life.

use super::connections::ConnectionId;
use crate::evidence::{Evidence, Facts, Protocol, Reason, ReportedJa3, ReportedJa4, Text, decode_handover};
use crate::host::Host;
use crate::wire::opening::Opening;

/// The filter state key under which the connection role hands the opening over, and where the request role finds it.
pub(super) const HANDOVER_KEY: &str = "layerprint.opening";
const HANDOVER_PATH: [&str; 2] = ["filter_state", "wasm.layerprint.opening"];

/// The connection's number.
pub(super) fn connection_id(host: &impl Host) -> Option<ConnectionId> {
    host.property(&["connection", "id"])
        .ok()
        .flatten()
        .and_then(|bytes| ConnectionId::parse(&bytes))
}

/// The opening that a connection role in another VM handed over.
pub(super) fn handed_over(host: &impl Host) -> Evidence<Opening> {
    match host.property(&HANDOVER_PATH) {
        Ok(Some(line)) => decode_handover(&line),
        Ok(None) => Evidence::Missing(Reason::NoConnectionRole),
        Err(_) => Evidence::Missing(Reason::ProxyFailure),
    }
}

/// All facts.
pub(super) fn read(host: &impl Host) -> Facts {
    let tls_version = read_one(host, &["connection", "tls_version"], Reason::Cleartext, Text::parse);
    // A connection without TLS has no server name; one with TLS may come without.
    let (no_sni, no_hello) = match tls_version {
        Evidence::Missing(Reason::Cleartext) => (Reason::Cleartext, Reason::Cleartext),
        _ => (Reason::NotSent, Reason::NotProvided),
    };
    Facts {
        source: read_one(host, &["source", "address"], Reason::NotProvided, Text::parse),
        protocol: read_one(host, &["request", "protocol"], Reason::NotProvided, Protocol::parse),
        sni: read_one(host, &["connection", "requested_server_name"], no_sni, Text::parse),
        ja3: read_one(
            host,
            &["filter_state", "layerprint.tls.ja3"],
            no_hello,
            ReportedJa3::parse,
        ),
        ja4: read_one(
            host,
            &["filter_state", "layerprint.tls.ja4"],
            no_hello,
            ReportedJa4::parse,
        ),
        tls_version,
    }
}

/// One property; `absent` is the reason when the proxy has none, or an empty one.
fn read_one<T>(host: &impl Host, path: &[&str], absent: Reason, parse: fn(&[u8]) -> Option<T>) -> Evidence<T> {
    match host.property(path) {
        Ok(Some(bytes)) if !bytes.is_empty() => Evidence::or_missing(parse(&bytes), Reason::Malformed),
        Ok(_) => Evidence::Missing(absent),
        Err(_) => Evidence::Missing(Reason::ProxyFailure),
    }
}
