//! What requests claim to be, held against strings that clients really send: `tests/data/user_agents.tsv`, written down by
//! hand with where each comes from, and `tests/data/recorded_claims.tsv`, recorded by `tests/data/record_claims.py`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod any_bytes;
mod fixtures;
mod real_strings;
mod recorded_hints;
