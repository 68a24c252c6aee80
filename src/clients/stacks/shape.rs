//! One form in which a family sends its SYN, compiled, and how a SYN that came is held against it. Nothing is allocated here, and
//! the work is bounded: a SYN has at most 40 options, a shape at most [`MAX_LAYOUTS`] layouts of at most 40.

use core::ops::RangeInclusive;

use super::deviation::{Deviation, Deviations};
use crate::fingerprint::tcp::Quirk;
use crate::wire::syn::{IpVersion, OptionKind, Syn, TcpOption};

/// The most layouts of one shape: three options that can be off make eight.
pub const MAX_LAYOUTS: usize = 8;

/// The most routers on a path that are taken for granted. Paths on the Internet seldom have more than 30.
pub const MAX_HOPS: u8 = 30;

/// Two initial TTLs that differ by this much are told apart, however long the path: 64 from 128, 128 from 255.
const TOO_FAR: u8 = 64;

/// Below, an MSS divides too many numbers to say something.
const LEAST_MSS: u16 = 100;

/// Quirks that a SYN cannot have by accident of its path, address, sequence number, clock or identification.
const ODDITIES: [Quirk; 8] = [
    Quirk::MustBeZero,
    Quirk::AckNumberWithoutAck,
    Quirk::UrgentPointerWithoutUrg,
    Quirk::Urg,
    Quirk::Psh,
    Quirk::TrailingOptions,
    Quirk::ExcessiveScale,
    Quirk::BadOption,
];

/// A form of SYN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// The IP version that it is seen over; none for both.
    pub(super) version: Option<Version>,
    /// The TTL that it leaves with.
    pub(super) ttl: RangeInclusive<u8>,
    /// The order of options; the first is the default, the others are what settings leave of it.
    pub(super) layouts: Vec<Layout>,
    /// Options that come with some connections and say nothing of the stack, such as Fast Open.
    pub(super) also: Vec<OptionKind>,
    /// The window, by any of these rules.
    pub(super) windows: Vec<Rule>,
    /// The window scale, when one is sent.
    pub(super) scale: RangeInclusive<u8>,
    /// The MSS, where it is always the same.
    pub(super) mss: Option<u16>,
    /// Whether DF is set, over IPv4.
    pub(super) dont_fragment: bool,
    /// Oddities that it always has.
    pub(super) oddities: Vec<Quirk>,
    /// Whether only this form counts, without deviations but a lowered MSS: for what a program writes byte by byte.
    pub(super) exact: bool,
}

/// IPv4 or IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    V4,
    V6,
}

/// An order of options, and what it lacks of the default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) kinds: Vec<OptionKind>,
    pub(super) lacks: Deviations,
}

/// How a window is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// As many segments as fit in 65535 bytes: `fill`.
    Fill,
    /// `mss*n`
    Segments(u16),
    /// `mss*`: any number of segments.
    Whole,
    /// `mss*n/scale`: as many segments, less what the window scale would cut off.
    Rounded(u16),
    /// A number of bytes.
    Number(u16),
}

/// Whether a window is made of another MSS than the one beside it.
struct Clamped(bool);

impl Shape {
    /// In what `syn` differs from this form; none when it is another.
    pub(super) fn deviations(&self, syn: &Syn) -> Option<Deviations> {
        let is_v4 = matches!(syn.ip.version, IpVersion::V4 { .. });
        if self.version.is_some_and(|version| (version == Version::V4) != is_v4) {
            return None;
        }
        let all = self
            .options(syn)?
            .or(self.ttl(syn))
            .or(self.mss(syn)?)
            .or(self.window(syn))
            .or(self.scale(syn))
            .or(self.dont_fragment(syn))
            .or(self.oddities(syn)?);
        let tolerated = all.iter().all(|deviation| deviation == Deviation::MssClamped);
        (!self.exact || tolerated).then_some(all)
    }

    /// How many routers `syn` came over, if it left in this form.
    pub(super) fn distance(&self, syn: &Syn) -> Option<u8> {
        let left = syn.ip.hops_left;
        if self.ttl.contains(&left) {
            return Some(0);
        }
        let distance = self.ttl.start().checked_sub(left)?;
        (distance < TOO_FAR).then_some(distance)
    }

