//! What no proxy does, or not today: phases in any order, properties that cannot be read, other workers that write first. A filter
//! must not die of them, whatever the next version of a proxy brings.

use super::abi::{Action, Peer};
use super::connection::Client;
use super::context::{Context, Half, Http, HttpLife, Tcp, TcpLife};
use super::error::HostError;
use super::exchange::{Exchange, Message};
use super::phases::Way;
use super::plugin::Role;
use super::proxy::Proxy;
use super::tcp::TcpStream;
use super::vm::Vm;

/// The phases at the end of a stream, which a proxy runs in an order of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// `proxy_on_log`.
    Log,
    /// `proxy_on_done`.
    Done,
    /// `proxy_on_delete`, after which there is no other.
    Delete,
    /// `proxy_on_downstream_connection_close`, of connections.
    Close,
}

impl Vm {
    /// From now on a phase is out of turn only where its stream is over.
    pub fn allow_any_order(&self) {
        self.shared().any_order.set(true);
    }

    /// Makes a network context; no phase runs.
    pub fn attach(&self, role: &Role, client: &Client) -> Result<TcpStream, HostError> {
        let tcp = Tcp {
            root: role.id(),
            client: client.clone(),
            life: TcpLife::Opening,
            downstream: Half::default(),
            upstream: Half::default(),
        };
        let id = self.create(Context::Tcp(tcp))?;
        Ok(TcpStream {
            vm: self.clone(),
            id,
            opening: Action::Continue,
        })
    }

    /// Makes an HTTP context; no phase runs.
    pub fn attach_request(&self, role: &Role, client: &Client) -> Result<Exchange, HostError> {
        let http = Http::new(role.id(), client, self.shared().now());
        let id = self.create(Context::Http(Box::new(http)))?;
        Ok(Exchange {
            vm: self.clone(),
            id,
            opening: Action::Continue,
        })
    }

    /// How many contexts the guest was told of and not yet told to delete, those of plugins among them.
    pub fn contexts(&self) -> usize {
        self.shared().living().len()
    }

    /// Nothing happens where the stream is over.
    fn end_by(&self, id: u32, ending: Ending) -> Result<(), HostError> {
        if self.shared().with(id, |_| ()).is_none() {
            return Ok(());
        }
        match ending {
            Ending::Log => {
                let life = self.with_http(id, |http| std::mem::replace(&mut http.life, HttpLife::Logging));
                self.call("proxy_on_log", id, &[])?;
                self.with_http(id, |http| http.life = life.unwrap_or(HttpLife::Running));
            }
            Ending::Done => drop(self.call("proxy_on_done", id, &[])?),
            Ending::Close => drop(self.call("proxy_on_downstream_connection_close", id, &[Peer::Remote.code()])?),
            Ending::Delete => self.delete(id)?,
        }
        self.settle()
    }
}

impl TcpStream {
    /// `proxy_on_new_connection` of a context that was made without it.
    pub fn established(&self) -> Result<Action, HostError> {
        let phase = "proxy_on_new_connection";
        if !self.is_open() {
            let why = "the connection is over";
            return Err(HostError::OutOfTurn { phase, why });
        }
        let action = self.vm.decide(phase, self.id, &[])?;
        self.vm.with_tcp(self.id, |tcp| tcp.life = TcpLife::Open);
        self.vm.settle()?;
        Ok(action)
    }

    /// One phase of the end. Nothing happens where the connection is over.
    pub fn end_by(&self, ending: Ending) -> Result<(), HostError> {
        self.vm.end_by(self.id, ending)
    }
}

impl Exchange {
    /// `proxy_on_request_headers` of a context that was made without it.
    pub fn begin(&self, request: impl Into<Message>) -> Result<Action, HostError> {
        let message = request.into();
        self.vm.headers(self.id, Way::Request, message.headers, message.ends)
    }

    /// One phase of the end. Nothing happens where the stream is over.
    pub fn end_by(&self, ending: Ending) -> Result<(), HostError> {
        match ending {
            Ending::Close => Ok(()),
            ending => self.vm.end_by(self.id, ending),
        }
    }
}

impl Proxy {
    /// Every `n`th writing of shared data that compares finds that another worker has written meanwhile; none for 0.
    pub fn contend(&self, n: u32) {
        self.process().shared_data.borrow_mut().contend(n);
    }

    /// Writes shared data as another worker of `vm_id` would.
    pub fn set_shared_data(&self, vm_id: &str, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        // Without a number to compare it is never refused.
        let _ = self
            .process()
            .shared_data
            .borrow_mut()
            .set(vm_id, key.as_ref(), value.as_ref(), 0);
    }
}
