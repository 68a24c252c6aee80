//! huginn-net's side: its public functions that take bytes, and pnet's packet views where it wants those.

use huginn_net_http::extract_akamai_fingerprint_from_bytes;
use huginn_net_tcp::ConnectionTracker;
use huginn_net_tcp::tcp_process::{process_tcp_ipv4, process_tcp_ipv6};
use huginn_net_tls::{parse_tls_client_hello, parse_tls_client_hello_ja4};
use md5::{Digest, Md5};
use pnet::packet::{ipv4::Ipv4Packet, ipv6::Ipv6Packet};
use std::fmt::Write as _;

/// JA4 of the ClientHello that these TLS records hold.
pub fn ja4(records: &[u8]) -> Option<String> {
    parse_tls_client_hello_ja4(records)
}

/// JA3 and JA4. huginn-net has no JA3: this is what a user of it would add, made from what its parser has already read, with the
/// same MD5 as ours and one `String`. The version in the hello is the one thing that its parser does not hand out.
pub fn ja3_and_ja4(records: &[u8]) -> Option<(String, String)> {
    let read = parse_tls_client_hello(records).ok()?;
    // After the record's five bytes and the message's four.
    let version = u16::from_be_bytes(*records.get(9..11)?.first_chunk()?);
    let mut text = String::with_capacity(512);
    write!(text, "{version}").ok()?;
    let formats: Vec<u16> = read
        .elliptic_curve_point_formats
        .iter()
        .copied()
        .map(u16::from)
        .collect();
    for list in [&read.cipher_suites, &read.extensions, &read.elliptic_curves, &formats] {
        let mut separator = ',';
        if list.is_empty() {
            text.push(',');
        }
        for code in list {
            write!(text, "{separator}{code}").ok()?;
            separator = '-';
        }
    }
    let ja3 = base16ct::lower::encode_string(&Md5::digest(&text));
    Some((ja3, read.generate_ja4().full.value().to_owned()))
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
