//! What the host keeps for each context of a VM: the thing behind the number the guest knows.
//!
//! Envoy lends a header map or a buffer to the guest only while a callback needs it and takes it back when the guest lets the
//! stream go on. A guest that reads request headers while it handles the response gets `BadArgument`, and the SDK panics: so
//! [`Lent`] is a type.

use std::time::Duration;

use super::abi::{Action, BufferKind, MapKind};
use super::connection::{Client, Values};
use super::headers::Headers;

/// A context of the guest.
#[derive(Debug)]
pub(super) enum Context {
    Root(Root),
    Tcp(Tcp),
    Http(Box<Http>),
}

/// A plugin in a VM.
#[derive(Debug)]
pub(super) struct Root {
    pub(super) root_id: String,
    pub(super) name: String,
    /// Lent while the plugin is configured.
    pub(super) configuration: Lent<Vec<u8>>,
    pub(super) tick: Option<Tick>,
    pub(super) life: RootLife,
}

/// When a root context wants to be called.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tick {
    pub(super) period: Duration,
    pub(super) due: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RootLife {
    Running,
    /// `proxy_on_done` answered that `proxy_done` will follow.
    Finishing,
    /// `proxy_done` came: deleted when the callback returns.
    Done,
}

/// A connection as a network filter sees it.
#[derive(Debug)]
pub(super) struct Tcp {
    pub(super) root: u32,
    pub(super) client: Client,
    pub(super) life: TcpLife,
    pub(super) downstream: Half,
    pub(super) upstream: Half,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TcpLife {
    /// `proxy_on_new_connection` runs: before the handshake.
    Opening,
    Open,
}

/// A request and its response.
#[derive(Debug)]
pub(super) struct Http {
    pub(super) root: u32,
    pub(super) client: Client,
    pub(super) properties: Values,
    pub(super) filter_state: Values,
    pub(super) request: Half,
    pub(super) response: Half,
    pub(super) reply: Option<LocalReply>,
    pub(super) life: HttpLife,
    pub(super) began: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HttpLife {
    Running,
    /// The guest reset the stream.
    Reset,
    /// `proxy_on_log` runs: all headers can be read and none changed.
    Logging,
}

/// A response the guest sent itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalReply {
    /// The HTTP status.
    pub status: u32,
    /// What Envoy notes in `%RESPONSE_CODE_DETAILS%`.
    pub details: Vec<u8>,
    /// The headers the guest gave; Envoy adds `:status`, `content-length` and `content-type`.
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
    /// The gRPC status, if it is one.
    pub grpc_status: Option<u32>,
}

/// A thing the host keeps and, for a time, lends to the guest.
#[derive(Debug, Default)]
pub(super) struct Lent<T> {
    thing: T,
    lent: bool,
}

impl Http {
    pub(super) fn new(root: u32, client: &Client, began: Duration) -> Self {
        Self {
            root,
            client: client.clone(),
            properties: Values::new(),
            filter_state: Values::new(),
            request: Half::default(),
            response: Half::default(),
            reply: None,
            life: HttpLife::Running,
            began,
        }
    }
}

impl<T> Lent<T> {
    pub(super) fn new(thing: T) -> Self {
        Self { thing, lent: false }
    }

    pub(super) fn lend(&mut self) -> &mut T {
        self.lent = true;
        &mut self.thing
    }

    pub(super) fn take_back(&mut self) {
        self.lent = false;
    }

    /// As the guest sees it.
    pub(super) fn lent(&self) -> Option<&T> {
        self.lent.then_some(&self.thing)
    }

    pub(super) fn lent_mut(&mut self) -> Option<&mut T> {
        self.lent.then_some(&mut self.thing)
    }

    /// As the host sees it.
    pub(super) fn own(&self) -> &T {
        &self.thing
    }
}

/// Where one direction of a stream stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Gate {
    #[default]
    Untouched,
    Open,
    HeldAtHeaders,
    HeldAtBody,
    HeldAtTrailers,
}

/// One direction: the request or the response, or the bytes of one side of a connection.
#[derive(Debug, Default)]
pub(super) struct Half {
    pub(super) headers: Lent<Headers>,
    /// What is held and not yet passed on.
    pub(super) body: Lent<Vec<u8>>,
    pub(super) trailers: Lent<Option<Headers>>,
    pub(super) passed: Vec<u8>,
    pub(super) gate: Gate,
    pub(super) ended: bool,
}

impl Half {
    /// A message that went out whole.
    pub(super) fn whole(headers: Headers, body: Vec<u8>) -> Self {
        Self {
            headers: Lent::new(headers),
            passed: body,
            gate: Gate::Open,
            ended: true,
            ..Self::default()
        }
    }

