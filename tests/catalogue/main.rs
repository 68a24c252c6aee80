//! The catalogue, held against recorded clients: each is known as what it is, and contradicts nothing that it honestly is.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail; clippy.toml allows this inside test functions, these are their helpers"
)]

mod any_bytes;
mod fixtures;
mod matrix;
mod recorded;
mod table;

use layerprint::clients::catalogue::{Catalogue, Likeness};

pub(crate) fn catalogue() -> Catalogue {
    Catalogue::built_in().unwrap()
}

/// The names of a likeness, joined by `+`; `-` for none.
pub(crate) fn names(catalogue: &Catalogue, of: Likeness) -> String {
    let names: Vec<&str> = of.names(catalogue).collect();
    if names.is_empty() {
        "-".to_owned()
    } else {
        names.join("+")
    }
}
