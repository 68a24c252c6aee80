//! The numbers of proxy-wasm ABI 0.2.1 as types, so that no other file compares a `u32` with a literal.

use std::fmt;

macro_rules! coded {
    ($(#[$doc:meta])* $reach:vis $name:ident { $($(#[$line:meta])* $variant:ident = $code:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        $reach enum $name { $($(#[$line])* $variant,)* }

        #[allow(dead_code, reason = "each table of numbers is whole, whichever direction is used")]
        impl $name {
            pub(super) const fn code(self) -> u32 {
                match self { $(Self::$variant => $code,)* }
            }

            pub(super) const fn from_code(code: u32) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

coded! {
    /// `proxy_status_t`: what a host call answers.
    pub(super) Status {
        /// Done.
        Ok = 0,
        /// No such property, header, key, queue or metric.
        NotFound = 1,
        /// An argument is out of range, or the thing asked for is not there in this phase.
        BadArgument = 2,
        /// The value cannot be written as bytes.
        SerializationFailure = 3,
        /// The argument cannot be parsed.
        ParseFailure = 4,
        /// A pointer of the guest leads outside its memory.
        InvalidMemoryAccess = 6,
        /// The queue is empty.
        Empty = 7,
        /// Someone else wrote the shared data first.
        CasMismatch = 8,
        /// The host failed.
        InternalFailure = 10,
        /// Envoy does not do this.
        Unimplemented = 12,
    }
}

coded! {
    /// `proxy_action_t`: what a callback asks the proxy to do with the stream.
    pub Action {
        /// Go on.
        Continue = 0,
        /// Hold the stream until the guest continues it.
        Pause = 1,
    }
}

coded! {
    /// `proxy_log_level_t`.
    pub LogLevel {
        /// Finest.
        Trace = 0,
        /// For developers.
        Debug = 1,
        /// For operators.
        Info = 2,
        /// Something to look at.
        Warn = 3,
        /// Something failed.
        Error = 4,
        /// The guest cannot go on: where the SDK reports a panic.
        Critical = 5,
    }
}

coded! {
    /// `proxy_peer_type_t`: who closed a connection.
    pub(super) Peer {
        /// Not known.
        Unknown = 0,
        /// The proxy.
        Local = 1,
        /// The other side.
        Remote = 2,
    }
}

coded! {
    /// `proxy_buffer_type_t`.
    pub(super) BufferKind {
        /// The body of the request.
        RequestBody = 0,
        /// The body of the response.
        ResponseBody = 1,
        /// Bytes from the client.
        Downstream = 2,
        /// Bytes from the origin.
        Upstream = 3,
        /// The body of a call's response.
        HttpCallBody = 4,
        /// A gRPC message.
        GrpcMessage = 5,
        /// The configuration of the VM.
        VmConfiguration = 6,
        /// The configuration of the plugin, only while it is configured.
        PluginConfiguration = 7,
        /// The arguments of a foreign function.
        ForeignArguments = 8,
    }
}

coded! {
    /// `proxy_map_type_t`.
    pub(super) MapKind {
        /// Headers of the request.
        RequestHeaders = 0,
        /// Trailers of the request.
        RequestTrailers = 1,
        /// Headers of the response.
        ResponseHeaders = 2,
        /// Trailers of the response.
        ResponseTrailers = 3,
        /// Initial metadata of a gRPC call.
        GrpcInitialMetadata = 4,
        /// Trailing metadata of a gRPC call.
        GrpcTrailingMetadata = 5,
        /// Headers of a call's response.
        HttpCallHeaders = 6,
        /// Trailers of a call's response.
        HttpCallTrailers = 7,
    }
}

coded! {
    /// `proxy_stream_type_t`.
    pub(super) StreamKind {
        /// The request.
        Request = 0,
        /// The response.
        Response = 1,
        /// The client's connection.
        Downstream = 2,
        /// The origin's connection.
        Upstream = 3,
    }
}

coded! {
    /// `proxy_metric_type_t`.
    pub(super) MetricKind {
        /// Only grows.
        Counter = 0,
        /// Grows and shrinks.
        Gauge = 1,
        /// Keeps each value.
        Histogram = 2,
    }
}

coded! {
    /// `wasi_errno_t`, as far as this host answers it.
    pub(super) Errno {
        /// No such file.
        BadFile = 8,
        /// A pointer leads outside the guest's memory.
        Fault = 21,
        /// Not supported.
        NotSupported = 58,
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Critical => "critical",
        })
    }
}
