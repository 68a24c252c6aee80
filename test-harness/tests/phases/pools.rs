//! What the steps are made of: configurations, clients, headers and bytes, real ones first.

use super::dice::Dice;
use layerprint_harness::cost::FULL;
use layerprint_harness::cost::clients::{Recorded, everyone};
use layerprint_harness::host::{Connection, Headers, Message};
use layerprint_harness::repo;

/// What a client forges is known by this, wherever it comes out.
pub(crate) const FORGED: &str = "f0rged";

pub(crate) const CONFIGURATIONS: [&str; 9] = [
    "{}",
    FULL,
    r#"{"log":{"filter_state":false},"failure":"closed"}"#,
    r#"{"mode":"enforce","challenge":{"keys":["MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="],"attempts":{"count":5,"per_s":300,"then":"block"}},
        "rules":[{"name":"all","match":{"path":"/*"},"action":"challenge"}]}"#,
    r#"{"mode":"enforce","challenge":false,"limits":{"slow":{"delay_ms":250,"held":2},
        "rates":[{"name":"all","key":["client_net"],"requests":1,"per_s":10,"action":"slow"}]}}"#,
    r#"{"mode":"enforce","challenge":false,"failure":"closed","limits":{"rates":[{"name":"all","key":["client_net"],"requests":2,"per_s":10,"action":"limit"}]}}"#,
    r#"{"mode":"enforce","challenge":false,"rules":[{"name":"posts","match":{"path":"/*","method":"POST"},"action":"block"},{"name":"rest","match":{"path":"/*"},"action":"review"}]}"#,
    r#"{"connection":{"mode":"enforce","rules":[{"name":"some","match":{"client_ip":["192.0.2.0/26"]},"action":"close"}],"ladder":{"high":"close"},"opening_bytes":4096,"handover":false}}"#,
    r#"{"mode":"enforce","challenge":false,"behaviour":{"login":{"failure_statuses":[401],"failures":2},"rotation":{"networks":2},
        "sequence":{"idle_s":60,"remembered_s":60,"no_navigation":{"requests":2},"hammering":{"per_minute":2}}},"forwarded":{"trusted_hops":2,"peer_appended":false}}"#,
];

const FORGED_NAMES: [&str; 7] = [
    "x-layerprint-verdict",
    "X-LayerPrint-Id",
    "X-LAYERPRINT-REASONS",
    "x-layerprint-ja4",
    "x-layerprint-",
    "x-layerprint-of-tomorrow",
    "x-layerprint-h2",
];
const NAMES: [&str; 14] = [
    "cookie",
    "user-agent",
    "sec-ch-ua",
    "sec-ch-ua-platform",
    "x-forwarded-for",
    "accept-language",
    "content-type",
    "authorization",
    "referer",
    ":path",
    ":method",
    ":authority",
    "sec-fetch-mode",
    "x-own",
];
const VALUES: [&str; 13] = [
    "",
    "application/grpc",
    "192.0.2.1, 2001:db8::1",
    "__Host-lp=x; layerprint=y",
    "/.layerprint/challenge",
    "/login",
    "POST",
    "HEAD",
    "OPTIONS",
    "CONNECT",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/150.0.0.0",
    "\"Chromium\";v=\"150\"",
    "/api/../%2e%2e/a?b#c",
];

const PROPERTIES: [&[&str]; 11] = [
    &["connection", "id"],
    &["connection", "tls_version"],
    &["connection", "requested_server_name"],
    &["source", "address"],
    &["request", "protocol"],
    &["filter_state", "layerprint.tcp.syn"],
    &["filter_state", "layerprint.tls.client_hello"],
    &["filter_state", "layerprint.tls.ja4"],
    &["filter_state", "layerprint.tcp.rtt_us"],
    &["filter_state", "wasm.layerprint.opening"],
    &["filter_state", "layerprint.tls.handshake_us"],
];

pub(crate) struct Pools {
    pub(crate) clients: Vec<Recorded>,
    hellos: Vec<Vec<u8>>,
    /// First bytes of all kinds.
    bytes: Vec<Vec<u8>>,
}

