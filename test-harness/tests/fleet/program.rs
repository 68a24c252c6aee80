//! A program that a test starts: it ends with the test, however that ends.

use layerprint_harness::guard::Guard;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, Stdio};

/// Running until it is dropped.
pub struct Program {
    process: Child,
    guard: Guard,
}

impl Program {
    /// Starts it in a process group of its own, which Ctrl-C does not reach.
    pub fn start(command: &mut Command) -> Self {
        let mut process = command
            .process_group(0)
            .stdin(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        match Guard::over(&process) {
            Ok(guard) => Self { process, guard },
            Err(error) => {
                process.kill().unwrap();
                process.wait().unwrap();
                panic!("{error}")
            }
        }
    }

    /// What it prints, when that is piped.
    pub fn output(&mut self) -> ChildStdout {
        self.process.stdout.take().unwrap()
    }

    /// Stops it where it is: its connections stay open, and nobody answers.
    pub fn freeze(&self) {
        let id = self.process.id().to_string();
        let status = Command::new("/bin/kill").args(["-STOP", &id]).status();
        assert!(status.unwrap().success());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.guard.dismiss();
        // Errors mean that it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
