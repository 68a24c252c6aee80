//! The recorded and the made SYNs of tests/fixtures/syn; record_syn.py and record_scanners.py beside it made each.

use std::{fs, path::Path};

use layerprint::wire::syn::Syn;

/// The bytes of one.
pub(crate) fn bytes(name: &str) -> Vec<u8> {
    let path = folder().join(format!("{name}.hex"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let digits: Vec<u8> = lines.flat_map(str::bytes).collect();
    let pairs = digits.chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

/// One, parsed.
pub(crate) fn syn(name: &str) -> Syn {
    Syn::parse(&bytes(name)).unwrap_or_else(|error| panic!("{name}: {error:?}"))
}

/// The names of all.
pub(crate) fn names() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .filter_map(|entry| Some(entry.unwrap().file_name().to_str()?.strip_suffix(".hex")?.to_owned()))
        .collect();
    names.sort_unstable();
    assert!(names.len() >= 52, "the fixtures are there: {}", names.len());
    names
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/syn")
}
