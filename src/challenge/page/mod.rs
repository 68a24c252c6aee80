//! The page: one HTML document that needs nothing from elsewhere. (A stand-in until the real one is merged.)

use crate::policy::config::Challenge;
use crate::policy::config::challenge::Difficulty;
use std::borrow::Cow;

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
    /// `Accept-Language`.
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

/// The pages.
#[derive(Clone, Debug)]
pub struct Pages;

impl Pages {
    /// The pages of these settings.
    pub fn new(_: &Challenge) -> Self {
        Self
    }

    /// The page that shows this.
    pub fn page(&self, shown: &Shown<'_>) -> Page {
        let body = format!(
            "<main data-token=\"{}\" data-difficulty=\"{}\">",
            shown.token,
            shown.difficulty.bits()
        );
        Page {
            headers: vec![("content-type", "text/html; charset=utf-8".into())],
            body: body.into(),
        }
    }

    /// The page over cleartext.
    pub fn insecure(&self, _: &[u8], _: Option<&str>) -> Page {
        Page {
            headers: vec![("content-type", "text/html; charset=utf-8".into())],
            body: b"<main>https".to_vec(),
        }
    }
}
