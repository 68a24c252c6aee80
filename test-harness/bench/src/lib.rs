//! Our fingerprints beside those of huginn-net 2.2, from the same recorded bytes.
//!
//! huginn-net is the other Rust library that makes JA4, the HTTP/2 form and the SYN signature. What is compared is each side's own
//! public way from bytes to text, and where the work differs, the difference is on our side:
//!
//! | [`Row`] | ours | theirs |
//! | --- | --- | --- |
//! | JA3 + JA4 | both, the MD5 included | JA4 alone: they have no JA3. Their one call also builds JA4's raw text |
//! | JA4 | JA4 | the same call |
//! | HTTP/2 form, without HPACK | frames, form, MD5. Pseudo-headers come from the proxy, as in the filter | frames, form, SHA-256; the bytes end before HEADERS, so that they decode nothing either |
//! | HTTP/2 form, with HPACK | the same, and the first block put together and decoded by `loona-hpack`, as the command-line tool does | their one call. Its decoder is another fork of the same crate as ours |
//! | SYN signature | packet to text | packet to text, built with their feature `syn` alone; no database is asked |
//!
//! Each answers as its interface does. What is only displayed (our HTTP/2 form, both SYN signatures) goes into a text that is there
//! and has room; huginn-net's other answers are `String`s, ours are values on the stack.

pub mod agreement;
pub mod inputs;
pub mod ours;
pub mod rows;
pub mod theirs;

pub use inputs::{Input, Inputs};
pub use rows::{ROWS, Row};
