//! What a filter costs, in numbers that do not depend on the machine: WebAssembly instructions and host calls, phase by phase.
//!
//! Clocks and chance of [`crate::host`] repeat, so two runs of the same module give the same numbers. They change with the module,
//! and so with its compiler; a copy of memory counts as one instruction, and what the proxy does for a host call as none.

pub mod clients;
pub mod functions;
pub mod size;
pub mod table;

use std::time::Duration;

use crate::host::{Calls, Client, HostError, Module, Plugin, Proxy, Role, TcpStream, Vm, headers};
use clients::Recorded;
use functions::{Counting, Taken};

/// A configuration whose cost is counted.
#[derive(Clone, Copy, Debug)]
pub struct Configured {
    /// What it is called.
    pub name: &'static str,
    /// As both roles get it.
    pub configuration: &'static str,
    /// Whose requests are counted under it, by [`Recorded::name`].
    pub clients: &'static [&'static str],
}

/// The configurations that are counted.
pub const CONFIGURATIONS: [Configured; 4] = [
    Configured {
        name: "default",
        configuration: "{}",
        clients: &["chromium-h2", "firefox-h2", "chromium-h1", "firefox-h1", "liar-h2"],
    },
    Configured {
        name: "no log line",
        configuration: r#"{"log":{"filter_state":false}}"#,
        clients: &["chromium-h2", "firefox-h1"],
    },
    Configured {
        name: "full",
        configuration: FULL,
        clients: &["chromium-h2", "firefox-h2", "chromium-h1", "firefox-h1"],
    },
    Configured {
        name: "all are challenged",
        configuration: r#"{"mode":"enforce","challenge":{"keys":["MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="]},
            "rules":[{"name":"all","match":{"path":"/*"},"action":"challenge"}]}"#,
        clients: &["chromium-h2"],
    },
];

/// Enforced: routes, ladders, rules, limits, behaviour, challenge, all headers, and a rule for connections.
pub const FULL: &str = include_str!("full.json");

/// How many requests a connection has had before one of them counts as a later one. The first ones still make room.
const BEFORE_LATER: usize = 5;

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

/// A VM with both roles, as `envoy/envoy.yaml` has them, whose phases are counted.
pub struct Meter<'a> {
    proxy: Proxy,
    vm: Vm,
    phases: Vec<Phase>,
    counting: Option<&'a Counting>,
    roles: Option<Roles>,
}

#[derive(Clone)]
struct Roles {
    connection: Role,
    request: Role,
}

impl<'a> Meter<'a> {
    /// Starts a VM of a module that counts ([`Module::metered`]) and both roles in it: the first three phases. Of a module that
    /// counts itself, its functions are counted too.
    ///
    /// # Errors
    /// When the module does not start, or refuses the configuration.
    pub fn start(module: &Module, configuration: &str, counting: Option<&'a Counting>) -> Result<Self, HostError> {
        let proxy = Proxy::new();
        let vm = proxy.vm(module, "layerprint")?;
        let started = Phase {
            name: "VM starts",
            instructions: vm.instructions().unwrap_or_default(),
            calls: proxy.calls(),
            functions: Vec::new(),
        };
        let mut meter = Self {
            proxy,
            vm,
            phases: vec![started],
            counting,
            roles: None,
        };
        let plugin = |root_id| Plugin::new(root_id).configuration(configuration);
        let connection = meter.phase("connection role starts", |vm| vm.start(plugin("connection")))?;
        let request = meter.phase("request role starts", |vm| vm.start(plugin("request")))?;
        meter.roles = Some(Roles { connection, request });
        Ok(meter)
    }

    /// Plays a connection of a client, of which other connections and requests of the same client were seen before: only then
    /// does nothing happen that happens once in the life of a VM. Answers its phases.
    ///
    /// # Errors
    /// When a phase traps, or ends otherwise than a real request of this client does.
    pub fn play(&mut self, client: &Recorded) -> Result<Vec<Phase>, HostError> {
        self.connection(client)?;
        self.phases.clear();
        self.connection(client)?;
        Ok(std::mem::take(&mut self.phases))
    }

    /// The phases that were counted and not answered yet.
    pub fn phases(&self) -> &[Phase] {
        &self.phases
    }

    fn connection(&mut self, client: &Recorded) -> Result<(), HostError> {
        let Some(roles) = self.roles.clone() else {
            return Ok(());
        };
        let accepted = self.proxy.accept(client.connection.clone());
        let tcp = self.phase("new connection", |vm| vm.open(&roles.connection, &accepted))?;
        self.phase("first bytes", |_| tcp.downstream(&client.first_bytes))?;
        self.exchange(
            &roles.request,
            &accepted,
            client,
            ["first request", "its response", "its end"],
        )?;
        let counted = self.phases.len();
        for _ in 0..BEFORE_LATER {
            self.phases.truncate(counted);
            self.later(&roles.request, &accepted, &tcp, client)?;
        }
        self.phase("connection closes", |_| tcp.close())
    }

    fn later(&mut self, role: &Role, accepted: &Client, tcp: &TcpStream, client: &Recorded) -> Result<(), HostError> {
        self.phase("later bytes", |_| tcp.downstream(&client.later_bytes))?;
        self.exchange(role, accepted, client, ["later request", "later response", "later end"])
    }

    /// A request comes, a second after the last, is answered, and ends. The response of who is answered here goes with the request.
    fn exchange(
        &mut self,
        role: &Role,
        accepted: &Client,
        client: &Recorded,
        [request, response, end]: [&'static str; 3],
    ) -> Result<(), HostError> {
        self.proxy.advance(Duration::from_secs(1));
        let exchange = self.phase(request, |vm| vm.request(role, accepted, client.request.clone()))?;
        if exchange.local_reply().is_none() {
            let page = headers(&[(":status", "200"), ("content-type", "text/html")]);
            self.phase(response, |_| exchange.respond(page))?;
        }
        self.phase(end, |_| exchange.finish())
    }

    fn phase<T>(&mut self, name: &'static str, run: impl FnOnce(&Vm) -> Result<T, HostError>) -> Result<T, HostError> {
        let counters = self.counting.map(|counting| (counting, counting.snapshot(&self.vm)));
        let (instructions, calls) = (self.vm.instructions(), self.proxy.calls());
        let result = run(&self.vm)?;
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
}
