//! The catalogue: families of clients and what each sends. Data with provenance, and the code that holds evidence against it.

pub mod layer4;
pub mod stacks;
