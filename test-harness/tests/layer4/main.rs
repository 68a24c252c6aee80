//! Layer 4 end to end: real stacks, real paths and SYNs made by hand, through the probe and the module in the real Envoy, whose
//! listeners stand in a network namespace of the test's own. Needs root; what needs none runs without.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "helpers of tests fail as tests do: by panicking"
)]

#[path = "../probe/capture.rs"]
mod capture;
#[path = "../probe/lab.rs"]
#[allow(dead_code, reason = "the stories of the probe use the rest")]
mod lab;

mod disguise;
mod distance;
mod handmade;
mod loss;
mod net;
mod relay;
mod site;
mod stacks;
mod timing;
mod unfinished;
