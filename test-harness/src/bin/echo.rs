//! The echo server: answers what it received, as JSON.

fn main() {}
