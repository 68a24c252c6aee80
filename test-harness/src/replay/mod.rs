//! Access logs read again: what each request showed, and what would become of it under another configuration.
//!
//! A log is read line by line and never held whole. Nothing is passed over in silence: a line is a request, a connection, one that
//! the filter never saw, or it is refused with its reason.

mod line;
mod lines;
mod redecide;
mod spread;
mod tally;

pub use line::{Logged, Refused, Request};
pub use lines::{Lines, MAX_LINE, RawLine};
pub use redecide::Judge;
pub use spread::{RefusedLine, UnreadableLog, Worker, spread};
pub use tally::{Change, Counts, NONE, Row, Tally};
