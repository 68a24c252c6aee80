//! The roles on a stand-in proxy, without wasm: the fastest runner, and the one that can make a proxy fail.

use super::replayed;
use super::scenario::{self, Client, Fields, Scenario, Seen};
use layerprint::annotate::answer::GrpcStatus;
use layerprint::evidence::fields::borrowed;
use layerprint::host::{CounterId, Failure, FieldMap, Fields as FieldsOf, Host, RequestId};
use layerprint::memory::store::{Store, Swap, Unavailable, Version};
use layerprint::policy::config::Switch;
use layerprint::proxy::connection::ConnectionRole;
use layerprint::proxy::plugin::{Plugin, Role, Shared};
use layerprint::proxy::request::{Outcome, RequestRole};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

/// A proxy with one connection and one request at a time.
#[derive(Default)]
pub struct Proxy {
    pub properties: RefCell<BTreeMap<String, Vec<u8>>>,
    pub headers: RefCell<Fields>,
    pub trailers: RefCell<Fields>,
    pub response: RefCell<Fields>,
    pub counters: RefCell<BTreeMap<String, u64>>,
    pub answers: RefCell<Vec<u16>>,
    /// The headers and the body of the last answer.
    pub told: RefCell<(Fields, Vec<u8>)>,
    pub grpc_answers: RefCell<Vec<GrpcStatus>>,
    /// The requests that were let go on, in their order.
    pub resumed: RefCell<Vec<RequestId>>,
    /// Those that are over, which cannot be.
    pub gone: RefCell<BTreeSet<RequestId>>,
    /// How often the plugin is called, if it asked for that.
    pub ticks: Cell<Option<Duration>>,
    pub no_ticks: Cell<bool>,
    /// Whether the connection was closed from here.
    pub closed: Cell<bool>,
    pub calls: Cell<usize>,
    pub headers_fail: Cell<bool>,
    /// By how much the clock goes on each time it is read.
    pub tick: Cell<Duration>,
    pub clock: Cell<Duration>,
    pub no_clock: Cell<bool>,
    /// Shared data, with the number of its last writing.
    pub shared: RefCell<BTreeMap<String, (Vec<u8>, u32)>>,
    pub no_shared: Cell<bool>,
    buffer: RefCell<Vec<u8>>,
    names: RefCell<Vec<String>>,
}

impl Proxy {
    pub fn cleartext(protocol: &str) -> Self {
        let proxy = Self::default();
        proxy.set(&["connection", "id"], &7_u64.to_le_bytes());
        proxy.set(&["source", "address"], b"192.0.2.7:4000");
        proxy.set(&["request", "protocol"], protocol.as_bytes());
        proxy
    }

    pub fn set(&self, path: &[&str], value: &[u8]) {
        self.properties.borrow_mut().insert(path.join("/"), value.to_vec());
    }

    pub fn unset(&self, path: &[&str]) {
        self.properties.borrow_mut().remove(&path.join("/"));
    }

    pub fn counter_of(&self, name: &str) -> u64 {
        self.counters.borrow().get(name).copied().unwrap_or_default()
    }

    pub fn line(&self) -> serde_json::Value {
        let state = self.properties.borrow();
        state
            .get("filter_state/wasm.layerprint")
            .map_or_else(Default::default, |l| serde_json::from_slice(l).unwrap())
    }

    pub fn receive(&self, role: &mut ConnectionRole, bytes: &[u8]) {
        *self.buffer.borrow_mut() = bytes.to_vec();
        role.on_downstream_data(self, bytes.len());
    }

    pub fn request(&self, plugin: &Rc<Plugin>, fields: &Fields) -> Outcome {
        self.begin(plugin, RequestId(1), fields).1
    }

    /// The same of a request that goes on to live.
    pub fn begin(&self, plugin: &Rc<Plugin>, id: RequestId, fields: &Fields) -> (RequestRole, Outcome) {
        *self.headers.borrow_mut() = fields.clone();
        let mut role = RequestRole::new(Rc::clone(plugin), id);
        let outcome = role.on_request_headers(self);
        (role, outcome)
    }

