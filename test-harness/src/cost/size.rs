//! What a worker's VM takes: memory, with clients that are remembered and connections that live, and the time to start.

use std::error::Error;
use std::time::Duration;

use super::clients::Recorded;
use super::{FULL, Meter};
use crate::host::{HostError, Module, Plugin, Proxy, Role, Vm};

/// Bytes of a page of WebAssembly memory.
const PAGE: u64 = 65_536;

/// What is remembered of many clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// Bytes of the VM's linear memory.
    pub memory: u64,
    /// Bytes of shared data, which the proxy has once for all workers.
    pub shared: u64,
    /// Keys of shared data.
    pub values: usize,
}

/// A worker with the full configuration, to which clients come that were never there before.
pub struct Visited<'a> {
    proxy: Proxy,
    vm: Vm,
    connection: Role,
    request: Role,
    client: &'a Recorded,
    visitors: u32,
}

impl<'a> Visited<'a> {
    /// A worker that nobody visited yet. All who will are like `client`.
    ///
    /// # Errors
    /// When the module does not start.
    pub fn new(module: &Module, client: &'a Recorded) -> Result<Self, HostError> {
        let proxy = Proxy::new();
        let vm = proxy.vm(module, "layerprint")?;
        Ok(Self {
            connection: vm.start(Plugin::new("connection").configuration(FULL))?,
            request: vm.start(Plugin::new("request").configuration(FULL))?,
            proxy,
            vm,
            client,
            visitors: 0,
        })
    }

    /// Lets so many more come, each with a connection, a request, an address and a session of its own.
    ///
    /// # Errors
    /// When a phase traps.
    pub fn come(&mut self, visitors: u32) -> Result<(), HostError> {
        for n in self.visitors..self.visitors.saturating_add(visitors) {
            let [_, high, middle, low] = n.to_be_bytes();
            // Neighbours are in networks of their own.
            let address = format!("{}.{low}.{middle}.7:4000", high.saturating_add(20));
            let accepted = self.proxy.accept(self.client.connection.clone().source(&address));
            let tcp = self.vm.open(&self.connection, &accepted)?;
            tcp.downstream(&self.client.first_bytes)?;
            let mut sent = self.client.request.clone();
            sent.add("cookie", format!("session={n}"));
            self.vm.request(&self.request, &accepted, sent)?.finish()?;
            tcp.close()?;
            self.proxy.advance(Duration::from_micros(100));
        }
        self.visitors = self.visitors.saturating_add(visitors);
        Ok(())
    }

    /// What is remembered of them now.
    pub fn remembered(&self) -> Remembered {
        let values = self.proxy.shared_keys("layerprint");
        let sizes = values
            .iter()
            .filter_map(|key| self.proxy.shared_data("layerprint", key));
        let shared: usize = sizes.map(|value| value.len()).sum();
        Remembered {
            memory: self.vm.memory_pages().saturating_mul(PAGE),
            shared: u64::try_from(shared).unwrap_or(u64::MAX),
            values: values.len(),
        }
    }
}

/// How many bytes of linear memory each of `connections` connections takes that live at the same time and have brought a request.
///
/// # Errors
/// When a phase traps.
pub fn of_a_connection(module: &Module, client: &Recorded, connections: u32) -> Result<u64, HostError> {
    let proxy = Proxy::new();
    let vm = proxy.vm(module, "layerprint")?;
    let connection = vm.start(Plugin::new("connection"))?;
    let request = vm.start(Plugin::new("request"))?;
    let before = vm.memory_pages();
    let mut living = Vec::new();
    for _ in 0..connections {
        let accepted = proxy.accept(client.connection.clone());
        let tcp = vm.open(&connection, &accepted)?;
        tcp.downstream(&client.first_bytes)?;
        vm.request(&request, &accepted, client.request.clone())?.finish()?;
        living.push(tcp);
    }
    let grown = vm.memory_pages().saturating_sub(before).saturating_mul(PAGE);
    Ok(grown.checked_div(connections.into()).unwrap_or_default())
}

/// The CPU time that it takes to start a VM of a module that is compiled, with both roles in it.
///
/// # Errors
/// When the module does not start, or the kernel does not tell.
pub fn cold_start(module: &Module, configuration: &str) -> Result<Duration, Box<dyn Error>> {
    let begun = cpu_time()?;
    Meter::start(module, configuration, None)?;
    Ok(cpu_time()?.saturating_sub(begun))
}

/// What this thread has spent on a CPU: others who want it do not count.
fn cpu_time() -> Result<Duration, Box<dyn Error>> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds = text.split(' ').next().unwrap_or_default().parse()?;
    Ok(Duration::from_nanos(nanoseconds))
}
