//! A request and its response as a test drives them, and what came of them.

use super::abi::Action;
use super::connection::{Client, Values, joined};
use super::context::{Context, Http, HttpLife, LocalReply};
use super::error::HostError;
use super::headers::Headers;
use super::phases::Way;
use super::plugin::Role;
use super::vm::Vm;

/// The beginning of a request or a response.
#[derive(Clone, Debug)]
pub struct Message {
    pub(super) headers: Headers,
    pub(super) ends: bool,
    properties: Values,
}

impl From<Headers> for Message {
    fn from(headers: Headers) -> Self {
        Self {
            headers,
            ends: true,
            properties: Values::new(),
        }
    }
}

impl Headers {
    /// These headers are not the end of the message: a body or trailers follow.
    pub fn then_body(self) -> Message {
        Message {
            ends: false,
            ..self.into()
        }
    }

    /// A property of this request alone.
    pub fn property(self, path: &[&str], value: impl AsRef<[u8]>) -> Message {
        Message::from(self).property(path, value)
    }
}

impl Message {
    /// A property of this request alone, in the bytes Envoy would give.
    #[must_use]
    pub fn property(mut self, path: &[&str], value: impl AsRef<[u8]>) -> Self {
        self.properties.insert(joined(path), value.as_ref().to_vec());
        self
    }

    /// A body or trailers follow.
    #[must_use]
    pub fn then_body(mut self) -> Self {
        self.ends = false;
        self
    }
}

/// An HTTP context. *Upstream* is what the origin gets, *downstream* what the client gets.
pub struct Exchange {
    pub(super) vm: Vm,
    pub(super) id: u32,
    pub(super) opening: Action,
}

impl Vm {
    /// Attaches an HTTP context to a connection and runs `proxy_on_request_headers`.
    pub fn request(&self, role: &Role, client: &Client, request: impl Into<Message>) -> Result<Exchange, HostError> {
        let mut message = request.into();
        let http = Http {
            properties: std::mem::take(&mut message.properties),
            ..Http::new(role.id(), client, self.shared().now())
        };
        let id = self.create(Context::Http(Box::new(http)))?;
        let opening = self.headers(id, Way::Request, message.headers, message.ends)?;
        Ok(Exchange {
            vm: self.clone(),
            id,
            opening,
        })
    }

    pub(super) fn with_http<R>(&self, id: u32, act: impl FnOnce(&mut Http) -> R) -> Option<R> {
        let done = self.shared().with_any(id, |context| match context {
            Context::Http(http) => Some(act(http)),
            _ => None,
        });
        done.flatten()
    }
}

impl Exchange {
    /// The number the guest knows it by.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// What `proxy_on_request_headers` asked for; after a local reply it is always `Pause`.
    pub fn action(&self) -> Action {
        self.opening
    }

    /// Whether the request is held now: paused, and neither resumed nor replied to nor reset.
    pub fn is_paused(&self) -> bool {
        self.view(|http| http.request.is_held() && http.reply.is_none() && http.life == HttpLife::Running)
    }

    /// Whether the response is held now.
    pub fn is_response_paused(&self) -> bool {
        self.view(|http| http.response.is_held() && http.life == HttpLife::Running)
    }

    /// Whether the guest reset the stream.
    pub fn is_reset(&self) -> bool {
        self.view(|http| http.life == HttpLife::Reset)
    }

    /// The response the guest sent itself, if it did.
    pub fn local_reply(&self) -> Option<LocalReply> {
        self.view(|http| http.reply.clone())
    }

    /// More of the request's body.
    pub fn body_part(&self, bytes: impl AsRef<[u8]>) -> Result<Action, HostError> {
        self.vm.body(self.id, Way::Request, bytes.as_ref(), false)
    }

    /// The request's body, or the last of it.
    pub fn body(&self, bytes: impl AsRef<[u8]>) -> Result<Action, HostError> {
        self.vm.body(self.id, Way::Request, bytes.as_ref(), true)
    }

    /// The request's trailers.
    pub fn trailers(&self, trailers: Headers) -> Result<Action, HostError> {
        self.vm.trailers(self.id, Way::Request, trailers)
    }

    /// The origin's response begins.
    pub fn respond(&self, response: impl Into<Message>) -> Result<Action, HostError> {
        let message = response.into();
        self.vm.headers(self.id, Way::Response, message.headers, message.ends)
    }

    /// More of the response's body.
    pub fn respond_body_part(&self, bytes: impl AsRef<[u8]>) -> Result<Action, HostError> {
        self.vm.body(self.id, Way::Response, bytes.as_ref(), false)
    }

    /// The response's body, or the last of it.
    pub fn respond_body(&self, bytes: impl AsRef<[u8]>) -> Result<Action, HostError> {
        self.vm.body(self.id, Way::Response, bytes.as_ref(), true)
    }

    /// The response's trailers.
    pub fn respond_trailers(&self, trailers: Headers) -> Result<Action, HostError> {
        self.vm.trailers(self.id, Way::Response, trailers)
    }

    /// The end of the stream, finished or broken off: log, done, delete, in Envoy's order.
    pub fn finish(&self) -> Result<(), HostError> {
        self.vm.finish(self.id)
    }

    /// The request's headers after the guest's edits.
    pub fn upstream_headers(&self) -> Headers {
        self.view(|http| http.request.headers.own().clone())
    }

    /// The first value of a request header after the guest's edits.
    pub fn header(&self, name: &str) -> Option<Vec<u8>> {
        self.view(|http| http.request.headers.own().first(name).map(<[u8]>::to_vec))
    }

    /// The same as text; bytes that are not UTF-8 are replaced.
    pub fn header_text(&self, name: &str) -> Option<String> {
        self.header(name)
            .map(|value| String::from_utf8_lossy(&value).into_owned())
    }

    /// The part of the request's body that went on.
    pub fn upstream_body(&self) -> Vec<u8> {
        self.view(|http| http.request.passed.clone())
    }

    /// The request's trailers after the guest's edits.
    pub fn upstream_trailers(&self) -> Option<Headers> {
        self.view(|http| http.request.trailers.own().clone())
    }

    /// The response's headers after the guest's edits, also of a local reply.
    pub fn downstream_headers(&self) -> Headers {
        self.view(|http| http.response.headers.own().clone())
    }

    /// The part of the response's body that went on.
    pub fn downstream_body(&self) -> Vec<u8> {
        self.view(|http| http.response.passed.clone())
    }

    /// The response's trailers after the guest's edits.
    pub fn downstream_trailers(&self) -> Option<Headers> {
        self.view(|http| http.response.trailers.own().clone())
    }

    /// The filter state this request sees: its own, and behind it the connection's.
    pub fn filter_state(&self, key: impl AsRef<[u8]>) -> Option<Vec<u8>> {
        let key = key.as_ref();
        self.view(|http| {
            http.filter_state
                .get(key)
                .cloned()
                .or_else(|| http.client.filter_state(key))
        })
    }

    fn view<R: Default>(&self, look: impl FnOnce(&mut Http) -> R) -> R {
        self.vm.with_http(self.id, look).unwrap_or_default()
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.vm.shared().forget(self.id);
    }
}
