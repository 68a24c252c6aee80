//! A proxy-wasm host (ABI 0.2.1) on wasmtime: tests drive the phases of connections and requests and then look at state.
//!
//! It behaves as Envoy does where a filter can tell: statuses, what is lent to which callback, the order of phases, filter
//! state, when a reply or a close takes effect. Where it knowingly differs, the file that differs says so. Time stands still
//! until a test moves it, and chance repeats, so that a run can be repeated.
//!
//! ```no_run
//! use layerprint_harness::host::{Connection, HostError, Module, Plugin, Proxy, headers};
//!
//! # fn main() -> Result<(), HostError> {
//! let module = Module::load("target/wasm32-wasip1/release/layerprint.wasm")?;
//! let proxy = Proxy::new();
//! let vm = proxy.vm(&module, "layerprint")?;
//! let connection_role = vm.start(Plugin::new("connection"))?;
//! let request_role = vm.start(Plugin::new("request").configuration(r#"{"mode":"observe"}"#))?;
//!
//! let client = proxy.accept(Connection::tls().source("192.0.2.7:4000"));
//! let tcp = vm.open(&connection_role, &client)?;
//! tcp.downstream(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")?;
//! let exchange = vm.request(&request_role, &client, headers(&[(":method", "GET"), (":path", "/")]))?;
//! assert!(exchange.header("x-layerprint-verdict").is_some());
//! exchange.finish()?;
//! tcp.close()?;
//! # Ok(())
//! # }
//! ```

mod abi;
mod call;
mod connection;
mod context;
mod counts;
mod error;
mod exchange;
mod functions;
mod headers;
mod memory;
mod metrics;
mod module;
mod phases;
mod plugin;
mod property;
mod proxy;
mod shared;
mod table;
mod tcp;
mod unruly;
mod vm;

pub use abi::{Action, LogLevel};
pub use connection::{Client, Connection};
pub use context::LocalReply;
pub use counts::Calls;
pub use error::HostError;
pub use exchange::{Exchange, Message};
pub use headers::{Headers, headers};
pub use module::Module;
pub use plugin::{Plugin, Role};
pub use proxy::{LogLine, Proxy};
pub use tcp::TcpStream;
pub use unruly::Ending;
pub use vm::Vm;
