//! What is remembered beyond one connection. Every table here has a fixed size, and gives up what says least for what is new: a client
//! that sends from ever new addresses makes others forgotten, and costs no memory.
//!
//! What has to be right across workers stands in [`table`]s of the proxy's shared data; time comes from the proxy alone.

pub mod behaviour;
pub mod bytes;
pub mod distinct;
pub mod key;
pub mod shared;
pub mod shelf;
pub mod sources;
pub mod spans;
pub mod store;
pub mod table;
pub mod top;
pub mod window;