    fn ttl(&self, syn: &Syn) -> Deviations {
        match self.distance(syn) {
            Some(0..=MAX_HOPS) => Deviations::NONE,
            Some(_) => Deviations::NONE.and(Deviation::ManyHops),
            None => Deviations::NONE.and(Deviation::InitialTtl),
        }
    }

    fn mss(&self, syn: &Syn) -> Option<Deviations> {
        let Some(own) = self.mss else {
            return Some(Deviations::NONE);
        };
        match syn.tcp.options.max_segment_size()? {
            mss if mss == own => Some(Deviations::NONE),
            mss if mss < own => Some(Deviations::NONE.and(Deviation::MssClamped)),
            _ => None,
        }
    }

    fn window(&self, syn: &Syn) -> Deviations {
        match self.windows.iter().find_map(|rule| rule.makes(syn)) {
            Some(Clamped(false)) => Deviations::NONE,
            Some(Clamped(true)) => Deviations::NONE.and(Deviation::MssClamped),
            None => Deviations::NONE.and(Deviation::Window),
        }
    }

    fn scale(&self, syn: &Syn) -> Deviations {
        match syn.tcp.options.window_scale() {
            Some(scale) if !self.scale.contains(&scale) => Deviations::NONE.and(Deviation::Scale),
            _ => Deviations::NONE,
        }
    }

    fn dont_fragment(&self, syn: &Syn) -> Deviations {
        match syn.ip.version {
            IpVersion::V4 { dont_fragment, .. } if dont_fragment != self.dont_fragment => {
                Deviations::NONE.and(Deviation::DontFragment)
            }
            _ => Deviations::NONE,
        }
    }

    fn oddities(&self, syn: &Syn) -> Option<Deviations> {
        let shown = || Quirk::of(syn).filter(|quirk| ODDITIES.contains(quirk));
        if !self.oddities.iter().all(|wanted| shown().any(|quirk| quirk == *wanted)) {
            return None;
        }
        let is_more = shown().any(|quirk| !self.oddities.contains(&quirk));
        Some(if is_more {
            Deviations::NONE.and(Deviation::Oddity)
        } else {
            Deviations::NONE
        })
    }

    fn options(&self, syn: &Syn) -> Option<Deviations> {
        let options = syn.tcp.options.as_slice();
        let default = self.layouts.first()?;
        let known = self
            .layouts
            .iter()
            .filter_map(|layout| layout.deviations(options, default, &self.also));
        let order = || default.order(options, &self.also);
        known.max_by_key(|deviations| deviations.confidence()).or_else(order)
    }
}

impl Layout {
    /// In what `options` differ, when they are laid out like this: `also` may come in between, with its padding, and what `default`
    /// has not; and NOPs may stand where an option was. None for another layout.
    fn deviations(&self, options: &[TcpOption], default: &Self, also: &[OptionKind]) -> Option<Deviations> {
        let mut deviations = self.lacks;
        let mut expected = self.kinds.iter().copied().peekable();
        let mut has_more = false;
        let mut rest = options;
        while let Some((option, behind)) = rest.split_first() {
            let kind = option.kind();
            rest = behind;
            if expected.next_if_eq(&kind).is_some() {
                continue;
            }
            if kind == OptionKind::NOP
                && let Some((missing, length)) = expected.peek().copied().and_then(removable)
                && let Some(behind) = past_nops(behind, length - 1)
            {
                rest = behind;
                expected.next();
                deviations = deviations.and(missing).and(Deviation::Stripped);
                continue;
            }
            if is_meant(kind) && !default.kinds.contains(&kind) {
                has_more = true;
                if !also.contains(&kind) {
                    deviations = deviations.and(Deviation::UnknownOption);
                }
            } else if is_meant(kind) || !has_more {
                return None;
            }
        }
        // With more options there may be no padding left to do.
        expected
            .all(|kind| has_more && kind == OptionKind::END)
            .then_some(deviations)
    }

