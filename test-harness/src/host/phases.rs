//! How a message runs through the guest, and what happens between two callbacks: resuming, closing, replying, deleting.

use super::abi::{Action, Peer, StreamKind};
use super::context::{Context, Gate, Half, Http, HttpLife, LocalReply};
use super::error::HostError;
use super::headers::{Headers, headers};
use super::plugin::size;
use super::vm::{Deferred, Vm};

/// The two directions of an HTTP stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Request,
    Response,
}

impl Way {
    fn half(self, http: &mut Http) -> &mut Half {
        match self {
            Self::Request => &mut http.request,
            Self::Response => &mut http.response,
        }
    }

    /// The callbacks for headers, body and trailers.
    fn callbacks(self) -> [&'static str; 3] {
        match self {
            Self::Request => [
                "proxy_on_request_headers",
                "proxy_on_request_body",
                "proxy_on_request_trailers",
            ],
            Self::Response => [
                "proxy_on_response_headers",
                "proxy_on_response_body",
                "proxy_on_response_trailers",
            ],
        }
    }
}

impl Vm {
    pub(super) fn headers(&self, id: u32, way: Way, headers: Headers, ends: bool) -> Result<Action, HostError> {
        let [phase, ..] = way.callbacks();
        self.in_turn(id, way, phase, Gate::Untouched)?;
        let count = u32::try_from(headers.len()).unwrap_or(u32::MAX);
        self.with_http(id, |http| {
            let half = way.half(http);
            half.ended = ends;
            *half.headers.lend() = headers;
        });
        let action = self.decide(phase, id, &[count, u32::from(ends)])?;
        self.with_http(id, |http| way.half(http).after_headers(action));
        self.settle()?;
        Ok(action)
    }

    pub(super) fn body(&self, id: u32, way: Way, bytes: &[u8], ends: bool) -> Result<Action, HostError> {
        let [_, phase, _] = way.callbacks();
        self.in_turn(id, way, phase, Gate::Open)?;
        let held = self.with_http(id, |http| {
            let half = way.half(http);
            half.ended = ends;
            let buffer = half.body.lend();
            buffer.extend_from_slice(bytes);
            size(buffer)
        });
        let action = self.decide(phase, id, &[held.unwrap_or(Ok(0))?, u32::from(ends)])?;
        self.with_http(id, |http| way.half(http).after_body(action));
        self.settle()?;
        Ok(action)
    }

    pub(super) fn trailers(&self, id: u32, way: Way, trailers: Headers) -> Result<Action, HostError> {
        let [.., phase] = way.callbacks();
        self.in_turn(id, way, phase, Gate::Open)?;
        let count = u32::try_from(trailers.len()).unwrap_or(u32::MAX);
        self.with_http(id, |http| {
            let half = way.half(http);
            half.ended = true;
            *half.trailers.lend() = Some(trailers);
        });
        let action = self.decide(phase, id, &[count])?;
        self.with_http(id, |http| way.half(http).after_trailers(action));
        self.settle()?;
        Ok(action)
    }

    /// The end of an HTTP stream, in Envoy's order. Does nothing if it has ended.
    pub(super) fn finish(&self, id: u32) -> Result<(), HostError> {
        let Some(life) = self.shared().with(id, |context| match context {
            Context::Http(http) => std::mem::replace(&mut http.life, HttpLife::Logging),
            _ => HttpLife::Running,
        }) else {
            return Ok(());
        };
        self.call("proxy_on_log", id, &[])?;
        self.with_http(id, |http| http.life = life);
        self.call("proxy_on_done", id, &[])?;
        self.delete(id)?;
        self.settle()
    }

    /// Does what host calls have put off until the callback returned; what it runs may put off more.
    pub(super) fn settle(&self) -> Result<(), HostError> {
        while let Some(deferred) = self.next_deferred() {
            match deferred {
                Deferred::Resume(id, kind) => self.resume(id, kind),
                Deferred::Close(id, StreamKind::Request | StreamKind::Response) => self.reset(id)?,
                Deferred::Close(id, StreamKind::Downstream | StreamKind::Upstream) => {
                    if self.with_tcp(id, |_| ()).is_some() {
                        self.close_tcp(id, Peer::Local)?;
                    }
                }
                Deferred::Reply(id, reply) => self.reply(id, *reply)?,
                Deferred::Delete(id) => self.delete(id)?,
            }
        }
        Ok(())
    }

    fn resume(&self, id: u32, kind: StreamKind) {
        self.shared().with(id, |context| {
            let half = match (context, kind) {
                (Context::Http(http), StreamKind::Request) => &mut http.request,
                (Context::Http(http), StreamKind::Response) => &mut http.response,
                (Context::Tcp(tcp), StreamKind::Downstream) => &mut tcp.downstream,
                _ => return,
            };
            if half.is_held() {
                half.release();
            }
        });
    }

