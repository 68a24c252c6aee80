//! The lines of a file that may be longer than memory, one after another, in one buffer.

use std::io::{self, BufRead, Read};

/// The longest line that is read. The filter's object has some kilobytes; what is longer is no access log's line.
pub const MAX_LINE: usize = 1 << 20;

/// A line without its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RawLine<'a> {
    /// All of it.
    Whole(&'a [u8]),
    /// It is longer than [`MAX_LINE`], and was passed over.
    TooLong,
}

/// The lines of a reader, with their numbers from 1 on. Empty ones are counted, and not given.
#[derive(Debug)]
pub struct Lines<R> {
    reader: R,
    buffer: Vec<u8>,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    /// The lines of `reader`.
    pub fn new(reader: R) -> Self {
        Self {
            reader,
            buffer: Vec::new(),
            number: 0,
        }
    }

    /// The number of the last line that was read, empty or not.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// The next line that is not empty, with its number; none at the end.
    ///
    /// # Errors
    /// The reader's.
    pub fn next_line(&mut self) -> io::Result<Option<(u64, RawLine<'_>)>> {
        loop {
            self.buffer.clear();
            // One byte more than may be, and the line's end.
            let limit = u64::try_from(MAX_LINE).unwrap_or(u64::MAX).saturating_add(2);
            if self.reader.by_ref().take(limit).read_until(b'\n', &mut self.buffer)? == 0 {
                return Ok(None);
            }
            self.number += 1;
            let is_ended = self.buffer.ends_with(b"\n");
            let line = self.buffer.trim_ascii().len();
            if line > MAX_LINE {
                if !is_ended {
                    self.reader.skip_until(b'\n')?;
                }
                return Ok(Some((self.number, RawLine::TooLong)));
            }
            if line > 0 {
                break;
            }
        }
        Ok(Some((self.number, RawLine::Whole(self.buffer.trim_ascii()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Vec<(u64, String)> {
        let mut lines = Lines::new(text);
        let mut all = Vec::new();
        while let Some((number, line)) = lines.next_line().unwrap() {
            let line = match line {
                RawLine::Whole(line) => String::from_utf8_lossy(line).into_owned(),
                RawLine::TooLong => "too long".to_owned(),
            };
            all.push((number, line));
        }
        all
    }

    #[test]
    fn lines_have_their_numbers_whatever_ends_them() {
        let expected = [(1, "a".to_owned()), (4, "b".to_owned()), (5, "c".to_owned())];
        assert_eq!(lines(b"a\r\n\n \t\nb\nc"), expected);
        assert_eq!(lines(b""), []);
        assert_eq!(lines(b"\n\n"), []);
    }

    #[test]
    fn a_line_over_the_bound_is_passed_over_and_the_next_is_whole() {
        for over in [1, 2, 3, 100_000] {
            let text = [&b"x".repeat(MAX_LINE + over)[..], b"\nb\n"].concat();
            assert_eq!(
                lines(&text),
                [(1, "too long".to_owned()), (2, "b".to_owned())],
                "{over}"
            );
        }
        let longest = [&b"x".repeat(MAX_LINE)[..], b"\nb"].concat();
        assert_eq!(lines(&longest)[0].1.len(), MAX_LINE);
        assert_eq!(lines(&longest)[1], (2, "b".to_owned()));
    }
}