impl Pools {
    pub(crate) fn new() -> Self {
        let clients = everyone().unwrap();
        let read = |hello| std::fs::read(repo::root().join(format!("tests/fixtures/tls/{hello}.bin"))).unwrap();
        let hellos: Vec<_> = ["chromium-1", "firefox-esr-1", "curl"].map(read).into();
        let heads = clients.iter().map(|client| client.first_bytes.clone());
        let bytes = heads.chain(hellos.iter().cloned()).collect();
        Self { clients, hellos, bytes }
    }

    /// A client's connection from one of 250 addresses, with something of what is told of it missing or broken.
    pub(crate) fn connection(&self, dice: &mut Dice) -> Connection {
        let connection = dice.of(&self.clients).connection.clone();
        let mut connection = match dice.below(12) {
            0 => connection.source("[2001:db8::7]:4000"),
            1 => connection.source("not an address"),
            n => connection.source(&format!("192.0.2.{}:{}", dice.below(250), 4_000 + n)),
        };
        for _ in 0..dice.below(3) {
            let path = dice.of(&PROPERTIES);
            connection = match (path, dice.below(2)) {
                (["filter_state", key], _) => connection.filter_state(key, dice.bytes(80)),
                (path, 0) => connection.without_property(path),
                (path, _) => connection.property(path, dice.bytes(40)),
            };
        }
        connection
    }

    /// The path of a property that the filter may read.
    pub(crate) fn property(&self, dice: &mut Dice) -> &'static [&'static str] {
        PROPERTIES[dice.below(PROPERTIES.len())]
    }

    /// Bytes of a connection.
    pub(crate) fn data(&self, dice: &mut Dice) -> Vec<u8> {
        match dice.below(8) {
            0 => dice.bytes(200),
            3 | 4 => dice.of(&self.hellos).clone(),
            1 => {
                let whole = dice.of(&self.bytes);
                whole[..dice.below(whole.len() + 1)].to_vec()
            }
            2 => dice.of(&self.bytes).clone(),
            _ => {
                let bytes = dice.of(&self.bytes).clone();
                dice.bent(&bytes)
            }
        }
    }

    /// A request: a real one, with something more, something twice, something forged.
    pub(crate) fn request(&self, dice: &mut Dice) -> Message {
        let mut request = dice.of(&self.clients).request.clone();
        for _ in 0..dice.below(5) {
            let name = dice.of(&NAMES);
            if dice.once_in(2) {
                request.replace(name, value(dice));
            } else {
                request.add(name, value(dice));
            }
        }
        if dice.once_in(8) {
            request.replace(":method", "POST");
        }
        if dice.once_in(8) {
            request.remove(dice.of(&NAMES));
        }
        if dice.once_in(40) {
            (0..100).for_each(|n| request.add(format!("x-{n}"), vec![b'a'; 1_000]));
        }
        forge(&mut request, dice);
        match dice.below(2) {
            0 => request.then_body(),
            _ => request.into(),
        }
    }

    /// Trailers, some forged.
    pub(crate) fn trailers(&self, dice: &mut Dice) -> Headers {
        let mut trailers = Headers::default();
        trailers.add("grpc-status", "0");
        forge(&mut trailers, dice);
        trailers
    }

    /// An answer of the upstream.
    pub(crate) fn response(&self, dice: &mut Dice) -> Message {
        let mut response = Headers::default();
        response.add(
            ":status",
            dice.of(&["200", "401", "302", "503", "", "x", "99999999999"]),
        );
        response.add("x-cache", value(dice));
        match dice.below(2) {
            0 => response.then_body(),
            _ => response.into(),
        }
    }
}

fn forge(headers: &mut Headers, dice: &mut Dice) {
    for _ in 0..dice.below(4) {
        headers.add(dice.of(&FORGED_NAMES), format!("{FORGED}{}", dice.below(9)));
    }
}

/// What may stand in a header: all but NUL, CR and LF.
fn value(dice: &mut Dice) -> Vec<u8> {
    match dice.below(3) {
        0 => dice.of(&VALUES).as_bytes().to_vec(),
        1 => {
            let value = dice.of(&VALUES).as_bytes().to_vec();
            without_line_ends(dice.bent(&value))
        }
        _ => without_line_ends(dice.bytes(60)),
    }
}

fn without_line_ends(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.retain(|byte| !b"\0\r\n".contains(byte));
    bytes
}
