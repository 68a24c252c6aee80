//! The page: one HTML document that needs nothing from elsewhere.
//!
//! Its script and its style are the same for everyone, so that their hashes are all that its Content-Security-Policy lets in. What
//! belongs to one request stands in attributes, escaped. Everything else is made once for each language, when the configuration is
//! read. A page has at most [`MAX_BYTES`].

mod language;
mod template;
mod words;

use crate::policy::config::Challenge;
use crate::policy::config::challenge::{Difficulty, NoScript};
use crate::policy::config::texts::{Texts, Word};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use template::{Filling, Hole, Piece, compile, encoded_to, escape, escaped_to, stripped};

/// The most bytes of a page, with texts and tokens as long as they get.
pub const MAX_BYTES: usize = 12 * 1024;

/// A page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its headers.
    pub headers: Vec<(&'static str, Cow<'static, str>)>,
    /// Its body.
    pub body: Vec<u8>,
}

/// What a page shows.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// The puzzle.
    pub token: &'a str,
    /// Its difficulty.
    pub difficulty: Difficulty,
    /// Where to go then.
    pub way_back: WayBack<'a>,
    /// `Accept-Language`, as the client sent it.
    pub accept_language: &'a [u8],
    /// What the proxy calls the request.
    pub reference: Option<&'a str>,
}

/// Where to go when the puzzle is solved.
#[derive(Clone, Copy, Debug)]
pub enum WayBack<'a> {
    /// The page stands at what was asked for.
    Reload {
        /// Its path.
        path: &'a str,
    },
    /// It stands where a form was sent to.
    Form {
        /// Where the form is.
        to: &'a str,
    },
    /// It stands at its own path.
    To(&'a str),
}

/// The pages of a configuration.
#[derive(Clone, Debug)]
pub struct Pages {
    /// English first.
    languages: Vec<Language>,
    policy: Box<str>,
    insecure_policy: Box<str>,
}

#[derive(Clone, Debug)]
struct Language {
    tag: Box<str>,
    page: Vec<Piece>,
    insecure: Vec<Piece>,
    secure: Vec<Piece>,
    reference: Box<str>,
}

const STYLE: &str = include_str!("style.css");
const SOLVER: &str = include_str!("solver.js");
const SCRIPT: &str = include_str!("page.js");

impl Pages {
    /// The pages of these settings.
    pub fn new(settings: &Challenge) -> Self {
        let style = stripped(STYLE);
        let script = format!("{}\n{}", stripped(SOLVER), stripped(SCRIPT));
        let style_hash = hash(&style);
        let own = words::LANGUAGES.iter().map(|(tag, _)| *tag);
        let configured = settings.texts.iter().map(|texts| &*texts.language);
        let more = configured.filter(|tag| !own.clone().any(|own| own.eq_ignore_ascii_case(tag)));
        let language = |tag| Language::new(tag, settings, &style, &script);
        Self {
            languages: own.clone().chain(more).map(language).collect(),
            policy: format!(
                "default-src 'none'; script-src {}; worker-src blob:; style-src {style_hash}; connect-src 'self'; \
                 base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
                hash(&script)
            )
            .into(),
            insecure_policy: format!(
                "default-src 'none'; style-src {style_hash}; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
            )
            .into(),
        }
    }

    /// The page with a puzzle.
    pub fn page(&self, shown: &Shown<'_>) -> Page {
        let body = |language: &Language| {
            language.write(&language.page, shown.reference, |hole, out| match hole {
                Hole::Token => escape(out, shown.token),
                Hole::Difficulty => out.push_str(itoa::Buffer::new().format(shown.difficulty.bits())),
                Hole::Way => out.push_str(shown.way_back.name()),
                // Who is where one wants to be, is told nowhere to go.
                Hole::To if matches!(shown.way_back, WayBack::Reload { .. }) => {}
                Hole::To => out.push_str(&escaped_to(shown.way_back.to())),
                Hole::EncodedTo => out.push_str(&encoded_to(shown.way_back.to())),
                Hole::Reference | Hole::Https => {}
            })
        };
        self.answer(shown.accept_language, &self.policy, body)
    }

    /// The page that a person gets who comes without TLS, and who is sent to `https_url`.
    pub fn insecure(&self, accept_language: &[u8], https_url: Option<&str>) -> Page {
        self.answer(accept_language, &self.insecure_policy, |language| {
            let mut link = String::new();
            if let Some(url) = https_url.filter(|url| url.len() <= MAX_URL && url.starts_with("https://")) {
                let fill = |hole, out: &mut String| {
                    if hole == Hole::Https {
                        escape(out, url);
                    }
                };
                link = language.write(&language.secure, None, fill);
            }
            language.write(&language.insecure, None, |hole, out| {
                if hole == Hole::Https {
                    out.push_str(&link);
                }
            })
        })
    }

    fn answer(&self, accept_language: &[u8], policy: &str, body: impl Fn(&Language) -> String) -> Page {
        let tags = self.languages.iter().map(|language| &*language.tag);
        let chosen = language::choose(accept_language, tags).unwrap_or_default();
        let language = self.languages.get(chosen).or_else(|| self.languages.first());
        Page {
            headers: vec![
                ("content-type", "text/html; charset=utf-8".into()),
                (
                    "content-language",
                    language
                        .map_or_else(String::new, |language| language.tag.to_string())
                        .into(),
                ),
                ("content-security-policy", policy.to_owned().into()),
                ("cache-control", "no-store".into()),
                ("vary", "accept-language".into()),
                ("x-content-type-options", "nosniff".into()),
                ("referrer-policy", "same-origin".into()),
                ("x-robots-tag", "noindex".into()),
            ],
            body: language.map(body).unwrap_or_default().into_bytes(),
        }
    }
}

