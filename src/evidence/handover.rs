//! An opening as text, for filter state: the way from the connection role to the request role when they run in two VMs.
//!
//! One line, fields parted by `;`, lists by `,`, numbers decimal. It is ours on both ends, and read as strictly as if it were
//! not: a line that does not come out whole gives no opening.
//!
//! ```text
//! h2;SETTINGS;WINDOW_UPDATE;FURTHER;PRIORITIES;STREAM:FLAGS;PRIORITY
//!     settings id:value, further window updates stream:increment, priorities stream:exclusive:depends_on:weight
//! h1;VERSION;METHOD;TARGET;QUIRKS;NAMES
//! missing;REASON
//! ```

use super::{Evidence, Reason};
use crate::wire::http1::{self, Head, HeaderNames, Quirks, TargetForm, Version};
use crate::wire::http2::{self, FirstHeaders, Priority, Setting, WindowUpdate};
use crate::wire::opening::Opening;
use core::fmt::{self, Write};

/// Writes `opening` as one line.
pub fn encode(opening: &Evidence<Opening>) -> String {
    let mut line = String::with_capacity(128);
    // Writing to a String cannot fail.
    let _ = match opening {
        Evidence::Seen(Opening::Http2(opening)) => encode_http2(&mut line, opening),
        Evidence::Seen(Opening::Http1(head)) => encode_http1(&mut line, head),
        // No request comes out of a connection that the proxy does not open: there is no one to hand it to.
        Evidence::Seen(Opening::Tls(_)) => write!(line, "missing;{}", Reason::OtherProtocol.as_str()),
        Evidence::Pending | Evidence::Missing(_) => write!(line, "missing;{}", opening.state()),
    };
    line
}

/// Reads what [`encode`] wrote; anything else is malformed.
pub fn decode(line: &[u8]) -> Evidence<Opening> {
    let opening = str::from_utf8(line).ok().and_then(|line| {
        let (kind, rest) = line.split_once(';')?;
        match kind {
            "h2" => decode_http2(rest)
                .filter(http2::Opening::could_be_sent)
                .map(|opening| Evidence::Seen(Opening::Http2(opening))),
            "h1" => decode_http1(rest).map(Opening::Http1).map(Evidence::Seen),
            "missing" if rest == Evidence::<()>::Pending.state() => Some(Evidence::Pending),
            "missing" => Reason::parse(rest).map(Evidence::Missing),
            _ => None,
        }
    });
    // Numbers have one spelling: `+7` and `007` are not ours.
    let ours = opening.filter(|opening| encode(opening).as_bytes() == line);
    ours.unwrap_or(Evidence::Missing(Reason::Malformed))
}

fn encode_http2(line: &mut String, opening: &http2::Opening) -> fmt::Result {
    line.write_str("h2;")?;
    for (n, setting) in opening.settings.iter().enumerate() {
        write!(line, "{}{}:{}", comma(n), setting.id, setting.value)?;
    }
    line.write_str(";")?;
    if let Some(increment) = opening.window_update {
        write!(line, "{increment}")?;
    }
    line.write_str(";")?;
    for (n, window) in opening.further_windows.iter().enumerate() {
        write!(line, "{}{}:{}", comma(n), window.stream, window.increment)?;
    }
    line.write_str(";")?;
    for (n, priority) in opening.priorities.iter().enumerate() {
        line.write_str(comma(n))?;
        encode_priority(line, priority)?;
    }
    write!(line, ";{}:{};", opening.headers.stream, opening.headers.flags)?;
    opening
        .headers
        .priority
        .iter()
        .try_for_each(|priority| encode_priority(line, priority))
}

fn encode_priority(line: &mut String, p: &Priority) -> fmt::Result {
    write!(
        line,
        "{}:{}:{}:{}",
        p.stream,
        u8::from(p.exclusive),
        p.depends_on,
        p.weight
    )
}

