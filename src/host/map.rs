//! A map of header fields as the proxy hands it out: one piece of memory, read where it is.
//!
//! The form is that of the proxy-wasm ABI: the number of fields; for each the lengths of its name and its value; then all names and
//! values, with a NUL behind each. Numbers are 32 bits, little-endian.

/// The fields of a request, as they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldMap(Vec<u8>);

/// The bytes of a length.
pub(super) const LENGTH: usize = 4;

/// A map taken apart.
pub(super) struct Header<'a> {
    /// The lengths of each field's name and value.
    pub(super) lengths: &'a [[[u8; LENGTH]; 2]],
    /// All names and values.
    pub(super) texts: &'a [u8],
}

impl FieldMap {
    /// The map of these bytes, which are the proxy's.
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The map of these fields, for stand-ins of a proxy. What is longer than the form can say is cut.
    pub fn of<'a>(fields: impl IntoIterator<Item = (&'a str, &'a [u8])> + Clone) -> Self {
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes();
        let mut bytes = number(fields.clone().into_iter().count()).to_vec();
        for (name, value) in fields.clone() {
            bytes.extend([number(name.len()), number(value.len())].as_flattened());
        }
        for (name, value) in fields {
            for text in [name.as_bytes(), value] {
                bytes.extend_from_slice(text);
                bytes.push(0);
            }
        }
        Self(bytes)
    }

    /// The fields, in the proxy's order; none when the bytes are not of the form, or a name is no text. No proxy lets such a name in.
    pub fn fields(&self) -> Option<Vec<(&str, &[u8])>> {
        // A map without fields may have no bytes at all.
        if self.0.is_empty() {
            return Some(Vec::new());
        }
        let Header { lengths, mut texts } = self.header()?;
        let mut fields = Vec::with_capacity(lengths.len());
        for [name, value] in lengths {
            let name = str::from_utf8(text(&mut texts, *name)?).ok()?;
            fields.push((name, text(&mut texts, *value)?));
        }
        Some(fields)
    }

    /// The map taken apart; none when there are not as many lengths as it says.
    pub(super) fn header(&self) -> Option<Header<'_>> {
        let (count, behind) = self.0.split_first_chunk::<LENGTH>()?;
        let count = usize::try_from(u32::from_le_bytes(*count)).ok()?;
        let (lengths, texts) = behind.split_at_checked(count.checked_mul(2 * LENGTH)?)?;
        let (lengths, _) = lengths.as_chunks::<LENGTH>();
        let (lengths, _) = lengths.as_chunks::<2>();
        Some(Header { lengths, texts })
    }

    /// As the proxy handed it out.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The next of `texts`, and its NUL off.
fn text<'a>(texts: &mut &'a [u8], length: [u8; LENGTH]) -> Option<&'a [u8]> {
    let length = usize::try_from(u32::from_le_bytes(length)).ok()?;
    let (text, behind) = texts.split_at_checked(length)?;
    let (0, behind) = behind.split_first().map(|(nul, behind)| (*nul, behind))? else {
        return None;
    };
    *texts = behind;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FIELDS: [(&str, &[u8]); 4] = [
        (":path", b"/"),
        ("cookie", b""),
        ("x", b"\xff\0\x01"),
        ("cookie", b"a=b"),
    ];

    #[test]
    fn what_a_proxy_hands_out_is_read_where_it_is() {
        let bytes = b"\x02\0\0\0\x05\0\0\0\x01\0\0\0\x01\0\0\0\0\0\0\0:path\0/\0x\0\0";
        let map = FieldMap::new(bytes.to_vec());
        assert_eq!(map.fields().unwrap(), [(":path", &b"/"[..]), ("x", b"")]);
        assert_eq!(FieldMap::of([(":path", &b"/"[..]), ("x", b"")]), map);
        assert_eq!(FieldMap::default().fields(), Some(Vec::new()));
    }

    #[test]
    fn a_map_that_is_cut_off_anywhere_is_none() {
        let FieldMap(bytes) = FieldMap::of(FIELDS);
        for end in 1..bytes.len() {
            assert_eq!(FieldMap::new(bytes[..end].to_vec()).fields(), None, "{end}");
        }
        assert_eq!(FieldMap::new(bytes).fields().unwrap(), FIELDS);
    }

    #[test]
    fn a_name_that_is_no_text_and_a_number_that_is_too_large_are_none() {
        let map = b"\x01\0\0\0\x01\0\0\0\0\0\0\0\xff\0\0".to_vec();
        assert_eq!(FieldMap::new(map).fields(), None);
        for count in [2_u32, 1 << 29, u32::MAX] {
            let map = [&count.to_le_bytes()[..], &[0; 12]].concat();
            assert_eq!(FieldMap::new(map).fields(), None);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_are_none(bytes: Vec<u8>) {
            let map = FieldMap::new(bytes);
            if let Some(fields) = map.fields() {
                let again = FieldMap::of(fields.clone());
                prop_assert_eq!(again.fields(), Some(fields));
            }
        }
    }
}
