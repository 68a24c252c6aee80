//! The TLS ClientHello, as the first bytes of a connection show it: records put together, the message read to its end,
//! every code point kept in the order in which it came.
//!
//! Refused: what is not TLS, what breaks RFC 8446's framing, and a message above [`MAX_CLIENT_HELLO`]. Not judged:
//! whether a server would accept the offer. Lengths must add up exactly everywhere; the minimum counts of RFC 8446 are
//! not demanded, because JA3 and JA4 define values for empty lists and a scanner that offers nothing is worth naming.

mod client_hello;
mod codes;
mod extensions;
mod handshake;
mod lists;
mod records;

pub use client_hello::{ClientHello, HelloError, MAX_HANDED_OVER};
pub use codes::{CipherSuite, ExtensionType, NamedGroup, ProtocolVersion, SignatureScheme};
pub use extensions::{BrokenExtension, EncryptedClientHello, PskOffer};
pub use handshake::MAX_CLIENT_HELLO;
pub use lists::{Codes, Extension, Extensions, KeyShare, KeyShares, ProtocolNames};
pub use records::{ClientHelloParser, MAX_FRAGMENT};
