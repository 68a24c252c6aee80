//! `make run`, as a person uses it: started, asked, stopped with Ctrl-C.
#![allow(clippy::unwrap_used, clippy::panic)]

use layerprint_harness::availability::require_or_skip;
use layerprint_harness::clients::{Client, CurlHttp};
use layerprint_harness::stack::Stack;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

#[test]
fn run_serves_until_it_is_interrupted() {
    let curl = Client::Curl(CurlHttp::Http2);
    if !require_or_skip(
        "run_serves_until_it_is_interrupted",
        [Stack::availability(), curl.availability()],
    ) {
        return;
    }
    let configuration = std::env::temp_dir().join(format!("layerprint-run-{}.json", std::process::id()));
    std::fs::write(&configuration, r#"{"mode": "enforce", "challenge": false}"#).unwrap();
    let ports =
        ["TLS", "HTTP", "PASSTHROUGH", "ADMIN", "UPSTREAM"].map(|name| (format!("LAYERPRINT_{name}_PORT"), "0"));
    let mut run = Command::new(env!("CARGO_BIN_EXE_layerprint-lab"))
        .arg("run")
        .envs(ports)
        .env("LAYERPRINT_CONFIG", &configuration)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(run.stdout.take().unwrap()).lines().map(Result::unwrap);
    let url = lines
        .find_map(|line| Some(line.split_once("curl -sk ")?.1.split_once(' ')?.0.to_owned()))
        .unwrap();
    let reply = curl.get(&url, &[("X-LayerPrint-Verdict", "allow")]).unwrap();
    let verdict = reply
        .received("x-layerprint-verdict")
        .unwrap_or_else(|| panic!("{}", reply.body));
    assert!(verdict.starts_with("log;mode=enforce;"), "{verdict}");
    assert!(
        Command::new("kill")
            .args(["-INT", &run.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(lines.last().as_deref(), Some("stopping"));
    assert!(run.wait().unwrap().success());
    std::fs::remove_file(configuration).unwrap();
}
