//! The bridge to the SDK: [`Host`] over its host calls, and its contexts over our roles.
//!
//! Only calls that hand out bytes are used. The SDK's String getters panic on values that are not UTF-8, and a panic kills
//! the VM for every connection of the worker.

use super::abi;
use super::connection::ConnectionRole;
use super::plugin::{Plugin, Role, Shared};
use super::request::{Outcome, RequestRole};
use crate::annotate::answer::GrpcStatus;
use crate::host::{CounterId, Failure, FieldMap, Fields, Host, RequestId};
use crate::memory::store::{Store, Swap, Unavailable, Version};
use log::error;
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext, StreamContext};
use proxy_wasm::types::{
    Action, BufferType, ContextType, GrpcStatusCode, LogLevel, MapType, MetricType, PeerType, Status,
};
use std::ffi::OsString;
use std::rc::Rc;
use std::time::{Duration, UNIX_EPOCH};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(Root { role: Role::Request, plugin: Rc::default() }));
}}

thread_local! {
    /// A VM has one thread: what is here is shared by all plugins of the VM, and so by both roles.
    static SHARED: Shared = Shared::default();
}

/// Envoy, as the phase that runs sees it.
struct Envoy;

impl From<Status> for Failure {
    fn from(_: Status) -> Self {
        Self
    }
}

const fn map_of(fields: Fields) -> MapType {
    match fields {
        Fields::Headers => MapType::HttpRequestHeaders,
        Fields::Trailers => MapType::HttpRequestTrailers,
    }
}

/// A writing that nobody can have read, so that a key which another worker has made meanwhile is not written over. Zero would not
/// compare at all; the proxy counts writings from 1.
const NEVER_READ: Version = Version(u32::MAX);

impl Store for Envoy {
    fn shared(&self, key: &str) -> Result<Option<(Vec<u8>, Version)>, Unavailable> {
        match hostcalls::get_shared_data(key) {
            Ok((Some(value), Some(version))) => Ok(Some((value, Version(version)))),
            Ok(_) => Ok(None),
            Err(_) => Err(Unavailable),
        }
    }

    fn swap_shared(&self, key: &str, value: &[u8], seen: Option<Version>) -> Result<Swap, Unavailable> {
        let Version(seen) = seen.unwrap_or(NEVER_READ);
        match hostcalls::set_shared_data(key, Some(value), Some(seen)) {
            Ok(()) => Ok(Swap::Done),
            Err(Status::CasMismatch) => Ok(Swap::Lost),
            Err(_) => Err(Unavailable),
        }
    }
}

impl Host for Envoy {
    fn property(&self, path: &[&str]) -> Result<Option<Vec<u8>>, Failure> {
        abi::property(path)
    }

    fn set_filter_state(&self, key: &str, value: &[u8]) -> Result<(), Failure> {
        Ok(hostcalls::set_property(vec![key], Some(value))?)
    }

    fn downstream_data(&self, size: usize) -> Result<Vec<u8>, Failure> {
        Ok(hostcalls::get_buffer(BufferType::DownstreamData, 0, size)?.unwrap_or_default())
    }

    fn fields(&self, of: Fields) -> Result<FieldMap, Failure> {
        abi::fields(of)
    }

    fn remove_field(&self, of: Fields, name: &str) -> Result<(), Failure> {
        Ok(hostcalls::remove_map_value(map_of(of), name)?)
    }

    fn add_request_header(&self, name: &str, value: &str) -> Result<(), Failure> {
        Ok(hostcalls::add_map_value_bytes(
            MapType::HttpRequestHeaders,
            name,
            value.as_bytes(),
        )?)
    }

    fn set_request_header(&self, name: &str, value: &[u8]) -> Result<(), Failure> {
        Ok(hostcalls::set_map_value_bytes(
            MapType::HttpRequestHeaders,
            name,
            Some(value),
        )?)
    }

    fn response_header(&self, name: &str) -> Result<Option<Vec<u8>>, Failure> {
        Ok(hostcalls::get_map_value_bytes(MapType::HttpResponseHeaders, name)?)
    }

    fn variable(&self, name: &str) -> Option<Vec<u8>> {
        std::env::var_os(name).map(OsString::into_encoded_bytes)
    }

    fn now(&self) -> Result<Duration, Failure> {
        hostcalls::get_current_time()?
            .duration_since(UNIX_EPOCH)
            .map_err(|_| Failure)
    }

    fn answer(&self, status: u16, headers: &[(&str, &str)], body: &[u8]) -> Result<(), Failure> {
        Ok(hostcalls::send_http_response(
            status.into(),
            headers.to_vec(),
            Some(body),
        )?)
    }

