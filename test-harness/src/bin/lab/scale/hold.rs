//! Connections that are only open, in processes of their own: one may have so many files open, and several Envoys are held open at once.

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitCode, Stdio};

use layerprint_harness::traffic::{Connection, source};

use super::PATH;

/// What the subcommand is called that holds them.
const HOLD: &str = "hold";

/// Connections in another process, until this is dropped.
pub(super) struct Held(Child);

impl Held {
    /// So many to this port, each with one request behind it.
    pub(super) fn open(port: u16, count: u64) -> Result<Self, Box<dyn Error>> {
        let mut child = Command::new(std::env::current_exe()?)
            .args([HOLD, &port.to_string(), &count.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let answer = child.stdout.take().map(BufReader::new);
        // From here on an early return ends the process.
        let held = Self(child);
        let mut line = String::new();
        answer.ok_or("no output")?.read_line(&mut line)?;
        match line.trim() == count.to_string() {
            true => Ok(held),
            false => Err(format!("not {count} connections could be opened").into()),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Opens connections, says how many, and holds them until its input ends, which it does with the process that asked for it.
pub(crate) fn hold(port: &str, count: &str) -> Result<ExitCode, Box<dyn Error>> {
    let (port, count) = (port.parse()?, count.parse()?);
    let mut open = Vec::new();
    for number in 0..count {
        let mut connection = Connection::open(source(number), port)?;
        let status = connection.get(PATH, "user-agent: curl/8.5.0\r\n")?.status;
        if status != 200 {
            return Err(format!("a connection was answered {status}").into());
        }
        open.push(connection);
    }
    println!("{}", open.len());
    std::io::stdin().read_line(&mut String::new())?;
    Ok(ExitCode::SUCCESS)
}
