//! What is known of a connection below TLS: the SYN that opened it, and how long its packets and its handshake take.
//!
//! All of it is handed over in filter state, by the probe or by another agent, but for what the connection role times itself.

use super::{Evidence, Reason};
use crate::wire::syn::Syn;
use core::time::Duration;

/// The evidence of Layer 4, read once for each connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transport {
    /// The client's SYN.
    pub syn: Evidence<Syn>,
    /// The round-trip time of the TCP connection.
    pub rtt: Evidence<Rtt>,
    /// How long the TLS handshake took, as the proxy says.
    pub handshake: Evidence<Micros>,
    /// The time from the connection's acceptance to the first bytes behind TLS, as the connection role saw it: over TLS 1.3 at
    /// least one round trip to where TLS ends.
    pub first_bytes: Evidence<Micros>,
}

/// A length of time in whole microseconds, at most 71 minutes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Micros(u32);

impl Micros {
    /// This many microseconds.
    pub const fn new(micros: u32) -> Self {
        Self(micros)
    }

    /// `time`, or as much of it as there is room for.
    pub fn of(time: Duration) -> Self {
        Self(u32::try_from(time.as_micros()).unwrap_or(u32::MAX))
    }

    /// The number in `text`: decimal digits, and after a point those that make no difference.
    pub fn parse(text: &[u8], unit: Unit) -> Option<Self> {
        let text = str::from_utf8(text).ok()?;
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
        if !is_number(whole) || !is_number(fraction) {
            return None;
        }
        let whole: u32 = whole.parse().ok()?;
        match unit {
            Unit::Micros => Some(Self(whole)),
            Unit::Millis => {
                // Three digits behind the point are microseconds.
                let digits = fraction.bytes().chain(*b"000").take(3);
                let micros = digits.fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
                whole.checked_mul(1_000)?.checked_add(micros).map(Self)
            }
        }
    }

    /// The number.
    pub const fn count(self) -> u32 {
        self.0
    }

    /// How much longer it is than `other`; zero when it is not.
    #[must_use]
    pub const fn beyond(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl core::fmt::Display for Micros {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.fmt(f)
    }
}

/// What a number of a time counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Microseconds.
    Micros,
    /// Milliseconds.
    Millis,
}

/// A round-trip time and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rtt {
    /// How long.
    pub time: Micros,
    /// Who says so.
    pub source: RttSource,
}

/// Where a round-trip time comes from, most trusted first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RttSource {
    /// `layerprint.tcp.rtt_us`: the kernel's own measurement. The probe hands it over only beside a SYN.
    Probe,
    /// `layerprint.tcp.rtt_ms`: Envoy's `%DOWNSTREAM_CX_RTT%`, in whole milliseconds. Under SYN cookies the kernel makes one
    /// up, and nothing here tells.
    Proxy,
}

impl RttSource {
    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Probe => "probe",
            Self::Proxy => "proxy",
        }
    }
}

impl Transport {
    /// Nothing was seen, for one reason.
    pub const fn unseen(reason: Reason) -> Self {
        Self {
            syn: Evidence::Missing(reason),
            rtt: Evidence::Missing(reason),
            handshake: Evidence::Missing(reason),
            first_bytes: Evidence::Missing(reason),
        }
    }

    /// The same of a QUIC connection. What nobody handed over is not for want of a probe: there is no TCP, and no filter of the
    /// proxy sees the handshake.
    #[must_use]
    pub fn over_quic(self) -> Self {
        Self {
            syn: self.syn.impossible(),
            rtt: self.rtt.impossible(),
            handshake: self.handshake.impossible(),
            first_bytes: self.first_bytes.impossible(),
        }
    }

    /// How much longer the way to where TLS ends takes than the way to where TCP ends. About nothing when both end in the
    /// client; a proxy between, which answers TCP from nearby and passes TLS on, shows as the way behind it. Slow clients show
    /// too, so the shorter of the two times counts: a gap is at most this.
    ///
    /// After "cross-layer round-trip times" (NDSS 2025). Without TLS there is nothing to hold the round-trip time against.
    pub fn rtt_gap(&self) -> Evidence<Micros> {
        if let Evidence::Missing(Reason::Cleartext | Reason::OtherProtocol) = self.handshake {
            return self.handshake.clone();
        }
        let end_to_end = match (self.handshake.seen(), self.first_bytes.seen()) {
            (Some(handshake), Some(first_bytes)) => Evidence::Seen(*handshake.min(first_bytes)),
            (Some(time), None) | (None, Some(time)) => Evidence::Seen(*time),
            (None, None) => self.first_bytes.absence(),
        };
        end_to_end.and_then(|time| self.rtt.clone().map(|rtt| time.beyond(rtt.time)))
    }
}

