//! Numbers, times and texts as people read them.

use super::super::sums::capped::cut;
use super::super::sums::networks::Number;
use layerprint_harness::numbers::float;
use time::OffsetDateTime;

/// The longest text of a client that is shown.
const MAX_SHOWN: usize = 300;

/// A number with its thousands apart.
pub(super) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && digits.len().saturating_sub(place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number of networks; a sign stands before an estimate.
pub(super) fn networks(networks: Number) -> String {
    match networks {
        Number::Exactly(count) => number(count.into()),
        Number::About(count) => format!("≈\u{a0}{}", number(count.into())),
    }
}

/// A part of a whole, 0 to 1.
pub(super) fn part(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { float(part) / float(whole) }
}

/// A share in percent, on one line: none is 0, all is 100, and what is little is not nothing.
pub(super) fn percent(share: u64, whole: u64) -> String {
    match part(share, whole) * 100.0 {
        0.0 => "0\u{a0}%".to_owned(),
        little if little < 0.1 => "<\u{a0}0.1\u{a0}%".to_owned(),
        nearly if nearly > 99.9 && nearly < 100.0 => ">\u{a0}99.9\u{a0}%".to_owned(),
        all if all >= 100.0 => "100\u{a0}%".to_owned(),
        some => format!("{some:.1}\u{a0}%"),
    }
}

/// A length in percent, for a plot.
pub(super) fn length(part: f64) -> String {
    format!("{:.3}%", part * 100.0)
}

/// A text that a client chose: cut, and without letters that would not be seen, or would turn those around them.
pub(super) fn foreign(text: &str) -> String {
    let shown = cut(text, MAX_SHOWN);
    let mut out: String = shown
        .chars()
        .map(|letter| {
            if is_plain(letter) {
                letter
            } else {
                char::REPLACEMENT_CHARACTER
            }
        })
        .collect();
    if shown.len() < text.len() {
        out.push('…');
    }
    out
}

/// Neither a control character nor one that sets the direction of text, or has no width.
fn is_plain(letter: char) -> bool {
    !letter.is_control()
        && !matches!(letter, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// How long something takes, in the largest unit that fits.
pub(super) fn span(seconds: i64) -> String {
    let units = [
        (604_800, "week"),
        (86_400, "day"),
        (3_600, "hour"),
        (60, "minute"),
        (1, "second"),
    ];
    let fits = |(unit, _): &&(i64, &str)| seconds % unit == 0;
    let (count, name) = units
        .iter()
        .find(fits)
        .map_or((seconds, "second"), |(unit, name)| (seconds / unit, *name));
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {name}{plural}")
}

/// Between which of these a time is written.
#[derive(Clone, Copy)]
pub(super) enum Precision {
    /// Day and time of day, to the second.
    Full,
    /// The day.
    Day,
    /// The day and the minute.
    Minute,
    /// The time of day.
    Time,
}

/// A time, of UTC.
pub(super) fn time(second: i64, precision: Precision) -> String {
    let Ok(when) = OffsetDateTime::from_unix_timestamp(second) else {
        return second.to_string();
    };
    let (year, month, day) = when.to_calendar_date();
    let (hour, minute, second) = when.to_hms();
    let month = u8::from(month);
    match precision {
        Precision::Full => format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"),
        Precision::Day => format!("{year}-{month:02}-{day:02}"),
        Precision::Minute => format!("{month:02}-{day:02} {hour:02}:{minute:02}"),
        Precision::Time => format!("{hour:02}:{minute:02}:{second:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_shares_neither_vanish_nor_are_whole_before_they_are() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(number),
            ["0", "999", "1,000", "1,234,567"]
        );
        let shares = [(0, 7), (1, 1_000_000), (1, 3), (999_999, 1_000_000), (7, 7), (0, 0)];
        let expected = ["0 %", "< 0.1 %", "33.3 %", "> 99.9 %", "100 %", "0 %"];
        assert_eq!(
            shares.map(|(share, whole)| percent(share, whole).replace('\u{a0}', " ")),
            expected
        );
    }

    #[test]
    fn what_a_client_wrote_is_cut_and_cannot_turn_the_text_around_it() {
        assert_eq!(foreign("a\u{202e}b\nc\u{200b}é"), "a\u{fffd}b\u{fffd}c\u{fffd}é");
        assert_eq!(foreign(&"é".repeat(500)), "é".repeat(150) + "…");
    }

    #[test]
    fn times_and_spans_are_written_out() {
        assert_eq!(time(1_795_535_730, Precision::Full), "2026-11-24 15:55:30");
        assert_eq!(time(1_795_535_730, Precision::Minute), "11-24 15:55");
        assert_eq!(time(i64::MAX, Precision::Day), i64::MAX.to_string());
        assert_eq!(
            [1, 300, 3_600, 604_800, 2_419_200].map(span),
            ["1 second", "5 minutes", "1 hour", "1 week", "4 weeks"]
        );
    }
}