const fn comma(n: usize) -> &'static str {
    if n == 0 { "" } else { "," }
}

fn decode_http2(line: &str) -> Option<http2::Opening> {
    let [settings, window_update, further, priorities, headers, priority] = fields(line, ';')?;
    let [stream, flags] = fields(headers, ':')?;
    Some(http2::Opening {
        settings: list(settings, |setting| {
            let [id, value] = fields(setting, ':')?;
            Some(Setting {
                id: id.parse().ok()?,
                value: value.parse().ok()?,
            })
        })?,
        window_update: optional(window_update, |increment| increment.parse().ok())?,
        further_windows: list(further, |window| {
            let [stream, increment] = fields(window, ':')?;
            Some(WindowUpdate {
                stream: stream.parse().ok()?,
                increment: increment.parse().ok()?,
            })
        })?,
        priorities: list(priorities, decode_priority)?,
        headers: FirstHeaders {
            stream: stream.parse().ok()?,
            flags: flags.parse().ok()?,
            priority: optional(priority, decode_priority)?,
        },
    })
}

fn decode_priority(text: &str) -> Option<Priority> {
    let [stream, exclusive, depends_on, weight] = fields(text, ':')?;
    let exclusive = match exclusive {
        "0" => false,
        "1" => true,
        _ => return None,
    };
    Some(Priority {
        stream: stream.parse().ok()?,
        exclusive,
        depends_on: depends_on.parse().ok()?,
        weight: weight.parse().ok()?,
    })
}

const VERSIONS: [(Version, &str); 2] = [(Version::Http10, "1.0"), (Version::Http11, "1.1")];
const TARGETS: [(TargetForm, &str); 4] = [
    (TargetForm::Origin, "origin"),
    (TargetForm::Absolute, "absolute"),
    (TargetForm::Authority, "authority"),
    (TargetForm::Asterisk, "asterisk"),
];

fn encode_http1(line: &mut String, head: &Head) -> fmt::Result {
    let version = VERSIONS
        .iter()
        .find(|(version, _)| *version == head.version)
        .map_or("", |(_, name)| name);
    let target = TARGETS
        .iter()
        .find(|(target, _)| *target == head.target)
        .map_or("", |(_, name)| name);
    write!(
        line,
        "h1;{version};{};{target};{};{}",
        head.method,
        head.quirks.bits(),
        head.names.as_str()
    )
}

fn decode_http1(line: &str) -> Option<Head> {
    let [version, method, target, quirks, names] = fields(line, ';')?;
    Some(Head {
        version: VERSIONS.iter().find(|(_, name)| *name == version)?.0,
        method: http1::method(method.as_bytes())?.into(),
        target: TARGETS.iter().find(|(_, name)| *name == target)?.0,
        quirks: Quirks::from_bits(quirks.parse().ok()?)?,
        names: HeaderNames::parse(names)?,
    })
}

/// `text` in exactly `N` fields.
fn fields<const N: usize>(text: &str, separator: char) -> Option<[&str; N]> {
    let parts: Vec<_> = text.split(separator).collect();
    parts.try_into().ok()
}

fn list<T, L: Default + FromIterator<T>>(text: &str, item: impl Fn(&str) -> Option<T>) -> Option<L> {
    if text.is_empty() {
        Some(L::default())
    } else {
        text.split(',').map(item).collect()
    }
}

