//! huginn-net's side: its public functions that take bytes, and pnet's packet views where it wants those.

use huginn_net_http::extract_akamai_fingerprint_from_bytes;
use huginn_net_tcp::ConnectionTracker;
use huginn_net_tcp::tcp_process::{process_tcp_ipv4, process_tcp_ipv6};
use huginn_net_tls::parse_tls_client_hello_ja4;
use pnet::packet::{ipv4::Ipv4Packet, ipv6::Ipv6Packet};
use std::fmt::Write as _;

/// JA4 of the ClientHello that these TLS records hold.
pub fn ja4(records: &[u8]) -> Option<String> {
    parse_tls_client_hello_ja4(records)
}

/// The HTTP/2 form of a connection that began with `bytes`, and its hash: SHA-256, not the MD5 of the databases.
pub fn http2(bytes: &[u8]) -> Option<(String, String)> {
    let found = extract_akamai_fingerprint_from_bytes(bytes).ok()?;
    Some((found.fingerprint, found.hash))
}

/// Writes the signature of the SYN that `packet` is into `text`. The tracker is empty: with the feature `syn` alone it keeps nothing.
pub fn syn_signature(packet: &[u8], text: &mut String) -> Option<()> {
    let mut tracker = ConnectionTracker::new(1);
    let found = match packet.first()? >> 4 {
        4 => process_tcp_ipv4(&Ipv4Packet::new(packet)?, &mut tracker),
        _ => process_tcp_ipv6(&Ipv6Packet::new(packet)?, &mut tracker),
    };
    write!(text, "{}", found.ok()?.tcp_request?).ok()
}
