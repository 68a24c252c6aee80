//! Reading a property: which of Envoy's tables answers for a path.
//!
//! The order is Envoy's: first the tables it has for connections, requests and filter state, then what it knows of the plugin,
//! and last the filter state that a guest wrote, under its bare name.

use super::abi::{MapKind, Status};
use super::connection::Values;
use super::context::{Context, Http, HttpLife, TcpLife};
use super::headers::Headers;
use super::vm::VmShared;

/// What Envoy puts before the name of filter state that a guest writes.
pub(super) const WASM_PREFIX: &[u8] = b"wasm.";

/// The value of a property for the context the call is about.
pub(super) fn read(vm: &VmShared, path: &[u8]) -> Result<Vec<u8>, Status> {
    // A NUL at the end starts no further segment.
    let path = path.strip_suffix(b"\0").unwrap_or(path);
    if path.is_empty() {
        return Err(Status::SerializationFailure);
    }
    let fails = |context: &mut Context| context.client().is_some_and(|client| client.fails(path));
    if vm.with(vm.subject(), fails) == Some(true) {
        return Err(Status::SerializationFailure);
    }
    let value = vm.with(vm.subject(), |context| of_stream(context, path)).flatten();
    value
        .or_else(|| of_plugin(vm, path))
        .or_else(|| written_by_guest(vm, path))
        .ok_or(Status::NotFound)
}

fn of_stream(context: &Context, path: &[u8]) -> Option<Vec<u8>> {
    let client = context.client()?;
    if let Some(key) = path.strip_prefix(b"filter_state\0") {
        return filter_state(context, key);
    }
    match context {
        Context::Http(http) => of_request(http, path)
            .or_else(|| of_response(context, path))
            .or_else(|| client.property(path)),
        Context::Tcp(tcp) => {
            if tcp.life == TcpLife::Opening {
                client.ask_before_handshake(path);
            }
            // Before HTTP there is no request to have a protocol.
            if path.starts_with(b"request\0") {
                None
            } else {
                client.property(path)
            }
        }
        Context::Root(_) => None,
    }
}

fn of_request(http: &Http, path: &[u8]) -> Option<Vec<u8>> {
    if let Some(value) = http.properties.get(path) {
        return Some(value.clone());
    }
    let name = path.strip_prefix(b"request\0")?;
    let headers = match http.life {
        HttpLife::Logging => Some(http.request.headers.own()),
        HttpLife::Running | HttpLife::Reset => http.request.headers.lent(),
    };
    if let Some(name) = name.strip_prefix(b"headers\0") {
        return joined_values(headers?, name);
    }
    if name == b"time" {
        return integer(http.began.as_nanos());
    }
    let header = |name| headers?.first(name).map(<[u8]>::to_vec);
    let target = || header(":path");
    match name {
        b"path" => target(),
        b"url_path" => target()?.split(|byte| *byte == b'?').next().map(<[u8]>::to_vec),
        b"query" => {
            let target = target()?;
            let mut halves = target.splitn(2, |byte| *byte == b'?');
            Some(
                halves
                    .nth(1)
                    .unwrap_or_default()
                    .split(|byte| *byte == b'#')
                    .next()?
                    .to_vec(),
            )
        }
        b"host" => header(":authority"),
        b"scheme" => header(":scheme"),
        b"method" => header(":method"),
        b"referer" => header("referer"),
        b"id" => header("x-request-id"),
        b"useragent" => header("user-agent"),
        _ => None,
    }
}

fn of_response(context: &Context, path: &[u8]) -> Option<Vec<u8>> {
    let Context::Http(http) = context else {
        return None;
    };
    match path.strip_prefix(b"response\0")? {
        b"code" => {
            let status = http.response.headers.own().first(":status")?;
            integer(std::str::from_utf8(status).ok()?.parse::<u32>().ok()?)
        }
        name => joined_values(context.map(MapKind::ResponseHeaders)?, name.strip_prefix(b"headers\0")?),
    }
}

fn of_plugin(vm: &VmShared, path: &[u8]) -> Option<Vec<u8>> {
    let root = |pick: fn(&super::context::Root) -> &str| {
        let found = vm.with(vm.root_of(vm.subject()), |context| match context {
            Context::Root(root) => Some(pick(root).into()),
            _ => None,
        });
        found.flatten()
    };
    match path {
        b"plugin_root_id" => root(|root| &root.root_id),
        b"plugin_name" => root(|root| &root.name),
        b"plugin_vm_id" => Some(vm.vm_id.clone().into_bytes()),
        b"connection_id" => vm
            .with(vm.subject(), |context| {
                Some(context.client()?.id().to_le_bytes().to_vec())
            })
            .flatten(),
        _ => None,
    }
}

fn written_by_guest(vm: &VmShared, name: &[u8]) -> Option<Vec<u8>> {
    if name.contains(&0) {
        return None;
    }
    let key = [WASM_PREFIX, name].concat();
    vm.with(vm.subject(), |context| filter_state(context, &key)).flatten()
}

/// A request sees its own filter state, and behind it the connection's.
fn filter_state(context: &Context, key: &[u8]) -> Option<Vec<u8>> {
    let own: Option<&Values> = match context {
        Context::Http(http) => Some(&http.filter_state),
        Context::Tcp(_) | Context::Root(_) => None,
    };
    own.and_then(|values| values.get(key).cloned())
        .or_else(|| context.client()?.filter_state(key))
}

fn joined_values(headers: &Headers, name: &[u8]) -> Option<Vec<u8>> {
    let values = headers.all(name);
    (!values.is_empty()).then(|| values.join(&b','))
}

/// Envoy gives all integers as 64 bits, little-endian.
fn integer(value: impl TryInto<i64>) -> Option<Vec<u8>> {
    value.try_into().ok().map(|value: i64| value.to_le_bytes().to_vec())
}