    /// What is left of this order in `options`, whatever stands between; none when it is another.
    fn order(&self, options: &[TcpOption], also: &[OptionKind]) -> Option<Deviations> {
        let mut deviations = Deviations::NONE.and(Deviation::Padding);
        let mut rest = self.kinds.iter().copied().filter(|kind| is_meant(*kind));
        let mut lacks = |kinds: &mut dyn Iterator<Item = OptionKind>| {
            for kind in kinds {
                deviations = deviations.and(lack_of(kind)?);
            }
            Some(())
        };
        let mut has_unknown = false;
        for kind in options
            .iter()
            .map(|option| option.kind())
            .filter(|kind| is_meant(*kind))
        {
            if also.contains(&kind) {
                continue;
            }
            if !self.kinds.contains(&kind) {
                has_unknown = true;
                continue;
            }
            // Out of order, it takes the rest with it, and the walk ends without it.
            let mut found = false;
            lacks(&mut rest.by_ref().take_while(|expected| {
                found = *expected == kind;
                !found
            }))?;
            if !found {
                return None;
            }
        }
        lacks(&mut rest)?;
        if has_unknown {
            deviations = deviations.and(Deviation::UnknownOption);
        }
        Some(deviations)
    }
}

const fn is_meant(kind: OptionKind) -> bool {
    !matches!(kind, OptionKind::NOP | OptionKind::END)
}

/// What it is called when an option is missing. None for the MSS: there is no setting to leave it out, and nothing strips it.
pub(super) fn lack_of(kind: OptionKind) -> Option<Deviation> {
    removable(kind).map(|(missing, _)| missing)
}

/// The same, and how many bytes the option has.
const fn removable(kind: OptionKind) -> Option<(Deviation, usize)> {
    match kind {
        OptionKind::TIMESTAMPS => Some((Deviation::NoTimestamps, 10)),
        OptionKind::SACK_PERMITTED => Some((Deviation::NoSack, 2)),
        OptionKind::WINDOW_SCALE => Some((Deviation::NoScaling, 3)),
        _ => None,
    }
}

/// What stands behind `count` NOPs, if that many there are.
fn past_nops(options: &[TcpOption], count: usize) -> Option<&[TcpOption]> {
    let (nops, behind) = options.split_at_checked(count)?;
    nops.iter().all(|option| *option == TcpOption::Nop).then_some(behind)
}

impl Rule {
    fn makes(self, syn: &Syn) -> Option<Clamped> {
        let window = syn.tcp.window;
        match self {
            Self::Number(number) => (number == window).then_some(Clamped(false)),
            Self::Fill => made_of(syn, |mss| {
                whole(window, mss)?
                    .checked_add(1)?
                    .checked_mul(mss)
                    .is_none()
                    .then_some(())
            }),
            Self::Segments(segments) => made_of(syn, |mss| (whole(window, mss)? == segments).then_some(())),
            Self::Whole => made_of(syn, |mss| whole(window, mss).map(|_| ())),
            Self::Rounded(segments) => {
                let scale = syn.tcp.options.window_scale()?.min(14);
                let cut = |mss: u16| segments.saturating_mul(mss) >> scale << scale;
                made_of(syn, |mss| (cut(mss) == window).then_some(()))
            }
        }
    }
}

/// Whether `rule` makes the window of the MSS beside it, or of Ethernet's where that is less: a router lowers the MSS and leaves
/// the window.
fn made_of(syn: &Syn, rule: impl Fn(u16) -> Option<()>) -> Option<Clamped> {
    let ethernet = match syn.ip.version {
        IpVersion::V4 { .. } => 1_460,
        IpVersion::V6 { .. } => 1_440,
    };
    let mss = syn.tcp.options.max_segment_size()?;
    if mss >= LEAST_MSS && rule(mss).is_some() {
        return Some(Clamped(false));
    }
    (mss < ethernet && rule(ethernet).is_some()).then_some(Clamped(true))
}

/// How many segments make up `window` exactly, at least one.
const fn whole(window: u16, mss: u16) -> Option<u16> {
    match window.checked_rem(mss) {
        Some(0) if window != 0 => Some(window / mss),
        _ => None,
    }
}
