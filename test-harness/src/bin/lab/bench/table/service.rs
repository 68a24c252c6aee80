//! The external service, a process of its own beside Envoy.

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use layerprint_harness::guard::Guard;
use layerprint_harness::repo;

/// Where `make bench` builds it.
const PROGRAM: &str = "test-harness/bench/authz/target/release/layerprint-authz";

/// A running service. Dropping it stops it.
pub(super) struct Service {
    process: Child,
    guard: Guard,
    pub(super) address: SocketAddr,
}

impl Service {
    /// Starts it with this configuration, and waits until it listens.
    pub(super) fn start(configuration: &str) -> Result<Self, Box<dyn Error>> {
        let program = repo::root().join(PROGRAM);
        let mut process = Command::new(&program)
            .arg(configuration)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        let guard = Guard::over(&process)?;
        let mut line = String::new();
        if let Some(output) = process.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        let address = line
            .trim()
            .strip_prefix("ready on ")
            .and_then(|address| address.parse().ok());
        match address {
            Some(address) => Ok(Self {
                process,
                guard,
                address,
            }),
            None => {
                let _ = process.kill();
                let _ = process.wait();
                Err(format!("{} did not start: {line:?}", program.display()).into())
            }
        }
    }

    pub(super) fn pid(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.guard.dismiss();
        // Errors mean that it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
