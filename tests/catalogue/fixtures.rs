//! The recorded clients: what `tests/fixtures/record_clients.py` wrote, and the ClientHellos of `record_tls.py`.

use std::fs;
use std::path::PathBuf;

use layerprint::clients::catalogue::{Catalogue, Likeness, TlsTraits};
use layerprint::evidence::Protocol;
use layerprint::evidence::claims::UserAgent;
use layerprint::fingerprint::ja4::{Ja4, Transport};
use layerprint::fingerprint::order::HeaderOrder;
use layerprint::wire::Progress;
use layerprint::wire::tls::ClientHello;
use serde::Deserialize;

/// One client, and what it sent.
#[derive(Deserialize)]
pub(crate) struct Client {
    pub(crate) client: String,
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) date: String,
    hello: Option<String>,
    pub(crate) http2: Option<String>,
    pub(crate) requests: Vec<Request>,
}

/// One request.
#[derive(Deserialize)]
pub(crate) struct Request {
    protocol: String,
    pub(crate) kind: String,
    names: Vec<String>,
    user_agent: Option<String>,
    pub(crate) secure: bool,
}

pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// All recorded clients.
pub(crate) fn clients() -> Vec<Client> {
    let mut clients = Vec::new();
    for group in ["browsers", "impersonated", "tools", "libraries"] {
        let text = fs::read_to_string(folder().join(format!("clients/{group}.jsonl"))).unwrap();
        clients.extend(text.lines().map(|line| serde_json::from_str::<Client>(line).unwrap()));
    }
    clients
}

/// The ClientHellos that were recorded alone, by their names.
pub(crate) fn hellos() -> Vec<(String, ClientHello)> {
    let files = fs::read_dir(folder().join("tls"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let hellos = files.filter(|path| path.extension().is_some_and(|extension| extension == "bin"));
    let named = hellos.map(|path| {
        (
            path.file_stem().unwrap().to_str().unwrap().to_owned(),
            read(&fs::read(&path).unwrap()),
        )
    });
    let mut named: Vec<_> = named.collect();
    named.sort_by(|(one, _), (other, _)| one.cmp(other));
    named
}

fn read(bytes: &[u8]) -> ClientHello {
    let Progress::Done(hello) = ClientHello::read_raw_or_hex(bytes) else {
        panic!("no ClientHello")
    };
    hello
}

/// What a log line keeps of a ClientHello: JA4, JA4_r, and whether there was GREASE.
pub(crate) fn texts(hello: &ClientHello) -> (String, String, bool) {
    let ja4 = Ja4::new(hello, Transport::Tcp).unwrap();
    (
        ja4.ja4().to_string(),
        ja4.ja4_r().to_string(),
        TlsTraits::has_grease(hello),
    )
}

impl Client {
    pub(crate) fn hello(&self) -> Option<ClientHello> {
        self.hello.as_ref().map(|text| read(text.as_bytes()))
    }

    pub(crate) fn traits(&self) -> Option<TlsTraits> {
        self.hello().map(|hello| TlsTraits::of_hello(&hello).unwrap())
    }

    /// What Envoy's JA4 alone tells.
    pub(crate) fn reported_traits(&self) -> Option<TlsTraits> {
        let (ja4, ..) = texts(&self.hello()?);
        TlsTraits::parse(&ja4, None, None)
    }

    pub(crate) fn user_agent(&self) -> Option<UserAgent<'_>> {
        let text = self.requests.iter().find_map(|request| request.user_agent.as_deref())?;
        UserAgent::parse(text.as_bytes()).seen().copied()
    }

    pub(crate) fn tls(&self, catalogue: &Catalogue) -> Likeness {
        self.traits().map_or(Likeness::UNKNOWN, |traits| catalogue.tls(&traits))
    }

    pub(crate) fn http2(&self, catalogue: &Catalogue) -> Likeness {
        self.http2
            .as_deref()
            .map_or(Likeness::UNKNOWN, |form| catalogue.http2(form))
    }

    /// Whether the client is named so, or so with something behind.
    pub(crate) fn is(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.client.starts_with(name))
    }
}

impl Request {
    pub(crate) fn protocol(&self) -> Protocol {
        Protocol::parse(self.protocol.as_bytes()).unwrap()
    }

    pub(crate) fn order(&self) -> HeaderOrder {
        HeaderOrder::of(self.names.iter().map(String::as_str)).unwrap()
    }

    /// Whether it is a navigation, as the recorder knows it.
    pub(crate) fn navigation(&self) -> Option<bool> {
        Some(self.kind == "navigation")
    }

    pub(crate) fn orders(&self, catalogue: &Catalogue) -> Likeness {
        catalogue.orders(self.protocol(), self.navigation(), self.order().names())
    }
}
