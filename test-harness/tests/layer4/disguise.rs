//! disguise
