//! What a connection and a request have shown. Absence is evidence too: it always carries its reason.

mod address;
pub mod claims;
mod connection;
pub mod fields;
pub mod forwarded;
mod handover;
mod names;
mod networks;
mod reported;
mod said;
mod sent;
mod session;
pub mod signatures;
mod structured;
mod text;
mod transport;
pub mod weights;

pub use address::{AddressFamily, SourceAddress};
pub use connection::{Facts, Protocol, TlsSource};
pub use handover::{decode as decode_handover, encode as encode_handover};
pub use names::{RequestNames, is_annotation};
pub use networks::{NetworkTag, NetworkTags, Networks};
pub use reported::{ReportedJa3, ReportedJa4};
pub use said::{Said, Says};
pub use sent::{COMPARED, Purpose, Sent, is_compared};
pub use session::Session;
pub use text::Text;
pub use transport::{Micros, Rtt, RttSource, Transport, Unit, read_syn};

/// A piece of evidence: seen, not yet seen, or not to be seen, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence<T> {
    /// It was seen.
    Seen(T),
    /// It has not come yet and still may.
    Pending,
    /// It will not come.
    Missing(Reason),
}

/// Why a piece of evidence is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The connection is not encrypted.
    Cleartext,
    /// The proxy is not configured to hand it over.
    NotProvided,
    /// The client did not send it.
    NotSent,
    /// The connection speaks a protocol that has no such thing, or shows the proxy none: QUIC has no TCP, and its ClientHello is
    /// seen by no filter.
    OtherProtocol,
    /// What came broke its format.
    Malformed,
    /// It was over a bound.
    TooLarge,
    /// The connection role is not installed, or did not see this connection.
    NoConnectionRole,
    /// Nothing hands it over: the native probe is not installed, or the kernel kept nothing (SYN cookies).
    NoProbe,
    /// The TCP connection is that of a balancer or proxy in front, not the client's.
    Relayed,
    /// It is visible only for the first request of a connection.
    LaterRequest,
    /// The proxy failed to answer for it.
    ProxyFailure,
    /// It was there, and is not believed.
    Refused,
}

impl Reason {
    /// All reasons.
    pub const ALL: [Self; 12] = [
        Self::Cleartext,
        Self::NotProvided,
        Self::NotSent,
        Self::OtherProtocol,
        Self::Malformed,
        Self::TooLarge,
        Self::NoConnectionRole,
        Self::NoProbe,
        Self::Relayed,
        Self::LaterRequest,
        Self::ProxyFailure,
        Self::Refused,
    ];

    /// Its stable name, in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cleartext => "cleartext",
            Self::NotProvided => "not-provided",
            Self::NotSent => "not-sent",
            Self::OtherProtocol => "other-protocol",
            Self::Malformed => "malformed",
            Self::TooLarge => "too-large",
            Self::NoConnectionRole => "no-connection-role",
            Self::NoProbe => "no-probe",
            Self::Relayed => "relayed",
            Self::LaterRequest => "later-request",
            Self::ProxyFailure => "proxy-failure",
            Self::Refused => "refused",
        }
    }

    /// The reason with this stable name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }
}

impl<T> Evidence<T> {
    /// The value, when seen.
    pub const fn seen(&self) -> Option<&T> {
        match self {
            Self::Seen(value) => Some(value),
            Self::Pending | Self::Missing(_) => None,
        }
    }

    /// The same evidence by reference.
    pub const fn as_ref(&self) -> Evidence<&T> {
        match self {
            Self::Seen(value) => Evidence::Seen(value),
            Self::Pending => Evidence::Pending,
            Self::Missing(reason) => Evidence::Missing(*reason),
        }
    }

    /// What follows from a seen value; absence stays as it is.
    pub fn and_then<U>(self, next: impl FnOnce(T) -> Evidence<U>) -> Evidence<U> {
        match self {
            Self::Seen(value) => next(value),
            Self::Pending => Evidence::Pending,
            Self::Missing(reason) => Evidence::Missing(reason),
        }
    }

    /// A seen value changed; absence stays as it is.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Evidence<U> {
        self.and_then(|value| Evidence::Seen(change(value)))
    }

    /// The same where this evidence cannot be had, whatever is installed and configured.
    #[must_use]
    pub fn impossible(self) -> Self {
        match self {
            Self::Missing(Reason::NotProvided | Reason::NoProbe | Reason::NoConnectionRole) => {
                Self::Missing(Reason::OtherProtocol)
            }
            other => other,
        }
    }

    /// The value, or missing for `reason`.
    pub fn or_missing(value: Option<T>, reason: Reason) -> Self {
        value.map_or(Self::Missing(reason), Self::Seen)
    }

    /// The same absence of something that would follow from it; of what was seen, nothing was provided for that.
    pub const fn absence<U>(&self) -> Evidence<U> {
        match self {
            Self::Seen(_) => Evidence::Missing(Reason::NotProvided),
            Self::Pending => Evidence::Pending,
            Self::Missing(reason) => Evidence::Missing(*reason),
        }
    }

    /// The stable name of where it stands: `seen`, `pending`, or the reason it is missing.
    pub const fn state(&self) -> &'static str {
        match self {
            Self::Seen(_) => "seen",
            Self::Pending => "pending",
            Self::Missing(reason) => reason.as_str(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_told_apart_by_their_names() {
        for reason in Reason::ALL {
            assert_eq!(Reason::parse(reason.as_str()), Some(reason));
        }
        assert_eq!(Reason::parse("seen"), None);
    }

    #[test]
    fn absence_keeps_its_reason_through_what_follows() {
        let missing = Evidence::<u8>::Missing(Reason::Cleartext);
        assert_eq!(missing.clone().map(|n| n + 1), missing);
        assert_eq!(Evidence::Seen(1).map(|n| n + 1).seen(), Some(&2));
        assert_eq!(Evidence::<u8>::Pending.state(), "pending");
    }
}
