//! What the proxy knows of a connection, read through its properties. Twelve calls at most, once for each connection, at its first
//! request: any earlier, and Envoy caches the TLS answers of an unfinished handshake for the connection's life.
//!
//! A connection that the proxy passes through unopened never has a request; of it, eight at most are read when its ClientHello
//! is whole. None is a TLS property: the proxy has no handshake to tell of. JA3 and JA4 are the inspector's, of the same hello.

use super::connections::{Arrival, ConnectionId};
use super::early::Early;
use crate::evidence::{
    Evidence, Facts, Protocol, Reason, ReportedJa3, ReportedJa4, SourceAddress, Text, decode_handover,
};
use crate::fingerprint::ja4::{Ja4, Transport};
use crate::fingerprint::tls_family::TlsFamily;
use crate::host::Host;
use crate::wire::Progress;
use crate::wire::opening::Opening;
use crate::wire::tls::ClientHello;

/// The filter state key of the log line; the proxy puts `wasm.` before it.
pub(super) const LINE_KEY: &str = "layerprint";

/// The filter state key of what is told loudly of a login.
pub(super) const LOGIN_KEY: &str = "layerprint.login";

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

/// All facts, and the ClientHello that another filter handed over; it is large, and not to be kept.
pub(super) fn read(host: &impl Host, early: &mut Early, arrival: Option<&Arrival>) -> (Facts, Evidence<ClientHello>) {
    let tls_version = read_one(host, &["connection", "tls_version"], Reason::Cleartext, Text::parse);
    let protocol = read_one(host, &["request", "protocol"], Reason::NotProvided, Protocol::parse);
    // A connection without TLS has no server name; one with TLS may come without. Over QUIC nothing in the proxy sees the hello.
    let (no_sni, no_hello) = match (&tls_version, &protocol) {
        (Evidence::Missing(Reason::Cleartext), _) => (Reason::Cleartext, Reason::Cleartext),
        (_, Evidence::Seen(Protocol::Http3)) => (Reason::NotSent, Reason::OtherProtocol),
        _ => (Reason::NotSent, Reason::NotProvided),
    };
    let source = arrival.map_or_else(|| source(host), |arrival| arrival.source.clone());
    let facts = Facts {
        peer: match peer(&source) {
            // The proxy has put in its place what a header says, which it shows by the port that it does not know.
            Evidence::Seen(SourceAddress::Ip { port: 0, .. }) if arrival.is_none() => {
                Evidence::Missing(Reason::NoConnectionRole)
            }
            peer => peer,
        },
        source,
        protocol,
        sni: read_one(host, &["connection", "requested_server_name"], no_sni, Text::parse),
        ja3: early.ja3.take_or(|| ja3(host, no_hello)),
        ja4: early.ja4.take_or(|| ja4(host, no_hello)),
        tls_version,
    };
    (facts, early.hello.take_or(|| client_hello(host, no_hello)))
}

/// The facts of a connection that is passed through unopened and began with `hello`.
pub(super) fn read_unopened(host: &impl Host, early: &mut Early, source: Evidence<Text>, hello: &ClientHello) -> Facts {
    Facts {
        peer: peer(&source),
        source,
        protocol: Evidence::Missing(Reason::OtherProtocol),
        tls_version: Evidence::Missing(Reason::OtherProtocol),
        sni: server_name(hello),
        ja3: early.ja3.take_or(|| ja3(host, Reason::NotProvided)),
        ja4: early.ja4.take_or(|| ja4(host, Reason::NotProvided)),
    }
}

/// The facts of a connection that was accepted this moment, and its ClientHello when another filter handed that over.
pub(super) fn read_accepted(
    host: &impl Host,
    source: Evidence<Text>,
    peer: Evidence<SourceAddress>,
) -> (Facts, Evidence<ClientHello>) {
    let hello = client_hello(host, Reason::NotProvided);
    let facts = Facts {
        peer,
        source,
        protocol: Evidence::Pending,
        tls_version: Evidence::Pending,
        sni: hello.as_ref().and_then(server_name),
        ja3: ja3(host, Reason::NotProvided),
        ja4: ja4(host, Reason::NotProvided),
    };
    (facts, hello)
}

