//! A request's header fields, as the proxy hands them out, and what is looked for in them.

/// Names, in lower case, with values.
pub type Fields = [(String, Vec<u8>)];

/// The values of the fields of this name, in their order.
pub fn values<'f>(fields: &'f Fields, name: &'f str) -> impl Iterator<Item = &'f [u8]> + Clone {
    let of_name = fields.iter().filter(move |(found, _)| found == name);
    of_name.map(|(_, value)| value.as_slice())
}

/// The value of the first field of this name.
pub fn first<'f>(fields: &'f Fields, name: &'f str) -> Option<&'f [u8]> {
    values(fields, name).next()
}

/// The pairs in the value of a `cookie` field (RFC 6265, 4.2.1).
pub fn cookies(value: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    let pairs = value.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    pairs.filter(|pair| !pair.is_empty())
}
