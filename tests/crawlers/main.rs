//! Crawlers: the table, who is claimed, and who comes from where it says.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may fail; clippy.toml allows this inside test functions, these are their helpers"
)]

mod table;
mod verify;

use layerprint::clients::crawlers::Crawlers;
use layerprint::evidence::claims::UserAgent;

/// The table that comes with the filter.
fn built_in() -> Crawlers {
    Crawlers::built_in().unwrap()
}

fn claim(user_agent: &str) -> UserAgent<'_> {
    *UserAgent::parse(user_agent.as_bytes()).seen().unwrap()
}
