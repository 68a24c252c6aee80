//! What of a request stands for one person's session: the token in `Authorization`, and the cookies that carry one.
//!
//! Two requests of one session are to show the same, two sessions not. Cookies of analytics change from page to page and are
//! left out where others say enough. Basic credentials (RFC 7617) are none: who tries passwords sends other ones each time.
//! Nothing of it is kept; it is hashed.

use super::fields;
use core::hash::{Hash, Hasher};

/// What names of cookies that carry a session have in them, in lower case.
const TELLING: [&str; 8] = ["sess", "sid", "token", "auth", "jwt", "login", "remember", "user"];

/// The most cookies that are looked at: browsers keep 180 for a site, and a client can send any number.
const MAX_COOKIES: usize = 200;

/// The session of one request. Its hash is the same for requests of one session.
#[derive(Clone, Copy, Debug)]
pub struct Session<'a> {
    authorization: Option<&'a [u8]>,
    cookies: &'a [&'a [u8]],
    which: Which,
}

/// Which cookies count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    /// Those whose names tell that they carry a session.
    Telling,
    /// Those that do not begin with `_`, as those of analytics do.
    Plain,
    /// None.
    None,
}

impl<'a> Session<'a> {
    /// The session that the values of `cookie` and `authorization` carry; none where they carry none.
    pub fn of(cookies: &'a [&'a [u8]], authorization: Option<&'a [u8]>) -> Option<Self> {
        let has = |which| pairs(cookies).any(|pair| counts(which, pair));
        let which = [Which::Telling, Which::Plain].into_iter().find(|which| has(*which));
        let authorization = authorization.filter(|value| !is_basic(value) && !value.trim_ascii().is_empty());
        if which.is_none() && authorization.is_none() {
            return None;
        }
        Some(Self {
            authorization,
            cookies,
            which: which.unwrap_or(Which::None),
        })
    }
}

impl Hash for Session<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.authorization.hash(state);
        for pair in pairs(self.cookies).filter(|pair| counts(self.which, pair)) {
            pair.hash(state);
        }
    }
}

/// The pairs of all `cookie` headers (RFC 6265, 4.2.1). HTTP/2 may split them into one for each (RFC 9113, 8.2.3).
fn pairs<'a>(cookies: &'a [&'a [u8]]) -> impl Iterator<Item = &'a [u8]> {
    cookies
        .iter()
        .flat_map(|value| fields::cookies(value))
        .take(MAX_COOKIES)
}

fn counts(which: Which, pair: &[u8]) -> bool {
    let name = pair.split(|byte| *byte == b'=').next().unwrap_or_default();
    match which {
        Which::Telling => TELLING.iter().any(|part| contains(name, part.as_bytes())),
        Which::Plain => !name.starts_with(b"_"),
        Which::None => false,
    }
}

/// Whether `part`, which is in lower case, is in `name`, in any case.
fn contains(name: &[u8], part: &[u8]) -> bool {
    name.windows(part.len()).any(|piece| piece.eq_ignore_ascii_case(part))
}

fn is_basic(value: &[u8]) -> bool {
    let scheme = value.trim_ascii().split(u8::is_ascii_whitespace).next();
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"basic"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::DefaultHasher;

    fn session(cookies: &[&str], authorization: Option<&str>) -> Option<u64> {
        let cookies: Vec<&[u8]> = cookies.iter().map(|cookie| cookie.as_bytes()).collect();
        let session = Session::of(&cookies, authorization.map(str::as_bytes))?;
        let mut hasher = DefaultHasher::new();
        session.hash(&mut hasher);
        Some(hasher.finish())
    }

    #[test]
    fn a_session_outlives_what_analytics_change() {
        let first = session(&["PHPSESSID=a1; _ga=GA1.2.3; theme=dark"], None);
        assert!(first.is_some());
        assert_eq!(first, session(&["_ga=GA1.9.9; PHPSESSID=a1"], None));
        assert_eq!(first, session(&["theme=light", "PHPSESSID=a1"], None), "HTTP/2 splits");
        assert_ne!(first, session(&["PHPSESSID=a2"], None));
    }

    #[test]
    fn where_no_name_tells_all_but_analytics_count() {
        let plain = session(&["cart=7; _gid=x"], None);
        assert!(plain.is_some());
        assert_eq!(plain, session(&["cart=7; _gid=y"], None));
        assert_eq!(session(&["_gid=x; _fbp=y"], None), None);
    }

    #[test]
    fn a_token_is_a_session_and_tried_credentials_are_none() {
        assert!(session(&[], Some("Bearer abc")).is_some());
        assert_ne!(session(&[], Some("Bearer abc")), session(&[], Some("Bearer abd")));
        for nothing in ["Basic dTpw", "basic dTpw", "BASIC", "", "  "] {
            assert_eq!(session(&[], Some(nothing)), None, "{nothing:?}");
        }
    }

    #[test]
    fn any_bytes_are_read() {
        for bytes in [&b"\xff\xfe;=;;"[..], b";;;", b"=", b"sid", b"\0"] {
            let cookies = [bytes];
            let _ = Session::of(&cookies, Some(bytes)).map(|session| session.hash(&mut DefaultHasher::new()));
        }
        let many = "a=b;".repeat(100_000);
        assert!(session(&[&many], None).is_some());
    }
}
