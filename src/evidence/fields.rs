//! A request's header fields, as the proxy hands them out, and what is looked for in them.

/// Names, in lower case, with values.
pub type Fields<'f> = [(&'f str, &'f [u8])];

/// The values of the fields of this name, in their order.
pub fn values<'i, 'f>(fields: &'i Fields<'f>, name: &'i str) -> impl Iterator<Item = &'f [u8]> + Clone + use<'i, 'f> {
    let of_name = fields.iter().filter(move |(found, _)| *found == name);
    of_name.map(|(_, value)| *value)
}

/// The value of the first field of this name.
pub fn first<'f>(fields: &Fields<'f>, name: &str) -> Option<&'f [u8]> {
    values(fields, name).next()
}

/// Fields that somebody owns, as they are looked through.
pub fn borrowed(fields: &[(String, Vec<u8>)]) -> Vec<(&str, &[u8])> {
    fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_slice()))
        .collect()
}

/// The pairs in the value of a `cookie` field (RFC 6265, 4.2.1).
pub fn cookies(value: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    let pairs = value.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    pairs.filter(|pair| !pair.is_empty())
}

/// `fields` with another one in the place of that at `at`.
#[cfg(test)]
pub(crate) fn with<'f>(fields: &Fields<'f>, at: usize, field: (&'f str, &'f [u8])) -> Vec<(&'f str, &'f [u8])> {
    let mut fields = fields.to_vec();
    fields[at] = field;
    fields
}
