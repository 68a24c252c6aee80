//! The texts of rules: exact, or with wildcards. `*` is any run of characters, `?` is one, and `\` takes the meaning from what is
//! behind it.

use core::fmt::{self, Display, Write};
use core::str::Chars;

/// A text that a rule asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextPattern {
    /// This very text.
    Exact(Box<str>),
    /// A text with wildcards.
    Glob(Glob),
}

/// A text with wildcards in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob(Box<[Token]>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Char(char),
    One,
    Run,
}

/// Why a text is no pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatternError {
    /// It is empty: no evidence is.
    Empty,
    /// It is over [`TextPattern::MAX`].
    TooLong,
    /// It ends with a `\` that has nothing behind it.
    OpenEscape,
}

impl TextPattern {
    /// The longest pattern, in bytes. The longest fingerprints, of HTTP/2, are far below that. Matching takes at most as many
    /// steps as pattern and text have characters, multiplied.
    pub const MAX: usize = 1_024;

    /// Reads a pattern.
    ///
    /// # Errors
    /// See [`PatternError`].
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        if text.is_empty() {
            return Err(PatternError::Empty);
        }
        if text.len() > Self::MAX {
            return Err(PatternError::TooLong);
        }
        let mut tokens = Vec::new();
        let mut chars = text.chars();
        while let Some(char) = chars.next() {
            tokens.push(match char {
                '*' if tokens.last() == Some(&Token::Run) => continue,
                '*' => Token::Run,
                '?' => Token::One,
                '\\' => Token::Char(chars.next().ok_or(PatternError::OpenEscape)?),
                char => Token::Char(char),
            });
        }
        let exact: Option<String> = tokens.iter().map(|token| token.char()).collect();
        Ok(exact.map_or_else(|| Self::Glob(Glob(tokens.into())), |text| Self::Exact(text.into())))
    }

    /// The same in lower case, for fields that have no case.
    #[must_use]
    pub fn in_lower_case(self) -> Self {
        match self {
            Self::Exact(text) => Self::Exact(text.to_ascii_lowercase().into()),
            Self::Glob(Glob(mut tokens)) => {
                for token in &mut tokens {
                    if let Token::Char(char) = token {
                        char.make_ascii_lowercase();
                    }
                }
                Self::Glob(Glob(tokens))
            }
        }
    }
}

/// As it is written, in quotes: what is not a wildcard has a `\` in front where it would be one.
impl Display for TextPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        match self {
            Self::Exact(text) => text.chars().try_for_each(|char| Token::Char(char).fmt(f))?,
            Self::Glob(Glob(tokens)) => tokens.iter().try_for_each(|token| token.fmt(f))?,
        }
        f.write_char('"')
    }
}

impl Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Char(char @ ('*' | '?' | '\\')) => write!(f, "\\{char}"),
            Self::Char(char) => f.write_char(*char),
            Self::One => f.write_char('?'),
            Self::Run => f.write_char('*'),
        }
    }
}

impl Glob {
    /// Whether the whole of `text` is of this form.
    pub fn matches(&self, text: &str) -> bool {
        let (mut tokens, mut chars) = (&*self.0, text.chars());
        // Where to go on when what follows the last run does not fit: that run takes one more.
        let mut retry: Option<(&[Token], Chars<'_>)> = None;
        loop {
            match tokens.split_first() {
                None if chars.as_str().is_empty() => return true,
                None => {}
                Some((Token::Run, [])) => return true,
                Some((Token::Run, rest)) => {
                    retry = Some((rest, chars.clone()));
                    tokens = rest;
                    continue;
                }
                Some((token, rest)) => {
                    let mut ahead = chars.clone();
                    if ahead.next().is_some_and(|char| token.takes(char)) {
                        (tokens, chars) = (rest, ahead);
                        continue;
                    }
                }
            }
            let Some((rest, from)) = &mut retry else { return false };
            if from.next().is_none() {
                return false;
            }
            (tokens, chars) = (rest, from.clone());
        }
    }

    /// Its runs of characters without a wildcard: whatever matches contains each. None when there are only wildcards.
    pub fn literals(&self) -> impl Iterator<Item = String> {
        let runs = self
            .0
            .split(|token| token.char().is_none())
            .filter(|run| !run.is_empty());
        runs.map(|run| run.iter().filter_map(|token| token.char()).collect())
    }
}

impl Token {
    const fn char(self) -> Option<char> {
        match self {
            Self::Char(char) => Some(char),
            Self::One | Self::Run => None,
        }
    }

    fn takes(self, given: char) -> bool {
        match self {
            Self::Char(char) => char == given,
            Self::One => true,
            Self::Run => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matches(pattern: &str, text: &str) -> bool {
        match TextPattern::parse(pattern).unwrap() {
            TextPattern::Exact(exact) => *exact == *text,
            TextPattern::Glob(glob) => glob.matches(text),
        }
    }

    /// The same by its definition.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match (pattern, text) {
            ([], []) => true,
            (['*', rest @ ..], _) => (0..=text.len()).any(|n| naive(rest, &text[n..])),
            (['?', rest @ ..], [_, text @ ..]) => naive(rest, text),
            ([one, rest @ ..], [other, text @ ..]) => one == other && naive(rest, text),
            _ => false,
        }
    }

    #[test]
    fn wildcards_stand_for_parts_of_a_fingerprint() {
        let ja4 = "t13d1516h2_8daaf6152771_e5627efa2ab1";
        for pattern in [
            ja4,
            "t13d*",
            "*_8daaf6152771_*",
            "t13d????h2_*_e5627efa2ab1",
            "*",
            "t*t*",
            "**1",
        ] {
            let expected = pattern != "t*t*";
            assert_eq!(matches(pattern, ja4), expected, "{pattern}");
        }
        assert!(!matches("T13D*", ja4));
        assert!(!matches("t13d", ja4));
        assert!(matches("caf?", "caf\u{e9}"));
    }

    #[test]
    fn an_escape_takes_the_meaning_away() {
        assert!(matches(r"\*:64:\?", "*:64:?"));
        assert!(!matches(r"\*:64", "x:64"));
        assert!(matches(r"\**", "*x"));
        assert!(matches(r"a\\b", r"a\b"));
        assert!(matches!(TextPattern::parse(r"\*\?"), Ok(TextPattern::Exact(text)) if &*text == "*?"));
        assert_eq!(TextPattern::parse(r"a\"), Err(PatternError::OpenEscape));
        assert_eq!(TextPattern::parse(""), Err(PatternError::Empty));
        assert_eq!(TextPattern::parse(&"a".repeat(1_025)), Err(PatternError::TooLong));
    }

    #[test]
    fn its_literals_are_what_every_match_contains() {
        let literals = |pattern: &str| match TextPattern::parse(pattern).unwrap() {
            TextPattern::Glob(glob) => glob.literals().collect::<Vec<_>>(),
            TextPattern::Exact(_) => panic!("{pattern} has no wildcard"),
        };
        assert_eq!(literals("a*bcd?ef"), ["a", "bcd", "ef"]);
        assert_eq!(literals(r"*\*x*"), ["*x"]);
        assert!(literals("*?").is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_match_is_what_the_definition_says(pattern in "[ab*?]{1,8}", text in "[ab\u{e9}]{0,10}") {
            let (of_pattern, of_text): (Vec<_>, Vec<_>) = (pattern.chars().collect(), text.chars().collect());
            prop_assert_eq!(matches(&pattern, &text), naive(&of_pattern, &of_text));
        }
    }
}
