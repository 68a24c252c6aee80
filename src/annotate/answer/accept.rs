//! Which of our two kinds of page a client would rather read, told by its `Accept` (RFC 9110, 12.5.1) and, where that is open, by
//! whether it opens a document (Fetch Metadata).

use crate::evidence::weights::{Weight, weight};

/// Whether a person's browser asks for a page to show. `accept` are the values of the header, none of them when it was not sent.
pub(super) fn prefers_html<'v>(accept: impl Iterator<Item = &'v [u8]>, opens_document: bool) -> bool {
    let mut html = Offer::default();
    let mut problem = Offer::default();
    let mut json = Offer::default();
    let mut any = false;
    for range in accept.flat_map(|value| split(value, b',')) {
        any |= !range.is_empty();
        let Some(range) = read_range(range) else {
            continue;
        };
        html.consider(range, b"text", b"html");
        problem.consider(range, b"application", b"problem+json");
        json.consider(range, b"application", b"json");
    }
    if !any {
        return opens_document;
    }
    let (html, json) = (html.weight(), problem.weight().max(json.weight()));
    html > 0 && (html > json || html == json && opens_document)
}

/// What the most specific range so far says of one of our types.
#[derive(Clone, Copy, Debug, Default)]
struct Offer(Option<(Specificity, Weight)>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Specificity {
    Anything,
    Type,
    Subtype,
}

impl Offer {
    fn consider(&mut self, range: Range<'_>, own_kind: &[u8], own_subtype: &[u8]) {
        let specificity = match (range.kind, range.subtype) {
            (b"*", b"*") => Specificity::Anything,
            (kind, b"*") if kind.eq_ignore_ascii_case(own_kind) => Specificity::Type,
            (kind, subtype) if kind.eq_ignore_ascii_case(own_kind) && subtype.eq_ignore_ascii_case(own_subtype) => {
                Specificity::Subtype
            }
            _ => return,
        };
        let found = (specificity, range.weight);
        self.0 = Some(self.0.map_or(found, |known| known.max(found)));
    }

    fn weight(self) -> Weight {
        self.0.map_or(0, |(_, weight)| weight)
    }
}

/// One member of `Accept`.
#[derive(Clone, Copy, Debug)]
struct Range<'v> {
    kind: &'v [u8],
    subtype: &'v [u8],
    weight: Weight,
}

/// `type/subtype` and its weight. Parameters other than `q` are passed over; a weight that is none makes the whole range none.
fn read_range(range: &[u8]) -> Option<Range<'_>> {
    let mut parts = split(range, b';');
    let media = parts.next()?;
    let slash = media.iter().position(|byte| *byte == b'/')?;
    let (kind, subtype) = media.split_at_checked(slash)?;
    let subtype = subtype.strip_prefix(b"/")?;
    if kind.is_empty() || subtype.is_empty() {
        return None;
    }
    let weight = weight(parts)?;
    Some(Range { kind, subtype, weight })
}

/// The parts between `separator`s that stand outside quotes, without the blanks around them.
fn split(text: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let mut quote = Quote::Outside;
    let parts = text.split(move |byte| {
        quote = quote.after(*byte);
        quote == Quote::Outside && *byte == separator
    });
    parts.map(<[u8]>::trim_ascii)
}

/// Where a byte stands with regard to quoted strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quote {
    Outside,
    Inside,
    /// Behind a backslash inside.
    Escaped,
}

impl Quote {
    const fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Outside, b'"') => Self::Inside,
            (Self::Inside, b'"') | (Self::Outside, _) => Self::Outside,
            (Self::Inside, b'\\') => Self::Escaped,
            (Self::Inside | Self::Escaped, _) => Self::Inside,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(accept: &[&str]) -> bool {
        prefers_html(accept.iter().map(|value| value.as_bytes()), false)
    }

    fn html_as_document(accept: &[&str]) -> bool {
        prefers_html(accept.iter().map(|value| value.as_bytes()), true)
    }

    #[test]
    fn browsers_that_open_a_page_get_a_page() {
        for accept in [
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "text/html",
            "TEXT/HTML ; Q=0.2",
            "text/*",
            "application/json;q=0.5, text/html;q=0.501",
            r#"application/json;x="a,b;q=1";q=0.1, text/html;q=0.2"#,
        ] {
            assert!(html(&[accept]), "{accept}");
        }
        assert!(
            html(&["application/json;q=0.1", "text/html;q=0.2"]),
            "two headers are one list"
        );
    }

    #[test]
    fn programs_get_problem_details() {
        for accept in [
            "*/*",
            "",
            "application/json",
            "application/json, text/plain, */*",
            "application/problem+json, text/html",
            "text/html, application/json",
            "text/html;q=0, */*",
            "text/html;q=0.000",
            "image/avif,image/webp,*/*;q=0.8",
            "text/event-stream",
            "text/plain",
        ] {
            assert!(!html(&[accept]), "{accept}");
        }
        assert!(!html(&[]));
    }

    #[test]
    fn where_accept_is_open_opening_a_document_decides() {
        assert!(html_as_document(&["*/*"]));
        assert!(html_as_document(&[]));
        assert!(html_as_document(&["text/html, application/json"]));
        assert!(!html_as_document(&["application/json"]));
        assert!(!html_as_document(&["text/html;q=0, */*;q=0.5"]));
    }

    #[test]
    fn the_most_specific_range_counts_wherever_it_stands() {
        assert!(!html(&["text/html;q=0.1, text/*;q=0.9, application/json;q=0.5"]));
        assert!(html(&["*/*;q=0.1, application/*;q=0.2, text/html;q=0.3"]));
        assert!(!html(&["text/*;q=1, */*;q=0.1, text/html;q=0"]));
    }

    #[test]
    fn a_range_that_breaks_the_grammar_says_nothing() {
        for accept in [
            "text/html;q=2",
            "text/html;q=0.1234",
            "text/html;q=1.001",
            "text/html;q=",
            "text/html;q=a",
            "text/html;q=0,9",
            "text/",
            "/html",
            "html",
            ";;;",
            "\"",
            "text/html\"",
        ] {
            let others = format!("application/json;q=0.1, {accept}");
            assert!(!html(&[others.as_str()]), "{accept}");
        }
    }

    #[test]
    fn any_bytes_are_read_to_their_end() {
        let mut state = 1_u32;
        for length in 0..400 {
            let bytes: Vec<u8> = (0..length)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    b"/*;,q=.01\"\\ thmlex\xff"[usize::try_from(state >> 16).unwrap() % 19]
                })
                .collect();
            prefers_html([bytes.as_slice()].into_iter(), false);
        }
    }
}
