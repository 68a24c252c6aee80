//! What holds for any bytes read as a map of header fields.

use layerprint::host::{FieldMap, Layout};

/// Checks every law for `bytes`; panics at the first that is broken.
pub(crate) fn holds(bytes: &[u8]) {
    let map = FieldMap::new(bytes.to_vec());
    let Some(fields) = map.fields() else {
        return;
    };
    // Each field has two lengths and two NULs beside its bytes: what is read was all there.
    let texts: usize = fields.iter().map(|(name, value)| name.len() + value.len() + 10).sum();
    assert!(bytes.is_empty() || texts + 4 <= bytes.len(), "nothing is read twice");
    let again = FieldMap::of(fields.iter().copied());
    assert_eq!(again.fields().as_ref(), Some(&fields), "written and read again");
    let Some((last, others)) = bytes.split_last() else {
        return;
    };
    let Some(layout) = Layout::of(&fields, |name| name.len() % 2 == 0) else {
        panic!("so few bytes have lengths that can be written");
    };
    assert_eq!(layout.read(&map).as_ref(), Some(&fields), "a map has its own layout");
    let other = FieldMap::new([others, &[last ^ 1]].concat());
    if let Some(read) = layout.read(&other) {
        assert_eq!(other.fields(), Some(read), "by its layout a map is read as by itself");
    }
}