    fn called(&self) {
        self.calls.set(self.calls.get() + 1);
    }

    fn map(&self, of: FieldsOf) -> Result<&RefCell<Fields>, Failure> {
        self.called();
        match of {
            _ if self.headers_fail.get() => Err(Failure),
            FieldsOf::Headers => Ok(&self.headers),
            FieldsOf::Trailers => Ok(&self.trailers),
        }
    }
}

impl Store for Proxy {
    fn shared(&self, key: &str) -> Result<Option<(Vec<u8>, Version)>, Unavailable> {
        self.called();
        if self.no_shared.get() {
            return Err(Unavailable);
        }
        let shared = self.shared.borrow();
        let found = shared.get(key);
        Ok(found.map(|(value, version)| (value.clone(), Version(*version))))
    }

    fn swap_shared(&self, key: &str, value: &[u8], seen: Option<Version>) -> Result<Swap, Unavailable> {
        self.called();
        if self.no_shared.get() {
            return Err(Unavailable);
        }
        let mut shared = self.shared.borrow_mut();
        let current = shared.get(key).map(|(_, version)| Version(*version));
        if current != seen {
            return Ok(Swap::Lost);
        }
        let next = current.map_or(1, |Version(version)| version + 1);
        shared.insert(key.to_owned(), (value.to_vec(), next));
        Ok(Swap::Done)
    }
}

impl Host for Proxy {
    fn variable(&self, name: &str) -> Option<Vec<u8>> {
        let (known, value) = scenario::VARIABLE;
        (name == known).then(|| value.into())
    }

    fn property(&self, path: &[&str]) -> Result<Option<Vec<u8>>, Failure> {
        self.called();
        Ok(self.properties.borrow().get(&path.join("/")).cloned())
    }

    fn set_filter_state(&self, key: &str, value: &[u8]) -> Result<(), Failure> {
        self.called();
        self.set(&["filter_state", &format!("wasm.{key}")], value);
        Ok(())
    }

    fn downstream_data(&self, size: usize) -> Result<Vec<u8>, Failure> {
        self.called();
        Ok(self.buffer.borrow()[..size].to_vec())
    }

    fn fields(&self, of: FieldsOf) -> Result<FieldMap, Failure> {
        Ok(FieldMap::of(borrowed(&self.map(of)?.borrow())))
    }

    fn remove_field(&self, of: FieldsOf, name: &str) -> Result<(), Failure> {
        self.map(of)?
            .borrow_mut()
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        Ok(())
    }

    fn set_request_header(&self, name: &str, value: &[u8]) -> Result<(), Failure> {
        self.remove_field(FieldsOf::Headers, name)?;
        let mut fields = self.map(FieldsOf::Headers)?.borrow_mut();
        fields.push((name.to_owned(), value.to_vec()));
        Ok(())
    }

    fn add_request_header(&self, name: &str, value: &str) -> Result<(), Failure> {
        self.map(FieldsOf::Headers)?
            .borrow_mut()
            .push((name.to_owned(), value.as_bytes().to_vec()));
        Ok(())
    }

    fn response_header(&self, name: &str) -> Result<Option<Vec<u8>>, Failure> {
        self.called();
        let response = self.response.borrow();
        let found = response.iter().find(|(known, _)| known == name);
        Ok(found.map(|(_, value)| value.clone()))
    }

    fn now(&self) -> Result<Duration, Failure> {
        self.called();
        if self.no_clock.get() {
            return Err(Failure);
        }
        self.clock.set(self.clock.get() + self.tick.get());
        Ok(self.clock.get())
    }

    fn answer(&self, status: u16, headers: &[(&str, &str)], body: &[u8]) -> Result<(), Failure> {
        self.called();
        self.answers.borrow_mut().push(status);
        *self.told.borrow_mut() = (owned(headers), body.to_vec());
        Ok(())
    }

