//! The few request headers whose values are compared, found in one pass, as they were sent.

/// Their names, in lower case.
pub const COMPARED: [&str; Sent::COUNT] = [
    "user-agent",
    "sec-ch-ua",
    "sec-ch-ua-mobile",
    "sec-ch-ua-platform",
    "sec-fetch-site",
    "sec-fetch-mode",
    "sec-fetch-dest",
    "sec-fetch-user",
    "accept",
    "accept-encoding",
    "accept-language",
    "upgrade",
];

/// Whether the value of the header of this name is compared.
pub fn is_compared(name: &str) -> bool {
    // Most names are told by how they begin.
    matches!(name.as_bytes().first(), Some(b'a' | b's' | b'u')) && COMPARED.contains(&name)
}

/// Their values. Of a header that came twice there is none: which one is meant is not for us to choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent<'a>([Value<'a>; Sent::COUNT]);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Value<'a> {
    #[default]
    Absent,
    Once(&'a [u8]),
    Repeated,
}

/// What a request is for, as a browser says in `sec-fetch-mode` (Fetch Metadata, W3C).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A page is opened.
    Navigation,
    /// Part of a page is loaded, or a program in it asks.
    Subresource,
    /// It does not say.
    Unstated,
}

impl Purpose {
    /// Whether it is a navigation, if that is said.
    pub const fn is_navigation(self) -> Option<bool> {
        match self {
            Self::Navigation => Some(true),
            Self::Subresource => Some(false),
            Self::Unstated => None,
        }
    }
}

impl<'a> Sent<'a> {
    /// How many headers are compared.
    pub const COUNT: usize = 12;

    /// Those among `headers`, whose names are in lower case.
    pub fn of(headers: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut sent = Self::default();
        for (name, value) in headers {
            let place = COMPARED.iter().position(|known| *known == name);
            if let Some(place) = place.and_then(|place| sent.0.get_mut(place)) {
                *place = match place {
                    Value::Absent => Value::Once(value),
                    Value::Once(_) | Value::Repeated => Value::Repeated,
                };
            }
        }
        sent
    }

    /// The value of the header of this name, if it came once.
    pub fn value(&self, name: &str) -> Option<&'a [u8]> {
        let place = COMPARED.iter().position(|known| *known == name)?;
        match self.0.get(place) {
            Some(Value::Once(value)) => Some(value),
            Some(Value::Absent | Value::Repeated) | None => None,
        }
    }

    /// Whether the header of this name came, once or more often.
    pub fn has(&self, name: &str) -> bool {
        let place = COMPARED.iter().position(|known| *known == name);
        let value = place.and_then(|place| self.0.get(place));
        value.is_some_and(|value| *value != Value::Absent)
    }

    /// Each that came, with its value if it came once.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, Option<&'a [u8]>)> {
        COMPARED
            .into_iter()
            .zip(self.0)
            .filter_map(|(name, value)| match value {
                Value::Absent => None,
                Value::Once(value) => Some((name, Some(value))),
                Value::Repeated => Some((name, None)),
            })
    }

    /// Whether any Fetch Metadata came.
    pub fn has_fetch_metadata(&self) -> bool {
        ["sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest"]
            .into_iter()
            .any(|name| self.has(name))
    }

    /// What the request is for.
    pub fn purpose(&self) -> Purpose {
        match self.value("sec-fetch-mode") {
            Some(b"navigate") => Purpose::Navigation,
            Some(_) => Purpose::Subresource,
            None => Purpose::Unstated,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_once_has_a_value_and_what_came_twice_has_none() {
        let headers: [(&str, &[u8]); 5] = [
            ("user-agent", b"a"),
            ("x-own", b"b"),
            ("sec-fetch-mode", b"navigate"),
            ("accept", b"c"),
            ("accept", b"c"),
        ];
        let sent = Sent::of(headers);
        assert_eq!(sent.value("user-agent"), Some(&b"a"[..]));
        assert_eq!((sent.value("accept"), sent.has("accept")), (None, true));
        assert_eq!((sent.value("x-own"), sent.has("x-own")), (None, false));
        assert_eq!(sent.purpose(), Purpose::Navigation);
        assert!(sent.has_fetch_metadata());
        let expected: [(_, Option<&[u8]>); 3] = [
            ("user-agent", Some(b"a")),
            ("sec-fetch-mode", Some(b"navigate")),
            ("accept", None),
        ];
        assert_eq!(sent.iter().collect::<Vec<_>>(), expected);
        assert_eq!(Sent::default().purpose(), Purpose::Unstated);
    }
}
