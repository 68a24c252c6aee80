//! The two kinds of page: HTML for people, problem details (RFC 9457) for programs.

use super::{Fields, Refusal, first};
use core::fmt::Write;

/// What the proxy calls the request, so that a person who asks about it can be answered. Letters, digits, `-`, `_`, `.` alone: what
/// else a client might have put there is not repeated to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reference<'r>(&'r str);

/// A UUID has 36 characters.
const MAX_REFERENCE: usize = 64;

impl<'r> Reference<'r> {
    /// The text.
    pub(super) const fn as_str(self) -> &'r str {
        self.0
    }

    /// The request's `x-request-id`, when it is one that can be repeated.
    pub(super) fn of(fields: &Fields<'r>) -> Option<Self> {
        let id = core::str::from_utf8(first(fields, "x-request-id")?).ok()?;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let fits = (1..=MAX_REFERENCE).contains(&id.len()) && id.bytes().all(is_plain);
        fits.then_some(Self(id))
    }
}

/// A page that needs nothing from elsewhere and says all without colour, script or picture.
pub(super) fn page(refusal: Refusal, reference: Option<Reference<'_>>) -> String {
    let (title, detail) = (refusal.title(), refusal.detail());
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"robots\" content=\"noindex\">\n\
         <title>{title}</title>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n<p>{detail}</p>\n"
    );
    if let Some(Reference(id)) = reference {
        // Writing to a String cannot fail.
        let _ = writeln!(page, "<p>Reference: <code>{id}</code></p>");
    }
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

/// Problem details. Nothing in it needs escaping: our own texts, and a reference of plain characters.
pub(super) fn problem(refusal: Refusal, reference: Option<Reference<'_>>) -> String {
    problem_with(refusal, reference, &[])
}

/// The same with members of its own, whose values need no escaping either.
pub(super) fn problem_with(refusal: Refusal, reference: Option<Reference<'_>>, members: &[(&str, &str)]) -> String {
    let (kind, title, status) = (refusal.type_uri(), refusal.title(), refusal.status());
    let detail = refusal.detail();
    let mut problem = format!(r#"{{"type":"{kind}","title":"{title}","status":{status},"detail":"{detail}""#);
    if let Some(Reference(id)) = reference {
        // Writing to a String cannot fail.
        let _ = write!(problem, r#","reference":"{id}""#);
    }
    for (name, value) in members {
        let _ = write!(problem, r#","{name}":"{value}""#);
    }
    problem.push_str("}\n");
    problem
}
