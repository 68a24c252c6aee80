//! Going on, closing, and replying. As in Envoy, none of it happens before the callback has returned.

use super::super::abi::{Status, StreamKind};
use super::super::call::{Answer, Call};
use super::super::context::{Context, LocalReply};
use super::super::headers::Headers;
use super::super::vm::Deferred;

pub(in super::super) fn resume(call: &mut Call<'_, '_>) -> Answer {
    let kind = StreamKind::from_code(call.word()?).ok_or(Status::BadArgument)?;
    if kind == StreamKind::Upstream {
        return Err(Status::Unimplemented.into());
    }
    let shared = call.vm();
    shared.with(shared.subject(), |context| {
        if let (Context::Http(http), StreamKind::Request | StreamKind::Response) = (context, kind) {
            // Whichever half goes on, Envoy takes back what it lent of the request, at once.
            http.request.take_all_back();
        }
    });
    shared.defer(Deferred::Resume(shared.subject(), kind));
    Ok(())
}

pub(in super::super) fn close(call: &mut Call<'_, '_>) -> Answer {
    let kind = StreamKind::from_code(call.word()?).ok_or(Status::BadArgument)?;
    let shared = call.vm();
    shared.defer(Deferred::Close(shared.subject(), kind));
    Ok(())
}

pub(in super::super) fn reply(call: &mut Call<'_, '_>) -> Answer {
    let status = call.word()?;
    let (details, body) = (call.bytes()?, call.bytes()?);
    let headers = Headers::decode(&call.bytes()?);
    // The SDK says -1 for "no gRPC"; the last status gRPC knows is 16.
    let grpc_status = Some(call.word()?).filter(|code| *code <= 16);
    let shared = call.vm();
    shared.stop.set(true);
    let reply = LocalReply {
        status,
        details,
        headers,
        body,
        grpc_status,
    };
    shared.defer(Deferred::Reply(shared.subject(), Box::new(reply)));
    Ok(())
}
