//! What the request role tells those who remember: a request as keys, of which none gives back what it was made from.

use crate::annotate::Observed;
use crate::evidence::Session;
use crate::fingerprint::combined::Part;
use crate::memory::behaviour::{Attempt, Claimant, Visit};
use crate::memory::key::{Key, Keys};
use crate::memory::sources::Prefix;
use crate::memory::store::Moment;
use crate::policy::Placed;
use core::net::IpAddr;

/// The request that `observed` shows, on its route.
pub(super) fn visit(keys: &Keys, at: Moment, observed: &Observed<'_>, placed: &Placed<'_>) -> Visit {
    let client = observed.way.client.seen().map(|client| client.ip);
    let shape = shape(keys, observed);
    let method = observed.target.method;
    Visit {
        at,
        step: placed.route().class.into(),
        attempt: match method {
            b"GET" | b"HEAD" | b"OPTIONS" => Attempt::No,
            _ => Attempt::Yes,
        },
        route: keys.key("route", &*placed.route().name),
        call: keys.key("call", (method, placed.path())),
        shape,
        network: client.map(|ip| keys.key("network", Prefix::of(ip))),
        client: client.map(|ip| client_of(keys, ip, shape)),
        session: session(keys, observed.fields),
        claimant: if observed.said.is_of_browser() {
            Claimant::Browser
        } else {
            Claimant::Other
        },
    }
}

/// The client: its address and what it looks like; none where its address is not known.
pub(super) fn client(keys: &Keys, observed: &Observed<'_>) -> Option<Key> {
    let client = observed.way.client.seen()?;
    Some(client_of(keys, client.ip, shape(keys, observed)))
}

fn client_of(keys: &Keys, ip: IpAddr, shape: Option<Key>) -> Key {
    keys.key("client", (Prefix::of_client(ip), shape))
}

/// What the connection's TLS and HTTP look like, whoever sends it and whatever it claims. Over HTTP/1 without TLS only the order and
/// case of the headers are there to tell by.
fn shape(keys: &Keys, observed: &Observed<'_>) -> Option<Key> {
    let print = observed.print;
    let tls = Some(print.lp1.tls).filter(|part| *part != Part::ZEROS);
    let http2 = print.http2.seen().map(|http2| http2.md5.as_str());
    let case = print.case.seen().map(|case| case.as_str());
    match (tls, http2) {
        (None, None) => {
            let http = Some(print.lp1.http).filter(|part| *part != Part::ZEROS)?;
            Some(keys.key("shape", ("http", http.as_str())))
        }
        (tls, http2) => {
            let tls = tls.as_ref().map(|part| part.as_str());
            Some(keys.key("shape", (tls, http2, case)))
        }
    }
}

fn session(keys: &Keys, fields: &[(String, Vec<u8>)]) -> Option<Key> {
    let mut cookies = Vec::new();
    let mut authorization = None;
    for (name, value) in fields {
        match name.as_str() {
            "cookie" => cookies.push(value.as_slice()),
            "authorization" => authorization = Some(value.as_slice()),
            _ => {}
        }
    }
    Session::of(&cookies, authorization).map(|session| keys.key("session", session))
}
