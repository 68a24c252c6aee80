//! A client's connection: what Envoy knows of it, and the filter state that lives as long as it does.

use std::cell::{Ref, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Values by name. A property's name is its path, joined by NUL as the guest sends it.
pub(super) type Values = BTreeMap<Vec<u8>, Vec<u8>>;

/// The version Envoy reports, for good, if a filter asks before the handshake (ENVOY.md, traps).
const VERSION_ASKED_TOO_EARLY: &[u8] = b"TLSv1.2";

/// A connection that a test describes before the proxy accepts it.
#[derive(Clone, Debug)]
pub struct Connection {
    id: Option<u64>,
    properties: Values,
    filter_state: Values,
}

impl Connection {
    /// A TLS 1.3 connection that speaks HTTP/2, from 192.0.2.1 to 198.51.100.1.
    pub fn tls() -> Self {
        Self::plain()
            .destination("198.51.100.1:443")
            .tls_version("TLSv1.3")
            .server_name("layerprint.example")
            .protocol("HTTP/2")
    }

    /// A connection without TLS that speaks HTTP/1.1, from 192.0.2.1 to 198.51.100.1.
    pub fn plain() -> Self {
        Self {
            id: None,
            properties: Values::new(),
            filter_state: Values::new(),
        }
        .source("192.0.2.1:40000")
        .destination("198.51.100.1:80")
        .property(&["connection", "requested_server_name"], b"")
        .property(&["connection", "mtls"], [0])
        .protocol("HTTP/1.1")
    }

    /// Its number; the proxy gives the next free one if the test does not care.
    #[must_use]
    pub fn id(mut self, id: u64) -> Self {
        self.id = Some(id);
        self
    }

    /// Address and port of the client, such as `192.0.2.7:4000` or `[2001:db8::1]:4000`.
    #[must_use]
    pub fn source(self, address: &str) -> Self {
        self.address("source", address)
    }

    /// Address and port the client connected to.
    #[must_use]
    pub fn destination(self, address: &str) -> Self {
        self.address("destination", address)
    }

    /// The server name of the ClientHello.
    #[must_use]
    pub fn server_name(self, name: &str) -> Self {
        self.property(&["connection", "requested_server_name"], name)
    }

    /// The version in Envoy's words, such as `TLSv1.3`.
    #[must_use]
    pub fn tls_version(self, version: &str) -> Self {
        self.property(&["connection", "tls_version"], version)
    }

    /// The protocol of its requests in Envoy's words: `HTTP/1.0`, `HTTP/1.1`, `HTTP/2` or `HTTP/3`.
    #[must_use]
    pub fn protocol(self, protocol: &str) -> Self {
        self.property(&["request", "protocol"], protocol)
    }

    /// Any property, in the bytes Envoy would give: integers are 8 bytes little-endian.
    #[must_use]
    pub fn property(mut self, path: &[&str], value: impl AsRef<[u8]>) -> Self {
        self.properties.insert(joined(path), value.as_ref().to_vec());
        self
    }

    /// Takes a property away: reading it answers `NotFound`.
    #[must_use]
    pub fn without_property(mut self, path: &[&str]) -> Self {
        self.properties.remove(&joined(path));
        self
    }

    /// What a listener filter or Envoy's own `set_filter_state` left under this key.
    #[must_use]
    pub fn filter_state(mut self, key: &str, value: impl AsRef<[u8]>) -> Self {
        self.filter_state.insert(key.into(), value.as_ref().to_vec());
        self
    }

    fn address(self, side: &str, address: &str) -> Self {
        let port = address.rsplit_once(':').and_then(|(_, port)| port.parse::<i64>().ok());
        let described = self.property(&[side, "address"], address);
        match port {
            Some(port) => described.property(&[side, "port"], port.to_le_bytes()),
            None => described.without_property(&[side, "port"]),
        }
    }

    pub(super) fn accepted(self, next_id: u64) -> Client {
        let id = self.id.unwrap_or(next_id);
        let described = self.property(&["connection", "id"], id.to_le_bytes());
        Client(Rc::new(Accepted {
            id,
            properties: RefCell::new(described.properties),
            filter_state: RefCell::new(described.filter_state),
            failing: RefCell::default(),
        }))
    }
}

/// An accepted connection. Clones are the same connection; every context of it sees the same filter state.
#[derive(Clone, Debug)]
pub struct Client(Rc<Accepted>);

#[derive(Debug)]
struct Accepted {
    id: u64,
    properties: RefCell<Values>,
    filter_state: RefCell<Values>,
    /// Properties that the proxy has and cannot write as bytes.
    failing: RefCell<BTreeSet<Vec<u8>>>,
}

impl Client {
    /// The number of the connection.
    pub fn id(&self) -> u64 {
        self.0.id
    }

    /// The filter state of the connection under this key.
    pub fn filter_state(&self, key: impl AsRef<[u8]>) -> Option<Vec<u8>> {
        self.state().get(key.as_ref()).cloned()
    }

    /// Writes filter state as Envoy or another filter would, at any time.
    pub fn set_filter_state(&self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        self.0
            .filter_state
            .borrow_mut()
            .insert(key.as_ref().to_vec(), value.as_ref().to_vec());
    }

    /// Changes what Envoy knows of the connection, at any time.
    pub fn set_property(&self, path: &[&str], value: impl AsRef<[u8]>) {
        self.0
            .properties
            .borrow_mut()
            .insert(joined(path), value.as_ref().to_vec());
    }

    /// From now on the proxy fails to hand this property out.
    pub fn fail_property(&self, path: &[&str]) {
        self.0.failing.borrow_mut().insert(joined(path));
    }

    pub(super) fn fails(&self, path: &[u8]) -> bool {
        self.0.failing.borrow().contains(path)
    }

    pub(super) fn state(&self) -> Ref<'_, Values> {
        self.0.filter_state.borrow()
    }

    pub(super) fn property(&self, path: &[u8]) -> Option<Vec<u8>> {
        self.0.properties.borrow().get(path).cloned()
    }

    /// As in Envoy, asking for the TLS version before the handshake fixes a wrong answer for the connection's life.
    pub(super) fn ask_before_handshake(&self, path: &[u8]) {
        if path == b"connection\0tls_version"
            && let Some(version) = self.0.properties.borrow_mut().get_mut(path)
        {
            *version = VERSION_ASKED_TOO_EARLY.to_vec();
        }
    }
}

pub(super) fn joined(path: &[&str]) -> Vec<u8> {
    path.join("\0").into_bytes()
}
