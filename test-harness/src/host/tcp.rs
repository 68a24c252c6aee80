//! A connection as the network role sees it: the phases a test drives, and what came of them.

use super::abi::{Action, Peer};
use super::connection::Client;
use super::context::{Context, Half, Tcp};
use super::error::HostError;
use super::plugin::{Role, size};
use super::vm::Vm;

/// A network context.
pub struct TcpStream {
    pub(super) vm: Vm,
    pub(super) id: u32,
    pub(super) opening: Action,
}

impl Vm {
    /// Attaches a network context to a connection and runs `proxy_on_new_connection`.
    pub fn open(&self, role: &Role, client: &Client) -> Result<TcpStream, HostError> {
        let mut stream = self.attach(role, client)?;
        stream.opening = stream.established()?;
        Ok(stream)
    }

    pub(super) fn with_tcp<R>(&self, id: u32, act: impl FnOnce(&mut Tcp) -> R) -> Option<R> {
        let done = self.shared().with_any(id, |context| match context {
            Context::Tcp(tcp) => Some(act(tcp)),
            _ => None,
        });
        done.flatten()
    }

    /// The end of a connection, in Envoy's order. Does nothing if it has ended.
    pub(super) fn close_tcp(&self, id: u32, by: Peer) -> Result<(), HostError> {
        if self.shared().with(id, |_| ()).is_none() {
            return Ok(());
        }
        self.call("proxy_on_downstream_connection_close", id, &[by.code()])?;
        self.call("proxy_on_done", id, &[])?;
        self.call("proxy_on_log", id, &[])?;
        self.delete(id)?;
        self.settle()
    }
}

impl TcpStream {
    /// The number the guest knows it by.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// What `proxy_on_new_connection` asked for.
    pub fn opening(&self) -> Action {
        self.opening
    }

    /// Bytes from the client. The guest sees them with those it held back before.
    pub fn downstream(&self, bytes: impl AsRef<[u8]>) -> Result<Action, HostError> {
        self.data(
            "proxy_on_downstream_data",
            |tcp| &mut tcp.downstream,
            bytes.as_ref(),
            false,
        )
    }

    /// The last bytes from the client, which then sends no more.
    pub fn downstream_end(&self, bytes: impl AsRef<[u8]>) -> Result<Action, HostError> {
        self.data(
            "proxy_on_downstream_data",
            |tcp| &mut tcp.downstream,
            bytes.as_ref(),
            true,
        )
    }

    /// Bytes from the origin.
    pub fn upstream(&self, bytes: impl AsRef<[u8]>) -> Result<Action, HostError> {
        self.data("proxy_on_upstream_data", |tcp| &mut tcp.upstream, bytes.as_ref(), false)
    }

    /// The last bytes from the origin. Envoy tells of its close in the same breath.
    pub fn upstream_end(&self, bytes: impl AsRef<[u8]>) -> Result<Action, HostError> {
        let action = self.data("proxy_on_upstream_data", |tcp| &mut tcp.upstream, bytes.as_ref(), true)?;
        self.vm
            .call("proxy_on_upstream_connection_close", self.id, &[Peer::Unknown.code()])?;
        self.vm.settle()?;
        Ok(action)
    }

    /// The client closes: close, done, log, delete.
    pub fn close(&self) -> Result<(), HostError> {
        self.vm.close_tcp(self.id, Peer::Remote)
    }

    /// The proxy closes, for a reason of its own.
    pub fn close_by_proxy(&self) -> Result<(), HostError> {
        self.vm.close_tcp(self.id, Peer::Local)
    }

    /// Whether the connection lives. The guest may have closed it itself.
    pub fn is_open(&self) -> bool {
        self.vm.shared().with(self.id, |_| ()).is_some()
    }

    /// The client's bytes that went on to the next filter.
    pub fn forwarded(&self) -> Vec<u8> {
        self.vm
            .with_tcp(self.id, |tcp| tcp.downstream.passed.clone())
            .unwrap_or_default()
    }

    /// The origin's bytes that went on to the client.
    pub fn returned(&self) -> Vec<u8> {
        self.vm
            .with_tcp(self.id, |tcp| tcp.upstream.passed.clone())
            .unwrap_or_default()
    }

    fn data(
        &self,
        phase: &'static str,
        half: fn(&mut Tcp) -> &mut Half,
        bytes: &[u8],
        ends: bool,
    ) -> Result<Action, HostError> {
        if !self.is_open() {
            return Err(HostError::OutOfTurn {
                phase,
                why: "the connection is closed",
            });
        }
        let held = self.vm.with_tcp(self.id, |tcp| {
            let half = half(tcp);
            half.ended = ends;
            let buffer = half.body.lend();
            buffer.extend_from_slice(bytes);
            size(buffer)
        });
        let action = self
            .vm
            .decide(phase, self.id, &[held.unwrap_or(Ok(0))?, u32::from(ends)])?;
        self.vm.with_tcp(self.id, |tcp| half(tcp).after_body(action));
        self.vm.settle()?;
        Ok(action)
    }
}

impl Drop for TcpStream {
    fn drop(&mut self) {
        self.vm.shared().forget(self.id);
    }
}
