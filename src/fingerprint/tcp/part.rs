//! The tcp part of `lp1`: what a TCP stack is, not where it sits.

use core::fmt;

use super::super::text::{Sink, gathered, put_number};
use super::{Signature, Window, Written, displayed, least_headers, meaningful_mss, put_quirks, times};
use crate::wire::syn::Syn;

/// What the tcp part of `lp1` is made from: the signature without what depends on the path, the packet or the IP version.
/// Displays as `syn:*:ittl:olen:*:window,scale:olayout:quirks:*`, p0f's notation with `*` for what is left out.
///
/// Left out are the IP version, so that a client is one over both; the distance; the MSS; the payload, which Fast Open sends
/// only to servers it knows; and the quirks `df`, `id+`, `id-`, `ecn`, `0+`, `flow`, which a path may change, a system tries
/// now and then, or one IP version has not. The window is written as the [`WindowRule`] behind it.
#[derive(Clone, Copy, Debug)]
pub struct TcpPart<'a>(pub &'a Syn);

impl Written for TcpPart<'_> {
    fn write<S: Sink>(&self, out: &mut S) -> Result<(), S::Error> {
        let signature = Signature(self.0);
        out.put(b"syn:*:")?;
        put_number(out, signature.initial_ttl().initial)?;
        out.put(b":")?;
        put_number(out, self.0.ip.options_length)?;
        out.put(b":*:")?;
        WindowRule::of(self.0).write(out)?;
        out.put(b",")?;
        put_number(out, self.0.tcp.options.window_scale().unwrap_or(0))?;
        out.put(b":")?;
        signature.layout().write(out)?;
        out.put(b":")?;
        put_quirks(out, signature.quirks().filter(|quirk| quirk.is_of_stack()))?;
        out.put(b":*")
    }
}

displayed!(TcpPart<'_>, WindowRule);

/// The rule by which a stack chose its window, as far as one SYN shows it.
///
/// Neither the number nor `mss*n` is stable across paths: Linux since 4.20 offers as many whole segments as fit in 64 KiB, 44
/// on Ethernet, 48 behind an MTU of 1400, 7 with jumbo frames; older ones always offered 10 or 20. A router that lowers the
/// MSS on the way (PPPoE) leaves the window as it was, so that it divides by Ethernet's MSS and not by the one it came with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowRule {
    /// As many segments as the field holds. Displays as `fill`.
    Fill,
    /// A set number of segments, with room for more. Displays as `mss*n`.
    Segments(u16),
    /// A set number of frames. Displays as `mtu*n`.
    Frames(u16),
    /// A set number of bytes. Displays as the number.
    Number(u16),
}

impl WindowRule {
    /// The rule behind the window of `syn`.
    pub fn of(syn: &Syn) -> Self {
        let window = syn.tcp.window;
        // The most that a SYN can offer is a choice of its own, whatever divides it.
        if window == u16::MAX {
            return Self::Number(window);
        }
        let number = match Window::of(syn) {
            Window::MssTimes(n) => return Self::segments(n, window),
            Window::MtuTimes(n) => Self::Frames(n),
            Window::Number(_) => Self::Number(window),
        };
        // Before frames: an MSS lowered to 1420 makes Ethernet's 1460 with its headers, over IPv6 one of 1380.
        let ethernet = 1_500 - least_headers(syn.ip.version);
        let lowered = meaningful_mss(syn).is_some_and(|mss| mss < ethernet);
        match times(window, ethernet) {
            Some(n) if lowered => Self::segments(n, window),
            _ => number,
        }
    }

    /// The rule behind `n` segments that make up `window`: whether one more would not fit in the field.
    fn segments(n: u16, window: u16) -> Self {
        let times = u32::from(n);
        if u32::from(window) * (times + 1) > u32::from(u16::MAX) * times {
            Self::Fill
        } else {
            Self::Segments(n)
        }
    }
}

impl Written for WindowRule {
    fn write<S: Sink>(&self, out: &mut S) -> Result<(), S::Error> {
        match *self {
            Self::Fill => out.put(b"fill"),
            Self::Segments(n) => Window::MssTimes(n).write(out),
            Self::Frames(n) => Window::MtuTimes(n).write(out),
            Self::Number(n) => Window::Number(n).write(out),
        }
    }
}
