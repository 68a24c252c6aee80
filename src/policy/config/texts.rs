//! `challenge.texts`: the challenge's page in other languages, or in other words.
//!
//! ```json
//! {"de": {"title": "Einen Moment", "retry": "Nochmals versuchen"}, "pt-BR": {"title": "Um momento"}}
//! ```
//!
//! Each key is a language (RFC 5646). A text that is not there is that of the page's own in that language, and in English where it
//! has none. All are plain text: what looks like markup is shown as it stands.

use super::problem::{Problem, Refused};
use super::section::Section;

/// The texts of the page in one language, as far as the configuration has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Texts {
    /// The language (RFC 5646): `de`, `pt-BR`.
    pub language: Box<str>,
    /// Each at most once.
    pub words: Vec<(Word, Box<str>)>,
}

/// One text of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// The title, and the heading.
    Title,
    /// What the page is for.
    Intro,
    /// The work is being done.
    Checking,
    /// What the progress bar is of.
    Progress,
    /// It is done, and the page that was wanted is coming.
    Done,
    /// It is done, but what was sent has to be sent again.
    Sent,
    /// The link back to where it is sent again.
    Back,
    /// It failed.
    Failed,
    /// It failed too often.
    Busy,
    /// The button that begins again.
    Retry,
    /// Cookies are turned off.
    Cookies,
    /// JavaScript is turned off, and without it there is no way on.
    Script,
    /// JavaScript is turned off, and `{seconds}` have to be waited.
    Wait,
    /// The link to where there is help.
    Contact,
    /// What stands before the request's name.
    Reference,
    /// The connection is not encrypted.
    Insecure,
    /// The link to the encrypted one.
    Secure,
}

