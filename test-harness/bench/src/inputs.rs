//! What is fingerprinted: bytes that real clients sent, as the repository's tests keep them.

use std::fs;
use std::path::{Path, PathBuf};

/// One recording.
#[derive(Clone, Debug)]
pub struct Input {
    /// The client, as the file is named.
    pub name: String,
    /// What it sent.
    pub bytes: Vec<u8>,
}

/// All recordings that the bench reads.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// TLS records with one ClientHello (`tests/fixtures/tls`).
    pub hellos: Vec<Input>,
    /// HTTP/2 connections to the end of their first header block (`tests/fixtures/http2`).
    pub openings: Vec<Input>,
    /// SYNs from the IP header on (`tests/fixtures/syn`).
    pub syns: Vec<Input>,
}

/// One of each TLS library, and the browsers' spread of versions.
const HELLOS: [&str; 14] = [
    "cffi-chrome110",
    "cffi-edge101",
    "cffi-safari153",
    "cffi-safari184_ios",
    "cffi-safari260",
    "cffi-tor145",
    "chromium-1",
    "chromium-3",
    "curl",
    "firefox-esr-1",
    "go",
    "java",
    "node",
    "openssl-resumption-2",
];

/// Recorded Linux ones over both IP versions, and those of the systems that this machine is not, made from their documented form.
const SYNS: [&str; 10] = [
    "linux-ecn-v4",
    "linux-fast-open-cookie",
    "linux-no-timestamps",
    "linux-routed-v4",
    "linux-routed-v6",
    "linux-v4",
    "linux-v6",
    "made-ios-mobile",
    "made-macos",
    "made-windows-11",
];

impl Inputs {
    /// Reads them.
    ///
    /// # Panics
    /// When a file is not there: the bench says nothing then.
    pub fn read() -> Self {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures");
        let files = |folder: &str, ending: &str, names: &[&str]| -> Vec<Input> {
            let path = |name: &str| fixtures.join(folder).join(format!("{name}.{ending}"));
            names.iter().map(|name| input(name, &path(name))).collect()
        };
        let mut syns = files("syn", "hex", &SYNS);
        syns.iter_mut().for_each(|syn| syn.bytes = from_hex(&syn.bytes));
        let openings = all_names(&fixtures.join("http2"));
        let openings: Vec<&str> = openings.iter().map(String::as_str).collect();
        Self {
            hellos: files("tls", "bin", &HELLOS),
            openings: files("http2", "bin", &openings),
            syns,
        }
    }
}

fn input(name: &str, path: &Path) -> Input {
    Input {
        name: name.to_owned(),
        bytes: fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())),
    }
}

fn all_names(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = files.filter_map(|entry| Some(entry.ok()?.path()));
    let mut names: Vec<String> = paths
        .filter(|path: &PathBuf| path.extension().is_some_and(|ending| ending == "bin"))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort_unstable();
    assert!(names.len() >= 10, "recordings in {}: {}", folder.display(), names.len());
    names
}

/// The bytes of a fixture in hex, whose comments begin with `#`.
fn from_hex(text: &[u8]) -> Vec<u8> {
    let text = str::from_utf8(text).expect("hex is ASCII");
    let digits: String = text.lines().filter(|line| !line.starts_with('#')).collect();
    let (pairs, _) = digits.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| u8::from_str_radix(str::from_utf8(pair).expect("ASCII"), 16).expect("hex");
    pairs.iter().map(byte).collect()
}
