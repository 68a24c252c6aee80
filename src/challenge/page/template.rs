//! A page's HTML with its holes, in pieces: what is the same for every client is made once for each language.

use super::WayBack;
use crate::challenge::encoded;

/// A piece of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// What is the same for all.
    Fixed(Box<str>),
    /// What is not.
    Hole(Hole),
}

/// What stands in a page that is not the same for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hole {
    /// The puzzle.
    Token,
    /// How hard it is.
    Difficulty,
    /// The name of the way back.
    Way,
    /// Where that leads.
    To,
    /// The same, as it stands in a query.
    EncodedTo,
    /// What the proxy calls the request.
    Reference,
    /// Where the same page is over TLS.
    Https,
}

/// What stands in the place of a name in braces.
pub(super) enum Filling {
    /// This, as it stands.
    Html(String),
    /// This, which may be anything.
    Text(String),
    /// What comes with the request.
    Hole(Hole),
    /// These.
    Pieces(Vec<Piece>),
}

/// `html` in pieces, with what `fill` has for each of its names in braces. It has no other braces.
pub(super) fn compile(html: &str, fill: impl Fn(&str) -> Filling) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut fixed = String::new();
    let mut rest = html;
    while let Some((before, behind)) = rest.split_once('{') {
        let (name, after) = behind.split_once('}').unwrap_or((behind, ""));
        fixed.push_str(before);
        rest = after;
        let inner = match fill(name) {
            Filling::Html(html) => {
                fixed.push_str(&html);
                continue;
            }
            Filling::Text(text) => {
                escape(&mut fixed, &text);
                continue;
            }
            Filling::Hole(hole) => vec![Piece::Hole(hole)],
            Filling::Pieces(inner) => inner,
        };
        for piece in inner {
            match piece {
                Piece::Fixed(text) => fixed.push_str(&text),
                hole @ Piece::Hole(_) => {
                    pieces.push(Piece::Fixed(core::mem::take(&mut fixed).into()));
                    pieces.push(hole);
                }
            }
        }
    }
    fixed.push_str(rest);
    pieces.push(Piece::Fixed(fixed.into()));
    pieces
}

/// Writes `text` so that it stands for itself in HTML, between tags and between double quotes alike.
pub(super) fn escape(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            // No text of ours has any, and what a parser makes of them is its own business.
            character if character.is_control() => out.push('\u{fffd}'),
            character => out.push(character),
        }
    }
}

/// The most bytes that a way back takes in a page, and again in the address that a browser without JavaScript goes on at.
const MAX_TO: usize = 600;

/// `to` for an attribute: as long as there is room for it, or else without its query, or else the way home.
pub(super) fn escaped_to(to: &str) -> String {
    shortest_that_fits(to, |to| {
        let mut out = String::with_capacity(to.len());
        escape(&mut out, to);
        out
    })
}

/// The same for a query.
pub(super) fn encoded_to(to: &str) -> String {
    shortest_that_fits(to, encoded)
}

fn shortest_that_fits(to: &str, write: impl Fn(&str) -> String) -> String {
    let path = to.split('?').next().unwrap_or_default();
    let mut written = [to, path].into_iter().filter(|to| to.len() <= MAX_TO).map(write);
    written
        .find(|written| written.len() <= MAX_TO)
        .unwrap_or_else(|| "/".to_owned())
}

impl WayBack<'_> {
    /// What the page's script calls it.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Reload { .. } => "reload",
            Self::Form { .. } => "form",
            Self::To(_) => "to",
        }
    }

    /// Where it leads.
    pub(super) const fn to(&self) -> &str {
        match self {
            Self::Reload { path: to } | Self::Form { to } | Self::To(to) => to,
        }
    }
}

/// A script or a style without what only its readers need: comments on lines of their own, and the blanks before and behind a line.
/// Each line stays one, so that nothing has to be understood.
pub(super) fn stripped(source: &str) -> String {
    let lines = source.lines().map(str::trim);
    let kept: Vec<&str> = lines
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .collect();
    kept.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_fixed_is_one_piece_around_the_holes() {
        let pieces = compile("<p>{a} {b}</p>{c}", |name| match name {
            "a" => Filling::Text("1 < 2".to_owned()),
            "b" => Filling::Hole(Hole::Token),
            _ => Filling::Html("<hr>".to_owned()),
        });
        assert_eq!(
            pieces,
            [
                Piece::Fixed("<p>1 &lt; 2 ".into()),
                Piece::Hole(Hole::Token),
                Piece::Fixed("</p><hr>".into())
            ]
        );
    }

    #[test]
    fn no_text_ends_an_attribute_or_begins_a_tag() {
        let mut out = String::new();
        escape(&mut out, "\"'><script>&amp;\0\r\n\u{7f}ü");
        assert_eq!(
            out,
            "&#34;&#39;&gt;&lt;script&gt;&amp;amp;\u{fffd}\u{fffd}\u{fffd}\u{fffd}ü"
        );
    }

    #[test]
    fn a_way_back_that_is_too_long_loses_its_query_first() {
        assert_eq!(escaped_to("/a?b=c&d"), "/a?b=c&amp;d");
        assert_eq!(encoded_to("/a b?c=\u{e9}&d"), "/a%20b%3Fc%3D%C3%A9%26d");
        let query = format!("/a?{}", "&".repeat(200));
        assert_eq!(escaped_to(&query), "/a");
        assert_eq!(encoded_to(&query), "/a");
        let path = format!("/{}?b", "c".repeat(MAX_TO));
        assert_eq!(escaped_to(&path), "/");
        assert_eq!(encoded_to(&path), "/");
    }

    #[test]
    fn a_script_loses_its_comments_and_no_line() {
        assert_eq!(stripped("// what\n  a;\n\n  // why\n  b // stays\n"), "a;\nb // stays");
    }
}