impl Word {
    /// All of them, with their names in the configuration.
    pub const ALL: [(&'static str, Self); 17] = [
        ("title", Self::Title),
        ("intro", Self::Intro),
        ("checking", Self::Checking),
        ("progress", Self::Progress),
        ("done", Self::Done),
        ("sent", Self::Sent),
        ("back", Self::Back),
        ("failed", Self::Failed),
        ("busy", Self::Busy),
        ("retry", Self::Retry),
        ("cookies", Self::Cookies),
        ("script", Self::Script),
        ("wait", Self::Wait),
        ("contact", Self::Contact),
        ("reference", Self::Reference),
        ("insecure", Self::Insecure),
        ("secure", Self::Secure),
    ];
}

/// How many languages are taken: each is kept as pieces of a page in every worker.
const MAX_LANGUAGES: usize = 32;
/// How many characters a text may have.
const MAX_TEXT: usize = 300;
/// How many bytes all texts of one language may take in a page, which is to stay small.
pub const MAX_TEXTS: usize = 2_200;
/// RFC 5646, 4.4.1, tells how long tags can get; those in use are far shorter.
const MAX_TAG: usize = 35;

/// Reads `texts` of the section `challenge`.
pub(super) fn texts(section: &mut Section<'_>) -> Vec<Texts> {
    let mut all: Vec<Texts> = Vec::new();
    section.each_section("texts", |language, section| {
        let words = words(section);
        let known = all.iter().any(|texts| texts.language.eq_ignore_ascii_case(language));
        let refused = if !is_tag(language) {
            Some(("is no language tag", "one of RFC 5646: \"de\", \"pt-BR\""))
        } else if known {
            Some(("is given twice", "each language once"))
        } else if all.len() >= MAX_LANGUAGES {
            Some(("is one language too many", "at most 32 languages"))
        } else if words.iter().map(size).sum::<usize>() > MAX_TEXTS {
            Some(("has too many words", "at most 2200 bytes of texts for each language"))
        } else {
            None
        };
        match refused {
            None => all.push(Texts {
                language: language.into(),
                words,
            }),
            Some((what, accepted)) => {
                let path = section.place().to_owned();
                section.note(Problem {
                    path,
                    what: what.to_owned(),
                    accepted: accepted.to_owned(),
                });
            }
        }
    });
    all
}

fn words(section: &mut Section<'_>) -> Vec<(Word, Box<str>)> {
    let mut words = Vec::new();
    for (name, word) in Word::ALL {
        let text = section.text(name, ACCEPTED, |text| match text.trim() {
            "" => Err(refused("is empty")),
            text if text.chars().count() > MAX_TEXT => Err(refused("is too long")),
            text if text.contains(char::is_control) => Err(refused("has control characters")),
            text => Ok(text.into()),
        });
        words.extend(text.map(|text| (word, text)));
    }
    words
}

/// How many bytes a text takes in a page, where the title stands twice, and markup is written in five letters each.
fn size((word, text): &(Word, Box<str>)) -> usize {
    let marks = text.bytes().filter(|byte| b"&<>\"'".contains(byte)).count();
    let once = text.len() + 4 * marks;
    if *word == Word::Title { 2 * once } else { once }
}

fn refused(why: &'static str) -> Refused {
    Refused {
        why,
        accepted: ACCEPTED.to_owned(),
    }
}

const ACCEPTED: &str = "a text of 1 to 300 characters";

/// Whether `tag` has the shape of a language tag: a language of two to eight letters, then subtags of one to eight letters and
/// digits.
fn is_tag(tag: &str) -> bool {
    let mut subtags = tag.split('-');
    let language = subtags.next().unwrap_or_default();
    tag.len() <= MAX_TAG
        && (2..=8).contains(&language.len())
        && language.bytes().all(|byte| byte.is_ascii_alphabetic())
        && subtags
            .all(|subtag| (1..=8).contains(&subtag.len()) && subtag.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(value: Value) -> Result<Vec<Texts>, Vec<String>> {
        let mut problems = Vec::new();
        let mut section = Section::root(json!({"texts": value}), &mut problems);
        let all = texts(&mut section);
        section.finish();
        match problems.as_slice() {
            [] => Ok(all),
            problems => Err(problems.iter().map(ToString::to_string).collect()),
        }
    }

    #[test]
    fn languages_have_the_texts_that_are_given() {
        let all = read(json!({"de": {"retry": "Nochmal", "title": " Moment "}, "pt-BR": {}})).unwrap();
        assert_eq!(
            all,
            [
                Texts {
                    language: "de".into(),
                    words: vec![(Word::Title, "Moment".into()), (Word::Retry, "Nochmal".into())],
                },
                Texts {
                    language: "pt-BR".into(),
                    words: Vec::new(),
                }
            ]
        );
        assert_eq!(read(json!({})), Ok(Vec::new()));
    }

    #[test]
    fn each_mistake_is_named_at_its_place() {
        let long = "ä".repeat(301);
        let most: serde_json::Map<_, _> = Word::ALL
            .iter()
            .map(|(name, _)| ((*name).to_owned(), "a".repeat(300).into()))
            .collect();
        for (value, problem) in [
            (
                json!([]),
                "texts: an array is not accepted; accepted: an object of objects",
            ),
            (
                json!({"de": "Moment"}),
                "texts.de: \"Moment\" is not accepted; accepted: an object",
            ),
            (
                json!({"de": {"title": 1}}),
                "texts.de.title: 1 is not accepted; accepted: a text of 1 to 300 characters",
            ),
            (
                json!({"de": {"title": " "}}),
                "texts.de.title: \" \" is empty; accepted: a text of 1 to 300 characters",
            ),
            (
                json!({"de": {"title": "a\nb"}}),
                "texts.de.title: \"a\\nb\" has control characters",
            ),
            (
                json!({"de": {"title": long}}),
                "is too long; accepted: a text of 1 to 300 characters",
            ),
            (
                json!({"de": {"titel": "x"}}),
                "texts.de.titel: unknown key; accepted: \"title\", \"intro\"",
            ),
            (
                json!({"d": {}}),
                "texts.d: is no language tag; accepted: one of RFC 5646",
            ),
            (json!({"de_DE": {}}), "texts.de_DE: is no language tag"),
            (json!({"de-": {}}), "texts.de-: is no language tag"),
            (json!({"de\"><script>": {}}), "is no language tag"),
            (json!({"de": {}, "DE": {}}), "texts.DE: is given twice"),
            (
                json!({"de": most}),
                "texts.de: has too many words; accepted: at most 2200 bytes",
            ),
        ] {
            let problems = read(value.clone()).unwrap_err();
            assert!(
                problems.len() == 1 && problems[0].contains(problem),
                "{value}: {problems:?}"
            );
        }
        let many: serde_json::Map<_, _> = (0..33)
            .map(|n| {
                (
                    format!("x{}", char::from(b'a' + n % 26)).repeat(1 + usize::from(n) / 26),
                    json!({}),
                )
            })
            .collect();
        let problems = read(many.into()).unwrap_err();
        assert!(
            problems[0].contains("is one language too many; accepted: at most 32 languages"),
            "{problems:?}"
        );
    }
}
