//! What is remembered beyond one connection. Every table here has a fixed size, and gives up its oldest entry for a new one: a
//! client that sends from ever new addresses makes others forgotten, and costs no memory.

pub mod sources;
