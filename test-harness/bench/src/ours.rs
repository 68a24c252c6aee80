//! Our side. `tests/allocations.rs` of the product takes this file in as it is: what is timed here is what is counted there, and
//! a change of the interface shows in `make test`.

use layerprint::fingerprint::http2::{Fingerprint, PseudoOrder};
use layerprint::fingerprint::ja3::Ja3;
use layerprint::fingerprint::ja4::{Ja4, Ja4Hash, Transport};
use layerprint::fingerprint::{Ascii, digest, tcp::Signature};
use layerprint::wire::Progress;
use layerprint::wire::http2::{Opening, Parser};
use layerprint::wire::syn::Syn;
use layerprint::wire::tls::ClientHello;
use std::fmt::Write as _;

/// JA3 and JA4 of the ClientHello that these TLS records hold.
pub fn ja3_and_ja4(records: &[u8]) -> Option<(Ascii<32>, Ja4Hash)> {
    let hello = hello(records)?;
    Some((
        Ja3::new(&hello).ok()?.md5(),
        Ja4::new(&hello, Transport::Tcp).ok()?.ja4(),
    ))
}

/// JA4 alone.
pub fn ja4(records: &[u8]) -> Option<Ja4Hash> {
    let hello = hello(records)?;
    Some(Ja4::new(&hello, Transport::Tcp).ok()?.ja4())
}

/// The ClientHello that these TLS records hold.
pub fn hello(records: &[u8]) -> Option<ClientHello> {
    match ClientHello::read_records(records) {
        Progress::Done(hello) => Some(hello),
        _ => None,
    }
}

/// Writes the HTTP/2 form of a connection that began with `bytes` into `text`, which is empty; answers its MD5.
pub fn http2(bytes: &[u8], pseudo: PseudoOrder, text: &mut String) -> Option<Ascii<32>> {
    let opening = opening(bytes)?;
    let form = Fingerprint {
        opening: &opening,
        pseudo,
    };
    write!(text, "{form}").ok()?;
    Some(digest::md5(text))
}

/// What a connection opened with.
pub fn opening(bytes: &[u8]) -> Option<Opening> {
    match Parser::default().feed(bytes) {
        Progress::Done(opening) => Some(opening),
        _ => None,
    }
}

/// Writes the signature of the SYN that `packet` is into `text`.
pub fn syn_signature(packet: &[u8], text: &mut String) -> Option<()> {
    let syn = Syn::parse(packet).ok()?;
    write!(text, "{}", Signature(&syn)).ok()
}
