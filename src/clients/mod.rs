//! The catalogue: families of clients and what each sends. Data with provenance, and the code that holds evidence against it.

pub mod catalogue;
pub mod layer4;
mod provenance;
pub mod stacks;
