//! What a filter costs, in numbers that do not depend on the machine: WebAssembly instructions and host calls, phase by phase.
//!
//! Nothing in it depends on a clock or on chance, since those of [`crate::host`] repeat: two runs give the same numbers. They
//! change with the module, and so with its compiler.

pub mod clients;
pub mod functions;

use crate::host::{Calls, HostError, Module, Plugin, Proxy, Role, TcpStream, Vm, headers};
use clients::Recorded;
use functions::{Counting, Taken};

/// A configuration whose cost is counted.
#[derive(Clone, Debug)]
pub struct Configured {
    /// What it is called.
    pub name: &'static str,
    /// As both roles get it.
    pub configuration: &'static str,
}

/// The configurations that are counted.
pub const CONFIGURATIONS: [Configured; 2] = [
    Configured {
        name: "default",
        configuration: "{}",
    },
    Configured {
        name: "no log line",
        configuration: r#"{"log":{"filter_state":false}}"#,
    },
];

/// What one phase cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phase {
    /// Which.
    pub name: &'static str,
    /// Instructions that the guest ran.
    pub instructions: u64,
    /// What it asked the proxy for.
    pub calls: Calls,
    /// Where the instructions went, if the module tells.
    pub functions: Vec<Taken>,
}

/// A VM whose phases are counted.
pub struct Meter<'a> {
    proxy: Proxy,
    vm: Vm,
    phases: Vec<Phase>,
    counting: Option<&'a Counting>,
}

impl<'a> Meter<'a> {
    /// Starts a VM of a module that counts ([`Module::metered`]), as its first phase.
    pub fn start(module: &Module, counting: Option<&'a Counting>) -> Result<Self, HostError> {
        let proxy = Proxy::new();
        let vm = proxy.vm(module, "layerprint")?;
        let start = Phase {
            name: "VM starts",
            instructions: vm.instructions().unwrap_or_default(),
            calls: proxy.calls(),
            functions: Vec::new(),
        };
        Ok(Self {
            proxy,
            vm,
            phases: vec![start],
            counting,
        })
    }

    /// Runs a phase.
    pub fn phase<T>(
        &mut self,
        name: &'static str,
        run: impl FnOnce(&Proxy, &Vm) -> Result<T, HostError>,
    ) -> Result<T, HostError> {
        let (instructions, calls) = (self.vm.instructions(), self.proxy.calls());
        let counters = self.counting.map(|counting| (counting, counting.snapshot(&self.vm)));
        let result = run(&self.proxy, &self.vm)?;
        let spent = self.vm.instructions().zip(instructions);
        self.phases.push(Phase {
            name,
            instructions: spent.map_or(0, |(after, before)| after.saturating_sub(before)),
            calls: self.proxy.calls().since(&calls),
            functions: counters.map_or_else(Vec::new, |(counting, before)| {
                counting.between(&before, &counting.snapshot(&self.vm))
            }),
        });
        Ok(result)
    }

    /// The VM that runs.
    pub fn vm(&self) -> &Vm {
        &self.vm
    }

    /// What every phase cost, in order.
    pub fn phases(&self) -> &[Phase] {
        &self.phases
    }

    /// Forgets what was counted, for a phase that shall not be shown.
    pub fn forget(&mut self) {
        self.phases.clear();
    }
}

/// Both roles in one VM, as `envoy/envoy.yaml` has them.
pub struct Roles {
    connection: Role,
    request: Role,
}

/// Starts both roles.
pub fn configure(meter: &mut Meter<'_>, configuration: &str) -> Result<Roles, HostError> {
    let plugin = |root_id| Plugin::new(root_id).configuration(configuration);
    Ok(Roles {
        connection: meter.phase("connection role starts", |_, vm| vm.start(plugin("connection")))?,
        request: meter.phase("request role starts", |_, vm| vm.start(plugin("request")))?,
    })
}

/// A connection is made and its first bytes come.
pub fn connect(meter: &mut Meter<'_>, roles: &Roles, client: &Recorded) -> Result<(crate::host::Client, TcpStream), HostError> {
    let (accepted, tcp) = meter.phase("new connection", |proxy, vm| {
        let accepted = proxy.accept(client.connection.clone());
        let tcp = vm.open(&roles.connection, &accepted)?;
        Ok((accepted, tcp))
    })?;
    meter.phase("first bytes", |_, _| tcp.downstream(&client.first_bytes))?;
    Ok((accepted, tcp))
}

/// The names of a request's phases, the first and every other.
pub const FIRST: [&str; 3] = ["first request", "first response", "first request ends"];
/// The names of the phases of every request but the first.
pub const LATER: [&str; 3] = ["later request", "later response", "later request ends"];

/// A request comes, is answered, and ends.
pub fn exchange(
    meter: &mut Meter<'_>,
    roles: &Roles,
    accepted: &crate::host::Client,
    client: &Recorded,
    [request, response, end]: [&'static str; 3],
) -> Result<(), HostError> {
    let exchange = meter.phase(request, |_, vm| {
        vm.request(&roles.request, accepted, client.request.clone())
    })?;
    meter.phase(response, |_, _| {
        exchange.respond(headers(&[(":status", "200"), ("content-type", "text/html")]))
    })?;
    meter.phase(end, |_, _| exchange.finish())
}
