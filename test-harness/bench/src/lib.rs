//! Our fingerprints beside those of huginn-net 2.2, from the same recorded bytes.
//!
//! huginn-net is the other Rust library that makes JA4, the HTTP/2 form and the SYN signature. What is compared is each side's own
//! public way from bytes to text:
//!
//! | Row | ours | theirs |
//! | --- | --- | --- |
//! | JA3 + JA4 | both | JA4, and a JA3 that we made for them from what their parser read: they have none |
//! | JA3 + JA4, theirs JA4 alone | both | JA4. Shown without a target: it is not the same work |
//! | JA4 | JA4 | JA4. Their one call also builds the raw text, and reads what only a JA3 would need |
//! | HTTP/2 form, without HPACK | frames, form, MD5. The order of pseudo-headers comes from the proxy, as in the filter | frames, form, SHA-256. The bytes end before HEADERS, so that they decode nothing either |
//! | HTTP/2 form, with HPACK | the same, and the first block put together and decoded by `loona-hpack`, as the command-line tool does | their one call. Shown without a target: both decoders are forks of one crate, and take over 99 % of the time |
//! | SYN signature | packet to text | packet to text, built with their feature `syn` alone; no database is asked |
//!
//! We refuse what they let pass (a hello whose extensions do not read to their end, frames out of place): that work is ours alone.
//! Each answers as its interface does. What is only displayed (our HTTP/2 form, both SYN signatures) goes into a text that is there
//! and has room; huginn-net's other answers are `String`s, ours are values on the stack.

pub mod agreement;
pub mod inputs;
pub mod ours;
pub mod rows;
pub mod rules;
pub mod theirs;

pub use inputs::{Input, Inputs};
pub use rows::{ROWS, Row};
