//! The file itself: what it needs where it is loaded, and what it shows.

use std::process::Command;

use layerprint_harness::availability::{Availability, require_or_skip};
use layerprint_harness::repo;
use layerprint_harness::stack::Stack;

/// What a program of the compiler's tools says of the library.
fn ask(test: &str, program: &str, options: &[&str]) -> Option<String> {
    let run = Command::new(program).args(options).arg(repo::probe()).output();
    let found = match &run {
        Ok(_) => Availability::Here,
        Err(error) => Availability::missing(format!("{program} cannot be started: {error}")),
    };
    let usable = require_or_skip(test, [Stack::probe_availability(), found]);
    usable.then(|| String::from_utf8(run.unwrap().stdout).unwrap())
}

#[test]
fn it_needs_the_c_library_alone() {
    let Some(sections) = ask("it_needs_the_c_library_alone", "readelf", &["-d"]) else {
        return;
    };
    let needed: Vec<&str> = sections
        .lines()
        .filter(|line| line.contains("(NEEDED)"))
        .filter_map(|line| line.split_once('[')?.1.strip_suffix(']'))
        .collect();
    assert!(needed.contains(&"libc.so.6"), "{needed:?}");
    for library in &needed {
        assert!(
            *library == "libc.so.6" || library.starts_with("ld-linux"),
            "{needed:?}: slim images have no {library}"
        );
    }
}

#[test]
fn it_shows_envoys_hooks_and_nothing_else() {
    let options = ["-D", "--defined-only", "--format=posix"];
    let Some(symbols) = ask("it_shows_envoys_hooks_and_nothing_else", "nm", &options) else {
        return;
    };
    let names: Vec<&str> = symbols.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(names.len(), 10, "{names:?}");
    for name in names {
        assert!(name.starts_with("envoy_dynamic_module_on_"), "{name}");
    }
}
