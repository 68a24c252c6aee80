//! What the laws start from: the fixtures that fuzz/seeds.py makes the fuzzers' corpus of, too.

use std::{fs, path::Path, path::PathBuf};

/// The first bytes of connections, recorded and made.
pub(crate) fn openings() -> Vec<Vec<u8>> {
    let hello = fs::read(folder("tls").join("curl.bin")).unwrap();
    let http = files("openings");
    http.iter().map(|path| from_hex(path)).chain([hello]).collect()
}

/// Configurations, each as JSON and as a serialized Struct.
pub(crate) fn configurations() -> Vec<Vec<u8>> {
    let files = files("config").into_iter();
    files
        .map(|path| match path.extension().unwrap().to_str() {
            Some("hex") => from_hex(&path),
            _ => fs::read(&path).unwrap(),
        })
        .collect()
}

/// Lines that are handed over.
pub(crate) fn handovers() -> Vec<String> {
    lines("handover.txt")
}

/// `Accept` headers.
pub(crate) fn accept() -> Vec<String> {
    lines("accept.txt")
}

/// What clients send of challenges: a line for each of what is read, each begun with a bar.
pub(crate) fn challenges() -> Vec<String> {
    let text = fs::read_to_string(folder("challenge.txt")).unwrap();
    let paragraphs = text.trim_end().split("\n\n");
    let plain = |paragraph: &str| paragraph.replace("\n|", "\n").strip_prefix('|').unwrap().to_owned();
    paragraphs.map(plain).collect()
}

/// `X-Forwarded-For` headers, with who is trusted.
pub(crate) fn forwarded() -> Vec<String> {
    lines("forwarded.txt")
}

/// Addresses that connections come from.
/// A map as the proxy hands it out: two fields, one of them with a value that is no text.
pub(crate) fn field_map() -> Vec<u8> {
    b"\x02\0\0\0\x05\0\0\0\x01\0\0\0\x06\0\0\0\x04\0\0\0:path\0/\0cookie\0a=\xff\0\0".to_vec()
}

pub(crate) fn source_addresses() -> Vec<String> {
    lines("source_addresses.txt")
}

/// Lines of the fields of signatures.
pub(crate) fn signatures() -> Vec<String> {
    lines("signatures.txt")
}

/// Who comes when.
pub(crate) fn memory() -> Vec<String> {
    lines("memory.txt")
}

fn lines(name: &str) -> Vec<String> {
    let text = fs::read_to_string(folder(name)).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn files(name: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder(name)).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort_unstable();
    assert!(files.len() >= 5, "the fixtures are there: {files:?}");
    files
}

fn from_hex(path: &Path) -> Vec<u8> {
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let digits: Vec<u8> = lines.flat_map(str::bytes).collect();
    let pairs = digits.chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}
