//! The commands and configurations of the operator's guide, `envoy/README.md`, and of the README, run as they stand there.
//!
//! A command of the guide that this file does not know fails: there is none that nothing runs.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do: by panicking"
)]

use layerprint::policy::config::{Config, Variables};
use layerprint_harness::repo;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What is run by what runs this test, or by a test that is named here.
const ELSEWHERE: [(&str, &str); 4] = [
    ("make test", "runs this"),
    (
        "make demo",
        ".ci/run and tests/run.rs: the stack, the clients and the table",
    ),
    ("make wasm", "make test begins with it"),
    ("curl -sk https://127.0.0.1:8443/anything", "tests/run.rs"),
];

const LAYERPRINT: &str = "cargo run -q -p layerprint-harness --bin layerprint -- ";

fn page(path: &str) -> String {
    fs::read_to_string(repo::root().join(path)).unwrap()
}

/// The blocks of `page` in this language, without the indentation of a list.
fn blocks<'p>(page: &'p str, language: &str) -> Vec<Vec<&'p str>> {
    let mut blocks = Vec::new();
    let mut lines = page.lines().map(str::trim);
    while let Some(line) = lines.next() {
        let Some(found) = line.strip_prefix("```").filter(|found| !found.is_empty()) else {
            continue;
        };
        let block: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
        if found == language {
            blocks.push(block);
        }
    }
    blocks
}

/// The commands of a page.
fn commands(page: &str) -> Vec<&str> {
    let lines = blocks(page, "sh").into_iter().flatten();
    let commands = lines.map(|line| line.split(" #").next().unwrap_or_default().trim());
    commands.filter(|command| !command.is_empty()).collect()
}

/// A folder with the files that the commands name.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("documented-{name}-{}", std::process::id()));
    let harness = repo::root().join("test-harness/tests/fixtures");
    fs::create_dir_all(folder.join(".run/run")).unwrap();
    fs::copy(harness.join("log/access.log"), folder.join(".run/run/access.log")).unwrap();
    fs::write(folder.join("CONFIG.json"), "{}").unwrap();
    let other = r#"{"mode": "enforce", "challenge": false}"#;
    fs::write(folder.join("OTHER.json"), other).unwrap();
    folder
}

fn run(folder: &Path, command: &str) -> Output {
    let arguments = command.strip_prefix(LAYERPRINT).unwrap().split(' ');
    let output = Command::new(env!("CARGO_BIN_EXE_layerprint"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command}: {told}");
    output
}

#[test]
fn each_command_of_the_guide_does_what_it_says() {
    let guide = page("envoy/README.md");
    let folder = folder("guide");
    let mut ran = Vec::new();
    for command in commands(&guide) {
        let Some(what) = command.strip_prefix(LAYERPRINT) else {
            assert!(
                ELSEWHERE.iter().any(|(known, _)| command.starts_with(known)),
                "no test runs {command:?} of envoy/README.md"
            );
            continue;
        };
        let output = run(&folder, command);
        let told = String::from_utf8(output.stdout).unwrap();
        let subcommand = what.split(' ').next().unwrap();
        match subcommand {
            "report" => {
                let html = fs::read_to_string(folder.join("report.html")).unwrap();
                assert!(html.contains("<svg"), "a page with plots");
            }
            "explain" => assert!(told.contains("agreement"), "{told}"),
            "replay" => assert!(told.contains("login"), "the routes: {told}"),
            "check" => {}
            other => panic!("no test knows what {other:?} is to do"),
        }
        ran.push(subcommand);
    }
    for wanted in ["report", "explain", "replay", "check"] {
        assert!(ran.contains(&wanted), "{wanted} is in the guide: {ran:?}");
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn each_configuration_of_the_guide_is_one() {
    let guide = page("envoy/README.md");
    let texts: Vec<String> = blocks(&guide, "json").iter().map(|lines| lines.join("\n")).collect();
    assert!(!texts.is_empty());
    for text in texts {
        // As the guide says: `openssl rand -base64 32`.
        let key = Command::new("openssl")
            .args(["rand", "-base64", "32"])
            .output()
            .unwrap();
        let key = String::from_utf8(key.stdout).unwrap().trim().as_bytes().to_vec();
        let variable = |_: &str| Some(key.clone());
        if let Err(problems) = Config::parse_with(text.as_bytes(), Variables(&variable)) {
            let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
            panic!("{text}: {problems:?}");
        }
    }
}

#[test]
fn each_command_of_the_readme_that_needs_no_envoy_works() {
    let readme = page("README.md");
    let folder = folder("readme");
    let capture = repo::root().join("test-harness/tests/fixtures/pcap");
    let capture = fs::read_dir(capture).unwrap().map(|entry| entry.unwrap().path());
    let mut captures: Vec<_> = capture
        .filter(|path| path.extension().is_some_and(|kind| kind == "pcap"))
        .collect();
    captures.sort();
    fs::copy(captures.first().unwrap(), folder.join("FILE.pcap")).unwrap();
    let mut ran = 0;
    for command in commands(&readme) {
        if command.starts_with(LAYERPRINT) {
            run(&folder, command);
            ran += 1;
        } else {
            assert!(
                ELSEWHERE.iter().any(|(known, _)| command.starts_with(known)),
                "no test runs {command:?} of README.md"
            );
        }
    }
    assert!(ran >= 4, "{ran}");
    fs::remove_dir_all(folder).unwrap();
}
