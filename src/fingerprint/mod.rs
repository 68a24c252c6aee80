//! Pure functions from what was parsed to the names that the field uses for it: JA3, JA4, the HTTP/2 form, the header-order
//! digest, the SYN signature, and our own combined `lp1`.

mod ascii;
pub mod client;
pub mod combined;
pub mod digest;
pub mod http2;
pub mod ja3;
pub mod ja4;
pub mod lp1_tls;
pub mod order;
pub mod tcp;
mod text;
pub mod tls;
pub mod tls_family;

pub use ascii::Ascii;