    fn reset(&self, id: u32) -> Result<(), HostError> {
        match self.with_http(id, |http| http.life = HttpLife::Reset) {
            Some(()) => self.finish(id),
            None => Ok(()),
        }
    }

    /// A local reply runs through the guest like any response. If the guest gives it instead of a response it was just shown,
    /// it does not; and once a response has begun to flow, there is only the reset.
    fn reply(&self, id: u32, reply: LocalReply) -> Result<(), HostError> {
        let Some(gate) = self.shared().with(id, |context| match context {
            Context::Http(http) => {
                http.reply = Some(reply.clone());
                http.response.gate
            }
            _ => Gate::Open,
        }) else {
            return Ok(());
        };
        match gate {
            Gate::Untouched => self.reply_through_guest(id, &reply),
            Gate::HeldAtHeaders => {
                self.with_http(id, |http| {
                    let (headers, body) = reply_message(http, &reply);
                    http.response = Half::whole(headers, body);
                });
                Ok(())
            }
            Gate::Open | Gate::HeldAtBody | Gate::HeldAtTrailers => self.reset(id),
        }
    }

    fn reply_through_guest(&self, id: u32, reply: &LocalReply) -> Result<(), HostError> {
        let (headers, body) = self
            .with_http(id, |http| reply_message(http, reply))
            .unwrap_or_default();
        let has_body = !body.is_empty();
        let action = self.headers(id, Way::Response, headers, !has_body)?;
        if has_body && action == Action::Continue {
            self.body(id, Way::Response, &body, true)?;
        }
        Ok(())
    }

    /// Envoy runs no phase of a stream that is over, and none behind one that is held.
    fn in_turn(&self, id: u32, way: Way, phase: &'static str, needs: Gate) -> Result<(), HostError> {
        let out_of_turn = |why| Err(HostError::OutOfTurn { phase, why });
        if self.shared().with(id, |_| ()).is_none() {
            return out_of_turn("the stream is over");
        }
        if self.shared().any_order.get() {
            return Ok(());
        }
        let Some((gate, ended, replied)) = self.with_http(id, |http| {
            let replied = http.reply.is_some();
            let half = way.half(http);
            (half.gate, half.ended, replied)
        }) else {
            return out_of_turn("this is no HTTP stream");
        };
        match (needs, gate) {
            _ if replied && way == Way::Request => out_of_turn("the guest has replied itself"),
            (Gate::Untouched, Gate::Untouched) => Ok(()),
            (Gate::Untouched, _) => out_of_turn("the headers have come already"),
            (_, Gate::Untouched) => out_of_turn("the headers have not come yet"),
            (_, Gate::HeldAtHeaders | Gate::HeldAtTrailers) => out_of_turn("the guest holds the stream"),
            _ if ended => out_of_turn("the message has ended"),
            (_, Gate::Open | Gate::HeldAtBody) => Ok(()),
        }
    }
}

/// What Envoy makes of a local reply: to gRPC, trailers alone, with the body as their message; to HEAD, headers alone.
fn reply_message(http: &Http, reply: &LocalReply) -> (Headers, Vec<u8>) {
    let request = http.request.headers.own();
    let content_type = request.first("content-type").unwrap_or_default();
    let is_grpc = content_type
        .strip_prefix(b"application/grpc")
        .is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')));
    if is_grpc {
        return (grpc_headers(reply), Vec::new());
    }
    let is_head = request.first(":method") == Some(b"HEAD");
    let body = if is_head { Vec::new() } else { reply.body.clone() };
    (reply_headers(reply), body)
}

/// The gRPC status, when the guest gave none, is 2 (unknown): what Envoy makes of HTTP's own is not of use here.
fn grpc_headers(reply: &LocalReply) -> Headers {
    const UNKNOWN: u32 = 2;
    let mut whole = headers(&[(":status", "200")]);
    for (name, value) in reply.headers.iter() {
        whole.add(name, value);
    }
    whole.remove("content-length");
    whole.replace("content-type", "application/grpc");
    let status = reply.grpc_status.unwrap_or(UNKNOWN);
    whole.replace("grpc-status", status.to_string());
    if !reply.body.is_empty() {
        // Envoy escapes what is not plain ASCII.
        whole.replace("grpc-message", reply.body.clone());
    }
    whole
}

/// What Envoy makes of a local reply's headers.
fn reply_headers(reply: &LocalReply) -> Headers {
    let mut whole = headers(&[(":status", reply.status.to_string())]);
    for (name, value) in reply.headers.iter() {
        whole.add(name, value);
    }
    if reply.body.is_empty() {
        whole.remove("content-length");
        whole.remove("content-type");
        return whole;
    }
    whole.replace("content-length", reply.body.len().to_string());
    if whole.first("content-type").is_none() {
        whole.add("content-type", "text/plain");
    }
    whole
}
