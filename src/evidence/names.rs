//! The names of a request's headers as they stand in the proxy's map, and which of them claim to be ours.

use super::fields::Fields;

/// Whether a header name is one of our annotations, however it is written.
///
/// Case never matters. Underscores count as dashes: servers that pass headers on as CGI variables do not tell them apart, so
/// `x_layerprint_verdict` would reach an application as our verdict.
pub fn is_annotation(name: &str) -> bool {
    const PREFIX: &[u8] = b"x-layerprint-";
    name.as_bytes().get(..PREFIX.len()).is_some_and(|head| {
        head.iter().zip(PREFIX).all(|(got, wanted)| match got {
            b'_' => *wanted == b'-',
            got => got.eq_ignore_ascii_case(wanted),
        })
    })
}

/// A request's header names in the proxy's order: pseudo-headers first, then the client's own, then what the proxy added.
#[derive(Clone, Copy, Debug)]
pub struct RequestNames<'a>(&'a Fields<'a>);

impl<'a> RequestNames<'a> {
    /// The names of `fields`, in the order of the map.
    pub const fn new(fields: &'a Fields<'a>) -> Self {
        Self(fields)
    }

    /// Every name.
    pub fn iter(&self) -> impl Iterator<Item = &'a str> {
        self.0.iter().map(|(name, _)| *name)
    }

    /// The client's headers that claim to be our annotations: how many there are.
    pub fn forged_count(&self) -> usize {
        self.iter().filter(|name| is_annotation(name)).count()
    }

    /// The same, each name once.
    pub fn forged(&self) -> Vec<&'a str> {
        let mut names: Vec<_> = self.iter().filter(|name| is_annotation(name)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_annotation_is_known_however_it_is_written() {
        for name in [
            "x-layerprint-verdict",
            "X-LayerPrint-Verdict",
            "x_layerprint_verdict",
            "x-layerprint-",
            "X_Layerprint-a",
        ] {
            assert!(is_annotation(name), "{name}");
        }
        for name in [
            "x-layerprint",
            "xx-layerprint-a",
            "x-layerprints-a",
            "",
            "\u{e9}-layerprint-a",
            "x-layer-print-a",
        ] {
            assert!(!is_annotation(name), "{name}");
        }
    }

    #[test]
    fn repeated_forgeries_are_counted_and_named_once() {
        let fields = ["a", "x-layerprint-id", "x_layerprint_id", "x-layerprint-id"].map(|name| (name, &b""[..]));
        let names = RequestNames::new(&fields);
        assert_eq!(names.forged_count(), 3);
        assert_eq!(names.forged(), ["x-layerprint-id", "x_layerprint_id"]);
    }
}
