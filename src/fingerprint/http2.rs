//! The HTTP/2 fingerprint in the Akamai form (Black Hat EU 2017): `SETTINGS|WINDOW_UPDATE|PRIORITY|PSEUDO`.
//!
//! Two implementations of HTTP/2 rarely open a connection alike, and the order of pseudo-headers differs between browsers.
//! The first three parts come from the connection's opening, the last from its first request; all are frozen there.

use super::ascii::Ascii;
use super::text::{Sink, gathered, hex_digest, put_list, put_number};
use crate::wire::http2::{Opening, Priority};
use crate::wire::is_grease;
use core::fmt;
use md5::Md5;

/// The order of a request's pseudo-headers, as their first letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PseudoOrder {
    letters: [u8; Self::MAX],
    count: usize,
}

impl PseudoOrder {
    /// Requests have four or five pseudo-headers (RFC 9113, 8.3.1; RFC 8441); Envoy lets no unknown one through.
    pub const MAX: usize = 8;

    /// The order of those of `names` that come first and begin with a colon; none when there are none, too many, or one
    /// that begins with no letter: the text goes into headers.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut order = Self {
            letters: [0; Self::MAX],
            count: 0,
        };
        for name in names {
            let Some(letter) = name.strip_prefix(':').and_then(|rest| rest.bytes().next()) else {
                break;
            };
            let letter = letter.to_ascii_lowercase();
            *order.letters.get_mut(order.count)? = Some(letter).filter(u8::is_ascii_lowercase)?;
            order.count += 1;
        }
        (order.count > 0).then_some(order)
    }

    /// The order from its text, `m,a,s,p`; none when it is no such text.
    pub fn parse(text: &str) -> Option<Self> {
        let mut order = Self {
            letters: [0; Self::MAX],
            count: 0,
        };
        for part in text.split(',') {
            let [letter @ b'a'..=b'z'] = part.as_bytes() else {
                return None;
            };
            *order.letters.get_mut(order.count)? = *letter;
            order.count += 1;
        }
        Some(order)
    }
}

impl PseudoOrder {
    fn write<S: Sink>(&self, out: &mut S) -> Result<(), S::Error> {
        let letters = self.letters.iter().take(self.count);
        put_list(out, b',', letters, |out, letter| out.put(&[*letter]))
    }
}

impl fmt::Display for PseudoOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        gathered(f, |out| self.write(out))
    }
}

/// The fingerprint of one connection. Displays as the Akamai form.
#[derive(Clone, Copy, Debug)]
pub struct Fingerprint<'a> {
    /// What the connection opened with.
    pub opening: &'a Opening,
    /// The pseudo-header order of its first request.
    pub pseudo: PseudoOrder,
}

impl Fingerprint<'_> {
    /// The MD5 of the form, as fingerprint databases list it.
    pub fn md5(&self) -> Ascii<32> {
        hex_digest::<Md5, 32>(|out| self.write(out))
    }

    fn write<S: Sink>(&self, out: &mut S) -> Result<(), S::Error> {
        let settings = self.opening.settings.iter().filter(|setting| !is_grease(setting.id));
        put_list(out, b';', settings, |out, setting| {
            put_number(out, setting.id)?;
            out.put(b":")?;
            put_number(out, setting.value)
        })?;
        out.put(b"|")?;
        match self.opening.window_update {
            Some(increment) => put_number(out, increment)?,
            None => out.put(b"00")?,
        }
        out.put(b"|")?;
        if self.opening.priorities.is_empty() {
            out.put(b"0")?;
        }
        put_list(out, b',', &self.opening.priorities, put_priority)?;
        out.put(b"|")?;
        self.pseudo.write(out)
    }
}

/// Our own extended form, `FORM|HEADERS|WINDOWS|GREASE`: behind the Akamai form what it leaves out. Displays as that text.
///
/// - `HEADERS`: the first stream, and the priority fields of its HEADERS frame if there are any:
///   `stream` or `stream:exclusive:depends_on:weight`. The Akamai form knows PRIORITY frames alone, which browsers no longer send.
/// - `WINDOWS`: the WINDOW_UPDATE frames besides the connection's first, `stream:increment` joined by `,`; `0` if none.
/// - `GREASE`: how many SETTINGS entries are GREASE (RFC 8701 leaves their number to the client).
#[derive(Clone, Copy, Debug)]
pub struct Extended<'a>(pub Fingerprint<'a>);

impl Extended<'_> {
    fn write<S: Sink>(&self, out: &mut S) -> Result<(), S::Error> {
        let opening = self.0.opening;
        self.0.write(out)?;
        out.put(b"|")?;
        match &opening.headers.priority {
            Some(priority) => put_priority(out, priority)?,
            None => put_number(out, opening.headers.stream)?,
        }
        out.put(if opening.further_windows.is_empty() {
            b"|0"
        } else {
            b"|"
        })?;
        put_list(out, b',', &opening.further_windows, |out, window| {
            put_number(out, window.stream)?;
            out.put(b":")?;
            put_number(out, window.increment)
        })?;
        let grease = opening.settings.iter().filter(|setting| is_grease(setting.id));
        out.put(b"|")?;
        // There are at most as many as are kept, 64.
        put_number(out, u32::try_from(grease.count()).unwrap_or(u32::MAX))
    }
}