/// The longest address that a person is sent to.
const MAX_URL: usize = 2_048;

/// Room for what holes hold.
const ROOM: usize = 1_024;

impl Language {
    fn new(tag: &str, settings: &Challenge, style: &str, script: &str) -> Self {
        let words = Vocabulary::of(tag, &settings.texts);
        let fill = |name: &str| match name {
            "lang" => Filling::Text(tag.to_owned()),
            "dir" => Filling::Html(language::direction(tag).to_owned()),
            "style" => Filling::Html(style.to_owned()),
            "script" => Filling::Html(script.to_owned()),
            "path" => Filling::Text(settings.path.to_string()),
            "token" => Filling::Hole(Hole::Token),
            "difficulty" => Filling::Hole(Hole::Difficulty),
            "way" => Filling::Hole(Hole::Way),
            "to" => Filling::Hole(Hole::To),
            "encoded_to" => Filling::Hole(Hole::EncodedTo),
            "https" => Filling::Hole(Hole::Https),
            "reference" => Filling::Hole(Hole::Reference),
            "contact" => Filling::Text(settings.contact.as_deref().unwrap_or_default().to_owned()),
            "get_help" => Filling::Text(words.text(Word::Contact)),
            "secure_link" => Filling::Text(words.text(Word::Secure)),
            "seconds" => Filling::Text(seconds(settings).unwrap_or_default()),
            "noscript" => Filling::Text(match seconds(settings) {
                Some(seconds) => words.text(Word::Wait).replace("{seconds}", &seconds),
                None => words.text(Word::Script),
            }),
            name => {
                let named = Word::ALL.iter().find(|(known, _)| *known == name);
                Filling::Text(named.map(|(_, word)| words.text(*word)).unwrap_or_default())
            }
        };
        let fill_all = |name: &str| match name {
            "refresh" if matches!(settings.no_script, NoScript::Wait(_)) => Filling::Pieces(compile(REFRESH, fill)),
            "refresh" => Filling::Html(String::new()),
            "help" if settings.contact.is_some() => Filling::Pieces(compile(HELP, fill)),
            "help" => Filling::Html(String::new()),
            name => fill(name),
        };
        let mut reference = String::new();
        escape(&mut reference, &words.text(Word::Reference));
        Self {
            tag: tag.into(),
            page: compile(include_str!("page.html"), fill_all),
            insecure: compile(include_str!("insecure.html"), fill_all),
            secure: compile(SECURE, fill),
            reference: reference.into(),
        }
    }

    fn write(&self, pieces: &[Piece], reference: Option<&str>, fill: impl Fn(Hole, &mut String)) -> String {
        let fixed = pieces.iter().map(|piece| match piece {
            Piece::Fixed(text) => text.len(),
            Piece::Hole(_) => 0,
        });
        let mut out = String::with_capacity(fixed.sum::<usize>() + ROOM);
        for piece in pieces {
            match (piece, reference) {
                (Piece::Fixed(text), _) => out.push_str(text),
                (Piece::Hole(Hole::Reference), Some(reference)) => {
                    out.push_str("<small>");
                    out.push_str(&self.reference);
                    out.push_str(" <code>");
                    escape(&mut out, reference);
                    out.push_str("</code></small>\n");
                }
                (Piece::Hole(hole), _) => fill(*hole, &mut out),
            }
        }
        out
    }
}

/// What a browser without JavaScript waits by.
const REFRESH: &str = "<noscript><meta http-equiv=\"refresh\" content=\"{seconds};url={path}?wait={token}&amp;to={encoded_to}\"></noscript>\n";
const HELP: &str = "<small><a href=\"{contact}\">{get_help}</a></small>\n";
const SECURE: &str = "<p><a href=\"{https}\">{secure_link}</a></p>\n";

/// How long a browser without JavaScript waits. A second more than it has to: its clock is not ours, nor is ours as fine.
fn seconds(settings: &Challenge) -> Option<String> {
    match settings.no_script {
        NoScript::Contact => None,
        NoScript::Wait(wait) => Some(wait.as_secs().saturating_add(1).to_string()),
    }
}

/// The source of a Content-Security-Policy that is `text` and nothing else.
fn hash(text: &str) -> String {
    format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(text)))
}

/// Where the texts of a language are found, best first.
struct Vocabulary<'t> {
    configured: Option<&'t Texts>,
    own: &'static words::Words,
}

impl<'t> Vocabulary<'t> {
    /// Of the page's own it takes those of the same language: `pt-BR` has those of `pt`.
    fn of(tag: &str, texts: &'t [Texts]) -> Self {
        let own = words::LANGUAGES;
        let tags = own.iter().map(|(tag, _)| *tag);
        let found = language::choose(tag.as_bytes(), tags).unwrap_or_default();
        Self {
            configured: texts.iter().find(|texts| texts.language.eq_ignore_ascii_case(tag)),
            own: own.get(found).map(|(_, words)| *words).unwrap_or_default(),
        }
    }

    fn text(&self, word: Word) -> String {
        let configured = self.configured.and_then(|texts| {
            let mut words = texts.words.iter();
            words.find(|(found, _)| *found == word).map(|(_, text)| &**text)
        });
        let own = || self.own.iter().find(|(found, _)| *found == word).map(|(_, text)| *text);
        configured.or_else(own).unwrap_or_default().to_owned()
    }
}

#[cfg(test)]
mod tests;
