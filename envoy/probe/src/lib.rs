//! The probe: a listener filter for stock Envoy, loaded as a dynamic module. It hands over what no other part of Envoy
//! can: the SYN as the kernel saved it, the round-trip time of the handshake, and the ClientHello as it came.
//!
//! It reads, and changes nothing: no byte is taken from a connection and none is closed. What it finds it puts into the
//! connection's filter state, where the layerprint filter, any other Wasm or Lua code, and access logs read it:
//!
//! | Key | Value |
//! | --- | --- |
//! | `layerprint.tcp.syn` | IP header, TCP header and options of the client's SYN: raw bytes, first nibble 4 or 6 |
//! | `layerprint.tcp.rtt_us` | smoothed round-trip time when the connection was accepted: microseconds, decimal text, above 0 |
//! | `layerprint.tcp.origin` | `proxy-protocol`: the TCP connection is a balancer's, not the client's. The two above are then not set |
//! | `layerprint.tls.client_hello` | the TLS records that hold the ClientHello, from the connection's first byte: raw bytes, at most 64 KiB |
//!
//! A key that is not set was not to be had: the SYN without `TCP_SAVE_SYN` or under SYN cookies, the round-trip time
//! without a SYN (the kernel makes one up under SYN cookies) or without a measurement, the ClientHello when the client
//! does not speak TLS or its hello is larger than is read.
//!
//! It must stand *behind* `proxy_protocol` in the list of listener filters: standing before it, it cannot know that the
//! connection is a balancer's. A PROXY header that names no address (`LOCAL`, `UNKNOWN`) leaves the connection its own
//! sender's, and so does a balancer that speaks HTTP and no PROXY protocol.
//!
//! ```text
//! config.rs   the configuration string → what is wanted
//! filter.rs   one connection: what is handed over, when it goes on
//! hello.rs    where in the bytes the ClientHello ends
//! tcp.rs      the socket options
//! guard.rs    a panic ends here, not in Envoy
//! ffi.rs      Envoy's C interface: all unsafe code
//! ```

#[cfg(not(panic = "unwind"))]
compile_error!("a panic in a hook has to be caught, or it ends Envoy: build with panic = \"unwind\"");

mod config;
#[cfg(not(test))]
#[allow(
    unsafe_code,
    reason = "Envoy's interface is C; everything behind this file is safe code"
)]
mod ffi;
mod filter;
mod guard;
mod hello;
mod tcp;
