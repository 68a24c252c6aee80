//! What a client is told that is not let through: status, headers and body, in the form that it can read.
//!
//! It is told what it may do, and never why: not one finding, score or fingerprint, so that nobody learns from an answer what to
//! change. Who runs the site finds all of it in the access log, by the request's id, which the answer repeats.

mod accept;
mod bodies;
mod grpc;
mod rate;

use crate::challenge::Reply;
use crate::evidence::fields::{first, values};
use crate::policy::config::Limits;
use crate::policy::{Decision, Mode, Verdict};
use bodies::Reference;
use std::borrow::Cow;

pub use crate::evidence::fields::Fields;
pub use grpc::GrpcStatus;

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It goes on.
    Pass,
    /// It goes on, and the upstream or the proxy's routes are told the verdict, whatever the configuration leaves out.
    PassMarked,
    /// It goes on later.
    Hold,
    /// It is answered here.
    Answer(Answer),
}

impl Step {
    /// What `decision` makes of the request with these `fields`. Where verdicts are only observed, every request goes on. Who is
    /// challenged gets what `offer` has, if there are challenges.
    pub fn of(decision: &Decision, limits: &Limits, fields: &Fields<'_>, offer: Option<&dyn Offer>) -> Self {
        let refusal = match (decision.mode, decision.verdict) {
            (Mode::Observe, _) | (Mode::Enforce, Verdict::Allow | Verdict::Log) => return Self::Pass,
            (Mode::Enforce, Verdict::Review) => return Self::PassMarked,
            (Mode::Enforce, Verdict::Slow) => return Self::Hold,
            (Mode::Enforce, Verdict::Challenge) => return Self::Answer(Answer::of_challenge(offer, fields)),
            (Mode::Enforce, Verdict::Limit) => Refusal::Limit {
                retry_after: decision.limit.as_ref().map_or(limits.retry_after, rate::retry_after),
            },
            (Mode::Enforce, Verdict::Block) => Refusal::Block,
        };
        let answer = Answer::of(refusal, fields);
        Self::Answer(match (&decision.limit, decision.verdict) {
            (Some(hit), Verdict::Limit) => answer.with(rate::fields(hit)),
            _ => answer,
        })
    }
}

/// What is there for who is challenged.
pub trait Offer {
    /// A page with a puzzle.
    fn page(&self) -> Reply;

    /// The path at which there is such a page too. Whoever gets no page is told.
    fn path(&self) -> &str;
}

/// Why a request is not let through, as far as its client is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    Block,
    Challenge,
    Limit {
        /// In seconds.
        retry_after: u32,
    },
}

impl Refusal {
    const fn status(self) -> u16 {
        match self {
            Self::Block | Self::Challenge => 403,
            Self::Limit { .. } => 429,
        }
    }

    const fn grpc_status(self) -> GrpcStatus {
        match self {
            Self::Block | Self::Challenge => GrpcStatus::PermissionDenied,
            Self::Limit { .. } => GrpcStatus::ResourceExhausted,
        }
    }

    /// The type of the problem (RFC 9457, 3.1.1): a name, at which there is nothing to fetch.
    const fn type_uri(self) -> &'static str {
        match self {
            Self::Block => "urn:layerprint:problem:blocked",
            Self::Challenge => "urn:layerprint:problem:challenge",
            Self::Limit { .. } => "urn:layerprint:problem:too-many-requests",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Block => "This request was not let through",
            Self::Challenge => "This page is for people",
            Self::Limit { .. } => "Too many requests",
        }
    }

    fn detail(self) -> Cow<'static, str> {
        match self {
            Self::Block => "If you think that this is a mistake, tell the owner of this site.".into(),
            Self::Challenge => {
                "It could not be told that a person is there. Open the page in an ordinary browser, or tell the owner of this \
                 site."
                    .into()
            }
            Self::Limit { retry_after: 1 } => "Try again in 1 second.".into(),
            Self::Limit { retry_after } => format!("Try again in {retry_after} seconds.").into(),
        }
    }
}

/// A header of ours.
pub type Header = (&'static str, Cow<'static, str>);

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Over plain HTTP.
    Http {
        /// Its status.
        status: u16,
        /// Its headers.
        headers: Vec<Header>,
        /// Its body. To a HEAD request the proxy sends the headers alone.
        body: Vec<u8>,
    },
    /// Over gRPC, where HTTP's own status stays 200.
    Grpc {
        /// Its status.
        status: GrpcStatus,
        /// Its message.
        message: Cow<'static, str>,
        /// Its metadata.
        metadata: Vec<Header>,
    },
}

