//! The rules of the house that a look at the tree can tell: which folder may know which, who may name the SDK, how long a
//! file may be.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

/// Data goes down this list once; a folder never imports one that stands behind it.
const DIRECTION: [&str; 11] = [
    "wire",
    "evidence",
    "fingerprint",
    "clients",
    "compare",
    "memory",
    "policy",
    "challenge",
    "annotate",
    "host",
    "proxy",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(below: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The files of `src`, each with the folder (or lone file) of `src` that it belongs to.
fn sources() -> Vec<(PathBuf, String, String)> {
    let src = root().join("src");
    let files = rust_files(&src).into_iter().map(|path| {
        let inner = path.strip_prefix(&src).unwrap();
        let first = inner.components().next().unwrap().as_os_str().to_str().unwrap();
        let folder = first.strip_suffix(".rs").unwrap_or(first).to_owned();
        let text = fs::read_to_string(&path).unwrap();
        (path, folder, text)
    });
    files.collect()
}

#[test]
fn a_lower_folder_never_imports_a_higher_one() {
    let rank = |folder: &str| DIRECTION.iter().position(|known| *known == folder);
    let mut seen = 0;
    for (path, folder, text) in sources() {
        let Some(own) = rank(&folder) else {
            assert_eq!(folder, "lib", "{} stands in no known folder", path.display());
            continue;
        };
        for (number, line) in text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
        {
            for piece in line.split("crate::").skip(1) {
                let target = piece
                    .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
                    .next()
                    .unwrap();
                let at = format!("{}:{}", path.display(), number + 1);
                let target = rank(target).unwrap_or_else(|| panic!("{at}: unknown folder {target:?}"));
                assert!(target <= own, "{at}: {folder} imports from above: {line}");
                seen += 1;
            }
        }
    }
    assert!(seen > 20, "the test sees the imports: {seen}");
}

#[test]
fn one_file_names_the_sdk() {
    for (path, _, text) in sources() {
        assert!(
            path.ends_with("proxy/sdk.rs") || !text.contains("proxy_wasm::"),
            "{} names proxy_wasm",
            path.display()
        );
    }
}

/// The compiler denies it, and each file could allow it for itself.
#[test]
fn unsafe_code_stands_where_the_proxy_hands_out_memory() {
    let mut with_unsafe = Vec::new();
    for folder in ["src", "envoy/probe", "test-harness/src"] {
        for path in rust_files(&root().join(folder)) {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            if code.flat_map(str::split_whitespace).any(|word| word == "unsafe") {
                with_unsafe.push(path.strip_prefix(root()).unwrap().to_owned());
            }
        }
    }
    assert_eq!(
        with_unsafe,
        ["src/proxy/abi.rs", "envoy/probe/src/ffi.rs"].map(Path::new)
    );
}

/// A panic that leaves a hook ends Envoy. The three that do nothing that could panic are named.
#[test]
fn every_hook_of_the_probe_catches_its_panics() {
    let text = fs::read_to_string(root().join("envoy/probe/src/ffi.rs")).unwrap();
    let hooks: Vec<&str> = text.split("extern \"C\" fn envoy_dynamic_module_on_").skip(1).collect();
    assert_eq!(hooks.len(), 10);
    for hook in hooks {
        let name = hook.split('(').next().unwrap();
        let bare = ["program_init", "listener_filter_on_close", "listener_filter_scheduled"].contains(&name);
        let body = hook.split("\n}").next().unwrap();
        assert!(bare || body.contains("guarded("), "{name}");
    }
}

#[test]
fn no_call_that_panics_on_bytes_is_made() {
    for (path, _, text) in sources() {
        for call in [
            "get_map(",
            "get_map_value(",
            "get_http_request_header(",
            "get_http_request_headers(",
        ] {
            assert!(
                !text.contains(&format!("hostcalls::{call}")),
                "{} calls {call}",
                path.display()
            );
            assert!(
                !text.contains(&format!("self.{call}")),
                "{} calls {call}",
                path.display()
            );
        }
    }
}

#[test]
fn each_file_says_what_it_is_for_and_can_be_taken_in_at_one_sitting() {
    for folder in ["src", "tests", "envoy/probe", "test-harness/src", "test-harness/tests"] {
        for path in rust_files(&root().join(folder)) {
            let text = fs::read_to_string(&path).unwrap();
            assert!(
                text.starts_with("//! "),
                "{} does not begin with what it is for",
                path.display()
            );
            let lines = text.lines().count();
            assert!(lines <= 600, "{} has {lines} lines", path.display());
        }
    }
}
