//! The quirks of p0f's notation, each with the condition under which a SYN has it.

use crate::wire::syn::{IpVersion, Syn, TcpFlags, TcpOption};

/// A quirk, in the order of the notation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quirk {
    /// `df`: IPv4, the flag DF is set.
    DontFragment,
    /// `id+`: IPv4, DF is set, and the identification is not 0 though nothing will be put together by it.
    IdWithDf,
    /// `id-`: IPv4, DF is not set, and the identification is 0 though fragments would need it.
    NoId,
    /// `ecn`: the IP header says ECN-capable, or the TCP header asks for ECN or Accurate ECN (ECE, CWR or AE).
    Ecn,
    /// `0+`: IPv4, the reserved flag is set, or one of TCP's reserved bits. The notation has none for IPv6.
    MustBeZero,
    /// `flow`: IPv6, the flow label is not 0.
    FlowLabel,
    /// `seq-`: the sequence number is 0.
    ZeroSequence,
    /// `ack+`: the acknowledgment number is not 0, without ACK.
    AckNumberWithoutAck,
    /// `ack-`: the acknowledgment number is 0, with ACK. Never of a SYN, which has no ACK; kept for the notation's sake.
    ZeroAckNumber,
    /// `uptr+`: the urgent pointer is not 0, without URG.
    UrgentPointerWithoutUrg,
    /// `urgf+`: URG is set.
    Urg,
    /// `pushf+`: PSH is set.
    Psh,
    /// `ts1-`: the sender's own timestamp is 0.
    ZeroTimestamp,
    /// `ts2+`: the peer's timestamp is not 0, before the peer has said anything.
    PeerTimestamp,
    /// `opt+`: bytes other than 0 stand behind the end of the options.
    TrailingOptions,
    /// `exws`: a window scale over 14 (RFC 7323, 2.3).
    ExcessiveScale,
    /// `bad`: an option of a length that its kind cannot have. Options that cannot be read at all give no `Syn`.
    BadOption,
}

impl Quirk {
    /// All, in the order of the notation.
    pub const ALL: [Self; 17] = [
        Self::DontFragment,
        Self::IdWithDf,
        Self::NoId,
        Self::Ecn,
        Self::MustBeZero,
        Self::FlowLabel,
        Self::ZeroSequence,
        Self::AckNumberWithoutAck,
        Self::ZeroAckNumber,
        Self::UrgentPointerWithoutUrg,
        Self::Urg,
        Self::Psh,
        Self::ZeroTimestamp,
        Self::PeerTimestamp,
        Self::TrailingOptions,
        Self::ExcessiveScale,
        Self::BadOption,
    ];

    /// Its name in the notation.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DontFragment => "df",
            Self::IdWithDf => "id+",
            Self::NoId => "id-",
            Self::Ecn => "ecn",
            Self::MustBeZero => "0+",
            Self::FlowLabel => "flow",
            Self::ZeroSequence => "seq-",
            Self::AckNumberWithoutAck => "ack+",
            Self::ZeroAckNumber => "ack-",
            Self::UrgentPointerWithoutUrg => "uptr+",
            Self::Urg => "urgf+",
            Self::Psh => "pushf+",
            Self::ZeroTimestamp => "ts1-",
            Self::PeerTimestamp => "ts2+",
            Self::TrailingOptions => "opt+",
            Self::ExcessiveScale => "exws",
            Self::BadOption => "bad",
        }
    }

    /// Whether it says what the stack is. The others come and go with the packet, the path or the IP version.
    pub(super) const fn is_of_stack(self) -> bool {
        !matches!(
            self,
            Self::DontFragment | Self::IdWithDf | Self::NoId | Self::Ecn | Self::MustBeZero | Self::FlowLabel
        )
    }

    /// Whether `syn` has it.
    pub fn holds(self, syn: &Syn) -> bool {
        let Syn { ip, tcp, .. } = syn;
        let any = |test: fn(TcpOption) -> bool| tcp.options.as_slice().iter().any(|option| test(*option));
        match (self, ip.version) {
            (Self::DontFragment, IpVersion::V4 { dont_fragment, .. }) => dont_fragment,
            (Self::IdWithDf, IpVersion::V4 { dont_fragment, id, .. }) => dont_fragment && id != 0,
            (Self::NoId, IpVersion::V4 { dont_fragment, id, .. }) => !dont_fragment && id == 0,
            (Self::MustBeZero, IpVersion::V4 { reserved, .. }) => reserved || tcp.reserved != 0,
            (Self::DontFragment | Self::IdWithDf | Self::NoId | Self::MustBeZero, IpVersion::V6 { .. }) => false,
            (Self::FlowLabel, IpVersion::V6 { flow_label }) => flow_label != 0,
            (Self::FlowLabel, IpVersion::V4 { .. }) => false,
            (Self::Ecn, _) => ip.ecn() != 0 || tcp.flags.has(TcpFlags::ECE.or(TcpFlags::CWR).or(TcpFlags::AE)),
            (Self::ZeroSequence, _) => tcp.sequence == 0,
            (Self::AckNumberWithoutAck, _) => !tcp.flags.has(TcpFlags::ACK) && tcp.acknowledgment != 0,
            (Self::ZeroAckNumber, _) => tcp.flags.has(TcpFlags::ACK) && tcp.acknowledgment == 0,
            (Self::UrgentPointerWithoutUrg, _) => !tcp.flags.has(TcpFlags::URG) && tcp.urgent_pointer != 0,
            (Self::Urg, _) => tcp.flags.has(TcpFlags::URG),
            (Self::Psh, _) => tcp.flags.has(TcpFlags::PSH),
            (Self::ZeroTimestamp, _) => any(|option| matches!(option, TcpOption::Timestamps { own: 0, .. })),
            (Self::PeerTimestamp, _) => any(|option| matches!(option, TcpOption::Timestamps { peer: 1.., .. })),
            (Self::TrailingOptions, _) => any(|option| matches!(option, TcpOption::End { zeros: false, .. })),
            (Self::ExcessiveScale, _) => any(|option| matches!(option, TcpOption::WindowScale(15..))),
            (Self::BadOption, _) => any(|option| matches!(option, TcpOption::WrongLength { .. })),
        }
    }
}
