//! Why an answer or a clearance is not believed.

/// Why a token, or the work on it, is not believed. The order is that in which it is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// It is none: too long, too short, other letters, another version.
    Malformed,
    /// No key that is configured has signed it.
    UnknownKey,
    /// It is not as it was signed: some of it was changed.
    Tampered,
    /// Its time is over.
    Expired,
    /// Its time has not come: it is from the future, or was to be waited for.
    Early,
    /// It was made on another host.
    Host,
    /// It was made in another network.
    Network,
    /// Its client's TLS was another one.
    Tls,
    /// Its client's HTTP was another one.
    Http,
    /// It cost less than the ladder of the route asks for.
    Difficulty,
    /// The work on it was not done.
    Work,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Malformed,
        Self::UnknownKey,
        Self::Tampered,
        Self::Expired,
        Self::Early,
        Self::Host,
        Self::Network,
        Self::Tls,
        Self::Http,
        Self::Difficulty,
        Self::Work,
    ];

    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::UnknownKey => "unknown-key",
            Self::Tampered => "tampered",
            Self::Expired => "expired",
            Self::Early => "early",
            Self::Host => "host",
            Self::Network => "network",
            Self::Tls => "tls",
            Self::Http => "http",
            Self::Difficulty => "difficulty",
            Self::Work => "work",
        }
    }
}
