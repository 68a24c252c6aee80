//! What lies below TLS, read through properties: at most six calls, once for each connection.

use super::early::Early;
use super::facts::{is_set, read_one};
use crate::evidence::{Evidence, Micros, Reason, Rtt, RttSource, Transport, Unit, read_syn};
use crate::host::Host;
use crate::wire::syn::Syn;

/// How long the handshake took. The proxy puts it there when it is over.
const HANDSHAKE_PATH: [&str; 2] = ["filter_state", "layerprint.tls.handshake_us"];

/// What lies below TLS. `no_handshake` is the reason when nobody says how long the handshake took.
pub(super) fn read(
    host: &impl Host,
    early: &mut Early,
    first_bytes: Evidence<Micros>,
    no_handshake: Reason,
) -> Transport {
    let syn = early.syn.take_or(|| syn(host));
    Transport {
        rtt: early.rtt.take_or(|| rtt(host, &syn)),
        handshake: read_one(host, &HANDSHAKE_PATH, no_handshake, |text| {
            Micros::parse(text, Unit::Micros)
        }),
        first_bytes,
        syn,
    }
}

/// What of it is known before the first byte.
pub(super) fn early(host: &impl Host) -> Transport {
    let syn = syn(host);
    Transport {
        rtt: rtt(host, &syn),
        handshake: Evidence::Pending,
        first_bytes: Evidence::Pending,
        syn,
    }
}

/// The client's SYN, when it was handed over.
pub(super) fn syn(host: &impl Host) -> Evidence<Syn> {
    match host.property(&["filter_state", "layerprint.tcp.syn"]) {
        Ok(Some(bytes)) if !bytes.is_empty() => read_syn(&bytes),
        Ok(_) if is_relayed(host) => Evidence::Missing(Reason::Relayed),
        Ok(_) => Evidence::Missing(Reason::NoProbe),
        Err(_) => Evidence::Missing(Reason::ProxyFailure),
    }
}

/// Whether something says that the TCP connection is not the client's own.
fn is_relayed(host: &impl Host) -> bool {
    is_set(host, &["filter_state", "layerprint.tcp.origin"])
}

/// The round-trip time, from the probe or else from the proxy. A relayed connection's is not the client's.
fn rtt(host: &impl Host, syn: &Evidence<Syn>) -> Evidence<Rtt> {
    if let Evidence::Missing(Reason::Relayed) = syn {
        return Evidence::Missing(Reason::Relayed);
    }
    let of = |key, unit, source| {
        let parse = |text: &[u8]| Micros::parse(text, unit).map(|time| Rtt { time, source });
        read_one(host, &["filter_state", key], Reason::NotProvided, parse)
    };
    match of("layerprint.tcp.rtt_us", Unit::Micros, RttSource::Probe) {
        Evidence::Missing(Reason::NotProvided) => {}
        rtt => return rtt,
    }
    // The SYN may be one that the balancer handed over; what the proxy measures is the way to the balancer.
    if is_relayed(host) {
        return Evidence::Missing(Reason::Relayed);
    }
    match of("layerprint.tcp.rtt_ms", Unit::Millis, RttSource::Proxy) {
        // So the proxy shows what the kernel has not measured (SYN cookies without timestamps). Taken for a time, it would make
        // the whole way a gap. Less than a millisecond looks the same, and is lost.
        Evidence::Seen(rtt) if rtt.time.count() == 0 => Evidence::Missing(Reason::NotProvided),
        rtt => rtt,
    }
}

/// Whether the handshake is known to be over. A proxy that does not say how long handshakes take does not tell.
pub(super) fn finished_tls(host: &impl Host) -> bool {
    is_set(host, &HANDSHAKE_PATH)
}
