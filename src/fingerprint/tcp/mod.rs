//! The SYN signature in p0f v3's notation, `ver:ittl:olen:mss:wsize,scale:olayout:quirks:pclass`, and the tcp part of `lp1`.
//!
//! The notation is that of p0f's README, section 5. Where the README leaves room we keep the signature exact: each number can
//! be computed back from it. p0f itself also writes `mss*n` when the window divides by the MSS less 12, or by that of Ethernet.

mod part;
mod path;
mod quirks;

use core::fmt;

pub use part::{TcpPart, WindowRule};
pub use path::MssClass;
pub use quirks::Quirk;

use super::combined::{Part, tcp_part_of_syn};
use super::text::{Sink, gathered, put_list, put_number};
use crate::wire::syn::{IpVersion, OptionKind, Syn, TcpOption};

/// What is kept of a connection's SYN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcpPrint {
    /// The signature as text.
    pub signature: Box<str>,
    /// How many routers the SYN passed, as far as can be told.
    pub hops: u8,
    /// What its MSS says of the path; none without one.
    pub mss_class: Option<MssClass>,
    /// The tcp part of `lp1`.
    pub part: Part,
}

impl TcpPrint {
    /// That of `syn`.
    pub fn of(syn: &Syn) -> Self {
        let signature = Signature(syn);
        Self {
            signature: signature.to_string().into(),
            hops: signature.initial_ttl().distance(),
            mss_class: MssClass::of(syn),
            part: tcp_part_of_syn(syn),
        }
    }
}

/// The signature of one SYN. Displays as p0f's notation.
#[derive(Clone, Copy, Debug)]
pub struct Signature<'a>(pub &'a Syn);

impl<'a> Signature<'a> {
    /// The TTL that the packet left with, as far as it can be told.
    pub fn initial_ttl(&self) -> InitialTtl {
        InitialTtl::behind(self.0.ip.hops_left)
    }

    /// How the window is made.
    pub fn window(&self) -> Window {
        Window::of(self.0)
    }

    /// The options in wire order.
    pub fn layout(&self) -> Layout<'a> {
        Layout(self.0.tcp.options.as_slice())
    }

    /// The quirks in the order of the notation.
    pub fn quirks(&self) -> impl Iterator<Item = Quirk> + use<> {
        Quirk::of(self.0)
    }
}

impl Written for Signature<'_> {
    fn write<S: Sink>(&self, out: &mut S) -> Result<(), S::Error> {
        let Syn {
            ip,
            tcp,
            payload_length,
        } = self.0;
        out.put(match ip.version {
            IpVersion::V4 { .. } => b"4:",
            IpVersion::V6 { .. } => b"6:",
        })?;
        self.initial_ttl().write(out)?;
        out.put(b":")?;
        put_number(out, ip.options_length)?;
        out.put(b":")?;
        put_number(out, tcp.options.max_segment_size().unwrap_or(0))?;
        out.put(b":")?;
        self.window().write(out)?;
        out.put(b",")?;
        put_number(out, tcp.options.window_scale().unwrap_or(0))?;
        out.put(b":")?;
        self.layout().write(out)?;
        out.put(b":")?;
        put_quirks(out, self.quirks())?;
        out.put(if *payload_length == 0 { b":0" } else { b":+" })
    }
}

/// What writes its text into any sink. `Display` shows the same text.
trait Written {
    fn write<S: Sink>(&self, out: &mut S) -> Result<(), S::Error>;
}

macro_rules! displayed {
    ($($written:ty),*) => {$(
        impl fmt::Display for $written {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                gathered(f, |out| self.write(out))
            }
        }
    )*};
}
use displayed;

displayed!(Signature<'_>, InitialTtl, Window, Layout<'_>);

/// A TTL as it arrived, and the hops from the initial one. Displays as `ttl+distance`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InitialTtl {
    /// As it arrived.
    pub observed: u8,
    /// The least of 32, 64, 128 and 255 that is no less. Systems start at one of them (32: Windows of the nineties); a packet
    /// that came over 31 routers from a start of 64 reads as from 32.
    pub initial: u8,
}

