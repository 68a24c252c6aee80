//! layerprint: fingerprints each client at Layer 4 and Layer 7, compares the layers, and annotates the request.
//!
//! Data goes one way: [`wire`] → [`evidence`] → [`fingerprint`] → [`clients`] → [`compare`] → [`memory`] → [`policy`] →
//! [`challenge`] → [`annotate`] → [`proxy`]. Only `proxy` touches Envoy; all else is plain functions of bytes, built and tested natively.

pub mod annotate;
pub mod challenge;
pub mod clients;
pub mod compare;
pub mod evidence;
pub mod fingerprint;
pub mod host;
pub mod memory;
pub mod policy;
pub mod proxy;
pub mod wire;
