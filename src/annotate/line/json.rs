//! Writes a log line: one JSON object in which a piece of evidence is either a member, or a member of `missing` with its reason.

use crate::clients::stacks::Confidence;
use crate::evidence::Evidence;
use core::fmt::{self, Display, Write};

/// Members of lines, written once for many of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    text: Box<str>,
    missing: Box<str>,
}

impl Part {
    /// The members that `write` writes.
    pub(super) fn of(write: impl FnOnce(&mut Line) -> fmt::Result) -> Self {
        let mut line = Line {
            text: String::with_capacity(1_024),
            missing: String::new(),
        };
        // Writing to a String cannot fail.
        let _ = write(&mut line);
        Self {
            text: line.text.into(),
            missing: line.missing.into(),
        }
    }

    /// How many bytes it keeps.
    pub const fn bytes(&self) -> usize {
        self.text.len().saturating_add(self.missing.len())
    }
}

/// A line that is being written.
pub(super) struct Line {
    text: String,
    missing: String,
}

impl Line {
    /// A line that begins with its version, written where `text` was.
    pub(super) fn new(version: u8, mut text: String) -> Self {
        text.clear();
        text.reserve(2_560);
        text.push_str("{\"v\":");
        text.push_str(itoa::Buffer::new().format(version));
        Self {
            text,
            missing: String::new(),
        }
    }

    /// A member whose value is text.
    pub(super) fn text(&mut self, name: &str, value: &impl Display) -> fmt::Result {
        self.name(name);
        string(&mut self.text, value)
    }

    /// A member whose value is text that is at hand.
    pub(super) fn plain(&mut self, name: &str, value: &str) {
        self.name(name);
        self.text.push('"');
        escape(&mut self.text, value);
        self.text.push('"');
    }

    /// A member whose value is a word of ours, in which nothing is to be escaped.
    pub(super) fn word(&mut self, name: &str, value: &str) {
        for piece in [",\"", name, "\":\"", value, "\""] {
            self.text.push_str(piece);
        }
    }

    /// A member whose value is a part of a whole, as a number.
    pub(super) fn part_of_one(&mut self, name: &str, value: Confidence) {
        self.name(name);
        self.text.extend(value.letters());
    }

    /// A member whose value is a whole number.
    pub(super) fn whole(&mut self, name: &str, value: u64) {
        self.name(name);
        self.text.push_str(itoa::Buffer::new().format(value));
    }

    /// A member whose value is a number, or a truth value.
    pub(super) fn number(&mut self, name: &str, value: &impl Display) -> fmt::Result {
        self.name(name);
        write!(self.text, "{value}")
    }

    /// A member whose value is a list.
    pub(super) fn list<T>(
        &mut self,
        name: &str,
        values: impl IntoIterator<Item = T>,
        item: impl Fn(&mut String, T) -> fmt::Result,
    ) -> fmt::Result {
        self.name(name);
        self.text.write_str("[")?;
        for (n, value) in values.into_iter().enumerate() {
            self.text.write_str(if n == 0 { "" } else { "," })?;
            item(&mut self.text, value)?;
        }
        self.text.write_str("]")
    }

    /// A member whose value is an object, of which `members` writes what is between the braces.
    pub(super) fn object(&mut self, name: &str, members: impl FnOnce(&mut String) -> fmt::Result) -> fmt::Result {
        self.name(name);
        self.text.write_str("{")?;
        members(&mut self.text)?;
        self.text.write_str("}")
    }

    /// Evidence as text, or the reason why there is none.
    pub(super) fn evidence(&mut self, name: &str, evidence: &Evidence<impl Display>) -> fmt::Result {
        match evidence {
            Evidence::Seen(value) => self.text(name, value),
            absent => self.absent(name, absent.state()),
        }
    }

    /// Evidence as a number, or the reason why there is none.
    pub(super) fn number_or_absent(&mut self, name: &str, evidence: &Evidence<impl Display>) -> fmt::Result {
        match evidence {
            Evidence::Seen(value) => self.number(name, value),
            absent => self.absent(name, absent.state()),
        }
    }

    /// A piece of evidence that is absent.
    pub(super) fn absent(&mut self, name: &str, state: &str) -> fmt::Result {
        let comma = if self.missing.is_empty() { "\"" } else { ",\"" };
        for piece in [comma, name, "\":\"", state, "\""] {
            self.missing.push_str(piece);
        }
        Ok(())
    }

    /// The whole line.
    pub(super) fn finish(self) -> String {
        self.finish_with([])
    }

    /// The whole line, with members that were written before.
    pub(super) fn finish_with<const N: usize>(self, parts: [&Part; N]) -> String {
        let Self { mut text, missing } = self;
        for part in parts {
            text.push_str(&part.text);
        }
        text.push_str(r#","missing":{"#);
        let missing = [&*missing].into_iter().chain(parts.map(|part| &*part.missing));
        let mut comma = "";
        for missing in missing.filter(|missing| !missing.is_empty()) {
            text.push_str(comma);
            text.push_str(missing);
            comma = ",";
        }
        text.push_str("}}");
        text
    }

    fn name(&mut self, name: &str) {
        for piece in [",\"", name, "\":"] {
            self.text.push_str(piece);
        }
    }
}

/// Whether a byte begins a character that is to be escaped, or one of which that is not known yet: all others stand for themselves.
const fn is_to_be_looked_at(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | ..0x20 | 0x7f..)
}

/// `value` as a JSON string (RFC 8259, 7).
pub(super) fn string(out: &mut String, value: &impl Display) -> fmt::Result {
    struct Escaped<'a>(&'a mut String);
    impl Write for Escaped<'_> {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            escape(self.0, text);
            Ok(())
        }
    }
    out.push('"');
    write!(Escaped(out), "{value}")?;
    out.push('"');
    Ok(())
}

/// What stands between the quotation marks for `text`.
fn escape(out: &mut String, text: &str) {
    let mut rest = text;
    // Nearly all of it is plain, and goes as it is.
    while let Some(at) = rest.bytes().position(is_to_be_looked_at) {
        let (plain, behind) = rest.split_at(at);
        out.push_str(plain);
        let mut letters = behind.chars();
        match letters.next() {
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some(letter) if letter.is_control() => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(letter));
            }
            Some(letter) => out.push(letter),
            None => {}
        }
        rest = letters.as_str();
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Reason;
    use serde_json::{Value, json};

    #[test]
    fn any_text_becomes_a_json_string_that_reads_back() {
        for text in ["", "a\"b\\c", "\u{1}\n\t\u{7f}\u{85}", "\u{e9}\u{1f600}", "</script>"] {
            let mut out = String::new();
            string(&mut out, &text).unwrap();
            assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }
    }

    #[test]
    fn a_line_is_json_in_which_absence_has_its_reason() {
        let mut line = Line::new(1, String::new());
        line.evidence("a", &Evidence::Seen("x")).unwrap();
        line.evidence("b", &Evidence::<&str>::Missing(Reason::Cleartext))
            .unwrap();
        line.evidence("c", &Evidence::<&str>::Pending).unwrap();
        line.number("d", &7).unwrap();
        line.list("e", [1, 2], |out, n| write!(out, "{n}")).unwrap();
        let read: Value = serde_json::from_str(&line.finish()).unwrap();
        let missing = json!({"b": "cleartext", "c": "pending"});
        assert_eq!(read, json!({"v": 1, "a": "x", "d": 7, "e": [1, 2], "missing": missing}));
    }
}
