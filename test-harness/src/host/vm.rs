//! A VM: one instance of the module, its contexts, and the only way a callback of the guest is run.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use wasmtime::{AsContext as _, Instance, Store, Val};

use super::abi::{Action, LogLevel, StreamKind};
use super::call::ALLOCATORS;
use super::context::{Context, LocalReply};
use super::error::HostError;
use super::metrics::Metric;
use super::module::Module;
use super::proxy::{LogLine, Process};

/// What a VM that counts may run in its life: more than it will.
const FUEL: u64 = 1 << 62;

/// One worker's VM. Clones are the same VM.
#[derive(Clone)]
pub struct Vm(Rc<Machine>);

struct Machine {
    store: RefCell<Store<VmState>>,
    instance: Instance,
    shared: Rc<VmShared>,
}

/// What wasmtime hands to each host call.
pub(super) struct VmState {
    pub(super) shared: Rc<VmShared>,
    pub(super) stage: Stage,
}

/// What the guest is doing: not every host function may be called at any time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Initialising,
    Running,
    Allocating,
}

/// What host calls and the test's handles both see of a VM.
pub(super) struct VmShared {
    pub(super) process: Rc<Process>,
    pub(super) serial: u64,
    pub(super) vm_id: String,
    pub(super) configuration: Vec<u8>,
    pub(super) metrics: RefCell<BTreeMap<u32, Metric>>,
    /// The context the guest chose with `proxy_set_effective_context`; 0 if none.
    pub(super) effective: Cell<u32>,
    /// A local reply was sent: the stream stops, whatever the callback returns.
    pub(super) stop: Cell<bool>,
    current: Cell<u32>,
    contexts: RefCell<BTreeMap<u32, Context>>,
    /// Deleted contexts, kept for as long as a test holds their handle.
    departed: RefCell<BTreeMap<u32, Context>>,
    deferred: RefCell<VecDeque<Deferred>>,
    next_context: Cell<u32>,
    chance: Cell<u64>,
    dead: Cell<bool>,
    /// No phase is out of turn but those of streams that are over.
    pub(super) any_order: Cell<bool>,
}

/// What a host call asks for and the host does once the callback has returned.
pub(super) enum Deferred {
    Resume(u32, StreamKind),
    Close(u32, StreamKind),
    Reply(u32, Box<LocalReply>),
    Delete(u32),
}

impl Vm {
    pub(super) fn start_up(
        process: Rc<Process>,
        serial: u64,
        module: &Module,
        vm_id: &str,
        configuration: &[u8],
    ) -> Result<Self, HostError> {
        let shared = Rc::new(VmShared {
            process,
            serial,
            vm_id: vm_id.to_owned(),
            configuration: configuration.to_vec(),
            metrics: RefCell::default(),
            effective: Cell::new(0),
            stop: Cell::new(false),
            current: Cell::new(0),
            contexts: RefCell::default(),
            departed: RefCell::default(),
            deferred: RefCell::default(),
            next_context: Cell::new(1),
            chance: Cell::new(0x9e37_79b9_7f4a_7c15 ^ serial),
            dead: Cell::new(false),
            any_order: Cell::new(false),
        });
        let state = VmState {
            shared: Rc::clone(&shared),
            stage: Stage::Initialising,
        };
        let mut store = Store::new(module.pre().module().engine(), state);
        // Refused by a module that does not count.
        let _ = store.set_fuel(FUEL);
        let instance = module
            .pre()
            .instantiate(&mut store)
            .map_err(|error| shared.died("start", &error, 0))?;
        if !ALLOCATORS
            .iter()
            .any(|name| instance.get_func(&mut store, name).is_some())
        {
            return Err(HostError::Link(
                "the module exports neither malloc nor proxy_on_memory_allocate".to_owned(),
            ));
        }
        let vm = Self(Rc::new(Machine {
            store: RefCell::new(store),
            instance,
            shared,
        }));
        vm.initialise()?;
        Ok(vm)
    }

