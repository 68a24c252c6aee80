//! The HTTP/2 fingerprint in the Akamai form (Black Hat EU 2017): `SETTINGS|WINDOW_UPDATE|PRIORITY|PSEUDO`.
//!
//! Two implementations of HTTP/2 rarely open a connection alike, and the order of pseudo-headers differs between browsers.
//! The first three parts come from the connection's opening, the last from its first request; all are frozen there.

use super::ascii::Ascii;
use super::text::{Sink, gathered, hex_digest, put_list, put_number};
use crate::wire::{http2::Opening, is_grease};
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

    /// The order of those of `names` that come first and begin with a colon; none when there are none, or too
    /// many, or one whose first character is no letter.
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
            if !letter.is_ascii_lowercase() {
                return None;
            }
            *order.letters.get_mut(order.count)? = letter;
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
        put_list(out, b',', &self.opening.priorities, |out, p| {
            put_number(out, p.stream)?;
            out.put(if p.exclusive { b":1:" } else { b":0:" })?;
            put_number(out, p.depends_on)?;
            out.put(b":")?;
            put_number(out, p.weight)
        })?;
        out.put(b"|")?;
        self.pseudo.write(out)
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
    use crate::wire::http2::{FirstHeaders, Priorities, Priority, Setting};

    fn opening(settings: &[(u16, u32)], window_update: Option<u32>) -> Opening {
        Opening {
            settings: settings
                .iter()
                .map(|(id, value)| Setting { id: *id, value: *value })
                .collect(),
            window_update,
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
    fn the_pseudo_order_ends_at_the_first_header() {
        let order = |names: &[&str]| PseudoOrder::of(names.iter().copied()).map(|order| order.to_string());
        assert_eq!(
            order(&[":method", ":path", ":authority", ":scheme", "a"]).as_deref(),
            Some("m,p,a,s")
        );
        assert_eq!(order(&["a", ":method"]), None);
        assert_eq!(order(&[]), None);
        assert_eq!(order(&[":a"; 9]), None);
        assert_eq!(order(&[":\u{e9}"]), None);
        assert_eq!(PseudoOrder::parse("m,,p"), None);
        assert_eq!(PseudoOrder::parse("m,\u{e9}"), None);
    }
}
