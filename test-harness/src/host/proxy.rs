//! The proxy process: all that its VMs share, and what a test looks at when the phases have run.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use super::abi::LogLevel;
use super::connection::{Client, Connection};
use super::counts::Calls;
use super::error::HostError;
use super::metrics::Metrics;
use super::module::Module;
use super::shared::{Queues, SharedData};
use super::vm::Vm;

/// Where every clock starts: 2026-01-01T00:00:00Z.
const NEW_YEAR_2026: Duration = Duration::from_secs(1_767_225_600);

/// A proxy. Clones are the same process.
#[derive(Clone)]
pub struct Proxy(Rc<Process>);

/// What the VMs of a process share.
pub(super) struct Process {
    pub(super) clock: Cell<Duration>,
    pub(super) log_level: Cell<LogLevel>,
    pub(super) logs: RefCell<Vec<LogLine>>,
    pub(super) shared_data: RefCell<SharedData>,
    pub(super) queues: RefCell<Queues>,
    pub(super) metrics: RefCell<Metrics>,
    pub(super) calls: RefCell<Calls>,
    pub(super) variables: RefCell<BTreeMap<String, String>>,
    vms: Cell<u64>,
    connections: Cell<u64>,
}

/// A line a guest logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// How grave.
    pub level: LogLevel,
    /// The VM it came from.
    pub vm_id: String,
    /// The text; bytes that are not UTF-8 are replaced.
    pub message: String,
}

impl fmt::Display for LogLine {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "[{}] {}: {}", self.vm_id, self.level, self.message)
    }
}

impl Default for Proxy {
    fn default() -> Self {
        Self::new()
    }
}

impl Proxy {
    /// A process without VMs. Its clock stands still until a test moves it.
    pub fn new() -> Self {
        Self(Rc::new(Process {
            clock: Cell::new(NEW_YEAR_2026),
            log_level: Cell::new(LogLevel::Info),
            logs: RefCell::default(),
            shared_data: RefCell::default(),
            queues: RefCell::default(),
            metrics: RefCell::default(),
            calls: RefCell::default(),
            variables: RefCell::default(),
            vms: Cell::new(0),
            connections: Cell::new(0),
        }))
    }

    /// Starts a VM: instantiates the module and initialises it. Each call is one more worker with the same `vm_id`.
    pub fn vm(&self, module: &Module, vm_id: &str) -> Result<Vm, HostError> {
        self.vm_configured(module, vm_id, b"")
    }

    /// Starts a VM with a configuration of its own, which `proxy_on_vm_start` sees.
    pub fn vm_configured(
        &self,
        module: &Module,
        vm_id: &str,
        configuration: impl AsRef<[u8]>,
    ) -> Result<Vm, HostError> {
        self.0.vms.set(self.0.vms.get().saturating_add(1));
        Vm::start_up(
            Rc::clone(&self.0),
            self.0.vms.get(),
            module,
            vm_id,
            configuration.as_ref(),
        )
    }

    /// Accepts a connection. Contexts attach to it with [`Vm::open`] and [`Vm::request`].
    pub fn accept(&self, connection: Connection) -> Client {
        self.0.connections.set(self.0.connections.get().saturating_add(1));
        connection.accepted(self.0.connections.get())
    }

    /// The filter state of a connection; a key the guest set as `KEY` is `wasm.KEY`.
    pub fn filter_state(&self, client: &Client, key: impl AsRef<[u8]>) -> Option<Vec<u8>> {
        client.filter_state(key)
    }

    /// The time since 1970 as the guest sees it.
    pub fn time(&self) -> Duration {
        self.0.clock.get()
    }

    pub(super) fn process(&self) -> &Process {
        &self.0
    }

    /// Sets the clock; no tick runs.
    pub fn set_time(&self, since_1970: Duration) {
        self.0.clock.set(since_1970);
    }

    /// Moves the clock; no tick runs (see [`Vm::elapse`]).
    pub fn advance(&self, by: Duration) {
        self.0.clock.set(self.time().saturating_add(by));
    }

    /// Sets a variable that every VM has from now on. A guest reads all of them once.
    pub fn set_variable(&self, name: &str, value: &str) {
        let mut variables = self.0.variables.borrow_mut();
        variables.insert(name.to_owned(), value.to_owned());
    }

    /// The level a guest is told when it asks. The host keeps every line, whatever the level.
    pub fn set_log_level(&self, level: LogLevel) {
        self.0.log_level.set(level);
    }

    /// All lines logged so far.
    pub fn logs(&self) -> Vec<LogLine> {
        self.0.logs.borrow().clone()
    }

    /// The value of a counter, or else of a gauge, by the name the guest gave it.
    pub fn metric(&self, name: &str) -> Option<u64> {
        self.0.metrics.borrow().value(name)
    }

    /// Every counter and gauge with its value.
    pub fn metrics(&self) -> BTreeMap<String, u64> {
        self.0.metrics.borrow().all()
    }

    /// The values recorded in a histogram, in order.
    pub fn histogram(&self, name: &str) -> Vec<u64> {
        self.0.metrics.borrow().histogram(name)
    }

    /// The shared data of a `vm_id` under a key.
    pub fn shared_data(&self, vm_id: &str, key: impl AsRef<[u8]>) -> Option<Vec<u8>> {
        self.0
            .shared_data
            .borrow()
            .get(vm_id, key.as_ref())
            .map(|(value, _)| value)
    }

    /// The keys of the shared data of a `vm_id`. They never expire, so a filter must keep them few.
    pub fn shared_keys(&self, vm_id: &str) -> Vec<Vec<u8>> {
        self.0.shared_data.borrow().keys(vm_id)
    }

    /// How often one host function was called.
    pub fn host_calls(&self, function: &str) -> u64 {
        self.0.calls.borrow().of(function)
    }

    /// A snapshot of all counts; see [`Calls::since`].
    pub fn calls(&self) -> Calls {
        self.0.calls.borrow().clone()
    }
}