fn server_name(hello: &ClientHello) -> Evidence<Text> {
    match hello.server_name() {
        Ok(Some(Some(name))) => Evidence::or_missing(Text::parse(name), Reason::Malformed),
        Ok(Some(None) | None) => Evidence::Missing(Reason::NotSent),
        Err(_) => Evidence::Missing(Reason::Malformed),
    }
}

/// Whether the bytes of the connection have come out of TLS that the proxy took off. To be asked when some have come, no earlier.
pub(super) fn is_inside_tls(host: &impl Host) -> bool {
    is_set(host, &["connection", "tls_version"])
}

/// Whether the proxy has passed the connection on as it is, to an upstream.
pub(super) fn is_passed_on(host: &impl Host) -> bool {
    is_set(host, &["upstream", "address"])
}

/// The family of the TLS that the client has begun, as far as filter state tells: there is a JA4, a ClientHello, or a JA3, which
/// names no family.
pub(super) fn begun_tls(host: &impl Host) -> Option<TlsFamily> {
    let reported = ja4(host, Reason::NotProvided);
    if let Evidence::Seen(ja4) = &reported {
        return Some(TlsFamily::of_ja4(ja4.as_str()));
    }
    let hello = client_hello(host, Reason::NotProvided);
    if let Some(ja4) = hello.seen().and_then(|hello| Ja4::new(hello, Transport::Tcp).ok()) {
        return Some(TlsFamily::of_ja4(ja4.ja4().as_str()));
    }
    const fn is_unset<T>(evidence: &Evidence<T>) -> bool {
        matches!(evidence, Evidence::Missing(Reason::NotProvided))
    }
    let nothing = is_unset(&reported) && is_unset(&hello) && is_unset(&ja3(host, Reason::NotProvided));
    (!nothing).then_some(TlsFamily::UNKNOWN)
}

pub(super) fn is_set(host: &impl Host, path: &[&str]) -> bool {
    matches!(host.property(path), Ok(Some(value)) if !value.is_empty())
}

/// The peer's address as the proxy writes it.
pub(super) fn source(host: &impl Host) -> Evidence<Text> {
    read_one(host, &["source", "address"], Reason::NotProvided, Text::parse)
}

/// The address that `source` writes.
pub(super) fn peer(source: &Evidence<Text>) -> Evidence<SourceAddress> {
    let text = source.as_ref();
    text.and_then(|text| Evidence::or_missing(SourceAddress::parse(text.as_str().as_bytes()), Reason::Malformed))
}

fn ja3(host: &impl Host, absent: Reason) -> Evidence<ReportedJa3> {
    let path = ["filter_state", "layerprint.tls.ja3"];
    read_one(host, &path, absent, ReportedJa3::parse)
}

fn ja4(host: &impl Host, absent: Reason) -> Evidence<ReportedJa4> {
    let path = ["filter_state", "layerprint.tls.ja4"];
    read_one(host, &path, absent, ReportedJa4::parse)
}

fn client_hello(host: &impl Host, absent: Reason) -> Evidence<ClientHello> {
    match host.property(&["filter_state", "layerprint.tls.client_hello"]) {
        Ok(Some(bytes)) if !bytes.is_empty() => match ClientHello::read_raw_or_hex(&bytes) {
            Progress::Done(hello) => Evidence::Seen(hello),
            Progress::Malformed(error) if error.is_bound() => Evidence::Missing(Reason::TooLarge),
            Progress::NeedMore | Progress::NotThis | Progress::Malformed(_) => Evidence::Missing(Reason::Malformed),
        },
        Ok(_) => Evidence::Missing(absent),
        Err(_) => Evidence::Missing(Reason::ProxyFailure),
    }
}

/// One property; `absent` is the reason when the proxy has none, or an empty one.
pub(super) fn read_one<T>(
    host: &impl Host,
    path: &[&str],
    absent: Reason,
    parse: impl FnOnce(&[u8]) -> Option<T>,
) -> Evidence<T> {
    match host.property(path) {
        Ok(Some(bytes)) if !bytes.is_empty() => Evidence::or_missing(parse(&bytes), Reason::Malformed),
        Ok(_) => Evidence::Missing(absent),
        Err(_) => Evidence::Missing(Reason::ProxyFailure),
    }
}
