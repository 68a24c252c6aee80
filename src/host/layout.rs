//! How the fields of a map lie in it. Clients send most of their requests with the same names, and most of the values; a map that differs
//! from one read before in nothing that counts is told by comparing bytes, and nothing of it need be read anew.

use super::map::{FieldMap, Header, LENGTH};

/// The fields of a map, of which some count with their values, the others with their names alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// For each field the length of its name, and of its value when that counts.
    lengths: Box<[(u32, Option<u32>)]>,
    /// All names, one behind the other.
    names: Box<str>,
    /// What counts as it stands in the map: each name and its NUL, and behind it the value and its NUL when that counts.
    texts: Box<[u8]>,
}

impl Layout {
    /// The layout of a map with these `fields`; `counts` says of which the value does. None where a length is not to be written.
    pub fn of(fields: &[(&str, &[u8])], counts: impl Fn(&str) -> bool) -> Option<Self> {
        let (mut lengths, mut names, mut texts) = (Vec::with_capacity(fields.len()), String::new(), Vec::new());
        for (name, value) in fields {
            names.push_str(name);
            texts.extend_from_slice(name.as_bytes());
            texts.push(0);
            let counted = counts(name).then_some(value);
            if let Some(value) = counted {
                texts.extend_from_slice(value);
                texts.push(0);
            }
            let counted = counted.map(|value| u32::try_from(value.len())).transpose().ok()?;
            lengths.push((u32::try_from(name.len()).ok()?, counted));
        }
        Some(Self {
            lengths: lengths.into(),
            names: names.into(),
            texts: texts.into(),
        })
    }

    /// How many bytes it keeps.
    pub fn bytes(&self) -> usize {
        let lengths = size_of_val(&*self.lengths);
        lengths
            .saturating_add(self.names.len())
            .saturating_add(self.texts.len())
    }

    /// The fields of `map`, when it has this layout: the same names in the same order, with the same values where they count.
    pub fn read<'a>(&'a self, map: &'a FieldMap) -> Option<Vec<(&'a str, &'a [u8])>> {
        let Header { lengths, texts } = map.header()?;
        let fits = |((name, value), [got_name, got_value]): (&(u32, Option<u32>), &[[u8; LENGTH]; 2])| {
            name.to_le_bytes() == *got_name && value.is_none_or(|value| value.to_le_bytes() == *got_value)
        };
        if lengths.len() != self.lengths.len() || !self.lengths.iter().zip(lengths).all(fits) {
            return None;
        }
        let (mut names, mut wanted, mut texts) = (&*self.names, &*self.texts, texts);
        let mut fields = Vec::with_capacity(lengths.len());
        for ((name, counted), [_, value]) in self.lengths.iter().zip(lengths) {
            let name = usize::try_from(*name).ok()?;
            let value = usize::try_from(u32::from_le_bytes(*value)).ok()?;
            let (field, behind) = texts.split_at_checked(name.checked_add(value)?.checked_add(2)?)?;
            texts = behind;
            if field.last() != Some(&0) {
                return None;
            }
            let (head, tail) = field.split_at_checked(name.checked_add(1)?)?;
            let same = if counted.is_some() { field } else { head };
            let (expected, behind) = wanted.split_at_checked(same.len())?;
            wanted = behind;
            if !are_same(same, expected) {
                return None;
            }
            let (name, behind) = names.split_at_checked(name)?;
            names = behind;
            let (value, _) = tail.split_at_checked(value)?;
            fields.push((name, value));
        }
        Some(fields)
    }
}

