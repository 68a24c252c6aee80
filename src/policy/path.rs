//! The one form of a path under which routes and rules know it, whatever a client writes for it. Servers read `/login`, `//login`,
//! `/x/../login`, `/%6Cogin`, `/login;v=1` and `\login` as one page, and so a route for it has to hold for all of them.
//!
//! What changes: query and fragment go, as do the `;parameters` of segments; characters that need no percent-encoding lose it;
//! `\` becomes `/`; empty and `.` segments go, and `..` takes one with it; a slash at the end goes. What means something else
//! when it is encoded (`%2F`, `%3B`, `%25`) stays so, and bytes that are no printable ASCII are always encoded. Some servers read an
//! encoded slash as one: for these a path has another form, and of the routes of both the dearer one counts.

use std::borrow::Cow;

/// The longest path that is read, without its query: more than Envoy's headers may have by default (60 KiB), so that no length leads
/// out of a route.
pub const MAX_PATH: usize = 64 * 1_024;

/// A path over [`MAX_PATH`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// `path` in lower case. Allocates only when something has to change.
pub fn lower(path: Cow<'_, str>) -> Cow<'_, str> {
    if path.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(path.to_ascii_lowercase())
    } else {
        path
    }
}

/// The form of `path`, which is a request's target: begins with `/`, has no `/` at its end unless it is nothing else. Allocates
/// only when something has to change.
///
/// # Errors
/// [`TooLong`] over [`MAX_PATH`].
pub fn normal(path: &[u8]) -> Result<Cow<'_, str>, TooLong> {
    let path = path
        .split(|byte| matches!(byte, b'?' | b'#'))
        .next()
        .unwrap_or_default();
    if path.len() > MAX_PATH {
        return Err(TooLong);
    }
    let path = without_authority(path);
    let as_it_is = str::from_utf8(path).ok().filter(|path| is_normal(path));
    Ok(as_it_is.map_or_else(|| Cow::Owned(written_anew(path)), Cow::Borrowed))
}

/// The other form that a path has for servers that read `%2F` and `%5C` as slashes, as nginx does; none where there is none of them.
pub fn with_slashes(form: &str) -> Option<String> {
    let slashes = ["%2F", "%2f", "%5C", "%5c"];
    let has_slash = slashes.iter().any(|slash| form.contains(slash));
    has_slash.then(|| {
        let plain = slashes
            .iter()
            .fold(form.to_owned(), |form, slash| form.replace(slash, "/"));
        written_anew(plain.as_bytes())
    })
}

/// Without the `http://host` of an absolute form (RFC 9112, 3.2.2).
fn without_authority(path: &[u8]) -> &[u8] {
    if path.first() == Some(&b'/') {
        return path;
    }
    let Some(at) = path.windows(3).position(|part| part == b"://") else {
        return path;
    };
    let authority = path.get(at.saturating_add(3)..).unwrap_or_default();
    let slash = authority.iter().position(|byte| matches!(byte, b'/' | b'\\'));
    slash.and_then(|at| authority.get(at..)).unwrap_or_default()
}

/// Whether the path is its own form.
fn is_normal(path: &str) -> bool {
    if path == "/" {
        return true;
    }
    let Some(segments) = path.strip_prefix('/') else {
        return false;
    };
    segments.split('/').all(|segment| {
        let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b';');
        !matches!(segment, "" | "." | "..") && segment.bytes().all(plain) && escapes_are_needed(segment)
    })
}

/// Whether every `%` begins an escape that has to be one, in upper case.
fn escapes_are_needed(segment: &str) -> bool {
    segment.split('%').skip(1).all(|behind| {
        let digits = behind.as_bytes().first_chunk::<2>();
        let is_upper = |digits: &[u8; 2]| !digits.iter().any(u8::is_ascii_lowercase);
        digits.is_some_and(|digits| is_upper(digits) && decoded(*digits).is_some_and(|byte| !is_free(byte)))
    })
}

fn written_anew(path: &[u8]) -> String {
    let mut out = String::with_capacity(path.len().saturating_add(1));
    for segment in path.split(|byte| matches!(byte, b'/' | b'\\')) {
        let from = out.len();
        out.push('/');
        write_segment(&mut out, segment);
        match out.get(from..).unwrap_or_default() {
            "/" | "/." => out.truncate(from),
            "/.." => {
                out.truncate(from);
                let parent = out.rfind('/').unwrap_or_default();
                out.truncate(parent);
            }
            _ => {}
        }
    }
    if out.is_empty() {
        out.push('/');
    }
    out
}

