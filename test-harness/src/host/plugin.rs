//! Plugins in a VM: starting, ticking, hearing of queues, ending.

use std::time::Duration;

use super::context::{Context, Lent, Root, RootLife, Tick};
use super::error::HostError;
use super::vm::Vm;

/// A plugin that a test describes before a VM starts it.
#[derive(Clone, Debug)]
pub struct Plugin {
    root_id: String,
    name: String,
    configuration: Vec<u8>,
}

impl Plugin {
    /// A plugin without a configuration.
    pub fn new(root_id: &str) -> Self {
        Self {
            root_id: root_id.to_owned(),
            name: root_id.to_owned(),
            configuration: Vec::new(),
        }
    }

    /// What `proxy_on_configure` sees.
    #[must_use]
    pub fn configuration(mut self, configuration: impl AsRef<[u8]>) -> Self {
        self.configuration = configuration.as_ref().to_vec();
        self
    }

    /// The property `plugin_name`; the root id if it is not set.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }
}

/// A started plugin: the role that streams are opened in. Clones are the same plugin.
#[derive(Clone)]
pub struct Role {
    vm: Vm,
    id: u32,
}

impl Vm {
    /// Starts a plugin: context, VM start, configuration. A refusal is an error with what the guest logged.
    pub fn start(&self, plugin: Plugin) -> Result<Role, HostError> {
        let logged = self.shared().process.logs.borrow().len();
        let Plugin {
            root_id,
            name,
            configuration,
        } = plugin;
        let vm_size = size(&self.shared().configuration)?;
        let plugin_size = size(&configuration)?;
        let refused = |phase| {
            let logs = self.shared().logs_since(logged);
            HostError::Refused {
                root_id: root_id.clone(),
                phase,
                logs,
            }
        };
        let root = Root {
            root_id: root_id.clone(),
            name,
            configuration: Lent::new(configuration),
            tick: None,
            life: RootLife::Running,
        };
        let id = self.create(Context::Root(root))?;
        if self.call("proxy_on_vm_start", id, &[vm_size])? == Some(0) {
            return Err(refused("proxy_on_vm_start"));
        }
        let role = Role { vm: self.clone(), id };
        role.with_root(|root| {
            root.configuration.lend();
        });
        let answer = self.call("proxy_on_configure", id, &[plugin_size])?;
        role.with_root(|root| root.configuration.take_back());
        self.settle()?;
        if answer == Some(0) {
            Err(refused("proxy_on_configure"))
        } else {
            Ok(role)
        }
    }

    /// Moves the clock, and on the way runs each tick of this VM when it is due.
    pub fn elapse(&self, by: Duration) -> Result<(), HostError> {
        let end = self.shared().now().saturating_add(by);
        while let Some((due, id)) = self.next_tick().filter(|(due, _)| *due <= end) {
            let clock = &self.shared().process.clock;
            clock.set(clock.get().max(due));
            Role { vm: self.clone(), id }.tick()?;
        }
        self.shared().process.clock.set(end);
        Ok(())
    }

    /// Tells the plugins of this VM of each item that came into a queue of theirs.
    pub fn deliver_queues(&self) -> Result<(), HostError> {
        let ready = self
            .shared()
            .process
            .queues
            .borrow_mut()
            .take_ready(self.shared().serial);
        for (root, token) in ready {
            self.call("proxy_on_queue_ready", root, &[token])?;
            self.settle()?;
        }
        Ok(())
    }

    fn next_tick(&self) -> Option<(Duration, u32)> {
        let ticks = self.shared().living().into_iter().filter_map(|id| {
            let due = self.shared().with(id, |context| match context {
                Context::Root(root) => root.tick.map(|tick| tick.due),
                _ => None,
            });
            Some((due.flatten()?, id))
        });
        ticks.min()
    }
}

impl Role {
    /// The number the guest knows it by.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// How often the plugin wants to be called, if at all.
    pub fn tick_period(&self) -> Option<Duration> {
        self.with_root(|root| root.tick.map(|tick| tick.period)).flatten()
    }

    /// Runs the plugin's tick now, whatever the clock says.
    pub fn tick(&self) -> Result<(), HostError> {
        let now = self.vm.shared().now();
        self.with_root(|root| {
            root.tick = root.tick.map(|tick| Tick {
                due: now.saturating_add(tick.period),
                ..tick
            });
        });
        self.vm.call("proxy_on_tick", self.id, &[])?;
        self.vm.settle()
    }

    /// Ends the plugin. False if the guest wants to end later, with `proxy_done`.
    pub fn shut_down(&self) -> Result<bool, HostError> {
        if self.vm.call("proxy_on_done", self.id, &[])? == Some(0) {
            self.with_root(|root| root.life = RootLife::Finishing);
            return Ok(false);
        }
        self.vm.delete(self.id)?;
        Ok(true)
    }

    fn with_root<R>(&self, act: impl FnOnce(&mut Root) -> R) -> Option<R> {
        let done = self.vm.shared().with(self.id, |context| match context {
            Context::Root(root) => Some(act(root)),
            _ => None,
        });
        done.flatten()
    }
}

pub(super) fn size(bytes: &[u8]) -> Result<u32, HostError> {
    u32::try_from(bytes.len()).map_err(|_| HostError::Link("more bytes than a guest can address".to_owned()))
}