/// The SYN that was handed over as `value`, which is raw or hex.
pub fn read_syn(value: &[u8]) -> Evidence<Syn> {
    match Syn::parse_raw_or_hex(value) {
        Ok(syn) => Evidence::Seen(syn),
        Err(error) if error.is_bound() => Evidence::Missing(Reason::TooLarge),
        Err(_) => Evidence::Missing(Reason::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_quic_what_nobody_handed_over_could_not_be_there() {
        let handed_over = Rtt {
            time: Micros::new(900),
            source: RttSource::Probe,
        };
        let transport = Transport {
            syn: Evidence::Missing(Reason::NoProbe),
            rtt: Evidence::Seen(handed_over),
            handshake: Evidence::Missing(Reason::Malformed),
            first_bytes: Evidence::Missing(Reason::NoConnectionRole),
        };
        let over_quic = transport.over_quic();
        assert_eq!(over_quic.syn, Evidence::Missing(Reason::OtherProtocol));
        assert_eq!(over_quic.first_bytes, Evidence::Missing(Reason::OtherProtocol));
        assert_eq!(over_quic.rtt, Evidence::Seen(handed_over));
        assert_eq!(over_quic.handshake, Evidence::Missing(Reason::Malformed));
    }

    #[test]
    fn a_time_is_read_in_its_unit_and_nothing_else_is_a_time() {
        let micros = |text: &str| Micros::parse(text.as_bytes(), Unit::Micros).map(Micros::count);
        let millis = |text: &str| Micros::parse(text.as_bytes(), Unit::Millis).map(Micros::count);
        assert_eq!(micros("0"), Some(0));
        assert_eq!(micros("12345.9"), Some(12_345));
        assert_eq!(millis("12"), Some(12_000));
        assert_eq!(millis("12.3456"), Some(12_345));
        assert_eq!(millis("0.05"), Some(50));
        assert_eq!(micros("4294967295"), Some(u32::MAX));
        for none in [
            "",
            "-",
            "-1",
            "+1",
            "1e3",
            "4294967296",
            " 1",
            "1 ",
            "1.",
            ".5",
            "1.x",
            "\u{661}",
        ] {
            assert_eq!(micros(none), None, "{none}");
            assert_eq!(millis(none), None, "{none}");
        }
        assert_eq!(millis("4294968"), None);
        assert_eq!(Micros::parse(&[0xff], Unit::Micros), None);
    }

    fn transport(rtt: Option<u32>, handshake: Option<u32>, first_bytes: Option<u32>) -> Transport {
        let time = |micros: Option<u32>| Evidence::or_missing(micros.map(Micros::new), Reason::NotProvided);
        let source = RttSource::Probe;
        Transport {
            syn: Evidence::Missing(Reason::NoProbe),
            rtt: time(rtt).map(|time| Rtt { time, source }),
            handshake: time(handshake),
            first_bytes: time(first_bytes),
        }
    }

    #[test]
    fn the_gap_is_what_the_shorter_way_to_tls_takes_beyond_tcp() {
        let gap = |rtt, handshake, first| transport(rtt, handshake, first).rtt_gap();
        assert_eq!(
            gap(Some(2_000), Some(90_000), Some(300_000)),
            Evidence::Seen(Micros::new(88_000))
        );
        assert_eq!(gap(Some(2_000), None, Some(3_000)), Evidence::Seen(Micros::new(1_000)));
        assert_eq!(gap(Some(90_000), Some(80_000), None), Evidence::Seen(Micros::new(0)));
        assert_eq!(gap(None, Some(1), Some(1)), Evidence::Missing(Reason::NotProvided));
        assert_eq!(gap(Some(1), None, None), Evidence::Missing(Reason::NotProvided));
        let cleartext = Transport {
            handshake: Evidence::Missing(Reason::Cleartext),
            ..transport(Some(1), None, Some(9_000))
        };
        assert_eq!(cleartext.rtt_gap(), Evidence::Missing(Reason::Cleartext));
    }
}