    /// As Envoy does: a reactor's `_initialize` and then its main, or else a command's `_start`.
    fn initialise(&self) -> Result<(), HostError> {
        if self.exports("_initialize") {
            self.run("_initialize", 0, &[])?;
            let main = if self.exports("main") {
                ("main", &[0, 0][..])
            } else {
                ("__main_void", &[][..])
            };
            self.run(main.0, 0, main.1)?;
        } else {
            self.run("_start", 0, &[])?;
        }
        self.0.store.borrow_mut().data_mut().stage = Stage::Running;
        Ok(())
    }

    /// The name under which VMs share data.
    pub fn vm_id(&self) -> &str {
        &self.0.shared.vm_id
    }

    /// Whether no callback has trapped yet.
    pub fn is_alive(&self) -> bool {
        !self.0.shared.dead.get()
    }

    /// The size of the guest's memory in pages of 64 KiB.
    pub fn memory_pages(&self) -> u64 {
        let mut store = self.0.store.borrow_mut();
        let memory = self.0.instance.get_memory(&mut *store, "memory");
        memory.map_or(0, |memory| memory.size(store.as_context()))
    }

    /// How many WebAssembly instructions the guest has run since the VM began to start, if the module counts them
    /// ([`Module::metered`]). A copy of memory is one, whatever its size; what the host does is none.
    pub fn instructions(&self) -> Option<u64> {
        let left = self.0.store.borrow().get_fuel().ok()?;
        FUEL.checked_sub(left)
    }

    /// The value of a 64-bit global that the guest exports.
    pub fn global(&self, name: &str) -> Option<u64> {
        let mut store = self.0.store.borrow_mut();
        let global = self.0.instance.get_global(&mut *store, name)?;
        global.get(&mut *store).i64().map(i64::cast_unsigned)
    }

    pub(super) fn shared(&self) -> &VmShared {
        &self.0.shared
    }

    /// Makes a context and tells the guest of it.
    pub(super) fn create(&self, context: Context) -> Result<u32, HostError> {
        let shared = &self.0.shared;
        let id = shared.next_context.get();
        shared.next_context.set(id.saturating_add(1));
        let root = context.root().unwrap_or(0);
        shared.contexts.borrow_mut().insert(id, context);
        self.call("proxy_on_context_create", id, &[root])?;
        Ok(id)
    }

    /// The end of a context. What a test may still ask of it stays until its handle goes.
    pub(super) fn delete(&self, id: u32) -> Result<(), HostError> {
        self.call("proxy_on_delete", id, &[])?;
        let shared = &self.0.shared;
        if let Some(context) = shared.contexts.borrow_mut().remove(&id) {
            shared.departed.borrow_mut().insert(id, context);
        }
        Ok(())
    }

    /// Runs a callback about a context. None if the guest does not export it, which Envoy takes for consent.
    pub(super) fn call(&self, phase: &'static str, context: u32, arguments: &[u32]) -> Result<Option<u32>, HostError> {
        let arguments: Vec<u32> = [context].iter().chain(arguments).copied().collect();
        self.run(phase, context, &arguments)
    }

    /// Runs a callback that decides how the stream goes on.
    pub(super) fn decide(&self, phase: &'static str, context: u32, arguments: &[u32]) -> Result<Action, HostError> {
        let answer = self.call(phase, context, arguments)?;
        let stopped = self.0.shared.stop.replace(false);
        Ok(if stopped || answer.is_some_and(|code| code != 0) {
            Action::Pause
        } else {
            Action::Continue
        })
    }

    fn exports(&self, name: &str) -> bool {
        let mut store = self.0.store.borrow_mut();
        self.0.instance.get_func(&mut *store, name).is_some()
    }

