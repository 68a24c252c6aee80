//! The challenge: a page that a browser solves by itself, and the clearance that it earns.
//!
//! Nothing is kept of either. A puzzle is a signed token; its answer is the token with the work; a clearance is another signed
//! token, in a cookie. All are bound to the host, to the client's network and to what its TLS and HTTP look like.

pub mod page;
