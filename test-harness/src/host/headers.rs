//! A header map as Envoy keeps it: ordered pairs of bytes, names in lower case, pseudo-headers first.
//!
//! One thing Envoy does is left out: a second value for one of its built-in names (`cookie`, `accept`, …) is not joined to the
//! first with a comma, it stays a line of its own.

use std::fmt;

/// Ordered names and values; a name may occur more than once.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(Vec<u8>, Vec<u8>)>);

/// The headers of a message, in wire order.
pub fn headers<N: AsRef<[u8]>, V: AsRef<[u8]>>(pairs: &[(N, V)]) -> Headers {
    let mut headers = Headers::default();
    for (name, value) in pairs {
        headers.add(name, value);
    }
    headers
}

impl Headers {
    /// Adds a line: at the end, or after the last pseudo-header if it is one.
    pub fn add(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        let name = name.as_ref().to_ascii_lowercase();
        let at = if is_pseudo(&name) {
            self.0.iter().take_while(|(name, _)| is_pseudo(name)).count()
        } else {
            self.0.len()
        };
        self.0.insert(at, (name, value.as_ref().to_vec()));
    }

    /// Takes out every line of this name and adds one: the new line is the last, not where the old one was.
    pub fn replace(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        self.remove(&name);
        self.add(name, value);
    }

    /// Takes out every line of this name.
    pub fn remove(&mut self, name: impl AsRef<[u8]>) {
        let name = name.as_ref();
        self.0.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
    }

    /// The value of the first line of this name.
    pub fn first(&self, name: impl AsRef<[u8]>) -> Option<&[u8]> {
        let name = name.as_ref();
        let line = self.0.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        line.map(|(_, value)| value.as_slice())
    }

    /// The values of all lines of this name.
    pub fn all(&self, name: impl AsRef<[u8]>) -> Vec<&[u8]> {
        let name = name.as_ref();
        self.iter()
            .filter(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .collect()
    }

    /// The names, line by line, as text.
    pub fn names(&self) -> Vec<String> {
        self.iter()
            .map(|(name, _)| String::from_utf8_lossy(name).into_owned())
            .collect()
    }

    /// Name and value of each line.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.iter().map(|(name, value)| (name.as_slice(), value.as_slice()))
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no line.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes of all names and values.
    pub(super) fn byte_size(&self) -> usize {
        self.iter()
            .map(|(name, value)| name.len().saturating_add(value.len()))
            .sum()
    }

    /// The ABI's form: the number of lines, all sizes, then names and values, each closed by a NUL. Nothing at all if empty.
    pub(super) fn encode(&self) -> Option<Vec<u8>> {
        if self.is_empty() {
            return Some(Vec::new());
        }
        let mut bytes = word(self.len())?.to_vec();
        for (name, value) in self.iter() {
            bytes.extend(word(name.len())?);
            bytes.extend(word(value.len())?);
        }
        for (name, value) in self.iter() {
            bytes.extend_from_slice(name);
            bytes.push(0);
            bytes.extend_from_slice(value);
            bytes.push(0);
        }
        Some(bytes)
    }

    /// Reads the ABI's form. As in Envoy, what is malformed is read as no headers.
    pub(super) fn decode(bytes: &[u8]) -> Self {
        decode(bytes).unwrap_or_default()
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self
            .iter()
            .map(|(name, value)| (String::from_utf8_lossy(name), String::from_utf8_lossy(value)));
        out.debug_list().entries(lines).finish()
    }
}

fn decode(bytes: &[u8]) -> Option<Headers> {
    let (count, mut rest) = take_word(bytes)?;
    let mut sizes = Vec::new();
    for _ in 0..count {
        let (name, after) = take_word(rest)?;
        let (value, after) = take_word(after)?;
        sizes.push((name, value));
        rest = after;
    }
    let mut headers = Headers::default();
    for (name, value) in sizes {
        let (name, after) = take_text(rest, name)?;
        let (value, after) = take_text(after, value)?;
        headers.add(name, value);
        rest = after;
    }
    rest.is_empty().then_some(headers)
}

fn is_pseudo(name: &[u8]) -> bool {
    name.starts_with(b":")
}

fn word(size: usize) -> Option<[u8; 4]> {
    u32::try_from(size).ok().map(u32::to_le_bytes)
}

fn take_word(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (word, rest) = bytes.split_first_chunk()?;
    Some((usize::try_from(u32::from_le_bytes(*word)).ok()?, rest))
}

fn take_text(bytes: &[u8], size: usize) -> Option<(&[u8], &[u8])> {
    let (text, rest) = bytes.split_at_checked(size)?;
    let rest = rest.strip_prefix(b"\0")?;
    Some((text, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded() {
        let sent = headers(&[(":method", "GET"), ("Cookie", ""), ("cookie", "b=\u{e9}")]);
        assert_eq!(sent.encode().map(|bytes| Headers::decode(&bytes)), Some(sent));
    }

    #[test]
    fn any_prefix_of_a_map_is_no_map() {
        let bytes = headers(&[("a", "1"), ("b", "2")]).encode().unwrap();
        for end in 0..bytes.len() {
            assert!(Headers::decode(&bytes[..end]).is_empty(), "{end}");
        }
        assert!(Headers::decode(&[255; 12]).is_empty());
    }

    #[test]
    fn pseudo_headers_come_first_and_names_are_lower_case() {
        let mut map = headers(&[(":path", "/"), ("Accept", "*/*")]);
        map.add(":method", "GET");
        map.replace("ACCEPT", "a/b");
        map.add("x", "1");
        map.remove("X");
        assert_eq!(map.names(), [":path", ":method", "accept"]);
        assert_eq!(map.all("Accept"), [b"a/b"]);
    }
}