/// Whether the two are equal, by words: the comparison of bytes that WebAssembly comes with takes several times as long. The last word may
/// lie over the one before it.
pub(crate) fn are_same(one: &[u8], other: &[u8]) -> bool {
    let word = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
    if let (Some(last), Some(other_last)) = (one.last_chunk::<8>(), other.last_chunk::<8>()) {
        let ((words, _), (other_words, _)) = (one.as_chunks::<8>(), other.as_chunks::<8>());
        let mut words = words.iter().zip(other_words);
        return one.len() == other.len()
            && word(last) == word(other_last)
            && words.all(|(one, other)| word(one) == word(other));
    }
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one == other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::fields::{borrowed, with};
    use proptest::prelude::*;

    const FIELDS: [(&str, &[u8]); 4] = [
        (":path", b"/a"),
        ("user-agent", b"curl/8.5.0"),
        ("cookie", b"a=b"),
        ("x", b""),
    ];

    fn layout(fields: &[(&str, &[u8])]) -> Layout {
        Layout::of(fields, |name| matches!(name, "user-agent" | "x")).unwrap()
    }

    #[test]
    fn a_map_that_differs_in_no_value_that_counts_is_read_by_the_layout() {
        let layout = layout(&FIELDS);
        assert_eq!(layout.read(&FieldMap::of(FIELDS)).unwrap(), FIELDS);
        let mut other = FIELDS;
        other[0].1 = b"/login?a=\xff\0";
        other[2].1 = b"";
        assert_eq!(layout.read(&FieldMap::of(other)).unwrap(), other);
    }

    #[test]
    fn any_other_name_order_number_or_value_that_counts_is_another_layout() {
        let layout = layout(&FIELDS);
        let with = |at, field| with(&FIELDS, at, field);
        let mut swapped = FIELDS;
        swapped.swap(1, 2);
        for other in [
            with(1, ("user-agent", b"curl/8.5.1")),
            with(1, ("user-agent", b"curl/8.5")),
            with(1, ("user-agenT", b"curl/8.5.0")),
            with(2, ("cookin", b"a=b")),
            with(3, ("x", b"1")),
            with(3, ("y", b"")),
            swapped.to_vec(),
            FIELDS[..3].to_vec(),
            [&FIELDS[..], &FIELDS[3..]].concat(),
            Vec::new(),
        ] {
            assert_eq!(layout.read(&FieldMap::of(other.iter().copied())), None, "{other:?}");
        }
    }

    #[test]
    fn a_map_that_is_cut_off_anywhere_has_no_layout() {
        let layout = layout(&FIELDS);
        let map = FieldMap::of(FIELDS);
        for end in 0..map.bytes().len() {
            assert_eq!(layout.read(&FieldMap::new(map.bytes()[..end].to_vec())), None, "{end}");
        }
    }

    proptest! {
        /// Names and values that are easily taken for each other.
        #[test]
        fn what_is_read_by_a_layout_is_what_the_map_says(
            one in prop::collection::vec(("[ax]{1,2}", "[ab]{0,9}"), 0..5),
            other in prop::collection::vec(("[ax]{1,2}", "[ab]{0,9}"), 0..5),
        ) {
            let of = |fields: &[(String, String)]| fields.iter().map(|(name, value)| (name.clone(), value.clone().into_bytes())).collect::<Vec<_>>();
            let (one, other) = (of(&one), of(&other));
            let (one, other) = (borrowed(&one), borrowed(&other));
            let counted = |fields: &[(&str, &[u8])]| {
                fields.iter().map(|(name, value)| ((*name).to_owned(), (*name == "x").then(|| value.to_vec()))).collect::<Vec<_>>()
            };
            let map = FieldMap::of(other.iter().copied());
            match layout(&one).read(&map) {
                Some(read) => {
                    prop_assert_eq!(read, map.fields().unwrap());
                    prop_assert_eq!(counted(&one), counted(&other));
                }
                None => prop_assert_ne!(counted(&one), counted(&other)),
            }
        }

        #[test]
        fn two_pieces_are_the_same_when_their_bytes_are(one in prop::collection::vec(0_u8..2, 0..20), other in prop::collection::vec(0_u8..2, 0..20)) {
            prop_assert_eq!(are_same(&one, &other), one == other);
            prop_assert!(are_same(&one, &one.clone()));
        }
    }
}