fn put_priority<S: Sink>(out: &mut S, p: &Priority) -> Result<(), S::Error> {
    put_number(out, p.stream)?;
    out.put(if p.exclusive { b":1:" } else { b":0:" })?;
    put_number(out, p.depends_on)?;
    out.put(b":")?;
    put_number(out, p.weight)
}

impl fmt::Display for Extended<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        gathered(f, |out| self.write(out))
    }
}

impl fmt::Display for Fingerprint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        gathered(f, |out| self.write(out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::http2::{FirstHeaders, Priorities, Setting, WindowUpdate};

    fn opening(settings: &[(u16, u32)], window_update: Option<u32>) -> Opening {
        Opening {
            settings: settings
                .iter()
                .map(|(id, value)| Setting { id: *id, value: *value })
                .collect(),
            window_update,
            further_windows: Vec::new(),
            priorities: Priorities::new(),
            headers: FirstHeaders {
                stream: 1,
                flags: 4,
                priority: None,
            },
        }
    }

    fn pseudo(text: &str) -> PseudoOrder {
        PseudoOrder::parse(text).unwrap()
    }

    #[test]
    fn chromes_form_and_its_md5_are_those_that_databases_list() {
        let opening = opening(&[(1, 65_536), (2, 0), (4, 6_291_456), (6, 262_144)], Some(15_663_105));
        let chrome = Fingerprint {
            opening: &opening,
            pseudo: pseudo("m,a,s,p"),
        };
        assert_eq!(chrome.to_string(), "1:65536;2:0;4:6291456;6:262144|15663105|0|m,a,s,p");
        assert_eq!(chrome.md5().as_str(), "52d84b11737d980aef856699f885ca86");
    }

    #[test]
    fn grease_settings_are_left_out_and_unknown_ones_stay() {
        let opening = opening(&[(0x1a1a, 7), (9, 1), (0xffff, 2)], None);
        let form = Fingerprint {
            opening: &opening,
            pseudo: pseudo("m,s,a,p"),
        }
        .to_string();
        assert_eq!(form, "9:1;65535:2|00|0|m,s,a,p");
    }

    #[test]
    fn priority_frames_are_written_with_the_weight_plus_one() {
        let mut opening = opening(&[], Some(1));
        opening.priorities = Priorities::from_vec(vec![
            Priority {
                stream: 3,
                exclusive: false,
                depends_on: 0,
                weight: 201,
            },
            Priority {
                stream: 5,
                exclusive: true,
                depends_on: 3,
                weight: 1,
            },
        ]);
        let form = Fingerprint {
            opening: &opening,
            pseudo: pseudo("m"),
        }
        .to_string();
        assert_eq!(form, "|1|3:0:0:201,5:1:3:1|m");
    }

    #[test]
    fn the_extended_form_shows_what_the_akamai_form_leaves_out() {
        let mut opening = opening(&[(1, 65_536), (0x3a3a, 9)], Some(15_663_105));
        let form = |opening: &Opening| {
            let pseudo = pseudo("m,a,s,p");
            Extended(Fingerprint { opening, pseudo }).to_string()
        };
        assert_eq!(form(&opening), "1:65536|15663105|0|m,a,s,p|1|0|1");
        opening.headers.priority = Some(Priority {
            stream: 1,
            exclusive: true,
            depends_on: 0,
            weight: 256,
        });
        opening.further_windows = [(0, 5), (1, 7)]
            .map(|(stream, increment)| WindowUpdate { stream, increment })
            .to_vec();
        assert_eq!(form(&opening), "1:65536|15663105|0|m,a,s,p|1:1:0:256|0:5,1:7|1");
    }

    #[test]
    fn the_pseudo_order_ends_at_the_first_header() {
        let order = |names: &[&str]| PseudoOrder::of(names.iter().copied()).map(|order| order.to_string());
        assert_eq!(
            order(&[":method", ":path", ":authority", ":scheme", "a"]).as_deref(),
            Some("m,p,a,s")
        );
        assert_eq!(order(&["a", ":method"]), None);
        assert_eq!(order(&[]), None);
        assert_eq!(order(&[":a"; 9]), None);
        for name in [":\n", ":,", ":1", ":\u{e9}"] {
            assert_eq!(order(&[":method", name]), None, "{name:?}");
        }
        assert_eq!(PseudoOrder::parse("m,,p"), None);
        assert_eq!(PseudoOrder::parse("m,\u{e9}"), None);
    }
}