    fn answer_grpc(&self, status: GrpcStatus, message: &str, metadata: &[(&str, &str)]) -> Result<(), Failure> {
        self.called();
        self.grpc_answers.borrow_mut().push(status);
        *self.told.borrow_mut() = (owned(metadata), message.as_bytes().to_vec());
        Ok(())
    }

    fn resume(&self, request: RequestId) -> Result<(), Failure> {
        self.called();
        if self.gone.borrow().contains(&request) {
            return Err(Failure);
        }
        self.resumed.borrow_mut().push(request);
        Ok(())
    }

    fn tick_every(&self, period: Option<Duration>) -> Result<(), Failure> {
        self.called();
        if self.no_ticks.get() {
            return Err(Failure);
        }
        self.ticks.set(period);
        Ok(())
    }

    fn close_connection(&self) -> Result<(), Failure> {
        self.called();
        self.closed.set(true);
        Ok(())
    }

    fn counter(&self, name: &str) -> Result<CounterId, Failure> {
        self.called();
        let mut names = self.names.borrow_mut();
        let number = names.iter().position(|known| known == name).unwrap_or_else(|| {
            names.push(name.to_owned());
            names.len() - 1
        });
        Ok(CounterId(u32::try_from(number).unwrap()))
    }

    fn count(&self, counter: CounterId, by: u32) -> Result<(), Failure> {
        self.called();
        let name = self.names.borrow()[usize::try_from(counter.0).unwrap()].clone();
        *self.counters.borrow_mut().entry(name).or_default() += u64::from(by);
        Ok(())
    }
}

fn owned(headers: &[(&str, &str)]) -> Fields {
    headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
        .collect()
}

pub fn plugin(proxy: &Proxy, configuration: &str) -> Rc<Plugin> {
    Rc::new(Plugin::configure(proxy, Role::Request, Shared::default(), configuration.as_bytes()).unwrap())
}

/// A proxy whose client has sent its first bytes.
fn opened(scenario: &Scenario, protocol: &str) -> (Proxy, Rc<Plugin>, ConnectionRole) {
    let proxy = Proxy::cleartext(protocol);
    let plugin = plugin(&proxy, scenario.configuration);
    let mut connection = ConnectionRole::new(Rc::clone(&plugin));
    connection.on_new_connection(&proxy);
    for piece in scenario.first_bytes() {
        proxy.receive(&mut connection, &piece);
    }
    (proxy, plugin, connection)
}

pub fn run(scenario: &Scenario) -> Vec<Seen> {
    let (protocol, requests) = scenario.maps();
    let (proxy, plugin, mut connection) = opened(scenario, &protocol);
    // The same once more, to look at each request before it is answered.
    let (twin, of_twin, _open) = opened(scenario, &protocol);
    let mut seen: Vec<_> = requests
        .into_iter()
        .map(|fields| {
            assert_eq!(proxy.request(&plugin, &fields), Outcome::Continue);
            let (line, _) = replayed::holds(&of_twin, &twin, &fields);
            if plugin.config.log.filter_state == Switch::On {
                assert_eq!(line, proxy.line());
            }
            Seen {
                headers: proxy.headers.borrow().clone(),
                line: proxy.line(),
            }
        })
        .collect();
    if let Client::Tls(_) = scenario.client {
        proxy.set(&["upstream", "address"], b"127.0.0.1:8443");
        seen.push(Seen::of_connection(proxy.line()));
    }
    connection.on_close(&proxy);
    assert!(plugin.shared.connections.is_empty(), "the connection's entry is freed");
    assert_eq!(
        proxy.counter_of("layerprint.connection_evidence"),
        u64::from(!seen.is_empty())
    );
    assert_eq!(
        proxy.counter_of("layerprint.connections_without_request"),
        u64::from(seen.is_empty())
    );
    seen
}
