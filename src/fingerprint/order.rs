//! The header-order digest, and how HTTP/1 header names are written.
//!
//! Every HTTP library writes its headers in an order of its own, and keeps it when a caller changes their values. Names that
//! come and go with the page, or that proxies add, are left out, so that one client keeps its digest over a site.

use super::{ascii::Ascii, digest};
use core::cell::OnceCell;
use core::fmt;

/// The digest: 12 hex digits of the SHA-256 over the order's text.
pub type OrderDigest = Ascii<12>;

/// Whether a lower-case header name takes no part in the order: it varies by page or by proxy, not by client.
pub fn is_left_out(name: &str) -> bool {
    const WHOLE: [&str; 8] = [
        "cookie",
        "referer",
        "origin",
        "authorization",
        "range",
        "cache-control",
        "pragma",
        "x-request-id",
    ];
    const BEGIN: [&str; 5] = ["content-", "if-", "x-forwarded-", "x-envoy-", "x-layerprint-"];
    name.starts_with(':') || WHOLE.contains(&name) || BEGIN.iter().any(|begin| name.starts_with(begin))
}

/// The names that take part, lower case, in wire order, joined by commas. Displays as that text.
#[derive(Clone, Debug)]
pub struct HeaderOrder {
    text: String,
    /// Hashed when it is asked for, and once.
    digest: OnceCell<OrderDigest>,
}

impl PartialEq for HeaderOrder {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for HeaderOrder {}

impl HeaderOrder {
    /// The longest order that is kept. Browsers' have about 300 bytes.
    pub const MAX: usize = 2_048;
    /// The room made at first: one allocation for any browser's.
    const USUAL: usize = 512;

    /// The order of `names` as they came; none when it is over [`Self::MAX`].
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut text = String::with_capacity(Self::USUAL);
        for name in names {
            let start = text.len();
            if start > 0 {
                text.push(',');
            }
            let name_start = text.len();
            text.push_str(name);
            let is_left_out = text.get_mut(name_start..).is_none_or(|name| {
                name.make_ascii_lowercase();
                is_left_out(name)
            });
            if is_left_out {
                text.truncate(start);
            }
            if text.len() > Self::MAX {
                return None;
            }
        }
        Some(Self {
            text,
            digest: OnceCell::new(),
        })
    }

    /// The names as one text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The names in order.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.text.split(',').filter(|name| !name.is_empty())
    }

    /// The digest of the order.
    pub fn digest(&self) -> OrderDigest {
        *self.digest.get_or_init(|| digest::sha256_12(&self.text))
    }
}

impl fmt::Display for HeaderOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// How the names of an HTTP/1 head are written, all of them together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseClass {
    /// `user-agent`: proxies, and libraries built for HTTP/2
    Lower,
    /// `User-Agent`: most libraries
    Title,
    /// `USER-AGENT`: hand-written clients
    Upper,
    /// Both within one head: Chrome writes `User-Agent` and `sec-ch-ua`
    Mixed,
}

impl CaseClass {
    /// The class of this stable name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Lower, Self::Title, Self::Upper, Self::Mixed]
            .into_iter()
            .find(|class| class.as_str() == name)
    }

    /// The class of `names`; none when there are none. Initialisms (`TE`, `DNT`) fit in a head of any class.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut seen = None;
        let mut initialism = None;
        for name in names {
            let class = Self::of_name(name);
            match seen {
                _ if class == Self::Upper && name.len() <= 3 => initialism = Some(Self::Upper),
                None => seen = Some(class),
                Some(earlier) if earlier != class => return Some(Self::Mixed),
                Some(_) => {}
            }
        }
        seen.or(initialism)
    }

    fn of_name(name: &str) -> Self {
        let has_upper = name.bytes().any(|byte| byte.is_ascii_uppercase());
        let has_lower = name.bytes().any(|byte| byte.is_ascii_lowercase());
        let is_title = name.split('-').all(|word| {
            let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
            !first.bytes().any(|byte| byte.is_ascii_lowercase()) && !rest.bytes().any(|byte| byte.is_ascii_uppercase())
        });
        match (has_upper, has_lower) {
            (false, _) => Self::Lower,
            (true, true) if is_title => Self::Title,
            (true, true) => Self::Mixed,
            (true, false) => Self::Upper,
        }
    }

    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lower => "lower",
            Self::Title => "title",
            Self::Upper => "upper",
            Self::Mixed => "mixed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(names: &[&str]) -> String {
        HeaderOrder::of(names.iter().copied()).unwrap().to_string()
    }

    #[test]
    fn what_varies_by_page_or_proxy_takes_no_part() {
        let first = [
            ":method",
            ":path",
            "user-agent",
            "accept",
            "cookie",
            "x-forwarded-proto",
            "x-request-id",
        ];
        let second = [
            ":method",
            ":path",
            "User-Agent",
            "Referer",
            "Content-Type",
            "If-None-Match",
            "accept",
            "range",
        ];
        assert_eq!(order(&first), "user-agent,accept");
        assert_eq!(order(&second), "user-agent,accept");
        assert_eq!(order(&["cookie", "accept", "x-layerprint-id"]), "accept");
        assert_eq!(order(&[]), "");
    }

    #[test]
    fn the_digest_tells_orders_apart() {
        let digest = |names: &[&str]| HeaderOrder::of(names.iter().copied()).unwrap().digest();
        assert_eq!(digest(&["a", "b"]), digest(&["A", "cookie", "B"]));
        assert_ne!(digest(&["a", "b"]), digest(&["b", "a"]));
        assert_eq!(digest(&["a", "b"]).as_str(), "1eb7c54d5283");
    }

    #[test]
    fn an_order_over_its_bound_is_none() {
        let names: Vec<String> = (0..500).map(|n| format!("header-{n}")).collect();
        assert_eq!(HeaderOrder::of(names.iter().map(String::as_str)), None);
    }

    #[test]
    fn the_case_class_covers_all_names() {
        let class = |names: &[&str]| CaseClass::of(names.iter().copied()).map(CaseClass::as_str);
        assert_eq!(class(&["Host", "User-Agent", "Accept"]), Some("title"));
        assert_eq!(class(&["host", "user-agent"]), Some("lower"));
        assert_eq!(class(&["HOST", "DNT"]), Some("upper"));
        assert_eq!(class(&["TE"]), Some("upper"));
        assert_eq!(class(&["Host", "DNT", "Accept"]), Some("title"));
        assert_eq!(class(&["Host", "sec-ch-ua"]), Some("mixed"));
        assert_eq!(class(&["hOST"]), Some("mixed"));
        assert_eq!(class(&[]), None);
    }
}
