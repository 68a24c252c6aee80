//! Clients that are Python libraries, in the environment that `make setup` fills.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::{ClientError, Reply, body, run};
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

pub(super) fn get(script: &str, target: &str, url: &str, headers: &[(&str, &str)]) -> Result<Reply, ClientError> {
    let mut command = Command::new(python());
    command
        .arg(repo::root().join("test-harness/clients").join(script))
        .args([target, url]);
    command.args(headers.iter().map(|(name, value)| format!("{name}: {value}")));
    let output = run(&mut command)?;
    parse(&output).ok_or(ClientError::Output(output))
}

fn parse(output: &str) -> Option<Reply> {
    let reply: Value = serde_json::from_str(output).ok()?;
    Some(Reply {
        status: reply.get("status")?.as_u64()?.try_into().ok()?,
        protocol: reply.get("protocol")?.as_str()?.to_owned(),
        body: body(reply.get("body")?.as_str()?),
    })
}

fn python() -> PathBuf {
    repo::venv().join("bin/python")
}