    pub(super) fn after_headers(&mut self, action: Action) {
        match action {
            Action::Continue => {
                self.headers.take_back();
                self.gate = Gate::Open;
            }
            Action::Pause => self.gate = Gate::HeldAtHeaders,
        }
    }

    pub(super) fn after_body(&mut self, action: Action) {
        match action {
            Action::Continue => {
                self.release();
                self.body.take_back();
            }
            Action::Pause => self.gate = Gate::HeldAtBody,
        }
    }

    pub(super) fn after_trailers(&mut self, action: Action) {
        match action {
            Action::Continue => {
                self.release();
                self.trailers.take_back();
            }
            Action::Pause => self.gate = Gate::HeldAtTrailers,
        }
    }

    /// Lets go on what was held.
    pub(super) fn release(&mut self) {
        self.passed.append(&mut self.body.thing);
        self.gate = Gate::Open;
    }

    pub(super) fn take_all_back(&mut self) {
        self.headers.take_back();
        self.body.take_back();
        self.trailers.take_back();
    }

    pub(super) fn is_held(&self) -> bool {
        match self.gate {
            Gate::Untouched | Gate::Open => false,
            Gate::HeldAtHeaders | Gate::HeldAtBody | Gate::HeldAtTrailers => true,
        }
    }

    /// Once the body has ended, asking for trailers makes them, as in Envoy.
    fn trailers_mut(&mut self) -> Option<&mut Headers> {
        if self.trailers.own().is_none() && self.body.lent().is_some() && self.ended {
            return Some(self.trailers.lend().insert(Headers::default()));
        }
        self.trailers.lent_mut()?.as_mut()
    }
}

impl Context {
    /// The map to change, if Envoy lends it now.
    pub(super) fn map_mut(&mut self, kind: MapKind) -> Option<&mut Headers> {
        let Self::Http(http) = self else { return None };
        match kind {
            MapKind::RequestHeaders => http.request.headers.lent_mut(),
            MapKind::RequestTrailers => http.request.trailers_mut(),
            MapKind::ResponseHeaders => http.response.headers.lent_mut(),
            MapKind::ResponseTrailers => http.response.trailers_mut(),
            _ => None,
        }
    }

    /// The map to read, if Envoy lends it now or the access log is being written.
    pub(super) fn map(&self, kind: MapKind) -> Option<&Headers> {
        let Self::Http(http) = self else { return None };
        match (kind, http.life) {
            (MapKind::RequestHeaders, HttpLife::Logging) => Some(http.request.headers.own()),
            (MapKind::ResponseHeaders, HttpLife::Logging) => Some(http.response.headers.own()),
            (MapKind::ResponseTrailers, HttpLife::Logging) => http.response.trailers.own().as_ref(),
            (_, HttpLife::Logging) => None,
            (MapKind::RequestHeaders, _) => http.request.headers.lent(),
            (MapKind::RequestTrailers, _) => http.request.trailers.lent()?.as_ref(),
            (MapKind::ResponseHeaders, _) => http.response.headers.lent(),
            (MapKind::ResponseTrailers, _) => http.response.trailers.lent()?.as_ref(),
            _ => None,
        }
    }

    /// Whether the access log is being written: a map that is missing then is `NotFound`, not `BadArgument`.
    pub(super) fn is_logging(&self) -> bool {
        matches!(self, Self::Http(http) if http.life == HttpLife::Logging)
    }

    /// The bytes of a stream's buffer, if Envoy lends it now.
    pub(super) fn buffer_mut(&mut self, kind: BufferKind) -> Option<&mut Vec<u8>> {
        match (self, kind) {
            (Self::Http(http), BufferKind::RequestBody) => http.request.body.lent_mut(),
            (Self::Http(http), BufferKind::ResponseBody) => http.response.body.lent_mut(),
            (Self::Tcp(tcp), BufferKind::Downstream) => tcp.downstream.body.lent_mut(),
            (Self::Tcp(tcp), BufferKind::Upstream) => tcp.upstream.body.lent_mut(),
            _ => None,
        }
    }

    /// The root context it belongs to; none if it is one itself.
    pub(super) fn root(&self) -> Option<u32> {
        match self {
            Self::Root(_) => None,
            Self::Tcp(tcp) => Some(tcp.root),
            Self::Http(http) => Some(http.root),
        }
    }

    pub(super) fn client(&self) -> Option<&Client> {
        match self {
            Self::Root(_) => None,
            Self::Tcp(tcp) => Some(&tcp.client),
            Self::Http(http) => Some(&http.client),
        }
    }
}
