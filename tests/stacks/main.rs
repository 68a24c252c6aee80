//! Who wrote a SYN: recorded ones, what paths make of them, scanners, made-up ones, and the table itself.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail; clippy.toml allows this inside test functions, these are their helpers"
)]

mod draft;
#[path = "../syn/fixtures.rs"]
mod fixtures;
mod generated;
mod paths;
mod platforms;
mod recorded;
mod scanners;
mod table;

use layerprint::clients::stacks::{Identity, Stacks};
use layerprint::wire::syn::Syn;

/// The table that comes with the filter, read once.
fn stacks() -> &'static Stacks {
    static STACKS: std::sync::LazyLock<Stacks> = std::sync::LazyLock::new(|| Stacks::built_in().unwrap());
    &STACKS
}

/// What the table says of `syn`, in one line: `linux 0.90 no-timestamps`, `linux or freebsd`, `unknown`.
fn said(syn: &Syn) -> String {
    match stacks().identify(syn) {
        Identity::Known(found) => format!("{} {} {}", found.stack.name(), found.confidence, found.deviations)
            .trim_end()
            .to_owned(),
        Identity::Ambiguous(first, second) => format!("{} or {}", first.stack.name(), second.stack.name()),
        Identity::Unknown => "unknown".to_owned(),
    }
}
