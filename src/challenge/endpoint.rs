//! The path that the filter answers itself: the page, the answer to a puzzle, the end of a wait.

use super::answer::{Answer, HEADER};
use super::page::{Page, WayBack};
use super::work::Seed;
use super::{Asked, Challenges, Clearance, Reason, target, token};
use crate::evidence::fields::first;
use crate::policy::config::challenge::NoScript;
use crate::policy::routes::Route;
use std::borrow::Cow;
use std::rc::Rc;
use std::time::Duration;

/// An answer of HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: Vec<(&'static str, Cow<'static, str>)>,
    /// Its body.
    pub body: Vec<u8>,
}

/// What happened at the path, or to a request that was challenged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// A page with a puzzle was given out.
    Issued,
    /// What can show no page was told that there is a challenge.
    Told,
    /// A puzzle was solved, and a clearance given for it.
    Solved,
    /// A browser without JavaScript has waited, and got a clearance for that.
    Waited,
    /// An answer was not believed.
    Failed(Reason),
    /// The same client was challenged too often in vain, and got another answer.
    GivenUp,
}

impl Event {
    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Told => "told",
            Self::Solved => "solved",
            Self::Waited => "waited",
            Self::Failed(_) => "failed",
            Self::GivenUp => "given-up",
        }
    }
}

/// What the path answered, and what that was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// The answer.
    pub reply: Reply,
    /// What it was; none where nothing happened that is counted.
    pub event: Option<Event>,
    /// The route for which the puzzle was made.
    pub route: Rc<str>,
}

impl Served {
    /// Where no route is known, it is the default one.
    fn new(reply: Reply, event: Option<Event>, route: Option<Rc<str>>) -> Self {
        Self {
            reply,
            event,
            route: route.unwrap_or_else(|| Route::DEFAULT.into()),
        }
    }
}

const NO_STORE: (&str, Cow<'static, str>) = ("cache-control", Cow::Borrowed("no-store"));

impl Reply {
    /// `page` under `status`.
    pub fn of_page(status: u16, page: Page) -> Self {
        Self {
            status,
            headers: page.headers,
            body: page.body,
        }
    }

    fn empty(status: u16, headers: impl IntoIterator<Item = (&'static str, Cow<'static, str>)>) -> Self {
        Self {
            status,
            headers: core::iter::once(NO_STORE).chain(headers).collect(),
            body: Vec::new(),
        }
    }

    /// What a wrong answer gets: that it was wrong, and never why.
    fn failed() -> Self {
        let problem = concat!(
            r#"{"type":"urn:layerprint:problem:challenge-failed","title":"The answer was not accepted","status":403,"#,
            r#""detail":"Load the page again for a new one."}"#,
            "\n"
        );
        Self {
            status: 403,
            headers: vec![
                NO_STORE,
                ("content-type", "application/problem+json".into()),
                ("x-content-type-options", "nosniff".into()),
            ],
            body: problem.into(),
        }
    }
}

impl Challenges {
    /// Answers a request for the path, which shows `clearance`.
    pub fn serve(&self, asked: &Asked<'_>, clearance: Clearance) -> Served {
        let of = |reply, event| Served::new(reply, event, None);
        match asked.method {
            b"POST" => self.take_answer(asked),
            b"GET" | b"HEAD" => {
                let query = asked.path.split(|byte| *byte == b'?').nth(1).unwrap_or_default();
                let query = str::from_utf8(query).unwrap_or_default();
                let mut to = target::to(query);
                if self.serves(to.as_bytes()) {
                    to = "/".to_owned();
                }
                if let (Some(letters), NoScript::Wait(wait)) =
                    (target::parameter(query, "wait"), self.settings().no_script)
                {
                    return self.end_wait(asked, letters, wait, &to);
                }
                match clearance {
                    Clearance::Valid(difficulty) if difficulty >= self.hardest => {
                        of(Reply::empty(303, [("location", to.into())]), None)
                    }
                    _ => of(self.own_page(asked, &to), Some(Event::Issued)),
                }
            }
            _ => of(Reply::empty(405, [("allow", "GET, HEAD, POST".into())]), None),
        }
    }

    /// The page that leads to `to`.
    fn own_page(&self, asked: &Asked<'_>, to: &str) -> Reply {
        let page = self.issue(asked, Route::DEFAULT, self.hardest, WayBack::To(to));
        Reply::of_page(if asked.is_secure { 200 } else { 403 }, page)
    }

    fn take_answer(&self, asked: &Asked<'_>) -> Served {
        let answer = first(asked.fields, HEADER)
            .ok_or(Reason::Malformed)
            .and_then(Answer::read);
        let (earned, route) = match answer {
            Ok(Answer { token, found }) => {
                self.earn(asked, token, |puzzle| Seed::of(token).check(puzzle.difficulty, &found))
            }
            Err(reason) => (Err(reason), None),
        };
        let (reply, event) = match earned {
            Ok(cookie) => (Reply::empty(204, [("set-cookie", cookie.into())]), Event::Solved),
            Err(reason) => (Reply::failed(), Event::Failed(reason)),
        };
        Served::new(reply, Some(event), route)
    }

    /// The end of a wait that began with the puzzle of these letters. One that is not over, or is not believed, begins anew.
    fn end_wait(&self, asked: &Asked<'_>, letters: &str, wait: Duration, to: &str) -> Served {
        let now = token::seconds(asked.now.0);
        let (earned, route) = self.earn(asked, letters.as_bytes(), |puzzle| {
            match now.saturating_sub(puzzle.at) >= token::seconds(wait) {
                true => Ok(()),
                false => Err(Reason::Early),
            }
        });
        let (reply, event) = match earned {
            Ok(cookie) => {
                let headers = [("set-cookie", cookie.into()), ("location", to.to_owned().into())];
                (Reply::empty(303, headers), Event::Waited)
            }
            Err(reason) => (self.own_page(asked, to), Event::Failed(reason)),
        };
        Served::new(reply, Some(event), route)
    }
}
