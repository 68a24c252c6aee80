//! The few things that the filter asks of a proxy, in bytes. Envoy answers in production, a stand-in in native tests.

mod layout;
mod map;

pub use layout::Layout;
pub(crate) use layout::are_same;
pub use map::FieldMap;

use crate::annotate::answer::GrpcStatus;
use crate::memory::store::Store;
use core::time::Duration;

/// A request's or a connection's proxy, as seen from the phase that runs.
///
/// Every call crosses into the proxy and costs about a microsecond.
pub trait Host: Store {
    /// A property (`["connection", "id"]`), when the proxy has it.
    ///
    /// # Errors
    /// [`Failure`] when the proxy cannot say.
    fn property(&self, path: &[&str]) -> Result<Option<Vec<u8>>, Failure>;

    /// Writes the filter state object `wasm.KEY`: the connection's in the connection role, the request's in the request role.
    ///
    /// # Errors
    /// [`Failure`] when the proxy does not take it.
    fn set_filter_state(&self, key: &str, value: &[u8]) -> Result<(), Failure>;

    /// The first `size` bytes of what the connection's buffer holds.
    ///
    /// # Errors
    /// [`Failure`] when the proxy cannot say.
    fn downstream_data(&self, size: usize) -> Result<Vec<u8>, Failure>;

    /// The headers or trailers of the request, in the proxy's order.
    ///
    /// # Errors
    /// [`Failure`] when the proxy cannot say.
    fn fields(&self, of: Fields) -> Result<FieldMap, Failure>;

    /// Takes every header or trailer of this name away.
    ///
    /// # Errors
    /// [`Failure`] when the proxy does not.
    fn remove_field(&self, of: Fields, name: &str) -> Result<(), Failure>;

    /// Adds a request header.
    ///
    /// # Errors
    /// [`Failure`] when the proxy does not.
    fn add_request_header(&self, name: &str, value: &str) -> Result<(), Failure>;

    /// Puts one header in the place of all of this name.
    ///
    /// # Errors
    /// [`Failure`] when the proxy does not.
    fn set_request_header(&self, name: &str, value: &[u8]) -> Result<(), Failure>;

    /// The value of a header of the response, or of `:status`: the first, where it came more than once. In the phase of the response only.
    ///
    /// # Errors
    /// [`Failure`] when the proxy cannot say.
    fn response_header(&self, name: &str) -> Result<Option<Vec<u8>>, Failure>;

    /// The value of a variable of the VM's environment, if it is set.
    fn variable(&self, name: &str) -> Option<Vec<u8>>;

    /// The time since 1970, by the proxy's clock, which may be set back.
    ///
    /// # Errors
    /// [`Failure`] when the proxy cannot say.
    fn now(&self) -> Result<Duration, Failure>;

    /// Answers the request in the proxy, without the upstream.
    ///
    /// # Errors
    /// [`Failure`] when the proxy does not.
    fn answer(&self, status: u16, headers: &[(&str, &str)], body: &[u8]) -> Result<(), Failure>;

    /// Answers a gRPC request in the proxy: HTTP 200 with trailers alone, the metadata among them.
    ///
    /// # Errors
    /// [`Failure`] when the proxy does not.
    fn answer_grpc(&self, status: GrpcStatus, message: &str, metadata: &[(&str, &str)]) -> Result<(), Failure>;

    /// Lets a request go on that was paused. To be called from a tick.
    ///
    /// # Errors
    /// [`Failure`] when the request is over.
    fn resume(&self, request: RequestId) -> Result<(), Failure>;

    /// Asks for a tick of the plugin every `period`, in whole milliseconds; none asks for no more.
    ///
    /// # Errors
    /// [`Failure`] when the proxy gives none.
    fn tick_every(&self, period: Option<Duration>) -> Result<(), Failure>;

    /// Closes the client's connection. In the connection role only.
    ///
    /// # Errors
    /// [`Failure`] when the proxy does not.
    fn close_connection(&self) -> Result<(), Failure>;

    /// The number of the counter of this name, made if need be.
    ///
    /// # Errors
    /// [`Failure`] when the proxy makes none.
    fn counter(&self, name: &str) -> Result<CounterId, Failure>;

    /// Adds to a counter.
    ///
    /// # Errors
    /// [`Failure`] when the proxy does not know it.
    fn count(&self, counter: CounterId, by: u32) -> Result<(), Failure>;
}

/// Which fields of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fields {
    /// Those before the body.
    Headers,
    /// Those behind it.
    Trailers,
}

/// A request, as the proxy numbers it: unique among those that live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestId(pub u32);

/// A counter, as the proxy numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CounterId(pub u32);

/// The proxy did not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure;
