//! Clients that are Python libraries, in the environment that `make setup` fills.

use std::path::PathBuf;
use std::process::Command;

use super::{ClientError, Reply, Request, run, run_script};
use crate::availability::Availability;
use crate::repo;

pub(super) fn availability(library: &str) -> Availability {
    if !python().is_file() {
        return Availability::missing("no Python environment in .venv: run `make setup`");
    }
    let find = format!("import sys, importlib.util as u; sys.exit(u.find_spec({library:?}) is None)");
    match run(Command::new(python()).args(["-c", &find])) {
        Ok(_) => Availability::Here,
        Err(_) => Availability::missing(format!("{library} is not in .venv: run `make setup`")),
    }
}

pub(super) fn send(script: &str, target: &str, request: &Request<'_>) -> Result<Reply, ClientError> {
    run_script(start(script), target, request)
}

/// The browsers that curl_cffi can be.
pub(super) fn impersonations() -> Result<Vec<String>, ClientError> {
    let output = run(start("curl_cffi_client.py").arg("list"))?;
    Ok(output.lines().map(str::to_owned).collect())
}

fn start(script: &str) -> Command {
    let mut command = Command::new(python());
    command.arg(repo::root().join("test-harness/clients").join(script));
    command
}

fn python() -> PathBuf {
    repo::venv().join("bin/python")
}