fn optional<T>(text: &str, item: impl Fn(&str) -> Option<T>) -> Option<Option<T>> {
    if text.is_empty() {
        Some(None)
    } else {
        item(text).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Progress;
    use crate::wire::opening::{MAX_OPENING, Parser};

    fn opening(bytes: &[u8]) -> Evidence<Opening> {
        match Parser::new(MAX_OPENING).feed(bytes) {
            Progress::Done(opening) => Evidence::Seen(opening),
            other => panic!("{other:?}"),
        }
    }

    fn samples() -> Vec<Evidence<Opening>> {
        let mut http2 = http2::PREFACE.to_vec();
        http2.extend([0, 0, 12, 4, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0x1a, 0x1a, 0, 0, 0, 7]);
        http2.extend([0, 0, 4, 8, 0, 0, 0, 0, 0, 0, 0xef, 0, 1]);
        http2.extend([0, 0, 4, 8, 0, 0, 0, 0, 3, 0, 0, 0, 9]);
        http2.extend([0, 0, 5, 2, 0, 0, 0, 0, 3, 0x80, 0, 0, 0, 200]);
        let mut plain = http2::PREFACE.to_vec();
        plain.extend([0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1, 1, 5, 0, 0, 0, 1]);
        http2.extend([0, 0, 6, 1, 0x25, 0, 0, 0, 1, 0x80, 0, 0, 0, 0xff, 0x82]);
        let mut all: Vec<_> = Reason::ALL.into_iter().map(Evidence::Missing).collect();
        all.extend([
            Evidence::Pending,
            opening(&http2),
            opening(&plain),
            opening(b"\nM-SEARCH * HTTP/1.0\nA:1\nb-C:  2 \n\n"),
            opening(b"GET / HTTP/1.1\r\n\r\n"),
        ]);
        all
    }

    #[test]
    fn what_was_written_is_read_back_whole() {
        for evidence in samples() {
            let line = encode(&evidence);
            assert_eq!(decode(line.as_bytes()), evidence, "{line}");
        }
    }

    #[test]
    fn a_line_that_is_cut_never_gives_another_opening() {
        for evidence in samples() {
            let line = encode(&evidence);
            let fields = line.matches(';').count();
            for n in 0..line.len() {
                let cut = &line[..n];
                if cut.matches(';').count() < fields {
                    assert_eq!(decode(cut.as_bytes()), Evidence::Missing(Reason::Malformed), "{cut}");
                }
            }
        }
        for wrong in [
            "",
            "h3;",
            "h2;1:x;;;;1:4;",
            "h2;;;1;;1:4;",
            "h2;;;;;1:400;",
            "h2;+1:2;;;;1:4;",
            "h2;1:02;;;;1:4;",
            "h1;1.1;GET;origin;255;",
            "h1;1.1;GET;origin;00;",
            "h1;1.1;G\nT;origin;0;",
            "h1;1.1;;origin;0;",
            "h1;1.1;GET;origin;0;a b",
        ] {
            assert_eq!(
                decode(wrong.as_bytes()),
                Evidence::Missing(Reason::Malformed),
                "{wrong}"
            );
        }
        assert_eq!(decode(&[0xff]), Evidence::Missing(Reason::Malformed));
    }

    #[test]
    fn an_opening_that_no_client_could_have_sent_is_none() {
        let endless = format!("h2;1:1{};;;;1:4;", ",1:1".repeat(http2::MAX_SETTINGS));
        for wrong in [
            "h2;;0;;;1:4;",
            "h2;;2147483648;;;1:4;",
            "h2;;;0:1;;1:4;",
            "h2;;1;3:0;;1:4;",
            "h2;;1;2147483648:1;;1:4;",
            "h2;;;;0:0:0:1;1:4;",
            "h2;;;;3:0:2147483648:1;1:4;",
            "h2;;;;3:0:0:0;1:4;",
            "h2;;;;3:0:0:257;1:4;",
            "h2;;;;;2:4;",
            "h2;;;;;1:36;",
            "h2;;;;;1:4;1:0:0:16",
            "h2;;;;;1:36;3:0:0:16",
            endless.as_str(),
        ] {
            assert_eq!(
                decode(wrong.as_bytes()),
                Evidence::Missing(Reason::Malformed),
                "{wrong}"
            );
        }
        assert!(decode(b"h2;;1;0:2,3:4;3:0:0:256;1:36;1:0:0:16").seen().is_some());
    }
}