    fn answer_grpc(&self, status: GrpcStatus, message: &str, metadata: &[(&str, &str)]) -> Result<(), Failure> {
        let status = match status {
            GrpcStatus::PermissionDenied => GrpcStatusCode::PermissionDenied,
            GrpcStatus::ResourceExhausted => GrpcStatusCode::ResourceExhausted,
        };
        let metadata = metadata.iter().map(|(name, value)| (*name, value.as_bytes()));
        Ok(hostcalls::send_grpc_response(
            status,
            Some(message),
            metadata.collect(),
        )?)
    }

    /// The next call of the proxy into the VM undoes the choice of the context.
    fn resume(&self, request: RequestId) -> Result<(), Failure> {
        hostcalls::set_effective_context(request.0)?;
        Ok(hostcalls::resume_http_request()?)
    }

    fn tick_every(&self, period: Option<Duration>) -> Result<(), Failure> {
        Ok(hostcalls::set_tick_period(period.unwrap_or_default())?)
    }

    fn close_connection(&self) -> Result<(), Failure> {
        Ok(hostcalls::close_downstream()?)
    }

    fn counter(&self, name: &str) -> Result<CounterId, Failure> {
        Ok(CounterId(hostcalls::define_metric(MetricType::Counter, name)?))
    }

    fn count(&self, counter: CounterId, by: u32) -> Result<(), Failure> {
        Ok(hostcalls::increment_metric(counter.0, by.into())?)
    }
}

/// A plugin's root. Until it is configured it stands for the defaults.
struct Root {
    role: Role,
    plugin: Rc<Plugin>,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_tick(&mut self) {
        self.plugin.on_tick(&Envoy);
    }

    fn on_configure(&mut self, _: usize) -> bool {
        let root_id = Envoy.property(&["plugin_root_id"]).ok().flatten().unwrap_or_default();
        let Some(role) = Role::parse(&root_id) else {
            let root_id = String::from_utf8_lossy(&root_id);
            error!(r#"configuration refused: root_id: {root_id:?} is not accepted; accepted: "connection", "request""#);
            return false;
        };
        let configuration = self.get_plugin_configuration().unwrap_or_default();
        match Plugin::configure(&Envoy, role, SHARED.with(Shared::clone), &configuration) {
            Ok(plugin) => {
                self.role = role;
                self.plugin = Rc::new(plugin);
                true
            }
            Err(problems) => {
                for problem in problems {
                    error!("configuration refused: {problem}");
                }
                false
            }
        }
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(match self.role {
            Role::Connection => ContextType::StreamContext,
            Role::Request => ContextType::HttpContext,
        })
    }

    fn create_stream_context(&self, _: u32) -> Option<Box<dyn StreamContext>> {
        Some(Box::new(Connection(ConnectionRole::new(Rc::clone(&self.plugin)))))
    }

    fn create_http_context(&self, context: u32) -> Option<Box<dyn HttpContext>> {
        let role = RequestRole::new(Rc::clone(&self.plugin), RequestId(context));
        Some(Box::new(Request(role)))
    }
}

struct Connection(ConnectionRole);

impl Context for Connection {}

impl StreamContext for Connection {
    fn on_new_connection(&mut self) -> Action {
        self.0.on_new_connection(&Envoy);
        Action::Continue
    }

    fn on_downstream_data(&mut self, size: usize, _: bool) -> Action {
        #[cfg(feature = "traps")]
        super::traps::on_data(&Envoy, size);
        self.0.on_downstream_data(&Envoy, size);
        Action::Continue
    }

    fn on_downstream_close(&mut self, _: PeerType) {
        self.0.on_close(&Envoy);
    }
}

/// The proxy deletes the context when the connection is gone, whether or not it told of the close.
impl Drop for Connection {
    fn drop(&mut self) {
        self.0.on_close(&Envoy);
    }
}

struct Request(RequestRole);

impl Context for Request {}

impl HttpContext for Request {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        #[cfg(feature = "traps")]
        super::traps::on_request(&Envoy);
        action(self.0.on_request_headers(&Envoy))
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        #[cfg(feature = "traps")]
        super::traps::on_response();
        self.0.on_response_headers(&Envoy);
        Action::Continue
    }

    fn on_http_request_trailers(&mut self, _: usize) -> Action {
        action(self.0.on_request_trailers(&Envoy))
    }
}

const fn action(outcome: Outcome) -> Action {
    match outcome {
        Outcome::Continue => Action::Continue,
        Outcome::Held | Outcome::Answered => Action::Pause,
    }
}
