//! What goes wrong around the filter, in the real Envoy, and what it then does: a VM that dies, another configuration under load, an
//! upstream that is gone, an Envoy that takes over from another, clients that are slow, and hostile ones of every kind.
//!
//! `LAYERPRINT_HOSTILE=N` sends N hostile requests in place of [`hostile::USUAL`].

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub
)]

mod hostile;
mod load;
mod look;
mod reload;
mod restart;
mod slow;
mod trap;
mod upstream;