impl Answer {
    fn of(refusal: Refusal, fields: &Fields<'_>) -> Self {
        match Form::of(fields) {
            Form::Grpc => Self::Grpc {
                status: refusal.grpc_status(),
                message: refusal.title().into(),
                metadata: grpc::pushback(refusal).into_iter().collect(),
            },
            Form::GrpcWeb(encoding) => Self::Http {
                status: 200,
                headers: vec![
                    ("content-type", encoding.content_type().into()),
                    ("cache-control", "no-store".into()),
                ],
                body: encoding.encode(&grpc::trailers(refusal)),
            },
            form @ (Form::Page | Form::Problem) => Self::of_page(refusal, form, Reference::of(fields)),
        }
    }

    fn of_challenge(offer: Option<&dyn Offer>, fields: &Fields<'_>) -> Self {
        let Some(offer) = offer else {
            return Self::of(Refusal::Challenge, fields);
        };
        match Form::of(fields) {
            Form::Page => offer.page().into(),
            Form::Problem => {
                let body = bodies::problem_with(
                    Refusal::Challenge,
                    Reference::of(fields),
                    &[("challenge", offer.path())],
                );
                Self::of_body(Refusal::Challenge, Form::Problem, body)
            }
            Form::Grpc | Form::GrpcWeb(_) => {
                let hint = (CHALLENGE_METADATA, Cow::Owned(offer.path().to_owned()));
                Self::of(Refusal::Challenge, fields).with([hint])
            }
        }
    }

    /// The answer with these fields too, where HTTP or gRPC has a place for them.
    fn with(mut self, fields: impl IntoIterator<Item = Header>) -> Self {
        match &mut self {
            Self::Http { headers, .. } => headers.extend(fields),
            Self::Grpc { metadata, .. } => metadata.extend(fields),
        }
        self
    }

    fn of_page(refusal: Refusal, form: Form, reference: Option<Reference<'_>>) -> Self {
        let body = match form {
            Form::Page => bodies::page(refusal, reference),
            _ => bodies::problem(refusal, reference),
        };
        Self::of_body(refusal, form, body)
    }

    fn of_body(refusal: Refusal, form: Form, body: String) -> Self {
        let mut headers: Vec<Header> = vec![
            // An answer depends on more than the address; `no-store` makes Vary say nothing.
            ("cache-control", "no-store".into()),
            ("x-content-type-options", "nosniff".into()),
        ];
        if let Refusal::Limit { retry_after } = refusal {
            headers.push(("retry-after", retry_after.to_string().into()));
        }
        if form == Form::Page {
            headers.push(("content-type", "text/html; charset=utf-8".into()));
            headers.push((
                "content-security-policy",
                "default-src 'none'; frame-ancestors 'none'".into(),
            ));
        } else {
            headers.push(("content-type", "application/problem+json".into()));
        }
        Self::Http {
            status: refusal.status(),
            headers,
            body: body.into_bytes(),
        }
    }
}

/// What the proxy calls the request, when that can be repeated to its client.
pub fn reference<'f>(fields: &Fields<'f>) -> Option<&'f str> {
    Reference::of(fields).map(Reference::as_str)
}

impl From<Reply> for Answer {
    fn from(reply: Reply) -> Self {
        let Reply { status, headers, body } = reply;
        Self::Http { status, headers, body }
    }
}

/// Where a gRPC client is told the path of the challenge.
const CHALLENGE_METADATA: &str = "layerprint-challenge";

/// The form in which a client can read an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Grpc,
    GrpcWeb(grpc::Web),
    /// HTML.
    Page,
    /// Problem details (RFC 9457).
    Problem,
}

impl Form {
    fn of(fields: &Fields<'_>) -> Self {
        match first(fields, "content-type").and_then(grpc::Kind::of) {
            Some(grpc::Kind::Plain) => return Self::Grpc,
            Some(grpc::Kind::Web(encoding)) => return Self::GrpcWeb(encoding),
            None => {}
        }
        if is_of_script(fields) {
            return Self::Problem;
        }
        let is = |name, accepted: &[&[u8]]| first(fields, name).is_some_and(|value| accepted.contains(&value));
        let opens_document = is("sec-fetch-mode", &[b"navigate"])
            || is(
                "sec-fetch-dest",
                &[b"document", b"iframe", b"frame", b"embed", b"object"],
            );
        if accept::prefers_html(values(fields, "accept"), opens_document) {
            Self::Page
        } else {
            Self::Problem
        }
    }
}

/// Whether it is a program, or a script in a page, that gets the answer, whatever it says that it accepts: Fetch Metadata tells, or the
/// header of jQuery; a preflight, and what opens a WebSocket, are never shown.
fn is_of_script(fields: &Fields<'_>) -> bool {
    let says = |name, wanted: &[u8]| first(fields, name).is_some_and(|value| value.eq_ignore_ascii_case(wanted));
    let mode = first(fields, "sec-fetch-mode");
    mode.is_some_and(|mode| mode != b"navigate")
        || says("x-requested-with", b"xmlhttprequest")
        || says(":method", b"options")
        || says(":method", b"connect")
        || says("upgrade", b"websocket")
}

#[cfg(test)]
mod tests;
