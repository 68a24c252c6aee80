//! The catalogue of clients: who writes what, and how sure that is.

pub mod catalogue;
pub mod crawlers;
pub mod layer4;
mod provenance;
pub mod shown;
pub mod stacks;
