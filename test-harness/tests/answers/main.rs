//! What clients are told in the real Envoy, by each verdict, in both modes, over HTTP/1, HTTP/2 and gRPC. A rule for each verdict
//! forces it by the path: `/block` is blocked, `/slow` is slowed, and so on.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub
)]

mod ask;
mod close;
mod flood;
mod forms;
mod grpc;
mod review;
mod site;
mod slow;
#[allow(dead_code, reason = "shared with the scenarios, which use all of it")]
#[path = "../scenarios/wire.rs"]
mod wire;

/// What `wire` calls the fields of a request.
mod scenario {
    pub type Fields = Vec<(String, Vec<u8>)>;
}
