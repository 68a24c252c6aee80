//! What holds for any bytes read as a map of header fields.

use layerprint::host::FieldMap;

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
}
