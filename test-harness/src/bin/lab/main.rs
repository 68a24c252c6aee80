//! layerprint in a real Envoy on this machine: `make run` and `make demo` call it.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program")]

mod bench;
mod chart;
mod demo;
mod eval;
mod hosts;
mod quick;
mod run;
mod scale;
mod soak;
mod solving;

use std::error::Error;
use std::process::ExitCode;

use layerprint_harness::repo;
use layerprint_harness::stack::{StackError, certificate};

const USAGE: &str = "\
usage: layerprint-lab COMMAND

  run           Envoy, the filter and an echoing upstream, in the foreground until Ctrl-C
  demo          the same on free ports for a moment; sends real clients through and prints what was seen
  certificate   makes .run/tls/cert.pem and key.pem, which envoy/envoy.yaml names, unless they are there
  bench         Envoy bare, with a no-op filter, layerprint, Lua and a service side by side; [--rounds N] [--requests N]
  bench-probe   what the probe costs Envoy for each connection; [--rounds N] [--connections N]
  bench-limits  what a limit costs Envoy for each request; [--rounds N] [--requests N]
  bench-challenge   what a challenge costs to give, to check, and to have passed; [--rounds N] [--requests N]
  soak          real and hostile traffic for ten minutes, and whether memory stays flat; LAYERPRINT_SOAK_SECONDS
  scale         what a request costs with ten and with a hundred thousand of everything; [--only TEXT]
  solving       how long real browsers take for the work of the challenge's page
  eval          real clients through the real Envoy with the probe, and what is said of each; [--only TEXT] [--summary] [--markdown]
  hosts         what works in each of these Envoys with each WebAssembly runtime, as a table; [ENVOY...]

LAYERPRINT_CONFIG=FILE replaces the filter's configuration. Ports of `run`: LAYERPRINT_TLS_PORT, LAYERPRINT_HTTP_PORT,
LAYERPRINT_ADMIN_PORT, LAYERPRINT_UPSTREAM_PORT. ENVOY_BIN names another Envoy.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    dispatch(&arguments).unwrap_or_else(|error| {
        eprintln!("layerprint-lab: {error}");
        ExitCode::FAILURE
    })
}

fn dispatch(arguments: &[&str]) -> Result<ExitCode, Box<dyn Error>> {
    match arguments {
        ["run"] => Ok(run::run()?),
        ["demo"] => Ok(demo::demo()?),
        ["certificate"] => Ok(certificate()?),
        ["bench", options @ ..] => bench::bench(options),
        ["bench-probe", options @ ..] => bench::bench_probe(options),
        ["bench-limits", options @ ..] => bench::bench_limits(options),
        ["bench-challenge", options @ ..] => bench::bench_challenge(options),
        ["soak"] => soak::soak(),
        ["scale", options @ ..] => scale::scale(options),
        // For `scale` itself.
        ["hold", port, count] => scale::hold(port, count),
        ["solving"] => solving::solving(),
        ["hosts", paths @ ..] => Ok(hosts::hosts(paths)),
        ["eval", options @ ..] => eval::eval(options),
        ["help" | "-h" | "--help"] => {
            println!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        _ => {
            eprintln!("{USAGE}");
            Ok(ExitCode::from(2))
        }
    }
}

fn certificate() -> Result<ExitCode, StackError> {
    let path = repo::run_directory().join("tls");
    certificate::ensure(&path).map_err(|error| StackError::File { path, error })?;
    Ok(ExitCode::SUCCESS)
}
