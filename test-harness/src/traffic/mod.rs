//! Clients made by hand for what no real one sends, or not so often: hostile requests of every kind, one after another from as many
//! addresses of this machine as there are requests, and connections that stay open. The tests of faults, the soak and the curves of
//! what scales send the same.

mod chance;
mod connection;
pub mod frames;
pub mod hostile;
mod kept;
mod text;

pub use self::chance::Chance;
pub use self::connection::{Connection, Reply, source};
pub use self::kept::{Kept, request};
