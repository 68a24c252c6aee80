//! What kills a child process when this process ends without doing so itself, be it by SIGKILL. The kernel's own way
//! (PR_SET_PDEATHSIG) needs unsafe code and fires when the *thread* that started the child ends, which in a test
//! runner is soon. So a shell waits on a pipe that nobody ever writes to: it closes when this process is gone.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

/// A guard over one child process.
#[derive(Debug)]
pub struct Guard {
    shell: Child,
}

impl Guard {
    /// What waits.
    pub const SHELL: &str = "/bin/sh";

    /// Kills this process when ours is gone.
    ///
    /// # Errors
    ///
    /// When there is no shell.
    pub fn over(process: &Child) -> io::Result<Self> {
        let shell = Command::new(Self::SHELL)
            .args([
                "-c",
                r#"read -r nothing; kill -KILL "$1""#,
                "layerprint-guard",
                &process.id().to_string(),
            ])
            // Ctrl-C is for the launcher alone.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self { shell })
    }

    /// To be called before the process is reaped: after that its id may belong to another.
    pub fn dismiss(&mut self) {
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}