fn write_segment(out: &mut String, segment: &[u8]) {
    let mut left = segment.split(|byte| *byte == b';').next().unwrap_or_default();
    while let Some((first, behind)) = left.split_first() {
        left = behind;
        let escaped = match (first, behind.split_first_chunk::<2>()) {
            (b'%', Some((digits, behind))) => decoded(*digits).map(|byte| (byte, behind)),
            _ => None,
        };
        match escaped {
            Some((byte, behind)) => {
                left = behind;
                write_byte(out, byte, is_free(byte));
            }
            // A `%` that begins no escape is written as the character that it is: reading the form again must not find one.
            None => write_byte(out, *first, first.is_ascii_graphic() && *first != b'%'),
        }
    }
}

fn write_byte(out: &mut String, byte: u8, as_it_is: bool) {
    const HEX: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    let digit = |value: u8| HEX.get(usize::from(value)).copied().unwrap_or_default();
    if as_it_is {
        out.push(char::from(byte));
    } else {
        out.extend(['%', digit(byte >> 4), digit(byte & 15)]);
    }
}

/// Whether a character means the same in a path with and without percent-encoding.
fn is_free(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'/' | b'\\' | b'?' | b'#' | b'%' | b';')
}

fn decoded(digits: [u8; 2]) -> Option<u8> {
    let [high, low] = digits.map(|digit| {
        char::from(digit)
            .to_digit(16)
            .and_then(|value| u8::try_from(value).ok())
    });
    Some((high? << 4) | low?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn form(path: &str) -> String {
        normal(path.as_bytes()).unwrap().into_owned()
    }

    #[test]
    fn every_way_to_write_a_path_has_one_form() {
        for path in [
            "/login",
            "/login/",
            "//login",
            "/./login",
            "/x/../login",
            "/../../login",
            "/x/%2e%2E/login",
            "/%6Cogin",
            "/%6c%6f%67%69%6e",
            "/login?next=/x",
            "/login#x",
            "/login;jsessionid=1",
            "/;x/login",
            "/x/..;a=b/login",
            "\\login",
            "/x\\..\\login",
            "login",
            "http://a.example/login",
            "https://a.example//login?x",
        ] {
            assert_eq!(form(path), "/login", "{path}");
        }
        for root in [
            "",
            "/",
            "//",
            "/.",
            "/..",
            "/?x",
            "/;x",
            "*/..",
            "http://a.example",
            "http://a?b",
        ] {
            assert_eq!(form(root), "/", "{root}");
        }
        assert_eq!(form("*"), "/*");
    }

    #[test]
    fn what_means_something_else_when_encoded_stays_so() {
        for (path, expected) in [
            ("/a%2fb", "/a%2Fb"),
            ("/a%3bb", "/a%3Bb"),
            ("/a%5cb", "/a%5Cb"),
            ("/a%3fb", "/a%3Fb"),
            ("/%2541", "/%2541"),
            ("/%%34%31", "/%2541"),
            ("/100%", "/100%25"),
            ("/%zz", "/%25zz"),
            ("/%4", "/%254"),
            ("/a b", "/a%20b"),
            ("/a%20b", "/a%20b"),
            ("/caf\u{e9}", "/caf%C3%A9"),
            ("/%00", "/%00"),
            ("/a%40b", "/a@b"),
        ] {
            assert_eq!(form(path), expected, "{path}");
        }
        assert_eq!(normal(b"/\xff").unwrap(), "/%FF");
    }

    #[test]
    fn servers_that_read_an_encoded_slash_as_one_have_another_form() {
        for path in [
            "/x/..%2flogin",
            "/static%2F..%5clogin",
            "/x/%2e%2e%2flogin",
            "/login%2f",
            "%2flogin",
        ] {
            assert_eq!(with_slashes(&form(path)).as_deref(), Some("/login"), "{path}");
        }
        assert_eq!(with_slashes("/a%252Fb%20c"), None);
        assert_eq!(with_slashes("/a%2Fb%25%20").as_deref(), Some("/a/b%25%20"));
    }

    #[test]
    fn nothing_is_allocated_where_nothing_changes() {
        for path in [
            "/",
            "/login",
            "/a%20b/c?d=1",
            "/.well-known/x",
            "/a..b/...",
            "/caf%C3%A9",
        ] {
            assert!(matches!(normal(path.as_bytes()), Ok(Cow::Borrowed(_))), "{path}");
        }
    }

    #[test]
    fn a_path_over_the_bound_is_told_and_its_query_does_not_count() {
        let path = format!("/{}", "a".repeat(MAX_PATH - 1));
        assert_eq!(form(&format!("{path}?{path}")), path);
        assert_eq!(normal(format!("{path}a").as_bytes()), Err(TooLong));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_form_is_its_own_form(
            bytes in vec(prop_oneof![any::<u8>(), prop::sample::select(b"/.%;\\2eE5ca?".to_vec())], 0..40),
        ) {
            let once = normal(&bytes).unwrap();
            prop_assert!(once.starts_with('/') && (once.len() == 1 || !once.ends_with('/')), "{}", once);
            prop_assert!(matches!(normal(once.as_bytes()), Ok(Cow::Borrowed(again)) if again == once));
        }
    }
}
