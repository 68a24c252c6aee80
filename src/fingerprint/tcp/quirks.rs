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

    /// Those of `syn`, in the order of the notation.
    pub fn of(syn: &Syn) -> impl Iterator<Item = Self> + use<> {
        let Syn { ip, tcp, .. } = syn;
        let (dont_fragment, id, must_be_zero, flow_label) = match ip.version {
            IpVersion::V4 {
                id,
                reserved,
                dont_fragment,
            } => (dont_fragment, Some(id), reserved || tcp.reserved != 0, 0),
            IpVersion::V6 { flow_label } => (false, None, false, flow_label),
        };
        let asks_for_ecn = tcp.flags.has(TcpFlags::ECE.or(TcpFlags::CWR).or(TcpFlags::AE));
        let has_ack = tcp.flags.has(TcpFlags::ACK);
        let has_urg = tcp.flags.has(TcpFlags::URG);
        let options = OptionQuirks::of(tcp.options.as_slice());
        let all = [
            (Self::DontFragment, dont_fragment),
            (Self::IdWithDf, dont_fragment && id != Some(0)),
            (Self::NoId, !dont_fragment && id == Some(0)),
            (Self::Ecn, ip.ecn() != 0 || asks_for_ecn),
            (Self::MustBeZero, must_be_zero),
            (Self::FlowLabel, flow_label != 0),
            (Self::ZeroSequence, tcp.sequence == 0),
            (Self::AckNumberWithoutAck, !has_ack && tcp.acknowledgment != 0),
            (Self::ZeroAckNumber, has_ack && tcp.acknowledgment == 0),
            (Self::UrgentPointerWithoutUrg, !has_urg && tcp.urgent_pointer != 0),
            (Self::Urg, has_urg),
            (Self::Psh, tcp.flags.has(TcpFlags::PSH)),
            (Self::ZeroTimestamp, options.zero_timestamp),
            (Self::PeerTimestamp, options.peer_timestamp),
            (Self::TrailingOptions, options.trailing),
            (Self::ExcessiveScale, options.excessive_scale),
            (Self::BadOption, options.bad),
        ];
        // As bits, so that walking them branches once for each that holds: most SYNs have two.
        let mut bits = 0_u32;
        for (n, (_, holds)) in (0..).zip(all) {
            bits |= u32::from(holds) << n;
        }
        core::iter::from_fn(move || {
            let next = usize::try_from(bits.trailing_zeros()).ok().and_then(|n| all.get(n))?;
            bits &= bits - 1;
            Some(next.0)
        })
    }
}

/// The quirks that options show, each set by any of them.
#[derive(Clone, Copy, Debug, Default)]
struct OptionQuirks {
    zero_timestamp: bool,
    peer_timestamp: bool,
    trailing: bool,
    excessive_scale: bool,
    bad: bool,
}

impl OptionQuirks {
    fn of(options: &[TcpOption]) -> Self {
        let mut quirks = Self::default();
        for option in options {
            match *option {
                TcpOption::Timestamps { own, peer } => {
                    quirks.zero_timestamp |= own == 0;
                    quirks.peer_timestamp |= peer != 0;
                }
                TcpOption::End { zeros, .. } => quirks.trailing |= !zeros,
                TcpOption::WindowScale(shift) => quirks.excessive_scale |= shift > 14,
                TcpOption::WrongLength { .. } => quirks.bad = true,
                _ => {}
            }
        }
        quirks
    }
}