impl InitialTtl {
    /// The guess for a TTL that arrived as `observed`.
    pub const fn behind(observed: u8) -> Self {
        let initial = match observed {
            0..=32 => 32,
            33..=64 => 64,
            65..=128 => 128,
            129..=255 => 255,
        };
        Self { observed, initial }
    }

    /// How many routers the packet passed.
    pub const fn distance(self) -> u8 {
        self.initial - self.observed
    }
}

impl Written for InitialTtl {
    fn write<S: Sink>(&self, out: &mut S) -> Result<(), S::Error> {
        put_number(out, self.observed)?;
        out.put(b"+")?;
        put_number(out, self.distance())
    }
}

/// How the window of a SYN is made: most systems offer whole segments. Displays as `mss*n`, `mtu*n`, or the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// This many times the MSS of the same SYN.
    MssTimes(u16),
    /// This many times the MSS plus the smallest headers (40 bytes over IPv4, 60 over IPv6).
    MtuTimes(u16),
    /// Any other number, and 0.
    Number(u16),
}

/// Below, an MSS divides too many numbers to say something. The smallest MTU of IPv4 (68 bytes, RFC 791) leaves 28.
const LEAST_MSS: u16 = 100;

impl Window {
    fn of(syn: &Syn) -> Self {
        let window = syn.tcp.window;
        let Some(mss) = meaningful_mss(syn) else {
            return Self::Number(window);
        };
        if let Some(times) = times(window, mss) {
            return Self::MssTimes(times);
        }
        let mtu = mss.checked_add(least_headers(syn.ip.version));
        match mtu.and_then(|mtu| times(window, mtu)) {
            Some(times) => Self::MtuTimes(times),
            None => Self::Number(window),
        }
    }
}

impl Written for Window {
    fn write<S: Sink>(&self, out: &mut S) -> Result<(), S::Error> {
        let (unit, n) = match self {
            Self::MssTimes(n) => (b"mss*".as_slice(), n),
            Self::MtuTimes(n) => (b"mtu*".as_slice(), n),
            Self::Number(n) => (b"".as_slice(), n),
        };
        out.put(unit)?;
        put_number(out, *n)
    }
}

/// The MSS, unless it is under [`LEAST_MSS`].
fn meaningful_mss(syn: &Syn) -> Option<u16> {
    let mss = syn.tcp.options.max_segment_size();
    mss.filter(|mss| *mss >= LEAST_MSS)
}

/// How often `unit` makes up `window`; none when it does not, or no time.
fn times(window: u16, unit: u16) -> Option<u16> {
    (window != 0 && window.is_multiple_of(unit)).then(|| window / unit)
}

/// IP and TCP headers without options.
const fn least_headers(version: IpVersion) -> u16 {
    match version {
        IpVersion::V4 { .. } => 40,
        IpVersion::V6 { .. } => 60,
    }
}

/// The options of a SYN in wire order, by name. Displays as `mss,sok,ts,nop,ws`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout<'a>(pub &'a [TcpOption]);

impl Written for Layout<'_> {
    fn write<S: Sink>(&self, out: &mut S) -> Result<(), S::Error> {
        put_list(out, b',', self.0, put_option)
    }
}

fn put_option<S: Sink>(out: &mut S, option: &TcpOption) -> Result<(), S::Error> {
    if let TcpOption::End { padding, .. } = *option {
        out.put(b"eol+")?;
        return put_number(out, padding);
    }
    match option.kind() {
        OptionKind::NOP => out.put(b"nop"),
        OptionKind::MAX_SEGMENT_SIZE => out.put(b"mss"),
        OptionKind::WINDOW_SCALE => out.put(b"ws"),
        OptionKind::SACK_PERMITTED => out.put(b"sok"),
        OptionKind::SACK => out.put(b"sack"),
        OptionKind::TIMESTAMPS => out.put(b"ts"),
        // What came after the notation, such as Fast Open (34) and Multipath TCP (30), stays unknown to it.
        OptionKind(kind) => {
            out.put(b"?")?;
            put_number(out, kind)
        }
    }
}

fn put_quirks<S: Sink>(out: &mut S, quirks: impl Iterator<Item = Quirk>) -> Result<(), S::Error> {
    put_list(out, b',', quirks, |out, quirk| out.put(quirk.as_str().as_bytes()))
}
