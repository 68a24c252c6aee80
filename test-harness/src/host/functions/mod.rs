//! What the host functions do, grouped as the specification groups them. Each handler reads its arguments in the ABI's order.

pub(super) mod buffers;
pub(super) mod integration;
pub(super) mod maps;
pub(super) mod metrics;
pub(super) mod properties;
pub(super) mod shared;
pub(super) mod streams;
pub(super) mod wasi;