    fn run(&self, phase: &'static str, context: u32, arguments: &[u32]) -> Result<Option<u32>, HostError> {
        let shared = &self.0.shared;
        if shared.dead.get() {
            return Err(HostError::Dead { phase });
        }
        let mut store = self.0.store.borrow_mut();
        let Some(callback) = self.0.instance.get_func(&mut *store, phase) else {
            return Ok(None);
        };
        let logged = shared.process.logs.borrow().len();
        let arguments: Vec<Val> = arguments.iter().map(|word| Val::I32(word.cast_signed())).collect();
        let mut results = vec![Val::I32(0); callback.ty(&*store).results().len()];
        shared.current.set(context);
        shared.effective.set(0);
        shared.stop.set(false);
        let ran = callback.call(&mut *store, &arguments, &mut results);
        shared.current.set(0);
        shared.effective.set(0);
        ran.map_err(|error| shared.died(phase, &error, logged))?;
        Ok(results.first().and_then(Val::i32).map(i32::cast_unsigned))
    }

    /// The first deferred thing that is left.
    pub(super) fn next_deferred(&self) -> Option<Deferred> {
        self.0.shared.deferred.borrow_mut().pop_front()
    }
}

impl VmShared {
    /// The context a host call is about.
    pub(super) fn subject(&self) -> u32 {
        let effective = self.effective.get();
        let exists = effective != 0 && self.contexts.borrow().contains_key(&effective);
        if exists { effective } else { self.current.get() }
    }

    /// The root context of a context; a root's is itself.
    pub(super) fn root_of(&self, id: u32) -> u32 {
        self.with(id, |context| context.root()).flatten().unwrap_or(id)
    }

    /// Does something with a context that lives.
    pub(super) fn with<R>(&self, id: u32, act: impl FnOnce(&mut Context) -> R) -> Option<R> {
        self.contexts.borrow_mut().get_mut(&id).map(act)
    }

    /// Does something with a context that lives or has departed.
    pub(super) fn with_any<R>(&self, id: u32, act: impl FnOnce(&mut Context) -> R) -> Option<R> {
        match self.contexts.borrow_mut().get_mut(&id) {
            Some(context) => Some(act(context)),
            None => self.departed.borrow_mut().get_mut(&id).map(act),
        }
    }

    /// The numbers of the contexts that live.
    pub(super) fn living(&self) -> Vec<u32> {
        self.contexts.borrow().keys().copied().collect()
    }

    pub(super) fn forget(&self, id: u32) {
        self.departed.borrow_mut().remove(&id);
    }

    pub(super) fn defer(&self, what: Deferred) {
        self.deferred.borrow_mut().push_back(what);
    }

    pub(super) fn log(&self, level: LogLevel, message: &[u8]) {
        let message = String::from_utf8_lossy(message).into_owned();
        self.process.logs.borrow_mut().push(LogLine {
            level,
            vm_id: self.vm_id.clone(),
            message,
        });
    }

    pub(super) fn logs_since(&self, count: usize) -> Vec<String> {
        self.process
            .logs
            .borrow()
            .iter()
            .skip(count)
            .map(ToString::to_string)
            .collect()
    }

    pub(super) fn nanoseconds(&self) -> u64 {
        u64::try_from(self.process.clock.get().as_nanos()).unwrap_or(u64::MAX)
    }

    pub(super) fn now(&self) -> Duration {
        self.process.clock.get()
    }

    /// A new number for a metric. As in Envoy, its two low bits are the kind.
    pub(super) fn number(&self, metric: Metric) -> Option<u32> {
        let mut metrics = self.metrics.borrow_mut();
        let serial = u32::try_from(metrics.len()).ok()?.checked_add(1)?;
        let id = serial.checked_mul(4)? | metric.kind.code();
        metrics.insert(id, metric);
        Some(id)
    }

    /// The next byte of a xorshift generator.
    pub(super) fn chance(&self) -> u8 {
        let mut state = self.chance.get();
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        self.chance.set(state);
        state.to_le_bytes().first().copied().unwrap_or_default()
    }

    fn died(&self, phase: &'static str, error: &wasmtime::Error, logged: usize) -> HostError {
        self.dead.set(true);
        self.deferred.borrow_mut().clear();
        HostError::Trap {
            phase,
            message: format!("{error:?}"),
            logs: self.logs_since(logged),
        }
    }
}
